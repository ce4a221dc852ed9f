//! Choosing what to learn from, and taking what was learnt into the draft.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use uuid::Uuid;

use super::accept::Accepted;
use super::judge_card::Tally;
use super::leaks::Candidate;
use super::model::{self, Axis, Choice, Column, Outcome};
use super::queries::{self, SuggestionRow};
use super::suggest::{Line, Suggestion};
use super::{actions, jobs};
use crate::agreement::find;
use crate::agreement::queries::{VersionRow, VersionState};
use crate::agreement::terms::Terms;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::scoring::CategoryKey;
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/agreement/{number}/points", Access::SignedIn, show_start)
        .post("/agreement/{number}/points", Access::Manager, ask)
        .get("/agreement/{number}/points/{id}", Access::SignedIn, show)
        .post("/agreement/{number}/points/{id}/accept", Access::Manager, accept)
}

#[derive(Template, WebTemplate)]
#[template(path = "points/start.html")]
struct StartPage {
    layout: Layout,
    row: VersionRow,
    may_change: bool,
    outcome: String,
    outcomes: Vec<(String, String)>,
    candidates: Vec<Candidate>,
    ticked: Vec<Column>,
    /// Closed leads that were looked at.
    closed: usize,
    suggestions: Vec<SuggestionRow>,
    errors: FieldErrors,
}

#[derive(Deserialize)]
struct OutcomeQuery {
    #[serde(default)]
    outcome: String,
}

#[derive(Deserialize)]
struct AskForm {
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    column: Vec<String>,
}

impl StartPage {
    /// The page with these fields ticked, or those that are ticked by default.
    async fn of(
        app: &App,
        (me, layout): (&User, Layout),
        number: i32,
        outcome: &Outcome,
        ticked: Option<Vec<Column>>,
        errors: FieldErrors,
    ) -> AppResult<StartPage> {
        let mut conn = app.db.acquire().await?;
        let row = find::row(&mut conn, number).await?;
        let (candidates, closed) = actions::candidates(&mut conn, outcome).await?;
        let by_default = candidates.iter().filter(|candidate| candidate.by_default());
        let by_default = || by_default.map(|candidate| candidate.column.clone()).collect();
        let mut outcomes = vec![("deals".to_owned(), "Deals won and lost, and hand-backs".to_owned())];
        let fields = queries::custom_fields(&mut conn).await?;
        outcomes.extend(
            fields
                .into_iter()
                .filter(|field| field.is_bool)
                .map(|field| (format!("custom.{}", field.key), field.label)),
        );
        Ok(StartPage {
            layout,
            may_change: row.state == VersionState::Draft && Access::Manager.allows(me).is_ok(),
            outcome: outcome.to_string(),
            outcomes,
            ticked: ticked.unwrap_or_else(by_default),
            candidates,
            closed,
            suggestions: queries::of_version(&mut conn, number).await?,
            row,
            errors,
        })
    }

    /// The candidates of an axis, under its heading.
    fn groups(&self) -> [(&'static str, &'static str, Vec<&Candidate>); 2] {
        let of = |axis| self.candidates.iter().filter(|candidate| candidate.column.axis() == axis).collect();
        [
            ("fit", "What the lead is: fit", of(Axis::Fit)),
            ("interest", "What the lead does: interest", of(Axis::Interest)),
        ]
    }

    fn share(&self, candidate: &Candidate) -> String {
        percent(f64::from(candidate.filled) / self.closed.max(1) as f64)
    }
}

async fn show_start(
    State(app): State<App>,
    me: User,
    layout: Layout,
    Path(number): Path<i32>,
    Query(query): Query<OutcomeQuery>,
) -> AppResult<StartPage> {
    let outcome = if query.outcome.is_empty() { Ok(Outcome::Deals) } else { query.outcome.parse() };
    let mut errors = FieldErrors::default();
    let outcome = errors.check("outcome", outcome).unwrap_or_default();
    StartPage::of(&app, (&me, layout), number, &outcome, None, errors).await
}

