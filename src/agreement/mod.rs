//! The handoff agreement: one versioned document whose terms run, explain and measure every lead.

pub mod actions;
pub mod calendar;
pub mod checks;
pub mod clauses;
mod codec;
pub mod conversation;
pub mod exchange;
pub mod facts;
pub mod find;
pub mod jurisdiction;
pub mod known;
pub mod known_query;
mod lookup;
pub mod pages;
pub mod prose;
pub mod queries;
pub mod terms;
pub mod validate;
pub mod versions;
mod words;
