//! What a back-test found, in words and rows: the draft, the version in force and what happened, side by side.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::figures::{Figures, Punctual, Share, Side, SideFigures};
use super::lists::Figure;
use super::model::{BackTest, Outcome};
use crate::agreement::terms::Terms;
use crate::kernel::text::grouped;
use crate::scoring::CategoryKey;

/// A number, with the list that it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    pub text: String,
    pub figure: Option<String>,
}

/// What one of the three says in a row: the number, and lines under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub number: Number,
    pub notes: Vec<Number>,
}

/// A row of a table.
pub struct Row {
    pub label: String,
    pub note: String,
    /// Draft, in force, happened.
    pub cells: [Cell; 3],
}

/// A table of the report.
pub struct Section {
    pub key: &'static str,
    pub title: &'static str,
    pub intro: String,
    pub rows: Vec<Row>,
}

/// A figure of the comparison that stands for itself.
pub struct Highlight {
    pub number: Number,
    pub label: String,
    pub text: String,
    /// good, bad or plain.
    pub tone: &'static str,
}

/// A week of the chart and its table.
pub struct Week {
    pub from: String,
    pub numbers: [Number; 3],
}

/// Handoffs a week as lines over 0..100 × 0..100.
pub struct Chart {
    pub lines: [String; 3],
    /// The highest of all.
    pub most: String,
    pub first: String,
    pub last: String,
}

/// All that a page shows of a result.
pub struct Report {
    pub highlights: Vec<Highlight>,
    pub sections: Vec<Section>,
    pub weeks: Vec<Week>,
    pub chart: Chart,
    pub pace: String,
    /// Whether the version in force judged every lead at the start, too.
    pub in_force_judges_at_start: bool,
}

impl Report {
    /// The report for somebody in a time zone.
    pub fn of(test: &BackTest, outcome: &Outcome, draft: &Terms, in_force: &Terms, zone: Tz) -> Report {
        let figures = &outcome.figures;
        let terms = [draft, in_force, in_force];
        Report {
            highlights: highlights(figures, test.against),
            sections: vec![
                handoffs(figures),
                categories(figures, draft),
                load(figures, terms, &outcome.sales),
                deadlines(figures),
            ],
            weeks: weeks(figures, test.window_from, zone),
            chart: chart(figures, test.window_from, zone),
            pace: format!(
                "{} leads with {} events in {:.1} s",
                count(figures.leads),
                count(figures.events),
                figures.seconds
            ),
            in_force_judges_at_start: outcome.in_force_judges_at_start,
        }
    }
}

fn count(n: u64) -> String {
    grouped(&n.to_string())
}

fn number(n: u64, figure: &Figure) -> Number {
    Number { text: count(n), figure: (n > 0).then(|| figure.to_string()) }
}

fn words(text: impl Into<String>) -> Number {
    Number { text: text.into(), figure: None }
}

fn row(
    figures: &Figures,
    label: &str,
    note: &str,
    of: impl Fn(Side, &SideFigures) -> (Number, Vec<Number>),
) -> Row {
    let cells = Side::ALL.map(|side| {
        let (number, notes) = of(side, &figures.sides[side as usize]);
        Cell { number, notes }
    });
    Row { label: label.to_owned(), note: note.to_owned(), cells }
}

fn highlights(figures: &Figures, against: i32) -> Vec<Highlight> {
    let highlight = |n: u64, figure: Figure, label: &str, text: String, tone: &'static str| Highlight {
        number: number(n, &figure),
        label: label.to_owned(),
        text,
        tone: if n == 0 { "plain" } else { tone },
    };
    vec![
        highlight(
            figures.gained,
            Figure::Gained,
            "leads gained",
            format!("The draft hands them over, version {against} does not."),
            "plain",
        ),
        highlight(
            figures.lost,
            Figure::Lost,
            "leads lost",
            format!("Version {against} hands them over, the draft does not."),
            "plain",
        ),
        highlight(
            figures.both,
            Figure::Both,
            "leads in both",
            "Both versions hand them over, perhaps at another time.".into(),
            "plain",
        ),
        highlight(
            figures.won_missed,
            Figure::WonMissed,
            "won leads missed",
            format!(
                "Of {} that won a deal, the draft hands these over too late or never.",
                count(figures.won)
            ),
            "bad",
        ),
        highlight(
            figures.won_caught,
            Figure::WonCaught,
            "won leads caught",
            format!("The draft hands them over in time, version {against} does not."),
            "good",
        ),
        highlight(
            figures.hand_backs_avoided,
            Figure::HandBacksAvoided,
            "hand-backs avoided",
            "Sales gave them back; the draft does not hand them over.".into(),
            "good",
        ),
    ]
}

