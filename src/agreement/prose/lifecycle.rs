//! Parts 1 and 2: the words for where a lead stands, and who moves it.

use super::Part;
use super::words::{and, field, or, sentence};
use crate::agreement::terms::{Acts, Terms, Transition};

pub(super) fn vocabulary(terms: &Terms) -> Part {
    let mut part = Part::new(
        1,
        "vocabulary",
        "Vocabulary",
        "Both departments use these words for where a lead stands. Each belongs to one stage and to the department that answers for the lead there.",
    );
    for (at, status) in terms.vocabulary.iter().enumerate() {
        let text = format!(
            "{} ({}). {} Stage: {}. Owner: {}.",
            status.label,
            status.key,
            sentence(&status.definition),
            status.stage.label(),
            status.owner.label(),
        );
        part.says(&format!("[{at}]"), text);
    }
    for (at, retired) in terms.retired_statuses.iter().enumerate() {
        let (label, key, to) = (&retired.label, &retired.key, terms.status_label(&retired.to));
        let text = format!(
            "{label} ({key}) is not used any more. When this version comes into force, its leads become {to}."
        );
        part.says_at(format!("retired_statuses[{at}]"), text);
    }
    part.with_table(
        &["Status", "Stage", "Owner"],
        terms.vocabulary.iter().map(|status| {
            vec![status.label.clone(), status.stage.label().to_owned(), status.owner.label().to_owned()]
        }),
    )
}

pub(super) fn jurisdictions(terms: &Terms) -> Part {
    let mut part = Part::new(
        2,
        "jurisdictions",
        "Jurisdictions",
        "Each department acts where it is in charge. These are the moves that a lead can make, and who makes them.",
    );
    part.says(
        "",
        "A lead changes its status only by a move listed here, made by a party that is named for it; every other move is refused."
            .to_owned(),
    );
    for (place, key, act) in acts(&terms.jurisdictions.acts) {
        part.says(&format!(".acts.{place}"), format!("{act} {}.", terms.status_label(key)));
    }
    for (at, transition) in terms.jurisdictions.transitions.iter().enumerate() {
        part.says(&format!(".transitions[{at}]"), transition_in_words(terms, transition));
    }
    part.with_table(
        &["From", "To", "By"],
        terms.jurisdictions.transitions.iter().map(|transition| {
            let (from, to) = (terms.status_label(&transition.from), terms.status_label(&transition.to));
            vec![from.to_owned(), to.to_owned(), parties(transition)]
        }),
    )
}

/// Field, status key and words of every act.
fn acts(acts: &Acts) -> [(&'static str, &str, &'static str); crate::agreement::jurisdiction::ACTS] {
    [
        ("entered", &acts.entered, "A lead that has just come in is"),
        (
            "qualified",
            &acts.qualified,
            "A lead that meets the handoff criteria but cannot be offered yet becomes",
        ),
        ("offered", &acts.offered, "A lead that is offered to Sales becomes"),
        ("claimed", &acts.claimed, "A lead that a rep claims becomes"),
        ("contacted", &acts.contacted, "A lead whose rep has made or tried a first contact becomes"),
        ("converted", &acts.converted, "A lead with whom a deal is opened becomes"),
        ("won", &acts.won, "A lead with whom a deal is won becomes"),
        ("lost", &acts.lost, "A lead whose last open deal is lost becomes"),
        ("withdrawn", &acts.withdrawn, "A lead whose offer Marketing withdraws becomes"),
    ]
}

fn transition_in_words(terms: &Terms, transition: &Transition) -> String {
    let (from, to) = (terms.status_label(&transition.from), terms.status_label(&transition.to));
    let mut text = format!("From {from} to {to}: by {}.", parties(transition));
    if !transition.requires.is_empty() {
        let fields = and(transition.requires.iter().map(|name| field(name)));
        text.push_str(&format!(" First to be filled in: {fields}."));
    }
    if transition.reason {
        text.push_str(" A reason is given.");
    }
    text
}

fn parties(transition: &Transition) -> String {
    or(transition.who.iter().map(|party| party.label().to_owned()))
}
