//! What a lead does: visits, downloads, requests, in sessions over its time.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde_json::{Map, Value, json};

use super::dice::Dice;
use super::words;
use super::world::{Story, World};
use crate::leads::model::NewEvent;

/// How far back the first lead came in, in days.
const PAST_DAYS: f64 = 180.0;

/// A lead that wants something wants it within this time.
const WANTING_SECONDS: u64 = 30 * 86_400;

/// Kinds of events by how much the lead wants, with their weights.
const COLD: &[(&str, u32)] = &[
    ("email_open", 48),
    ("page_view", 36),
    ("email_click", 9),
    ("website_behaviour", 4),
    ("unsubscribe", 3),
];
#[rustfmt::skip]
const WARM: &[(&str, u32)] = &[
    ("page_view", 36), ("email_open", 28), ("email_click", 14), ("content_download", 8), ("website_behaviour", 5),
    ("pricing_view", 4), ("form_submit", 3), ("webinar_attended", 2),
];
#[rustfmt::skip]
const HOT: &[(&str, u32)] = &[
    ("page_view", 34), ("email_open", 14), ("email_click", 12), ("pricing_view", 10), ("content_download", 9), ("form_submit", 6),
    ("webinar_attended", 4), ("reply", 3), ("demo_request", 3), ("event_attended", 2), ("meeting_booked", 1), ("website_behaviour", 2),
];

/// An event, and when Baton heard of it.
pub struct Happening {
    pub event: NewEvent,
    pub received_at: DateTime<Utc>,
}

/// When a lead came in: evenly over the past, arranged ones not long before their story.
pub fn created_at(world: &World, story: Story, dice: &mut Dice) -> DateTime<Utc> {
    let days = match story {
        Story::Natural => dice.share().powf(1.15) * PAST_DAYS + 0.1,
        _ => 12.0 + dice.share() * 50.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "seconds of half a year")]
    let seconds = (days * 86_400.0) as i64;
    world.base - TimeDelta::seconds(seconds)
}

/// The events of a natural course, in their order.
pub fn natural(world: &World, number: u64, created_at: DateTime<Utc>, dice: &mut Dice) -> Vec<Happening> {
    let (kinds, count) = match dice.below(100) {
        0..40 => (COLD, dice.between(1, 6)),
        40..80 => (WARM, dice.between(5, 15)),
        _ => (HOT, dice.between(14, 30)),
    };
    let last = world.base - TimeDelta::minutes(5);
    let span = (last - created_at).num_seconds().max(1);
    let within = |at: DateTime<Utc>| if at < created_at || at > last { created_at } else { at };
    let peak = dice.below(span.unsigned_abs().min(WANTING_SECONDS));
    let mut times = vec![created_at];
    while times.len() < count as usize {
        // A lead that wants something wants it soon after it came in; others come by now and then.
        let start = if kinds == HOT && dice.percent(75) {
            peak.saturating_sub(dice.below(5 * 86_400))
        } else {
            dice.below(span.unsigned_abs())
        };
        let mut at = by_day(created_at + TimeDelta::seconds(start.cast_signed()), dice);
        for _ in 0..dice.between(1, 5) {
            times.push(within(at));
            at += TimeDelta::seconds(dice.between(20, 900).into());
        }
    }
    times.truncate(count as usize);
    times.sort_unstable();
    let mut happenings = vec![];
    for at in times {
        let kind = dice.weighed(kinds, |(_, weight)| *weight).0;
        push(&mut happenings, number, kind, at, dice);
    }
    happenings
}

/// Little interest at first, then what makes the lead due, at the given instant.
pub fn arranged(
    number: u64,
    created_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    fast: bool,
    dice: &mut Dice,
) -> Vec<Happening> {
    let mut happenings = vec![];
    let mut at = created_at;
    for kind in ["page_view", "email_open", "email_open", "page_view", "email_open"] {
        push(&mut happenings, number, kind, at, dice);
        at = by_day(at + TimeDelta::days(dice.between(1, 4).into()), dice);
        if at > due_at - TimeDelta::hours(2) {
            break;
        }
    }
    if fast {
        push(&mut happenings, number, "demo_request", due_at, dice);
    } else {
        for (kind, minutes) in [("form_submit", 9), ("pricing_view", 4), ("reply", 0)] {
            push(&mut happenings, number, kind, due_at - TimeDelta::minutes(minutes), dice);
        }
    }
    happenings
}

/// Most of what people do they do by day.
fn by_day(at: DateTime<Utc>, dice: &mut Dice) -> DateTime<Utc> {
    if dice.percent(12) {
        return at;
    }
    at.with_hour(dice.between(7, 19)).unwrap_or(at)
}

fn push(happenings: &mut Vec<Happening>, number: u64, kind: &str, at: DateTime<Utc>, dice: &mut Dice) {
    let heard = happenings.last().map_or(at, |before| before.received_at.max(at));
    let event = NewEvent {
        kind: kind.to_owned(),
        occurred_at: at,
        properties: properties(kind, dice),
        source: source(kind).to_owned(),
        idempotency_key: format!("{number}-{}", happenings.len()),
    };
    happenings.push(Happening { event, received_at: dice.soon_after(heard, 20) });
}

/// The system that reports a kind of event.
fn source(kind: &str) -> &'static str {
    match kind {
        "email_open" | "email_click" | "unsubscribe" => "mailer",
        "webinar_attended" => "webinars",
        "reply" | "meeting_booked" => "mailbox",
        "event_attended" => "trade fairs",
        _ => "website",
    }
}

fn properties(kind: &str, dice: &mut Dice) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |key: &str, value: Value| properties.insert(key.to_owned(), value);
    match kind {
        "page_view" => put("url", json!(dice.pick(words::PAGES))),
        "pricing_view" => put("url", json!("/pricing")),
        "content_download" => put("asset", json!(dice.pick(words::ASSETS))),
        "email_open" | "email_click" | "unsubscribe" => put("mail", json!(dice.pick(words::MAILS))),
        "webinar_attended" => put("title", json!(dice.pick(words::WEBINARS))),
        "event_attended" => put("name", json!(dice.pick(words::FAIRS))),
        "form_submit" => put("form", json!("contact")),
        "demo_request" => put("seats", json!(dice.between(1, 60) * 5)),
        "website_behaviour" => {
            put("total_visits", json!(dice.between(1, 7)));
            put("seconds_on_site", json!(dice.between(10, 1200)))
        }
        _ => None,
    };
    properties
}
