//! The life of a lead as a picture: stages as columns, statuses as boxes, moves as arrows. Pure.
//!
//! An arrow that passes a column goes through a gap between its boxes, so that none runs into a box where it does
//! not end.

use std::collections::HashMap;

use super::terms::{Department, Party, Stage, Terms, Transition};

const BOX_WIDTH: f64 = 114.0;
const BOX_HEIGHT: f64 = 46.0;
/// Between columns, where the arrows bend.
const GAP_X: f64 = 62.0;
/// Between the boxes of a column, where arrows pass.
const GAP_Y: f64 = 44.0;
/// The heads of the columns.
const HEAD: f64 = 26.0;
/// Between arrows that pass through the same gap.
const LANE: f64 = 7.0;
const MARGIN: f64 = 10.0;
/// Half the width of an arrow's point.
const POINT: f64 = 3.5;
/// Letters that fit into a line of a box.
const LINE: usize = 14;

#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pub width: f64,
    pub height: f64,
    /// Middle of a column and what it is called.
    pub heads: Vec<(f64, &'static str)>,
    pub boxes: Vec<StatusBox>,
    pub arrows: Vec<Arrow>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct StatusBox {
    pub x: f64,
    pub y: f64,
    /// One or two lines, each with the height of its base.
    pub lines: Vec<(f64, String)>,
    pub label: String,
    pub owner: Department,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Arrow {
    /// The line, as the `d` of a path.
    pub line: String,
    /// The point, as the `points` of a polygon.
    pub point: String,
    /// Who makes the move: `marketing`, `sales`, `both` or `system`.
    pub who: &'static str,
    /// Such as “Working to Recycled: Sales or the system”.
    pub title: String,
}

impl Picture {
    pub const BOX_WIDTH: f64 = BOX_WIDTH;
    pub const BOX_HEIGHT: f64 = BOX_HEIGHT;
}

/// The column of a stage: the ways out share the last one.
fn column_of(stage: Stage) -> (usize, &'static str) {
    match stage {
        Stage::Inquiry => (0, "Inquiry"),
        Stage::Mql => (1, "MQL"),
        Stage::Sal => (2, "SAL"),
        Stage::Sql => (3, "SQL"),
        Stage::Customer | Stage::Lost | Stage::Disqualified => (4, "Outcome"),
    }
}

/// Draws the life of a lead by these terms.
pub fn picture(terms: &Terms) -> Picture {
    let mut columns: Vec<(usize, &'static str, Vec<usize>)> = vec![];
    for (at, status) in terms.vocabulary.iter().enumerate() {
        let (order, name) = column_of(status.stage);
        match columns.iter_mut().find(|(known, ..)| *known == order) {
            Some((.., members)) => members.push(at),
            None => columns.push((order, name, vec![at])),
        }
    }
    columns.sort_by_key(|(order, ..)| *order);
    let most = columns.iter().map(|(.., members)| members.len()).max().unwrap_or_default();
    let span = |boxes: usize| boxes as f64 * (BOX_HEIGHT + GAP_Y) + GAP_Y;
    let inner = span(most);
    let mut places = HashMap::new();
    let mut gaps = vec![];
    for (column, (.., members)) in columns.iter().enumerate() {
        let top = MARGIN + HEAD + (inner - span(members.len())) / 2.0;
        for (row, status) in members.iter().enumerate() {
            let y = top + GAP_Y + row as f64 * (BOX_HEIGHT + GAP_Y);
            places.insert(terms.vocabulary[*status].key.as_str(), Spot { column, y });
        }
        gaps.push((0..=members.len()).map(|n| top + GAP_Y / 2.0 + n as f64 * (BOX_HEIGHT + GAP_Y)).collect());
    }
    let boxes = terms.vocabulary.iter().filter_map(|status| {
        let spot = places.get(status.key.as_str())?;
        Some(StatusBox {
            x: left(spot.column),
            y: spot.y,
            lines: lines(&status.label, spot.y),
            label: status.label.clone(),
            owner: status.owner,
        })
    });
    Picture {
        width: left(columns.len().saturating_sub(1)) + BOX_WIDTH + GAP_X / 2.0 + MARGIN,
        height: 2.0 * MARGIN + HEAD + inner,
        heads: columns
            .iter()
            .enumerate()
            .map(|(at, (_, name, _))| (left(at) + BOX_WIDTH / 2.0, *name))
            .collect(),
        boxes: boxes.collect(),
        arrows: arrows(terms, &places, &gaps),
    }
}

/// Where a status stands.
#[derive(Debug, Clone, Copy)]
struct Spot {
    column: usize,
    y: f64,
}

impl Spot {
    fn middle(self) -> f64 {
        self.y + BOX_HEIGHT / 2.0
    }
}

fn left(column: usize) -> f64 {
    MARGIN + column as f64 * (BOX_WIDTH + GAP_X)
}

/// A move on its way through the columns.
struct Course<'a> {
    transition: &'a Transition,
    from: Spot,
    to: Spot,
    /// Heights at which it passes the columns between, in the order of its way.
    passes: Vec<(usize, f64)>,
}

impl Course<'_> {
    fn goes_back(&self) -> bool {
        self.to.column < self.from.column
    }

    /// Leaves and arrives on the right of its boxes, which stand in one column.
    fn stays(&self) -> bool {
        self.to.column == self.from.column
    }

    /// Whether it leaves on the right of its box, and whether it arrives there.
    fn sides(&self) -> (bool, bool) {
        (!self.goes_back(), self.goes_back() || self.stays())
    }
}

fn arrows(terms: &Terms, places: &HashMap<&str, Spot>, gaps: &[Vec<f64>]) -> Vec<Arrow> {
    let mut used: HashMap<(usize, usize), u32> = HashMap::new();
    let courses: Vec<Course> = terms
        .jurisdictions
        .transitions
        .iter()
        .filter(|transition| transition.from != transition.to)
        .filter_map(|transition| {
            let (from, to) = (*places.get(transition.from.as_str())?, *places.get(transition.to.as_str())?);
            Some(Course { transition, from, to, passes: passes(from, to, gaps, &mut used) })
        })
        .collect();
    let ports = ports(&courses);
    courses.iter().zip(ports).map(|(course, (start, end))| arrow(terms, course, start, end)).collect()
}

/// Through which gaps a move passes the columns between its ends: those nearest to the straight way.
fn passes(
    from: Spot,
    to: Spot,
    gaps: &[Vec<f64>],
    used: &mut HashMap<(usize, usize), u32>,
) -> Vec<(usize, f64)> {
    let (first, last) = (from.column.min(to.column), from.column.max(to.column));
    let mut between: Vec<usize> = (first + 1..last).collect();
    if to.column < from.column {
        between.reverse();
    }
    let straight = |column: usize| {
        let share = (column as f64 - from.column as f64) / (to.column as f64 - from.column as f64);
        from.middle() + share * (to.middle() - from.middle())
    };
    let pass = |column: usize| {
        let wanted = straight(column);
        let nearest = gaps[column]
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| (*a - wanted).abs().total_cmp(&(*b - wanted).abs()));
        let (gap, height) = nearest.map_or((0, wanted), |(gap, height)| (gap, *height));
        let before = used.entry((column, gap)).or_default();
        *before += 1;
        // In the middle first, then by turns below and above it.
        let lane = f64::from(*before / 2) * if before.is_multiple_of(2) { LANE } else { -LANE };
        (column, height + lane.clamp(-GAP_Y / 2.0, GAP_Y / 2.0))
    };
    between.into_iter().map(pass).collect()
}

