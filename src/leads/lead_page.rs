//! The page of one lead: who, why, where it stands, what happened, and what may be done next.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;

use super::acts::{ActivityForm, EventForm};
use super::form::TOUCH;
use super::form_query::{self, Beside};
use super::model::{Lead, display_name, outcomes};
use super::plane::points_text;
use super::timeline::{self, Line};
use super::timeline_query::{self, ENTRIES, TimelineRow};
use super::{list_query, queries};
use crate::agreement::citations::Citation;
use crate::agreement::facts::EVENT_KINDS;
use crate::agreement::known::CustomField;
use crate::agreement::terms::{Party, Transition};
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::{Access, User};
use crate::deals::model::{Deal, DealForm};
use crate::error::{AppError, AppResult};
use crate::handoffs::disputes::card::{self, Card};
use crate::handoffs::disputes::pages::{ContestForm, WaiverForm};
use crate::handoffs::judge::{self, Hold, Judgement, Verdict};
use crate::handoffs::pages::StatusForm;
use crate::handoffs::panel::{self, Panel};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::LeadId;
use crate::kernel::page::Cursor;
use crate::scoring::{CategoryKey, FitScore, InterestLine};
use crate::web::Layout;
use crate::web::layout::Moment;

/// What was typed into the page's forms, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Forms {
    pub note: String,
    pub note_errors: FieldErrors,
    pub activity: ActivityForm,
    pub activity_errors: FieldErrors,
    pub event: EventForm,
    pub event_errors: FieldErrors,
    pub status: StatusForm,
    pub status_errors: FieldErrors,
    pub withdraw_reason: String,
    pub withdraw_errors: FieldErrors,
    pub contest: ContestForm,
    pub contest_errors: FieldErrors,
    pub waiver: WaiverForm,
    pub waiver_errors: FieldErrors,
}

impl Forms {
    /// Nothing typed yet.
    pub fn fresh(me: &User, layout: &Layout) -> Forms {
        Forms { event: EventForm::fresh(layout.now, me.time_zone), ..Forms::default() }
    }
}

#[derive(Template)]
#[template(path = "leads/lead.html")]
struct LeadPage {
    layout: Layout,
    me: User,
    lead: Lead,
    lead_id: LeadId,
    name: String,
    beside: Beside,
    custom: Vec<CustomField>,
    version: Arc<Version>,
    scores: Scores,
    /// Why the lead is not with sales, sentence by sentence, each with its clause.
    holds: Vec<(String, Option<Citation>)>,
    moves: Vec<Transition>,
    panel: Panel,
    card: Card,
    deals: Vec<Deal>,
    deal: DealForm,
    timeline: Vec<Line>,
    older: Option<String>,
    /// Whether the timeline begins further back than now.
    is_continued: bool,
    forms: Forms,
    /// The forms of the handoff panel answer with pages of their own.
    errors: FieldErrors,
    may_add_events: bool,
}