fn handoffs(figures: &Figures) -> Section {
    let weekly = |side: &SideFigures| side.weeks.iter().sum::<u64>() as f64 / side.weeks.len().max(1) as f64;
    Section {
        key: "handoffs",
        title: "Handoffs",
        intro: "What became of a replayed handoff is what became of the recorded one that was open then, or else of the next.".into(),
        rows: vec![
            row(figures, "Leads handed over", "", |side, of| {
                (number(of.leads, &Figure::Handed(side)), vec![words(format!("in {} handoffs", count(of.handoffs)))])
            }),
            row(figures, "At the first instant", "when all leads are judged, as at coming into force", |side, of| {
                (number(of.at_start, &Figure::AtStart(side)), vec![])
            }),
            row(figures, "Handoffs a week after that", "on average", |_, of| (words(format!("{:.1}", weekly(of))), vec![])),
            row(figures, "Qualified by sales", "", |side, of| (number(of.converted, &Figure::Converted(side)), vec![])),
            row(figures, "Handed back", "", |side, of| (number(of.handed_back, &Figure::HandedBack(side)), vec![])),
            row(figures, "Withdrawn", "", |side, of| (number(of.withdrawn, &Figure::Withdrawn(side)), vec![])),
            row(figures, "Open or unknown", "without an outcome to go by", |side, of| {
                (number(of.undecided, &Figure::Undecided(side)), vec![])
            }),
            row(figures, "Won leads handed over in time", "before their deal was opened", |side, of| {
                (number(of.won, &Figure::WonBy(side)), vec![words(format!("of {}", count(figures.won)))])
            }),
        ],
    }
}

fn categories(figures: &Figures, draft: &Terms) -> Section {
    let rows = CategoryKey::all().into_iter().enumerate().map(|(place, key)| {
        row(figures, &draft.category(key).label, "", |side, of| {
            let share = &of.categories[place];
            let decided = |n: u64, figure: Figure, word: &str| Number {
                text: format!("{} {word}", count(n)),
                figure: (n > 0).then(|| figure.to_string()),
            };
            let mut notes = vec![words(win_rate(share))];
            if share.decided() > 0 {
                notes.push(decided(share.won, Figure::CategoryWon(side, key), "won"));
                notes.push(decided(share.lost, Figure::CategoryLost(side, key), "lost"));
            }
            (number(share.leads, &Figure::Category(side, key)), if share.leads == 0 { vec![] } else { notes })
        })
    });
    Section {
        key: "categories",
        title: "Categories at the handoff",
        intro: "Leads by their category when first offered. Win rate: won of those won or lost, with the 95 % interval.".into(),
        rows: rows.collect(),
    }
}

fn win_rate(share: &Share) -> String {
    match share.win_rate() {
        Some((rate, low, high)) => {
            format!("{:.0} % win rate ({:.0} to {:.0} %)", rate * 100.0, low * 100.0, high * 100.0)
        }
        None => format!("too few to tell ({} decided)", share.decided()),
    }
}

fn load(figures: &Figures, terms: [&Terms; 3], sales: &[String]) -> Section {
    let mut queues: Vec<&str> = vec![];
    for side in &figures.sides {
        queues.extend(side.queues.keys().map(String::as_str));
    }
    for terms in terms {
        queues.extend(terms.routing.queues.iter().map(|queue| queue.key.as_str()));
    }
    queues.sort_unstable();
    queues.dedup();
    let label = |key: &str| {
        let known = terms.iter().find_map(|terms| terms.queue(key));
        known.map_or_else(|| key.to_owned(), |queue| queue.label.clone())
    };
    let mut rows: Vec<Row> = queues
        .iter()
        .map(|key| {
            row(figures, &label(key), "", |side, of| {
                let weeks = of.queues.get(*key).map(Vec::as_slice).unwrap_or_default();
                let all: u64 = weeks.iter().sum();
                let weekly = all as f64 / of.weeks.len().max(1) as f64;
                let reps = reps(terms[side as usize], key, sales);
                let figure = (all > 0).then(|| Figure::Queue(side, (*key).to_owned()).to_string());
                let number = Number { text: format!("{weekly:.1} a week"), figure };
                let busiest = weeks.iter().max().copied().unwrap_or_default();
                let mut notes = vec![words(format!("{} in the busiest week", count(busiest)))];
                notes.push(words(match reps {
                    0 => "nobody claims from it".to_owned(),
                    1 => format!("{weekly:.1} for its one rep"),
                    reps => format!("{:.1} for each of {reps} reps", weekly / reps as f64),
                }));
                (number, if all == 0 { vec![] } else { notes })
            })
        })
        .collect();
    let days = figures.held_seconds / figures.held.max(1) as f64 / 86_400.0;
    rows.push(row(
        figures,
        "Held at once by each rep",
        "all queues, as long as reps held theirs",
        |side, of| {
            let weekly = of.weeks.iter().sum::<u64>() as f64 / of.weeks.len().max(1) as f64;
            let held = weekly / sales.len().max(1) as f64 * days / 7.0;
            let capacity = terms[side as usize].routing.capacity_per_rep;
            let limit = capacity.map_or("without a limit".to_owned(), |most| format!("of at most {most}"));
            let number = if figures.held == 0 { words("unknown") } else { words(format!("{held:.1}")) };
            (number, vec![words(limit)])
        },
    ));
    Section {
        key: "load",
        title: "Load on Sales",
        intro: format!(
            "Handoffs after the first instant by queue. {} active in Sales; they held a lead for {days:.1} days on average.",
            match sales.len() {
                1 => "1 person is".to_owned(),
                people => format!("{people} people are"),
            }
        ),
        rows,
    }
}

