//! Trying one lead on a version: what it would do at this moment, beside what the version in force does.

mod form;
pub mod pages;
