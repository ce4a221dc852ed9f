//! How good a card is: does it rank the won above the lost, and do its categories differ?

use serde::{Deserialize, Serialize};

use super::card::Scores;
use crate::kernel::shares::wilson;

/// The normal quantile of a 95 % interval.
const Z: f64 = 1.959_964;

/// Leads, and how many of them were won.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub leads: u32,
    pub won: u32,
}

impl Tally {
    pub fn of(outcomes: impl Iterator<Item = bool>) -> Tally {
        outcomes.fold(Tally::default(), |tally, won| tally.and(won))
    }

    #[must_use]
    pub fn and(self, won: bool) -> Tally {
        Tally { leads: self.leads + 1, won: self.won + u32::from(won) }
    }

    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally { leads: self.leads + other.leads, won: self.won + other.won }
    }

    pub fn lost(self) -> u32 {
        self.leads - self.won
    }

    /// The share that was won; 0 without leads.
    pub fn rate(self) -> f64 {
        if self.leads == 0 { 0.0 } else { f64::from(self.won) / f64::from(self.leads) }
    }

    /// Wilson's 95 % interval of the rate: where it may lie, given how few leads there are.
    pub fn interval(self) -> (f64, f64) {
        wilson(self.won.into(), self.leads.into())
    }
}

/// What a card is judged by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The chance that a won lead ranks above a lost one; none unless there are both.
    pub auc: Option<f64>,
    /// Where the AUC may lie, 95 %.
    pub auc_interval: Option<(f64, f64)>,
    /// The quarter of the leads that ranks first. Leads at its edge that rank equally count by their share.
    pub top_quarter: Option<f64>,
    /// How many times as often the first quarter wins as all leads.
    pub lift: Option<f64>,
    /// In the order of the agreement's categories.
    pub categories: [Tally; 4],
}

/// Outcomes and scores of one set of leads that were not learnt from.
pub struct Judged<'a> {
    pub scores: &'a [Scores],
    pub won: &'a [bool],
    pub fit_good: f64,
    pub interest_high: f64,
}

/// The figures over several sets, each ranked within itself, because points of different cards do not compare.
pub fn figures(sets: &[Judged]) -> Figures {
    let all = sets.iter().fold(Tally::default(), |all, set| all.plus(Tally::of(set.won.iter().copied())));
    let ranked: Vec<Vec<f64>> =
        sets.iter().map(|set| set.scores.iter().map(|scores| scores.together()).collect()).collect();
    let aucs: Vec<(f64, f64)> = sets
        .iter()
        .zip(&ranked)
        .filter_map(|(set, ranks)| {
            let tally = Tally::of(set.won.iter().copied());
            Some((auc(ranks, set.won)?, f64::from(tally.won) * f64::from(tally.lost())))
        })
        .collect();
    let pairs: f64 = aucs.iter().map(|(_, pairs)| pairs).sum();
    let auc = (pairs > 0.0).then(|| aucs.iter().map(|(auc, pairs)| auc * pairs).sum::<f64>() / pairs);
    let quarter: f64 = sets.iter().zip(&ranked).map(|(set, ranks)| won_in_quarter(ranks, set.won)).sum();
    let top_quarter = (all.leads > 0).then(|| quarter / (f64::from(all.leads) / 4.0));
    let mut categories = [Tally::default(); 4];
    for set in sets {
        for (sum, tally) in
            categories.iter_mut().zip(tallies(set.scores, set.won, set.fit_good, set.interest_high))
        {
            *sum = sum.plus(tally);
        }
    }
    Figures {
        auc,
        auc_interval: auc.map(|auc| auc_interval(auc, all)),
        top_quarter,
        lift: top_quarter.filter(|_| all.won > 0).map(|rate| rate / all.rate()),
        categories,
    }
}

/// The chance that a won lead scores higher than a lost one, ties counting half. None unless there are both.
pub fn auc(scores: &[f64], won: &[bool]) -> Option<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let (mut below, mut ahead) = (0.0, 0.0);
    for tied in order.chunk_by(|a, b| scores[*a].total_cmp(&scores[*b]).is_eq()) {
        let wins = tied.iter().filter(|at| won[**at]).count() as f64;
        let losses = tied.len() as f64 - wins;
        ahead += wins * (below + losses / 2.0);
        below += losses;
    }
    let wins = won.iter().filter(|won| **won).count() as f64;
    (wins > 0.0 && below > 0.0).then(|| ahead / (wins * below))
}

/// Hanley and McNeil's 95 % interval.
fn auc_interval(auc: f64, all: Tally) -> (f64, f64) {
    let (won, lost) = (f64::from(all.won), f64::from(all.lost()));
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let variance =
        (auc * (1.0 - auc) + (won - 1.0) * (q1 - auc * auc) + (lost - 1.0) * (q2 - auc * auc)) / (won * lost);
    let half = Z * variance.max(0.0).sqrt();
    ((auc - half).max(0.0), (auc + half).min(1.0))
}

/// The won leads in the quarter that ranks first, of leads that tie at its edge the expected share.
fn won_in_quarter(scores: &[f64], won: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let (mut room, mut found) = (scores.len() as f64 / 4.0, 0.0);
    for tied in order.chunk_by(|a, b| scores[*a].total_cmp(&scores[*b]).is_eq()) {
        let share = (room / tied.len() as f64).min(1.0);
        found += share * tied.iter().filter(|at| won[**at]).count() as f64;
        room -= share * tied.len() as f64;
        if room <= 0.0 {
            break;
        }
    }
    found
}

