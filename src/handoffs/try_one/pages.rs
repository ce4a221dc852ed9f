//! The page that tries one lead.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::form::{self, EVENTS, Invented};
use crate::agreement::facts::{EVENT_KINDS, event_label};
use crate::agreement::find as versions;
use crate::agreement::known::CustomKind;
use crate::agreement::prose::{self, Document};
use crate::agreement::queries::VersionRow;
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::handoffs::queries as handoffs;
use crate::handoffs::reps::{self, Rep};
use crate::handoffs::trace::{self, Outcome, Trace, TrackTried};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::LeadId;
use crate::leads::find::{self, Found};
use crate::leads::form::{Options, TOUCH, Typed};
use crate::leads::form_query;
use crate::leads::model::display_name;
use crate::leads::plane::points_text;
use crate::leads::{Lead, queries as leads};
use crate::scoring::ScoredEvent;
use crate::web::{Layout, Routes};

/// Leads that a search shows.
const FOUND: usize = 8;

pub fn pages() -> Routes {
    Routes::new().get("/agreement/{number}/try", Access::SignedIn, show)
}

#[derive(Template)]
#[template(path = "handoffs/try.html")]
struct TryPage {
    layout: Layout,
    row: VersionRow,
    version: Version,
    /// What was searched for, and what was found.
    q: String,
    found: Option<Vec<Found>>,
    typed: Typed,
    options: Options,
    errors: FieldErrors,
    /// Who is tried.
    tried: Option<Tried>,
}

/// A lead with what the versions make of it.
struct Tried {
    name: String,
    /// None for an invented one.
    lead: Option<LeadId>,
    /// This version, and the one in force if it is another.
    sides: Vec<Side>,
}

/// What one version makes of it.
struct Side {
    title: String,
    version: Version,
    document: Document,
    trace: Trace,
    status: String,
    /// Everybody in Sales, with why not.
    reps: Vec<(Rep, Option<String>)>,
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    Query(fields): Query<HashMap<String, String>>,
    me: User,
    layout: Layout,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let now = layout.now;
    let (row, version) = versions::judging(&mut conn, number).await?;
    let in_force = app.versions.in_force(&mut conn).await?;
    let options = form_query::options(&mut conn).await?;
    let get = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let mut page = TryPage {
        q: get("q"),
        found: None,
        typed: form::blank(),
        options,
        errors: FieldErrors::default(),
        tried: None,
        layout,
        row,
        version,
    };
    if !page.q.trim().is_empty() {
        match find::find(&mut conn, &page.q, FOUND, now).await? {
            Ok(found) => page.found = Some(found),
            Err(why) => page.errors.add("q", why),
        }
    }
    let mut wanted = vec![Version::of(number, page.version.terms.clone())?];
    if in_force.number != number {
        wanted.push(Version::of(in_force.number, in_force.terms.clone())?);
    }
    if !get("lead").is_empty() {
        page.tried = Some(real(&mut conn, &get("lead"), wanted, in_force.number, now).await?);
    } else if fields.contains_key("invented") {
        page.typed = Typed::new(fields.clone());
        match form::check(fields, &page.version, &page.options, me.time_zone, now) {
            Ok(invented) => {
                page.tried = Some(of_invented(&mut conn, &invented, wanted, in_force.number, now).await?);
            }
            Err(errors) => page.errors = errors,
        }
    }
    let status = if page.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let html = page.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok((status, Html(html)).into_response())
}

/// A lead that is known, from its events.
async fn real(
    conn: &mut PgConnection,
    id: &str,
    versions: Vec<Version>,
    in_force: i32,
    now: DateTime<Utc>,
) -> AppResult<Tried> {
    let unknown =
        || AppError::NotFound("There is no such lead. Search for it by name, e-mail or company.".into());
    let id: LeadId = id.parse().map_err(|_| unknown())?;
    let loaded = leads::load(conn, id).await?.ok_or_else(unknown)?;
    let rows = leads::events_of(conn, &[id.0]).await?;
    let mut sides = vec![];
    for version in versions {
        let mut events: Vec<ScoredEvent> = rows
            .iter()
            .map(|row| ScoredEvent {
                kind: &row.kind,
                properties: &row.properties,
                occurred_at: row.occurred_at,
            })
            .collect();
        let lead = trace::seen_by(&version, &loaded.lead, &mut events);
        sides.push(side(conn, version, &lead, loaded.has_open_handoff, in_force, now).await?);
    }
    let facts = &loaded.lead.facts;
    let name =
        display_name(facts.name.as_deref(), facts.email.as_deref(), facts.company.as_deref()).to_owned();
    Ok(Tried { name, lead: Some(id), sides })
}

