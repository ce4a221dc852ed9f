//! Keyset pages: a page begins after the last row of the one before, however far down the list.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Rows of one page.
pub const PAGE_SIZE: i64 = 50;

/// Where a page begins: the sort key of the row before it, and that row's id to break ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The sort key as text; empty for a row without one.
    pub key: String,
    pub id: Uuid,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.id.simple(), self.key)
    }
}

impl FromStr for Cursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, key) = text.split_once('~').ok_or_else(|| format!("“{text}” is not a place in a list"))?;
        let id = id.parse().map_err(|_| format!("“{text}” is not a place in a list"))?;
        Ok(Cursor { key: key.to_owned(), id })
    }
}
