//! Back-tests: a window of the past, replayed under a draft and under the version in force, beside what happened.
//!
//! `history` is what was known when, `replay` walks through it by the rules of the live engine, `figures` counts,
//! `run` streams all leads through both.

pub mod actions;
pub mod figures;
pub mod history;
pub mod history_query;
pub mod jobs;
pub mod lists;
pub mod model;
pub mod pages;
pub mod queries;
pub mod replay;
mod report;
pub mod run;
