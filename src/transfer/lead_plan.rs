//! Rows to leads.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use csv::StringRecord;
use serde_json::{Map, Value};

use super::bind::{Allows, Binder, Bound, RowCheck, past_moment, truth};
use super::dates::Dates;
use super::map::{Field, LeadMap, ValueType};
use super::problem::Problem;
use super::typed::{Typed, is_key};
use crate::agreement::facts::{LeadFacts, Utm};
use crate::kernel::text::{self, Phone};
use crate::leads::model::{Consent, Identity, NewLead, RawFacts};

/// How a visit was tagged, as rules name it.
const TOUCH: [&str; 9] = [
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "id",
    "source_platform",
    "creative_format",
    "marketing_tactic",
];

/// A custom field that a map fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    pub key: String,
    pub label: String,
    pub value_type: ValueType,
}

/// A lead with what only the database can resolve.
#[derive(Debug, Clone)]
pub struct LeadRow {
    pub lead: NewLead,
    /// By name.
    pub campaign: Option<String>,
}

/// How to make leads of the rows of one file.
#[derive(Debug, Clone)]
pub struct LeadPlan {
    facts: Vec<(&'static str, Bound)>,
    phone_country: Option<Bound>,
    external_id: Option<Bound>,
    created_at: Option<(Bound, Dates)>,
    campaign: Option<Bound>,
    do_not_contact: Option<Bound>,
    may_store: Option<Bound>,
    may_contact: Option<Bound>,
    basis: Option<Bound>,
    consent_source: Option<Bound>,
    consent_at: Option<(Bound, Dates)>,
    first_touch: Vec<(String, Bound)>,
    last_touch: Vec<(String, Bound)>,
    custom: Vec<(CustomField, Typed)>,
    now: DateTime<Utc>,
}

impl LeadPlan {
    pub fn bind(map: &LeadMap, binder: &mut Binder, now: DateTime<Utc>) -> LeadPlan {
        let mut facts = vec![];
        for (name, field) in map.facts() {
            if let Some(field) = field {
                facts.push((name, binder.field(&format!("lead.{name}"), field, Allows::Nothing)));
            }
        }
        if map.email.is_none() && map.phone.is_none() && map.external_id.is_none() {
            binder.refuse("lead", "", "map email, phone or external_id: by one of these a lead is recognised when the file comes again");
        }
        if map.consent.may_contact.is_none() {
            binder.refuse("lead.consent.may_contact", "", "say whether these people may be contacted: a column, or { value = true } or { value = false }");
        }
        LeadPlan {
            facts,
            phone_country: text(binder, "lead.phone_country", &map.phone_country),
            external_id: text(binder, "lead.external_id", &map.external_id),
            created_at: date(binder, "lead.created_at", &map.created_at),
            campaign: text(binder, "lead.campaign", &map.campaign),
            do_not_contact: text(binder, "lead.do_not_contact", &map.do_not_contact),
            may_store: text(binder, "lead.consent.may_store", &map.consent.may_store),
            may_contact: text(binder, "lead.consent.may_contact", &map.consent.may_contact),
            basis: text(binder, "lead.consent.basis", &map.consent.basis),
            consent_source: text(binder, "lead.consent.source", &map.consent.source),
            consent_at: date(binder, "lead.consent.at", &map.consent.at),
            first_touch: touches(binder, "lead.first_touch", &map.first_touch),
            last_touch: touches(binder, "lead.last_touch", &map.last_touch),
            custom: map.custom.iter().map(|(key, field)| custom(binder, key, field)).collect(),
            now,
        }
    }

    /// The custom fields that the map fills.
    pub fn custom_fields(&self) -> impl Iterator<Item = &CustomField> {
        self.custom.iter().map(|(field, _)| field)
    }

    /// A lead, or none when `check` holds a problem.
    pub fn lead(&self, row: &StringRecord, check: &mut RowCheck) -> Option<LeadRow> {
        let consent = self.consent(row, check);
        let (mut facts, mut identities) = self.facts(row, check)?;
        if let Some(bound) = &self.external_id
            && let Some(id) = bound.take(row, check)
        {
            identities.extend(check.check(bound, &id, Identity::external(&id)));
        }
        if identities.is_empty() && check.problems.is_empty() {
            let reason = "nothing by which the lead could be recognised again: give an e-mail address, a phone number or an external id";
            check.problems.push(Problem::of_row(&row.iter().collect::<Vec<_>>().join(", "), reason));
        }
        facts.first_touch = touch(&self.first_touch, row, check);
        facts.last_touch = touch(&self.last_touch, row, check);
        for (field, typed) in &self.custom {
            facts.custom.extend(typed.take(row, check).map(|value| (field.key.clone(), value)));
        }
        let created_at = moment(&self.created_at, row, check, self.now).unwrap_or(self.now);
        let do_not_contact = truth_of(&self.do_not_contact, row, check).unwrap_or(false);
        let campaign = self.campaign.as_ref().and_then(|bound| line(bound, row, 200, check));
        let lead = NewLead { facts, consent, do_not_contact, identities, created_at };
        check.problems.is_empty().then_some(LeadRow { lead, campaign })
    }

