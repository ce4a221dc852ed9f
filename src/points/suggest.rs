//! A suggestion: the card that closed leads teach, judged on leads that it was not taught by.

use ndarray::{Array2, Axis as Dimension};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::card::{Card, Scores};
use super::features::{self, Names};
use super::judge_card::{Figures, Judged, Tally, figures};
use super::learn;
use super::model::{Axis, Case, Choice, Clause};
use crate::agreement::terms::Terms;
use crate::scoring::FitScore;

/// Below so many closed leads, or so many of either outcome, figures are too uncertain to act on.
const ENOUGH_CLOSED: u32 = 50;
const ENOUGH_EACH: u32 = 10;
/// Without so many of either outcome nothing can be learnt at all.
const LEAST_EACH: u32 = 5;
const FOLDS: usize = 5;
/// The same leads are always parted in the same way.
const SEED: u64 = 5;

/// What is offered to a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    pub choice: Choice,
    /// The closed leads that it was learnt from.
    pub closed: Tally,
    /// Whether older closed leads were left out, because there are so many.
    pub shortened: bool,
    pub lines: Vec<Line>,
    pub fit_good: u8,
    pub interest_high: f64,
    /// The thresholds of the draft that it was learnt for.
    pub fit_good_now: u8,
    pub interest_high_now: f64,
    /// Of the rules of the draft.
    pub now: Figures,
    /// Of cards learnt in the same way from four fifths of the leads, each judged on the other fifth.
    pub suggested: Figures,
}

/// A clause with what it is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub clause: Clause,
    /// The points of the draft's rule with the same tests.
    pub now: Option<f64>,
    /// 0 when it tells nothing.
    pub points: i32,
    /// Of the leads that pass it.
    pub tally: Tally,
}

impl Suggestion {
    /// Whether there are too few closed leads to trust the figures.
    pub fn too_few(&self) -> bool {
        self.closed.leads < ENOUGH_CLOSED || self.closed.won.min(self.closed.lost()) < ENOUGH_EACH
    }

    /// Whether the card ranks leads that it was not learnt from no better than chance may.
    pub fn tells_nothing(&self) -> bool {
        self.suggested.auc_interval.is_none_or(|(low, _)| low <= 0.5)
    }

    /// The lines of an axis that earn points, or that the draft gives points now.
    pub fn lines_of(&self, axis: Axis) -> impl Iterator<Item = (usize, &Line)> {
        let counts =
            move |line: &Line| line.clause.axis() == axis && (line.points != 0 || line.now.is_some());
        self.lines.iter().enumerate().filter(move |(_, line)| counts(line))
    }
}

/// Learns from closed leads. The error says what is missing.
pub fn suggest(
    mut cases: Vec<Case>,
    choice: &Choice,
    names: &Names,
    terms: &Terms,
) -> Result<Suggestion, String> {
    in_lasting_order(&mut cases);
    let won: Vec<bool> = cases.iter().map(|case| case.won).collect();
    let closed = Tally::of(won.iter().copied());
    if closed.won.min(closed.lost()) < LEAST_EACH {
        return Err(format!(
            "There are {} won and {} lost leads. Learning takes at least {LEAST_EACH} of each, and {ENOUGH_CLOSED} in all before its figures tell anything.",
            closed.won,
            closed.lost()
        ));
    }
    let clauses = features::clauses(&cases, &choice.columns, names);
    if clauses.is_empty() {
        return Err(format!(
            "None of the chosen fields tells leads apart: each value needs at least {} leads that have it, and as many that have not. Choose more fields.",
            features::least(cases.len())
        ));
    }
    let half_life_days = terms.interest.half_life_days;
    let weights = features::weights(&cases, &clauses, half_life_days);
    let card = taught(&clauses, &weights, &won).map_err(|error| format!("{error:#}"))?;
    let folds = folds(&won);
    let suggested =
        cross_validated(&clauses, &weights, &won, &folds).map_err(|error| format!("{error:#}"))?;
    let lines = clauses
        .iter()
        .enumerate()
        .map(|(at, clause)| Line {
            clause: clause.clone(),
            now: points_now(terms, clause),
            points: card.points[at],
            tally: Tally::of(
                won.iter().zip(weights.column(at)).filter(|(_, weight)| **weight > 0.0).map(|(won, _)| *won),
            ),
        })
        .collect();
    Ok(Suggestion {
        choice: choice.clone(),
        closed,
        shortened: false,
        lines,
        fit_good: card.fit_good,
        interest_high: card.interest_high,
        fit_good_now: terms.categories.fit_good,
        interest_high_now: terms.categories.interest_high,
        now: present(&cases, &won, &folds, terms),
        suggested,
    })
}

