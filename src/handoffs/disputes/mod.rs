//! A dispute is what one department contests of what the agreement made of a lead; a manager of the other one rules.
//! A waiver stops a clock, with name and reason.

pub mod actions;
pub mod card;
pub mod model;
pub mod pages;
pub mod queries;
