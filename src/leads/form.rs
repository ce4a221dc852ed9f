//! The facts of a lead as a form: text by field name, kept as typed until every field is sound.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::model::{Consent, Identity, Lead, RawFacts};
use crate::agreement::facts::{LeadFacts, Utm};
use crate::agreement::known::{CustomField, CustomKind};
use crate::kernel::fields::FieldErrors;
use crate::kernel::local_time;
use crate::kernel::text;

/// The nine parameters of a touch and their labels.
pub const TOUCH: [(&str, &str); 9] = [
    ("source", "Source"),
    ("medium", "Medium"),
    ("campaign", "Campaign"),
    ("id", "Campaign id"),
    ("term", "Term"),
    ("content", "Content"),
    ("source_platform", "Source platform"),
    ("creative_format", "Creative format"),
    ("marketing_tactic", "Marketing tactic"),
];

/// The plain facts and their labels, in the order of the form.
const FACTS: [(&str, &str); 12] = [
    ("name", "Name"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("title", "Title"),
    ("seniority", "Seniority"),
    ("company", "Company"),
    ("domain", "Domain"),
    ("industry", "Industry"),
    ("employees", "Employees"),
    ("country", "Country"),
    ("city", "City"),
    ("source", "Source"),
];

/// What was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed(HashMap<String, String>);

/// The form, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    pub facts: LeadFacts,
    pub consent: Consent,
    pub do_not_contact: bool,
    pub identities: Vec<Identity>,
}

/// What the form offers to choose from.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub campaigns: Vec<(Uuid, String)>,
    pub personas: Vec<(Uuid, String)>,
    pub custom: Vec<CustomField>,
}

impl Typed {
    pub fn new(fields: HashMap<String, String>) -> Typed {
        Typed(fields)
    }

    /// An empty form: a person whom somebody adds by hand is known with their consent.
    pub fn blank() -> Typed {
        Typed(HashMap::from([
            ("may_store".to_owned(), "true".to_owned()),
            ("may_contact".to_owned(), "true".to_owned()),
        ]))
    }

    /// The form of a lead as it is stored.
    pub fn of(lead: &Lead, zone: Tz) -> Typed {
        let facts = &lead.facts;
        let mut typed = Typed::default();
        let texts = [
            &facts.name,
            &facts.email,
            &facts.phone,
            &facts.title,
            &facts.seniority,
            &facts.company,
            &facts.domain,
            &facts.industry,
        ];
        let names = ["name", "email", "phone", "title", "seniority", "company", "domain", "industry"];
        for (name, text) in names.into_iter().zip(texts) {
            typed.put(name, text.clone());
        }
        typed.put("employees", facts.employees.map(|n| n.to_string()));
        typed.put("country", facts.country.clone());
        typed.put("city", facts.city.clone());
        typed.put("source", facts.source.clone());
        typed.put("campaign", facts.campaign.map(|id| id.to_string()));
        typed.put("persona", facts.persona.map(|id| id.to_string()));
        for (parameter, _) in TOUCH {
            typed.put(
                &format!("first_touch.{parameter}"),
                facts.first_touch.get(parameter).map(str::to_owned),
            );
            typed.put(&format!("last_touch.{parameter}"), facts.last_touch.get(parameter).map(str::to_owned));
        }
        for (key, value) in &facts.custom {
            typed.put(&format!("custom.{key}"), Some(custom_text(value)));
        }
        let ticked = |is: bool| is.then(|| "true".to_owned());
        typed.put("may_store", ticked(lead.consent.may_store));
        typed.put("may_contact", ticked(lead.consent.may_contact));
        typed.put("consent_basis", lead.consent.basis.clone());
        typed.put("consent_source", lead.consent.source.clone());
        typed.put("consent_at", lead.consent.at.map(|at| at.with_timezone(&zone).date_naive().to_string()));
        typed.put("do_not_contact", ticked(lead.do_not_contact));
        typed
    }

