//! A lead is a person who may buy, with their company facts, consent, source and touches.

mod choices;
mod filters;
mod list;
mod list_query;
pub mod model;
pub mod pages;
mod params;
mod plane;
pub mod queries;

pub use choices::KeptChoices;
pub use model::{Consent, Identity, IdentityKind, Lead};
