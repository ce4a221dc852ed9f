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
