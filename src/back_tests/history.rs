//! The past of one lead, each thing with the instant from which Baton knew it. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};

use crate::agreement::facts::LeadFacts;
use crate::agreement::terms::{HandBackKind, Terms};
use crate::agreement::versions::Version;
use crate::handoffs::model::HandoffState;
use crate::kernel::ids::{HandoffId, LeadId};
use crate::leads::Consent;
use crate::scoring::CategoryKey;

/// Versions by number, to read the record as it was judged then.
pub type VersionsThen = HashMap<i32, Arc<Version>>;

/// What happened to one lead.
#[derive(Debug, Clone)]
pub struct History {
    pub lead: LeadId,
    /// When it was brought in, which may be later than when it came to be known elsewhere.
    pub created_at: DateTime<Utc>,
    /// What was known, from when on. The first is of its creation.
    pub known: Vec<(DateTime<Utc>, Known)>,
    /// In the order in which Baton heard of them, and among those heard of at once as they occurred.
    pub events: Vec<Heard>,
    /// In their order in time, of which at most one is open at a time.
    pub handoffs: Vec<Recorded>,
    /// Every status that it was given, in order.
    pub statuses: Vec<(DateTime<Utc>, String)>,
    /// What people and deals did to its status outside handoffs.
    pub moves: Vec<Move>,
    pub deals: Vec<Deal>,
}

/// What rules look at beside events.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub facts: LeadFacts,
    pub consent: Consent,
    pub do_not_contact: bool,
}

/// An event, as far as rules look at it.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Place of its kind among the kinds that the rules name, counted from 1; 0 for any other.
    pub kind: usize,
    /// Null where no rule tests properties of its kind.
    pub properties: Value,
    pub occurred_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
}

/// A handoff as it was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub id: HandoffId,
    pub offered_at: DateTime<Utc>,
    pub queue: String,
    pub routing_rule: Option<String>,
    pub category: CategoryKey,
    pub fast_track: Option<String>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub claim_due_at: DateTime<Utc>,
    pub contact_due_at: Option<DateTime<Utc>>,
    pub closed: Option<Closed>,
}

/// How a handoff ended.
#[derive(Debug, Clone)]
pub struct Closed {
    pub at: DateTime<Utc>,
    pub ending: Ending,
    /// How long the lead was left alone for it, by the version of that day.
    pub rests_until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    Converted,
    HandedBack { reason: String, kind: HandBackKind, nurture: Nurture },
    Withdrawn,
}

/// How long a lead that was given back was to be nurtured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nurture {
    None,
    /// As many days as the agreement names.
    Agreed,
    /// Until a day that the rep named.
    Until(DateTime<Utc>),
}

/// A status that the lead was given outside a handoff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub at: DateTime<Utc>,
    pub to: String,
    pub by: MovedBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovedBy {
    /// A person, by hand: the lead is judged after it.
    Hand,
    DealWon,
    DealLost,
    /// A version that came into force and gave up the status.
    Version,
}