    fn put(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.insert(name.to_owned(), value);
        }
    }

    /// What stands in a field.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn is_ticked(&self, name: &str) -> bool {
        self.get(name) == "true"
    }

    /// A text that differs when any field of the form of a stored lead does.
    pub fn fingerprint(&self) -> String {
        let fields: BTreeMap<&String, &String> = self.0.iter().collect();
        hex::encode(Sha256::digest(format!("{fields:?}")))
    }

    /// Checks every field, so that all that is wrong is said at once.
    pub fn check(&self, options: &Options, zone: Tz) -> Result<Checked, FieldErrors> {
        let mut errors = FieldErrors::default();
        let raw = self.raw();
        let (facts, mut identities) = raw.check().unwrap_or_else(|refused| {
            refused.iter().for_each(|(field, problem)| errors.add(field, problem));
            Default::default()
        });
        if let Some(key) = text::filled(self.get("external_id")) {
            identities.extend(errors.check("external_id", Identity::external(&key)));
        }
        let campaign = self.chosen("campaign", "a campaign", &options.campaigns, &mut errors);
        let persona = self.chosen("persona", "a persona", &options.personas, &mut errors);
        let first_touch = self.touch("first_touch", &mut errors);
        let last_touch = self.touch("last_touch", &mut errors);
        let custom = self.custom(&options.custom, &mut errors);
        let mut line = |field: &str| errors.check(field, text::line(self.get(field), 200)).flatten();
        let (basis, source) = (line("consent_basis"), line("consent_source"));
        let at = errors.check("consent_at", local_time::date(self.get("consent_at"))).flatten();
        errors.into_result()?;
        Ok(Checked {
            facts: LeadFacts { campaign, persona, first_touch, last_touch, custom, ..facts },
            consent: Consent {
                may_store: self.is_ticked("may_store"),
                may_contact: self.is_ticked("may_contact"),
                basis,
                source,
                at: at.map(|day| local_time::start_of(day, zone)),
            },
            do_not_contact: self.is_ticked("do_not_contact"),
            identities,
        })
    }

    fn raw(&self) -> RawFacts {
        let text = |name: &str| self.get(name).to_owned();
        RawFacts {
            name: text("name"),
            email: text("email"),
            phone: text("phone"),
            title: text("title"),
            seniority: text("seniority"),
            company: text("company"),
            domain: text("domain"),
            industry: text("industry"),
            employees: text("employees"),
            country: text("country"),
            city: text("city"),
            source: text("source"),
        }
    }

    fn chosen(
        &self,
        field: &str,
        what: &str,
        among: &[(Uuid, String)],
        errors: &mut FieldErrors,
    ) -> Option<Uuid> {
        let text = text::filled(self.get(field))?;
        let found = among.iter().find(|(id, _)| id.to_string() == text).map(|(id, _)| *id);
        if found.is_none() {
            errors.add(
                field,
                format!("“{}” is not {what} of the list; choose one of it", text::excerpt(&text)),
            );
        }
        found
    }

    fn touch(&self, group: &str, errors: &mut FieldErrors) -> Utm {
        let mut value = |parameter: &str| {
            let field = format!("{group}.{parameter}");
            errors.check(&field, text::line(self.get(&field), 500)).flatten()
        };
        Utm {
            source: value("source"),
            medium: value("medium"),
            campaign: value("campaign"),
            id: value("id"),
            term: value("term"),
            content: value("content"),
            source_platform: value("source_platform"),
            creative_format: value("creative_format"),
            marketing_tactic: value("marketing_tactic"),
        }
    }

    fn custom(&self, fields: &[CustomField], errors: &mut FieldErrors) -> Map<String, Value> {
        let mut values = Map::new();
        for field in fields {
            let name = format!("custom.{}", field.key);
            let Some(text) = text::filled(self.get(&name)) else { continue };
            if let Some(value) = errors.check(&name, custom_value(field.kind, &text)) {
                values.insert(field.key.clone(), value);
            }
        }
        values
    }

    /// The fields in which two forms differ: label, this one's value, the other's.
    pub fn difference(&self, other: &Typed, options: &Options) -> Vec<(String, String, String)> {
        let fixed = FACTS.iter().map(|(name, label)| ((*name).to_owned(), (*label).to_owned()));
        let choices = [("campaign", "Campaign"), ("persona", "Persona")]
            .map(|(name, label)| (name.to_owned(), label.to_owned()));
        let touches = [("first_touch", "First touch"), ("last_touch", "Last touch")].into_iter().flat_map(
            |(group, title)| {
                TOUCH.map(|(name, label)| {
                    (format!("{group}.{name}"), format!("{title}: {}", label.to_lowercase()))
                })
            },
        );
        let custom =
            options.custom.iter().map(|field| (format!("custom.{}", field.key), field.label.clone()));
        let consent = [
            ("may_store", "May be stored"),
            ("may_contact", "May be contacted"),
            ("consent_basis", "Basis of consent"),
            ("consent_source", "Consent given at"),
            ("consent_at", "Consent given on"),
            ("do_not_contact", "Do not contact"),
        ]
        .map(|(name, label)| (name.to_owned(), label.to_owned()));
        let shown = |typed: &Typed, name: &str| options.shown(name, typed.get(name).trim());
        fixed
            .chain(choices)
            .chain(touches)
            .chain(custom)
            .chain(consent)
            .filter(|(name, _)| self.get(name).trim() != other.get(name).trim())
            .map(|(name, label)| (label, shown(self, &name), shown(other, &name)))
            .collect()
    }
}

impl Checked {
    /// Keeps of the stored lead what the form cannot show: custom values without a field, and the time of the day at
    /// which consent was given.
    pub fn keep(&mut self, stored: &Lead, options: &Options, zone: Tz) {
        for (key, value) in &stored.facts.custom {
            if options.custom.iter().all(|field| field.key != *key) {
                self.facts.custom.insert(key.clone(), value.clone());
            }
        }
        let day = |consent: &Consent| consent.at.map(|at| at.with_timezone(&zone).date_naive());
        if day(&self.consent) == day(&stored.consent) {
            self.consent.at = stored.consent.at;
        }
    }
}

impl Options {
    /// What people see for the value of a field.
    fn shown(&self, name: &str, value: &str) -> String {
        let among = match name {
            "campaign" => &self.campaigns,
            "persona" => &self.personas,
            "may_store" | "may_contact" | "do_not_contact" => {
                return if value == "true" { "yes".into() } else { "no".into() };
            }
            _ => return value.to_owned(),
        };
        among
            .iter()
            .find(|(id, _)| id.to_string() == value)
            .map_or_else(|| value.to_owned(), |(_, label)| label.clone())
    }
}

fn custom_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn custom_value(kind: CustomKind, text: &str) -> Result<Value, String> {
    let excerpt = text::excerpt(text);
    match kind {
        CustomKind::Text => Ok(text::line(text, 500)?.map_or(Value::Null, Value::String)),
        CustomKind::Number => {
            let whole = text.parse::<i64>().ok().map(Value::from);
            let number =
                whole.or_else(|| text.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::from));
            number.ok_or_else(|| format!("“{excerpt}” is not a number; write it as 12 or 12.5"))
        }
        CustomKind::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(format!("“{excerpt}” is neither yes nor no")),
        },
        CustomKind::Date => {
            Ok(local_time::date(text)?.map_or(Value::Null, |day| Value::String(day.to_string())))
        }
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
