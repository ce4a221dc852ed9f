//! The agreement as people read, cite, print and send it.

use std::collections::HashMap;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use graphile_worker::TaskHandler;
use sqlx::PgConnection;

use super::asked::{self, AskedOf};
use super::difference::difference;
use super::difference_pages::{self, before};
use super::find;
use super::lifecycle_picture::{self, Picture};
use super::prose::markdown::markdown;
use super::prose::{self, Document};
use super::queries::{self, SignatureRow, VersionLine, VersionRow, VersionState};
use super::signing_pages;
use super::signing_query::{self, Reader};
use super::terms::{Status, Terms};
use super::versions::{Broken, Version};
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::AppResult;
use crate::handoffs::rejudge::RejudgeAll;
use crate::jobs::runs::{self, Running};
use crate::kernel::people::{Department, Role};
use crate::leads::plane;
use crate::scoring::CategoryKey;
use crate::web::plane::Plane;
use crate::web::{Layout, Routes};

/// Versions that the document lists; all are on a page of their own.
const LISTED: usize = 6;

pub fn pages() -> Routes {
    Routes::new()
        .get("/agreement", Access::SignedIn, in_force)
        .get("/agreement/versions", Access::SignedIn, list)
        .get("/agreement/{number}", Access::SignedIn, show)
        .get("/agreement/{number}/document.md", Access::SignedIn, as_markdown)
        .merge(difference_pages::pages())
        .merge(signing_pages::pages())
}

#[derive(Template, WebTemplate)]
#[template(path = "agreement/document.html")]
struct DocumentPage {
    layout: Layout,
    me: User,
    row: VersionRow,
    terms: Terms,
    /// What is wrong with the stored version, if it is not obeyed for that.
    broken: Option<Broken>,
    /// The number of the version that judges now.
    obeyed: i32,
    document: Document,
    plane: Plane,
    life: Picture,
    signatures: Vec<SignatureRow>,
    /// How each clause did, by its path.
    performance: HashMap<String, String>,
    /// Everybody active and when they acknowledged, of the version in force.
    readers: Vec<Reader>,
    asked: Option<AskedOf>,
    versions: Vec<VersionLine>,
    /// The latest versions with what changed.
    history: Vec<Past>,
    on_its_way: Option<OnItsWay>,
    /// How far all leads are judged anew under a version that came into force.
    judging: Option<Running>,
}

/// A version in the list, with how much it changed against which one.
struct Past {
    line: VersionLine,
    changes: Option<(i32, usize)>,
}

/// The version that is negotiated or waits for its day.
struct OnItsWay {
    number: i32,
    state: VersionState,
    changes: usize,
}

async fn in_force(State(app): State<App>, me: User, layout: Layout) -> AppResult<DocumentPage> {
    let number = app.versions.in_force(&mut *app.db.acquire().await?).await?.number;
    page(app, layout, me, number).await
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
) -> AppResult<DocumentPage> {
    page(app, layout, me, number).await
}

async fn page(app: App, layout: Layout, me: User, number: i32) -> AppResult<DocumentPage> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = find::version(&mut conn, number).await?;
    let signatures = queries::signatures(&mut conn, number).await?;
    let obeyed = app.versions.in_force(&mut conn).await?;
    let is_in_force = row.state == VersionState::InForce;
    let mut versions = queries::versions(&mut conn).await?;
    let history = with_changes(&mut conn, &versions, LISTED).await?;
    let on_its_way = on_its_way(&mut conn, &versions, &obeyed).await?;
    versions.truncate(LISTED);
    let performance = match row.state {
        VersionState::InForce | VersionState::Superseded => {
            let capacity = terms.routing.capacity_per_rep.filter(|_| is_in_force);
            let figures = app.figures.get(&mut conn, number, capacity, layout.now).await?;
            figures.by_clause(&terms)
        }
        _ => HashMap::new(),
    };
    let readers = if is_in_force { signing_query::readers(&mut conn, number).await? } else { vec![] };
    Ok(DocumentPage {
        asked: if number == obeyed.number {
            asked::of(&mut conn, &me, &obeyed, &layout).await?
        } else {
            None
        },
        judging: runs::running(&mut conn, RejudgeAll::IDENTIFIER).await?,
        broken: Version::verified(&row, &signatures).err(),
        obeyed: obeyed.number,
        document: prose::document(&terms),
        plane: picture(&terms),
        life: lifecycle_picture::picture(&terms),
        layout,
        me,
        row,
        terms,
        signatures,
        performance,
        readers,
        versions,
        history,
        on_its_way,
    })
}

/// The version that is negotiated, else the one that waits for its day.
async fn on_its_way(
    conn: &mut PgConnection,
    versions: &[VersionLine],
    obeyed: &Version,
) -> AppResult<Option<OnItsWay>> {
    let is_open = |line: &&VersionLine| matches!(line.state, VersionState::Draft | VersionState::Proposed);
    let found = versions.iter().find(is_open);
    let Some(line) = found.or_else(|| versions.iter().find(|line| line.state == VersionState::Signed)) else {
        return Ok(None);
    };
    let Ok((row, terms)) = find::version(conn, line.number).await else { return Ok(None) };
    let changes = difference(&obeyed.terms, &terms).count();
    Ok(Some(OnItsWay { number: row.number, state: row.state, changes }))
}

