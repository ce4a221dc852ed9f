//! Conditions as rows of field, test and value.

use serde_json::{Value, json};

use super::fields::About;
use super::form::Typed;
use super::options::{Shape, Words};
use crate::kernel::fields::FieldErrors;
use crate::kernel::text::excerpt;

/// The tests in words, by their key.
pub const OPS: [(&str, &str); 10] = [
    ("is", "is"),
    ("is_not", "is known and is not"),
    ("is_one_of", "is one of"),
    ("is_none_of", "is known and is none of"),
    ("contains", "contains"),
    ("starts_with", "starts with"),
    ("at_least", "is at least"),
    ("at_most", "is at most"),
    ("is_known", "is known"),
    ("is_blank", "is unknown"),
];

/// What people type of a property is its key alone.
const PROPERTY: &str = "property.";

fn is_bare(op: &str) -> bool {
    matches!(op, "is_known" | "is_blank")
}

fn takes_list(op: &str) -> bool {
    matches!(op, "is_one_of" | "is_none_of" | "contains" | "starts_with")
}

/// Puts the tests of a condition into the form.
pub fn show(name: &str, about: About, tests: &Value, words: Words, typed: &mut Typed) {
    for (at, test) in tests.as_array().into_iter().flatten().enumerate() {
        let [field, op, value] = cells(about, test, words);
        typed.put(format!("{name}.{at}.field"), field);
        typed.put(format!("{name}.{at}.op"), op);
        typed.put(format!("{name}.{at}.value"), value);
    }
}

/// Field, test and value as they are typed.
fn cells(about: About, test: &Value, words: Words) -> [String; 3] {
    let text = |name: &str| test[name].as_str().unwrap_or_default();
    let (field, op) = (text("field"), text("op"));
    let shape = words.shape(field);
    let value = match &test["value"] {
        Value::Array(values) => {
            values.iter().map(|one| quoted(&one_shown(one, &shape))).collect::<Vec<_>>().join(", ")
        }
        one if takes_list(op) && !one.is_null() => quoted(&one_shown(one, &shape)),
        one => one_shown(one, &shape),
    };
    let field = if about == About::Event { field.strip_prefix(PROPERTY).unwrap_or(field) } else { field };
    [field.to_owned(), op.to_owned(), value]
}

fn one_shown(value: &Value, shape: &Shape) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => plain(number.as_f64().unwrap_or_default()),
        Value::String(text) => match shape {
            Shape::Named(choices) => choices
                .iter()
                .find(|(key, _)| key == text)
                .map_or_else(|| text.clone(), |(_, label)| label.clone()),
            _ => text.clone(),
        },
        other => other.to_string(),
    }
}

/// A number as people write it: 50, not 50.0.
pub fn plain(number: f64) -> String {
    number.to_string()
}

/// In quotes when a comma would cut it.
fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// The values of a list: by commas, except within quotes.
fn split(text: &str) -> Vec<String> {
    let (mut values, mut value, mut in_quotes) = (vec![], String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if in_quotes && letters.peek() == Some(&'"') => {
                letters.next();
                value.push('"');
            }
            '"' if in_quotes || value.trim().is_empty() => in_quotes = !in_quotes,
            ',' if !in_quotes => values.push(std::mem::take(&mut value)),
            c => value.push(c),
        }
    }
    values.push(value);
    values.iter().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// Reads the rows, which have been closed up. A row that stands as it was keeps what the terms held for it.
pub fn read(name: &str, about: About, typed: &Typed, before: &Value, words: Words) -> (Value, FieldErrors) {
    let mut errors = FieldErrors::default();
    let mut tests = vec![];
    for at in 0..typed.rows(name) {
        let cell = |part: &str| typed.get(&format!("{name}.{at}.{part}")).trim().to_owned();
        let row = [cell("field"), cell("op"), cell("value")];
        let kept = before.as_array().into_iter().flatten().find(|test| cells(about, test, words) == row);
        if let Some(test) = kept {
            tests.push(test.clone());
            continue;
        }
        let [field, op, value] = row;
        if field.is_empty() {
            let what = if about == About::Event { "a property" } else { "a field" };
            errors.add(
                format!("{name}.{at}.field"),
                format!("Choose {what} to test, or clear the whole line."),
            );
            continue;
        }
        let field = if about == About::Event { format!("{PROPERTY}{field}") } else { field };
        if is_bare(&op) {
            tests.push(json!({ "field": field, "op": op }));
            continue;
        }
        match compared(&op, &value, &words.shape(&field)) {
            Ok(value) => tests.push(json!({ "field": field, "op": op, "value": value })),
            Err(problem) => errors.add(format!("{name}.{at}.value"), problem),
        }
    }
    (Value::Array(tests), errors)
}

