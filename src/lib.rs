//! Baton hands leads from marketing to sales by the agreement that both departments signed.

pub mod agreement;
pub mod kernel;
pub mod scoring;