/// How many active people claim from a queue.
fn reps(terms: &Terms, queue: &str, sales: &[String]) -> usize {
    match terms.queue(queue) {
        Some(queue) if !queue.members.is_empty() => {
            sales.iter().filter(|email| queue.members.contains(email)).count()
        }
        _ => sales.len(),
    }
}

fn deadlines(figures: &Figures) -> Section {
    let punctual = |of: &Punctual, later: Figure| {
        let left = of.all - of.same_day;
        let note = Number {
            text: format!("{} fall on a later day", count(left)),
            figure: (left > 0).then(|| later.to_string()),
        };
        (words(percent(of.same_day, of.all)), if of.all == 0 { vec![] } else { vec![note] })
    };
    Section {
        key: "deadlines",
        title: "Deadlines and working hours",
        intro: "Clocks run in working hours only. A deadline that falls on the day it starts leaves no lead over night.".into(),
        rows: vec![
            row(figures, "Handed over within working hours", "", |side, of| {
                let outside = of.handoffs - of.within_hours;
                let note = Number {
                    text: format!("{} outside", count(outside)),
                    figure: (outside > 0).then(|| Figure::OutsideHours(side).to_string()),
                };
                (words(percent(of.within_hours, of.handoffs)), if of.handoffs == 0 { vec![] } else { vec![note] })
            }),
            row(figures, "Claims due on the same day", "", |side, of| punctual(&of.claim, Figure::ClaimLater(side))),
            row(figures, "First contacts due on the same day", "counted from the recorded claim", |side, of| {
                punctual(&of.contact, Figure::ContactLater(side))
            }),
        ],
    }
}

fn percent(part: u64, all: u64) -> String {
    match all {
        0 => "none".to_owned(),
        all => format!("{:.0} % of {}", part as f64 * 100.0 / all as f64, count(all)),
    }
}

fn week_begins(from: DateTime<Utc>, week: usize, zone: Tz) -> String {
    let days = i64::try_from(week * 7).unwrap_or(0);
    (from + TimeDelta::days(days)).with_timezone(&zone).format("%-d %b %Y").to_string()
}

fn weeks(figures: &Figures, from: DateTime<Utc>, zone: Tz) -> Vec<Week> {
    (0..figures.sides[0].weeks.len())
        .map(|week| Week {
            from: week_begins(from, week, zone),
            numbers: Side::ALL
                .map(|side| number(figures.sides[side as usize].weeks[week], &Figure::Week(week, side))),
        })
        .collect()
}

fn chart(figures: &Figures, from: DateTime<Utc>, zone: Tz) -> Chart {
    let most = figures.sides.iter().flat_map(|side| &side.weeks).max().copied().unwrap_or_default().max(1);
    let weeks = figures.sides[0].weeks.len();
    let line = |side: &SideFigures| {
        let point = |(week, handoffs): (usize, &u64)| {
            // One week is a level line.
            let x = if weeks > 1 { week as f64 * 100.0 / (weeks - 1) as f64 } else { 0.0 };
            format!("{x:.2},{:.2}", 100.0 - *handoffs as f64 * 100.0 / most as f64)
        };
        let mut points: Vec<String> = side.weeks.iter().enumerate().map(point).collect();
        if let (1, Some(first)) = (weeks, points.first()) {
            points.push(first.replacen("0.00", "100.00", 1));
        }
        points.join(" ")
    };
    Chart {
        lines: figures.sides.each_ref().map(line),
        most: count(most),
        first: week_begins(from, 0, zone),
        last: week_begins(from, weeks.saturating_sub(1), zone),
    }
}