/// Where each move leaves its box and where it arrives: spread along the sides in the order of where they lead, so
/// that few cross.
fn ports(courses: &[Course]) -> Vec<(f64, f64)> {
    let mut ends: HashMap<(usize, u64, bool), Vec<(usize, bool, f64)>> = HashMap::new();
    for (at, course) in courses.iter().enumerate() {
        let (leaves_right, arrives_right) = course.sides();
        let next = course.passes.first().map_or(course.to.middle(), |(_, y)| *y);
        let previous = course.passes.last().map_or(course.from.middle(), |(_, y)| *y);
        let side = |spot: Spot, right| (spot.column, spot.y.to_bits(), right);
        ends.entry(side(course.from, leaves_right)).or_default().push((at, true, next));
        ends.entry(side(course.to, arrives_right)).or_default().push((at, false, previous));
    }
    let mut ports = vec![(0.0, 0.0); courses.len()];
    for ((_, y, _), mut side) in ends {
        let top = f64::from_bits(y);
        side.sort_by(|a, b| a.2.total_cmp(&b.2).then(a.0.cmp(&b.0)));
        let step = BOX_HEIGHT / (side.len() + 1) as f64;
        for (n, (at, leaves, _)) in side.into_iter().enumerate() {
            let height = top + step * (n + 1) as f64;
            if leaves { ports[at].0 = height } else { ports[at].1 = height }
        }
    }
    ports
}

