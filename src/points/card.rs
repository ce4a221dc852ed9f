//! A card: whole points for clauses on both axes, and where the plane is cut.

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::judge_card::{Tally, tallies};
use super::model::{Axis, Clause};

/// Points for an e-fold of the odds, at most: a weak clause stays weak when all are.
const MOST_PER_UNIT: f64 = 30.0;
/// The least share of leads that a category needs, for its win rate to mean something. Where one axis tells nothing,
/// two of the categories are empty.
const LEAST_SHARE: f64 = 0.05;
/// Thresholds that are tried on either axis.
const TRIED: usize = 24;

/// Points by clause, 0 for those that count for nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub points: Vec<i32>,
    pub fit_good: u8,
    pub interest_high: f64,
}

/// The two scores of a lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    pub fit: f64,
    pub interest: f64,
}

impl Scores {
    /// By what leads are ranked when a card is judged: both axes together.
    pub fn together(self) -> f64 {
        self.fit + self.interest
    }
}

/// Fit is kept within 0 and 100, as the engine keeps it.
fn scores(points: &[f64], axes: &[Axis], row: ArrayView1<f64>) -> Scores {
    let mut scores = Scores { fit: 0.0, interest: 0.0 };
    for ((points, axis), weight) in points.iter().zip(axes).zip(row) {
        match axis {
            Axis::Fit => scores.fit += points * weight,
            Axis::Interest => scores.interest += points * weight,
        }
    }
    scores.fit = scores.fit.clamp(0.0, 100.0);
    scores
}

impl Card {
    /// Whole points from coefficients, in one scale for both axes, so that the best fit among these leads is 100;
    /// thresholds where the categories differ most.
    pub fn of(coefficients: &[f64], clauses: &[Clause], weights: &Array2<f64>, won: &[bool]) -> Card {
        let axes: Vec<Axis> = clauses.iter().map(Clause::axis).collect();
        let sum = |row: ArrayView1<f64>| -> f64 {
            let on_fit = coefficients.iter().zip(&axes).zip(row).filter(|((_, axis), _)| **axis == Axis::Fit);
            on_fit.map(|((coefficient, _), weight)| coefficient * weight).sum()
        };
        let best = weights.rows().into_iter().map(sum).fold(0.0, f64::max);
        let largest = coefficients.iter().fold(0.0, |largest: f64, one| largest.max(one.abs()));
        let scale = MOST_PER_UNIT.min(100.0 / best.max(largest).max(f64::MIN_POSITIVE));
        #[expect(clippy::cast_possible_truncation, reason = "the scale keeps points within ±100")]
        let points: Vec<i32> =
            coefficients.iter().map(|coefficient| (coefficient * scale).round() as i32).collect();
        let mut card = Card { points, fit_good: 1, interest_high: 1.0 };
        let scores = card.scores(clauses, weights);
        (card.fit_good, card.interest_high) = thresholds(&scores, won);
        card
    }

    /// The scores of each row.
    pub fn scores(&self, clauses: &[Clause], weights: &Array2<f64>) -> Vec<Scores> {
        let axes: Vec<Axis> = clauses.iter().map(Clause::axis).collect();
        let points: Vec<f64> = self.points.iter().map(|points| f64::from(*points)).collect();
        weights.rows().into_iter().map(|row| scores(&points, &axes, row)).collect()
    }
}

/// The thresholds that part the won from the lost best: first those under which the best category wins twice as often
/// as all leads and the last half as often, and among them those whose categories differ most.
fn thresholds(scores: &[Scores], won: &[bool]) -> (u8, f64) {
    let all = Tally::of(won.iter().copied());
    let mut best = (1.0, 1.0);
    let mut most = (false, f64::NEG_INFINITY);
    let fits = cuts(scores.iter().map(|scores| scores.fit));
    // Interest is high above its threshold, not from it on.
    let interests: Vec<f64> =
        cuts(scores.iter().map(|scores| scores.interest)).iter().map(|cut| (cut - 1.0).max(0.5)).collect();
    for fit in &fits {
        for interest in &interests {
            let tallies = tallies(scores, won, *fit, *interest);
            let enough = scores.len() as f64 * LEAST_SHARE;
            if tallies.iter().any(|tally| tally.leads > 0 && f64::from(tally.leads) < enough) {
                continue;
            }
            let apart: f64 = tallies
                .iter()
                .map(|tally| f64::from(tally.leads) * (tally.rate() - all.rate()).powi(2))
                .sum();
            let [best_category, .., last] = tallies;
            let parts = best_category.rate() >= 2.0 * all.rate() && last.rate() <= all.rate() / 2.0;
            if (parts, apart) > most {
                most = (parts, apart);
                best = (*fit, *interest);
            }
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "cuts of fit are whole and within 1..=100"
    )]
    (best.0 as u8, best.1)
}

/// Whole numbers above 0 between which the scores lie, evenly spread over the leads.
fn cuts(scores: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut scores: Vec<f64> = scores.map(f64::round).collect();
    scores.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..TRIED)
        .filter_map(|step| scores.get(scores.len() * step / TRIED).copied())
        .filter(|cut| *cut >= 1.0)
        .collect();
    cuts.dedup();
    if cuts.is_empty() {
        cuts.push(1.0);
    }
    cuts
}
