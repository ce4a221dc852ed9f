//! The agreement as people read, cite and print it.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use graphile_worker::TaskHandler;

use super::prose::{self, Document};
use super::queries::{self, SignatureRow, VersionLine, VersionRow, VersionState};
use super::terms::{Status, Terms};
use super::versions::Version;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::handoffs::rejudge::RejudgeAll;
use crate::jobs::runs::{self, Running};
use crate::kernel::people::Department;
use crate::leads::plane;
use crate::scoring::CategoryKey;
use crate::web::plane::Plane;
use crate::web::{Layout, Routes};

pub fn pages() -> Routes {
    Routes::new().get("/agreement", Access::SignedIn, in_force).get(
        "/agreement/{number}",
        Access::SignedIn,
        show,
    )
}

#[derive(Template, WebTemplate)]
#[template(path = "agreement/document.html")]
struct DocumentPage {
    layout: Layout,
    row: VersionRow,
    version: Arc<Version>,
    document: Document,
    plane: Plane,
    signatures: Vec<SignatureRow>,
    /// Every version, the newest first.
    versions: Vec<VersionLine>,
    /// The version on its way, if there is one.
    negotiated: Option<i32>,
    may_begin: bool,
    /// How far all leads are judged anew under a version that came into force.
    judging: Option<Running>,
}

async fn in_force(State(app): State<App>, me: User, layout: Layout) -> AppResult<DocumentPage> {
    let number = app.versions.in_force(&mut *app.db.acquire().await?).await?.number;
    page(app, &me, layout, number).await
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
) -> AppResult<DocumentPage> {
    page(app, &me, layout, number).await
}

async fn page(app: App, me: &User, layout: Layout, number: i32) -> AppResult<DocumentPage> {
    let mut conn = app.db.acquire().await?;
    let row = queries::version(&mut conn, number).await?;
    let row = row.ok_or_else(|| AppError::NotFound(format!("The agreement has no version {number}.")))?;
    let version = app.versions.get(&mut conn, number).await?;
    let signatures = queries::signatures(&mut conn, number).await?;
    let versions = queries::versions(&mut conn).await?;
    let judging = runs::running(&mut conn, RejudgeAll::IDENTIFIER).await?;
    Ok(DocumentPage {
        document: prose::document(&version.terms),
        plane: picture(&version.terms),
        layout,
        row,
        version,
        signatures,
        versions,
        negotiated: queries::negotiated(&mut conn).await?,
        may_begin: Access::Manager.allows(me).is_ok(),
        judging,
    })
}

/// The four categories, where the thresholds cut.
fn picture(terms: &Terms) -> Plane {
    let scale = plane::Scale {
        thresholds: terms.categories.thresholds(),
        half_life_days: terms.interest.half_life_days,
    };
    let quarters = CategoryKey::all().map(|key| {
        let category = terms.category(key);
        plane::quarter(key, &category.label, category.route.label().to_owned(), None)
    });
    Plane { quarters: quarters.to_vec(), ..plane::frame(&scale) }
}

impl DocumentPage {
    /// Who signed for each department, if somebody did.
    fn signed(&self) -> [(&'static str, Option<&SignatureRow>); 2] {
        Department::ALL.map(|department| {
            (department.label(), self.signatures.iter().find(|signature| signature.department == department))
        })
    }

    fn tone(&self) -> &'static str {
        if self.row.state == VersionState::InForce { "green" } else { "neutral" }
    }

    /// Where a lead may go from a status, and by whom: “Working (Sales)”.
    fn moves(&self, status: &Status) -> Vec<String> {
        let terms = &self.version.terms;
        let moves = terms.jurisdictions.transitions.iter().filter(|transition| transition.from == status.key);
        moves
            .map(|transition| {
                let parties: Vec<&str> = transition.who.iter().map(|party| party.label()).collect();
                format!("{} ({})", terms.status_label(&transition.to), parties.join(" or "))
            })
            .collect()
    }
}
