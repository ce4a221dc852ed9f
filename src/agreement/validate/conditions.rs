//! Conditions: fields that exist, compared in a way that can hold.

use std::borrow::Cow;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Check, choices, is_slug};
use crate::agreement::facts::{FieldKind, LEAD_FIELDS, lead_field};
use crate::agreement::terms::FastTrack;
use crate::scoring::{CategoryKey, Op, Test, Value};

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Lead,
    /// A lead that is offered: its category and fast track are known too.
    Offer,
    Event,
}

/// What values a field can be compared with.
enum Shape<'a> {
    Text,
    Number,
    /// Text, number, date or yes and no: the type is known when a value is.
    Any,
    /// An id.
    Id,
    OneOf(Vec<&'a str>),
}

impl<'a> Check<'a> {
    /// The tests of a rule. `path` is that of the rule.
    pub(super) fn condition(&mut self, path: &str, tests: &[Test], about: About) {
        self.at_most(&format!("{path}.when"), tests.len(), 20);
        for (at, test) in tests.iter().enumerate() {
            let path = format!("{path}.when[{at}]");
            match self.shape(&test.field, about) {
                Some(shape) => self.comparison(&path, test, &shape),
                None => self.no_such_field(&format!("{path}.field"), &test.field, about),
            }
        }
    }

    /// A condition that must not be empty, because it would hold of everything.
    pub(super) fn some_condition(&mut self, path: &str, tests: &[Test], about: About) {
        if tests.is_empty() {
            self.wrong(&format!("{path}.when"), "[]", "holds of every lead", "add at least one test");
        }
        self.condition(path, tests, about);
    }

    /// Fields of the lead that are named without being compared.
    pub(super) fn lead_fields(&mut self, path: &str, fields: &[String]) {
        for (at, field) in fields.iter().enumerate() {
            let path = format!("{path}[{at}]");
            if self.shape(field, About::Lead).is_none() {
                self.no_such_field(&path, field, About::Lead);
            } else if fields[..at].contains(field) {
                self.wrong(&path, field, "is named twice", "name each field once");
            }
        }
    }

    fn shape(&self, field: &str, about: About) -> Option<Shape<'a>> {
        let tracks: &'a [FastTrack] = &self.terms.handoff.fast_tracks;
        match (about, field, field.split_once('.')) {
            (About::Event, _, Some(("property", key))) => {
                (!key.trim().is_empty() && key.len() <= 100).then_some(Shape::Any)
            }
            (About::Event, ..) => None,
            (_, _, Some(("custom", key))) => is_slug(key).then_some(Shape::Any),
            (About::Offer, "category", _) => {
                Some(Shape::OneOf(CategoryKey::all().map(CategoryKey::as_str).to_vec()))
            }
            (About::Offer, "fast_track", _) => {
                Some(Shape::OneOf(tracks.iter().map(|track| track.key.as_str()).collect()))
            }
            (_, "campaign" | "persona", _) => Some(Shape::Id),
            _ => lead_field(field).map(|field| match field.kind {
                FieldKind::Text => Shape::Text,
                FieldKind::Number => Shape::Number,
            }),
        }
    }

    fn no_such_field(&mut self, path: &str, field: &str, about: About) {
        if about == About::Event {
            self.wrong(path, field, "is not a property of an event", "write it as property.<key>");
        } else {
            let more = if about == About::Offer { ", category, fast_track" } else { "" };
            let known: Vec<_> =
                LEAD_FIELDS.iter().map(|field| field.name).filter(|name| !name.contains('.')).collect();
            let known = known.join(", ");
            let remedy =
                format!("use {known}{more}, first_touch.<parameter>, last_touch.<parameter> or custom.<key>");
            self.wrong(path, field, "is not a field of a lead", remedy);
        }
    }

    fn comparison(&mut self, path: &str, test: &Test, shape: &Shape) {
        let value_path = format!("{path}.value");
        let Some(value) = &test.value else {
            if !matches!(test.op, Op::IsKnown | Op::IsBlank) {
                self.wrong(&value_path, "", "is missing", "give the value to compare with");
            }
            return;
        };
        if let Err((problem, remedy)) = fits(test.op, value, shape) {
            self.wrong(&value_path, shown(value), problem, remedy);
        }
    }
}