/// A deal of the lead.
#[derive(Debug, Clone)]
pub struct Deal {
    pub handoff: Option<HandoffId>,
    pub state: DealState,
    pub opened_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DealState {
    Open,
    Won,
    Lost,
}

/// A line of the record of changes.
#[derive(Debug, Clone)]
pub struct RecordRow {
    pub at: DateTime<Utc>,
    pub verb: String,
    /// By the rule that offers and qualifies leads, which a replay does itself.
    pub by_criteria: bool,
    /// By a person.
    pub by_person: bool,
    pub to: Option<String>,
    pub version: Option<i32>,
    /// From and to by field, for a change of what is known.
    pub detail: Option<Value>,
}

/// A handoff as it stands in the database.
#[derive(Debug, Clone)]
pub struct HandoffRow {
    pub id: HandoffId,
    pub state: HandoffState,
    pub version: i32,
    pub queue: String,
    pub routing_rule: Option<String>,
    pub category: String,
    pub fast_track: Option<String>,
    pub offered_at: DateTime<Utc>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub contacted_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub claim_due_at: DateTime<Utc>,
    pub contact_due_at: Option<DateTime<Utc>>,
    pub hand_back_reason: Option<String>,
    pub hand_back_kind: Option<HandBackKind>,
    pub nurture_until: Option<DateTime<Utc>>,
}

/// All rows of one lead, each kind in its order in time.
#[derive(Debug, Clone)]
pub struct Rows {
    pub lead: LeadId,
    pub created_at: DateTime<Utc>,
    /// What is known now.
    pub known: Known,
    pub record: Vec<RecordRow>,
    pub events: Vec<Heard>,
    pub handoffs: Vec<HandoffRow>,
    pub deals: Vec<Deal>,
}

impl History {
    /// Makes a past of the rows of a lead.
    pub fn of(mut rows: Rows, versions: &VersionsThen) -> History {
        rows.events.sort_by_key(|event| (event.received_at, event.occurred_at));
        let created = rows.record.iter().find(|row| row.verb == "created");
        let created_at = created.map_or(rows.created_at, |row| row.at);
        let statuses =
            rows.record.iter().filter(|row| matches!(row.verb.as_str(), "created" | "status_changed"));
        History {
            lead: rows.lead,
            created_at,
            statuses: statuses.filter_map(|row| Some((row.at, row.to.clone()?))).collect(),
            moves: moves(&rows),
            known: known(rows.known, &rows.record, created_at),
            handoffs: rows.handoffs.iter().map(|row| recorded(row, &rows.record, versions)).collect(),
            events: rows.events,
            deals: rows.deals,
        }
    }

