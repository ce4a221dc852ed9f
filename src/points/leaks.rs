//! Fields that must not teach points: what sales writes down after it has spoken with a lead says how it went,
//! and a card learnt from it would predict the past.

use serde::{Deserialize, Serialize};

use super::features::{self, Names};
use super::judge_card::Tally;
use super::model::{Axis, Case, Column, Outcome};

/// Parts of names that sales' own notes bear.
const NAMES: [&str; 14] = [
    "tag",
    "lead_quality",
    "lead_profile",
    "asymmetrique",
    "notable",
    "lead_status",
    "lead_stage",
    "disposition",
    "call_result",
    "lost_reason",
    "close_reason",
    "lead_rating",
    "sales_note",
    "converted",
];
/// How many times as often a field must be filled in on one side to look as if that side had filled it in.
const TIMES: f64 = 8.0;
/// With fewer leads that have the field nothing is concluded.
const LEAST_FILLED: u32 = 10;
/// And with fewer leads on the other side.
const LEAST_OTHERS: u32 = 20;

/// A column that can be chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub column: Column,
    pub label: String,
    /// Closed leads that have it.
    pub filled: u32,
    /// Clauses that it would make.
    pub clauses: usize,
    /// Why it had better be left out.
    pub warning: Option<String>,
    /// The earlier column that holds the same of every lead.
    pub twin: Option<String>,
}

impl Candidate {
    /// Whether it is ticked until somebody decides otherwise.
    pub fn by_default(&self) -> bool {
        let is_name = matches!(&self.column, Column::Field(field) if field == "name");
        self.warning.is_none() && self.twin.is_none() && self.clauses > 0 && !is_name
    }
}

/// Every column that some closed lead has, apart from the outcome itself.
pub fn candidates(closed: &[Case], not_worked: &[Case], outcome: &Outcome, names: &Names) -> Vec<Candidate> {
    // A field that tells the outcome was imported with its leads. Others come from elsewhere and have other fields,
    // whoever filled them in.
    let not_worked = if matches!(outcome, Outcome::Field(_)) { &[] } else { not_worked };
    let outcome = Column::Field(outcome.to_string());
    let columns = features::columns(closed).into_iter().filter(|column| *column != outcome);
    let mut found: Vec<Candidate> = vec![];
    for column in columns {
        let filled = filled(closed, &column);
        let same = |earlier: &&Candidate| {
            earlier.filled == filled.won
                && closed
                    .iter()
                    .all(|case| features::facts(case, &earlier.column) == features::facts(case, &column))
        };
        found.push(Candidate {
            label: names.column(&column),
            filled: filled.won,
            clauses: features::clauses(closed, std::slice::from_ref(&column), names).len(),
            warning: warning(&column, closed, filled, not_worked),
            twin: found.iter().find(same).map(|earlier| earlier.label.clone()),
            column,
        });
    }
    found
}

/// Why a column looks as if sales had filled it in.
fn warning(column: &Column, closed: &[Case], on_closed: Tally, not_worked: &[Case]) -> Option<String> {
    let name = match column {
        Column::Field(field) => field,
        Column::Event(event) => event,
        Column::Property { key, .. } => key,
    };
    let name: String =
        name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
    if NAMES.iter().any(|known| name.contains(known)) {
        return Some("By its name, sales fills it in after contact.".to_owned());
    }
    // What happened after the offer is left out already; before it, only leads that were offered had the time.
    let on_others = filled(not_worked, column);
    let percent = |tally: Tally| (tally.rate() * 100.0).round();
    if column.axis() == Axis::Fit && apart(on_closed, on_others) {
        return Some(format!(
            "Filled in on {} % of the leads that sales has closed, but on {} % of those it has not worked: sales seems to fill it in.",
            percent(on_closed),
            percent(on_others)
        ));
    }
    let side =
        |won: bool| Tally::of(closed.iter().filter(|case| case.won == won).map(|case| has(case, column)));
    let (on_won, on_lost) = (side(true), side(false));
    (apart(on_won, on_lost) || apart(on_lost, on_won)).then(|| {
        format!(
            "Filled in on {} % of won and {} % of lost leads: it seems to be written when the outcome is known.",
            percent(on_won),
            percent(on_lost)
        )
    })
}

