//! Conditions of rules: tests of one field each, all of which must hold.

use std::cmp::Ordering;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{Fact, Facts};

/// What a test compares a fact with, as it is written in the agreement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

/// How a fact is compared. Text is compared without regard to case and surrounding space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Is,
    IsNot,
    IsOneOf,
    IsNoneOf,
    /// The text is found anywhere in the fact, inside words too; of a list, any of its texts.
    Contains,
    /// The fact begins with the text; of a list, with any of its texts.
    StartsWith,
    /// Numbers by size, dates by time.
    AtLeast,
    AtMost,
    IsKnown,
    IsBlank,
}

/// One test of one field: `{ field = "employees", op = "at_least", value = 50 }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// A lead field, `custom.<key>` for a custom field, or `property.<key>` for an event's property.
    pub field: String,
    pub op: Op,
    /// Absent only for `is_known` and `is_blank`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// Whether every test holds. No tests hold of anything.
pub fn hold(tests: &[Test], facts: &impl Facts) -> bool {
    tests.iter().all(|test| test.holds(facts))
}

impl Test {
    /// Whether the test holds of these facts. A blank is unknown and satisfies nothing but `is_blank`:
    /// a lead of unknown country is neither from Germany nor from elsewhere.
    pub fn holds(&self, facts: &impl Facts) -> bool {
        let Some(fact) = facts.known(&self.field) else { return self.op == Op::IsBlank };
        match (self.op, &self.value) {
            (Op::IsKnown, _) => true,
            (Op::IsBlank, _) | (_, None) => false,
            (Op::Is | Op::IsOneOf, Some(value)) => any(value, |one| same(&fact, one)),
            (Op::IsNot | Op::IsNoneOf, Some(value)) => !any(value, |one| same(&fact, one)),
            (Op::Contains, Some(value)) => any_text(&fact, value, contains),
            (Op::StartsWith, Some(value)) => any_text(&fact, value, starts_with),
            (Op::AtLeast, Some(value)) => compare(&fact, value).is_some_and(Ordering::is_ge),
            (Op::AtMost, Some(value)) => compare(&fact, value).is_some_and(Ordering::is_le),
        }
    }
}

/// Whether a value, or any of a list's, satisfies.
fn any(value: &Value, mut satisfies: impl FnMut(&Value) -> bool) -> bool {
    match value {
        Value::List(values) => values.iter().any(satisfies),
        one => satisfies(one),
    }
}

fn any_text(fact: &Fact, value: &Value, satisfies: fn(&str, &str) -> bool) -> bool {
    let Fact::Text(fact) = fact else { return false };
    any(value, |one| matches!(one, Value::Text(text) if satisfies(fact.trim(), text.trim())))
}

/// Equality across the ways in which a thing may have been typed: `"50"` is 50, `"yes"` is true.
fn same(fact: &Fact, value: &Value) -> bool {
    match (fact, value) {
        (Fact::Text(fact), Value::Text(value)) => same_text(fact.trim(), value.trim()),
        (Fact::Bool(fact), Value::Bool(value)) => fact == value,
        (Fact::Bool(fact), Value::Text(value)) => truth_of(value) == Some(*fact),
        (Fact::Text(fact), Value::Bool(value)) => truth_of(fact) == Some(*value),
        _ => number_of_fact(fact).zip(number_of_value(value)).is_some_and(|(fact, value)| fact == value),
    }
}

pub(super) fn truth_of(text: &str) -> Option<bool> {
    let text = text.trim();
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") || is("yes") {
        Some(true)
    } else if is("false") || is("no") {
        Some(false)
    } else {
        None
    }
}

pub(super) fn compare(fact: &Fact, value: &Value) -> Option<Ordering> {
    if let Some((fact, value)) = number_of_fact(fact).zip(number_of_value(value)) {
        return fact.partial_cmp(&value);
    }
    match (fact, value) {
        (Fact::Text(fact), Value::Text(value)) => Some(date_of(fact)?.cmp(&date_of(value)?)),
        _ => None,
    }
}

fn number_of_fact(fact: &Fact) -> Option<f64> {
    match fact {
        Fact::Number(number) => Some(*number),
        Fact::Text(text) => number_of_text(text),
        Fact::Bool(_) => None,
    }
}

pub(super) fn number_of_value(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => number_of_text(text),
        Value::Bool(_) | Value::List(_) => None,
    }
}

