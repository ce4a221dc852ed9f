//! The list of disputes, one dispute with its ruling, and the acts.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use sqlx::PgConnection;

use super::actions;
use super::card::{self, Told};
use super::model::Ruling;
use super::queries::{self, Filter, Place};
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{DisputeId, LeadId};
use crate::kernel::page::{Cursor, PAGE_SIZE};
use crate::leads::lead_page::{self, Forms};
use crate::web::flash::FlashKind;
use crate::web::forms::query;
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/disputes", Access::SignedIn, list)
        .get("/leads/{lead}/disputes/{dispute}", Access::SignedIn, show)
        .post("/leads/{lead}/disputes", Access::SignedIn, contest)
        .post("/leads/{lead}/disputes/{dispute}/rule", Access::Manager, rule)
        .post("/leads/{lead}/waivers", Access::Manager, waive)
}

#[derive(Template, WebTemplate)]
#[template(path = "disputes/list.html")]
struct ListPage {
    layout: Layout,
    disputes: Vec<Told>,
    /// `open`, `ruled` or blank for all.
    state: String,
    since: Option<i32>,
    next: Option<String>,
    first: Option<String>,
    here: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    state: String,
    /// A version: disputes since it came into force.
    since: String,
    after: String,
}

async fn list(
    State(app): State<App>,
    Query(asked): Query<ListQuery>,
    me: User,
    layout: Layout,
) -> AppResult<ListPage> {
    let mut conn = app.db.acquire().await?;
    let is_open = match asked.state.as_str() {
        "open" => Some(true),
        "ruled" => Some(false),
        _ => None,
    };
    let since: Option<i32> = if asked.since.is_empty() {
        None
    } else {
        Some(asked.since.parse().map_err(|_| AppError::BadRequest("A version is a number.".into()))?)
    };
    let opened_from = match since {
        Some(number) => {
            let unknown = || AppError::NotFound(format!("There is no version {number} of the agreement."));
            Some(queries::start_of(&mut conn, number).await?.ok_or_else(unknown)?)
        }
        None => None,
    };
    let after = if asked.after.is_empty() { None } else { Some(place_of(&asked.after)?) };
    let mut rows = queries::page(&mut conn, Filter { is_open, opened_from }, after).await?;
    let has_more = rows.len() as i64 > PAGE_SIZE;
    rows.truncate(PAGE_SIZE as usize);
    let at = |after: &str| {
        format!("/disputes{}", query(&[("state", &asked.state), ("since", &asked.since), ("after", after)]))
    };
    let next = rows.last().filter(|_| has_more).map(|last| at(&cursor(last).to_string()));
    let first = after.map(|_| at(""));
    let here = at(&asked.after);
    let disputes = card::tell(&mut conn, &app, rows, &me).await?;
    Ok(ListPage { layout, disputes, state: asked.state, since, next, first, here })
}

/// What was contested since the last version, to stand beside the draft of the next one: `{{ since|safe }}`.
#[derive(Template)]
#[template(path = "disputes/since.html")]
pub struct Since {
    layout: Layout,
    disputes: Vec<Told>,
}

/// The disputes since a version came into force; for a draft, since the one did that it began as a copy of.
pub async fn since(
    conn: &mut PgConnection,
    app: &App,
    version: i32,
    me: &User,
    layout: &Layout,
) -> AppResult<Since> {
    let rows = queries::since(conn, version).await?;
    Ok(Since { disputes: card::tell(conn, app, rows, me).await?, layout: layout.clone() })
}

/// A place's key begins with its part: o for the open ones, r for those that were ruled on.
fn cursor(row: &super::model::Dispute) -> Cursor {
    let part = if row.ruling.is_none() { "o" } else { "r" };
    Cursor { key: format!("{part}{}", row.opened_at.timestamp_micros()), id: row.id.0 }
}

