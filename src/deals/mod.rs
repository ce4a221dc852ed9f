//! A deal is an opportunity that sales works on, until it is won or lost.

pub mod actions;
pub mod model;
pub mod pages;
pub mod queries;
