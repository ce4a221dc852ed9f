//! What the agreement makes of a lead, step by step, in the order in which `judge` decides. Pure; the steps are tested
//! to agree with the judgement.

use chrono::{DateTime, TimeDelta, Utc};

use super::judge::{self, Hold, Judgement, Offer};
use super::service_levels::Deadline;
use crate::agreement::facts::RoutingFacts;
use crate::agreement::prose::condition;
use crate::agreement::terms::{Route, Terms};
use crate::agreement::versions::Version;
use crate::leads::Lead;
use crate::scoring::{Facts, FitScore, Interest, InterestLine, ScoredEvent, Test};

/// The whole way of a lead through a version.
#[derive(Debug, Clone)]
pub struct Trace {
    pub judgement: Judgement,
    pub fit: FitScore,
    /// Every fit rule.
    pub fit_rules: Vec<RuleTried>,
    /// Points now: the sum of the lines.
    pub interest: f64,
    pub interest_lines: Vec<InterestLine>,
    pub route: Route,
    pub fast_track: TrackTried,
    /// Sales has it already, and nothing else is asked.
    pub has_open: bool,
    /// Everything that may stand against an offer.
    pub holds: Vec<HoldTried>,
    /// Every routing rule.
    pub routing: Vec<RuleTried>,
    /// Where it goes, or would go if nothing stood against it.
    pub offer: Offer,
    /// Where the terms hold the deadlines.
    pub level: String,
    pub claim: Deadline,
    /// If it were claimed at once.
    pub contact: Deadline,
}

/// A rule with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTried {
    /// Where the terms hold it.
    pub path: String,
    pub label: String,
    /// Of a fit rule.
    pub points: Option<i16>,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Holds,
    /// The first test that failed, in words, and what it saw.
    Fails {
        test: String,
        saw: String,
    },
    /// An earlier rule had won already.
    NotTried,
}

/// What became of the fast tracks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackTried {
    /// No event of the lead took one.
    None,
    /// One was taken that this version does not have.
    Unknown(String),
    /// It counted until then.
    Lapsed {
        label: String,
        until: DateTime<Utc>,
    },
    /// It is only for a good fit.
    LowFit {
        label: String,
    },
    Open {
        label: String,
        until: DateTime<Utc>,
    },
}

/// Something that may stand against an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldTried {
    pub question: &'static str,
    /// Where the terms hold it; empty where the law does.
    pub path: &'static str,
    /// What stands against it.
    pub hold: Option<Hold>,
}

impl Trace {
    /// Whether the lead meets the criteria of handing off.
    pub fn is_due(&self) -> bool {
        self.route == Route::HandOff || matches!(self.fast_track, TrackTried::Open { .. })
    }

    /// Whether it is offered now.
    pub fn is_offered(&self) -> bool {
        !self.has_open && self.is_due() && self.holds.iter().all(|tried| tried.hold.is_none())
    }
}

/// Judges a lead and says how.
pub fn trace(version: &Version, lead: &Lead, has_open: bool, now: DateTime<Utc>) -> Trace {
    let terms = &version.terms;
    let judgement = judge::judge(version, lead, has_open, now);
    let rules = terms.interest.scoring();
    let track = judge::open_fast_track(terms, lead, judgement.good_fit, now);
    let offer = judge::offer(terms, lead, judgement.category, track);
    let level = terms.service_levels.level_at(&offer.queue, judgement.category, track.is_some());
    Trace {
        fit: FitScore::of(&terms.fit.rules, &lead.facts),
        fit_rules: fit_rules(terms, lead),
        interest: lead.interest.points_at(&rules, now),
        interest_lines: lead.interest.lines(&rules, now),
        route: terms.category(judgement.category).route,
        fast_track: fast_track(terms, lead, track.is_some(), now),
        has_open,
        holds: holds(terms, lead, now),
        routing: routing(terms, lead, &judgement, track.map(|track| track.key.as_str())),
        level: level.map_or("service_levels.default".into(), |at| format!("service_levels.levels[{at}]")),
        claim: Deadline::claim(&version.calendar, &offer.promise, now),
        contact: Deadline::contact(&version.calendar, &offer.promise, now),
        judgement,
        offer,
    }
}

