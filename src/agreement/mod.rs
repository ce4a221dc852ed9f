//! The handoff agreement: one versioned document whose terms run, explain and measure every lead.

pub mod actions;
pub mod calendar;
pub mod clauses;
mod codec;
pub mod edit;
pub mod facts;
pub mod jurisdiction;
mod lookup;
pub mod pages;
pub mod prose;
pub mod queries;
pub mod terms;
pub mod validate;
pub mod versions;
mod words;
