//! A lead is a person who may buy, with their company facts, consent, source and touches.

pub mod model;
pub mod queries;

pub use model::{Consent, Identity, IdentityKind, Lead};
