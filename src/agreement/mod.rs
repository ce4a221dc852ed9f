//! The handoff agreement: one versioned document whose terms run, explain and measure every lead.

pub mod calendar;
pub mod terms;
