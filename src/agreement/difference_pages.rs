//! The page that lays two versions beside each other in the words of the document.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::difference::{Kind, Piece, difference};
use super::difference_words::{InWords, Side, in_words};
use super::find;
use super::prose;
use super::queries::{self, VersionLine, VersionRow, VersionState};
use crate::app::App;
use crate::auth::Access;
use crate::error::{AppError, AppResult};
use crate::web::{Layout, Routes};

pub fn pages() -> Routes {
    Routes::new().get("/agreement/{number}/difference", Access::SignedIn, show)
}

#[derive(Template, WebTemplate)]
#[template(path = "agreement/difference.html")]
struct DifferencePage {
    layout: Layout,
    row: VersionRow,
    /// The version that it is compared with; none for the first one.
    from: Option<i32>,
    count: usize,
    found: Option<InWords>,
    versions: Vec<VersionLine>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Between {
    from: String,
    to: String,
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    Query(between): Query<Between>,
    layout: Layout,
) -> AppResult<Response> {
    let chosen = |text: &str| match text {
        "" => Ok(None),
        text => text.parse::<i32>().map(Some).map_err(|_| {
            AppError::BadRequest(format!("“{}” is not a version", crate::kernel::text::excerpt(text)))
        }),
    };
    let (from, to) = (chosen(&between.from)?, chosen(&between.to)?);
    if let Some(to) = to.filter(|to| *to != number) {
        let from = from.map(|from| format!("?from={from}")).unwrap_or_default();
        return Ok(Redirect::to(&format!("/agreement/{to}/difference{from}")).into_response());
    }
    let mut conn = app.db.acquire().await?;
    let (row, terms) = find::version(&mut conn, number).await?;
    let versions = queries::versions(&mut conn).await?;
    let from = from.or_else(|| before(&versions, &row));
    let (mut count, mut found) = (0, None);
    if let Some(from) = from {
        let (_, earlier) = find::version(&mut conn, from).await?;
        let difference = difference(&earlier, &terms);
        count = difference.count();
        let (old, new) = (prose::document(&earlier), prose::document(&terms));
        found = Some(in_words(
            &difference,
            &Side { terms: &earlier, document: &old },
            &Side { terms: &terms, document: &new },
        ));
    }
    Ok(DifferencePage { layout, row, from, count, found, versions }.into_response())
}

/// What a version is compared with unless something else is chosen: a version on its way with the one in force, and
/// one that was in force with the one before it.
pub fn before(versions: &[VersionLine], row: &VersionRow) -> Option<i32> {
    let mut others = versions.iter().filter(|line| line.number != row.number);
    let found = match row.state {
        VersionState::InForce | VersionState::Superseded => {
            others.find(|line| line.number < row.number && line.state == VersionState::Superseded)
        }
        _ => others.find(|line| line.state == VersionState::InForce),
    };
    found.map(|line| line.number)
}

impl DifferencePage {
    fn options(&self) -> Vec<(i32, String)> {
        let label = |line: &VersionLine| format!("Version {}, {}", line.number, line.state.label());
        self.versions.iter().map(|line| (line.number, label(line))).collect()
    }

    fn is_on_its_way(&self) -> bool {
        matches!(self.row.state, VersionState::Draft | VersionState::Proposed)
    }
}

impl Kind {
    /// Tone and word of the mark beside a sentence.
    fn badge(self) -> (&'static str, &'static str) {
        match self {
            Kind::Added => ("green", "added"),
            Kind::Removed => ("red", "removed"),
            Kind::Changed => ("amber", "changed"),
        }
    }
}
