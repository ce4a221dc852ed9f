use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::agreement::known::{KnownPersona, KnownRep};

fn now() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn known() -> Known {
    let rep = |name: &str| KnownRep { email: format!("{name}@example.com"), away_until: None };
    let persona =
        KnownPersona { id: Uuid::from_u128(7), key: "buyer".into(), name: "Buyer".into(), revision: 3 };
    let statuses = Terms::default_agreement().vocabulary;
    Known {
        reps: vec![rep("lena"), rep("omar")],
        personas: vec![persona],
        statuses: statuses.into_iter().map(|status| (status.key, status.label)).collect(),
        ..Known::default()
    }
}

/// The default agreement, changed at these places of its JSON.
fn changed(changes: &[(&str, Value)]) -> Terms {
    let mut terms = serde_json::to_value(Terms::default_agreement()).unwrap();
    for (at, value) in changes {
        let (parent, key) = at.rsplit_once('/').unwrap();
        match terms.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {at}")) {
            Value::Object(fields) => drop(fields.insert(key.to_owned(), value.clone())),
            Value::Array(items) if key == "-" => items.push(value.clone()),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("nothing can be put at {at}"),
        }
    }
    serde_json::from_value(terms).unwrap()
}

fn warnings(terms: &Terms, known: &Known) -> Vec<String> {
    let found = check(terms, known, now());
    let warnings = found.iter().filter(|finding| finding.severity == Severity::Warning);
    warnings.map(|finding| format!("{}: {}", finding.number, finding.problem)).collect()
}

/// Asserts that these changes give just this warning.
#[track_caller]
fn warns(changes: &[(&str, Value)], expected: &str) {
    assert_eq!(warnings(&changed(changes), &known()), [expected]);
}

#[test]
fn nothing_is_pointed_out_in_the_default_agreement() {
    assert_eq!(check(&Terms::default_agreement(), &known(), now()), []);
}

#[test]
fn what_validation_refuses_blocks_with_its_clause_and_its_place() {
    let found = check(&changed(&[("/routing/rules/1/queue", json!("vip"))]), &known(), now());
    let finding = &found[0];
    assert_eq!(
        (finding.severity, finding.number.as_str(), finding.anchor.as_str()),
        (Severity::Blocking, "7.5", "clause-7.5")
    );
    assert_eq!(finding.place, Place::parse("routing.rules.enterprise"));
    assert_eq!(finding.problem, "“vip” is not a queue of this agreement.");
    assert_eq!(finding.remedy, "Use one of inbound, enterprise, smb.");
    // Whatever is only doubtful comes after it.
    assert!(found[1..].iter().all(|finding| finding.severity == Severity::Warning), "{found:#?}");
}

#[test]
fn statuses_without_a_way_in_or_out_are_pointed_out() {
    let status = json!({ "key": "paused", "label": "Paused", "definition": "Waits.", "stage": "inquiry", "owner": "marketing" });
    let from = |from: &str, to: &str| json!({ "from": from, "to": to, "who": ["marketing"] });
    let vocabulary = ("/vocabulary/-", status);
    assert_eq!(
        warnings(&changed(std::slice::from_ref(&vocabulary)), &known()),
        ["1.12: “Paused” has no way out.", "1.12: “Paused” has no way in."]
    );
    warns(
        &[vocabulary.clone(), ("/jurisdictions/transitions/-", from("new", "paused"))],
        "1.12: “Paused” has no way out.",
    );
    warns(
        &[vocabulary, ("/jurisdictions/transitions/-", from("paused", "new"))],
        "1.12: “Paused” has no way in.",
    );
}

#[test]
fn a_stage_that_no_path_leads_to_is_pointed_out() {
    let mut terms = Terms::default_agreement();
    terms.jurisdictions.transitions.retain(|transition| transition.to != "customer");
    let said = warnings(&terms, &known());
    assert!(said.contains(&"1.9: No path leads from New to the stage “Customer”.".to_owned()), "{said:#?}");
}

#[test]
fn a_word_in_force_is_kept_or_retired() {
    let mut terms = Terms::default_agreement();
    terms.vocabulary.retain(|status| status.key != "recycled");
    let said = warnings(&terms, &known());
    assert!(
        said.contains(&"1: “Recycled” is in force but neither kept nor retired here.".to_owned()),
        "{said:#?}"
    );
}

#[test]
fn rules_that_cannot_match_are_pointed_out() {
    let both = json!([{ "field": "employees", "op": "at_least", "value": 500 }, { "field": "employees", "op": "at_most", "value": 10 }]);
    let exclude =
        |label: &str| format!("The tests of “{label}” exclude one another: nothing satisfies them all.");
    warns(&[("/fit/rules/0/when", both.clone())], &format!("3.1: {}", exclude("Decides about buying")));
    warns(
        &[("/routing/rules/1/when", both)],
        &format!("7.5: {}", exclude("Large companies go to the enterprise team")),
    );
    let known_and_blank =
        json!([{ "field": "property.url", "op": "is_known" }, { "field": "property.url", "op": "is_blank" }]);
    warns(
        &[("/interest/rules/1/when", known_and_blank)],
        &format!("4.3: {}", exclude("Visits a page about prices")),
    );
}

#[test]
fn a_routing_rule_that_an_earlier_one_shadows_is_pointed_out() {
    let rule = json!({ "key": "giants", "label": "Giants", "when": [{ "field": "employees", "op": "at_least", "value": 5000 }], "queue": "smb", "assign": "pull" });
    warns(
        &[("/routing/rules/-", rule)],
        "7.6: “Giants” never matches: “Large companies go to the enterprise team” before it takes all its leads.",
    );
}

