//! A lead is a person who may buy, with their company facts, consent, source and touches.

mod acts;
mod choices;
mod choices_query;
mod edit;
mod events_query;
mod filters;
pub mod find;
pub mod form;
pub mod form_query;
pub mod lead_page;
mod list;
mod list_query;
pub mod model;
pub mod pages;
mod params;
pub mod plane;
pub mod queries;
mod timeline;
mod timeline_query;

pub use choices::KeptChoices;
pub use model::{Consent, Identity, IdentityKind, Lead};

/// The source of events that people add on a lead's page.
pub const BY_HAND: &str = "by hand";