/// The latest versions, each with how much it changed. What is damaged is listed without.
async fn with_changes(
    conn: &mut PgConnection,
    versions: &[VersionLine],
    most: usize,
) -> AppResult<Vec<Past>> {
    let mut known: HashMap<i32, Option<(VersionRow, Terms)>> = HashMap::new();
    let mut found = vec![];
    for line in versions.iter().take(most) {
        let mut changes = None;
        if let Some((row, terms)) = read(conn, &mut known, line.number).await
            && let Some(from) = before(versions, &row)
            && let Some((_, earlier)) = read(conn, &mut known, from).await
        {
            changes = Some((from, difference(&earlier, &terms).count()));
        }
        found.push(Past { line: line.clone(), changes });
    }
    Ok(found)
}

async fn read(
    conn: &mut PgConnection,
    known: &mut HashMap<i32, Option<(VersionRow, Terms)>>,
    number: i32,
) -> Option<(VersionRow, Terms)> {
    if let Some(version) = known.get(&number) {
        return version.clone();
    }
    let version = find::version(conn, number).await.ok();
    known.insert(number, version.clone());
    version
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

#[derive(Template, WebTemplate)]
#[template(path = "agreement/versions.html")]
struct VersionsPage {
    layout: Layout,
    history: Vec<Past>,
}

async fn list(State(app): State<App>, layout: Layout) -> AppResult<VersionsPage> {
    let mut conn = app.db.acquire().await?;
    let versions = queries::versions(&mut conn).await?;
    let history = with_changes(&mut conn, &versions, versions.len()).await?;
    Ok(VersionsPage { layout, history })
}

async fn as_markdown(State(app): State<App>, Path(number): Path<i32>, layout: Layout) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = find::version(&mut conn, number).await?;
    let signatures = queries::signatures(&mut conn, number).await?;
    let since = row.effective_from.map(|at| format!(" since {}", layout.time(&at).exact));
    let mut head = vec![format!("Version {number}, {}{}", row.state.label(), since.unwrap_or_default())];
    if let Err(broken) = Version::verified(&row, &signatures) {
        head.push(format!("This version is broken and not obeyed: {broken}."));
    }
    head.extend((!row.note.is_empty()).then(|| row.note.clone()));
    let mut end: Vec<String> = Department::ALL
        .map(|department| match signatures.iter().find(|s| s.department == department) {
            Some(s) => {
                format!("{} for {}, {}", s.name, department.label(), layout.time(&s.signed_at).exact)
            }
            None => format!("Not signed yet for {}", department.label()),
        })
        .to_vec();
    end.push(format!("SHA-256 of the terms: {}", row.terms_sha256));
    let text = markdown(&prose::document(&terms), &head, &end);
    let name = format!("attachment; filename=\"agreement-version-{number}.md\"");
    let headers = [
        (header::CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

impl DocumentPage {
    /// Who signed for each department, if somebody did.
    fn signed(&self) -> [(&'static str, Option<&SignatureRow>); 2] {
        Department::ALL.map(|department| {
            (department.label(), self.signatures.iter().find(|signature| signature.department == department))
        })
    }

    fn is_manager(&self) -> bool {
        self.me.role == Role::Manager
    }

    fn tone(&self) -> &'static str {
        match self.row.state {
            _ if self.broken.is_some() => "red",
            VersionState::InForce => "green",
            VersionState::Proposed => "amber",
            VersionState::Signed => "blue",
            VersionState::Draft | VersionState::Superseded => "neutral",
        }
    }

    /// How a clause did under this version; blank when nothing was counted.
    fn did(&self, path: &str) -> &str {
        self.performance.get(path).map(String::as_str).unwrap_or_default()
    }

    fn review(&self) -> Option<String> {
        self.row.review_on.map(|day| day.format("%-d %b %Y").to_string())
    }

    /// A department with those who have acknowledged, and those who have not.
    fn acknowledged(&self) -> [(&'static str, Vec<&Reader>, Vec<&Reader>); 2] {
        Department::ALL.map(|department| {
            let members = self.readers.iter().filter(|reader| reader.department == department);
            let (yes, no) = members.partition(|reader| reader.at.is_some());
            (department.label(), yes, no)
        })
    }

    /// Such as “7 of 9, 78 %”.
    fn share(&self) -> String {
        let (yes, all) = (self.readers.iter().filter(|r| r.at.is_some()).count(), self.readers.len());
        format!("{yes} of {all}, {} %", 100 * yes / all.max(1))
    }

    /// Where a lead may go from a status, and by whom: “Working (Sales)”.
    fn moves(&self, status: &Status) -> Vec<String> {
        let terms = &self.terms;
        let moves = terms.jurisdictions.transitions.iter().filter(|transition| transition.from == status.key);
        moves
            .map(|transition| {
                let parties: Vec<&str> = transition.who.iter().map(|party| party.label()).collect();
                format!("{} ({})", terms.status_label(&transition.to), parties.join(" or "))
            })
            .collect()
    }
}

impl OnItsWay {
    /// The page where it is worked on.
    fn href(&self) -> String {
        let page = if self.state == VersionState::Draft { "edit" } else { "propose" };
        format!("/agreement/{}/{page}", self.number)
    }

    fn words(&self) -> String {
        let changes = match self.changes {
            0 => "no change yet".to_owned(),
            1 => "1 change".to_owned(),
            n => format!("{n} changes"),
        };
        let stands = match self.state {
            VersionState::Signed => "is signed and waits for its day",
            _ => "is being negotiated",
        };
        format!("Version {} {stands}: {}, {changes}", self.number, self.state.label())
    }
}
