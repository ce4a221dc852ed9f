//! Giving up a status: where its leads go, and what becomes of everything that names it.

use crate::agreement::terms::{Acts, Party, RetiredStatus, Terms, Transition};

/// What retiring a status would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Retirement {
    pub terms: Terms,
    /// Each change in words.
    pub changes: Vec<String>,
}

/// Takes a status out of the vocabulary. What leads into it leads to `to` instead; what leads out of it goes, unless an
/// act or a hand-back reason names the status: then `to` takes over its part with all its moves. `has_leads` says
/// whether the status was ever in force, so that its leads have to go somewhere.
///
/// Nothing when either status is not there, or they are the same.
pub fn retire(terms: &Terms, key: &str, to: &str, has_leads: bool) -> Option<Retirement> {
    let status = terms.status(key)?.clone();
    let target = terms.status(to)?.label.clone();
    if key == to {
        return None;
    }
    let mut after = terms.clone();
    let mut changes = vec![];
    after.vocabulary.retain(|known| known.key != key);
    if has_leads {
        after.retired_statuses.push(RetiredStatus {
            key: key.to_owned(),
            label: status.label.clone(),
            to: to.to_owned(),
        });
        changes.push(format!(
            "{} is retired; its leads become {target} when this version comes into force.",
            status.label
        ));
    } else {
        changes.push(format!("{} is taken out of the vocabulary.", status.label));
    }
    for earlier in after.retired_statuses.iter_mut().filter(|earlier| earlier.to == key) {
        to.clone_into(&mut earlier.to);
        changes.push(format!("The leads of {}, retired before, become {target} too.", earlier.label));
    }
    let mut takes_over = false;
    for (words, act) in acts(&mut after.jurisdictions.acts) {
        if act == key {
            to.clone_into(act);
            takes_over = true;
            changes.push(format!("{words} {target}."));
        }
    }
    for reason in after.hand_back.reasons.iter_mut().filter(|reason| reason.target_status == key) {
        to.clone_into(&mut reason.target_status);
        takes_over = true;
        changes.push(format!("A lead handed back for “{}” becomes {target}.", reason.label));
    }
    after.jurisdictions.transitions = moves(terms, key, to, takes_over, &mut changes);
    Some(Retirement { terms: after, changes })
}

fn moves(terms: &Terms, key: &str, to: &str, takes_over: bool, changes: &mut Vec<String>) -> Vec<Transition> {
    let label = |key: &str| terms.status_label(key).to_owned();
    let is_about = |known: &&Transition| known.from == key || known.to == key;
    let mut kept: Vec<Transition> =
        terms.jurisdictions.transitions.iter().filter(|known| !is_about(known)).cloned().collect();
    for old in terms.jurisdictions.transitions.iter().filter(is_about) {
        let was = format!("{} → {}", label(&old.from), label(&old.to));
        let mut new = old.clone();
        if new.from == key {
            to.clone_into(&mut new.from);
        } else {
            to.clone_into(&mut new.to);
        }
        let now = format!("{} → {}", label(&new.from), label(&new.to));
        if new.from == new.to || (old.from == key && !takes_over) {
            changes.push(format!("The move {was} is removed."));
            continue;
        }
        let Some(listed) = kept.iter_mut().find(|known| known.from == new.from && known.to == new.to) else {
            changes.push(format!("The move {was} becomes {now}."));
            kept.push(new);
            continue;
        };
        let missing: Vec<Party> = new.who.into_iter().filter(|party| !listed.who.contains(party)).collect();
        if missing.is_empty() {
            changes.push(format!("The move {was} is removed; {now} is listed already."));
        } else {
            let who: Vec<&str> = missing.iter().map(|party| party.label()).collect();
            changes
                .push(format!("The move {was} is removed; {now} may be made by {} too.", who.join(" and ")));
            listed.who.extend(missing);
        }
    }
    kept
}