fn arrow(terms: &Terms, course: &Course, start: f64, end: f64) -> Arrow {
    let (leaves_right, arrives_right) = course.sides();
    let side = |spot: Spot, right: bool| left(spot.column) + if right { BOX_WIDTH } else { 0.0 };
    let (x, to_x) = (side(course.from, leaves_right), side(course.to, arrives_right));
    let tip = if arrives_right { to_x + 2.0 * POINT } else { to_x - 2.0 * POINT };
    let mut line = format!("M{x:.1} {start:.1}");
    if course.stays() {
        let out = x.max(tip) + (14.0 + 0.16 * (end - start).abs()).min(GAP_X / 2.0);
        line.push_str(&format!("C{out:.1} {start:.1} {out:.1} {end:.1} {tip:.1} {end:.1}"));
    } else {
        let (mut at, mut height) = (x, start);
        for (column, pass) in &course.passes {
            let (enter, leave) = match course.goes_back() {
                true => (left(*column) + BOX_WIDTH, left(*column)),
                false => (left(*column), left(*column) + BOX_WIDTH),
            };
            bend(&mut line, at, height, enter, *pass);
            line.push_str(&format!("H{leave:.1}"));
            (at, height) = (leave, *pass);
        }
        bend(&mut line, at, height, tip, end);
    }
    let (above, below) = (end - POINT, end + POINT);
    let parties: Vec<&str> = course.transition.who.iter().map(|party| party.label()).collect();
    let (from, to) = (&course.transition.from, &course.transition.to);
    let title =
        format!("{} to {}: {}", terms.status_label(from), terms.status_label(to), parties.join(" or "));
    Arrow {
        line,
        point: format!("{to_x:.1},{end:.1} {tip:.1},{above:.1} {tip:.1},{below:.1}"),
        who: who(&course.transition.who),
        title,
    }
}

/// A curve that begins and ends level.
fn bend(line: &mut String, x: f64, y: f64, to_x: f64, to_y: f64) {
    let middle = f64::midpoint(x, to_x);
    line.push_str(&format!("C{middle:.1} {y:.1} {middle:.1} {to_y:.1} {to_x:.1} {to_y:.1}"));
}

fn who(parties: &[Party]) -> &'static str {
    match (parties.contains(&Party::Marketing), parties.contains(&Party::Sales)) {
        (true, true) => "both",
        (true, false) => "marketing",
        (false, true) => "sales",
        (false, false) => "system",
    }
}

