//! Baton hands leads from marketing to sales by the agreement that both departments signed.
//!
//! The tour, from the bottom up.

/// Pure building blocks: ids, the clock, checked text, business time.
pub mod kernel;

/// Flags and environment, checked at the start.
pub mod config;

/// The one error of the application.
pub mod error;

/// The pool, the migrations, the private Postgres.
pub mod db;

/// The append-only record of every change.
pub mod audit;

/// Who is asking, and what they may do.
pub mod auth;

/// The frame around every page: route table, layout, errors, live updates.
pub mod web;

/// Fit, interest, category: how good a lead is, and why.
pub mod scoring;

/// The handoff agreement: typed terms, versions, the readable document.
pub mod agreement;

/// Leads, their identities and events.
pub mod leads;

/// Judging, offering, claiming, working, handing back.
pub mod handoffs;

/// Opportunities, won or lost.
pub mod deals;

/// Replays of the past under terms that are not in force yet.
pub mod back_tests;

/// Points learnt from closed leads, suggested to a draft.
pub mod points;

/// Imports: leads and events from files.
pub mod transfer;

/// The whole application: state, routes, layers.
pub mod app;

/// Background jobs, enqueued in the caller's transaction.
pub mod jobs;

/// A company with half a year of history, to look around in.
pub mod demo;

/// The command line.
pub mod cli;
