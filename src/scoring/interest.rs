//! Interest: points for what the lead does, halving every half-life.

use serde::{Deserialize, Serialize};

use super::Test;

/// Points for an event of one kind whose properties pass every test. Every rule that matches an event counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestRule {
    pub key: String,
    pub label: String,
    /// The kind of event, such as `demo_request`.
    pub event: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Test>,
    /// Above 0, at most 1000.
    pub points: f64,
    /// The most that this rule's decaying part may hold at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<f64>,
}