/// A problem and its remedy.
type Fault = (&'static str, Cow<'static, str>);

fn ensure(sound: bool, problem: &'static str, remedy: impl Into<Cow<'static, str>>) -> Result<(), Fault> {
    if sound { Ok(()) } else { Err((problem, remedy.into())) }
}

/// Whether a test can compare a field of this shape with this value.
fn fits(op: Op, value: &Value, shape: &Shape) -> Result<(), Fault> {
    let list = match value {
        Value::List(list) => Some(list),
        _ => None,
    };
    match op {
        Op::IsKnown | Op::IsBlank => {
            return ensure(false, "is compared with nothing by this test", "leave the value out");
        }
        Op::Is | Op::IsNot | Op::AtLeast | Op::AtMost => {
            ensure(list.is_none(), "is a list", "use is_one_of or is_none_of, or give one value")?;
        }
        Op::IsOneOf | Op::IsNoneOf => {
            ensure(list.is_some(), "is one value", "give a list, or use is or is_not")?
        }
        Op::Contains | Op::StartsWith => {}
    }
    let Some(list) = list else { return one_fits(op, value, shape) };
    ensure(!list.is_empty(), "is an empty list", "give at least one value")?;
    ensure(list.len() <= 500, "is too long", "give 500 values at most")?;
    list.iter().try_for_each(|value| one_fits(op, value, shape))
}

