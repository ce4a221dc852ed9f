//! Which leads a list shows, in which order, and from where on.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::kernel::ids::UserId;
use crate::kernel::page::Cursor;
use crate::kernel::text::{self, Email, excerpt};
use crate::scoring::CategoryKey;

/// Words that one search may have.
const MAX_WORDS: usize = 8;

/// What a list shows, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    pub search: Search,
    pub status: Option<String>,
    pub category: Option<CategoryKey>,
    pub owner: Option<Owner>,
    pub source: Option<String>,
    pub campaign: Option<Uuid>,
    /// The import that added them.
    pub import: Option<Uuid>,
    pub persona: Option<Uuid>,
    pub country: Option<String>,
    pub created_from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub created_until: Option<DateTime<Utc>>,
    pub sort: Sort,
    pub page: Page,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    Everything,
    /// A whole address: the one lead that has it.
    Email(Email),
    /// Each word stands somewhere in name, e-mail address or company.
    Words(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Nobody,
    Person(UserId),
}

/// The order of the list. Each has an index of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The highest interest first.
    Hot,
    /// The best fit first.
    Fit,
    /// The newest first.
    Age,
    /// From A to Z.
    Name,
}

impl Sort {
    pub const ALL: [Sort; 4] = [Sort::Hot, Sort::Fit, Sort::Age, Sort::Name];

    pub fn key(self) -> &'static str {
        match self {
            Sort::Hot => "hot",
            Sort::Fit => "fit",
            Sort::Age => "age",
            Sort::Name => "name",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Sort::Hot => "Highest interest",
            Sort::Fit => "Best fit",
            Sort::Age => "Newest",
            Sort::Name => "Name",
        }
    }

    /// How a column that sorts in another order stands to this one, in ARIA's words.
    pub fn direction(self, column: Sort) -> &'static str {
        match (self == column, column) {
            (false, _) => "none",
            (true, Sort::Name) => "ascending",
            (true, _) => "descending",
        }
    }
}

/// Where the page begins or ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    First,
    After(Place),
    Before(Place),
}

/// A row's place in the order of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub key: SortKey,
    pub id: Uuid,
}

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// None without interest, which comes last.
    Hot(Option<DateTime<Utc>>),
    Fit(i16),
    Age(DateTime<Utc>),
    Name(String),
}

impl Place {
    pub fn cursor(&self) -> Cursor {
        let key = match &self.key {
            SortKey::Hot(at) => at.map(|at| at.timestamp_micros().to_string()).unwrap_or_default(),
            SortKey::Fit(fit) => fit.to_string(),
            SortKey::Age(at) => at.timestamp_micros().to_string(),
            SortKey::Name(name) => name.clone(),
        };
        Cursor { key, id: self.id }
    }

    /// Reads a place in a list of this order.
    pub fn parse(text: &str, sort: Sort) -> Result<Place, String> {
        let cursor: Cursor = text.parse()?;
        let key = match sort {
            Sort::Hot if cursor.key.is_empty() => Some(SortKey::Hot(None)),
            Sort::Hot => micros(&cursor.key).map(|at| SortKey::Hot(Some(at))),
            Sort::Fit => cursor.key.parse().ok().map(SortKey::Fit),
            Sort::Age => micros(&cursor.key).map(SortKey::Age),
            Sort::Name => (!cursor.key.contains('\0')).then_some(SortKey::Name(cursor.key)),
        };
        let key = key.ok_or_else(|| {
            format!("“{}” is not a place in a list sorted by {}", excerpt(text), sort.key())
        })?;
        Ok(Place { key, id: cursor.id })
    }
}

/// Microseconds since 1970, within the years that Postgres and people share.
fn micros(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::from_timestamp_micros(text.parse().ok()?)?;
    (1..=9999).contains(&chrono::Datelike::year(&at)).then_some(at)
}

impl Search {
    /// Reads what a person typed into the search field.
    pub fn parse(q: &str) -> Result<Search, String> {
        let Some(q) = text::line(q, 200)? else { return Ok(Search::Everything) };
        if let Ok(email) = Email::parse(&q) {
            return Ok(Search::Email(email));
        }
        let words: Vec<String> = q.split_whitespace().map(str::to_owned).collect();
        if words.len() > MAX_WORDS {
            return Err(format!("A search takes at most {MAX_WORDS} words; this one has {}", words.len()));
        }
        Ok(Search::Words(words))
    }
}

#[cfg(test)]
#[path = "filters_tests.rs"]
mod tests;
