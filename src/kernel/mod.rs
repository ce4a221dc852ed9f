//! Pure building blocks that every slice may use: ids, the clock, text that has been checked, pages of a list.

pub mod business_time;
pub mod clock;
pub mod fields;
pub mod ids;
pub mod local_time;
pub mod page;
pub mod people;
pub mod shares;
pub mod text;
