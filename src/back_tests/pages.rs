//! The back-tests of a version, one of them, and the leads behind its figures.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use uuid::Uuid;

use super::actions;
use super::figures::Side;
use super::lists::{Figure, MOST};
use super::model::{self, BackTest, WINDOWS, WindowForm};
use super::queries::{self, LeadLine};
use super::report::Report;
use crate::agreement::find;
use crate::agreement::queries::{self as agreement, VersionRow, VersionState};
use crate::agreement::terms::Terms;
use crate::agreement::validate::TermsError;
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::page::PAGE_SIZE;
use crate::kernel::text::grouped;
use crate::leads::model::display_name;
use crate::web::flash::FlashKind;
use crate::web::forms::{encode, query};
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/agreement/{number}/back-tests", Access::SignedIn, list)
        .post("/agreement/{number}/back-tests", Access::Manager, start)
        .get("/back-tests/{id}", Access::SignedIn, show)
        .post("/back-tests/{id}/cancel", Access::Manager, cancel)
        .get("/back-tests/{id}/leads", Access::SignedIn, leads)
}

#[derive(Template, WebTemplate)]
#[template(path = "back_tests/list.html")]
struct ListPage {
    layout: Layout,
    row: VersionRow,
    tests: Vec<BackTest>,
    /// Topics of those at work.
    topics: String,
    may_start: bool,
    window: WindowForm,
    errors: FieldErrors,
    /// What is unsound in the terms.
    problems: Vec<TermsError>,
}

impl ListPage {
    async fn of(app: &App, layout: Layout, me: &User, number: i32, form: WindowForm) -> AppResult<ListPage> {
        let mut conn = app.db.acquire().await?;
        let row = find::row(&mut conn, number).await?;
        let tests = queries::of_version(&mut conn, number).await?;
        let at_work: Vec<String> =
            tests.iter().filter(|test| test.is_at_work()).map(|test| actions::topic(test.id)).collect();
        let on_its_way =
            matches!(row.state, VersionState::Draft | VersionState::Proposed | VersionState::Signed);
        Ok(ListPage {
            may_start: on_its_way && Access::Manager.allows(me).is_ok(),
            topics: encode(&at_work.join(" ")),
            layout,
            row,
            tests,
            window: form,
            errors: FieldErrors::default(),
            problems: vec![],
        })
    }

    fn windows(&self) -> Vec<(String, String)> {
        let days = WINDOWS.iter().map(|days| (days.to_string(), format!("The last {days} days")));
        days.chain([("dates".to_owned(), "Between two dates".to_owned())]).collect()
    }

    /// First and last day of a window.
    fn days(&self, test: &BackTest) -> String {
        days(test, &self.layout)
    }

    /// Handoffs under the draft and under the version in force.
    fn handoffs(&self, test: &BackTest) -> Option<[String; 2]> {
        let figures = test.outcome()?.figures;
        Some(
            [Side::Draft, Side::InForce]
                .map(|side| grouped(&figures.sides[side as usize].handoffs.to_string())),
        )
    }

    fn has_changed(&self, test: &BackTest) -> bool {
        test.terms_sha256 != self.row.terms_sha256
    }
}

async fn list(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
) -> AppResult<ListPage> {
    let form = WindowForm { days: "90".into(), ..WindowForm::default() };
    ListPage::of(&app, layout, &me, number, form).await
}

async fn start(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    Form(form): Form<WindowForm>,
) -> AppResult<Response> {
    let (errors, problems) = match form.check(me.time_zone, app.clock.now()) {
        Err(errors) => (errors, vec![]),
        Ok(window) => match actions::start(&app, &me, number, &window).await? {
            Ok(id) => return Ok(Redirect::to(&format!("/back-tests/{id}")).into_response()),
            Err(problems) => (FieldErrors::default(), problems),
        },
    };
    let page = ListPage::of(&app, layout, &me, number, form).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, ListPage { errors, problems, ..page }).into_response())
}

