//! An event, as far as rules look at it.

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::{Fact, Facts, Test, hold, json_fact};

/// One engagement by a lead. Rules test its properties as `property.<key>`.
#[derive(Debug, Clone, Copy)]
pub struct ScoredEvent<'a> {
    pub kind: &'a str,
    /// A JSON object; anything else has no properties.
    pub properties: &'a Json,
    pub occurred_at: DateTime<Utc>,
}

impl ScoredEvent<'_> {
    /// Whether the event is of this kind and passes every test.
    pub fn matches(&self, kind: &str, when: &[Test]) -> bool {
        self.kind == kind && hold(when, self)
    }
}

impl Facts for ScoredEvent<'_> {
    fn fact(&self, field: &str) -> Option<Fact<'_>> {
        json_fact(self.properties.get(field.strip_prefix("property.")?)?)
    }
}