/// The two scores with their reasons, under the version that judged the lead.
struct Scores {
    judged: Arc<Version>,
    category: CategoryKey,
    fit: FitScore,
    interest: f64,
    interest_lines: Vec<InterestLine>,
    /// When the lead cools below the threshold, if it has not.
    hot_until: Option<Moment>,
    /// When it did.
    cooled: Option<Moment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TimelinePlace {
    after: String,
}

pub async fn show(
    State(app): State<App>,
    Path(id): Path<LeadId>,
    Query(place): Query<TimelinePlace>,
    me: User,
    layout: Layout,
) -> AppResult<Response> {
    let after = if place.after.is_empty() { None } else { Some(place_of(&place.after)?) };
    let forms = Forms::fresh(&me, &layout);
    render(&app, id, me, layout, after, forms, StatusCode::OK).await
}

fn place_of(after: &str) -> AppResult<(DateTime<Utc>, uuid::Uuid)> {
    let cursor: Cursor = after.parse().map_err(AppError::BadRequest)?;
    let at = cursor.key.parse().ok().and_then(DateTime::from_timestamp_micros);
    let at = at
        .filter(|at| (1..=9999).contains(&chrono::Datelike::year(at)))
        .ok_or_else(|| AppError::BadRequest(format!("“{after}” is not a place in a timeline")))?;
    Ok((at, cursor.id))
}

/// Renders the page, with what was typed into its forms.
pub async fn render(
    app: &App,
    id: LeadId,
    me: User,
    layout: Layout,
    after: Option<(DateTime<Utc>, uuid::Uuid)>,
    forms: Forms,
    status: StatusCode,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let loaded = queries::load(&mut conn, id).await?.ok_or_else(no_such_lead)?;
    let lead = loaded.lead;
    let beside = form_query::beside(&mut conn, id).await?;
    let version = match &beside.standing {
        Some(standing) => app.versions.obeyed(&mut conn, standing).await?,
        None => app.versions.in_force(&mut conn).await?,
    };
    let judged = app.versions.get(&mut conn, lead.judged_version).await?;
    let custom =
        if lead.facts.custom.is_empty() { vec![] } else { form_query::custom_fields(&mut conn).await? };
    let mut rows = timeline_query::timeline(&mut conn, id, after).await?;
    let has_older = rows.len() as i64 > ENTRIES;
    rows.truncate(ENTRIES as usize);
    let older = rows.last().filter(|_| has_older).map(|row| {
        let cursor = Cursor { key: row.at.timestamp_micros().to_string(), id: row.id };
        format!("/leads/{id}?after={}#timeline", crate::web::forms::encode(&cursor.to_string()))
    });
    let panel = panel::load(&mut conn, app, &version, &lead, &me, &layout).await?;
    let card = card::load(&mut conn, app, id, &panel.handoffs(), beside.has_disputes, &me, &layout).await?;
    let deals = if beside.has_deals { crate::deals::queries::of_lead(&mut conn, id).await? } else { vec![] };
    let holds = holds(&judge::judge(&version, &lead, loaded.has_open_handoff, layout.now), &version, &lead);
    let versions = versions_of(&mut conn, app, &rows).await?;
    let moves = if loaded.has_open_handoff {
        vec![]
    } else {
        version.terms.moves_from(&lead.status, Party::from(me.department)).cloned().collect()
    };
    let name =
        display_name(lead.facts.name.as_deref(), lead.facts.email.as_deref(), lead.facts.company.as_deref())
            .to_owned();
    let page = LeadPage {
        scores: scores(judged, &lead, &layout),
        timeline: timeline::tell(&rows, &version, &versions),
        may_add_events: Access::Marketing.allows(&me).is_ok(),
        deal: DealForm::default(),
        errors: FieldErrors::default(),
        is_continued: after.is_some(),
        lead_id: id,
        layout,
        me,
        lead,
        name,
        beside,
        custom,
        version,
        holds,
        moves,
        panel,
        card,
        deals,
        older,
        forms,
    };
    let html = page.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok((status, Html(html)).into_response())
}

pub fn no_such_lead() -> AppError {
    AppError::NotFound("There is no such lead. It may have been mistyped.".to_owned())
}

fn scores(judged: Arc<Version>, lead: &Lead, layout: &Layout) -> Scores {
    let rules = judged.terms.interest.scoring();
    let until = lead.hot_until.map(|until| (until > layout.now, layout.time(&until)));
    Scores {
        category: list_query::category(lead.good_fit, lead.hot_until, layout.now),
        fit: FitScore::of(&judged.terms.fit.rules, &lead.facts),
        interest: lead.interest.points_at(&rules, layout.now),
        interest_lines: lead.interest.lines(&rules, layout.now),
        hot_until: until.clone().filter(|(is_hot, _)| *is_hot).map(|(_, at)| at),
        cooled: until.filter(|(is_hot, _)| !is_hot).map(|(_, at)| at),
        judged,
    }
}

fn holds(judgement: &Judgement, version: &Version, lead: &Lead) -> Vec<(String, Option<Citation>)> {
    match &judgement.verdict {
        Verdict::Held(holds) => holds
            .iter()
            .map(|hold| {
                let cited = match hold {
                    Hold::NoTransition { .. } => {
                        version.cite_move(&lead.status, &version.terms.jurisdictions.acts.offered)
                    }
                    _ => version.cite(hold.path()),
                };
                (hold.to_string(), cited)
            })
            .collect(),
        Verdict::NotDue(route) => {
            let said = format!("Its category is routed to “{}” (part 5, Categories).", route.label());
            vec![(said, version.cite_category(judgement.category))]
        }
        Verdict::Offer(_) | Verdict::AlreadyOpen => vec![],
    }
}

/// The versions that the entries of a timeline name. One whose terms were tampered with explains nothing any more, but
/// must not hide the rest.
async fn versions_of(
    conn: &mut PgConnection,
    app: &App,
    rows: &[TimelineRow],
) -> AppResult<HashMap<i32, Arc<Version>>> {
    let mut versions = HashMap::new();
    for number in rows.iter().filter_map(|row| row.version).collect::<BTreeSet<_>>() {
        match app.versions.get(conn, number).await {
            Ok(version) => _ = versions.insert(number, version),
            Err(error) => tracing::warn!(number, %error, "a timeline names a version that cannot be read"),
        }
    }
    Ok(versions)
}

impl Scores {
    fn label(&self) -> &str {
        &self.judged.terms.category(self.category).label
    }

