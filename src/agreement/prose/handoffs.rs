//! Parts 6 to 9: handing off, routing, service levels, handing back.

use super::Part;
use super::words::{and, business, condition, count, field, queue};
use crate::agreement::facts::event_label;
use crate::agreement::terms::{
    Assign, EscalateWhen, EscalationAct, FastTrack, HandBackReason, Promise, RoutingRule, ServiceLevel, Terms,
};

pub(super) fn handoff(terms: &Terms) -> Part {
    let handoff = &terms.handoff;
    let mut part = Part::new(
        6,
        "handoff",
        "Handoff",
        "A lead is offered to Sales when its category is handed off or it is on a fast track, it may be contacted, and nothing below holds it back.",
    );
    let packet = if handoff.packet_fields.is_empty() {
        "An offer waits for no facts about the lead.".to_owned()
    } else {
        let fields = and(handoff.packet_fields.iter().map(|name| field(name)));
        format!("An offer waits until these facts about the lead are known: {fields}.")
    };
    part.says(".packet_fields", packet);
    let cool_off = match handoff.cool_off_days {
        0 => {
            "A lead may be offered again right after a hand-back, but not before a date that was agreed then."
                .to_owned()
        }
        days => format!(
            "After a hand-back a lead is not offered again for {}, nor before a date that was agreed then.",
            count(days, "day")
        ),
    };
    part.says(".cool_off_days", cool_off);
    part.says(".max_cycles", format!("A lead is offered {} at most.", count(handoff.max_cycles, "time")));
    for (at, track) in handoff.fast_tracks.iter().enumerate() {
        part.says(&format!(".fast_tracks[{at}]"), fast_track(terms, track));
    }
    part
}

fn fast_track(terms: &Terms, track: &FastTrack) -> String {
    let when = if track.when.is_empty() {
        String::new()
    } else {
        format!(" whose {}", condition(terms, &track.when))
    };
    let who = if track.good_fit_only { "a lead of good fit" } else { "any lead" };
    format!(
        "Fast track {} ({}): an event “{}”{when} hands {who} over at once, whatever its category. While something else holds the offer up, the event counts for {}.",
        track.label,
        track.key,
        event_label(&track.event),
        count(track.valid_days, "day"),
    )
}

pub(super) fn routing(terms: &Terms) -> Part {
    let routing = &terms.routing;
    let mut part = Part::new(
        7,
        "routing",
        "Routing",
        "An offered lead goes to one queue. The rules are tried in their order, and the first that holds decides.",
    );
    for (at, queue) in routing.queues.iter().enumerate() {
        let who = if queue.members.is_empty() {
            "Every rep of Sales claims from it.".to_owned()
        } else {
            format!("Only these reps claim from it: {}.", and(queue.members.iter().cloned()))
        };
        part.says(
            &format!(".queues[{at}]"),
            format!("There is a queue {} ({}). {who}", queue.label, queue.key),
        );
    }
    for (at, rule) in routing.rules.iter().enumerate() {
        part.says(&format!(".rules[{at}]"), routing_rule(terms, at, rule));
    }
    let fallback = queue(terms, &routing.fallback_queue);
    part.says(
        ".fallback_queue",
        format!("A lead for which no rule holds goes to the queue {fallback}, from which reps claim."),
    );
    let capacity = match routing.capacity_per_rep {
        Some(leads) => format!("A rep holds {} at most that are claimed and open.", count(leads, "lead")),
        None => "A rep may hold any number of leads that are claimed and open.".to_owned(),
    };
    part.says(".capacity_per_rep", capacity);
    let acknowledged = if routing.acknowledge_to_claim {
        "Only a rep who has acknowledged the version in force claims."
    } else {
        "A rep claims whether or not they have acknowledged the version in force."
    };
    part.says(".acknowledge_to_claim", acknowledged.to_owned());
    part
}

fn routing_rule(terms: &Terms, at: usize, rule: &RoutingRule) -> String {
    let assign = match rule.assign {
        Assign::Pull => "from which reps claim",
    };
    let (condition, queue) = (condition(terms, &rule.when), queue(terms, &rule.queue));
    format!(
        "Rule {}, {} ({}): when {condition}, the lead goes to the queue {queue}, {assign}.",
        at + 1,
        rule.label,
        rule.key
    )
}

