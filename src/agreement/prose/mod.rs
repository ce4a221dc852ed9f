//! The readable document, rendered from the terms: there is no second text that could say otherwise.

mod handoffs;
mod hours;
mod lifecycle;
pub mod markdown;
mod scores;
#[cfg(test)]
mod tests;
mod words;

pub use words::{business, condition, field};

use super::terms::Terms;

/// The agreement as people read, cite and sign it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub title: String,
    pub purpose: String,
    /// The ten parts in their order.
    pub parts: Vec<Part>,
}

/// One of the ten parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// 1..=10.
    pub number: u8,
    /// The field of the terms that the part renders; also its anchor.
    pub key: &'static str,
    pub title: &'static str,
    pub intro: String,
    pub clauses: Vec<Clause>,
    /// The same at a glance.
    pub table: Option<Table>,
}

/// A sentence or two that can be cited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Part and place in it, such as `3.2`.
    pub number: String,
    /// Where the terms hold what it says, such as `fit.rules[1]`.
    pub path: String,
    pub text: String,
}

/// Rows under their headings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

/// The document of these terms.
pub fn document(terms: &Terms) -> Document {
    let parts = vec![
        lifecycle::vocabulary(terms),
        lifecycle::jurisdictions(terms),
        scores::fit(terms),
        scores::interest(terms),
        scores::categories(terms),
        handoffs::handoff(terms),
        handoffs::routing(terms),
        handoffs::service_levels(terms),
        handoffs::hand_back(terms),
        hours::calendar(terms),
    ];
    Document { title: terms.title.clone(), purpose: terms.purpose.clone(), parts }
}

impl Document {
    /// The clause that says what the terms hold at a path, or the nearest one around it:
    /// `routing.rules[2].queue` is said by the clause of `routing.rules[2]`.
    pub fn clause(&self, path: &str) -> Option<&Clause> {
        let clauses = self.parts.iter().flat_map(|part| &part.clauses);
        let around = |clause: &&Clause| {
            path.strip_prefix(clause.path.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        clauses.filter(around).max_by_key(|clause| clause.path.len())
    }
}

impl Clause {
    /// The id of the clause on the page.
    pub fn anchor(&self) -> String {
        format!("clause-{}", self.number)
    }
}

impl Part {
    fn new(number: u8, key: &'static str, title: &'static str, intro: impl Into<String>) -> Self {
        Self { number, key, title, intro: intro.into(), clauses: Vec::new(), table: None }
    }

    /// Adds the next clause. `place` is its path within the part, such as `.rules[1]`; empty for what the
    /// whole part says.
    fn says(&mut self, place: &str, text: String) {
        self.says_at(format!("{}{place}", self.key), text);
    }

    /// The same of what the terms hold beside the field that the part is named after.
    fn says_at(&mut self, path: String, text: String) {
        let number = format!("{}.{}", self.number, self.clauses.len() + 1);
        self.clauses.push(Clause { number, path, text });
    }

    fn with_table(mut self, head: &[&'static str], rows: impl Iterator<Item = Vec<String>>) -> Self {
        let rows: Vec<_> = rows.collect();
        self.table = (!rows.is_empty()).then(|| Table { head: head.to_vec(), rows });
        self
    }
}
