//! A draft as a document whose clauses can be edited, added, taken out and put in another order.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use sqlx::PgConnection;

use super::actions::About;
use super::fields;
use super::form::fingerprint;
use super::matrix::Matrix;
use super::obstacles::{self, Obstacle};
use super::options::capital;
use super::said::{self, Said};
use crate::agreement::checks::{self, Finding};
use crate::agreement::clauses::{self, LISTS, Place};
use crate::agreement::conversation;
use crate::agreement::find;
use crate::agreement::prose::{self, field};
use crate::agreement::queries::{VersionRow, VersionState};
use crate::agreement::terms::Terms;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::handoffs::disputes::pages::{self as disputes, Since};
use crate::kernel::fields::FieldErrors;
use crate::kernel::{local_time, text};
use crate::web::flash::FlashKind;
use crate::web::forms::encode;
use crate::web::{Flashes, Layout};

/// What stands in each part, in the order of the document: single clauses, and lists.
const ORDER: [&[&str]; 10] = [
    &["vocabulary", "retired_statuses"],
    &["jurisdictions.acts", "jurisdictions.transitions"],
    &["fit.rules"],
    &["interest.half_life_days", "interest.rules"],
    &[
        "categories.fit_good",
        "categories.interest_high",
        "categories.high_interest_good_fit",
        "categories.high_interest_low_fit",
        "categories.low_interest_good_fit",
        "categories.low_interest_bad_fit",
    ],
    &["handoff.packet_fields", "handoff.cool_off_days", "handoff.max_cycles", "handoff.fast_tracks"],
    &[
        "routing.queues",
        "routing.rules",
        "routing.fallback_queue",
        "routing.capacity_per_rep",
        "routing.acknowledge_to_claim",
    ],
    &["service_levels.levels", "service_levels.default", "service_levels.marketing"],
    &["hand_back.reasons", "hand_back.auto_return_after_attempts"],
    &["calendar.time_zone", "calendar.hours", "calendar.holidays"],
];

#[derive(Template)]
#[template(path = "agreement/edit/draft.html")]
struct DraftPage {
    layout: Layout,
    number: i32,
    state: VersionState,
    based_on: Option<i32>,
    /// Whether this person may change it as it stands.
    may_edit: bool,
    title: String,
    purpose: String,
    parts: Vec<Part>,
    moves: Matrix,
    obstacles: Vec<Obstacle>,
    about: About,
    /// What was typed of it, when that was refused.
    review_on: String,
    note: String,
    errors: FieldErrors,
    beside: Beside,
}

/// What others say about the draft.
struct Beside {
    findings: Vec<Finding>,
    /// How many comments there are on each clause, by its place.
    comments: HashMap<String, i64>,
    /// What was contested since the version that it began as a copy of.
    since: Since,
}

impl Beside {
    async fn load(
        conn: &mut PgConnection,
        app: &App,
        row: &VersionRow,
        terms: &Terms,
        me: &User,
        layout: &Layout,
    ) -> AppResult<Beside> {
        Ok(Beside {
            findings: checks::load(conn, terms, layout.now).await?,
            comments: conversation::counts(conn, row.number).await?,
            since: disputes::since(conn, app, row.number, me, layout).await?,
        })
    }

    fn comments_on(&self, place: &str) -> &i64 {
        self.comments.get(place).unwrap_or(&0)
    }
}

struct Part {
    number: usize,
    key: &'static str,
    title: &'static str,
    intro: String,
    groups: Vec<Group>,
}

/// Clauses that stand together.
struct Group {
    /// None for single clauses.
    list: Option<&'static str>,
    heading: String,
    noun: &'static str,
    is_ordered: bool,
    lines: Vec<Line>,
}

struct Line {
    place: String,
    key: String,
    number: String,
    texts: Vec<String>,
    seen: String,
    /// Other ways than taking it out alone: a status is retired, and a retired one comes back.
    retire: Option<String>,
    restore: Option<String>,
}

