//! Parts 1, 2 and 9: ways through the life of a lead.

use std::collections::HashSet;

use super::Checks;
use crate::agreement::terms::{HandBackKind, Stage};

pub(super) fn check(checks: &mut Checks) {
    ways(checks);
    dropped(checks);
    hand_back(checks);
}

/// Every status can be reached and, unless it is an end, left.
fn ways(checks: &mut Checks) {
    let terms = checks.terms;
    let entered = &terms.jurisdictions.acts.entered;
    let reached = reached(checks);
    let entry = terms.status_label(entered);
    for stage in Stage::ALL {
        let of_stage: Vec<usize> =
            (0..terms.vocabulary.len()).filter(|at| terms.vocabulary[*at].stage == stage).collect();
        let Some(first) = of_stage.first() else { continue };
        if !of_stage.iter().any(|at| reached.contains(terms.vocabulary[*at].key.as_str())) {
            checks.warn(
                &format!("vocabulary[{first}]"),
                format!("No path leads from {entry} to the stage “{}”.", stage.label()),
                "No lead ever gets there, and whatever counts this stage stays empty.",
                "Add the transitions that are missing in part 2.",
            );
        }
    }
    for (at, status) in terms.vocabulary.iter().enumerate() {
        let transitions = &terms.jurisdictions.transitions;
        let has_out = transitions.iter().any(|transition| transition.from == status.key);
        let has_in = transitions.iter().any(|transition| transition.to == status.key);
        let path = format!("vocabulary[{at}]");
        let label = &status.label;
        let is_end = matches!(status.stage, Stage::Customer | Stage::Lost | Stage::Disqualified);
        if !has_out && !is_end {
            checks.warn(
                &path,
                format!("“{label}” has no way out."),
                "A lead that gets there stays there: nobody may move it on, and no act of the product can.",
                format!("Add a transition from {label} in part 2, or retire the status."),
            );
        }
        if status.key == *entered {
            continue;
        }
        if !has_in {
            checks.warn(
                &path,
                format!("“{label}” has no way in."),
                "No lead ever gets there.",
                format!("Add a transition to {label} in part 2, or retire the status."),
            );
        } else if !reached.contains(status.key.as_str()) {
            checks.warn(
                &path,
                format!("“{label}” cannot be reached from {entry}."),
                "Its ways in come from statuses that no lead gets to either.",
                "Add a transition to it from a status that leads do get to.",
            );
        }
    }
}

/// The statuses to which some path leads from where leads enter.
fn reached<'a>(checks: &Checks<'a>) -> HashSet<&'a str> {
    let jurisdictions = &checks.terms.jurisdictions;
    let mut reached = HashSet::from([jurisdictions.acts.entered.as_str()]);
    let mut next = vec![jurisdictions.acts.entered.as_str()];
    while let Some(from) = next.pop() {
        for transition in jurisdictions.transitions.iter().filter(|transition| transition.from == from) {
            if reached.insert(transition.to.as_str()) {
                next.push(&transition.to);
            }
        }
    }
    reached
}

/// Statuses in force that this version neither keeps nor retires.
fn dropped(checks: &mut Checks) {
    let (terms, known) = (checks.terms, checks.known);
    for (key, label) in &known.statuses {
        let is_retired = terms.retired_statuses.iter().any(|retired| retired.key == *key);
        if terms.status(key).is_none() && !is_retired {
            checks.warn(
                "vocabulary",
                format!("“{label}” is in force but neither kept nor retired here."),
                "Its leads would stand in a word that nobody knows any more, and no transition leads out of it.",
                "Retire it and say where its leads go, or take it up again.",
            );
        }
    }
}

fn hand_back(checks: &mut Checks) {
    let terms = checks.terms;
    let reasons = &terms.hand_back.reasons;
    for (kind, what) in [
        (HandBackKind::Reject, "that a lead is not to the agreed standard"),
        (HandBackKind::Recycle, "that the time is wrong"),
        (HandBackKind::Disqualify, "never"),
    ] {
        if !reasons.is_empty() && !reasons.iter().any(|reason| reason.kind == kind) {
            checks.warn(
                "hand_back.reasons",
                format!("No reason lets Sales say {what}."),
                "Such leads come back under reasons that say something else, and the figures tell the wrong story.",
                "Add a reason of this kind.",
            );
        }
    }
    let cool_off = terms.handoff.cool_off_days;
    for (at, reason) in reasons.iter().enumerate() {
        if let Some(days) = reason.nurture_days.filter(|days| *days < cool_off) {
            checks.warn(
                &format!("hand_back.reasons[{at}].nurture_days"),
                format!("“{}” nurtures for {days} days, but every lead rests for {cool_off}.", reason.label),
                "The longer time holds: the lead is not offered again when this clause says.",
                format!("Nurture for {cool_off} days or more, or shorten the cool-off in part 6."),
            );
        }
    }
    if terms.handoff.max_cycles == 1 && reasons.iter().any(|reason| reason.kind == HandBackKind::Recycle) {
        checks.warn(
            "handoff.max_cycles",
            "A lead is offered once at most, yet leads are recycled.",
            "A recycled lead never comes back to Sales, whatever date was agreed.",
            "Allow two cycles or more.",
        );
    }
}
