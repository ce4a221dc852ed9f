//! Where two thresholds put the leads that there are: counted before anybody signs them. Pure but for its pages.

pub mod pages;
mod queries;

use chrono::{DateTime, Utc};

use super::judge;
use crate::agreement::terms::{Route, Terms};
use crate::agreement::versions::Version;
use crate::leads::Lead;
use crate::scoring::{CategoryKey, FitScore, Thresholds};

/// What thresholds need to know of a lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    pub fit: u8,
    /// Points now, to three decimals.
    pub interest: f64,
    pub offer: Offerable,
}

/// What else decides whether a lead is handed off; none of it moves with the thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offerable {
    /// Sales has it, or something stands against it.
    Never,
    /// When its category is.
    ByCategory,
    /// Whatever its category: a fast track is open.
    Always,
    /// When its category is, or when it is a good fit: a fast track is open for those.
    GoodFit,
}

/// How many leads are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the order of [`CategoryKey::all`].
    pub quarters: [usize; 4],
    /// Handed off now.
    pub offered: usize,
}

/// A lead by the rules of a version.
pub fn standing(version: &Version, lead: &Lead, has_open: bool, now: DateTime<Utc>) -> Standing {
    let terms = &version.terms;
    let interest = lead.interest.points_at(&terms.interest.scoring(), now);
    let track = judge::open_fast_track(terms, lead, true, now);
    let offer = match track {
        _ if has_open || !judge::holds(terms, lead, now).is_empty() => Offerable::Never,
        None => Offerable::ByCategory,
        Some(track) if track.good_fit_only => Offerable::GoodFit,
        Some(_) => Offerable::Always,
    };
    Standing {
        fit: FitScore::points_of(&terms.fit.rules, &lead.facts),
        interest: (interest * 1000.0).round() / 1000.0,
        offer,
    }
}

/// The leads in each category and those handed off now, under these thresholds and the routes of the terms.
pub fn count(standings: &[Standing], thresholds: &Thresholds, terms: &Terms) -> Counts {
    let mut counts = Counts::default();
    for standing in standings {
        let is_hot = standing.interest > thresholds.interest_high;
        let category = CategoryKey::of(thresholds, standing.fit, is_hot);
        if let Some(at) = CategoryKey::all().iter().position(|key| *key == category) {
            counts.quarters[at] += 1;
        }
        let by_category = terms.category(category).route == Route::HandOff;
        let is_offered = match standing.offer {
            Offerable::Never => false,
            Offerable::ByCategory => by_category,
            Offerable::Always => true,
            Offerable::GoodFit => by_category || thresholds.good_fit(standing.fit),
        };
        counts.offered += usize::from(is_offered);
    }
    counts
}

impl Offerable {
    /// As the script of the page reads it.
    fn code(self) -> char {
        match self {
            Offerable::Never => 'n',
            Offerable::ByCategory => 'c',
            Offerable::Always => 'a',
            Offerable::GoodFit => 'g',
        }
    }
}

/// The standings in a line that the script of the page reads: `fit interest code;…`.
fn written(standings: &[Standing]) -> String {
    let each = standings
        .iter()
        .map(|standing| format!("{} {} {}", standing.fit, standing.interest, standing.offer.code()));
    each.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::handoffs::judge::{Verdict, judge};
    use crate::kernel::ids::LeadId;
    use crate::leads::Consent;
    use crate::scoring::{Interest, ScoredEvent};

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn lead(employees: i64, replies: i64, contact: bool, track: bool, version: &Version) -> Lead {
        let facts = json!({ "name": "A", "email": "a@b.example", "company": "B", "employees": employees, "seniority": "manager" });
        let nothing = json!({});
        let mut events: Vec<_> = (0..replies)
            .map(|at| ScoredEvent {
                kind: "reply",
                properties: &nothing,
                occurred_at: now() - TimeDelta::days(at * 5),
            })
            .collect();
        Lead {
            id: LeadId::new(now()),
            facts: serde_json::from_value(facts).unwrap(),
            consent: Consent { may_contact: contact, ..Consent::default() },
            do_not_contact: false,
            status: "new".into(),
            stage: crate::agreement::terms::Stage::Inquiry,
            status_since: now(),
            owner: None,
            cycles: 0,
            rest_until: None,
            fit: 0,
            good_fit: false,
            interest: Interest::replay(&version.terms.interest.scoring(), &mut events),
            hot_until: None,
            fast_track: track.then(|| ("demo_request".to_owned(), now())),
            judged_version: 1,
            revision: 0,
            created_at: now(),
            updated_at: now(),
        }
    }

    #[test]
    fn what_is_counted_is_what_the_engine_would_decide_under_those_thresholds() {
        let mut counted = 0;
        for good_fit_only in [true, false] {
            let mut terms = Terms::default_agreement();
            terms.handoff.fast_tracks[0].good_fit_only = good_fit_only;
            let mut version = Version::of(2, terms).unwrap();
            let leads: Vec<(Lead, bool)> = (0..160)
                .map(|n| (lead(n * 5, n % 4, n % 5 > 0, n % 7 == 0, &version), n % 11 == 0))
                .collect();
            let standings: Vec<Standing> =
                leads.iter().map(|(lead, has_open)| standing(&version, lead, *has_open, now())).collect();
            for (fit_good, interest_high) in [(20, 10.0), (50, 40.0), (45, 30.5), (100, 900.0), (1, 0.5)] {
                let thresholds = Thresholds { fit_good, interest_high };
                (version.terms.categories.fit_good, version.terms.categories.interest_high) =
                    (fit_good, interest_high);
                let mut expected = Counts::default();
                for (lead, has_open) in &leads {
                    let judgement = judge(&version, lead, *has_open, now());
                    let at = CategoryKey::all().iter().position(|key| *key == judgement.category).unwrap();
                    expected.quarters[at] += 1;
                    expected.offered += usize::from(matches!(judgement.verdict, Verdict::Offer(_)));
                }
                assert_eq!(count(&standings, &thresholds, &version.terms), expected, "{thresholds:?}");
                counted += expected.offered;
            }
        }
        assert!(counted > 100, "something is offered: {counted}");
    }

    #[test]
    fn the_script_reads_fit_interest_and_what_else_decides() {
        let of = |fit, interest, offer| Standing { fit, interest, offer };
        let standings = [of(50, 12.5, Offerable::ByCategory), of(0, 0.0, Offerable::Never)];
        assert_eq!(written(&standings), "50 12.5 c;0 0 n");
    }
}
