//! What makes terms sound: nothing in them can make the engine fail or leave a lead without a way on.

mod conditions;
mod handoffs;
mod lifecycle;
mod scores;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use super::clauses::PARTS;
use super::terms::Terms;
use crate::kernel::text::excerpt;

/// What is wrong with one clause, and what to write instead. Displays as one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsError {
    /// Where in the terms, such as `routing.rules[2].queue`.
    pub path: String,
    /// The same behind the number of its part: `7. routing.rules[2].queue`.
    pub clause: String,
    /// What stands there.
    pub value: String,
    pub problem: String,
    pub remedy: String,
}

impl Display for TermsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clause, value, problem, remedy, .. } = self;
        write!(f, "{clause}: “{}” {problem}; {remedy}.", excerpt(value))
    }
}

impl std::error::Error for TermsError {}

impl TermsError {
    /// What is wrong at a path of the terms.
    pub fn at(
        path: &str,
        value: impl Display,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> TermsError {
        let field = match path.split(['.', '[']).next() {
            Some("retired_statuses") => Some("vocabulary"),
            field => field,
        };
        let part = PARTS.iter().position(|part| field == Some(part));
        let clause = part.map_or_else(|| path.to_owned(), |part| format!("{}. {path}", part + 1));
        let (value, problem, remedy) = (value.to_string(), problem.into(), remedy.into());
        TermsError { path: path.to_owned(), clause, value, problem, remedy }
    }
}

impl Terms {
    /// Every clause that is not sound, in the order of the parts.
    pub fn validate(&self) -> Result<(), Vec<TermsError>> {
        let mut check = Check { terms: self, errors: Vec::new() };
        check.text("title", &self.title, 200);
        check.text("purpose", &self.purpose, 5000);
        lifecycle::vocabulary(&mut check);
        lifecycle::jurisdictions(&mut check);
        scores::fit(&mut check);
        scores::interest(&mut check);
        scores::categories(&mut check);
        handoffs::handoff(&mut check);
        handoffs::routing(&mut check);
        handoffs::service_levels(&mut check);
        handoffs::hand_back(&mut check);
        handoffs::calendar(&mut check);
        if check.errors.is_empty() { Ok(()) } else { Err(check.errors) }
    }
}

/// The terms in question and what was found.
struct Check<'a> {
    terms: &'a Terms,
    errors: Vec<TermsError>,
}

/// The most rules, queues, reasons or the like that one list may hold.
const MOST: usize = 200;

impl Check<'_> {
    fn wrong(
        &mut self,
        path: &str,
        value: impl Display,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.errors.push(TermsError::at(path, value, problem, remedy));
    }

    /// A text for people: not blank, not endless, nothing that cannot be printed.
    fn text(&mut self, path: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.wrong(path, text, "says nothing", "write what people should read there");
        } else if length > most {
            self.wrong(path, text, format!("has {length} characters"), format!("use {most} at most"));
        } else if text.chars().any(|c| c.is_control() && c != '\n') {
            self.wrong(path, text, "holds a control character", "remove it");
        }
    }

    /// A key: lower-case letters, digits and underscores, beginning with a letter.
    fn key(&mut self, path: &str, key: &str) {
        if !is_slug(key) {
            let remedy =
                "use up to 60 lower-case letters, digits and _, beginning with a letter, as in demo_request";
            self.wrong(path, key, "is not a key", remedy);
        }
    }

    /// Keys and labels of a list: well formed, each of them once, and not too many.
    fn named<'k>(&mut self, path: &str, items: impl Iterator<Item = (&'k str, &'k str)>) {
        let (mut keys, mut labels) = (HashSet::new(), HashSet::new());
        let mut count = 0;
        for (at, (key, label)) in items.enumerate() {
            count += 1;
            self.key(&format!("{path}[{at}].key"), key);
            self.text(&format!("{path}[{at}].label"), label, 100);
            if !keys.insert(key) {
                self.wrong(&format!("{path}[{at}].key"), key, "is used twice", "give each its own key");
            }
            if !labels.insert(label.trim().to_lowercase()) {
                self.wrong(&format!("{path}[{at}].label"), label, "is used twice", "give each its own label");
            }
        }
        self.at_most(path, count, MOST);
    }

    fn at_most(&mut self, path: &str, count: usize, most: usize) {
        if count > most {
            self.wrong(path, count, "are too many", format!("keep {most} at most"));
        }
    }

    /// A whole number within bounds.
    fn within(&mut self, path: &str, number: impl Into<i64>, bounds: RangeInclusive<i64>) {
        let number = number.into();
        if !bounds.contains(&number) {
            self.wrong(
                path,
                number,
                "is out of bounds",
                format!("use {} to {}", bounds.start(), bounds.end()),
            );
        }
    }

    /// A decimal number above 0 and up to a bound, of two decimals so that people and hashes read it the same.
    fn positive(&mut self, path: &str, number: f64, most: f64) {
        if !(number > 0.0 && number <= most) {
            self.wrong(path, number, "is out of bounds", format!("use a number above 0 and up to {most}"));
        } else if (number * 100.0).round() / 100.0 != number {
            self.wrong(path, number, "has too many decimals", "use two at most");
        }
    }
}

fn is_slug(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The choices of a remedy, shortened when there are many.
fn choices<'k>(keys: impl Iterator<Item = &'k str>) -> String {
    let keys: Vec<_> = keys.collect();
    match keys.len() {
        0 => "define one first".to_owned(),
        1..=20 => format!("use one of {}", keys.join(", ")),
        more => format!("use one of {} and {} more", keys[..20].join(", "), more - 20),
    }
}
