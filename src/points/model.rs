//! Closed leads, the clauses that may tell them apart, and what a manager chose to learn from.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::agreement::facts::LeadFacts;
use crate::kernel::ids::LeadId;
use crate::scoring::{Interest, InterestRules, ScoredEvent, Test, hold};

/// A lead whose outcome is known, with what was known before sales had it.
#[derive(Debug, Clone)]
pub struct Case {
    pub lead: LeadId,
    pub facts: LeadFacts,
    pub events: Vec<CaseEvent>,
    /// When it is judged: when it was first offered; the time of its last event where that is not known.
    pub at: DateTime<Utc>,
    pub won: bool,
}

/// What a lead did, up to [`Case::at`].
#[derive(Debug, Clone)]
pub struct CaseEvent {
    pub kind: String,
    pub properties: Json,
    pub occurred_at: DateTime<Utc>,
}

impl CaseEvent {
    pub fn scored(&self) -> ScoredEvent<'_> {
        ScoredEvent { kind: &self.kind, properties: &self.properties, occurred_at: self.occurred_at }
    }
}

impl Case {
    /// The interest that rules see in it.
    pub fn interest(&self, rules: &InterestRules) -> f64 {
        let mut events: Vec<ScoredEvent> = self.events.iter().map(CaseEvent::scored).collect();
        Interest::replay(rules, &mut events).points_at(rules, self.at)
    }
}

/// What decides whether a lead was won.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Outcome {
    /// Deals, statuses and hand-backs.
    #[default]
    Deals,
    /// A custom field that is yes or no, by its key.
    Field(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Deals => f.write_str("deals"),
            Outcome::Field(key) => write!(f, "custom.{key}"),
        }
    }
}

impl From<Outcome> for String {
    fn from(outcome: Outcome) -> String {
        outcome.to_string()
    }
}

impl TryFrom<String> for Outcome {
    type Error = String;

    fn try_from(text: String) -> Result<Outcome, String> {
        text.parse()
    }
}

impl std::str::FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Outcome, String> {
        match text.trim() {
            "deals" => Ok(Outcome::Deals),
            field => match field.strip_prefix("custom.") {
                Some(key) if !key.is_empty() => Ok(Outcome::Field(key.to_owned())),
                _ => Err(format!(
                    "“{text}” is not an outcome; write deals, or custom.<key> of a field that is yes or no"
                )),
            },
        }
    }
}

/// What clauses are made of: a field of the lead, a kind of event, or a property of a kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Column {
    /// As rules name it: `country`, `custom.plan`.
    Field(String),
    Event(String),
    Property {
        event: String,
        key: String,
    },
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Column::Field(field) => f.write_str(field),
            Column::Event(event) => write!(f, "event.{event}"),
            Column::Property { event, key } => write!(f, "event.{event}.{key}"),
        }
    }
}

impl From<Column> for String {
    fn from(column: Column) -> String {
        column.to_string()
    }
}

impl From<String> for Column {
    fn from(text: String) -> Column {
        Column::parse(&text)
    }
}

impl Column {
    /// The column of this name. Any name is one; whether a lead has it is seen when leads are read.
    pub fn parse(name: &str) -> Column {
        match name.strip_prefix("event.") {
            None => Column::Field(name.to_owned()),
            Some(rest) => match rest.split_once('.') {
                None => Column::Event(rest.to_owned()),
                Some((event, key)) => Column::Property { event: event.to_owned(), key: key.to_owned() },
            },
        }
    }

    /// Which axis its points go to.
    pub fn axis(&self) -> Axis {
        if matches!(self, Column::Field(_)) { Axis::Fit } else { Axis::Interest }
    }
}

/// One of the two axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    Fit,
    Interest,
}

/// A condition that may earn points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    pub column: Column,
    pub label: String,
    pub when: Vec<Test>,
}

impl Clause {
    pub fn axis(&self) -> Axis {
        self.column.axis()
    }

    /// The kind of event that it counts.
    pub fn event(&self) -> Option<&str> {
        match &self.column {
            Column::Field(_) => None,
            Column::Event(event) | Column::Property { event, .. } => Some(event),
        }
    }

    /// What a rule of one point, capped at one, gives the lead: 1 or 0 for what it is; for what it did, what the
    /// half-life has left of the last time.
    pub fn weight(&self, case: &Case, half_life_days: f64) -> f64 {
        let Some(kind) = self.event() else { return if hold(&self.when, &case.facts) { 1.0 } else { 0.0 } };
        let matching = case.events.iter().filter(|event| event.scored().matches(kind, &self.when));
        let Some(last) = matching.map(|event| event.occurred_at).max() else { return 0.0 };
        let half_lives = (case.at - last).as_seconds_f64().max(0.0) / (half_life_days * 86_400.0);
        (-half_lives.min(1000.0)).exp2()
    }
}

/// What a manager asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub outcome: Outcome,
    pub columns: Vec<Column>,
}

/// Where a suggestion stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum State {
    Waiting,
    Running,
    Done,
    Failed,
}

impl State {
    pub fn is_at_work(self) -> bool {
        matches!(self, State::Waiting | State::Running)
    }
}

/// The id of a suggestion.
pub type SuggestionId = Uuid;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_outcomes_are_read_as_they_are_written() {
        for name in ["country", "custom.plan", "event.page_view", "event.page_view.url", "event.a.b.c"] {
            assert_eq!(Column::parse(name).to_string(), name);
        }
        assert_eq!(Column::parse("event.page_view").axis(), Axis::Interest);
        assert_eq!(Column::parse("first_touch.source").axis(), Axis::Fit);
        for name in ["deals", "custom.converted"] {
            assert_eq!(name.parse::<Outcome>().unwrap().to_string(), name);
        }
        for wrong in ["", "custom.", "converted"] {
            assert!(wrong.parse::<Outcome>().unwrap_err().contains("custom.<key>"), "{wrong}");
        }
    }
}