#[derive(Template, WebTemplate)]
#[template(path = "back_tests/back_test.html")]
struct BackTestPage {
    layout: Layout,
    test: BackTest,
    row: VersionRow,
    days: String,
    topic: String,
    may_cancel: bool,
    /// When it came to its end.
    report: Option<Report>,
    /// The version that is in force now.
    in_force: i32,
}

impl BackTestPage {
    fn has_changed(&self) -> bool {
        self.test.terms_sha256 != self.row.terms_sha256
    }

    fn list(&self, figure: &str) -> String {
        list_of(self.test.id, figure)
    }

    fn percent(&self) -> i64 {
        (self.test.done * 100 / self.test.total.max(1)).clamp(0, 100)
    }
}

async fn show(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    me: User,
    layout: Layout,
) -> AppResult<BackTestPage> {
    let mut conn = app.db.acquire().await?;
    let test = queries::find(&mut conn, id).await?.ok_or_else(actions::no_such_back_test)?;
    let row = agreement::version(&mut conn, test.version).await?.ok_or_else(actions::no_such_back_test)?;
    let report = match test.outcome() {
        Some(outcome) => {
            let (draft, in_force) = terms_of(&app, &test).await?;
            Some(Report::of(&test, &outcome, &draft, &in_force.terms, me.time_zone))
        }
        None => None,
    };
    Ok(BackTestPage {
        days: days(&test, &layout),
        topic: actions::topic(id),
        may_cancel: test.is_at_work() && Access::Manager.allows(&me).is_ok(),
        in_force: app.versions.in_force(&mut conn).await?.number,
        layout,
        test,
        row,
        report,
    })
}

/// The terms that were tried, and the version that they were compared with.
async fn terms_of(app: &App, test: &BackTest) -> AppResult<(Terms, Arc<Version>)> {
    let mut conn = app.db.acquire().await?;
    let terms = queries::terms(&mut conn, test.id).await?.ok_or_else(actions::no_such_back_test)?;
    let terms = serde_json::from_value(terms).map_err(anyhow::Error::from)?;
    Ok((terms, app.versions.get(&mut conn, test.against).await?))
}

async fn cancel(State(app): State<App>, Path(id): Path<Uuid>, flashes: Flashes) -> AppResult<Redirect> {
    actions::cancel(&app, id).await?;
    flashes.add(FlashKind::Info, "The back-test was cancelled. Nothing was kept of it.");
    Ok(Redirect::to(&format!("/back-tests/{id}")))
}

#[derive(Template, WebTemplate)]
#[template(path = "back_tests/leads.html")]
struct LeadsPage {
    layout: Layout,
    test: BackTest,
    title: String,
    /// As many as are kept.
    count: String,
    is_cut: bool,
    leads: Vec<LeadLine>,
    in_force: Arc<Version>,
    first: Option<String>,
    next: Option<String>,
}

impl LeadsPage {
    fn name<'a>(&self, lead: &'a LeadLine) -> &'a str {
        display_name(lead.name.as_deref(), lead.email.as_deref(), lead.company.as_deref())
    }
}

#[derive(Deserialize)]
struct LeadsQuery {
    #[serde(default)]
    figure: String,
    after: Option<Uuid>,
}

async fn leads(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Query(wanted): Query<LeadsQuery>,
    layout: Layout,
) -> AppResult<LeadsPage> {
    let mut conn = app.db.acquire().await?;
    let test = queries::find(&mut conn, id).await?.ok_or_else(actions::no_such_back_test)?;
    let figure = Figure::parse(&wanted.figure)
        .ok_or_else(|| AppError::NotFound("A back-test has no such figure.".into()))?;
    let (draft, against) = terms_of(&app, &test).await?;
    let after = wanted.after.unwrap_or(Uuid::nil());
    let mut leads = queries::leads(&mut conn, id, &wanted.figure, after, PAGE_SIZE + 1).await?;
    let kept = queries::kept(&mut conn, id, &wanted.figure).await?;
    let has_more = leads.len() as i64 > PAGE_SIZE;
    leads.truncate(PAGE_SIZE as usize);
    let here = list_of(id, &wanted.figure);
    Ok(LeadsPage {
        title: title(&figure, &test, [&draft, &against.terms]),
        count: grouped(&kept.to_string()),
        is_cut: usize::try_from(kept).is_ok_and(|kept| kept >= MOST),
        next: leads.last().filter(|_| has_more).map(|lead| format!("{here}&after={}", lead.id)),
        first: wanted.after.map(|_| here),
        in_force: app.versions.in_force(&mut conn).await?,
        layout,
        test,
        leads,
    })
}

