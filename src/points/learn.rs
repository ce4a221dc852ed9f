//! Logistic regression on clauses: how much each adds to the odds that a lead is won.

use anyhow::Context;
use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2, Axis as Dimension};

use super::model::{Axis, Clause, Column};

/// How strongly large coefficients are held down: as if each were known beforehand to lie within about ±1.
const PENALTY: f64 = 1.0;
const MOST_ITERATIONS: u64 = 300;
/// Of the slope: finer steps do not move a whole point.
const TOLERANCE: f64 = 0.1;
/// A field that nearly every lead has needs no negative points: its least value is the measure of the others.
const FILLED: f64 = 0.98;

/// What is asked of the coefficients of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The positions of its clauses.
    pub clauses: Vec<usize>,
    /// Whether none may be negative: the lowest is left out, and the others are measured from it.
    pub from_lowest: bool,
}

/// The clauses column by column. What a lead did never costs points; what it is may, unless every lead has the
/// field and one of its values can serve as the measure.
pub fn groups(clauses: &[Clause], weights: &Array2<f64>) -> Vec<Group> {
    let mut groups: Vec<(&Column, Group)> = vec![];
    for (at, clause) in clauses.iter().enumerate() {
        match groups.iter_mut().find(|(column, _)| *column == &clause.column) {
            Some((_, group)) => group.clauses.push(at),
            None => groups.push((&clause.column, Group { clauses: vec![at], from_lowest: false })),
        }
    }
    let rows = weights.nrows() as f64;
    for (column, group) in &mut groups {
        let exactly_one = |row: &ndarray::ArrayView1<f64>| {
            group.clauses.iter().filter(|clause| row[**clause] > 0.0).count() == 1
        };
        let filled = weights.rows().into_iter().filter(exactly_one).count() as f64;
        group.from_lowest = column.axis() == Axis::Interest || filled >= rows * FILLED;
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A coefficient for each clause, 0 for those left out.
pub fn coefficients(weights: &Array2<f64>, won: &[bool], groups: &[Group]) -> anyhow::Result<Vec<f64>> {
    let mut kept: Vec<usize> = groups.iter().flat_map(|group| group.clauses.iter().copied()).collect();
    kept.sort_unstable();
    loop {
        let mut found = vec![0.0; weights.ncols()];
        if kept.is_empty() {
            return Ok(found);
        }
        for (at, coefficient) in kept.iter().zip(regression(weights.select(Dimension(1), &kept), won)?) {
            found[*at] = coefficient;
        }
        let lowest = groups.iter().filter(|group| group.from_lowest).filter_map(|group| {
            let negative = group.clauses.iter().copied().filter(|clause| found[*clause] < 0.0);
            negative.min_by(|a, b| found[*a].total_cmp(&found[*b]))
        });
        let dropped: Vec<usize> = lowest.collect();
        if dropped.is_empty() {
            return Ok(found);
        }
        kept.retain(|clause| !dropped.contains(clause));
    }
}

fn regression(weights: Array2<f64>, won: &[bool]) -> anyhow::Result<Array1<f64>> {
    let fitted = LogisticRegression::default()
        .alpha(PENALTY)
        .max_iterations(MOST_ITERATIONS)
        .gradient_tolerance(TOLERANCE)
        .fit(&Dataset::new(weights, Array1::from(won.to_vec())))
        .context("the regression found no coefficients")?;
    // Which outcome the library counts upwards depends on which is more frequent.
    Ok(if fitted.labels().pos.class { fitted.params().clone() } else { -fitted.params() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::points::features::{self, Names};
    use crate::points::planted::leads;

    fn learnt(count: usize) -> Vec<(String, f64)> {
        let cases = leads(count);
        let clauses = features::clauses(&cases, &features::columns(&cases), &Names::default());
        let weights = features::weights(&cases, &clauses, 7.0);
        let won: Vec<bool> = cases.iter().map(|case| case.won).collect();
        let found = coefficients(&weights, &won, &groups(&clauses, &weights)).unwrap();
        clauses.into_iter().map(|clause| clause.label).zip(found).collect()
    }

    #[test]
    fn planted_clauses_are_found_and_noise_stays_small() {
        let learnt = learnt(1500);
        let of = |label: &str| learnt.iter().find(|(known, _)| known == label).unwrap().1;
        assert!((1.9..2.9).contains(&of("Industry is Software")), "{learnt:?}");
        assert!((1.3..2.3).contains(&of("Pricing page view")), "{learnt:?}");
        let large: f64 =
            learnt.iter().filter(|(label, _)| label.starts_with("Employees at least")).map(|(_, c)| c).sum();
        assert!((0.7..1.9).contains(&large), "{learnt:?}");
        let loudest = learnt
            .iter()
            .filter(|(label, _)| label.starts_with("colour"))
            .map(|(_, c)| c.abs())
            .fold(0.0, f64::max);
        assert!(loudest < 0.4, "{learnt:?}");
    }

    #[test]
    fn more_wins_than_losses_do_not_turn_the_signs() {
        let mut cases = leads(600);
        for case in &mut cases {
            case.won = !case.won || case.facts.industry.is_none();
        }
        let clauses = features::clauses(&cases, &[Column::parse("industry")], &Names::default());
        let weights = features::weights(&cases, &clauses, 7.0);
        let won: Vec<bool> = cases.iter().map(|case| case.won).collect();
        assert!(won.iter().filter(|won| **won).count() > 300);
        let found = coefficients(&weights, &won, &groups(&clauses, &weights)).unwrap();
        let software = clauses.iter().position(|clause| clause.label.ends_with("Software")).unwrap();
        assert!(found[software] < -1.0, "{found:?}");
    }

    #[test]
    fn nothing_that_a_lead_did_costs_points() {
        for (label, coefficient) in learnt(400) {
            let is_event = label.starts_with("Page view") || label.starts_with("Pricing");
            assert!(!is_event || coefficient >= 0.0, "{label}: {coefficient}");
        }
    }

    #[test]
    fn a_field_that_every_lead_has_is_measured_from_its_lowest_value() {
        let learnt = learnt(1500);
        let colours: Vec<f64> =
            learnt.iter().filter(|(label, _)| label.starts_with("colour")).map(|(_, c)| *c).collect();
        assert!(
            colours.len() == 3 && colours.contains(&0.0) && colours.iter().all(|c| *c >= 0.0),
            "{colours:?}"
        );
    }
}
