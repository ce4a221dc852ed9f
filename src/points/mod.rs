//! Points that closed leads teach: learnt, judged on leads that they were not learnt from, and offered to a draft.
//!
//! `features` makes clauses of what is known, `learn` weighs them, `card` turns weights into whole points,
//! `judge_card` says how well a card ranks and parts the leads, `suggest` does all of it.

mod accept;
mod actions;
mod card;
pub mod cli;
mod features;
pub mod jobs;
mod judge_card;
mod leaks;
mod learn;
mod model;
pub mod pages;
#[cfg(test)]
mod planted;
mod queries;
mod suggest;
