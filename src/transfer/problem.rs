//! What is wrong with a file, a map or a row, in words that say where and what to do.

use std::fmt;
use std::io;

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("The file is empty. Choose a file whose first row names the columns.")]
    Empty,
    #[error("The file is in UTF-32, which hardly any program writes. Save it as UTF-8 and try again.")]
    Utf32,
    #[error("The file begins with the mark of {marked}, but the map says encoding = “{}”. Set it to “auto”.", named.to_lowercase())]
    OtherMark { marked: &'static str, named: &'static str },
    #[error("The file is not {encoding} as the map or its first bytes say: byte {} cannot be read so. Set encoding to “windows-1252” in the map, or save the file as UTF-8.", byte + 1)]
    Malformed { encoding: &'static str, byte: u64 },
    #[error(
        "Row {row} is longer than 1 MB. It probably opens a quote that is never closed; the rows before it were read."
    )]
    RowTooLong { row: u64 },
    #[error("The file cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// What is wrong with one key of a map. A map is refused as a whole, with all its problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProblem {
    /// As written in the map, such as `lead.email`.
    pub key: String,
    pub value: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

impl fmt::Display for MapProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.is_empty(), self.value.is_empty()) {
            (true, _) => write!(f, "{}", self.problem),
            (false, true) => write!(f, "{}: {}", self.key, self.problem),
            (false, false) => write!(f, "{} = “{}”: {}", self.key, self.value, self.problem),
        }
    }
}

/// Characters of a value that a refusal keeps.
const MOST_SHOWN: usize = 500;

/// What is wrong with one value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The column's name; empty when the row as a whole is wrong.
    pub column: String,
    pub value: String,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl Problem {
    pub fn new(column: &str, value: &str, reason: impl AsRef<str>) -> Problem {
        Problem { column: shown(column), value: shown(value), reason: shown(reason.as_ref()) }
    }

    /// Of the row as a whole.
    pub fn of_row(value: &str, reason: impl AsRef<str>) -> Problem {
        Problem::new("", value, reason)
    }
}

/// Text that any database and spreadsheet can hold: not too long, and without NUL.
fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(MOST_SHOWN).map(|c| if c == '\0' { '␀' } else { c }).collect();
    if text.chars().nth(MOST_SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// A problem with its row. Rows are counted as a spreadsheet does: the header is row 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub row: u64,
    pub problem: Problem,
}