async fn of_invented(
    conn: &mut PgConnection,
    invented: &Invented,
    versions: Vec<Version>,
    in_force: i32,
    now: DateTime<Utc>,
) -> AppResult<Tried> {
    let properties: Vec<serde_json::Value> =
        invented.events.iter().map(|event| event.properties.clone().into()).collect();
    let (mut sides, mut name) = (vec![], String::new());
    for version in versions {
        let lead = invented.lead(&version, now);
        let mut events: Vec<ScoredEvent> = invented
            .events
            .iter()
            .zip(&properties)
            .map(|(event, properties)| ScoredEvent {
                kind: &event.kind,
                properties,
                occurred_at: event.occurred_at,
            })
            .collect();
        let lead = trace::seen_by(&version, &lead, &mut events);
        name = lead.facts.name.clone().unwrap_or_default();
        sides.push(side(conn, version, &lead, false, in_force, now).await?);
    }
    Ok(Tried { name, lead: None, sides })
}

async fn side(
    conn: &mut PgConnection,
    version: Version,
    lead: &Lead,
    has_open: bool,
    in_force: i32,
    now: DateTime<Utc>,
) -> AppResult<Side> {
    let trace = trace::trace(&version, lead, has_open, now);
    let reps = handoffs::reps(conn, version.number).await?.into_iter().map(|rep| {
        let skip = reps::may_claim(&version.terms, &trace.offer.queue, &rep, now).err();
        (rep, skip.map(|skip| skip.to_string()))
    });
    let (mut reps, mut skipped): (Vec<_>, Vec<_>) = reps.partition(|(_, skip)| skip.is_none());
    reps.append(&mut skipped);
    let title = if version.number == in_force { "Version in force" } else { "This version" };
    Ok(Side {
        title: format!("{title} ({})", version.number),
        document: prose::document(&version.terms),
        status: version.terms.status_label(&lead.status).to_owned(),
        version,
        trace,
        reps,
    })
}

impl Side {
    /// Number and address of the clause that says what stands at a path.
    fn clause(&self, path: impl AsRef<str>) -> Option<(String, String)> {
        let clause = self.document.clause(path.as_ref())?;
        Some((clause.number.clone(), format!("/agreement/{}#{}", self.version.number, clause.anchor())))
    }

    fn category(&self) -> &str {
        &self.version.terms.category(self.trace.judgement.category).label
    }

    fn queue(&self) -> &str {
        let key = &self.trace.offer.queue;
        self.version.terms.queue(key).map_or(key, |queue| &queue.label)
    }

    /// What happens, in a sentence.
    fn verdict(&self) -> String {
        let trace = &self.trace;
        let standing = trace.holds.iter().filter(|tried| tried.hold.is_some()).count();
        if trace.has_open {
            "Sales has it already: the open handoff goes on under the version that offered it.".to_owned()
        } else if trace.is_offered() {
            format!("It is offered to Sales now, in the queue {}.", self.queue())
        } else if trace.is_due() {
            let things =
                if standing == 1 { "1 thing stands".to_owned() } else { format!("{standing} things stand") };
            format!("It should be offered, but {things} against it.")
        } else {
            format!("It is not offered: its category is routed to “{}”.", trace.route.label())
        }
    }

