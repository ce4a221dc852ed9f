//! Who may claim from a queue, and why not the others. Pure: the claim itself and the pages that try out what an
//! agreement would do use the same rule.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::agreement::terms::{Queue, Terms};
use crate::kernel::ids::UserId;

/// Somebody of Sales, as far as claiming is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rep {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub active: bool,
    pub away_until: Option<DateTime<Utc>>,
    /// Claimed leads that are open.
    pub holds: i64,
    /// Whether they have acknowledged the version in force, or signed it.
    pub has_acknowledged: bool,
}

/// Why a rep may not claim. Displays as a sentence about them that cites the clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    Inactive,
    Away { until: DateTime<Utc> },
    NotMember { queue: String, clause: String },
    NotAcknowledged { clause: String },
    Full { capacity: u32, clause: String },
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Skip::Inactive => f.write_str("Cannot sign in any more (part 7, Routing)."),
            Skip::Away { until } => {
                write!(f, "Is away until {} (part 7, Routing).", until.format("%-d %b %Y"))
            }
            Skip::NotMember { queue, clause } => {
                write!(f, "Is not among the reps who claim from the queue {queue} (part 7, clause {clause}).")
            }
            Skip::NotAcknowledged { clause } => {
                write!(f, "Has not acknowledged the version in force (part 7, clause {clause}).")
            }
            Skip::Full { capacity, clause } => {
                write!(
                    f,
                    "Holds {capacity} open leads, the most that is agreed for one rep (part 7, clause {clause})."
                )
            }
        }
    }
}

impl Skip {
    /// The same said to the rep, with what to do about it.
    pub fn to_them(&self) -> String {
        match self {
            Skip::Inactive => "Your account is closed. Ask an admin.".to_owned(),
            Skip::Away { until } => format!(
                "You are away until {} (part 7, Routing). Ask an admin to say that you are back, then claim.",
                until.format("%-d %b %Y")
            ),
            Skip::NotMember { queue, clause } => format!(
                "Only the reps that the agreement names claim from the queue {queue}, and you are not among them (part 7, clause {clause}). Claim from another queue, or ask a manager to have you named."
            ),
            Skip::NotAcknowledged { clause } => format!(
                "Only who has acknowledged the version in force claims (part 7, clause {clause}). Read the agreement and acknowledge it, then claim."
            ),
            Skip::Full { capacity, clause } => format!(
                "You hold {capacity} open leads, the most that is agreed for one rep (part 7, clause {clause}). Convert or hand back one first."
            ),
        }
    }
}

/// Whether a rep may claim from a queue now, or the first reason why not.
pub fn may_claim(terms: &Terms, queue: &str, rep: &Rep, now: DateTime<Utc>) -> Result<(), Skip> {
    if !rep.active {
        return Err(Skip::Inactive);
    }
    if let Some(until) = rep.away_until.filter(|until| *until > now) {
        return Err(Skip::Away { until });
    }
    let mut queues = terms.routing.queues.iter().enumerate();
    if let Some((at, queue)) = queues.find(|(_, known)| known.key == queue && !names(known, &rep.email)) {
        return Err(Skip::NotMember { queue: queue.label.clone(), clause: format!("7.{}", at + 1) });
    }
    if terms.routing.acknowledge_to_claim && !rep.has_acknowledged {
        return Err(Skip::NotAcknowledged { clause: after_the_rules(terms, ACKNOWLEDGE_TO_CLAIM) });
    }
    match terms.routing.capacity_per_rep {
        Some(capacity) if rep.holds >= i64::from(capacity) => Err(full(terms, capacity)),
        _ => Ok(()),
    }
}

/// Whether a queue is open to the rep with this address: it names them, or nobody. So is a queue that the terms no
/// longer know, until it is empty.
pub fn is_member(terms: &Terms, queue: &str, email: &str) -> bool {
    terms.queue(queue).is_none_or(|queue| names(queue, email))
}

fn names(queue: &Queue, email: &str) -> bool {
    queue.members.is_empty() || queue.members.iter().any(|member| member.eq_ignore_ascii_case(email))
}

/// The rep holds as many leads as one may.
pub fn full(terms: &Terms, capacity: u32) -> Skip {
    Skip::Full { capacity, clause: after_the_rules(terms, CAPACITY_PER_REP) }
}

/// The places of two clauses of part 7 after those of the queues and the rules.
const CAPACITY_PER_REP: usize = 2;
const ACKNOWLEDGE_TO_CLAIM: usize = 3;

/// The number of such a clause; counted, because a document is long to write for one number.
fn after_the_rules(terms: &Terms, place: usize) -> String {
    format!("7.{}", terms.routing.queues.len() + terms.routing.rules.len() + place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::prose;
    use chrono::TimeDelta;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn rep() -> Rep {
        Rep {
            id: UserId(uuid::Uuid::nil()),
            name: "Lena Vogt".into(),
            email: "lena@example.com".into(),
            active: true,
            away_until: None,
            holds: 0,
            has_acknowledged: false,
        }
    }

    fn terms() -> Terms {
        Terms::default_agreement()
    }

    #[test]
    fn everybody_who_is_here_claims_where_the_agreement_names_nobody() {
        let terms = terms();
        for queue in &terms.routing.queues {
            assert_eq!(may_claim(&terms, &queue.key, &rep(), now()), Ok(()));
        }
        let gone = Rep { active: false, ..rep() };
        assert_eq!(may_claim(&terms, &terms.routing.fallback_queue, &gone, now()), Err(Skip::Inactive));
        let until = now() + TimeDelta::days(2);
        let away = Rep { away_until: Some(until), ..rep() };
        let queue = &terms.routing.fallback_queue;
        assert_eq!(may_claim(&terms, queue, &away, now()), Err(Skip::Away { until }));
        assert_eq!(may_claim(&terms, queue, &away, until), Ok(()), "back at the moment named");
    }

    #[test]
    fn a_queue_that_names_members_is_theirs_alone_however_the_address_is_written() {
        let mut terms = terms();
        let queue = terms.routing.queues[0].key.clone();
        terms.routing.queues[0].members = vec!["Lena@Example.com".into()];
        assert_eq!(may_claim(&terms, &queue, &rep(), now()), Ok(()));
        let other = Rep { email: "noah@example.com".into(), ..rep() };
        let skip = may_claim(&terms, &queue, &other, now()).unwrap_err();
        let clause = prose::document(&terms).clause("routing.queues[0].members").unwrap().number.clone();
        assert_eq!(clause, "7.1");
        assert!(matches!(&skip, Skip::NotMember { clause: cited, .. } if *cited == clause));
        assert!(skip.to_string().ends_with("(part 7, clause 7.1)."), "{skip}");
    }

    #[test]
    fn acknowledging_and_capacity_cite_the_clauses_of_the_document() {
        let mut terms = terms();
        terms.routing.acknowledge_to_claim = true;
        terms.routing.capacity_per_rep = Some(3);
        let queue = terms.routing.fallback_queue.clone();
        let number = |path: &str| prose::document(&terms).clause(path).unwrap().number.clone();
        let refused = may_claim(&terms, &queue, &rep(), now());
        assert_eq!(refused, Err(Skip::NotAcknowledged { clause: number("routing.acknowledge_to_claim") }));
        let full = Rep { has_acknowledged: true, holds: 3, ..rep() };
        let refused = may_claim(&terms, &queue, &full, now());
        assert_eq!(refused, Err(Skip::Full { capacity: 3, clause: number("routing.capacity_per_rep") }));
        assert_eq!(may_claim(&terms, &queue, &Rep { holds: 2, ..full }, now()), Ok(()));
    }
}
