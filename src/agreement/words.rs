//! The rest of the fixed words as keys and labels.

use super::terms::{HandBackKind, Party, Route, Stage, Terms};
use crate::kernel::people::Department;

impl HandBackKind {
    /// The key that the database keeps.
    pub fn key(self) -> &'static str {
        match self {
            HandBackKind::Reject => "reject",
            HandBackKind::Recycle => "recycle",
            HandBackKind::Disqualify => "disqualify",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            HandBackKind::Reject => "Rejected: not to the agreed standard",
            HandBackKind::Recycle => "Recycled: right fit, wrong time",
            HandBackKind::Disqualify => "Disqualified: never",
        }
    }
}

impl Route {
    pub fn label(self) -> &'static str {
        match self {
            Route::HandOff => "hand off",
            Route::Nurture => "nurture",
            Route::Review => "review",
            Route::Park => "park",
        }
    }
}

impl From<Department> for Party {
    fn from(department: Department) -> Party {
        match department {
            Department::Marketing => Party::Marketing,
            Department::Sales => Party::Sales,
        }
    }
}

impl Terms {
    /// The stage of a status. A status that this version no longer knows counts as an inquiry.
    pub fn stage_of(&self, status: &str) -> Stage {
        self.status(status).map_or(Stage::Inquiry, |status| status.stage)
    }

    /// The label of a status, or its key when this version no longer knows it.
    pub fn status_label<'a>(&'a self, status: &'a str) -> &'a str {
        self.status(status).map_or(status, |status| &status.label)
    }
}
