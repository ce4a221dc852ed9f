//! Imports: leads and events from files, each row checked, the good ones in and the others listed with the reason.
//!
//! `decode` and `rows` read any file, `map` says which column is what, `plan` makes leads and events of
//! rows, `run` brings them through intake batch by batch.

mod actions;
mod batches;
mod bind;
pub mod cli;
mod dates;
mod decode;
mod event_plan;
mod guess;
pub mod jobs;
mod lead_plan;
mod map;
mod model;
pub mod pages;
mod plan;
mod preview;
mod problem;
mod queries;
mod refusals;
mod rows;
mod run;
mod source;
mod typed;
mod upload;
