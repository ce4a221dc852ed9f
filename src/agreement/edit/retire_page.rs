//! Retiring a status: what it would change, and doing it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;

use super::draft_page::load_draft;
use super::form::fingerprint;
use super::queries;
use super::retire::{self, Retirement};
use crate::agreement::actions::change_draft;
use crate::agreement::clauses::Place;
use crate::agreement::terms::Terms;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout};

#[derive(Template)]
#[template(path = "agreement/edit/retire.html")]
struct RetirePage {
    layout: Layout,
    number: i32,
    key: String,
    label: String,
    /// How many leads stand in the status now.
    leads: i64,
    /// The other statuses.
    options: Vec<(String, String)>,
    to: String,
    changes: Vec<String>,
    /// What was shown, by its fingerprint.
    seen: String,
    /// Somebody changed the draft, so that something else would happen than what was shown.
    changed: bool,
    errors: FieldErrors,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct RetireForm {
    to: String,
    seen: String,
}

/// What is known of a status that is about to go.
struct Known {
    leads: i64,
    /// Whether it was ever in force.
    was_in_force: bool,
}

impl Known {
    async fn of(app: &App, conn: &mut PgConnection, key: &str, based_on: Option<i32>) -> AppResult<Known> {
        let leads = queries::leads_in(conn, key).await?;
        let earlier = earlier(app, conn, based_on).await?;
        Ok(Known { leads, was_in_force: leads > 0 || earlier.status(key).is_some() })
    }
}

/// The terms that the draft began as.
async fn earlier(app: &App, conn: &mut PgConnection, based_on: Option<i32>) -> AppResult<Terms> {
    let version = match based_on {
        Some(number) => app.versions.get(conn, number).await?,
        None => app.versions.in_force(conn).await?,
    };
    Ok(version.terms.clone())
}

fn shown(changes: &[String]) -> String {
    fingerprint(Some(&json!(changes)))
}

fn page(
    layout: Layout,
    number: i32,
    key: &str,
    to: &str,
    terms: &Terms,
    known: &Known,
) -> AppResult<RetirePage> {
    let gone = || AppError::NotFound("This status is not in the draft any more.".to_owned());
    let status = terms.status(key).ok_or_else(gone)?;
    let others = terms.vocabulary.iter().filter(|other| other.key != key);
    let plan = retire::retire(terms, key, to, known.was_in_force);
    let changes = plan.map(|plan| plan.changes).unwrap_or_default();
    Ok(RetirePage {
        layout,
        number,
        key: key.to_owned(),
        label: status.label.clone(),
        leads: known.leads,
        options: others.map(|other| (other.key.clone(), other.label.clone())).collect(),
        to: to.to_owned(),
        seen: shown(&changes),
        changes,
        changed: false,
        errors: FieldErrors::default(),
    })
}

impl RetirePage {
    fn answer(&self, status: StatusCode) -> AppResult<Response> {
        let html = self.render().map_err(|error| AppError::Internal(error.into()))?;
        Ok((status, Html(html)).into_response())
    }
}

pub async fn show(
    State(app): State<App>,
    Path((number, key)): Path<(i32, String)>,
    Query(form): Query<RetireForm>,
    layout: Layout,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = load_draft(&mut conn, number).await?;
    let known = Known::of(&app, &mut conn, &key, row.based_on).await?;
    page(layout, number, &key, &form.to, &terms, &known)?.answer(StatusCode::OK)
}

pub async fn retire(
    State(app): State<App>,
    Path((number, key)): Path<(i32, String)>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<RetireForm>,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = load_draft(&mut conn, number).await?;
    let known = Known::of(&app, &mut conn, &key, row.based_on).await?;
    drop(conn);
    let before = page(layout, number, &key, &form.to, &terms, &known)?;
    if before.changes.is_empty() {
        let errors = FieldErrors::one("to", "Choose the status that its leads get.");
        return RetirePage { errors, ..before }.answer(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let places = ["vocabulary", "retired_statuses"].map(|list| Place::Item { list, key: key.clone() });
    let done = change_draft(&app, &me, number, &places, |now| {
        match retire::retire(now, &key, &form.to, known.was_in_force) {
            Some(Retirement { terms, changes }) if shown(&changes) == form.seen => Ok(terms),
            _ => Err(Box::new(now.clone())),
        }
    });
    match done.await? {
        Ok(_) => {
            let text =
                format!("{} is out of the vocabulary, and what named it has changed with it.", before.label);
            flashes.add(FlashKind::Success, text);
            Ok(Redirect::to(&format!("/agreement/{number}/edit#vocabulary")).into_response())
        }
        Err(now) => {
            let page = page(before.layout, number, &key, &form.to, &now, &known)?;
            RetirePage { changed: true, ..page }.answer(StatusCode::CONFLICT)
        }
    }
}

/// Takes a retirement back.
pub async fn restore(
    State(app): State<App>,
    Path((number, key)): Path<(i32, String)>,
    me: User,
    flashes: Flashes,
) -> AppResult<Redirect> {
    let mut conn = app.db.acquire().await?;
    let (row, _) = load_draft(&mut conn, number).await?;
    let earlier = earlier(&app, &mut conn, row.based_on).await?;
    drop(conn);
    let places = ["vocabulary", "retired_statuses"].map(|list| Place::Item { list, key: key.clone() });
    let restored = |now: &Terms| Ok::<_, AppError>(retire::restore(now, &key, &earlier));
    change_draft(&app, &me, number, &places, restored).await??;
    flashes.add(FlashKind::Success, "Taken back. Look whether its moves are as they should be.");
    Ok(Redirect::to(&format!("/agreement/{number}/edit#vocabulary")))
}
