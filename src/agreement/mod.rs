//! The handoff agreement: one versioned document whose terms run, explain and measure every lead.

pub mod actions;
pub mod asked;
pub mod calendar;
pub mod citations;
pub mod clauses;
mod codec;
pub mod difference;
mod difference_pages;
mod difference_words;
pub mod facts;
pub mod jurisdiction;
pub mod lifecycle_picture;
mod lookup;
pub mod pages;
pub mod prose;
pub mod queries;
pub mod signing;
mod signing_pages;
pub mod signing_query;
pub mod terms;
pub mod validate;
pub mod versions;
mod words;
