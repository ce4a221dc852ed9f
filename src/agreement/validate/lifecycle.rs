//! Parts 1 and 2: statuses, and that every act of the product can be done.

use super::{Check, choices};
use crate::agreement::terms::{EscalationAct, HandBackKind, Party, Stage};

pub(super) fn vocabulary(check: &mut Check) {
    let terms = check.terms;
    check.named(
        "vocabulary",
        terms.vocabulary.iter().map(|status| (status.key.as_str(), status.label.as_str())),
    );
    for (at, status) in terms.vocabulary.iter().enumerate() {
        check.text(&format!("vocabulary[{at}].definition"), &status.definition, 1000);
    }
    retired(check);
}

fn retired(check: &mut Check) {
    let terms = check.terms;
    let retired = &terms.retired_statuses;
    check
        .named("retired_statuses", retired.iter().map(|status| (status.key.as_str(), status.label.as_str())));
    for (at, status) in retired.iter().enumerate() {
        let path = format!("retired_statuses[{at}]");
        if terms.status(&status.key).is_some() {
            let remedy = "take it out of the vocabulary, or do not retire it";
            check.wrong(&format!("{path}.key"), &status.key, "is still a status of the vocabulary", remedy);
        }
        check.status(&format!("{path}.to"), &status.to, None);
    }
}

pub(super) fn jurisdictions(check: &mut Check) {
    acts(check);
    transitions(check);
    ways(check);
}

impl Check<'_> {
    /// A status that must exist and, when a stage is given, belong to it.
    pub(super) fn status(&mut self, path: &str, key: &str, stage: Option<Stage>) {
        let terms = self.terms;
        match (terms.status(key), stage) {
            (None, _) => {
                let remedy = choices(terms.vocabulary.iter().map(|status| status.key.as_str()));
                self.wrong(path, key, "is not a status of the vocabulary", remedy);
            }
            (Some(status), Some(stage)) if status.stage != stage => {
                let fitting = terms.vocabulary.iter().filter(|status| status.stage == stage);
                let remedy = choices(fitting.map(|status| status.key.as_str()));
                self.wrong(path, key, format!("is not of the stage {}", stage.key()), remedy);
            }
            _ => {}
        }
    }

    /// A move without which the engine could not go on.
    fn way(&mut self, from: &str, to: &str, party: Party, purpose: &str) {
        let terms = self.terms;
        if from == to || terms.status(from).is_none() || terms.status(to).is_none() {
            return;
        }
        let value = format!("{from} → {to}");
        let path = "jurisdictions.transitions";
        match terms.transition(from, to) {
            Some(transition) if transition.who.contains(&party) => {
                if party == Party::System && !transition.requires.is_empty() {
                    let remedy = "require the fields in part 6, handoff.packet_fields, instead";
                    self.wrong(path, value, "requires fields that the system cannot fill in", remedy);
                }
            }
            Some(_) => {
                let remedy = format!("add it to the parties of this transition so that {purpose}");
                self.wrong(path, value, format!("is not permitted to {}", party.label()), remedy);
            }
            None => {
                let remedy = format!("add it for {} so that {purpose}", party.label());
                self.wrong(path, value, "is not listed", remedy);
            }
        }
    }

    /// A move made by an act that has no place for a reason.
    fn no_reason(&mut self, from: &str, to: &str) {
        if self.terms.transition(from, to).is_some_and(|transition| transition.reason) {
            let value = format!("{from} → {to}");
            let remedy = "remove the reason from this transition";
            self.wrong(
                "jurisdictions.transitions",
                value,
                "asks for a reason where nobody can give one",
                remedy,
            );
        }
    }
}

fn acts(check: &mut Check) {
    let acts = &check.terms.jurisdictions.acts;
    let stages = [
        ("entered", &acts.entered, Stage::Inquiry),
        ("qualified", &acts.qualified, Stage::Mql),
        ("offered", &acts.offered, Stage::Mql),
        ("claimed", &acts.claimed, Stage::Sal),
        ("contacted", &acts.contacted, Stage::Sal),
        ("converted", &acts.converted, Stage::Sql),
        ("won", &acts.won, Stage::Customer),
        ("lost", &acts.lost, Stage::Lost),
        ("withdrawn", &acts.withdrawn, Stage::Inquiry),
    ];
    for (act, status, stage) in stages {
        check.status(&format!("jurisdictions.acts.{act}"), status, Some(stage));
    }
}

