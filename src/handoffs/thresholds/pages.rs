//! The two thresholds over the plane of real leads: tried by everybody, saved into the draft by managers.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Counts, Standing, count, queries, standing, written};
use crate::agreement::actions;
use crate::agreement::clauses::Place;
use crate::agreement::find;
use crate::agreement::queries::{VersionRow, VersionState};
use crate::agreement::terms::Terms;
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::handoffs::trace;
use crate::kernel::fields::FieldErrors;
use crate::kernel::text::{excerpt, grouped};
use crate::leads::plane::{self, Point, Scale, points_text};
use crate::leads::queries as leads;
use crate::scoring::{CategoryKey, ScoredEvent, Thresholds};
use crate::web::flash::FlashKind;
use crate::web::plane::Plane;
use crate::web::{Flashes, Layout, Routes};

/// Leads that are counted at most.
const SAMPLE: i64 = 5_000;

pub fn pages() -> Routes {
    Routes::new().get("/agreement/{number}/thresholds", Access::SignedIn, show).post(
        "/agreement/{number}/thresholds",
        Access::Manager,
        save,
    )
}

#[derive(Template)]
#[template(path = "handoffs/thresholds.html")]
struct ThresholdsPage {
    layout: Layout,
    row: VersionRow,
    version: Version,
    /// What the lines stand at.
    tried: Thresholds,
    plane: Plane,
    counts: Counts,
    /// By the thresholds of the draft as it is saved.
    saved: Counts,
    /// For the script.
    standings: String,
    total: usize,
    is_sample: bool,
    errors: FieldErrors,
    may_save: bool,
}

/// What was set, and what stood in the draft when the page was opened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ThresholdsForm {
    fit_good: String,
    interest_high: String,
    began_fit: String,
    began_interest: String,
}

impl ThresholdsForm {
    /// Both thresholds; a field that is left out stays as it is.
    fn check(&self, saved: Thresholds) -> Result<Thresholds, FieldErrors> {
        let mut errors = FieldErrors::default();
        let fit_good = match self.fit_good.trim() {
            "" => saved.fit_good,
            text => {
                let fit = text.parse().ok().filter(|fit| (1..=100).contains(fit));
                let problem = || format!("“{}” is not a fit threshold; set it from 1 to 100.", excerpt(text));
                errors.check("fit_good", fit.ok_or_else(problem)).unwrap_or(saved.fit_good)
            }
        };
        let interest_high = match self.interest_high.trim() {
            "" => saved.interest_high,
            text => {
                let points = text.parse::<f64>().ok().map(|points| (points * 100.0).round() / 100.0);
                let points = points.filter(|points| *points > 0.0 && *points <= 100_000.0);
                let problem = || {
                    format!(
                        "“{}” is not an interest threshold; set it above 0, up to 100,000.",
                        excerpt(text)
                    )
                };
                errors.check("interest_high", points.ok_or_else(problem)).unwrap_or(saved.interest_high)
            }
        };
        errors.into_result()?;
        Ok(Thresholds { fit_good, interest_high })
    }
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    Query(form): Query<ThresholdsForm>,
    me: User,
    layout: Layout,
) -> AppResult<Response> {
    let (_, terms) = find::version(&mut *app.db.acquire().await?, number).await?;
    let saved = terms.categories.thresholds();
    match form.check(saved) {
        Ok(tried) => page(&app, number, &me, layout, tried, FieldErrors::default(), StatusCode::OK).await,
        Err(errors) => page(&app, number, &me, layout, saved, errors, StatusCode::UNPROCESSABLE_ENTITY).await,
    }
}

