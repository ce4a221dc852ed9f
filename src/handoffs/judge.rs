//! What the agreement makes of a lead: its category, whether it is offered, to which queue, and if not, why not.
//! Pure: the live engine, the rejudging of all leads and the demo use the same function.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::agreement::facts::RoutingFacts;
use crate::agreement::terms::{FastTrack, Party, Promise, Route, Terms};
use crate::agreement::versions::Version;
use crate::leads::Lead;
use crate::leads::model::NewEvent;
use crate::scoring::{CategoryKey, FitScore, ScoredEvent, hold};

/// The outcome for one lead at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub fit: u8,
    pub good_fit: bool,
    pub hot_until: Option<DateTime<Utc>>,
    pub category: CategoryKey,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Hand it over now.
    Offer(Offer),
    /// It meets the criteria, but these stand against it.
    Held(Vec<Hold>),
    /// It does not meet the criteria; the route of its category.
    NotDue(Route),
    /// Sales has it already.
    AlreadyOpen,
}

/// Where a lead goes, and by which rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    pub queue: String,
    /// The routing rule that matched; none for the fallback queue.
    pub routing_rule: Option<String>,
    /// The fast track that it came by, if not by its category.
    pub fast_track: Option<String>,
    pub promise: Promise,
}

/// Why a lead that is due is not offered. Displays as a sentence that cites the clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    MissingFields(Vec<String>),
    DoNotContact,
    NoConsent,
    RestsUntil(DateTime<Utc>),
    CyclesUsed(u16),
    NoTransition { from: String, to: String },
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hold::MissingFields(fields) => write!(
                f,
                "The packet lacks {} (part 6, Handoff). Fill in what is missing.",
                fields.join(", ")
            ),
            Hold::DoNotContact => f.write_str("The person must not be contacted."),
            Hold::NoConsent => f.write_str("The person has not agreed to be contacted."),
            Hold::RestsUntil(at) => write!(
                f,
                "It rests until {} (part 6, Handoff: cool-off, or the date sales named).",
                at.format("%-d %b %Y")
            ),
            Hold::CyclesUsed(most) => {
                write!(f, "It was offered {most} times already, the most that is agreed (part 6, Handoff).")
            }
            Hold::NoTransition { from, to } => write!(
                f,
                "No transition leads from “{from}” to “{to}” by the system (part 2, Jurisdictions)."
            ),
        }
    }
}

impl Hold {
    /// Where the terms hold what stands against the offer.
    pub fn path(&self) -> &'static str {
        match self {
            Hold::MissingFields(_) => "handoff.packet_fields",
            Hold::DoNotContact | Hold::NoConsent => "handoff",
            Hold::RestsUntil(_) => "handoff.cool_off_days",
            Hold::CyclesUsed(_) => "handoff.max_cycles",
            Hold::NoTransition { .. } => "jurisdictions",
        }
    }
}

/// Judges a lead by its facts and interest.
pub fn judge(version: &Version, lead: &Lead, has_open: bool, now: DateTime<Utc>) -> Judgement {
    let terms = &version.terms;
    let thresholds = terms.categories.thresholds();
    let fit = FitScore::points_of(&terms.fit.rules, &lead.facts);
    let hot_until = lead.interest.hot_until(&terms.interest.scoring(), thresholds.interest_high);
    let good_fit = thresholds.good_fit(fit);
    let category = CategoryKey::of(&thresholds, fit, hot_until.is_some_and(|until| until > now));
    let verdict = verdict(terms, lead, category, good_fit, has_open, now);
    Judgement { fit, good_fit, hot_until, category, verdict }
}

fn verdict(
    terms: &Terms,
    lead: &Lead,
    category: CategoryKey,
    good_fit: bool,
    has_open: bool,
    now: DateTime<Utc>,
) -> Verdict {
    if has_open {
        return Verdict::AlreadyOpen;
    }
    let route = terms.category(category).route;
    let fast_track = open_fast_track(terms, lead, good_fit, now);
    if route != Route::HandOff && fast_track.is_none() {
        return Verdict::NotDue(route);
    }
    let holds = holds(terms, lead, now);
    if !holds.is_empty() {
        return Verdict::Held(holds);
    }
    Verdict::Offer(offer(terms, lead, category, fast_track))
}

