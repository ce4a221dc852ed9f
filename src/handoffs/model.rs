//! Handoffs as rows, and the words around them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;

use super::disputes::model::Waivers;
use crate::kernel::ids::{HandoffId, LeadId, UserId};

/// Where a handoff stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum HandoffState {
    Offered,
    Claimed,
    Contacted,
    Converted,
    HandedBack,
    Withdrawn,
}

impl HandoffState {
    pub fn label(self) -> &'static str {
        match self {
            HandoffState::Offered => "Offered",
            HandoffState::Claimed => "Claimed",
            HandoffState::Contacted => "Contacted",
            HandoffState::Converted => "Converted",
            HandoffState::HandedBack => "Handed back",
            HandoffState::Withdrawn => "Withdrawn",
        }
    }
}

/// A new handoff, as it is written.
#[derive(Debug, Clone, Serialize)]
pub struct NewHandoff {
    pub lead_id: LeadId,
    pub id: HandoffId,
    pub cycle: i32,
    pub version: i32,
    pub queue: String,
    pub routing_rule: Option<String>,
    pub category: &'static str,
    pub fast_track: Option<String>,
    pub packet: Value,
    pub qualified_at: DateTime<Utc>,
    pub offered_at: DateTime<Utc>,
    pub claim_risk_at: DateTime<Utc>,
    pub claim_due_at: DateTime<Utc>,
    pub hot_until: Option<DateTime<Utc>>,
}

/// A handoff, as it is worked with.
#[derive(Debug, Clone)]
pub struct Handoff {
    pub lead_id: LeadId,
    pub id: HandoffId,
    pub cycle: i32,
    pub state: HandoffState,
    pub version: i32,
    pub queue: String,
    pub routing_rule: Option<String>,
    pub category: String,
    pub fast_track: Option<String>,
    pub owner_id: Option<UserId>,
    pub owner_name: Option<String>,
    pub qualified_at: DateTime<Utc>,
    pub offered_at: DateTime<Utc>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub contacted_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub claim_risk_at: DateTime<Utc>,
    pub claim_due_at: DateTime<Utc>,
    pub contact_risk_at: Option<DateTime<Utc>>,
    pub contact_due_at: Option<DateTime<Utc>>,
    pub hand_back_reason: Option<String>,
    pub hand_back_note: Option<String>,
    pub nurture_until: Option<DateTime<Utc>>,
    pub answer_due_at: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    /// The version under which it was handed back.
    pub returned_version: Option<i32>,
    /// Its clocks that a person stopped.
    pub waivers: Option<Json<Waivers>>,
    /// What was frozen at the offer, while the handoff is open.
    pub packet: Option<Value>,
}
