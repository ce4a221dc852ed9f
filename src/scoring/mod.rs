//! How good a lead is, on two axes: *fit* is what the lead is, *interest* is what the lead does.
//!
//! Everything here is pure: rules and facts in, points and their reasons out. The rules come from
//! the agreement in force; nothing about a particular business is written in this module.

mod category;
mod condition;
mod event;
mod facts;
mod fit;
mod implies;
mod interest;
#[cfg(test)]
mod interest_tests;

pub use category::{CategoryKey, Thresholds};
pub use condition::{Op, Test, Value, hold};
pub use event::ScoredEvent;
pub use facts::{Fact, Facts, json_fact};
pub use fit::{FitLine, FitRule, FitScore};
pub use implies::{contradicts, implies};
pub use interest::{Folded, Interest, InterestLine, InterestRule, InterestRules, Part};
