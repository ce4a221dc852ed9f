//! No terms that validation accepts make the engine fail or leave a lead without a way on: hundreds of random changes
//! of the default agreement, the same ones each time.

use chrono::{DateTime, TimeDelta, Utc};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::judge::{self, Verdict};
use super::service_levels::Deadline;
use crate::agreement::prose;
use crate::agreement::terms::{Department, Party, Terms};
use crate::agreement::versions::Version;
use crate::kernel::ids::LeadId;
use crate::leads::{Consent, Lead};
use crate::scoring::{Interest, ScoredEvent};

const TRIES: u64 = 800;

fn now() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// Every value of a tree by its pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, v)| pointers(v, &format!("{at}/{key}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| pointers(v, &format!("{at}/{n}"), found))
        }
        _ => {}
    }
}

/// Changes one place: another number, a text that stands elsewhere, a list with something less or in another order.
fn change(tree: &mut Value, dice: &mut ChaCha8Rng) {
    let mut all = vec![];
    pointers(tree, "", &mut all);
    let texts: Vec<String> =
        all.iter().filter_map(|at| tree.pointer(at).and_then(Value::as_str).map(str::to_owned)).collect();
    let Some(place) = all.choose(dice).and_then(|at| tree.pointer_mut(at)) else { return };
    match place {
        Value::Number(_) => {
            let numbers = [
                json!(0),
                json!(1),
                json!(2),
                json!(7),
                json!(45),
                json!(100),
                json!(365),
                json!(0.5),
                json!(-20),
                json!(90_000),
            ];
            *place = numbers.choose(dice).cloned().unwrap_or_default();
        }
        Value::String(_) => *place = texts.choose(dice).cloned().map(Value::String).unwrap_or_default(),
        Value::Bool(truth) => *truth = !*truth,
        Value::Array(items) if !items.is_empty() => {
            let at = dice.random_range(0..items.len());
            let item = items.remove(at);
            if dice.random() {
                items.insert(dice.random_range(0..=items.len()), item);
            }
        }
        _ => {}
    }
}

fn lead(version: &Version, dice: &mut ChaCha8Rng) -> Lead {
    let terms = &version.terms;
    let mut one = |values: &[Value]| values.choose(dice).cloned().unwrap_or_default();
    let facts = json!({
        "name": one(&[json!("Ada"), Value::Null]), "email": one(&[json!("ada@acme.example"), Value::Null]),
        "company": one(&[json!("Acme"), Value::Null]), "seniority": one(&[json!("director"), json!("intern"), Value::Null]),
        "employees": one(&[json!(3), json!(700), Value::Null]), "industry": one(&[json!("software"), Value::Null]),
    });
    let rules = terms.interest.scoring();
    let mut interest = Interest::none();
    for rule in terms.interest.rules.iter().take(dice.random_range(0..5)) {
        let event = ScoredEvent { kind: &rule.event, properties: &Value::Null, occurred_at: now() };
        _ = interest.fold(&rules, &event);
    }
    let status = terms.vocabulary.choose(dice).map(|status| status.key.clone()).unwrap_or_default();
    let track = terms.handoff.fast_tracks.choose(dice).map(|track| (track.key.clone(), now()));
    Lead {
        id: LeadId::new(now()),
        facts: serde_json::from_value(facts).unwrap(),
        consent: Consent { may_store: true, may_contact: true, ..Consent::default() },
        do_not_contact: false,
        stage: terms.stage_of(&status),
        status,
        status_since: now(),
        owner: None,
        cycles: 0,
        rest_until: None,
        fit: 0,
        good_fit: false,
        interest,
        hot_until: None,
        fast_track: track.filter(|_| dice.random()),
        judged_version: version.number,
        revision: 0,
        created_at: now(),
        updated_at: now(),
    }
}

/// Whatever the engine does by these terms, it can.
fn obey(terms: Terms, dice: &mut ChaCha8Rng) {
    let version = Version::of(2, terms).expect("a calendar that was accepted can be walked");
    let terms = &version.terms;
    let acts = &terms.jurisdictions.acts;
    assert_eq!(prose::document(terms).parts.len(), 10);
    assert_eq!(Terms::from_toml(&terms.to_toml()).as_ref().map(Terms::sha256), Ok(terms.sha256()));
    for (from, to, party) in [
        (&acts.offered, &acts.claimed, Party::Sales),
        (&acts.claimed, &acts.contacted, Party::Sales),
        (&acts.contacted, &acts.converted, Party::Sales),
        (&acts.offered, &acts.withdrawn, Party::Marketing),
        (&acts.entered, &acts.offered, Party::System),
    ] {
        terms.may_move(from, to, party).unwrap_or_else(|refusal| panic!("{refusal}"));
    }
    for reason in &terms.hand_back.reasons {
        for from in [&acts.claimed, &acts.contacted] {
            let moved = terms.may_move(from, &reason.target_status, Department::Sales.into());
            moved.unwrap_or_else(|refusal| panic!("{refusal}"));
        }
    }
    for _ in 0..4 {
        let lead = lead(&version, dice);
        let judgement = judge::judge(&version, &lead, false, now());
        if let Verdict::Offer(offer) = judgement.verdict {
            assert!(terms.queue(&offer.queue).is_some(), "{} is a queue", offer.queue);
            let claim = Deadline::claim(&version.calendar, &offer.promise, now());
            let contact = Deadline::contact(&version.calendar, &offer.promise, claim.due_at);
            assert!(
                now() <= claim.risk_at && claim.risk_at <= claim.due_at && claim.due_at <= contact.due_at
            );
            assert!(contact.due_at < now() + TimeDelta::days(200 * 366));
        }
    }
}

#[test]
fn whatever_terms_are_accepted_the_engine_can_obey_them() {
    let mut accepted: u64 = 0;
    for seed in 0..TRIES {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut tree = serde_json::to_value(Terms::default_agreement()).unwrap();
        for _ in 0..dice.random_range(1..6) {
            change(&mut tree, &mut dice);
        }
        let Ok(terms) = serde_json::from_value::<Terms>(tree) else { continue };
        if terms.validate().is_ok() {
            accepted += 1;
            obey(terms, &mut dice);
        }
    }
    assert!(accepted > TRIES / 5, "only {accepted} of {TRIES} were accepted");
}
