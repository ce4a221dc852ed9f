//! Parts 6, 8 and 10: deadlines that the calendar has room for.

use chrono::TimeDelta;

use super::Checks;
use super::routing::leads_somewhere;
use crate::agreement::terms::{Promise, Route, Weekday};

/// Business minutes in which nobody can notice a lead and claim it.
const TOO_SHORT: u32 = 5;
/// How far ahead the calendar has to be open.
const FORTNIGHT: TimeDelta = TimeDelta::days(14);
const DAY: u32 = 24 * 60;

pub(super) fn check(checks: &mut Checks) {
    levels(checks);
    deadlines(checks);
    fast_tracks(checks);
    calendar(checks);
}

/// Levels for leads that there never are.
fn levels(checks: &mut Checks) {
    let terms = checks.terms;
    let offered = checks.offered_categories();
    for (at, level) in terms.service_levels.levels.iter().enumerate() {
        let path = format!("service_levels.levels[{at}]");
        let why = if level.fast_track == Some(true) && terms.handoff.fast_tracks.is_empty() {
            Some("there is no fast track".to_owned())
        } else if let Some(category) = level.category.filter(|category| {
            let by_route = terms.category(*category).route == Route::HandOff;
            !offered.contains(category) || (level.fast_track == Some(false) && !by_route)
        }) {
            Some(format!("leads of the category “{}” are never handed off", terms.category(category).label))
        } else {
            let lost = level.queue.as_ref().filter(|queue| !leads_somewhere(checks, queue));
            lost.map(|queue| format!("no rule leads to the queue “{queue}”"))
        };
        if let Some(why) = why {
            checks.warn(
                &path,
                format!("“{}” never holds: {why}.", level.label),
                "Its deadlines promise something to nobody.",
                "Remove it, or hand such leads off.",
            );
        }
    }
}

fn deadlines(checks: &mut Checks) {
    let service = &checks.terms.service_levels;
    let levels = service.levels.iter().enumerate().map(|(at, level)| {
        (format!("service_levels.levels[{at}].promise"), format!("“{}”", level.label), &level.promise)
    });
    let default = ("service_levels.default".to_owned(), "what holds otherwise".to_owned(), &service.default);
    let promises: Vec<(String, String, &Promise)> = levels.chain([default]).collect();
    let (week, closed) = (open_minutes(checks), longest_closed(checks));
    for (path, label, promise) in promises {
        for (field, what, minutes) in [
            ("claim_within_minutes", "claiming", promise.claim_within_minutes),
            ("first_contact_within_minutes", "the first contact", promise.first_contact_within_minutes),
        ] {
            if week > 0 && minutes > week {
                checks.warn(
                    &format!("{path}.{field}"),
                    format!(
                        "The time for {what} of {label} is {}, longer than the {} that a whole week is open.",
                        hours(minutes),
                        hours(week)
                    ),
                    "A lead may wait for more than a week and still be in time.",
                    "Shorten it, or open the calendar of part 10 longer.",
                );
            } else if minutes < TOO_SHORT {
                checks.warn(
                    &format!("{path}.{field}"),
                    format!("The time for {what} of {label} is {minutes} business minutes."),
                    "Nobody notices and acts that fast: the deadline is missed, escalated and counted nearly every time.",
                    format!("Allow {TOO_SHORT} minutes or more."),
                );
            }
        }
        if u32::from(promise.attempts_over_days) * DAY <= closed {
            checks.warn(
                &format!("{path}.attempts_over_days"),
                format!("The attempts of {label} are due within {} days, and the calendar is closed for {} on end.", promise.attempts_over_days, hours(closed)),
                "A lead that is claimed as the calendar closes is given up before a working hour has passed.",
                "Spread the attempts over more days.",
            );
        }
    }
    let answer = service.marketing.answer_within_minutes;
    if week > 0 && answer > week {
        checks.warn(
            "service_levels.marketing.answer_within_minutes",
            format!(
                "Marketing answers within {}, longer than the {} that a whole week is open.",
                hours(answer),
                hours(week)
            ),
            "Sales may wait for more than a week to hear what became of a hand-back.",
            "Shorten it.",
        );
    }
}

fn fast_tracks(checks: &mut Checks) {
    let closed = longest_closed(checks);
    for (at, track) in checks.terms.handoff.fast_tracks.iter().enumerate() {
        if u32::from(track.valid_days) * DAY <= closed {
            checks.warn(
                &format!("handoff.fast_tracks[{at}].valid_days"),
                format!(
                    "“{}” counts for {} days, and the calendar is closed for {} on end.",
                    track.label,
                    track.valid_days,
                    hours(closed)
                ),
                "When something is missing, the track lapses before anybody at work could fill it in.",
                "Let it count for longer.",
            );
        }
    }
}

fn calendar(checks: &mut Checks) {
    let (terms, now) = (checks.terms, checks.now);
    let Ok(business) = terms.calendar.business() else { return };
    if business.between(now, now + FORTNIGHT).is_zero() {
        checks.warn(
            "calendar.hours",
            "The calendar is closed for the whole of the next 14 days.",
            "No clock runs meanwhile: nothing is due, and nothing is ever late.",
            "Open some hours, or correct the holidays.",
        );
    }
    let today = now.with_timezone(&terms.calendar.time_zone).date_naive();
    let holidays = &terms.calendar.holidays;
    if let Some(last) = holidays.iter().map(|holiday| holiday.date).max().filter(|last| *last < today) {
        checks.warn(
            "calendar.holidays",
            format!("The last holiday that the calendar knows was {}.", last.format("%-d %b %Y")),
            "Clocks run on the holidays to come, and deadlines are missed while nobody works.",
            "Add the holidays of the coming year.",
        );
    }
}

/// Open minutes of a week without holidays.
fn open_minutes(checks: &Checks) -> u32 {
    let hours = &checks.terms.calendar.hours;
    let spans = Weekday::ALL.iter().filter_map(|day| hours.get(day)).flatten();
    spans.map(|span| u32::from(span.to.of_day().saturating_sub(span.from.of_day()))).sum()
}

/// The longest time on end in which an ordinary week is closed, in minutes.
fn longest_closed(checks: &Checks) -> u32 {
    let mut spans: Vec<(u32, u32)> = vec![];
    for (day, weekday) in (0..).zip(Weekday::ALL) {
        for span in checks.terms.calendar.hours.get(&weekday).into_iter().flatten() {
            spans.push((day * DAY + u32::from(span.from.of_day()), day * DAY + u32::from(span.to.of_day())));
        }
    }
    spans.sort_unstable();
    let Some((first, _)) = spans.first().copied() else { return 0 };
    let starts = spans.iter().skip(1).map(|(from, _)| *from).chain([first + 7 * DAY]);
    spans.iter().zip(starts).map(|((_, to), next)| next.saturating_sub(*to)).max().unwrap_or(0)
}

/// Minutes as people say them.
fn hours(minutes: u32) -> String {
    match minutes {
        1 => "1 minute".to_owned(),
        60 => "1 hour".to_owned(),
        _ if minutes.is_multiple_of(60) => format!("{} hours", minutes / 60),
        _ if minutes > 120 => format!("{:.1} hours", f64::from(minutes) / 60.0),
        _ => format!("{minutes} minutes"),
    }
}
