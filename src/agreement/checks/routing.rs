//! Part 7: rules that can match, queues that somebody claims from.

use super::Checks;
use super::scores::contradictory;
use crate::scoring::{Op, Test, Value, contradicts, implies};

pub(super) fn check(checks: &mut Checks) {
    rules(checks);
    queues(checks);
}

fn rules(checks: &mut Checks) {
    let terms = checks.terms;
    let rules = &terms.routing.rules;
    for (at, rule) in rules.iter().enumerate() {
        let path = format!("routing.rules[{at}]");
        if contradicts(&rule.when) {
            contradictory(checks, &path, &rule.label, "No lead ever takes it, and its queue waits in vain.");
            continue;
        }
        if never_offered(checks, &rule.when) {
            checks.warn(
                &path,
                format!("“{}” waits for leads that are never offered.", rule.label),
                "Only leads that are handed off are routed; no lead of these categories is, and no fast track brings one.",
                "Name a category that part 5 hands off, or remove the rule.",
            );
            continue;
        }
        // A rule that nothing matches stands in nobody's way.
        let earlier = rules[..at]
            .iter()
            .find(|earlier| !contradicts(&earlier.when) && implies(&rule.when, &earlier.when));
        if let Some(earlier) = earlier {
            checks.warn(
                &path,
                format!("“{}” never matches: “{}” before it takes all its leads.", rule.label, earlier.label),
                format!(
                    "They go to {} instead of {}.",
                    queue(checks, &earlier.queue),
                    queue(checks, &rule.queue)
                ),
                "Put the narrower rule first, or remove it.",
            );
        }
    }
}

/// Whether a condition asks for a category or fast track under which nothing is ever offered.
fn never_offered(checks: &Checks, tests: &[Test]) -> bool {
    let offered: Vec<Value> =
        checks.offered_categories().iter().map(|key| Value::Text(key.as_str().to_owned())).collect();
    let tracks: Vec<Value> =
        checks.terms.handoff.fast_tracks.iter().map(|track| Value::Text(track.key.clone())).collect();
    let is_one_of = |field: &str, values: Vec<Value>| Test {
        field: field.to_owned(),
        op: Op::IsOneOf,
        value: Some(Value::List(values)),
    };
    let mut with_category = tests.to_vec();
    with_category.push(is_one_of("category", offered));
    if contradicts(&with_category) {
        return true;
    }
    let mut with_track = tests.to_vec();
    with_track.push(is_one_of("fast_track", tracks));
    let mut without_track = tests.to_vec();
    without_track.push(Test { field: "fast_track".to_owned(), op: Op::IsBlank, value: None });
    contradicts(&with_track) && contradicts(&without_track)
}

fn queues(checks: &mut Checks) {
    let (terms, known) = (checks.terms, checks.known);
    for (at, queue) in terms.routing.queues.iter().enumerate() {
        let path = format!("routing.queues[{at}]");
        let label = &queue.label;
        if !leads_somewhere(checks, &queue.key) {
            checks.warn(
                &path,
                format!("No rule leads to the queue “{label}”."),
                "Nothing ever waits there.",
                "Add a routing rule for it, or remove it.",
            );
        }
        let everybody = queue.members.is_empty();
        let reps: Vec<_> =
            known.reps.iter().filter(|rep| everybody || queue.members.contains(&rep.email)).collect();
        let back = reps.iter().map(|rep| rep.away_until.filter(|until| *until > checks.now)).min().flatten();
        if reps.is_empty() {
            let who = if everybody {
                "nobody is active in Sales"
            } else {
                "none of its members is active in Sales"
            };
            checks.warn(
                &format!("{path}.members"),
                format!("Nobody claims from the queue “{label}”: {who}."),
                "Leads wait there until their deadlines pass.",
                if everybody { "Add people to Sales." } else { "Name somebody who works in Sales, or leave the members out so that all of Sales may claim." },
            );
        } else if let Some(back) = back {
            checks.warn(
                &format!("{path}.members"),
                format!(
                    "Everybody who claims from the queue “{label}” is away; the first is back on {}.",
                    back.format("%-d %b %Y")
                ),
                "Leads wait there until then.",
                "Name somebody else too, at least until they are back.",
            );
        }
    }
}

/// Whether a rule or the fallback leads to a queue.
pub(super) fn leads_somewhere(checks: &Checks, queue: &str) -> bool {
    let routing = &checks.terms.routing;
    routing.fallback_queue == queue || routing.rules.iter().any(|rule| rule.queue == queue)
}

fn queue(checks: &Checks, key: &str) -> String {
    checks.terms.queue(key).map_or_else(|| key.to_owned(), |queue| format!("“{}”", queue.label))
}
