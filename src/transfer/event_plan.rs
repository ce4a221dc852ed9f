//! Rows to events.

use chrono::{DateTime, SecondsFormat, Utc};
use csv::StringRecord;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::bind::{Allows, Binder, Bound, RowCheck, past_moment};
use super::dates::Dates;
use super::map::EventMap;
use super::problem::Problem;
use super::typed::{Typed, is_key};
use crate::kernel::text::{self, Email, Phone};
use crate::leads::model::{Identity, IdentityKind, NewEvent, event_kind};

/// The constant that stands for the time of the import.
const NOW: &str = "now";

/// An event with the identity of its lead.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub lead: Identity,
    pub event: NewEvent,
}

/// How to make events of the rows of one file.
#[derive(Debug, Clone)]
pub struct EventPlan {
    kind: Bound,
    leads: Vec<(IdentityKind, Bound)>,
    occurred_at: Bound,
    dates: Dates,
    source: Option<Bound>,
    key: Option<Bound>,
    properties: Vec<(String, Typed)>,
    now: DateTime<Utc>,
}

impl EventPlan {
    pub fn bind(map: &EventMap, binder: &mut Binder, now: DateTime<Utc>) -> EventPlan {
        let keys = [
            (IdentityKind::External, "external_id", &map.lead.external_id),
            (IdentityKind::Email, "email", &map.lead.email),
            (IdentityKind::Phone, "phone", &map.lead.phone),
        ];
        let mut leads = vec![];
        for (kind, name, field) in keys {
            if let Some(field) = field {
                leads.push((kind, binder.field(&format!("event.lead.{name}"), field, Allows::Nothing)));
            }
        }
        if leads.is_empty() {
            binder.refuse(
                "event.lead",
                "",
                "map email, external_id or phone: by one of these the lead of an event is found",
            );
        }
        let mut properties = vec![];
        for (name, field) in &map.properties {
            let key = format!("event.properties.{name}");
            if !is_key(name) {
                binder.refuse(
                    &key,
                    "",
                    "the key of a property has lower-case letters, digits and _, as in pages_per_visit",
                );
            }
            properties.push((name.clone(), Typed::bind(binder, &key, field, Allows::Type)));
        }
        let plan = EventPlan {
            kind: binder.field("event.kind", &map.kind, Allows::Nothing),
            leads,
            occurred_at: binder.field("event.occurred_at", &map.occurred_at, Allows::Format),
            dates: binder.dates("event.occurred_at", &map.occurred_at),
            source: map.source.as_ref().map(|field| binder.field("event.source", field, Allows::Nothing)),
            key: map.key.as_ref().map(|field| binder.field("event.key", field, Allows::Nothing)),
            properties,
            now,
        };
        if let Some(kind) = plan.kind.constant()
            && let Err(problem) = event_kind(kind)
        {
            binder.refuse("event.kind", kind, problem);
        }
        if let Some(at) = plan.occurred_at.constant().filter(|at| *at != NOW)
            && let Err(problem) = past_moment(&plan.dates, at, now)
        {
            binder.refuse(
                "event.occurred_at",
                at,
                format!("{problem}; or write “{NOW}” for the time of the import"),
            );
        }
        plan
    }

    /// An event, or none when `check` holds a problem.
    pub fn event(&self, row: &StringRecord, check: &mut RowCheck) -> Option<EventRow> {
        let lead = self.lead(row, check);
        let kind = required(&self.kind, row, check)
            .and_then(|kind| check.check(&self.kind, &kind, event_kind(&kind)));
        let occurred_at = self.occurred_at(row, check);
        let source = match &self.source {
            Some(bound) => required(bound, row, check)
                .and_then(|source| check.check(bound, &source, text::line(&source, 100)).flatten()),
            None => Some("import".to_owned()),
        };
        let mut properties = Map::new();
        for (name, typed) in &self.properties {
            properties.extend(typed.take(row, check).map(|value| (name.clone(), value)));
        }
        let key = match &self.key {
            Some(bound) => Some(
                required(bound, row, check)
                    .and_then(|key| check.check(bound, &key, text::line(&key, 200)).flatten())?,
            ),
            None => None,
        };
        let (lead, kind, occurred_at, source) = (lead?, kind?, occurred_at?, source?);
        if !check.problems.is_empty() {
            return None;
        }
        let idempotency_key = key.unwrap_or_else(|| self.digest(&lead, &kind, occurred_at, &properties));
        Some(EventRow { lead, event: NewEvent { kind, occurred_at, properties, source, idempotency_key } })
    }

    /// The column and value by which a row names its lead.
    pub fn named_lead(&self, row: &StringRecord) -> (String, String) {
        let filled = self.leads.iter().find(|(_, bound)| !bound.raw(row).trim().is_empty());
        filled.map(|(_, bound)| (bound.name.clone(), bound.raw(row))).unwrap_or_default()
    }

    fn lead(&self, row: &StringRecord, check: &mut RowCheck) -> Option<Identity> {
        for (kind, bound) in &self.leads {
            let Some(value) = bound.take(row, check) else { continue };
            let identity = match kind {
                IdentityKind::Email => Email::parse(&value).map(|email| Identity::email(&email)),
                IdentityKind::Phone => Phone::parse(&value, None).map(|phone| Identity::phone(&phone)),
                IdentityKind::External | IdentityKind::Visitor => Identity::external(&value),
            };
            return check.check(bound, &value, identity);
        }
        if check.problems.is_empty() {
            let columns: Vec<&str> = self.leads.iter().map(|(_, bound)| bound.name.as_str()).collect();
            check.problems.push(Problem::new(
                &columns.join(", "),
                "",
                "this is blank, so the event has no lead",
            ));
        }
        None
    }

    fn occurred_at(&self, row: &StringRecord, check: &mut RowCheck) -> Option<DateTime<Utc>> {
        if self.occurred_at.constant() == Some(NOW) {
            return Some(self.now);
        }
        let value = required(&self.occurred_at, row, check)?;
        check.check(&self.occurred_at, &value, past_moment(&self.dates, &value, self.now))
    }

    /// Equal rows have equal digests, whenever they are imported.
    fn digest(
        &self,
        lead: &Identity,
        kind: &str,
        at: DateTime<Utc>,
        properties: &Map<String, Value>,
    ) -> String {
        let at = (self.occurred_at.constant() != Some(NOW))
            .then(|| at.to_rfc3339_opts(SecondsFormat::Micros, true));
        let told = json!([lead.kind.key(), lead.value, kind, at, properties]);
        hex::encode(Sha256::digest(told.to_string()))
    }
}

/// A value that no event is without.
fn required(bound: &Bound, row: &StringRecord, check: &mut RowCheck) -> Option<String> {
    let before = check.problems.len();
    let value = bound.take(row, check);
    if value.is_none() && check.problems.len() == before {
        check.problems.push(Problem::new(
            &bound.name,
            &bound.raw(row),
            "this is blank, and no event is without it; fill it in, or give otherwise in the map",
        ));
    }
    value
}