    fn consent(&self, row: &StringRecord, check: &mut RowCheck) -> Consent {
        let may_store = truth_of(&self.may_store, row, check).unwrap_or(true);
        if !may_store && let Some(bound) = &self.may_store {
            check.problems.push(Problem::new(
                &bound.name,
                &bound.raw(row),
                "this person does not agree to be stored, so the row stays out",
            ));
        }
        Consent {
            may_store,
            may_contact: truth_of(&self.may_contact, row, check).unwrap_or(false),
            basis: self.basis.as_ref().and_then(|bound| line(bound, row, 200, check)),
            source: self.consent_source.as_ref().and_then(|bound| line(bound, row, 200, check)),
            at: moment(&self.consent_at, row, check, self.now),
        }
    }

    fn facts(&self, row: &StringRecord, check: &mut RowCheck) -> Option<(LeadFacts, Vec<Identity>)> {
        let mut raw = RawFacts::default();
        for (name, bound) in &self.facts {
            *slot(&mut raw, name) = bound.take(row, check).unwrap_or_default();
        }
        if raw.country.is_empty()
            && let Some(country) = self.phone_country.as_ref().and_then(|bound| bound.take(row, check))
            && let Ok(phone) = Phone::parse(&raw.phone, Some(&country))
        {
            raw.phone = phone.as_str().to_owned();
        }
        // Once more after a value has been left out, each time with one value less.
        loop {
            let errors = match raw.check() {
                Ok(checked) => return Some(checked),
                Err(errors) => errors,
            };
            let mut left_out = false;
            for (field, reason) in errors.iter() {
                match self.facts.iter().find(|(name, _)| *name == field) {
                    Some((name, bound)) => {
                        let value = std::mem::take(slot(&mut raw, name));
                        left_out |= check.note(bound, &value, reason.to_owned());
                    }
                    None => check
                        .problems
                        .push(Problem::of_row(&row.iter().collect::<Vec<_>>().join(", "), reason)),
                }
            }
            if !left_out || !check.problems.is_empty() {
                return None;
            }
        }
    }
}

/// Where a fact goes, by its name in the map.
fn slot<'a>(raw: &'a mut RawFacts, name: &str) -> &'a mut String {
    match name {
        "email" => &mut raw.email,
        "phone" => &mut raw.phone,
        "title" => &mut raw.title,
        "seniority" => &mut raw.seniority,
        "company" => &mut raw.company,
        "domain" => &mut raw.domain,
        "industry" => &mut raw.industry,
        "employees" => &mut raw.employees,
        "country" => &mut raw.country,
        "city" => &mut raw.city,
        "source" => &mut raw.source,
        _ => &mut raw.name,
    }
}

fn text(binder: &mut Binder, key: &str, field: &Option<Field>) -> Option<Bound> {
    field.as_ref().map(|field| binder.field(key, field, Allows::Nothing))
}

fn date(binder: &mut Binder, key: &str, field: &Option<Field>) -> Option<(Bound, Dates)> {
    field.as_ref().map(|field| (binder.field(key, field, Allows::Format), binder.dates(key, field)))
}

fn touches(binder: &mut Binder, key: &str, fields: &BTreeMap<String, Field>) -> Vec<(String, Bound)> {
    let mut bound = vec![];
    for (parameter, field) in fields {
        let key = format!("{key}.{parameter}");
        if !TOUCH.contains(&parameter.as_str()) {
            binder.refuse(&key, "", format!("a touch has only {}", TOUCH.join(", ")));
        }
        bound.push((parameter.clone(), binder.field(&key, field, Allows::Nothing)));
    }
    bound
}

fn custom(binder: &mut Binder, name: &str, field: &Field) -> (CustomField, Typed) {
    let key = format!("lead.custom.{name}");
    if !is_key(name) {
        binder.refuse(
            &key,
            "",
            "the key of a custom field has lower-case letters, digits and _, as in lead_origin",
        );
    }
    let typed = Typed::bind(binder, &key, field, Allows::Label);
    let label = field.rest.label.clone().unwrap_or_else(|| readable(name));
    if label.trim().is_empty() || label.chars().count() > 100 {
        binder.refuse(&format!("{key}.label"), &label, "a label has 1 to 100 characters");
    }
    (CustomField { key: name.to_owned(), label, value_type: typed.value_type }, typed)
}

/// `lead_origin` as a person reads it.
fn readable(key: &str) -> String {
    let words = key.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn touch(fields: &[(String, Bound)], row: &StringRecord, check: &mut RowCheck) -> Utm {
    let mut touch = Map::new();
    for (parameter, bound) in fields {
        touch.extend(line(bound, row, 200, check).map(|value| (parameter.clone(), Value::String(value))));
    }
    serde_json::from_value(Value::Object(touch)).unwrap_or_default()
}

fn line(bound: &Bound, row: &StringRecord, most: usize, check: &mut RowCheck) -> Option<String> {
    let value = bound.take(row, check)?;
    check.check(bound, &value, text::line(&value, most)).flatten()
}

fn truth_of(bound: &Option<Bound>, row: &StringRecord, check: &mut RowCheck) -> Option<bool> {
    let bound = bound.as_ref()?;
    let value = bound.take(row, check)?;
    check.check(bound, &value, truth(&value))
}

fn moment(
    field: &Option<(Bound, Dates)>,
    row: &StringRecord,
    check: &mut RowCheck,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let (bound, dates) = field.as_ref()?;
    let value = bound.take(row, check)?;
    check.check(bound, &value, past_moment(dates, &value, now))
}
