//! Lists, amounts and conditions in words.

use crate::agreement::facts::lead_field;
use crate::agreement::terms::Terms;
use crate::scoring::{CategoryKey, Op, Test, Value};

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and(items: impl IntoIterator<Item = String>) -> String {
    joined(items.into_iter().collect(), "and")
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn or(items: impl IntoIterator<Item = String>) -> String {
    joined(items.into_iter().collect(), "or")
}

fn joined(mut items: Vec<String>, word: &str) -> String {
    let Some(last) = items.pop() else { return String::new() };
    if items.is_empty() { last } else { format!("{} {word} {last}", items.join(", ")) }
}

/// `1 point`, `2.5 points`.
pub(super) fn count(number: impl std::fmt::Display, one: &str) -> String {
    let number = number.to_string();
    if number == "1" || number == "-1" { format!("{number} {one}") } else { format!("{number} {one}s") }
}

/// Minutes of business time: `15 business minutes`, `4 business hours`.
pub fn business(minutes: u32) -> String {
    if minutes >= 60 && minutes.is_multiple_of(60) {
        count(minutes / 60, "business hour")
    } else {
        count(minutes, "business minute")
    }
}

/// A field in words: `employees`, `custom field “plan”`.
pub fn field(name: &str) -> String {
    if let Some(known) = lead_field(name) {
        return known.label.to_lowercase();
    }
    match name.split_once('.') {
        Some(("custom", key)) => format!("custom field “{key}”"),
        Some(("property", key)) => format!("property “{key}”"),
        _ => name.replace('_', " "),
    }
}

/// A condition in words: `country is “DE” and employees is at least 50`.
pub fn condition(terms: &Terms, tests: &[Test]) -> String {
    and(tests.iter().map(|test| test_in_words(terms, test)))
}

fn test_in_words(terms: &Terms, test: &Test) -> String {
    let comparison = match test.op {
        Op::Is => "is",
        Op::IsNot => "is known and is not",
        Op::IsOneOf => "is one of",
        Op::IsNoneOf => "is known and is none of",
        Op::Contains => "contains",
        Op::StartsWith => "starts with",
        Op::AtLeast => "is at least",
        Op::AtMost => "is at most",
        Op::IsKnown => "is known",
        Op::IsBlank => "is unknown",
    };
    let said = format!("{} {comparison}", field(&test.field));
    match &test.value {
        Some(value) => format!("{said} {}", value_in_words(terms, &test.field, value)),
        None => said,
    }
}

fn value_in_words(terms: &Terms, field: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => format!("“{}”", label_of(terms, field, text)),
        Value::List(values) => or(values.iter().map(|value| value_in_words(terms, field, value))),
    }
}

/// The word that people use for what a routing rule names by its key.
fn label_of<'a>(terms: &'a Terms, field: &str, text: &'a str) -> &'a str {
    match field {
        "category" => CategoryKey::parse(text).map(|key| terms.category(key).label.as_str()),
        "fast_track" => terms.fast_track(text).map(|track| track.label.as_str()),
        _ => None,
    }
    .unwrap_or(text)
}

/// The label of a queue, or its key when there is no such queue.
pub(super) fn queue(terms: &Terms, key: &str) -> String {
    terms.queue(key).map_or_else(|| key.to_owned(), |queue| queue.label.clone())
}

/// A text as a sentence of its own.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}
