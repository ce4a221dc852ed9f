//! Conditions of rules: tests of one field each, all of which must hold.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a test compares a fact with, as it is written in the agreement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

/// One fact about a lead or an event, borrowed from where it is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
    Time(DateTime<Utc>),
}

/// Anything whose fields can be tested. `None` means unknown: a blank never satisfies a test,
/// except [`Op::IsBlank`].
pub trait Facts {
    fn fact(&self, field: &str) -> Option<Fact<'_>>;
}

/// How a fact is compared. Text is compared without regard to case and surrounding space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Is,
    IsNot,
    IsOneOf,
    IsNoneOf,
    Contains,
    StartsWith,
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
