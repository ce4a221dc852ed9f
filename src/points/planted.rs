//! Closed leads whose outcome follows a rule that a test planted.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value as Json, json};

use super::model::{Case, CaseEvent};
use crate::agreement::facts::LeadFacts;
use crate::kernel::ids::LeadId;

pub fn at(days: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::days(days)
}

/// A closed lead by what is written of it, judged on day 100.
pub fn case(facts: Json, events: &[(&str, Json, i64)], won: bool) -> Case {
    let facts: LeadFacts = serde_json::from_value(facts).unwrap();
    let events = events.iter().map(|(kind, properties, day)| CaseEvent {
        kind: (*kind).to_owned(),
        properties: properties.clone(),
        occurred_at: at(*day),
    });
    Case { lead: LeadId(uuid::Uuid::new_v4()), events: events.collect(), facts, at: at(100), won }
}

/// Leads of four industries, blank for some, and of all sizes. Software wins far more often, and so do those who
/// looked at the pricing page; colours are noise.
pub fn leads(count: usize) -> Vec<Case> {
    let mut dice = ChaCha8Rng::seed_from_u64(11);
    (0..count)
        .map(|_| {
            let industry = [Some("Software"), Some("Retail"), Some("Farming"), None][dice.random_range(0..4)];
            let colour = ["red", "green", "blue"][dice.random_range(0..3)];
            let employees = dice.random_range(1..1000);
            let pricing = dice.random_bool(0.4);
            let odds = -2.6
                + if industry == Some("Software") { 2.4 } else { 0.0 }
                + if employees >= 500 { 1.2 } else { 0.0 }
                + if pricing { 1.8 } else { 0.0 };
            let won = dice.random_bool(1.0 / (1.0 + f64::exp(-odds)));
            let facts =
                json!({ "industry": industry, "employees": employees, "custom": { "colour": colour } });
            let mut events = vec![("page_view", json!({ "seconds": dice.random_range(1..300) }), 99)];
            if pricing {
                events.push(("pricing_view", json!({}), 100));
            }
            case(facts, &events, won)
        })
        .collect()
}