fn transitions(check: &mut Check) {
    let transitions = &check.terms.jurisdictions.transitions;
    check.at_most("jurisdictions.transitions", transitions.len(), 1000);
    for (at, transition) in transitions.iter().enumerate() {
        let path = format!("jurisdictions.transitions[{at}]");
        let (from, to) = (&transition.from, &transition.to);
        check.status(&format!("{path}.from"), from, None);
        check.status(&format!("{path}.to"), to, None);
        check.lead_fields(&format!("{path}.requires"), &transition.requires);
        if from == to {
            check.wrong(&path, from, "leads to itself", "name two statuses, or remove the transition");
        }
        if transitions[..at].iter().any(|earlier| earlier.from == *from && earlier.to == *to) {
            let value = format!("{from} → {to}");
            check.wrong(&path, value, "is listed twice", "name all its parties in one transition");
        }
        if transition.who.is_empty() {
            check.wrong(&format!("{path}.who"), "[]", "names nobody", "use marketing, sales or system");
        }
        for (place, party) in transition.who.iter().enumerate() {
            if transition.who[..place].contains(party) {
                check.wrong(&format!("{path}.who"), party.label(), "is named twice", "name each party once");
            }
        }
    }
}

/// The moves that the acts of the product make.
fn ways(check: &mut Check) {
    let terms = check.terms;
    let acts = &terms.jurisdictions.acts;
    let sources = [&acts.entered, &acts.qualified, &acts.withdrawn];
    check.way(&acts.entered, &acts.qualified, Party::System, "a lead that cannot be offered yet is marked");
    for from in sources {
        check.way(from, &acts.offered, Party::System, "a lead that meets the criteria can be offered");
    }
    check.way(&acts.offered, &acts.claimed, Party::Sales, "reps can claim");
    check.way(&acts.claimed, &acts.contacted, Party::Sales, "reps can log the first contact");
    check.way(&acts.contacted, &acts.converted, Party::Sales, "reps can open a deal");
    check.way(&acts.converted, &acts.won, Party::Sales, "a deal can be won");
    check.way(&acts.converted, &acts.lost, Party::Sales, "a deal can be lost");
    check.way(&acts.offered, &acts.withdrawn, Party::Marketing, "marketing can withdraw an offer");
    for (from, to) in [
        (&acts.offered, &acts.claimed),
        (&acts.claimed, &acts.contacted),
        (&acts.contacted, &acts.converted),
        (&acts.converted, &acts.won),
    ] {
        check.no_reason(from, to);
    }
    let mut targets: Vec<_> =
        terms.hand_back.reasons.iter().map(|reason| (reason.target_status.as_str(), reason.kind)).collect();
    targets.sort_unstable_by_key(|(status, kind)| (*status, kind.key()));
    targets.dedup();
    for (target, kind) in targets {
        for from in [&acts.claimed, &acts.contacted] {
            check.way(from, target, Party::Sales, "reps can hand back for every reason of part 9");
        }
        // A target of another stage is refused in part 9.
        let inquiry = terms.status(target).is_some_and(|status| status.stage == Stage::Inquiry);
        if inquiry && kind != HandBackKind::Disqualify {
            check.way(
                target,
                &acts.offered,
                Party::System,
                "a lead that was handed back can be offered again",
            );
        }
    }
    let levels = &terms.service_levels;
    let mut promises = levels.levels.iter().map(|level| &level.promise).chain([&levels.default]);
    if promises.any(|promise| promise.escalation.iter().any(|rung| rung.act == EscalationAct::ReturnToPool)) {
        check.way(
            &acts.claimed,
            &acts.offered,
            Party::System,
            "a lead can go back to its queue as part 8 has it",
        );
    }
}
