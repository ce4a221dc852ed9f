//! The checks of a version as a page.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};

use super::{Finding, Severity};
use crate::agreement::find;
use crate::agreement::queries::{VersionRow, VersionState};
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::AppResult;
use crate::web::{Layout, Routes};

pub fn pages() -> Routes {
    Routes::new().get("/agreement/{number}/checks", Access::SignedIn, show)
}

#[derive(Template, WebTemplate)]
#[template(path = "agreement/checks.html")]
struct ChecksPage {
    layout: Layout,
    row: VersionRow,
    findings: Vec<Finding>,
    /// Whether the reader can change the clauses.
    may_edit: bool,
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
) -> AppResult<ChecksPage> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = find::version(&mut conn, number).await?;
    let findings = super::load(&mut conn, &terms, layout.now).await?;
    let may_edit = row.state == VersionState::Draft && Access::Manager.allows(&me).is_ok();
    Ok(ChecksPage { layout, row, findings, may_edit })
}

impl ChecksPage {
    /// What each kind of finding means, with the findings.
    fn groups(&self) -> [(&'static str, &'static str, &'static str, Vec<&Finding>); 2] {
        let of = |severity| self.findings.iter().filter(|finding| finding.severity == severity).collect();
        [
            ("must", "Stands in the way", "red", of(Severity::Blocking)),
            ("look", "Look again", "amber", of(Severity::Warning)),
        ]
    }

    /// The hint under each heading.
    fn meaning(&self, group: &str) -> &'static str {
        match group {
            "must" => "The version cannot be proposed until this is mended.",
            _ => "These are permitted, and may be meant. Each says what it would cause.",
        }
    }
}

/// How many findings there are of a kind.
pub fn count(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}