fn list_of(id: Uuid, figure: &str) -> String {
    format!("/back-tests/{id}/leads{}", query(&[("figure", figure)]))
}

/// First and last day of a window, as the reader counts days.
fn days(test: &BackTest, layout: &Layout) -> String {
    let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&layout.time_zone).format("%-d %b %Y");
    let last = test.window_to - chrono::TimeDelta::microseconds(1);
    format!("{} to {}", day(test.window_from), day(last))
}

/// What the leads of a figure have in common.
fn title(figure: &Figure, test: &BackTest, terms: [&Terms; 2]) -> String {
    let whose = |side: &Side| match side {
        Side::Draft => "under the draft".to_owned(),
        Side::InForce => format!("under version {}", test.against),
        Side::Recorded => "as it happened".to_owned(),
    };
    let category = |key: &crate::scoring::CategoryKey| terms[0].category(*key).label.clone();
    match figure {
        Figure::Handed(side) => format!("Handed over {}", whose(side)),
        Figure::AtStart(side) => format!("Handed over at the first instant {}", whose(side)),
        Figure::Week(week, side) => format!("Handed over in week {} {}", week + 1, whose(side)),
        Figure::Queue(side, queue) => {
            let known = terms.iter().find_map(|terms| terms.queue(queue));
            let label = known.map_or(queue.as_str(), |queue| &queue.label);
            format!("Handed over to the queue {label} {}", whose(side))
        }
        Figure::Converted(side) => format!("Qualified by sales {}", whose(side)),
        Figure::HandedBack(side) => format!("Handed back {}", whose(side)),
        Figure::Withdrawn(side) => format!("Withdrawn {}", whose(side)),
        Figure::Undecided(side) => format!("Open or unknown {}", whose(side)),
        Figure::Category(side, key) => format!("{} when first offered {}", category(key), whose(side)),
        Figure::CategoryWon(side, key) => {
            format!("Won, {} when first offered {}", category(key), whose(side))
        }
        Figure::CategoryLost(side, key) => {
            format!("Lost, {} when first offered {}", category(key), whose(side))
        }
        Figure::OutsideHours(side) => format!("Handed over outside working hours {}", whose(side)),
        Figure::ClaimLater(side) => format!("Claim due on a later day {}", whose(side)),
        Figure::ContactLater(side) => format!("First contact due on a later day {}", whose(side)),
        Figure::Both => format!("Handed over by the draft and by version {}", test.against),
        Figure::Gained => format!("Gained: by the draft, not by version {}", test.against),
        Figure::Lost => format!("Lost: by version {}, not by the draft", test.against),
        Figure::HandBacksAvoided => "Hand-backs that the draft avoids".to_owned(),
        Figure::Won => "Won a deal that came of the window".to_owned(),
        Figure::WonBy(side) => format!("Won, and handed over in time {}", whose(side)),
        Figure::WonMissed => "Won, and missed by the draft".to_owned(),
        Figure::WonCaught => format!("Won, caught by the draft and not by version {}", test.against),
    }
}

impl BackTest {
    /// Tone and words of where it stands.
    fn badge(&self) -> (&'static str, &'static str) {
        match self.state {
            model::State::Waiting => ("blue", "waiting"),
            model::State::Running => ("blue", "running"),
            model::State::Done => ("green", "done"),
            model::State::Failed => ("red", "stopped"),
            model::State::Cancelled => ("neutral", "cancelled"),
        }
    }
}