async fn save(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<ThresholdsForm>,
) -> AppResult<Response> {
    let (_, terms) = find::version(&mut *app.db.acquire().await?, number).await?;
    let saved = terms.categories.thresholds();
    let tried = match form.check(saved) {
        Ok(tried) => tried,
        Err(errors) => {
            return page(&app, number, &me, layout, saved, errors, StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    let change = |before: &Terms| {
        let now = before.categories.thresholds();
        let is_as_seen = |began: &str, now: String| began.is_empty() || began == now;
        if !is_as_seen(&form.began_fit, now.fit_good.to_string())
            || !is_as_seen(&form.began_interest, now.interest_high.to_string())
        {
            return Err(());
        }
        let mut after = before.clone();
        after.categories.fit_good = tried.fit_good;
        after.categories.interest_high = tried.interest_high;
        Ok(after)
    };
    let places = [Place::Single("categories.fit_good"), Place::Single("categories.interest_high")];
    if actions::change_draft(&app, &me, number, &places, change).await?.is_err() {
        let problem = "Somebody moved the thresholds meanwhile, and nothing of yours is saved yet. The page shows yours; the saved ones stand beside. Save again to replace them.";
        let errors = FieldErrors::one("", problem);
        return page(&app, number, &me, layout, tried, errors, StatusCode::CONFLICT).await;
    }
    flashes.add(
        FlashKind::Success,
        format!(
            "A good fit is from {} points, and interest is high above {}.",
            tried.fit_good, tried.interest_high
        ),
    );
    Ok(Redirect::to(&format!("/agreement/{number}/thresholds")).into_response())
}

async fn page(
    app: &App,
    number: i32,
    me: &User,
    layout: Layout,
    tried: Thresholds,
    errors: FieldErrors,
    status: StatusCode,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let (row, version) = find::judging(&mut conn, number).await?;
    let standings = standings(app, &mut conn, &version, layout.now).await?;
    let terms = &version.terms;
    let counts = count(&standings, &tried, terms);
    let page = ThresholdsPage {
        plane: picture(terms, &standings, &tried, &counts, layout.now),
        saved: count(&standings, &terms.categories.thresholds(), terms),
        standings: written(&standings),
        total: standings.len(),
        is_sample: standings.len() as i64 == SAMPLE,
        may_save: row.state == VersionState::Draft && Access::Manager.allows(me).is_ok(),
        counts,
        layout,
        row,
        version,
        tried,
        errors,
    };
    let html = page.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok((status, Html(html)).into_response())
}

/// The sample by the rules of the version. Where interest is counted as in the version in force, what is stored with
/// the leads that it judged is right, and only the rest costs a look at the events.
async fn standings(
    app: &App,
    conn: &mut PgConnection,
    version: &Version,
    now: DateTime<Utc>,
) -> AppResult<Vec<Standing>> {
    let in_force = app.versions.in_force(conn).await?;
    let is_counted_alike = in_force.terms.interest == version.terms.interest;
    let ids = queries::newest_open(conn, SAMPLE).await?;
    let sample = leads::load_many(conn, &ids).await?;
    let unknown: Vec<Uuid> = sample
        .iter()
        .filter(|loaded| !is_counted_alike || loaded.lead.judged_version != in_force.number)
        .map(|loaded| loaded.lead.id.0)
        .collect();
    let rows = if unknown.is_empty() { vec![] } else { leads::events_of(conn, &unknown).await? };
    let mut events: HashMap<Uuid, Vec<ScoredEvent>> = unknown.iter().map(|id| (*id, vec![])).collect();
    for row in &rows {
        events.entry(row.lead_id.0).or_default().push(ScoredEvent {
            kind: &row.kind,
            properties: &row.properties,
            occurred_at: row.occurred_at,
        });
    }
    let standings = sample.iter().map(|loaded| {
        let seen =
            events.get_mut(&loaded.lead.id.0).map(|events| trace::seen_by(version, &loaded.lead, events));
        standing(version, seen.as_ref().unwrap_or(&loaded.lead), loaded.has_open_handoff, now)
    });
    Ok(standings.collect())
}

/// The plane, on the scale of the saved threshold, cut where the tried ones are.
fn picture(
    terms: &Terms,
    standings: &[Standing],
    tried: &Thresholds,
    counts: &Counts,
    now: DateTime<Utc>,
) -> Plane {
    let scale = Scale {
        thresholds: Thresholds { fit_good: tried.fit_good, ..terms.categories.thresholds() },
        half_life_days: terms.interest.half_life_days,
    };
    let points: Vec<Point> = standings
        .iter()
        .map(|standing| Point {
            fit: standing.fit.into(),
            good_fit: tried.good_fit(standing.fit),
            hot_until: hot_until(standing.interest, &scale, now),
        })
        .collect();
    let mut plane = plane::count(&points, &scale, now).plane;
    plane.interest_cut = cut(tried.interest_high, scale.thresholds.interest_high);
    for dot in &mut plane.dots {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place on 0 to 100")]
        let fit = dot.y.floor() as u8;
        dot.css = CategoryKey::of(tried, fit, dot.x > plane.interest_cut).as_str();
    }
    let quarters = CategoryKey::all().into_iter().zip(counts.quarters);
    plane.quarters = quarters
        .map(|(key, count)| {
            plane::quarter(key, &terms.category(key).label, grouped(&count.to_string()), None)
        })
        .collect();
    plane
}

/// When these points will have fallen to the threshold of the scale.
fn hot_until(points: f64, scale: &Scale, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if points <= 0.0 {
        return None;
    }
    let half_lives = (points / scale.thresholds.interest_high).log2().clamp(-50.0, 50.0);
    #[expect(clippy::cast_possible_truncation, reason = "fifty half-lives of a year at most")]
    let seconds = (half_lives * scale.half_life_days * 86_400.0).round() as i64;
    Some(now + TimeDelta::seconds(seconds))
}

/// Where a threshold stands on the axis on which `middle` is in the middle and each doubling is a tenth.
fn cut(points: f64, middle: f64) -> f64 {
    (50.0 + 10.0 * (points / middle).log2()).clamp(0.0, 100.0)
}

impl ThresholdsPage {
    fn saved_thresholds(&self) -> Thresholds {
        self.version.terms.categories.thresholds()
    }

    /// The most that the slider of interest goes to.
    fn most_interest(&self) -> f64 {
        (self.saved_thresholds().interest_high * 8.0).max(self.tried.interest_high).max(100.0).ceil()
    }

    fn points(&self, points: &f64) -> String {
        points_text(*points)
    }

    /// Key, label, route, as shown, as saved.
    fn lines(&self) -> Vec<(&'static str, &str, &'static str, usize, usize)> {
        let terms = &self.version.terms;
        let counts = self.counts.quarters.into_iter().zip(self.saved.quarters);
        let all = CategoryKey::all().into_iter().zip(counts);
        all.map(|(key, (shown, saved))| {
            let category = terms.category(key);
            (key.as_str(), category.label.as_str(), category.route.label(), shown, saved)
        })
        .collect()
    }

    /// The routes in the order of the categories, for the script.
    fn routes(&self) -> String {
        let hands_off =
            |key| self.version.terms.category(key).route == crate::agreement::terms::Route::HandOff;
        CategoryKey::all().map(|key| if hands_off(key) { "hand_off" } else { "keep" }).join(" ")
    }

    fn number(&self, count: &usize) -> String {
        grouped(&count.to_string())
    }
}