/// A finite number; the words that also parse as floats (`inf`, `nan`) are text.
fn number_of_text(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// The day of an ISO date or date and time, such as `2026-03-01` or `2026-03-01T09:30:00Z`.
pub(super) fn date_of(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let ends = rest.is_empty() || rest.starts_with(['T', 't', ' ']);
    ends.then(|| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok())?
}

pub(super) fn same_text(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() { a.eq_ignore_ascii_case(b) } else { lower(a).eq(lower(b)) }
}

pub(super) fn starts_with(text: &str, start: &str) -> bool {
    let mut text = lower(text);
    lower(start).all(|c| text.next() == Some(c))
}

pub(super) fn contains(text: &str, part: &str) -> bool {
    if text.is_ascii() && part.is_ascii() {
        let (text, part) = (text.as_bytes(), part.as_bytes());
        return part.is_empty() || text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
    }
    text.char_indices().any(|(at, _)| starts_with(&text[at..], part))
}

/// Lower case letter by letter, without an allocation for each test.
fn lower(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scoring::json_fact;

    struct Given(serde_json::Value);
    impl Facts for Given {
        fn fact(&self, field: &str) -> Option<Fact<'_>> {
            json_fact(self.0.get(field)?)
        }
    }

    fn holds(fact: serde_json::Value, op: &str, value: serde_json::Value) -> bool {
        let test: Test = if value.is_null() {
            serde_json::from_value(json!({ "field": "f", "op": op })).unwrap()
        } else {
            serde_json::from_value(json!({ "field": "f", "op": op, "value": value })).unwrap()
        };
        test.holds(&Given(json!({ "f": fact })))
    }

    #[test]
    fn a_blank_satisfies_nothing_but_is_blank() {
        for blank in [json!(null), json!(""), json!("  \u{a0}\t"), json!([]), json!({})] {
            assert!(holds(blank.clone(), "is_blank", json!(null)), "{blank}");
            assert!(!holds(blank.clone(), "is_known", json!(null)), "{blank}");
            for op in ["is", "is_not", "contains", "starts_with", "at_least", "at_most"] {
                assert!(!holds(blank.clone(), op, json!("")), "{blank} {op}");
                assert!(!holds(blank.clone(), op, json!("x")), "{blank} {op}");
                assert!(!holds(blank.clone(), op, json!(0)), "{blank} {op}");
            }
            assert!(!holds(blank.clone(), "is_none_of", json!(["x"])), "{blank}");
        }
        assert!(!holds(json!("x"), "is_blank", json!(null)));
        assert!(holds(json!(false), "is_known", json!(null)));
        assert!(holds(json!(0), "is_known", json!(null)));
    }

    #[test]
    fn text_is_compared_without_case_and_surrounding_space() {
        assert!(holds(json!("  Acme GmbH "), "is", json!("acme gmbh")));
        assert!(holds(json!("ÄRZTEHAUS"), "is", json!("ärztehaus")));
        assert!(!holds(json!("Acme"), "is", json!("Acme Inc")));
        assert!(holds(json!("Acme"), "is_not", json!("Acme Inc")));
        assert!(holds(json!("DE"), "is_one_of", json!(["at", "de"])));
        assert!(!holds(json!("DE"), "is_none_of", json!(["at", "de"])));
        assert!(holds(json!("FR"), "is_none_of", json!(["at", "de"])));
    }

    #[test]
    fn parts_of_text_are_found_in_any_script() {
        assert!(holds(json!("Head of Marketing"), "contains", json!("MARKETING")));
        assert!(holds(json!("Leiterin ÖFFENTLICHKEIT"), "contains", json!("öffentlich")));
        assert!(holds(json!("Head of Sales"), "contains", json!(["chief", "head"])));
        assert!(!holds(json!("Sales"), "contains", json!("Sales lead")));
        assert!(holds(json!("/pricing?plan=a"), "starts_with", json!("/Pricing")));
        assert!(!holds(json!("see /pricing"), "starts_with", json!("/pricing")));
        assert!(!holds(json!("Ä"), "starts_with", json!("ärzte")));
    }

    #[test]
    fn numbers_are_compared_however_they_were_typed() {
        assert!(holds(json!(50), "at_least", json!(50)));
        assert!(holds(json!(" 120 "), "at_least", json!(50)));
        assert!(holds(json!(49.9), "at_most", json!("50")));
        assert!(!holds(json!("many"), "at_least", json!(1)));
        assert!(!holds(json!("inf"), "at_least", json!(1)));
        assert!(!holds(json!("NaN"), "at_most", json!(1)));
        assert!(holds(json!("50.0"), "is", json!(50)));
        assert!(holds(json!(50), "is", json!("50")));
        assert!(holds(json!("1e3"), "is_one_of", json!([1000])));
    }

    #[test]
    fn truth_is_compared_however_it_was_typed() {
        assert!(holds(json!(true), "is", json!(true)));
        assert!(holds(json!("Yes"), "is", json!(true)));
        assert!(holds(json!(false), "is", json!("no")));
        assert!(!holds(json!("maybe"), "is", json!(true)));
        assert!(!holds(json!("maybe"), "is", json!(false)));
        assert!(!holds(json!(1), "is", json!(true)));
    }

    #[test]
    fn dates_are_compared_by_day() {
        assert!(holds(json!("2026-03-01"), "at_least", json!("2026-03-01")));
        assert!(holds(json!("2026-03-01T23:59:59Z"), "at_most", json!("2026-03-01")));
        assert!(!holds(json!("2026-02-28"), "at_least", json!("2026-03-01")));
        assert!(!holds(json!("2026-03-01x"), "at_least", json!("2026-01-01")));
        assert!(!holds(json!("1. März 2026"), "at_least", json!("2026-01-01")));
    }
}
