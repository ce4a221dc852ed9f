//! What is wrong with a version, or may turn out so: everything that stands in the way of proposing it, and warnings
//! about what is permitted but hardly meant. Each names the clause, what it would cause, and what to do.

mod lifecycle;
pub mod pages;
mod promises;
mod routing;
mod scores;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::clauses::{self, Place};
use super::known::{self, Known};
use super::known_query;
use super::prose::{self, Document};
use super::terms::{Route, Terms};
use super::validate::TermsError;
use crate::kernel::text::excerpt;
use crate::scoring::CategoryKey;

/// What a finding means for the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The version cannot be proposed.
    Blocking,
    /// It can, but look again.
    Warning,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// Where in the terms, such as `routing.rules[2].queue`.
    pub path: String,
    /// The clause by its lasting name; none where a whole list is meant.
    pub place: Option<Place>,
    /// What people cite: `7.2`, or `7` for a whole part.
    pub number: String,
    /// The id of the clause on the document's page.
    pub anchor: String,
    /// What is wrong.
    pub problem: String,
    /// What it would cause.
    pub effect: String,
    pub remedy: String,
}

/// All findings, in the order of the parts, blocking ones first.
pub fn check(terms: &Terms, known: &Known, now: DateTime<Utc>) -> Vec<Finding> {
    let mut checks = Checks { terms, known, now, document: prose::document(terms), found: vec![] };
    for error in terms.validate().err().unwrap_or_default() {
        checks.block(&error);
    }
    lifecycle::check(&mut checks);
    scores::check(&mut checks);
    routing::check(&mut checks);
    promises::check(&mut checks);
    for stranger in known::strangers(terms, known) {
        checks.stranger(&stranger);
    }
    let mut found = checks.found;
    found.sort_by_key(|finding| (finding.severity != Severity::Blocking, part_of(finding)));
    found
}

/// The findings about terms as things stand now.
pub async fn load(conn: &mut PgConnection, terms: &Terms, now: DateTime<Utc>) -> sqlx::Result<Vec<Finding>> {
    Ok(check(terms, &known_query::known(conn).await?, now))
}

fn part_of(finding: &Finding) -> u8 {
    finding.number.split('.').next().and_then(|part| part.parse().ok()).unwrap_or(0)
}

/// The terms in question, what they meet, and what was found.
struct Checks<'a> {
    terms: &'a Terms,
    known: &'a Known,
    now: DateTime<Utc>,
    document: Document,
    found: Vec<Finding>,
}

impl Checks<'_> {
    fn warn(
        &mut self,
        path: &str,
        problem: impl Into<String>,
        effect: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(Severity::Warning, path, problem.into(), effect.into(), remedy.into());
    }

    fn block(&mut self, error: &TermsError) {
        let problem = match error.value.trim() {
            "" => format!("What stands here {}.", error.problem),
            value => format!("“{}” {}.", excerpt(value), error.problem),
        };
        let effect = "The version cannot be proposed while this stands.".to_owned();
        self.add(Severity::Blocking, &error.path, problem, effect, sentence(&error.remedy));
    }

    /// A name from outside that does not exist. What that causes depends on what it is for.
    fn stranger(&mut self, error: &TermsError) {
        let effect = if error.path.starts_with("handoff.packet_fields") {
            "No lead could ever be offered to Sales: the packet would always lack this field."
        } else if error.path.starts_with("routing.queues") {
            "Nobody by this address claims from the queue."
        } else if error.path.ends_with(".persona") {
            "The rule still counts, but nobody can look up for whom it was written."
        } else if error.path.starts_with("jurisdictions") {
            "Nobody could ever make this move: the field cannot be filled in."
        } else {
            "No lead has it, so the test never holds as it was meant."
        };
        let problem = format!("“{}” {}.", excerpt(&error.value), error.problem);
        self.warn(&error.path, problem, effect, sentence(&error.remedy));
    }

    fn add(&mut self, severity: Severity, path: &str, problem: String, effect: String, remedy: String) {
        let field = match path.split(['.', '[']).next().unwrap_or_default() {
            "retired_statuses" => "vocabulary",
            field => field,
        };
        let (number, anchor) = match self.document.clause(path) {
            Some(clause) => (clause.number.clone(), clause.anchor()),
            None => match self.document.parts.iter().find(|part| part.key == field) {
                Some(part) => (part.number.to_string(), part.key.to_owned()),
                None => (String::new(), "purpose".to_owned()),
            },
        };
        let place = clauses::place_of(self.terms, path);
        self.found.push(Finding {
            severity,
            path: path.to_owned(),
            place,
            number,
            anchor,
            problem,
            effect,
            remedy,
        });
    }

    /// The categories of which a lead can be offered: by its route, or by a fast track.
    fn offered_categories(&self) -> Vec<CategoryKey> {
        let tracks = &self.terms.handoff.fast_tracks;
        let any_fit = tracks.iter().any(|track| !track.good_fit_only);
        let is_good = |key| matches!(key, CategoryKey::HighInterestGoodFit | CategoryKey::LowInterestGoodFit);
        let can = |key: &CategoryKey| {
            self.terms.category(*key).route == Route::HandOff
                || any_fit
                || (!tracks.is_empty() && is_good(*key))
        };
        CategoryKey::all().into_iter().filter(can).collect()
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}
