//! What is known, as rules see it.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value as Json;

/// One fact about a lead or an event, borrowed from where it is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
}

impl<'a> From<&'a str> for Fact<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl fmt::Display for Fact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text.trim()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
        }
    }
}

/// Anything whose fields can be tested.
pub trait Facts {
    /// The value of a field, `None` when it is unknown. Text of spaces alone counts as unknown too.
    fn fact(&self, field: &str) -> Option<Fact<'_>>;

    /// The value of a field unless it is unknown or blank.
    fn known(&self, field: &str) -> Option<Fact<'_>> {
        self.fact(field).filter(|fact| !matches!(fact, Fact::Text(text) if text.trim().is_empty()))
    }
}

/// A JSON value as a fact. Null is unknown; lists and objects hold no single fact and are unknown too.
pub fn json_fact(value: &Json) -> Option<Fact<'_>> {
    match value {
        Json::String(text) => Some(Fact::from(text.as_str())),
        Json::Number(number) => number.as_f64().map(Fact::Number),
        Json::Bool(truth) => Some(Fact::Bool(*truth)),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}