/// Orders leads by what is known about them, so that the same leads make the same folds, whatever their ids.
fn in_lasting_order(cases: &mut [Case]) {
    cases.sort_by_cached_key(|case| {
        let events: Vec<_> = case
            .events
            .iter()
            .map(|event| (&event.kind, &event.properties, (case.at - event.occurred_at).num_seconds()))
            .collect();
        let text = serde_json::to_vec(&(&case.facts, events, case.won)).unwrap_or_default();
        (Sha256::digest(text), case.lead)
    });
}

fn taught(clauses: &[Clause], weights: &Array2<f64>, won: &[bool]) -> anyhow::Result<Card> {
    let groups = learn::groups(clauses, weights);
    let coefficients = learn::coefficients(weights, won, &groups)?;
    Ok(Card::of(&coefficients, clauses, weights, won))
}

/// Which fold each lead belongs to; each fold has its share of won and of lost leads.
fn folds(won: &[bool]) -> Vec<usize> {
    let mut folds = vec![0; won.len()];
    let mut dice = ChaCha8Rng::seed_from_u64(SEED);
    for outcome in [true, false] {
        let mut leads: Vec<usize> = (0..won.len()).filter(|at| won[*at] == outcome).collect();
        leads.shuffle(&mut dice);
        for (place, at) in leads.into_iter().enumerate() {
            folds[at] = place % FOLDS;
        }
    }
    folds
}

/// The leads of a fold, or all others.
fn members(folds: &[usize], fold: usize, inside: bool) -> Vec<usize> {
    (0..folds.len()).filter(|at| (folds[*at] == fold) == inside).collect()
}

fn of<T: Copy>(all: &[T], members: &[usize]) -> Vec<T> {
    members.iter().map(|at| all[*at]).collect()
}

/// Learns each card in whole points without a fifth of the leads and judges it on that fifth.
fn cross_validated(
    clauses: &[Clause],
    weights: &Array2<f64>,
    won: &[bool],
    folds: &[usize],
) -> anyhow::Result<Figures> {
    let mut parts = vec![];
    for fold in 0..FOLDS {
        let (learnt, judged) = (members(folds, fold, false), members(folds, fold, true));
        let card = taught(clauses, &weights.select(Dimension(0), &learnt), &of(won, &learnt))?;
        let scores = card.scores(clauses, &weights.select(Dimension(0), &judged));
        parts.push((card, scores, of(won, &judged)));
    }
    let sets: Vec<Judged> = parts
        .iter()
        .map(|(card, scores, won)| Judged {
            scores,
            won,
            fit_good: card.fit_good.into(),
            interest_high: card.interest_high,
        })
        .collect();
    Ok(figures(&sets))
}

/// The rules of the draft on the same leads in the same folds.
fn present(cases: &[Case], won: &[bool], folds: &[usize], terms: &Terms) -> Figures {
    let interest = terms.interest.scoring();
    let scores: Vec<Scores> = cases
        .iter()
        .map(|case| Scores {
            fit: FitScore::points_of(&terms.fit.rules, &case.facts).into(),
            interest: case.interest(&interest),
        })
        .collect();
    let parts: Vec<(Vec<Scores>, Vec<bool>)> = (0..FOLDS)
        .map(|fold| members(folds, fold, true))
        .map(|members| (of(&scores, &members), of(won, &members)))
        .collect();
    let sets: Vec<Judged> = parts
        .iter()
        .map(|(scores, won)| Judged {
            scores,
            won,
            fit_good: terms.categories.fit_good.into(),
            interest_high: terms.categories.interest_high,
        })
        .collect();
    figures(&sets)
}

