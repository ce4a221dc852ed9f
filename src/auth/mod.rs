//! Who is asking, and what they may do.

mod account;
pub mod actions;
pub mod limits;
pub mod model;
pub mod pages;
pub mod passwords;
pub mod permissions;
pub mod queries;
pub mod sessions;
mod users;

pub use model::User;
pub use permissions::Access;
