//! Who may move a lead, and the clause that says so.

use super::facts::lead_field;
use super::terms::{Party, Terms, Transition};

/// A move that the agreement does not permit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} (clause {clause}).")]
pub struct Refusal {
    /// The number of the clause in the readable document, such as `2.14`.
    pub clause: String,
    pub text: String,
}

/// The clause that closes all moves which are not listed.
pub(super) const ONLY_LISTED: usize = 1;

/// How many acts lead to a status, each by a clause of its own.
pub(super) const ACTS: usize = 9;

/// The number of the clause that lists a transition.
fn clause_of(transition: usize) -> String {
    format!("2.{}", ONLY_LISTED + ACTS + 1 + transition)
}

impl Terms {
    /// The permitted move from one status to another for this party. What the transition requires to be
    /// filled in is for the caller to check.
    ///
    /// Refuses a move that is not listed, a status moved to itself among them, or that is listed for others.
    pub fn may_move(&self, from: &str, to: &str, party: Party) -> Result<&Transition, Refusal> {
        let (from_label, to_label) = (self.status_label(from), self.status_label(to));
        let listed =
            self.jurisdictions.transitions.iter().position(|known| known.from == from && known.to == to);
        let Some(listed) = listed else {
            let text = format!("The agreement lists no move from {from_label} to {to_label}");
            return Err(Refusal { clause: format!("2.{ONLY_LISTED}"), text });
        };
        let transition = &self.jurisdictions.transitions[listed];
        if transition.who.contains(&party) {
            return Ok(transition);
        }
        let who: Vec<_> = transition.who.iter().map(|party| party.label()).collect();
        let (who, party) = (who.join(" or "), party.label());
        let text = format!("A move from {from_label} to {to_label} is made by {who}, not by {party}");
        Err(Refusal { clause: clause_of(listed), text })
    }

    /// Refuses a permitted move for which something is not filled in yet; `has` tells what is.
    pub fn is_filled_in(&self, transition: &Transition, has: impl Fn(&str) -> bool) -> Result<(), Refusal> {
        let missing: Vec<_> = transition
            .requires
            .iter()
            .filter(|name| !has(name))
            .map(|name| lead_field(name).map_or_else(|| name.clone(), |field| field.label.to_lowercase()))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let (from, to) = (self.status_label(&transition.from), self.status_label(&transition.to));
        let text = format!(
            "From {from} to {to} the lead needs {}. Edit the lead and fill it in",
            missing.join(" and ")
        );
        Err(Refusal { clause: self.clause_of_move(transition), text })
    }

    /// The number of the clause that lists a transition of these terms.
    pub fn clause_of_move(&self, transition: &Transition) -> String {
        let at = self.jurisdictions.transitions.iter().position(|known| known == transition);
        at.map_or_else(|| format!("2.{ONLY_LISTED}"), clause_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::prose;

    #[test]
    fn a_listed_move_is_permitted_to_its_parties_alone() {
        let terms = Terms::default_agreement();
        assert_eq!(
            terms.may_move("handed_off", "accepted", Party::Sales),
            Ok(terms.transition("handed_off", "accepted").unwrap())
        );
        let refusal = terms.may_move("handed_off", "accepted", Party::Marketing).unwrap_err();
        assert_eq!(refusal.text, "A move from Handed off to Accepted is made by Sales, not by Marketing");
    }

    #[test]
    fn a_move_waits_for_what_it_requires_and_names_it() {
        let terms = Terms::default_agreement();
        let transition = terms.may_move("working", "sales_qualified", Party::Sales).unwrap();
        assert_eq!(terms.is_filled_in(transition, |field| field == "company"), Ok(()));
        let refusal = terms.is_filled_in(transition, |_| false).unwrap_err();
        assert!(refusal.text.contains("needs company"), "{refusal}");
        let document = prose::document(&terms);
        let clause = document.parts[1].clauses.iter().find(|clause| clause.number == refusal.clause).unwrap();
        assert!(clause.text.starts_with("From Working to Sales qualified"), "{clause:?}");
    }

    #[test]
    fn a_refusal_cites_the_clause_of_the_document_that_names_the_parties() {
        let terms = Terms::default_agreement();
        let document = prose::document(&terms);
        let clause =
            |number: &str| document.parts[1].clauses.iter().find(|clause| clause.number == number).unwrap();
        for (at, transition) in terms.jurisdictions.transitions.iter().enumerate() {
            for party in [Party::Marketing, Party::Sales, Party::System] {
                if let Err(refusal) = terms.may_move(&transition.from, &transition.to, party) {
                    assert_eq!(clause(&refusal.clause).path, format!("jurisdictions.transitions[{at}]"));
                }
            }
        }
        let refusal = terms.may_move("new", "customer", Party::Sales).unwrap_err();
        assert_eq!(refusal.to_string(), "The agreement lists no move from New to Customer (clause 2.1).");
        assert!(clause("2.1").text.contains("every other move is refused"));
        assert_eq!(terms.may_move("new", "new", Party::Marketing).unwrap_err().clause, "2.1");
        assert_eq!(terms.may_move("gone", "new", Party::Marketing).unwrap_err().clause, "2.1");
    }
}
