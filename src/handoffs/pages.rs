//! Home, queues, hand-backs, and the acts on a handoff.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use std::sync::Arc;

use super::actions::{self, HandBack};
use super::claims;
use super::queue_page;
use super::queues::{self, Held, QueueCount, Returned};
use crate::agreement::asked::{self, AskedOf};
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::AppResult;
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{HandoffId, LeadId};
use crate::kernel::people::Role;
use crate::leads::lead_page::{self, Forms};
use crate::web::flash::FlashKind;
use crate::web::forms::encode;
use crate::web::{Flashes, Layout, Routes};

/// Rows of a short list on the home page.
const SHORT: i64 = 10;
/// Rows of the list of hand-backs.
const HAND_BACKS: i64 = 200;

pub fn pages() -> Routes {
    Routes::new()
        .get("/", Access::SignedIn, home)
        .get("/queues", Access::SignedIn, list_queues)
        .get("/queues/{queue}", Access::SignedIn, queue_page::show)
        .post("/claim-next", Access::Sales, claim_next)
        .post("/leads/{lead}/handoffs/{handoff}/claim", Access::Sales, claim)
        .post("/leads/{lead}/handoffs/{handoff}/hand-back", Access::Sales, hand_back)
        .post("/leads/{lead}/handoffs/{handoff}/withdraw", Access::Marketing, withdraw)
        .post("/leads/{lead}/handoffs/{handoff}/answer", Access::Marketing, answer)
        .post("/leads/{lead}/status", Access::SignedIn, change_status)
        .get("/hand-backs", Access::Marketing, hand_backs)
}

/// A queue with its counts.
struct QueueLine {
    key: String,
    label: String,
    count: QueueCount,
}

fn lines(version: &Version, counts: Vec<QueueCount>) -> Vec<QueueLine> {
    let mut counts = counts;
    let mut lines: Vec<QueueLine> = version
        .terms
        .routing
        .queues
        .iter()
        .map(|queue| {
            let count = counts.iter().position(|c| c.queue == queue.key).map(|at| counts.remove(at));
            let count =
                count.unwrap_or(QueueCount { queue: queue.key.clone(), waiting: 0, at_risk: 0, breached: 0 });
            QueueLine { key: queue.key.clone(), label: queue.label.clone(), count }
        })
        .collect();
    // Queues of an earlier version stay until they are empty.
    lines.extend(counts.into_iter().map(|count| QueueLine {
        key: count.queue.clone(),
        label: count.queue.clone(),
        count,
    }));
    lines
}

#[derive(Template, WebTemplate)]
#[template(path = "handoffs/home.html")]
struct HomePage {
    layout: Layout,
    me: User,
    version: Arc<Version>,
    queues: Vec<QueueLine>,
    held: Vec<Held>,
    returned: Vec<Returned>,
    shows_all: bool,
    /// What the version in force asks of the reader.
    asked: Option<AskedOf>,
    claim_refused: Option<String>,
}

async fn home(State(app): State<App>, me: User, layout: Layout) -> AppResult<HomePage> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let counts = queues::counts(&mut conn, layout.now).await?;
    let shows_all = me.role == Role::Manager;
    let held = if me.is_sales() || shows_all {
        queues::held(&mut conn, (!shows_all).then_some(me.id), SHORT).await?
    } else {
        vec![]
    };
    let returned =
        if !me.is_sales() || shows_all { queues::returned(&mut conn, false, SHORT).await? } else { vec![] };
    let asked = asked::of(&mut conn, &me, &version, &layout).await?;
    let claim_refused = claims::refusal(&mut conn, &version, &me, None, layout.now).await?;
    Ok(HomePage {
        queues: lines(&version, counts),
        layout,
        me,
        version,
        held,
        returned,
        shows_all,
        asked,
        claim_refused,
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "handoffs/queues.html")]
struct QueuesPage {
    layout: Layout,
    me: User,
    queues: Vec<QueueLine>,
    topics: String,
    claim_refused: Option<String>,
}

async fn list_queues(State(app): State<App>, me: User, layout: Layout) -> AppResult<QueuesPage> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let counts = queues::counts(&mut conn, layout.now).await?;
    let queues = lines(&version, counts);
    let topics =
        encode(&queues.iter().map(|queue| format!("queue:{}", queue.key)).collect::<Vec<_>>().join(" "));
    let claim_refused = claims::refusal(&mut conn, &version, &me, None, layout.now).await?;
    Ok(QueuesPage { layout, me, queues, topics, claim_refused })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClaimNextForm {
    queue: String,
}

async fn claim_next(
    State(app): State<App>,
    me: User,
    flashes: Flashes,
    Form(form): Form<ClaimNextForm>,
) -> AppResult<Redirect> {
    let queue = (!form.queue.is_empty()).then_some(form.queue.as_str());
    match actions::claim_next(&app, &me, queue).await? {
        Some((lead, _)) => {
            flashes.add(
                FlashKind::Success,
                "The lead is yours. Make the first contact before its time runs out.",
            );
            Ok(Redirect::to(&format!("/leads/{lead}")))
        }
        None => {
            flashes.add(
                FlashKind::Info,
                "Nothing waits here now. The page shows the next lead as soon as it comes.",
            );
            Ok(Redirect::to(
                &queue.map_or_else(|| "/queues".to_owned(), |queue| format!("/queues/{}", encode(queue))),
            ))
        }
    }
}