/// The leads of each category under these thresholds. Interest is high above its threshold, fit good from it on.
pub fn tallies(scores: &[Scores], won: &[bool], fit_good: f64, interest_high: f64) -> [Tally; 4] {
    let mut tallies = [Tally::default(); 4];
    for (scores, won) in scores.iter().zip(won) {
        let category = usize::from(scores.interest <= interest_high) * 2 + usize::from(scores.fit < fit_good);
        tallies[category] = tallies[category].and(*won);
    }
    tallies
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranked() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
        prop::collection::vec((-20_i8..20, any::<bool>()), 2..80)
            .prop_map(|leads| leads.into_iter().map(|(score, won)| (f64::from(score), won)).unzip())
    }

    fn on_fit(scores: &[f64]) -> Vec<Scores> {
        scores.iter().map(|fit| Scores { fit: *fit, interest: 0.0 }).collect()
    }

    proptest! {
        #[test]
        fn the_auc_is_the_share_of_pairs_in_the_right_order((scores, won) in ranked()) {
            let (mut right, mut pairs) = (0.0, 0.0);
            for (a, _) in scores.iter().zip(&won).filter(|(_, won)| **won) {
                for (b, _) in scores.iter().zip(&won).filter(|(_, won)| !**won) {
                    pairs += 1.0;
                    right += if a > b { 1.0 } else if a < b { 0.0 } else { 0.5 };
                }
            }
            match auc(&scores, &won) {
                Some(auc) => prop_assert!((auc - right / pairs).abs() < 1e-9),
                None => prop_assert!(pairs == 0.0),
            }
        }

        #[test]
        fn the_auc_depends_on_the_order_alone((scores, won) in ranked()) {
            let stretched: Vec<f64> = scores.iter().map(|score| (score / 7.0).exp() - 3.0).collect();
            prop_assert_eq!(auc(&scores, &won), auc(&stretched, &won));
            let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
            if let (Some(one), Some(other)) = (auc(&scores, &won), auc(&turned, &won)) {
                prop_assert!((one + other - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn the_rate_lies_within_its_interval_which_narrows_with_more_leads(won in 0_u32..50, lost in 0_u32..50) {
            let tally = Tally { leads: won + lost, won };
            let (low, high) = tally.interval();
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            if tally.leads > 0 {
                prop_assert!(low <= tally.rate() + 1e-9 && tally.rate() <= high + 1e-9);
                let ten_times = Tally { leads: tally.leads * 10, won: won * 10 }.interval();
                prop_assert!(ten_times.1 - ten_times.0 < high - low);
            }
        }

        #[test]
        fn every_lead_is_in_one_category_and_the_lift_is_bounded((scores, won) in ranked()) {
            let scores = on_fit(&scores);
            let judged = Judged { scores: &scores, won: &won, fit_good: 3.0, interest_high: 1.0 };
            let figures = figures(&[judged]);
            let sum = figures.categories.into_iter().fold(Tally::default(), Tally::plus);
            prop_assert_eq!(sum, Tally::of(won.iter().copied()));
            if let Some(lift) = figures.lift {
                prop_assert!((0.0..=4.0 + 1e-9).contains(&lift));
            }
        }
    }

    #[test]
    fn a_perfect_ranking_has_an_auc_of_1_and_a_blind_one_of_a_half() {
        let won = [false, false, true, true];
        assert_eq!(auc(&[1.0, 2.0, 3.0, 4.0], &won), Some(1.0));
        assert_eq!(auc(&[4.0, 3.0, 2.0, 1.0], &won), Some(0.0));
        assert_eq!(auc(&[5.0; 4], &won), Some(0.5));
        assert_eq!(auc(&[1.0, 2.0], &[true, true]), None);
    }

    #[test]
    fn wilsons_interval_is_that_of_the_textbook() {
        let (low, high) = Tally { leads: 10, won: 1 }.interval();
        assert!((low - 0.0179).abs() < 1e-3 && (high - 0.4042).abs() < 1e-3, "{low} {high}");
        assert_eq!(Tally::default().interval(), (0.0, 1.0));
    }

    #[test]
    fn the_first_quarter_counts_leads_that_tie_at_its_edge_by_their_share() {
        let won = [true, true, false, false, false, false, false, false];
        let lift = |scores: &[f64]| {
            figures(&[Judged { scores: &on_fit(scores), won: &won, fit_good: 1.0, interest_high: 1.0 }]).lift
        };
        assert_eq!(lift(&[8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]), Some(4.0));
        assert_eq!(lift(&[1.0; 8]), Some(1.0));
        assert_eq!(figures(&[]).lift, None);
    }

    #[test]
    fn interest_is_high_above_its_threshold_and_fit_good_from_it_on() {
        let scores = |fit, interest| Scores { fit, interest };
        let leads = [scores(5.0, 3.1), scores(4.0, 3.1), scores(5.0, 3.0), scores(4.0, 3.0)];
        let one = Tally { leads: 1, won: 1 };
        assert_eq!(tallies(&leads, &[true; 4], 5.0, 3.0), [one; 4]);
    }
}
