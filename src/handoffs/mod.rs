//! A handoff is one pass of the baton: a lead offered to sales under one version of the agreement,
//! until it is converted, handed back or withdrawn.

pub mod actions;
pub mod claims;
pub mod disputes;
pub mod intake;
pub mod into_force;
pub mod judge;
mod kept_figures;
pub mod model;
pub mod packet;
pub mod pages;
pub mod panel;
pub mod performance;
pub mod performance_query;
pub mod queries;
pub mod queue_page;
pub mod queues;
pub mod rejudge;
pub mod reps;
pub mod service_levels;
#[cfg(test)]
mod sound_terms_tests;
pub mod thresholds;
pub mod trace;
pub mod try_one;

pub use kept_figures::KeptFigures;
