//! The rest of the fixed words as keys and labels, and the question of every move: may it be made?

use std::fmt;

use super::terms::{HandBackKind, Party, Route, Stage, Terms, Transition};
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

/// Why a move is not permitted. Displays as a sentence that cites the clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    from: String,
    to: String,
    party: Party,
    /// Who may make the move, if anybody.
    who: Vec<Party>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { from, to, party, who } = self;
        if who.is_empty() {
            return write!(f, "The agreement has no move from “{from}” to “{to}” (part 2, Jurisdictions).");
        }
        let who: Vec<&str> = who.iter().map(|party| party.label()).collect();
        write!(f, "Only {} may move a lead from “{from}” to “{to}”, not {} (part 2, Jurisdictions).", who.join(" or "), party.label())
    }
}

impl Terms {
    /// The transition by which this party may make the move, or why it may not.
    pub fn may_move(&self, from: &str, to: &str, party: Party) -> Result<&Transition, Refusal> {
        match self.transition(from, to) {
            Some(transition) if transition.who.contains(&party) => Ok(transition),
            other => Err(Refusal {
                from: self.status_label(from).to_owned(),
                to: self.status_label(to).to_owned(),
                party,
                who: other.map(|transition| transition.who.clone()).unwrap_or_default(),
            }),
        }
    }

    /// The stage of a status. A status that this version no longer knows counts as an inquiry.
    pub fn stage_of(&self, status: &str) -> Stage {
        self.status(status).map_or(Stage::Inquiry, |status| status.stage)
    }

    /// The label of a status, or its key when this version no longer knows it.
    pub fn status_label<'a>(&'a self, status: &'a str) -> &'a str {
        self.status(status).map_or(status, |status| &status.label)
    }
}