impl Line {
    fn new(place: &Place, said: &Said, clause: &serde_json::Value) -> Line {
        let (mut retire, mut restore) = (None, None);
        let mut own = String::new();
        if let Place::Item { list, key } = place {
            own.clone_from(key);
            match *list {
                "vocabulary" => retire = Some(key.clone()),
                "retired_statuses" => restore = Some(key.clone()),
                _ => {}
            }
        }
        Line {
            place: place.to_string(),
            key: own,
            number: said.number.clone(),
            texts: said.texts.clone(),
            seen: fingerprint(Some(clause)),
            retire,
            restore,
        }
    }

    /// The address behind that of the clauses.
    fn address(&self) -> String {
        encode(&self.place)
    }
}

/// A version that managers change, with its terms as they stand, sound or not.
pub async fn load_draft(conn: &mut PgConnection, number: i32) -> AppResult<(VersionRow, Terms)> {
    let (row, terms) = find::version(conn, number).await?;
    match row.state {
        VersionState::Draft => Ok((row, terms)),
        state => Err(closed(number, state)),
    }
}

fn closed(number: i32, state: VersionState) -> AppError {
    let way = match state {
        VersionState::Proposed => "It can be sent back to its authors first.",
        _ => "Begin a new version instead.",
    };
    AppError::Conflict(format!("Version {number} is {} and does not change. {way}", state.label()))
}

fn parts(terms: &Terms) -> Vec<Part> {
    let document = prose::document(terms);
    let said = said::all(terms);
    let clauses = clauses::all(terms);
    let line =
        |(place, clause): &(Place, serde_json::Value)| Some(Line::new(place, said.get(place)?, clause));
    let group = |path: &'static str, mut groups: Vec<Group>| {
        if let Some(list) = LISTS.iter().copied().find(|list| *list == path) {
            let lines = clauses
                .iter()
                .filter(|(place, _)| matches!(place, Place::Item { list, .. } if *list == path))
                .filter_map(line)
                .collect();
            groups.push(Group {
                list: Some(list),
                heading: heading(list),
                noun: fields::noun(list),
                is_ordered: fields::is_ordered(list),
                lines,
            });
            return groups;
        }
        let found = clauses.iter().find(|(place, _)| *place == Place::Single(path)).and_then(line);
        match groups.last_mut().filter(|group| group.list.is_none()) {
            Some(group) => group.lines.extend(found),
            None => groups.push(Group {
                list: None,
                heading: String::new(),
                noun: "clause",
                is_ordered: false,
                lines: found.into_iter().collect(),
            }),
        }
        groups
    };
    document
        .parts
        .into_iter()
        .zip(ORDER)
        .map(|(part, paths)| {
            let mut groups = paths.iter().fold(vec![], |groups, path| group(path, groups));
            // Nobody retires a status by adding it here.
            groups.retain(|group| group.list != Some("retired_statuses") || !group.lines.is_empty());
            Part { number: part.number.into(), key: part.key, title: part.title, intro: part.intro, groups }
        })
        .collect()
}

fn heading(list: &str) -> String {
    match list {
        "vocabulary" => "Statuses".to_owned(),
        "retired_statuses" => "Statuses that this version gives up".to_owned(),
        list => format!("{}s", capital(fields::noun(list))),
    }
}

impl DraftPage {
    fn of(layout: Layout, me: &User, row: VersionRow, terms: &Terms, beside: Beside) -> DraftPage {
        let about = About { note: row.note, review_on: row.review_on };
        DraftPage {
            layout,
            number: row.number,
            state: row.state,
            based_on: row.based_on,
            may_edit: row.state == VersionState::Draft && Access::Manager.allows(me).is_ok(),
            title: terms.title.clone(),
            purpose: terms.purpose.clone(),
            parts: parts(terms),
            moves: Matrix::of(terms, field),
            obstacles: obstacles::all(terms, row.number),
            review_on: about.review_on.map(|day| day.to_string()).unwrap_or_default(),
            note: about.note.clone(),
            about,
            errors: FieldErrors::default(),
            beside,
        }
    }