    /// What became of the deals of a handoff.
    pub fn deal_of(&self, handoff: HandoffId) -> Option<DealState> {
        let states = || self.deals.iter().filter(|deal| deal.handoff == Some(handoff)).map(|deal| deal.state);
        [DealState::Won, DealState::Open, DealState::Lost]
            .into_iter()
            .find(|state| states().any(|s| s == *state))
    }
}

/// Walks from what is known now back through the record of changes.
fn known(now: Known, record: &[RecordRow], created_at: DateTime<Utc>) -> Vec<(DateTime<Utc>, Known)> {
    let mut after = now;
    let mut back = vec![];
    for row in record.iter().rev() {
        if let (true, Some(detail)) = (row.verb == "changed", &row.detail) {
            let before = before(&after, detail);
            back.push((row.at, std::mem::replace(&mut after, before)));
        }
    }
    back.push((created_at, after));
    back.reverse();
    back
}

/// What was known before a change.
fn before(after: &Known, detail: &Value) -> Known {
    let mut facts = object(&after.facts);
    let mut consent = object(&after.consent);
    let mut do_not_contact = after.do_not_contact;
    for (field, change) in detail.as_object().into_iter().flatten() {
        let was = change.get(0).cloned().unwrap_or(Value::Null);
        match field.as_str() {
            "do_not_contact" => do_not_contact = was == Value::Bool(true),
            "may_store" | "may_contact" => _ = consent.insert(field.clone(), was),
            field => {
                match field.strip_prefix("consent_") {
                    Some(of_consent) => consent.insert(of_consent.to_owned(), was),
                    None => facts.insert(field.to_owned(), was),
                };
            }
        }
    }
    Known {
        facts: serde_json::from_value(Value::Object(facts)).unwrap_or_else(|_| after.facts.clone()),
        consent: serde_json::from_value(Value::Object(consent)).unwrap_or_else(|_| after.consent.clone()),
        do_not_contact,
    }
}

fn object(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// The moves that neither the rules nor a handoff made.
fn moves(rows: &Rows) -> Vec<Move> {
    let of_handoffs = |at: DateTime<Utc>| {
        rows.handoffs.iter().any(|row| [row.claimed_at, row.contacted_at, row.closed_at].contains(&Some(at)))
    };
    let of_deal = |at: DateTime<Utc>| {
        rows.record.iter().find_map(|row| match row.verb.as_str() {
            "deal_won" if row.at == at => Some(MovedBy::DealWon),
            "deal_lost" if row.at == at => Some(MovedBy::DealLost),
            _ => None,
        })
    };
    let made = rows.record.iter().filter(|row| row.verb == "status_changed" && !row.by_criteria);
    made.filter_map(|row| {
        let by = match of_deal(row.at) {
            Some(deal) => deal,
            None if of_handoffs(row.at) => return None,
            None if row.by_person => MovedBy::Hand,
            None => MovedBy::Version,
        };
        Some(Move { at: row.at, to: row.to.clone()?, by })
    })
    .collect()
}

fn recorded(row: &HandoffRow, record: &[RecordRow], versions: &VersionsThen) -> Recorded {
    let closed = row.closed_at.map(|at| {
        let by = record.iter().find(|r| r.at == at && matches!(r.verb.as_str(), "handed_back" | "withdrawn"));
        let version = by.and_then(|row| row.version).unwrap_or(row.version);
        let terms = versions.get(&version).map(|version| &version.terms);
        let ending = ending(row, at, terms);
        let cool_off = TimeDelta::days(terms.map_or(0, |terms| terms.handoff.cool_off_days.into()));
        let rests_until = (ending != Ending::Converted)
            .then(|| row.nurture_until.map_or(at + cool_off, |until| until.max(at + cool_off)));
        Closed { at, ending, rests_until }
    });
    Recorded {
        id: row.id,
        offered_at: row.offered_at,
        queue: row.queue.clone(),
        routing_rule: row.routing_rule.clone(),
        category: CategoryKey::parse(&row.category).unwrap_or(CategoryKey::LowInterestBadFit),
        fast_track: row.fast_track.clone(),
        claimed_at: row.claimed_at,
        claim_due_at: row.claim_due_at,
        contact_due_at: row.contact_due_at,
        closed,
    }
}

fn ending(row: &HandoffRow, at: DateTime<Utc>, terms: Option<&Terms>) -> Ending {
    match row.state {
        HandoffState::HandedBack => {
            let reason = row.hand_back_reason.clone().unwrap_or_default();
            let agreed = terms.and_then(|terms| terms.reason(&reason)).and_then(|reason| reason.nurture_days);
            let nurture = match row.nurture_until {
                None => Nurture::None,
                Some(until) if agreed.is_some_and(|days| at + TimeDelta::days(days.into()) == until) => {
                    Nurture::Agreed
                }
                Some(until) => Nurture::Until(until),
            };
            Ending::HandedBack { reason, kind: row.hand_back_kind.unwrap_or(HandBackKind::Reject), nurture }
        }
        HandoffState::Withdrawn => Ending::Withdrawn,
        _ => Ending::Converted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn changed(at: DateTime<Utc>, detail: Value) -> RecordRow {
        let detail = Some(detail);
        RecordRow {
            at,
            verb: "changed".into(),
            by_criteria: false,
            by_person: true,
            to: None,
            version: None,
            detail,
        }
    }

    #[test]
    fn what_was_known_is_read_backwards_from_what_is_known_now() {
        let created: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
        let (first, second) = (created + TimeDelta::days(1), created + TimeDelta::days(2));
        let facts = json!({ "source": "fair", "employees": 250, "custom": { "plan": "team" } });
        let now = Known {
            facts: serde_json::from_value(facts).unwrap(),
            consent: Consent { may_contact: true, source: Some("by phone".into()), ..Consent::default() },
            do_not_contact: false,
        };
        let record = [
            changed(
                first,
                json!({ "employees": [null, 10], "custom": [{}, { "plan": "team" }], "do_not_contact": [true, false] }),
            ),
            changed(
                second,
                json!({ "employees": [10, 250], "consent_source": [null, "by phone"], "may_contact": [false, true], "source": ["web", "fair"] }),
            ),
        ];
        let known = known(now.clone(), &record, created);
        let told: Vec<_> = known
            .iter()
            .map(|(at, known)| {
                (*at, known.facts.employees, known.facts.source.as_deref(), known.consent.source.as_deref())
            })
            .collect();
        assert_eq!(
            told,
            [
                (created, None, Some("web"), None),
                (first, Some(10), Some("web"), None),
                (second, Some(250), Some("fair"), Some("by phone"))
            ]
        );
        assert_eq!(known[2].1, now);
        assert!(known[0].1.do_not_contact && !known[1].1.do_not_contact && !known[1].1.consent.may_contact);
        assert!(known[0].1.facts.custom.is_empty() && !known[1].1.facts.custom.is_empty());
    }
}
