//! A handoff is one pass of the baton: a lead offered to sales under one version of the agreement,
//! until it is converted, handed back or withdrawn.

pub mod actions;
pub mod intake;
pub mod judge;
pub mod model;
pub mod packet;
pub mod pages;
pub mod panel;
pub mod queries;
pub mod queues;
pub mod rejudge;
pub mod reps;
pub mod service_levels;
pub mod thresholds;
pub mod trace;
pub mod try_one;