fn place_of(after: &str) -> AppResult<Place> {
    let cursor: Cursor = after.parse().map_err(AppError::BadRequest)?;
    let place = cursor.key.split_at_checked(1).and_then(|(part, at)| {
        let at = chrono::DateTime::from_timestamp_micros(at.parse().ok()?)?;
        // Further from now than the database counts.
        (1..=9999).contains(&chrono::Datelike::year(&at)).then_some((part == "o", at, DisputeId(cursor.id)))
    });
    place.ok_or_else(|| AppError::BadRequest(format!("“{after}” is not a place in the list of disputes")))
}

#[derive(Template, WebTemplate)]
#[template(path = "disputes/dispute.html")]
struct DisputePage {
    layout: Layout,
    told: Told,
    form: RulingForm,
    errors: FieldErrors,
}

impl DisputePage {
    /// What upholding does.
    fn effect(&self) -> &'static str {
        if self.told.dispute.about.clock().is_some() {
            "Upholding stops the clock with a waiver in your name."
        } else {
            "A ruling is kept as input for the next version; the lead stays as it is."
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RulingForm {
    ruling: String,
    note: String,
}

async fn show(
    State(app): State<App>,
    Path((lead, id)): Path<(LeadId, DisputeId)>,
    me: User,
    layout: Layout,
) -> AppResult<DisputePage> {
    page(&app, lead, id, &me, layout, RulingForm::default(), FieldErrors::default()).await
}

async fn page(
    app: &App,
    lead: LeadId,
    id: DisputeId,
    me: &User,
    layout: Layout,
    form: RulingForm,
    errors: FieldErrors,
) -> AppResult<DisputePage> {
    let mut conn = app.db.acquire().await?;
    let dispute = queries::load(&mut conn, lead, id).await?.ok_or_else(actions::no_such_dispute)?;
    let told = card::tell(&mut conn, app, vec![dispute], me).await?.pop();
    let told = told.ok_or_else(actions::no_such_dispute)?;
    Ok(DisputePage { layout, told, form, errors })
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ContestForm {
    pub what: String,
    pub body: String,
}

async fn contest(
    State(app): State<App>,
    Path(lead): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<ContestForm>,
) -> AppResult<Response> {
    match actions::contest(&app, &me, lead, &form.what, &form.body).await? {
        Ok(_) => {
            let other = me.department.other().label();
            flashes.add(FlashKind::Success, format!("It is contested. A manager of {other} rules on it."));
            Ok(Redirect::to(&format!("/leads/{lead}#disputes")).into_response())
        }
        Err(contest_errors) => {
            let forms = Forms { contest: form, contest_errors, ..Forms::fresh(&me, &layout) };
            lead_page::render(&app, lead, me, layout, None, forms, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}

async fn rule(
    State(app): State<App>,
    Path((lead, id)): Path<(LeadId, DisputeId)>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<RulingForm>,
) -> AppResult<Response> {
    match actions::rule(&app, &me, lead, id, &form.ruling, &form.note).await? {
        Ok(ruling) => {
            let said = match ruling {
                Ruling::Upheld => "You upheld it. Whoever contested it sees your note.",
                Ruling::Dismissed => "You dismissed it. Whoever contested it sees your note.",
            };
            flashes.add(FlashKind::Success, said);
            Ok(Redirect::to("/disputes").into_response())
        }
        Err(errors) => {
            let page = page(&app, lead, id, &me, layout, form, errors).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WaiverForm {
    pub clock: String,
    pub reason: String,
}

async fn waive(
    State(app): State<App>,
    Path(lead): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<WaiverForm>,
) -> AppResult<Response> {
    match actions::waive(&app, &me, lead, &form.clock, &form.reason).await? {
        Ok(clock) => {
            let said = format!("{}: the clock is waived and counts for neither side.", clock.label());
            flashes.add(FlashKind::Success, said);
            Ok(Redirect::to(&format!("/leads/{lead}")).into_response())
        }
        Err(waiver_errors) => {
            let forms = Forms { waiver: form, waiver_errors, ..Forms::fresh(&me, &layout) };
            lead_page::render(&app, lead, me, layout, None, forms, StatusCode::UNPROCESSABLE_ENTITY).await
        }
    }
}