fn one_fits(op: Op, value: &Value, shape: &Shape) -> Result<(), Fault> {
    match value {
        Value::Text(text) => {
            ensure(!text.trim().is_empty(), "is blank and equals nothing", "use is_blank or is_known")?;
            ensure(text.chars().count() <= 200, "is too long", "use 200 characters at most")?;
        }
        // Such numbers are the same in every notation, so that the hash of the terms is too.
        Value::Number(number) => {
            let plain = number.abs() <= 1e11 && (number * 1e4).round() / 1e4 == *number;
            ensure(plain, "is too large or too fine", "use up to 11 digits and four decimals")?;
        }
        Value::List(_) => return ensure(false, "is a list within a list", "give a plain list"),
        Value::Bool(_) => {}
    }
    let text = match value {
        Value::Text(text) => Some(text.trim()),
        _ => None,
    };
    let is_number = matches!(value, Value::Number(_));
    match (op, shape) {
        (Op::Contains | Op::StartsWith, Shape::Text | Shape::Any) => {
            ensure(text.is_some(), "is not a text to look for", "put it in quotes")
        }
        (Op::Contains | Op::StartsWith, _) => {
            ensure(false, "is looked for where there is no free text", "use is or is_one_of")
        }
        (Op::AtLeast | Op::AtMost, Shape::Any) => {
            let is_date = text.is_some_and(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok());
            ensure(is_number || is_date, "is neither a number nor a date", "write 50 or \"2026-03-01\"")
        }
        (Op::AtLeast | Op::AtMost, Shape::Text | Shape::Id | Shape::OneOf(_)) => {
            ensure(false, "cannot be compared by size with a text", "use another test")
        }
        (_, Shape::Number) => ensure(is_number, "is not a number", "give one without quotes"),
        (_, Shape::Text) => ensure(text.is_some(), "is not a text", "put it in quotes"),
        (_, Shape::Any) => Ok(()),
        (_, Shape::Id) => {
            let is_id = text.is_some_and(|text| Uuid::parse_str(text).is_ok());
            ensure(is_id, "is not an id", "copy it from the page of the campaign or persona")
        }
        (_, Shape::OneOf(keys)) => {
            let known = text.is_some_and(|text| keys.contains(&text));
            ensure(known, "is not known here", choices(keys.iter().copied()))
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::agreement::validate::tests::{found, refused};

    #[test]
    fn conditions_compare_fields_that_exist_with_values_that_fit() {
        let field = |test: Value, sentence: &str| {
            refused("/fit/rules/0/when", json!([test]), &format!("3. fit.rules[0].when[0].{sentence}"))
        };
        field(
            json!({ "field": "shoe_size", "op": "is_known" }),
            "field: “shoe_size” is not a field of a lead; use name, email",
        );
        field(json!({ "field": "category", "op": "is_known" }), "field: “category” is not a field of a lead");
        field(
            json!({ "field": "property.url", "op": "is_known" }),
            "field: “property.url” is not a field of a lead",
        );
        field(
            json!({ "field": "custom.Shoe", "op": "is_known" }),
            "field: “custom.Shoe” is not a field of a lead",
        );
        field(json!({ "field": "country", "op": "is" }), "value: “” is missing");
        field(
            json!({ "field": "country", "op": "is_known", "value": "DE" }),
            "value: “DE” is compared with nothing by this test; leave",
        );
        field(
            json!({ "field": "country", "op": "is", "value": ["DE"] }),
            "value: “DE” is a list; use is_one_of",
        );
        field(
            json!({ "field": "country", "op": "is_one_of", "value": "DE" }),
            "value: “DE” is one value; give a list",
        );
        field(json!({ "field": "country", "op": "is_one_of", "value": [] }), "value: “” is an empty list");
        field(
            json!({ "field": "country", "op": "is_one_of", "value": [["DE"]] }),
            "value: “DE” is a list within a list",
        );
        field(
            json!({ "field": "country", "op": "is", "value": " " }),
            "value: “ ” is blank and equals nothing",
        );
        field(json!({ "field": "country", "op": "is", "value": 49 }), "value: “49” is not a text");
        field(
            json!({ "field": "country", "op": "at_least", "value": 49 }),
            "value: “49” cannot be compared by size",
        );
        field(
            json!({ "field": "employees", "op": "at_least", "value": "many" }),
            "value: “many” is not a number",
        );
        field(
            json!({ "field": "employees", "op": "contains", "value": "5" }),
            "value: “5” is looked for where there is no free text",
        );
        field(
            json!({ "field": "employees", "op": "is", "value": 0.12345 }),
            "value: “0.12345” is too large or too fine",
        );
        field(json!({ "field": "persona", "op": "is", "value": "cto" }), "value: “cto” is not an id");
        field(
            json!({ "field": "custom.since", "op": "at_most", "value": "spring" }),
            "value: “spring” is neither a number nor a date",
        );
        refused("/fit/rules/0/when", json!([]), "3. fit.rules[0].when: “[]” holds of every lead");
        let event = json!([{ "field": "url", "op": "is_known" }]);
        refused(
            "/interest/rules/0/when",
            event,
            "4. interest.rules[0].when[0].field: “url” is not a property of an event",
        );
        let track = json!([{ "field": "fast_track", "op": "is", "value": "webinar" }]);
        refused(
            "/routing/rules/0/when",
            track,
            "7. routing.rules[0].when[0].value: “webinar” is not known here; use one of demo_request, meeting_booked",
        );
    }

    #[test]
    fn conditions_that_fit_are_accepted() {
        let tests = json!([
            { "field": "custom.since", "op": "at_most", "value": "2026-03-01" },
            { "field": "custom.trial", "op": "is", "value": true },
            { "field": "first_touch.medium", "op": "starts_with", "value": "cp" },
            { "field": "title", "op": "contains", "value": ["chief", "head"] },
            { "field": "persona", "op": "is_one_of", "value": ["6f1f9c3a-6a64-4f5e-9d43-0d9b7f7a1c11"] },
            { "field": "employees", "op": "is_none_of", "value": [1, 2] },
        ]);
        let category = json!([{ "field": "category", "op": "is", "value": "high_interest_good_fit" }]);
        assert_eq!(found(&[("/fit/rules/0/when", tests), ("/routing/rules/0/when", category)]), [""; 0]);
    }
}
