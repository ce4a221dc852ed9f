//! An invented lead as it is typed into the form: facts, where it stands, and a few events.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

use crate::agreement::versions::Version;
use crate::handoffs::judge;
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::LeadId;
use crate::kernel::text::{self, excerpt};
use crate::leads::Lead;
use crate::leads::form::{Checked, Options, Typed};
use crate::leads::model::{NewEvent, event_kind};
use crate::scoring::Interest;

/// Events that the form has room for.
pub const EVENTS: usize = 6;

/// A lead that nobody has met, checked.
pub struct Invented {
    checked: Checked,
    /// A status key; where leads enter when not said.
    status: Option<String>,
    cycles: i32,
    pub events: Vec<NewEvent>,
}

/// The form as it is opened: somebody who may be contacted.
pub fn blank() -> Typed {
    let ticked = ["may_store", "may_contact"].map(|name| (name.to_owned(), "true".to_owned()));
    Typed::new(HashMap::from(ticked))
}

/// Reads the form. Every field that is wrong is named.
pub fn check(
    mut fields: HashMap<String, String>,
    version: &Version,
    options: &Options,
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<Invented, FieldErrors> {
    let mut errors = FieldErrors::default();
    let get = |name: &str| fields.get(name).map_or("", |text| text.trim()).to_owned();
    let status = Some(get("status")).filter(|key| !key.is_empty());
    if let Some(key) = status.as_ref().filter(|key| version.terms.status(key).is_none()) {
        errors.add(
            "status",
            format!("“{}” is not a status of this version; choose one of the list", excerpt(key)),
        );
    }
    let cycles = match get("cycles").as_str() {
        "" => 0,
        text => errors.check("cycles", whole(text)).unwrap_or(0),
    };
    let events = (1..=EVENTS).filter_map(|at| event(&get, at, now, &mut errors)).collect();
    // Nobody has to be called anything to be tried.
    let name = fields.entry("name".to_owned()).or_default();
    if name.trim().is_empty() {
        "Somebody".clone_into(name);
    }
    match Typed::new(fields).check(options, zone) {
        Ok(checked) if errors.is_empty() => Ok(Invented { checked, status, cycles, events }),
        Ok(_) => Err(errors),
        Err(more) => {
            more.iter().for_each(|(field, problem)| errors.add(field, problem));
            Err(errors)
        }
    }
}

fn whole(text: &str) -> Result<i32, String> {
    let number = text.parse().ok().filter(|number| (0..=1000).contains(number));
    number.ok_or_else(|| {
        format!("“{}” is not a number of offers; write a whole number from 0 to 1000", excerpt(text))
    })
}

fn event(
    get: &dyn Fn(&str) -> String,
    at: usize,
    now: DateTime<Utc>,
    errors: &mut FieldErrors,
) -> Option<NewEvent> {
    let [kind, days, properties] =
        ["kind", "days", "properties"].map(|name| (format!("{name}{at}"), get(&format!("{name}{at}"))));
    if kind.1.is_empty() {
        if !days.1.is_empty() || !properties.1.is_empty() {
            errors.add(kind.0, "Say what kind of event this is, or clear its other fields");
        }
        return None;
    }
    let kind = errors.check(&kind.0, event_kind(&kind.1));
    let age = errors.check(&days.0, age(&days.1));
    let properties = errors.check(&properties.0, read_properties(&properties.1));
    Some(NewEvent {
        kind: kind?,
        occurred_at: now - age?,
        properties: properties?,
        source: "invented".to_owned(),
        idempotency_key: at.to_string(),
    })
}

/// Days ago, with parts of days; just now when blank.
fn age(text: &str) -> Result<TimeDelta, String> {
    let days = if text.is_empty() { Some(0.0) } else { text.parse::<f64>().ok() };
    let days = days.filter(|days| (0.0..=3650.0).contains(days));
    let seconds = days.map(|days| (days * 86_400.0).round());
    #[expect(clippy::cast_possible_truncation, reason = "ten years of seconds fit")]
    seconds.map(|seconds| TimeDelta::seconds(seconds as i64)).ok_or_else(|| {
        format!("“{}” is not an age in days; write a number from 0 to 3650, such as 3 or 0.5", excerpt(text))
    })
}

/// `url = /pricing; visits = 3`: numbers, yes and no as such, all else as text.
fn read_properties(text: &str) -> Result<Map<String, Value>, String> {
    let pairs = text.split(';').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair
                .split_once('=')
                .map(|(key, value)| (key.trim(), value.trim()))
                .filter(|(key, value)| !key.is_empty() && !value.is_empty())
                .ok_or_else(|| {
                    format!("“{}” is not a property; write url = /pricing; visits = 3", excerpt(pair))
                })?;
            let value = text::line(value, 500)?.unwrap_or_default();
            let number = value.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            let value = match (value.as_str(), number) {
                ("true" | "yes", _) => Value::Bool(true),
                ("false" | "no", _) => Value::Bool(false),
                (_, Some(number)) => Value::Number(number),
                _ => Value::String(value),
            };
            Ok((key.to_owned(), value))
        })
        .collect()
}

impl Invented {
    /// The lead as a version meets it: entered under its words, with the fast tracks that its events take.
    pub fn lead(&self, version: &Version, now: DateTime<Utc>) -> Lead {
        let terms = &version.terms;
        let entered = &terms.jurisdictions.acts.entered;
        let status = self.status.as_ref().unwrap_or(entered).clone();
        let mut lead = Lead {
            id: LeadId::new(now),
            facts: self.checked.facts.clone(),
            consent: self.checked.consent.clone(),
            do_not_contact: self.checked.do_not_contact,
            stage: terms.stage_of(&status),
            status,
            status_since: now,
            owner: None,
            cycles: self.cycles,
            rest_until: None,
            fit: 0,
            good_fit: false,
            interest: Interest::none(),
            hot_until: None,
            fast_track: None,
            judged_version: version.number,
            revision: 0,
            created_at: now,
            updated_at: now,
        };
        for event in &self.events {
            judge::note_fast_track(terms, &mut lead, event);
        }
        lead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::terms::Terms;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn version() -> Version {
        Version::of(2, Terms::default_agreement()).unwrap()
    }

    fn checked(fields: &[(&str, &str)]) -> Result<Invented, FieldErrors> {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check(fields, &version(), &Options::default(), Tz::UTC, now())
    }

    #[test]
    fn an_invented_lead_needs_no_name_and_its_events_open_fast_tracks() {
        let invented = checked(&[
            ("employees", "700"),
            ("may_contact", "true"),
            ("kind2", "demo_request"),
            ("days2", "0.5"),
            ("properties2", "url = /demo; visits = 3; known = yes"),
        ])
        .ok()
        .unwrap();
        let lead = invented.lead(&version(), now());
        assert_eq!(
            (lead.facts.employees, lead.status.as_str(), lead.consent.may_contact),
            (Some(700), "new", true)
        );
        assert_eq!(lead.fast_track, Some(("demo_request".into(), now() - TimeDelta::hours(12))));
        let properties = Value::Object(invented.events[0].properties.clone());
        assert_eq!(properties, serde_json::json!({ "url": "/demo", "visits": 3.0, "known": true }));
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let errors = checked(&[
            ("employees", "many"),
            ("status", "gone"),
            ("cycles", "-1"),
            ("kind1", "Demo!"),
            ("kind2", "reply"),
            ("days2", "soon"),
            ("properties2", "url"),
            ("days3", "4"),
        ])
        .err()
        .unwrap();
        let fields: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["cycles", "days2", "employees", "kind1", "kind3", "properties2", "status"]);
    }
}