    fn tone(&self) -> &'static str {
        match (self.trace.has_open, self.trace.is_offered(), self.trace.is_due()) {
            (true, ..) => "blue",
            (_, true, _) => "green",
            (_, _, true) => "amber",
            _ => "neutral",
        }
    }

    /// The fast tracks, in a sentence.
    fn track(&self, layout: &Layout) -> String {
        match &self.trace.fast_track {
            TrackTried::None => "No event took a fast track.".to_owned(),
            TrackTried::Unknown(key) => {
                format!("The fast track “{key}” that it took is not in this version.")
            }
            TrackTried::Lapsed { label, until } => {
                format!("“{label}” counted until {}.", layout.time(until).exact)
            }
            TrackTried::LowFit { label } => format!("“{label}” is only for a good fit, and this is none."),
            TrackTried::Open { label, until } => {
                format!(
                    "“{label}” holds until {} and hands the lead off whatever its category.",
                    layout.time(until).exact
                )
            }
        }
    }

    fn track_path(&self) -> String {
        let key = match &self.trace.offer.fast_track {
            Some(key) => key,
            None => return "handoff.fast_tracks[0]".to_owned(),
        };
        let at = self.version.terms.handoff.fast_tracks.iter().position(|track| track.key == *key);
        format!("handoff.fast_tracks[{}]", at.unwrap_or(0))
    }

    fn claimants(&self) -> usize {
        self.reps.iter().filter(|(_, skip)| skip.is_none()).count()
    }

    fn hours(&self, minutes: u32) -> String {
        if minutes.is_multiple_of(60) && minutes >= 120 {
            format!("{} business hours", minutes / 60)
        } else {
            format!("{minutes} business minutes")
        }
    }
}

impl Tried {
    /// Whether the versions do not agree on something.
    fn differs(&self, of: impl Fn(&Side) -> String) -> bool {
        self.sides.windows(2).any(|pair| of(&pair[0]) != of(&pair[1]))
    }

    /// Whether the versions come to different ends in a step.
    fn is_different(&self, step: &str) -> bool {
        self.differs(|side| match step {
            "fit" => side.trace.fit.points.to_string(),
            "interest" => points_text(side.trace.interest),
            "category" => side.category().to_owned(),
            "handoff" => side.verdict(),
            "queue" => side.queue().to_owned(),
            _ => format!("{:?}{:?}", side.trace.claim, side.trace.contact),
        })
    }
}

impl TryPage {
    fn points(&self, points: &f64) -> String {
        points_text(*points)
    }

    fn is_ticked(&self, name: &str) -> bool {
        self.typed.is_ticked(name)
    }

    /// Kinds of event that people know, and those that the version counts.
    fn kinds(&self) -> Vec<(String, String)> {
        let terms = &self.version.terms;
        let mut kinds: Vec<(String, String)> =
            EVENT_KINDS.iter().map(|(key, label)| ((*key).to_owned(), (*label).to_owned())).collect();
        let counted = terms.interest.rules.iter().map(|rule| &rule.event);
        for kind in counted.chain(terms.handoff.fast_tracks.iter().map(|track| &track.event)) {
            if !kinds.iter().any(|(key, _)| key == kind) {
                kinds.push((kind.clone(), event_label(kind).into_owned()));
            }
        }
        kinds
    }

    fn statuses(&self) -> Vec<(&str, &str)> {
        self.version
            .terms
            .vocabulary
            .iter()
            .map(|status| (status.key.as_str(), status.label.as_str()))
            .collect()
    }

    /// The names of the fields of each event: kind, age, properties.
    fn event_fields(&self) -> Vec<(usize, String, String, String)> {
        (1..=EVENTS)
            .map(|at| (at, format!("kind{at}"), format!("days{at}"), format!("properties{at}")))
            .collect()
    }

    /// Where the lead came from: name and label of each parameter.
    fn touches(&self) -> Vec<(String, String)> {
        let groups = [("first_touch", "First touch"), ("last_touch", "Last touch")];
        let of = |(group, title): (&str, &str)| {
            TOUCH.map(|(name, label)| {
                (format!("{group}.{name}"), format!("{title}: {}", label.to_lowercase()))
            })
        };
        groups.into_iter().flat_map(of).collect()
    }

    fn custom(&self) -> Vec<(String, &str, bool)> {
        let fields = self.options.custom.iter();
        fields
            .map(|field| {
                (format!("custom.{}", field.key), field.label.as_str(), field.kind == CustomKind::Bool)
            })
            .collect()
    }
}

/// How properties are written, said once.
pub fn hint(event: usize) -> &'static str {
    if event == 1 { "Such as url = /pricing; visits = 3" } else { "" }
}
