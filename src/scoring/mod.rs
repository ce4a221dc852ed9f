//! How good a lead is, on two axes: *fit* is what the lead is, *interest* is what the lead does.
//!
//! Everything here is pure: rules and facts in, points and their reasons out. The rules come from
//! the agreement in force; nothing about a particular business is written in this module.

mod category;
mod condition;
mod fit;
mod interest;

pub use category::{CategoryKey, Thresholds};
pub use condition::{Fact, Facts, Op, Test, Value};
pub use fit::{FitLine, FitRule, FitScore};
pub use interest::{Interest, InterestLine, InterestRule, InterestRules, Part, ScoredEvent};