fn acts(acts: &mut Acts) -> [(&'static str, &mut String); 9] {
    [
        ("A lead that has just come in is", &mut acts.entered),
        ("A lead that cannot be offered yet becomes", &mut acts.qualified),
        ("A lead that is offered becomes", &mut acts.offered),
        ("A lead that is claimed becomes", &mut acts.claimed),
        ("A lead that was contacted first becomes", &mut acts.contacted),
        ("A lead with a deal becomes", &mut acts.converted),
        ("A lead with a deal won becomes", &mut acts.won),
        ("A lead whose last deal is lost becomes", &mut acts.lost),
        ("A lead whose offer is withdrawn becomes", &mut acts.withdrawn),
    ]
}

/// Takes a retirement back: the status returns with the moves that it had in the version that the draft began as, as
/// far as both ends are there. Nothing when that version did not have it: then the note of its retirement goes alone.
pub fn restore(terms: &Terms, key: &str, earlier: &Terms) -> Terms {
    let mut after = terms.clone();
    after.retired_statuses.retain(|retired| retired.key != key);
    let Some(status) = earlier.status(key).filter(|_| terms.status(key).is_none()) else { return after };
    let at = earlier.vocabulary.iter().position(|known| known.key == key).unwrap_or_default();
    after.vocabulary.insert(at.min(after.vocabulary.len()), status.clone());
    for old in earlier.jurisdictions.transitions.iter().filter(|old| old.from == key || old.to == key) {
        let both = after.status(&old.from).is_some() && after.status(&old.to).is_some();
        if both && after.transition(&old.from, &old.to).is_none() {
            after.jurisdictions.transitions.push(old.clone());
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms() -> Terms {
        Terms::default_agreement()
    }

    #[test]
    fn the_leads_of_a_retired_status_have_a_place_and_nothing_names_it_any_more() {
        let done = retire(&terms(), "recycled", "nurturing", true).unwrap();
        let after = &done.terms;
        assert!(after.status("recycled").is_none());
        assert_eq!(
            (after.retired_statuses[0].label.as_str(), after.retired_statuses[0].to.as_str()),
            ("Recycled", "nurturing")
        );
        assert!(after.hand_back.reasons.iter().all(|reason| reason.target_status != "recycled"));
        assert_eq!(after.validate(), Ok(()), "the system may still move the lead on");
        let said = done.changes.join("\n");
        for expected in [
            "Recycled is retired; its leads become Nurturing",
            "A lead handed back for “Interested, but not now” becomes Nurturing.",
            "The move Working → Recycled is removed; Working → Nurturing may be made by the system too.",
            "The move Recycled → Nurturing is removed.",
            "The move Recycled → Handed off is removed; Nurturing → Handed off is listed already.",
        ] {
            assert!(said.contains(expected), "{expected} is not in\n{said}");
        }
    }

    #[test]
    fn moves_out_of_a_status_that_nothing_stands_for_do_not_widen_another() {
        let mut terms = terms();
        terms.hand_back.reasons.retain(|reason| reason.target_status != "recycled");
        let done = retire(&terms, "recycled", "disqualified", true).unwrap();
        assert!(done.terms.transition("disqualified", "nurturing").is_none());
        assert!(done.terms.transition("working", "disqualified").is_some());
    }

    #[test]
    fn a_status_that_was_never_in_force_goes_without_a_trace() {
        let done = retire(&terms(), "recycled", "nurturing", false).unwrap();
        assert!(done.terms.retired_statuses.is_empty());
        assert!(retire(&terms(), "recycled", "recycled", true).is_none());
        assert!(retire(&terms(), "gone", "new", true).is_none());
        assert!(retire(&terms(), "new", "gone", true).is_none());
    }

    #[test]
    fn a_retirement_that_is_taken_back_brings_the_status_and_its_moves_back() {
        let retired = retire(&terms(), "recycled", "nurturing", true).unwrap().terms;
        let restored = restore(&retired, "recycled", &terms());
        assert_eq!(restored.vocabulary, terms().vocabulary);
        assert!(restored.retired_statuses.is_empty());
        assert!(restored.transition("recycled", "handed_off").is_some());
    }

    proptest! {
        #[test]
        fn after_a_retirement_no_clause_names_the_status(key in 0usize..11, to in 0usize..11) {
            let terms = terms();
            let (key, to) = (&terms.vocabulary[key].key, &terms.vocabulary[to].key);
            prop_assume!(key != to);
            let after = retire(&terms, key, to, true).unwrap().terms;
            let mut text = after.clone();
            text.retired_statuses.clear();
            let transitions = &text.jurisdictions.transitions;
            prop_assert!(transitions.iter().all(|known| known.from != *key && known.to != *key && known.from != known.to));
            for (at, known) in transitions.iter().enumerate() {
                prop_assert!(transitions[..at].iter().all(|other| (&other.from, &other.to) != (&known.from, &known.to)));
            }
            let acts = serde_json::to_string(&text.jurisdictions.acts).unwrap();
            let quoted = format!("\"{}\"", key);
            prop_assert!(!acts.split(':').any(|value| value.starts_with(quoted.as_str())));
            prop_assert!(text.hand_back.reasons.iter().all(|reason| reason.target_status != *key));
        }
    }
}
