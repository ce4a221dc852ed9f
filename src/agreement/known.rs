//! What terms name outside themselves: people, personas, campaigns, fields of this organisation. Pure.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::terms::Terms;
use super::validate::TermsError;
use crate::scoring::{Test, Value};

/// What there is now.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Active users of Sales.
    pub reps: Vec<KnownRep>,
    pub personas: Vec<KnownPersona>,
    pub campaigns: Vec<Uuid>,
    /// Keys of custom fields.
    pub custom_fields: Vec<String>,
    /// Key and label of each status of the version in force.
    pub statuses: Vec<(String, String)>,
}

/// A field that this organisation added.
#[derive(Debug, Clone)]
pub struct CustomField {
    pub key: String,
    pub label: String,
    pub kind: CustomKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CustomKind {
    Text,
    Number,
    Bool,
    Date,
}

/// Somebody who claims.
#[derive(Debug, Clone)]
pub struct KnownRep {
    pub email: String,
    pub away_until: Option<DateTime<Utc>>,
}

/// A persona as it is documented now.
#[derive(Debug, Clone)]
pub struct KnownPersona {
    pub id: Uuid,
    pub key: String,
    pub name: String,
    pub revision: u32,
}

impl Known {
    pub fn persona(&self, key: &str) -> Option<&KnownPersona> {
        self.personas.iter().find(|persona| persona.key == key)
    }

    pub fn rep(&self, email: &str) -> Option<&KnownRep> {
        self.reps.iter().find(|rep| rep.email == email)
    }

    /// Whether a field is of this organisation but does not exist.
    fn lacks(&self, field: &str) -> bool {
        field.strip_prefix("custom.").is_some_and(|key| !self.custom_fields.iter().any(|known| known == key))
    }
}

/// Every clause that names something which does not exist.
pub fn strangers(terms: &Terms, known: &Known) -> Vec<TermsError> {
    let mut found = vec![];
    for (at, transition) in terms.jurisdictions.transitions.iter().enumerate() {
        fields(&mut found, known, &format!("jurisdictions.transitions[{at}].requires"), &transition.requires);
    }
    for (at, rule) in terms.fit.rules.iter().enumerate() {
        let path = format!("fit.rules[{at}]");
        condition(&mut found, known, &path, &rule.when);
        if let Some(persona) = rule.persona.as_ref().filter(|persona| known.persona(persona).is_none()) {
            let remedy = choices(known.personas.iter().map(|known| known.key.as_str()), "document it first");
            found.push(TermsError::at(&format!("{path}.persona"), persona, "is not a persona", remedy));
        }
    }
    fields(&mut found, known, "handoff.packet_fields", &terms.handoff.packet_fields);
    for (at, queue) in terms.routing.queues.iter().enumerate() {
        for (place, member) in queue.members.iter().enumerate() {
            if known.rep(member).is_none() {
                let path = format!("routing.queues[{at}].members[{place}]");
                let remedy =
                    choices(known.reps.iter().map(|rep| rep.email.as_str()), "add people to Sales first");
                found.push(TermsError::at(&path, member, "is not an active user of Sales", remedy));
            }
        }
    }
    for (at, rule) in terms.routing.rules.iter().enumerate() {
        condition(&mut found, known, &format!("routing.rules[{at}]"), &rule.when);
    }
    found
}

fn fields(found: &mut Vec<TermsError>, known: &Known, path: &str, fields: &[String]) {
    for (at, field) in fields.iter().enumerate().filter(|(_, field)| known.lacks(field)) {
        found.push(no_such_field(known, &format!("{path}[{at}]"), field));
    }
}

fn condition(found: &mut Vec<TermsError>, known: &Known, path: &str, tests: &[Test]) {
    for (at, test) in tests.iter().enumerate() {
        let path = format!("{path}.when[{at}]");
        if known.lacks(&test.field) {
            found.push(no_such_field(known, &format!("{path}.field"), &test.field));
        }
        let (what, exists): (_, &dyn Fn(Uuid) -> bool) = match test.field.as_str() {
            "persona" => ("is not a persona", &|id| known.personas.iter().any(|persona| persona.id == id)),
            "campaign" => ("is not a campaign", &|id| known.campaigns.contains(&id)),
            _ => continue,
        };
        // What is no id at all is refused by validation.
        for id in values(test).filter(|id| Uuid::parse_str(id.trim()).is_ok_and(|id| !exists(id))) {
            let remedy = "copy the id from its page, or remove the test";
            found.push(TermsError::at(&format!("{path}.value"), id, what, remedy));
        }
    }
}

fn values(test: &Test) -> impl Iterator<Item = &str> {
    let values = match &test.value {
        Some(Value::List(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn no_such_field(known: &Known, path: &str, field: &str) -> TermsError {
    let own: Vec<String> = known.custom_fields.iter().map(|key| format!("custom.{key}")).collect();
    let remedy = choices(own.iter().map(String::as_str), "add the field first");
    TermsError::at(path, field, "is not a field of this organisation", remedy)
}

/// The choices of a remedy, shortened when there are many.
fn choices<'k>(keys: impl Iterator<Item = &'k str>, otherwise: &str) -> String {
    let keys: Vec<&str> = keys.collect();
    match keys.len() {
        0 => otherwise.to_owned(),
        1..=12 => format!("use one of {}", keys.join(", ")),
        more => format!("use one of {} and {} more", keys[..12].join(", "), more - 12),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn known() -> Known {
        Known {
            reps: vec![KnownRep { email: "lena@example.com".into(), away_until: None }],
            personas: vec![KnownPersona {
                id: Uuid::from_u128(7),
                key: "buyer".into(),
                name: "Buyer".into(),
                revision: 3,
            }],
            custom_fields: vec!["plan".into()],
            ..Known::default()
        }
    }

    #[test]
    fn the_default_agreement_names_nothing_from_outside() {
        assert_eq!(strangers(&Terms::default_agreement(), &Known::default()), []);
    }

    #[test]
    fn fields_people_and_personas_that_do_not_exist_are_named_with_their_clause() {
        let mut terms = Terms::default_agreement();
        terms.routing.queues[0].members = vec!["lena@example.com".into(), "gone@example.com".into()];
        terms.handoff.packet_fields.push("custom.seats".into());
        terms.fit.rules[0].persona = Some("user".into());
        terms.fit.rules[1].persona = Some("buyer".into());
        terms.routing.rules[0].when = serde_json::from_value(json!([
            { "field": "custom.plan", "op": "is", "value": "team" },
            { "field": "persona", "op": "is_one_of", "value": [Uuid::from_u128(7), Uuid::from_u128(8)] },
        ]))
        .unwrap();
        let said: Vec<String> = strangers(&terms, &known()).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "3. fit.rules[0].persona: “user” is not a persona; use one of buyer.",
                "6. handoff.packet_fields[3]: “custom.seats” is not a field of this organisation; use one of custom.plan.",
                "7. routing.queues[0].members[1]: “gone@example.com” is not an active user of Sales; use one of lena@example.com.",
                "7. routing.rules[0].when[1].value: “00000000-0000-0000-0000-000000000008” is not a persona; copy the id from its page, or remove the test.",
            ]
        );
    }
}