fn has(case: &Case, column: &Column) -> bool {
    !features::facts(case, column).is_empty()
}

/// The leads, and as won those that have the column.
fn filled(cases: &[Case], column: &Column) -> Tally {
    Tally::of(cases.iter().map(|case| has(case, column)))
}

/// Whether the first side has it far more often than the other, beyond chance.
fn apart(side: Tally, other: Tally) -> bool {
    side.won >= LEAST_FILLED
        && other.leads >= LEAST_OTHERS
        && side.rate() >= TIMES * other.rate()
        && side.interval().0 > other.interval().1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::points::planted::{case, leads};

    fn warned(closed: &[Case], not_worked: &[Case], column: &str) -> Option<String> {
        let found = candidates(closed, not_worked, &Outcome::Deals, &Names::default());
        let found = found.into_iter().find(|candidate| candidate.column.to_string() == column).unwrap();
        assert!(found.warning.is_none() || !found.by_default());
        found.warning
    }

    #[test]
    fn a_field_that_is_only_filled_in_on_closed_leads_is_warned_of() {
        let mut closed = leads(100);
        for case in &mut closed {
            case.facts.custom.insert("call_note".into(), json!("spoken"));
        }
        let warning = warned(&closed, &leads(60), "custom.call_note").unwrap();
        assert!(warning.contains("100 %") && warning.contains("0 %"), "{warning}");
        assert_eq!(warned(&closed, &leads(60), "industry"), None);
        assert_eq!(warned(&closed, &[], "custom.call_note"), None, "there is nothing to compare with");
        let imported = Outcome::Field("converted".into());
        let found = candidates(&closed, &leads(60), &imported, &Names::default());
        assert!(found.iter().all(|candidate| candidate.warning.is_none()), "other leads come from elsewhere");
    }

    #[test]
    fn a_field_that_is_only_filled_in_on_one_outcome_is_warned_of() {
        let mut closed = leads(200);
        for case in closed.iter_mut().filter(|case| !case.won) {
            case.facts.custom.insert("why".into(), json!("price"));
        }
        assert!(warned(&closed, &[], "custom.why").unwrap().contains("0 % of won and 100 % of lost"));
    }

    #[test]
    fn names_of_sales_own_notes_are_known_and_the_outcome_itself_is_no_candidate() {
        let closed: Vec<Case> = (0..40)
            .map(|n| {
                let custom = json!({ "converted": n % 2 == 0, "Tags": "hot", "asymmetrique_score": n, "plan": "team" });
                case(json!({ "custom": custom }), &[("visit", json!({ "last_notable_activity": "SMS" }), 5)], n % 2 == 0)
            })
            .collect();
        for column in ["custom.Tags", "custom.asymmetrique_score", "event.visit.last_notable_activity"] {
            assert!(warned(&closed, &[], column).unwrap().contains("By its name"), "{column}");
        }
        assert_eq!(warned(&closed, &[], "custom.plan"), None);
        let outcome = Outcome::Field("converted".into());
        let found = candidates(&closed, &[], &outcome, &Names::default());
        assert!(found.iter().all(|candidate| candidate.column.to_string() != "custom.converted"));
    }

    #[test]
    fn a_field_that_repeats_another_is_not_ticked() {
        let mut closed = leads(100);
        for case in &mut closed {
            case.facts.first_touch.source.clone_from(&case.facts.industry);
        }
        let found = candidates(&closed, &[], &Outcome::Deals, &Names::default());
        let twin =
            found.iter().find(|candidate| candidate.column.to_string() == "first_touch.source").unwrap();
        assert_eq!(twin.twin.as_deref(), Some("Industry"));
        assert!(!twin.by_default());
    }
}