    /// Interest on a bar on which the threshold stands in the middle.
    fn interest_percent(&self) -> f64 {
        (self.interest / self.judged.terms.categories.interest_high * 50.0).min(100.0)
    }

    fn line_percent(&self, points: f64) -> f64 {
        if self.interest > 0.0 { (points / self.interest * 100.0).clamp(0.0, 100.0) } else { 0.0 }
    }
}

impl LeadPage {
    fn points(&self, points: f64) -> String {
        points_text(points)
    }

    /// The statuses that this person's department may give, those with a reason marked.
    fn move_choices(&self) -> Vec<(&str, String)> {
        let label = |to: &Transition| {
            format!(
                "{}{}",
                self.version.terms.status_label(&to.to),
                if to.reason { " (with a reason)" } else { "" }
            )
        };
        self.moves.iter().map(|to| (to.to.as_str(), label(to))).collect()
    }

    /// Label and value of each custom field that is filled in.
    fn custom_values(&self) -> Vec<(&str, String)> {
        let label = |key: &'_ str| {
            self.custom.iter().find(|field| field.key == key).map(|field| field.label.as_str())
        };
        self.lead.facts.custom.iter().map(|(key, value)| (label(key).unwrap_or(key), plain(value))).collect()
    }

    /// The touches with their filled parameters.
    fn touches(&self) -> Vec<(&'static str, Vec<(&'static str, &str)>)> {
        let filled =
            |touch: &'_ crate::agreement::facts::Utm| TOUCH.iter().any(|(name, _)| touch.get(name).is_some());
        let touches =
            [("First touch", &self.lead.facts.first_touch), ("Last touch", &self.lead.facts.last_touch)];
        touches
            .into_iter()
            .filter(|(_, touch)| filled(touch))
            .map(|(title, touch)| {
                (title, TOUCH.iter().filter_map(|(name, label)| Some((*label, touch.get(name)?))).collect())
            })
            .collect()
    }

    fn kinds(&self) -> &'static [(&'static str, &'static str)] {
        EVENT_KINDS
    }

    /// Every activity with every outcome, as one choice.
    fn activities(&self) -> Vec<(String, String)> {
        let named = [("call", "Call"), ("email", "E-mail"), ("meeting", "Meeting")];
        named
            .iter()
            .flat_map(|(kind, label)| {
                outcomes(kind).iter().map(move |(key, outcome)| {
                    (format!("{kind}:{key}"), format!("{label}: {}", outcome.to_lowercase()))
                })
            })
            .collect()
    }
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Bool(true) => "yes".to_owned(),
        serde_json::Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}
