//! Fit: points for what the lead is, summed and clamped to 0..=100.

use serde::{Deserialize, Serialize};

use super::Test;

/// Points for a lead whose facts pass every test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRule {
    pub key: String,
    pub label: String,
    pub when: Vec<Test>,
    /// -100..=100, not 0.
    pub points: i16,
    /// The persona that this rule speaks for, by its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
}
