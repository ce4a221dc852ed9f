//! Values of custom fields and properties: text, number, yes or no, date.

use csv::StringRecord;
use serde_json::{Number, Value};

use super::bind::{Allows, Binder, Bound, RowCheck, truth};
use super::dates::Dates;
use super::map::{Field, ValueType};
use crate::kernel::text::excerpt;

/// Characters that a text value may have.
const LONGEST_TEXT: usize = 10_000;

/// A bound field whose value has a type.
#[derive(Debug, Clone)]
pub struct Typed {
    pub bound: Bound,
    pub value_type: ValueType,
    dates: Dates,
}

impl Typed {
    pub fn bind(binder: &mut Binder, key: &str, field: &Field, allows: Allows) -> Typed {
        let value_type = field.rest.value_type.unwrap_or_default();
        if field.rest.format.is_some() && value_type != ValueType::Date {
            binder.refuse(
                &format!("{key}.format"),
                "",
                "only a value of type = “date” has a format; set the type or remove it",
            );
        }
        let mut bound = binder.field(key, field, allows);
        bound.keeps_lines = value_type == ValueType::Text;
        Typed { dates: binder.dates(key, field), bound, value_type }
    }

    /// The value in a row, if it is known.
    pub fn take(&self, row: &StringRecord, check: &mut RowCheck) -> Option<Value> {
        let text = self.bound.take(row, check)?;
        let value = match self.value_type {
            ValueType::Text => limited(&text).map(Value::String),
            ValueType::Number => number(&text).map(Value::Number),
            ValueType::Bool => truth(&text).map(Value::Bool),
            ValueType::Date => self.dates.day(&text).map(|day| Value::String(day.to_string())),
        };
        check.check(&self.bound, &text, value)
    }
}

fn limited(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if length > LONGEST_TEXT {
        return Err(format!("it has {length} characters; at most {LONGEST_TEXT} are kept"));
    }
    Ok(text.to_owned())
}

/// A number in the one notation that no country reads otherwise: digits and a point.
fn number(text: &str) -> Result<Number, String> {
    let whole = text.parse::<i64>().ok().map(Number::from);
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    let number = whole.or_else(|| plain.then(|| text.parse().ok().and_then(Number::from_f64))?);
    number.ok_or_else(|| {
        format!("“{}” is not a number; write it with digits and a point, as in 1234.5", excerpt(text))
    })
}

/// Whether a word can be the key of a custom field or property.
pub fn is_key(key: &str) -> bool {
    key.len() <= 60
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_only_in_the_notation_that_means_one_thing() {
        assert_eq!(number("305").unwrap(), Number::from(305));
        assert_eq!(number("-2.5").unwrap().as_f64(), Some(-2.5));
        for text in ["1,5", "1 000", "inf", "NaN", "0x10", "1e999", "$5", ""] {
            assert!(number(text).is_err(), "{text}");
        }
    }
}
