//! The handoff agreement: one versioned document whose terms run, explain and measure every lead.

pub mod calendar;
mod codec;
pub mod facts;
mod lookup;
pub mod queries;
pub mod terms;
pub mod versions;
mod words;