/// The lead as a version sees it that has never judged it: interest counted anew from its events, and a status that
/// the version retires moved where it says.
pub fn seen_by(version: &Version, lead: &Lead, events: &mut [ScoredEvent]) -> Lead {
    let terms = &version.terms;
    let mut lead = lead.clone();
    lead.interest = Interest::replay(&terms.interest.scoring(), events);
    if let Some(retired) = terms.retired_statuses.iter().find(|retired| retired.key == lead.status) {
        lead.status.clone_from(&retired.to);
        lead.stage = terms.stage_of(&lead.status);
    }
    lead
}

fn fit_rules(terms: &Terms, lead: &Lead) -> Vec<RuleTried> {
    let rules = terms.fit.rules.iter().enumerate();
    rules
        .map(|(at, rule)| RuleTried {
            path: format!("fit.rules[{at}]"),
            label: rule.label.clone(),
            points: Some(rule.points),
            outcome: outcome(terms, &rule.when, &lead.facts),
        })
        .collect()
}

fn routing(terms: &Terms, lead: &Lead, judgement: &Judgement, track: Option<&str>) -> Vec<RuleTried> {
    let facts = RoutingFacts { lead: &lead.facts, category: judgement.category, fast_track: track };
    let mut has_won = false;
    let rules = terms.routing.rules.iter().enumerate();
    rules
        .map(|(at, rule)| {
            let outcome = if has_won { Outcome::NotTried } else { outcome(terms, &rule.when, &facts) };
            has_won |= outcome == Outcome::Holds;
            RuleTried {
                path: format!("routing.rules[{at}]"),
                label: rule.label.clone(),
                points: None,
                outcome,
            }
        })
        .collect()
}

fn outcome(terms: &Terms, tests: &[Test], facts: &impl Facts) -> Outcome {
    match tests.iter().find(|test| !test.holds(facts)) {
        None => Outcome::Holds,
        Some(test) => Outcome::Fails {
            test: condition(terms, std::slice::from_ref(test)),
            saw: facts.known(&test.field).map_or_else(|| "unknown".to_owned(), |fact| fact.to_string()),
        },
    }
}

fn fast_track(terms: &Terms, lead: &Lead, is_open: bool, now: DateTime<Utc>) -> TrackTried {
    let Some((key, at)) = &lead.fast_track else { return TrackTried::None };
    let Some(track) = terms.fast_track(key) else { return TrackTried::Unknown(key.clone()) };
    let (label, until) = (track.label.clone(), *at + TimeDelta::days(track.valid_days.into()));
    if is_open {
        TrackTried::Open { label, until }
    } else if until <= now {
        TrackTried::Lapsed { label, until }
    } else {
        TrackTried::LowFit { label }
    }
}

/// Each question with the hold that answers it; a hold that answers none has a line of its own.
fn holds(terms: &Terms, lead: &Lead, now: DateTime<Utc>) -> Vec<HoldTried> {
    let mut found = judge::holds(terms, lead, now);
    let mut take = |is: fn(&Hold) -> bool| found.iter().position(is).map(|at| found.remove(at));
    let mut tried = vec![
        HoldTried {
            question: "Is everything known that Sales needs?",
            path: "handoff.packet_fields",
            hold: take(|hold| matches!(hold, Hold::MissingFields(_))),
        },
        HoldTried {
            question: "May the person be contacted?",
            path: "",
            hold: take(|hold| matches!(hold, Hold::DoNotContact | Hold::NoConsent)),
        },
        HoldTried {
            question: "Has it rested long enough since it came back?",
            path: "handoff.cool_off_days",
            hold: take(|hold| matches!(hold, Hold::RestsUntil(_))),
        },
        HoldTried {
            question: "May it be offered once more?",
            path: "handoff.max_cycles",
            hold: take(|hold| matches!(hold, Hold::CyclesUsed(_))),
        },
        HoldTried {
            question: "May the system move it from where it stands?",
            path: "jurisdictions.acts.offered",
            hold: take(|hold| matches!(hold, Hold::NoTransition { .. })),
        },
    ];
    tried.extend(found.into_iter().map(|hold| HoldTried {
        question: "Does anything else stand against it?",
        path: "handoff",
        hold: Some(hold),
    }));
    tried
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