pub(super) fn service_levels(terms: &Terms) -> Part {
    let levels = &terms.service_levels;
    let mut part = Part::new(
        8,
        "service_levels",
        "Service levels",
        "What each department promises the other. The levels are tried in their order, and the first that fits a lead holds for it. Business minutes and hours pass only while the calendar of part 10 is open.",
    );
    for (at, level) in levels.levels.iter().enumerate() {
        let text = format!(
            "{} ({}), {}: {}",
            level.label,
            level.key,
            selectors(terms, level),
            promise(&level.promise)
        );
        part.says(&format!(".levels[{at}]"), text);
    }
    part.says(".default", format!("Every other lead: {}", promise(&levels.default)));
    let answer = business(levels.marketing.answer_within_minutes);
    part.says(".marketing.answer_within_minutes", format!("Marketing answers a hand-back within {answer}."));
    let volume = count(levels.marketing.offered_per_month, "lead");
    part.says(".marketing.offered_per_month", format!("Marketing offers {volume} a month."));
    let rows = levels.levels.iter().map(|level| (level.label.clone(), &level.promise));
    part.with_table(
        &["Lead", "Claimed within", "First contact within"],
        rows.chain([("Every other lead".to_owned(), &levels.default)]).map(|(label, promise)| {
            vec![
                label,
                business(promise.claim_within_minutes),
                business(promise.first_contact_within_minutes),
            ]
        }),
    )
}

fn selectors(terms: &Terms, level: &ServiceLevel) -> String {
    let mut words = String::from("for leads");
    match level.fast_track {
        Some(true) => words.push_str(" on a fast track"),
        Some(false) => words.push_str(" without a fast track"),
        None => {}
    }
    if let Some(key) = &level.queue {
        words.push_str(&format!(" in the queue {}", queue(terms, key)));
    }
    if let Some(key) = level.category {
        words.push_str(&format!(" of the category {}", terms.category(key).label));
    }
    if words == "for leads" { "for every lead".to_owned() } else { words }
}

fn promise(promise: &Promise) -> String {
    let mut text = format!(
        "a rep claims within {} and makes or tries the first contact within {} of the claim; {} over {} before giving up. A clock is at risk after {} % of its time.",
        business(promise.claim_within_minutes),
        business(promise.first_contact_within_minutes),
        count(promise.attempts, "attempt"),
        count(promise.attempts_over_days, "day"),
        promise.at_risk_percent,
    );
    for rung in &promise.escalation {
        let when = match rung.when {
            EscalateWhen::AtRisk => "When it is at risk",
            EscalateWhen::Breached => "When it is breached",
        };
        let act = match rung.act {
            EscalationAct::NotifyRep => "the rep is told",
            EscalationAct::NotifyManager => "the manager is told",
            EscalationAct::ReturnToPool => "the lead goes back to its queue",
        };
        text.push_str(&format!(" {when}, {act}."));
    }
    text
}

pub(super) fn hand_back(terms: &Terms) -> Part {
    let mut part = Part::new(
        9,
        "hand_back",
        "Hand-back",
        "Sales gives back what cannot become a deal, always with one of these reasons. Rejected, recycled and disqualified are three different answers.",
    );
    for (at, reason) in terms.hand_back.reasons.iter().enumerate() {
        part.says(&format!(".reasons[{at}]"), hand_back_reason(terms, reason));
    }
    let auto = match terms.hand_back.auto_return_after_attempts {
        Some(attempts) => {
            format!("After {} without contact a lead goes back by itself.", count(attempts, "attempt"))
        }
        None => "No lead goes back by itself.".to_owned(),
    };
    part.says(".auto_return_after_attempts", auto);
    part
}

fn hand_back_reason(terms: &Terms, reason: &HandBackReason) -> String {
    let (kind, to) = (reason.kind.label(), terms.status_label(&reason.target_status));
    let mut text = format!("{} ({}). {kind}. The lead becomes {to}", reason.label, reason.key);
    if let Some(days) = reason.nurture_days {
        text.push_str(&format!(
            " and is nurtured for {}, unless the rep names another date",
            count(days, "day")
        ));
    }
    text.push('.');
    text
}