async fn claim(
    State(app): State<App>,
    Path((lead, handoff)): Path<(LeadId, HandoffId)>,
    me: User,
    flashes: Flashes,
) -> AppResult<Redirect> {
    actions::claim(&app, &me, lead, handoff).await?;
    flashes.add(FlashKind::Success, "The lead is yours. Make the first contact before its time runs out.");
    Ok(Redirect::to(&format!("/leads/{lead}")))
}

#[derive(Template, WebTemplate)]
#[template(path = "handoffs/hand_back.html")]
struct HandBackPage {
    layout: Layout,
    lead: LeadId,
    handoff: HandoffId,
    reasons: Vec<(String, String)>,
    form: HandBackForm,
    errors: FieldErrors,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct HandBackForm {
    reason: String,
    note: String,
    nurture_until: String,
}

async fn hand_back(
    State(app): State<App>,
    Path((lead, handoff)): Path<(LeadId, HandoffId)>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<HandBackForm>,
) -> AppResult<Response> {
    let act = HandBack {
        reason: form.reason.clone(),
        note: form.note.clone(),
        nurture_until: form.nurture_until.clone(),
    };
    match actions::hand_back(&app, &me, lead, handoff, &act).await? {
        Ok(()) => {
            flashes.add(FlashKind::Success, "Handed back. Marketing sees your reason and note.");
            Ok(Redirect::to(&format!("/leads/{lead}")).into_response())
        }
        Err(errors) => {
            let version = app.versions.in_force(&mut *app.db.acquire().await?).await?;
            let reasons =
                version.terms.hand_back.reasons.iter().map(|r| (r.key.clone(), r.label.clone())).collect();
            Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                HandBackPage { layout, lead, handoff, reasons, form, errors },
            )
                .into_response())
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WithdrawForm {
    reason: String,
}

async fn withdraw(
    State(app): State<App>,
    Path((lead, handoff)): Path<(LeadId, HandoffId)>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<WithdrawForm>,
) -> AppResult<Response> {
    match actions::withdraw(&app, &me, lead, handoff, &form.reason).await? {
        Ok(()) => {
            flashes.add(FlashKind::Success, "The offer is withdrawn. The lead is marketing's again.");
            Ok(Redirect::to(&format!("/leads/{lead}")).into_response())
        }
        Err(withdraw_errors) => {
            let fresh = Forms::fresh(&me, &layout);
            let forms = Forms { withdraw_reason: form.reason, withdraw_errors, ..fresh };
            lead_page::render(&app, lead, me, layout, None, forms, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn answer(
    State(app): State<App>,
    Path((lead, handoff)): Path<(LeadId, HandoffId)>,
    me: User,
    flashes: Flashes,
) -> AppResult<Redirect> {
    actions::answer(&app, &me, lead, handoff).await?;
    flashes.add(FlashKind::Success, "The hand-back is answered.");
    Ok(Redirect::to("/hand-backs"))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StatusForm {
    pub to: String,
    pub reason: String,
}

async fn change_status(
    State(app): State<App>,
    Path(lead): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<StatusForm>,
) -> AppResult<Response> {
    match actions::change_status(&app, &me, lead, &form.to, &form.reason).await? {
        Ok(()) => {
            flashes.add(FlashKind::Success, "The status is changed.");
            Ok(Redirect::to(&format!("/leads/{lead}")).into_response())
        }
        Err(status_errors) => {
            let forms = Forms { status: form, status_errors, ..Forms::fresh(&me, &layout) };
            lead_page::render(&app, lead, me, layout, None, forms, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "handoffs/hand_backs.html")]
struct HandBacksPage {
    layout: Layout,
    version: Arc<Version>,
    waiting: Vec<Returned>,
    answered: Vec<Returned>,
}

async fn hand_backs(State(app): State<App>, layout: Layout) -> AppResult<HandBacksPage> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let waiting = queues::returned(&mut conn, false, HAND_BACKS).await?;
    let answered = queues::returned(&mut conn, true, SHORT).await?;
    Ok(HandBacksPage { layout, version, waiting, answered })
}

impl HandBacksPage {
    fn reason_label<'a>(&'a self, key: &'a str) -> &'a str {
        self.version.terms.reason(key).map_or(key, |reason| &reason.label)
    }
}

impl HomePage {
    fn reason_label<'a>(&'a self, key: &'a str) -> &'a str {
        self.version.terms.reason(key).map_or(key, |reason| &reason.label)
    }

    fn waiting(&self) -> i64 {
        self.queues.iter().map(|queue| queue.count.waiting).sum()
    }
}