/// The fast track that a recent event opened for this lead.
pub(super) fn open_fast_track<'a>(
    terms: &'a Terms,
    lead: &Lead,
    good_fit: bool,
    now: DateTime<Utc>,
) -> Option<&'a FastTrack> {
    let (key, at) = lead.fast_track.as_ref()?;
    let track = terms.fast_track(key)?;
    let is_recent = *at + TimeDelta::days(track.valid_days.into()) > now;
    (is_recent && (good_fit || !track.good_fit_only)).then_some(track)
}

pub(super) fn holds(terms: &Terms, lead: &Lead, now: DateTime<Utc>) -> Vec<Hold> {
    let mut holds = vec![];
    let offered = &terms.jurisdictions.acts.offered;
    let permitted = terms.may_move(&lead.status, offered, Party::System);
    let required = permitted.as_ref().map_or(&[][..], |transition| &transition.requires[..]);
    let packet = &terms.handoff.packet_fields;
    let wanted = packet.iter().chain(required.iter().filter(|field| !packet.contains(field)));
    let missing: Vec<String> = wanted.filter(|field| !lead.facts.has(field)).cloned().collect();
    if !missing.is_empty() {
        holds.push(Hold::MissingFields(missing));
    }
    if lead.do_not_contact {
        holds.push(Hold::DoNotContact);
    } else if !lead.consent.may_contact {
        holds.push(Hold::NoConsent);
    }
    if let Some(until) = lead.rest_until.filter(|until| *until > now) {
        holds.push(Hold::RestsUntil(until));
    }
    if lead.cycles >= i32::from(terms.handoff.max_cycles) {
        holds.push(Hold::CyclesUsed(terms.handoff.max_cycles));
    }
    if permitted.is_err() {
        holds.push(Hold::NoTransition {
            from: terms.status_label(&lead.status).to_owned(),
            to: terms.status_label(offered).to_owned(),
        });
    }
    holds
}

pub(super) fn offer(
    terms: &Terms,
    lead: &Lead,
    category: CategoryKey,
    fast_track: Option<&FastTrack>,
) -> Offer {
    let track_key = fast_track.map(|track| track.key.as_str());
    let facts = RoutingFacts { lead: &lead.facts, category, fast_track: track_key };
    let rule = terms.routing.rules.iter().find(|rule| hold(&rule.when, &facts));
    let queue = rule.map_or(&terms.routing.fallback_queue, |rule| &rule.queue);
    Offer {
        queue: queue.clone(),
        routing_rule: rule.map(|rule| rule.key.clone()),
        fast_track: track_key.map(str::to_owned),
        promise: promise(terms, queue, category, fast_track.is_some()).clone(),
    }
}

/// The service level that holds for an offer: the first that matches, else the default.
pub fn promise<'a>(terms: &'a Terms, queue: &str, category: CategoryKey, is_fast_track: bool) -> &'a Promise {
    let levels = &terms.service_levels;
    levels.level(queue, category, is_fast_track).map_or(&levels.default, |level| &level.promise)
}

/// Notes the fast track of an event on the lead, unless a later one is noted already.
pub fn note_fast_track(terms: &Terms, lead: &mut Lead, event: &NewEvent) {
    let properties = serde_json::Value::Object(event.properties.clone());
    let scored = ScoredEvent { kind: &event.kind, properties: &properties, occurred_at: event.occurred_at };
    note_scored_fast_track(terms, lead, &scored);
}

/// The same for an event as rules see it.
pub fn note_scored_fast_track(terms: &Terms, lead: &mut Lead, event: &ScoredEvent) {
    let Some(track) = terms.fast_track_of(event) else { return };
    if lead.fast_track.as_ref().is_none_or(|(_, at)| *at <= event.occurred_at) {
        lead.fast_track = Some((track.key.clone(), event.occurred_at));
    }
}