    fn answer(&self, status: StatusCode) -> AppResult<Response> {
        let html = self.render().map_err(|error| AppError::Internal(error.into()))?;
        Ok((status, Html(html)).into_response())
    }
}

pub async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = find::version(&mut conn, number).await?;
    if row.state.is_final() {
        return Err(closed(number, row.state));
    }
    let beside = Beside::load(&mut conn, &app, &row, &terms, &me, &layout).await?;
    DraftPage::of(layout, &me, row, &terms, beside).answer(StatusCode::OK)
}

pub async fn begin(State(app): State<App>, me: User, flashes: Flashes) -> AppResult<Redirect> {
    let number = crate::agreement::actions::begin_draft(&app, &me).await?;
    let said = format!(
        "Version {number} begins as a copy of the one in force. Nothing changes until both departments sign it."
    );
    flashes.add(FlashKind::Success, said);
    Ok(Redirect::to(&format!("/agreement/{number}/edit")))
}

pub async fn give_up(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    flashes: Flashes,
) -> AppResult<Redirect> {
    crate::agreement::actions::give_up_draft(&app, &me, number).await?;
    flashes.add(FlashKind::Success, format!("The draft of version {number} is given up."));
    Ok(Redirect::to("/agreement"))
}

pub async fn save_about(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(typed): Form<HashMap<String, String>>,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = load_draft(&mut conn, number).await?;
    let get = |name: &str| typed.get(name).map(|text| text.replace("\r\n", "\n")).unwrap_or_default();
    let mut errors = FieldErrors::default();
    let note = get("note").trim().to_owned();
    if note.chars().count() > 2000 {
        errors.add("note", "This has more than 2000 characters; shorten it.");
    }
    let review_on = errors.check("review_on", local_time::date(&get("review_on"))).flatten();
    let today = app.clock.now().with_timezone(&me.time_zone).date_naive();
    if review_on.is_some_and(|day| day <= today) {
        errors.add(
            "review_on",
            format!("“{}” is not in the future; choose a later day.", text::excerpt(&get("review_on"))),
        );
    }
    if !errors.is_empty() {
        let beside = Beside::load(&mut conn, &app, &row, &terms, &me, &layout).await?;
        let page = DraftPage::of(layout, &me, row, &terms, beside);
        return DraftPage { errors, note: get("note"), review_on: get("review_on"), ..page }
            .answer(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let before =
        About { note: get("seen_note"), review_on: local_time::date(&get("seen_review_on")).ok().flatten() };
    drop(conn);
    super::actions::save_about(&app, &me, number, &before, &About { note, review_on }).await?;
    flashes.add(FlashKind::Success, "Saved.");
    Ok(Redirect::to(&format!("/agreement/{number}/edit")).into_response())
}

/// Back to where a clause stands in the draft.
pub fn back_to(number: i32, place: &Place) -> String {
    match place {
        Place::Item { list: list @ "jurisdictions.transitions", .. } => list_at(number, list),
        place => format!("/agreement/{number}/edit#at-{}", encode(&place.to_string())),
    }
}

/// Back to where a list stands; the moves are edited in their matrix.
pub fn list_at(number: i32, list: &str) -> String {
    match list {
        "jurisdictions.transitions" => format!("/agreement/{number}/edit/jurisdictions"),
        list => format!("/agreement/{number}/edit#list-{list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::clauses::{PARTS, SINGLES};

    #[test]
    fn every_clause_stands_on_the_page_once() {
        let mut paths: Vec<&str> = ORDER.concat();
        paths.extend(["title", "purpose"]);
        paths.sort_unstable();
        let mut all = [SINGLES.as_slice(), LISTS.as_slice()].concat();
        all.sort_unstable();
        assert_eq!(paths, all);
        for (part, paths) in PARTS.iter().zip(ORDER) {
            assert!(paths.iter().all(|path| path.starts_with(part) || *path == "retired_statuses"), "{part}");
        }
    }
}