fn compared(op: &str, text: &str, shape: &Shape) -> Result<Value, String> {
    if text.is_empty() {
        return Err("Say what to compare with, or choose “is known” or “is unknown”.".to_owned());
    }
    if !takes_list(op) {
        return one(op, text, shape);
    }
    let mut values =
        split(text).iter().map(|text| one(op, text, shape)).collect::<Result<Vec<_>, String>>()?;
    let alone = matches!(op, "contains" | "starts_with") && values.len() == 1;
    Ok(if alone { values.swap_remove(0) } else { Value::Array(values) })
}

fn one(op: &str, text: &str, shape: &Shape) -> Result<Value, String> {
    let number = || text.parse::<f64>().ok().filter(|number| number.is_finite());
    match shape {
        Shape::Number => number()
            .map(Value::from)
            .ok_or_else(|| format!("“{}” is not a number; write it as 50 or 12.5.", excerpt(text))),
        Shape::YesNo => match text.to_lowercase().as_str() {
            "yes" | "true" => Ok(true.into()),
            "no" | "false" => Ok(false.into()),
            _ => Err(format!("“{}” is neither yes nor no; write one of them.", excerpt(text))),
        },
        Shape::Named(choices) => choices
            .iter()
            .find(|(key, label)| key == text || label.to_lowercase() == text.to_lowercase())
            .map(|(key, _)| key.as_str().into())
            .ok_or_else(|| {
                let known: Vec<&str> = choices.iter().take(8).map(|(_, label)| label.as_str()).collect();
                match known.is_empty() {
                    true => format!("“{}” is not known here, and nothing else is yet.", excerpt(text)),
                    false => {
                        format!("“{}” is not known here; write one of {}.", excerpt(text), known.join(", "))
                    }
                }
            }),
        // Looked for in a text, a number is a text too.
        Shape::Any if !matches!(op, "contains" | "starts_with") => {
            Ok(number().filter(|number| plain(*number) == text).map_or_else(|| text.into(), Value::from))
        }
        Shape::Any | Shape::Text => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::agreement::edit::queries::Surroundings;
    use crate::agreement::known::{CustomField, CustomKind};
    use crate::agreement::terms::Terms;

    fn compare(field: &str, op: &str, value: &str) -> Result<Value, String> {
        let terms = Terms::default_agreement();
        let custom = |key: &str, kind| CustomField { key: key.into(), label: key.into(), kind };
        let around = Surroundings {
            custom: vec![custom("seats", CustomKind::Number), custom("trial", CustomKind::Bool)],
            ..Surroundings::default()
        };
        compared(op, value, &Words { terms: &terms, around: &around }.shape(field))
    }

    #[test]
    fn a_value_is_what_its_field_holds() {
        assert_eq!(compare("employees", "at_least", "50"), Ok(json!(50.0)));
        assert_eq!(compare("country", "is", "50"), Ok(json!("50")));
        assert_eq!(compare("custom.seats", "is", "12.5"), Ok(json!(12.5)));
        assert_eq!(compare("custom.trial", "is", "Yes"), Ok(json!(true)));
        assert_eq!(compare("property.visits", "at_least", "3"), Ok(json!(3.0)));
        assert_eq!(compare("property.url", "contains", "2026"), Ok(json!("2026")));
        assert_eq!(compare("property.day", "at_least", "2026-03-01"), Ok(json!("2026-03-01")));
        assert!(compare("employees", "is", "many").unwrap_err().contains("“many” is not a number"));
        assert!(compare("country", "is", "").is_err());
    }

    #[test]
    fn what_routing_names_by_key_is_typed_by_its_label() {
        assert_eq!(compare("fast_track", "is", "asked for a demo"), Ok(json!("demo_request")));
        assert_eq!(
            compare("category", "is_one_of", "High interest / Good fit, low_interest_good_fit"),
            Ok(json!(["high_interest_good_fit", "low_interest_good_fit"]))
        );
        assert!(compare("category", "is", "Hot").unwrap_err().contains("write one of High interest"));
    }

    #[test]
    fn lists_are_cut_at_commas_but_not_within_quotes() {
        assert_eq!(split("a, b ,, \"Smith, Jones\", 5\" pipe"), ["a", "b", "Smith, Jones", "5\" pipe"]);
        for text in ["plain", "a, b", "say \"hi\"", "\"", ","] {
            assert_eq!(split(&quoted(text)), [text]);
        }
        assert_eq!(compare("title", "contains", "head"), Ok(json!("head")));
        assert_eq!(compare("title", "contains", "head, chief"), Ok(json!(["head", "chief"])));
        assert_eq!(compare("title", "is_one_of", "head"), Ok(json!(["head"])));
        assert_eq!(compare("company", "is", "Smith, Jones"), Ok(json!("Smith, Jones")));
    }

    proptest! {
        #[test]
        fn whatever_a_list_holds_is_read_as_it_is_shown(values in prop::collection::vec("[a-z\",' ]{0,8}[a-z\",]", 1..5)) {
            let values: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
            let shown = values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(split(&shown), values);
        }
    }
}