#[test]
fn a_rule_for_leads_that_are_never_offered_is_pointed_out() {
    let parked = json!([{ "field": "category", "op": "is", "value": "low_interest_bad_fit" }]);
    // A fast track of any fit brings leads of every category.
    assert_eq!(
        warnings(&changed(&[("/routing/rules/1/when", parked.clone())]), &known()),
        Vec::<String>::new()
    );
    let mut terms = changed(&[("/routing/rules/1/when", parked)]);
    terms.handoff.fast_tracks.iter_mut().for_each(|track| track.good_fit_only = true);
    assert_eq!(
        warnings(&terms, &known()),
        ["7.5: “Large companies go to the enterprise team” waits for leads that are never offered."]
    );
}

#[test]
fn a_queue_needs_rules_and_people() {
    warns(
        &[("/routing/queues/-", json!({ "key": "vip", "label": "Very important" }))],
        "7.4: No rule leads to the queue “Very important”.",
    );
    let gone = ("/routing/queues/1/members", json!(["gone@example.com"]));
    assert_eq!(
        warnings(&changed(&[gone]), &known()),
        [
            "7.2: Nobody claims from the queue “Enterprise”: none of its members is active in Sales.",
            "7.2: “gone@example.com” is not an active user of Sales.",
        ]
    );
    let mut away = known();
    away.reps.iter_mut().for_each(|rep| rep.away_until = Some(now() + TimeDelta::days(3)));
    let said = warnings(&changed(&[("/routing/queues/1/members", json!(["lena@example.com"]))]), &away);
    assert!(
        said.iter().all(|said| said.contains("is away; the first is back on 26 Nov 2026")) && said.len() == 3,
        "{said:#?}"
    );
    away.reps[1].away_until = Some(now() - TimeDelta::days(1));
    assert_eq!(warnings(&Terms::default_agreement(), &away), Vec::<String>::new());
}

#[test]
fn an_outdated_revision_of_a_persona_is_pointed_out() {
    let at = |revision: u32| {
        [("/fit/rules/0/persona", json!("buyer")), ("/fit/rules/0/persona_revision", json!(revision))]
    };
    warns(
        &at(1),
        "3.1: “Decides about buying” was written for revision 1 of the persona “Buyer”, which is at revision 3 now.",
    );
    assert_eq!(warnings(&changed(&at(3)), &known()), Vec::<String>::new());
}

#[test]
fn rules_that_count_the_same_twice_are_pointed_out() {
    let again = json!({ "key": "again", "label": "Known company", "when": [{ "field": "company", "op": "is_known" }], "points": 7 });
    warns(&[("/fit/rules/-", again)], "3.15: “Known company” asks the same as “Company is known”.");
    let track = json!({ "key": "again", "label": "Demo again", "event": "demo_request", "when": [{ "field": "property.url", "op": "is_known" }], "valid_days": 30, "good_fit_only": true });
    warns(
        &[("/handoff/fast_tracks/-", track)],
        "6.6: “Demo again” is never taken: “Asked for a demo” before it takes all its events.",
    );
}

#[test]
fn deadlines_have_to_fit_the_calendar() {
    warns(
        &[("/service_levels/default/claim_within_minutes", json!(2401))],
        "8.3: The time for claiming of what holds otherwise is 40.0 hours, longer than the 40 hours that a whole week is open.",
    );
    assert_eq!(
        warnings(&changed(&[("/service_levels/default/claim_within_minutes", json!(2400))]), &known()),
        Vec::<String>::new()
    );
    warns(
        &[("/service_levels/levels/0/promise/claim_within_minutes", json!(4))],
        "8.1: The time for claiming of “Asked for us” is 4 business minutes.",
    );
    // From Friday 17:00 to Monday 9:00.
    warns(
        &[("/service_levels/levels/0/promise/attempts_over_days", json!(2))],
        "8.1: The attempts of “Asked for us” are due within 2 days, and the calendar is closed for 64 hours on end.",
    );
    assert_eq!(
        warnings(&changed(&[("/service_levels/levels/0/promise/attempts_over_days", json!(3))]), &known()),
        Vec::<String>::new()
    );
}

#[test]
fn a_calendar_that_stays_closed_or_knows_no_holiday_to_come_is_pointed_out() {
    let days = now().date_naive().iter_days().take(15);
    let closed: Vec<Value> = days.map(|date| json!({ "date": date, "name": "Winter rest" })).collect();
    let said = warnings(&changed(&[("/calendar/holidays", json!(closed))]), &known());
    assert_eq!(said, ["10: The calendar is closed for the whole of the next 14 days."]);
    let past = json!([{ "date": "2025-12-25", "name": "Christmas Day" }]);
    let said = warnings(&changed(&[("/calendar/holidays", past)]), &known());
    assert!(said[0].contains("The last holiday that the calendar knows was 25 Dec 2025."), "{said:#?}");
}

#[test]
fn a_level_for_leads_that_are_never_handed_off_is_pointed_out() {
    let mut terms = Terms::default_agreement();
    terms.service_levels.levels[1].category = Some(CategoryKey::LowInterestBadFit);
    terms.service_levels.levels[1].fast_track = Some(false);
    assert_eq!(
        warnings(&terms, &known()),
        [
            "8.2: “High interest and good fit” never holds: leads of the category “Low interest / Bad fit” are never handed off."
        ]
    );
}

#[test]
fn ways_back_have_to_agree_with_the_times_of_part_6() {
    warns(
        &[("/hand_back/reasons/3/nurture_days", json!(7))],
        "9.4: “Interested, but not now” nurtures for 7 days, but every lead rests for 14.",
    );
    warns(
        &[("/handoff/max_cycles", json!(1))],
        "6.3: A lead is offered once at most, yet leads are recycled.",
    );
}