/// A label in one line or two, as much of it as fits.
fn lines(label: &str, top: f64) -> Vec<(f64, String)> {
    let mut rows: Vec<String> = vec![];
    for word in label.split_whitespace() {
        match rows.last_mut() {
            Some(row) if row.chars().count() + word.chars().count() < LINE => {
                row.push(' ');
                row.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    let is_cut = rows.len() > 2;
    rows.truncate(2);
    for (at, row) in rows.iter_mut().enumerate() {
        if row.chars().count() > LINE || (is_cut && at == 1) {
            *row = row.chars().take(LINE - 1).chain(['…']).collect();
        }
    }
    let first = top + BOX_HEIGHT / 2.0 + if rows.len() == 2 { -3.0 } else { 5.0 };
    rows.into_iter().enumerate().map(|(at, row)| (first + 17.0 * at as f64, row)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::agreement::terms::Status;

    /// The numbers of a path or of points, in their order.
    fn numbers(text: &str) -> Vec<f64> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
            .filter_map(|number| number.parse().ok())
            .collect()
    }

    fn terms_with(stages: &[u8], moves: &[(usize, usize)]) -> Terms {
        let mut terms = Terms::default_agreement();
        let model = terms.vocabulary[0].clone();
        terms.vocabulary = stages
            .iter()
            .enumerate()
            .map(|(n, stage)| Status {
                key: format!("s{n}"),
                label: format!("Status number {n}"),
                stage: Stage::ALL[usize::from(*stage) % 7],
                ..model.clone()
            })
            .collect();
        let transition = terms.jurisdictions.transitions[0].clone();
        let key = |n: usize| format!("s{}", n % stages.len());
        terms.jurisdictions.transitions = moves
            .iter()
            .map(|(from, to)| Transition { from: key(*from), to: key(*to), ..transition.clone() })
            .collect();
        terms
    }

    #[test]
    fn the_default_agreement_is_drawn_with_every_status_and_every_move() {
        let terms = Terms::default_agreement();
        let picture = picture(&terms);
        assert_eq!(picture.boxes.len(), terms.vocabulary.len());
        assert_eq!(picture.arrows.len(), terms.jurisdictions.transitions.len());
        let heads: Vec<_> = picture.heads.iter().map(|(_, name)| *name).collect();
        assert_eq!(heads, ["Inquiry", "MQL", "SAL", "SQL", "Outcome"]);
        assert_eq!(picture.boxes[3].lines.len(), 2, "{:?}", picture.boxes[3]);
        assert!(picture.arrows.iter().any(|arrow| arrow.title == "Working to Recycled: Sales or the system"));
    }

    #[test]
    fn a_long_label_is_cut_and_stays_readable_in_full() {
        let mut terms = Terms::default_agreement();
        terms.vocabulary[0].label = "Waiting for an answer of the purchasing department".into();
        let drawn = &picture(&terms).boxes[0];
        assert_eq!(drawn.lines.len(), 2);
        assert!(drawn.lines.iter().all(|(_, line)| line.chars().count() <= LINE));
        assert!(drawn.lines[1].1.ends_with('…') && drawn.label.ends_with("department"));
    }

    proptest! {
        #[test]
        fn boxes_stand_apart_and_arrows_join_their_boxes_within_the_picture(
            stages in proptest::collection::vec(0..7u8, 1..16),
            moves in proptest::collection::vec((0..16usize, 0..16usize), 0..40),
        ) {
            let terms = terms_with(&stages, &moves);
            let picture = picture(&terms);
            prop_assert_eq!(picture.boxes.len(), stages.len());
            for (at, one) in picture.boxes.iter().enumerate() {
                prop_assert!(one.x >= 0.0 && one.x + BOX_WIDTH <= picture.width);
                prop_assert!(one.y >= HEAD && one.y + BOX_HEIGHT <= picture.height);
                for other in &picture.boxes[at + 1..] {
                    prop_assert!(one.x != other.x || (one.y - other.y).abs() >= BOX_HEIGHT);
                }
            }
            let moves: Vec<_> = terms.jurisdictions.transitions.iter().filter(|t| t.from != t.to).collect();
            prop_assert_eq!(picture.arrows.len(), moves.len());
            for (arrow, transition) in picture.arrows.iter().zip(moves) {
                let spot = |key: &str| &picture.boxes[key[1..].parse::<usize>().unwrap()];
                let touches = |drawn: &StatusBox, x: f64, y: f64| {
                    ((x - drawn.x).abs() < 0.1 || (x - drawn.x - BOX_WIDTH).abs() < 0.1)
                        && y > drawn.y && y < drawn.y + BOX_HEIGHT
                };
                let (line, point) = (numbers(&arrow.line), numbers(&arrow.point));
                prop_assert!(touches(spot(&transition.from), line[0], line[1]), "{arrow:?}");
                prop_assert!(touches(spot(&transition.to), point[0], point[1]), "{arrow:?}");
                prop_assert!(line.iter().all(|n| *n >= 0.0 && *n <= picture.width.max(picture.height)));
            }
        }
    }
}