async fn ask(
    State(app): State<App>,
    me: User,
    layout: Layout,
    Path(number): Path<i32>,
    Form(form): Form<AskForm>,
) -> AppResult<Response> {
    let mut errors = FieldErrors::default();
    let outcome: Option<Outcome> = errors.check("outcome", form.outcome.parse());
    let columns: Vec<Column> = form.column.iter().map(|name| Column::parse(name)).collect();
    if columns.is_empty() {
        errors.add("column", "No field is ticked. Tick at least one field to learn from.");
    }
    match outcome {
        Some(outcome) if errors.is_empty() => {
            let id = actions::ask(&app, &me, number, &Choice { outcome, columns }).await?;
            Ok(Redirect::to(&format!("/agreement/{number}/points/{id}")).into_response())
        }
        outcome => {
            let outcome = outcome.unwrap_or_default();
            actions::draft(&mut *app.db.acquire().await?, number).await?;
            let page = StartPage::of(&app, (&me, layout), number, &outcome, Some(columns), errors).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "points/suggestion.html")]
struct SuggestionPage {
    layout: Layout,
    version: VersionRow,
    row: SuggestionRow,
    topic: String,
    may_change: bool,
    suggestion: Option<Suggestion>,
    /// Labels of the fields that were learnt from.
    fields: String,
    /// Labels of the draft's rules that go away when all are replaced.
    replaced: Vec<String>,
    /// The four categories as the draft calls them.
    categories: [String; 4],
    form: AcceptForm,
    errors: FieldErrors,
}

#[derive(Deserialize)]
struct AcceptForm {
    #[serde(default)]
    line: Vec<usize>,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    thresholds: bool,
}

impl SuggestionPage {
    async fn of(
        app: &App,
        (me, layout): (&User, Layout),
        (number, id): (i32, Uuid),
        form: Option<AcceptForm>,
        errors: FieldErrors,
    ) -> AppResult<SuggestionPage> {
        let mut conn = app.db.acquire().await?;
        let version = find::row(&mut conn, number).await?;
        let row = actions::find(&mut conn, number, id).await?;
        let names = actions::names(&mut conn).await?;
        let suggestion = actions::result(&row)?;
        let terms: Terms = serde_json::from_value(version.terms.clone()).map_err(anyhow::Error::from)?;
        let choice: Choice = serde_json::from_value(row.choice.clone()).map_err(anyhow::Error::from)?;
        let everything = || AcceptForm {
            line: suggestion
                .iter()
                .flat_map(|found| (0..found.lines.len()).filter(|at| found.lines[*at].points != 0))
                .collect(),
            mode: "replace".to_owned(),
            thresholds: true,
        };
        Ok(SuggestionPage {
            layout,
            may_change: version.state == VersionState::Draft && Access::Manager.allows(me).is_ok(),
            topic: jobs::topic(id),
            form: form.unwrap_or_else(everything),
            fields: choice.columns.iter().map(|column| names.column(column)).collect::<Vec<_>>().join(", "),
            replaced: suggestion.as_ref().map(|found| replaced(found, &terms)).unwrap_or_default(),
            categories: CategoryKey::all().map(|key| terms.category(key).label.clone()),
            suggestion,
            version,
            row,
            errors,
        })
    }

    fn axes(&self) -> [(Axis, &'static str); 2] {
        [(Axis::Fit, "Fit"), (Axis::Interest, "Interest")]
    }

    fn is_ticked(&self, at: &usize) -> bool {
        self.form.line.contains(at)
    }

    /// The categories under the draft's rules and under the suggestion.
    fn categories_of<'a>(
        &'a self,
        suggestion: &'a Suggestion,
    ) -> impl Iterator<Item = (&'a String, Tally, Tally)> {
        let tallies = suggestion.now.categories.into_iter().zip(suggestion.suggested.categories);
        self.categories.iter().zip(tallies).map(|(label, (now, new))| (label, now, new))
    }
}

/// The rules that no accepted clause keeps.
fn replaced(suggestion: &Suggestion, terms: &Terms) -> Vec<String> {
    let lines = |axis: Axis| {
        suggestion.lines.iter().filter(move |line| line.points != 0 && line.clause.axis() == axis)
    };
    let fit = terms.fit.rules.iter().filter(|rule| {
        lines(Axis::Fit).next().is_some() && !lines(Axis::Fit).any(|line| line.clause.when == rule.when)
    });
    let interest = terms.interest.rules.iter().filter(|rule| {
        let same = |line: &Line| line.clause.event() == Some(&rule.event) && line.clause.when == rule.when;
        lines(Axis::Interest).next().is_some() && !lines(Axis::Interest).any(same)
    });
    fit.map(|rule| rule.label.clone()).chain(interest.map(|rule| rule.label.clone())).collect()
}

async fn show(
    State(app): State<App>,
    me: User,
    layout: Layout,
    Path(path): Path<(i32, Uuid)>,
) -> AppResult<SuggestionPage> {
    SuggestionPage::of(&app, (&me, layout), path, None, FieldErrors::default()).await
}

async fn accept(
    State(app): State<App>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Path((number, id)): Path<(i32, Uuid)>,
    Form(form): Form<AcceptForm>,
) -> AppResult<Response> {
    let row = actions::find(&mut *app.db.acquire().await?, number, id).await?;
    let Some(suggestion) = actions::result(&row)? else {
        return Err(AppError::Conflict(
            "Nothing has been learnt yet. Wait for the result, then accept.".into(),
        ));
    };
    let mut errors = FieldErrors::default();
    if !matches!(form.mode.as_str(), "replace" | "add") {
        errors.add("mode", "Say whether the points replace the rules of the draft or are added to them.");
    }
    if form.line.is_empty() && !form.thresholds {
        errors.add("line", "No clause is ticked. Tick what the draft should take over.");
    }
    if !errors.is_empty() {
        actions::draft(&mut *app.db.acquire().await?, number).await?;
        let page = SuggestionPage::of(&app, (&me, layout), (number, id), Some(form), errors).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let accepted =
        Accepted { replace: form.mode == "replace", lines: form.line, thresholds: form.thresholds };
    let changed = actions::accept(&app, &me, number, &suggestion, &accepted).await?;
    let text = match changed {
        0 => "The draft has these points already; nothing changed.".to_owned(),
        1 => "1 clause of the draft changed. Back-test it before you propose it.".to_owned(),
        more => format!("{more} clauses of the draft changed. Back-test it before you propose it."),
    };
    flashes.add(FlashKind::Success, text);
    Ok(Redirect::to(&format!("/agreement/{number}/points/{id}")).into_response())
}

fn percent(share: f64) -> String {
    // The sign stays on the line of its number.
    format!("{:.0}\u{a0}%", share * 100.0)
}

impl Tally {
    /// “38 %”.
    fn percent(&self) -> String {
        if self.leads == 0 { "–".to_owned() } else { percent(self.rate()) }
    }

    /// “31 to 46 %”.
    fn range(&self) -> String {
        let (low, high) = self.interval();
        format!("{:.0} to {:.0}\u{a0}%", low * 100.0, high * 100.0)
    }

    /// Where the interval begins and how wide it is, in percent of the bar.
    fn span(&self) -> (f64, f64) {
        let (low, high) = self.interval();
        (low * 100.0, ((high - low) * 100.0).max(1.0))
    }
}

impl super::judge_card::Figures {
    fn auc_words(&self) -> String {
        match (self.auc, self.auc_interval) {
            (Some(auc), Some((low, high))) => format!("{auc:.2} ({low:.2} to {high:.2})"),
            _ => "–".to_owned(),
        }
    }

    fn lift_words(&self) -> String {
        match (self.lift, self.top_quarter) {
            (Some(lift), Some(rate)) => format!("{lift:.1} times ({})", percent(rate)),
            _ => "–".to_owned(),
        }
    }
}

impl SuggestionRow {
    /// Tone and words of where it stands.
    fn badge(&self) -> (&'static str, &'static str) {
        match self.state {
            model::State::Waiting => ("blue", "waiting"),
            model::State::Running => ("blue", "learning"),
            model::State::Done => ("green", "done"),
            model::State::Failed => ("red", "nothing learnt"),
        }
    }

    /// The kept result in one line.
    fn summary(&self) -> String {
        match actions::result(self) {
            Ok(Some(found)) => format!(
                "{} closed leads, {} clauses, AUC {}",
                found.closed.leads,
                found.lines.iter().filter(|line| line.points != 0).count(),
                found.suggested.auc_words()
            ),
            _ => String::new(),
        }
    }
}
