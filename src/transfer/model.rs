//! An import as it is kept: which file, how far, with what outcome.

use chrono::{DateTime, Utc};

use super::map::Kind;
use crate::kernel::ids::ImportId;

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum State {
    /// Uploaded, and not run yet.
    Draft,
    Waiting,
    Running,
    Done,
    /// Stopped by the file or its map; see the message.
    Failed,
}

/// What became of rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Of the file that were read.
    pub bytes: i64,
    /// Rows that hold anything, without the header.
    pub rows: i64,
    pub added: i64,
    /// There before; nothing was changed.
    pub known: i64,
    pub refused: i64,
    /// Not wanted by the map.
    pub passed_over: i64,
    /// Values that rows went in without.
    pub values_left_out: i64,
    /// Leads handed to sales.
    pub offered: i64,
}

impl Tally {
    /// Together with the rows that came after.
    pub fn and(self, later: Tally) -> Tally {
        Tally {
            bytes: later.bytes,
            rows: self.rows + later.rows,
            added: self.added + later.added,
            known: self.known + later.known,
            refused: self.refused + later.refused,
            passed_over: self.passed_over + later.passed_over,
            values_left_out: self.values_left_out + later.values_left_out,
            offered: self.offered + later.offered,
        }
    }
}

/// One import.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub id: ImportId,
    pub kind: Kind,
    pub file_name: String,
    /// TOML.
    pub map: String,
    /// Whether this run, or the next, keeps nothing.
    pub dry_run: bool,
    pub state: State,
    pub bytes_total: i64,
    pub tally: Tally,
    pub message: Option<String>,
    /// Who; nobody at the command line.
    pub by: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl Import {
    pub fn is_at_work(&self) -> bool {
        matches!(self.state, State::Waiting | State::Running)
    }

    /// Whether it may be started, tried out or mapped anew.
    pub fn can_start(&self) -> bool {
        match self.state {
            State::Draft | State::Failed => true,
            State::Done => self.dry_run,
            State::Waiting | State::Running => false,
        }
    }

    /// Whether its outcome stands.
    pub fn is_done(&self) -> bool {
        self.state == State::Done && !self.dry_run
    }
}

/// The name of an uploaded file without what could mislead: folders, control characters, great length.
pub fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    if clean.trim().is_empty() { "file.csv".to_owned() } else { clean.trim().to_owned() }
}