/// The points that a rule with the same tests has.
fn points_now(terms: &Terms, clause: &Clause) -> Option<f64> {
    match clause.event() {
        None => {
            let rule = terms.fit.rules.iter().find(|rule| rule.when == clause.when);
            rule.map(|rule| rule.points.into())
        }
        Some(event) => {
            let rule =
                terms.interest.rules.iter().find(|rule| rule.event == event && rule.when == clause.when);
            rule.map(|rule| rule.points)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::accept::{Accepted, accept};
    use crate::points::model::Column;
    use crate::points::planted::leads;
    use crate::scoring::CategoryKey;

    fn choice(cases: &[Case]) -> Choice {
        Choice { columns: features::columns(cases), ..Choice::default() }
    }

    fn learnt(count: usize) -> Suggestion {
        let cases = leads(count);
        let choice = choice(&cases);
        suggest(cases, &choice, &Names::default(), &Terms::default_agreement()).unwrap()
    }

    #[test]
    fn a_card_ranks_leads_that_it_was_not_learnt_from_and_its_categories_differ() {
        let found = learnt(1000);
        let auc = found.suggested.auc.unwrap();
        assert!((0.75..0.95).contains(&auc) && auc > found.now.auc.unwrap(), "{found:?}");
        assert!(found.suggested.lift.unwrap() > 1.4);
        let [best, .., last] = found.suggested.categories;
        assert!(
            best.rate() > 1.5 * found.closed.rate() && last.rate() < 0.6 * found.closed.rate(),
            "{found:?}"
        );
        assert!(!found.too_few() && !found.tells_nothing());
    }

    #[test]
    fn the_same_leads_give_the_same_suggestion_whatever_their_order_and_ids() {
        let mut other = leads(300);
        other.reverse();
        for case in &mut other {
            case.lead = crate::kernel::ids::LeadId(uuid::Uuid::new_v4());
        }
        let choice = choice(&other);
        let again = suggest(other, &choice, &Names::default(), &Terms::default_agreement()).unwrap();
        assert_eq!(again, learnt(300));
    }

    #[test]
    fn an_accepted_card_is_sound_and_the_engine_scores_with_it_as_it_was_judged() {
        let cases = leads(500);
        let found = learnt(500);
        let accepted = Accepted { lines: (0..found.lines.len()).collect(), replace: true, thresholds: true };
        let terms = accept(&Terms::default_agreement(), &found, &accepted);
        assert_eq!(terms.validate(), Ok(()));
        let clauses: Vec<Clause> = found.lines.iter().map(|line| line.clause.clone()).collect();
        let points = found.lines.iter().map(|line| line.points).collect();
        let card = Card { points, fit_good: found.fit_good, interest_high: found.interest_high };
        let weights = features::weights(&cases, &clauses, terms.interest.half_life_days);
        for (case, scores) in cases.iter().zip(card.scores(&clauses, &weights)) {
            assert_eq!(f64::from(FitScore::points_of(&terms.fit.rules, &case.facts)), scores.fit);
            let interest = case.interest(&terms.interest.scoring());
            assert!((interest - scores.interest).abs() < 1e-6, "{interest} {scores:?}");
        }
        assert_eq!(found.suggested.categories.len(), CategoryKey::all().len());
    }

    #[test]
    fn a_card_of_noise_is_said_to_tell_nothing() {
        let noise = Choice { columns: vec![Column::parse("custom.colour")], ..Choice::default() };
        let found = suggest(leads(400), &noise, &Names::default(), &Terms::default_agreement()).unwrap();
        assert!(found.tells_nothing(), "{found:?}");
    }

    #[test]
    fn too_few_closed_leads_are_said_to_be_too_few() {
        let few = leads(45);
        let choice_of_few = choice(&few);
        let found = suggest(few, &choice_of_few, &Names::default(), &Terms::default_agreement()).unwrap();
        assert!(found.too_few());
        let none =
            suggest(vec![], &choice_of_few, &Names::default(), &Terms::default_agreement()).unwrap_err();
        assert!(none.contains("0 won and 0 lost"), "{none}");
        let nothing = Choice { columns: vec![Column::parse("title")], ..Choice::default() };
        let blank =
            suggest(leads(100), &nothing, &Names::default(), &Terms::default_agreement()).unwrap_err();
        assert!(blank.contains("tells leads apart"), "{blank}");
    }
}
