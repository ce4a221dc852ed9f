//! The interest × fit plane: leads that lie close together become one dot, sized by their number.
//!
//! Interest runs in half-lives: the threshold stands in the middle, and each half-life before a lead cools below it,
//! or since it did, is one step to the right or left. So the same distance always means the same waiting time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::list_query;
pub use super::list_query::Point;
use crate::scoring::{CategoryKey, Thresholds};
use crate::web::plane::{Dot, Plane, Quarter};

/// Cells along each axis.
const CELLS: f64 = 20.0;
/// Width of a half-life on the axis of 0 to 100.
const STEP: f64 = 10.0;
/// Where the threshold of interest stands.
const MIDDLE: f64 = 50.0;

/// How the agreement cuts the plane.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub thresholds: Thresholds,
    pub half_life_days: f64,
}

/// What the picture and the table beside it show.
#[derive(Debug, Clone)]
pub struct Counted {
    pub plane: Plane,
    /// In the order of [`CategoryKey::all`].
    pub quarters: [usize; 4],
    /// Heads of the table's columns: bands of interest.
    pub interest_bands: Vec<String>,
    /// Rows of the table: a band of fit, and the leads in each band of interest.
    pub fit_bands: Vec<(String, Vec<usize>)>,
    pub total: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Cell {
    count: usize,
    x: f64,
    y: f64,
}

/// Half-lives between now and the moment at which a lead cools below the threshold; none without interest.
fn half_lives(point: &Point, scale: &Scale, now: DateTime<Utc>) -> Option<f64> {
    let left = point.hot_until? - now;
    Some(left.num_seconds() as f64 / (scale.half_life_days * 86_400.0))
}

/// Bins the leads.
pub fn count(points: &[Point], scale: &Scale, now: DateTime<Utc>) -> Counted {
    let mut cells: BTreeMap<(usize, usize, CategoryKey), Cell> = BTreeMap::new();
    let mut quarters = [0; 4];
    let mut bands = vec![vec![0; 4]; 5];
    for point in points {
        let category = list_query::category(point.good_fit, point.hot_until, now);
        let away = half_lives(point, scale, now);
        let x = away.map_or(0.0, |away| (MIDDLE + STEP * away).clamp(0.0, 100.0));
        let y = f64::from(point.fit.clamp(0, 100));
        let cell = cells.entry((index(x, CELLS), index(y, CELLS), category)).or_default();
        cell.count += 1;
        cell.x += x;
        cell.y += y;
        if let Some(at) = CategoryKey::all().iter().position(|key| *key == category) {
            quarters[at] += 1;
        }
        let is_hot = matches!(category, CategoryKey::HighInterestGoodFit | CategoryKey::HighInterestLowFit);
        let band = match away {
            Some(away) if is_hot => {
                if away < 2.0 {
                    2
                } else {
                    3
                }
            }
            Some(away) if away >= -2.0 => 1,
            _ => 0,
        };
        bands[4 - index(y, 5.0)][band] += 1;
    }
    let most = cells.values().map(|cell| cell.count).max().unwrap_or(1);
    let dots = cells.iter().map(|((_, _, category), cell)| dot(*category, cell, most)).collect();
    let theta = scale.thresholds.interest_high;
    Counted {
        plane: Plane { dots, ..frame(scale) },
        quarters,
        interest_bands: vec![
            format!("below {}", points_text(theta / 4.0)),
            format!("{} to {}", points_text(theta / 4.0), points_text(theta)),
            format!("{} to {}", points_text(theta), points_text(theta * 4.0)),
            format!("from {}", points_text(theta * 4.0)),
        ],
        fit_bands: ["80 to 100", "60 to 79", "40 to 59", "20 to 39", "0 to 19"]
            .map(str::to_owned)
            .into_iter()
            .zip(bands)
            .collect(),
        total: points.len(),
    }
}

/// The plane with its cuts and marks, without leads.
pub fn frame(scale: &Scale) -> Plane {
    let theta = scale.thresholds.interest_high;
    let tick = |half_lives: f64| (MIDDLE + STEP * half_lives, points_text(theta * half_lives.exp2()));
    Plane {
        dots: vec![],
        interest_cut: MIDDLE,
        fit_cut: f64::from(scale.thresholds.fit_good),
        quarters: vec![],
        ticks: [-4.0, -2.0, 0.0, 2.0, 4.0].map(tick).to_vec(),
    }
}

/// A quarter of the picture.
pub fn quarter(category: CategoryKey, label: &str, note: String, href: Option<String>) -> Quarter {
    Quarter {
        is_hot: matches!(category, CategoryKey::HighInterestGoodFit | CategoryKey::HighInterestLowFit),
        is_good: matches!(category, CategoryKey::HighInterestGoodFit | CategoryKey::LowInterestGoodFit),
        label: label.to_owned(),
        note,
        href,
    }
}

/// The cell of a value on 0..=100.
fn index(value: f64, cells: f64) -> usize {
    // A cast from float saturates, and the value is not negative.
    (value / 100.0 * cells).floor().min(cells - 1.0) as usize
}

fn dot(category: CategoryKey, cell: &Cell, most: usize) -> Dot {
    let n = cell.count as f64;
    let share = if most > 1 { (n - 1.0) / (most as f64 - 1.0) } else { 0.0 };
    let (x, y) = (cell.x / n, cell.y / n);
    let leads = if cell.count == 1 { "1 lead".to_owned() } else { format!("{} leads", cell.count) };
    Dot {
        x,
        y,
        r: 0.9 + 1.7 * share.sqrt(),
        css: category.as_str(),
        title: format!("{leads} around fit {y:.0}"),
    }
}

/// Points without a tail of digits.
pub fn points_text(points: f64) -> String {
    if points >= 10.0 || points == 0.0 { format!("{points:.0}") } else { format!("{points:.1}") }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn scale() -> Scale {
        Scale { thresholds: Thresholds { fit_good: 62, interest_high: 50.0 }, half_life_days: 7.0 }
    }

    fn point(fit: i16, days_left: Option<i64>) -> Point {
        Point { fit, good_fit: fit >= 62, hot_until: days_left.map(|days| now() + TimeDelta::days(days)) }
    }

    #[test]
    fn each_lead_counts_once_in_dots_quarters_and_table() {
        let points: Vec<Point> = (0..=100)
            .flat_map(|fit| [point(fit, None), point(fit, Some(i64::from(fit) - 50)), point(fit, Some(3))])
            .collect();
        let counted = count(&points, &scale(), now());
        let in_dots: usize = counted
            .plane
            .dots
            .iter()
            .map(|dot| dot.title.split(' ').next().unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(in_dots, points.len());
        assert_eq!(counted.quarters.iter().sum::<usize>(), points.len());
        assert_eq!(counted.fit_bands.iter().flat_map(|(_, row)| row).sum::<usize>(), points.len());
        assert_eq!(counted.total, points.len());
    }

    #[test]
    fn a_dot_lies_on_its_categorys_side_of_both_cuts() {
        let points: Vec<Point> =
            (0..=100).flat_map(|fit| (-60..60).map(move |days| point(fit, Some(days)))).collect();
        let counted = count(&points, &scale(), now());
        assert!(counted.plane.dots.len() <= 441, "{}", counted.plane.dots.len());
        for dot in &counted.plane.dots {
            let expected = CategoryKey::of(&scale().thresholds, dot.y.floor() as u8, dot.x > MIDDLE);
            assert_eq!(dot.css, expected.as_str(), "{dot:?}");
        }
    }

    #[test]
    fn a_half_life_is_a_step_and_the_far_ends_are_kept_in_the_picture() {
        let at = |days| count(&[point(70, days)], &scale(), now()).plane.dots[0].x;
        assert_eq!(at(Some(0)), 50.0);
        assert_eq!(at(Some(7)), 60.0);
        assert_eq!(at(Some(-14)), 30.0);
        assert_eq!(at(Some(4000)), 100.0);
        assert_eq!(at(Some(-4000)), 0.0);
        assert_eq!(at(None), 0.0);
    }

    #[test]
    fn the_bands_meet_at_the_threshold() {
        let counted = count(
            &[point(10, Some(0)), point(10, Some(1)), point(90, Some(14)), point(90, None)],
            &scale(),
            now(),
        );
        assert_eq!(counted.interest_bands[1], "12 to 50");
        assert_eq!(counted.fit_bands[4].1, [0, 1, 1, 0]);
        assert_eq!(counted.fit_bands[0].1, [1, 0, 0, 1]);
    }

    #[test]
    fn larger_groups_make_larger_dots_within_their_cell() {
        let mut points = vec![point(10, Some(1)); 400];
        points.push(point(90, Some(30)));
        let counted = count(&points, &scale(), now());
        let (single, group) = (&counted.plane.dots[1], &counted.plane.dots[0]);
        assert!(group.r > single.r && group.r < 100.0 / CELLS, "{group:?} {single:?}");
    }
}
