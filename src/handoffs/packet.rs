//! What sales is given, frozen at the moment of the offer: facts, the explained score, recent events.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::agreement::facts::LeadFacts;
use crate::agreement::versions::Version;
use crate::leads::Lead;
use crate::leads::queries::EventRow;
use crate::scoring::{CategoryKey, FitScore, InterestLine};

/// Events that a packet shows.
pub const RECENT_EVENTS: i64 = 10;

/// The packet of a handoff.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Packet {
    pub facts: LeadFacts,
    pub category: CategoryKey,
    pub fit: FitScore,
    /// Points at the moment of the offer: the sum of the lines.
    pub interest: f64,
    pub interest_lines: Vec<InterestLine>,
    pub events: Vec<PacketEvent>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PacketEvent {
    pub kind: String,
    pub properties: Value,
    pub occurred_at: DateTime<Utc>,
}

impl Packet {
    /// Freezes what is known of a lead.
    pub fn freeze(
        version: &Version,
        lead: &Lead,
        category: CategoryKey,
        events: Vec<EventRow>,
        now: DateTime<Utc>,
    ) -> Packet {
        let rules = version.terms.interest.scoring();
        Packet {
            facts: lead.facts.clone(),
            category,
            fit: FitScore::of(&version.terms.fit.rules, &lead.facts),
            interest: lead.interest.points_at(&rules, now),
            interest_lines: lead.interest.lines(&rules, now),
            events: events
                .into_iter()
                .map(|e| PacketEvent { kind: e.kind, properties: e.properties, occurred_at: e.occurred_at })
                .collect(),
        }
    }
}
