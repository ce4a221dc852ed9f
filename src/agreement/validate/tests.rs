use serde_json::{Value, json};

use super::*;

/// What is found when the default agreement is changed at these places.
pub(super) fn found(changes: &[(&str, Value)]) -> Vec<String> {
    let mut terms = serde_json::to_value(Terms::default_agreement()).unwrap();
    for (at, value) in changes {
        let (parent, key) = at.rsplit_once('/').unwrap();
        let parent = terms.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {at}"));
        match parent {
            Value::Object(fields) => drop(fields.insert(key.to_owned(), value.clone())),
            Value::Array(items) if key == "-" => items.push(value.clone()),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("nothing can be put at {at}"),
        }
    }
    let terms: Terms = serde_json::from_value(terms).unwrap();
    terms.validate().err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// Asserts that one change makes one problem, whose sentence begins so.
#[track_caller]
pub(super) fn refused(at: &str, value: Value, sentence: &str) {
    let found = found(&[(at, value)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(sentence), "{}", found[0]);
}

#[test]
fn the_default_agreement_is_sound() {
    assert_eq!(Terms::default_agreement().validate(), Ok(()));
}

#[test]
fn an_error_is_a_sentence_with_clause_value_problem_and_remedy() {
    let errors = found(&[("/routing/rules/1/queue", json!("vip"))]);
    assert_eq!(
        errors,
        [
            "7. routing.rules[1].queue: “vip” is not a queue of this agreement; use one of inbound, enterprise, smb."
        ]
    );
}

#[test]
fn texts_and_keys_are_bounded() {
    refused("/title", json!("  "), "title: “  ” says nothing");
    refused("/purpose", json!("x".repeat(5001)), "purpose: “xxx");
    refused(
        "/routing/queues/0/label",
        json!("a\u{7}b"),
        "7. routing.queues[0].label: “a\u{7}b” holds a control character",
    );
    refused("/vocabulary/2/definition", json!(""), "1. vocabulary[2].definition: “” says nothing");
    refused("/fit/rules/0/key", json!("Big Fish"), "3. fit.rules[0].key: “Big Fish” is not a key");
    refused("/fit/rules/0/key", json!("prepares"), "3. fit.rules[2].key: “prepares” is used twice");
    refused("/hand_back/reasons/1/label", json!("no budget this PERIOD"), "9. hand_back.reasons[4].label");
    let rule = serde_json::to_value(&Terms::default_agreement().fit.rules[0]).unwrap();
    let many: Vec<_> = (0..201)
        .map(|n| {
            let mut rule = rule.clone();
            rule["key"] = json!(format!("r{n}"));
            rule["label"] = json!(format!("Rule {n}"));
            rule
        })
        .collect();
    refused("/fit/rules", json!(many), "3. fit.rules: “201” are too many; keep 200 at most");
}

#[test]
fn acts_lead_to_statuses_of_their_stage() {
    let errors = found(&[("/jurisdictions/acts/won", json!("gone"))]);
    assert!(
        errors[0].starts_with(
            "2. jurisdictions.acts.won: “gone” is not a status of the vocabulary; use one of new"
        )
    );
    let errors = found(&[("/jurisdictions/acts/claimed", json!("recycled"))]);
    assert!(errors[0].starts_with(
        "2. jurisdictions.acts.claimed: “recycled” is not of the stage sal; use one of accepted, working"
    ));
}

#[test]
fn every_act_of_the_engine_keeps_its_way() {
    // Taking any party from any transition is either harmless or named by the check; the ways that the
    // product goes are all among the latter.
    let terms = Terms::default_agreement();
    let mut guarded = vec![];
    for (at, transition) in terms.jurisdictions.transitions.iter().enumerate() {
        for party in &transition.who {
            let mut without = terms.clone();
            let who = &mut without.jurisdictions.transitions[at].who;
            who.retain(|other| other != party);
            if who.is_empty() {
                without.jurisdictions.transitions.remove(at);
            }
            if without.validate().is_err() {
                guarded.push(format!("{} {} {}", party.label(), transition.from, transition.to));
            }
        }
    }
    let expected = "the system new marketing_qualified
        the system new handed_off
        the system nurturing handed_off
        the system recycled handed_off
        the system marketing_qualified handed_off
        Sales handed_off accepted
        Marketing handed_off nurturing
        Sales accepted working
        the system accepted handed_off
        Sales accepted nurturing
        Sales accepted recycled
        Sales accepted disqualified
        Sales working nurturing
        Sales working recycled
        the system working recycled
        Sales working disqualified
        Sales working sales_qualified
        Sales sales_qualified customer
        Sales sales_qualified closed_lost";
    assert_eq!(guarded, expected.lines().map(str::trim).collect::<Vec<_>>());
}

#[test]
fn transitions_are_listed_once_between_two_statuses_for_somebody() {
    let transition = |from: &str, to: &str, who: &[&str]| json!({ "from": from, "to": to, "who": who });
    let add = "/jurisdictions/transitions/-";
    refused(
        add,
        transition("new", "gone", &["sales"]),
        "2. jurisdictions.transitions[32].to: “gone” is not a status",
    );
    refused(
        add,
        transition("new", "new", &["sales"]),
        "2. jurisdictions.transitions[32]: “new” leads to itself",
    );
    refused(
        add,
        transition("new", "nurturing", &["sales"]),
        "2. jurisdictions.transitions[32]: “new → nurturing” is listed twice",
    );
    refused(
        add,
        transition("new", "recycled", &[]),
        "2. jurisdictions.transitions[32].who: “[]” names nobody",
    );
    refused(
        add,
        transition("new", "recycled", &["sales", "sales"]),
        "2. jurisdictions.transitions[32].who: “Sales” is named twice",
    );
    refused(
        "/jurisdictions/transitions/3/requires",
        json!(["shoe_size"]),
        "2. jurisdictions.transitions[3].requires[0]: “shoe_size” is not a field of a lead",
    );
    refused(
        "/jurisdictions/transitions/2/requires",
        json!(["phone"]),
        "2. jurisdictions.transitions: “new → handed_off” requires fields that the system cannot fill in",
    );
    refused(
        "/jurisdictions/transitions/15/reason",
        json!(true),
        "2. jurisdictions.transitions: “handed_off → accepted” asks for a reason",
    );
}

#[test]
fn scores_have_bounds_that_can_be_reached() {
    refused("/fit/rules/0/points", json!(0), "3. fit.rules[0].points: “0” changes nothing");
    refused(
        "/fit/rules/0/points",
        json!(101),
        "3. fit.rules[0].points: “101” is out of bounds; use -100 to 100",
    );
    refused("/interest/half_life_days", json!(0), "4. interest.half_life_days: “0” is out of bounds");
    refused("/interest/half_life_days", json!(365.5), "4. interest.half_life_days: “365.5” is out of bounds");
    refused(
        "/interest/half_life_days",
        json!(0.001),
        "4. interest.half_life_days: “0.001” has too many decimals",
    );
    refused("/interest/rules/0/points", json!(-1), "4. interest.rules[0].points: “-1” is out of bounds");
    refused(
        "/interest/rules/0/cap",
        json!(1),
        "4. interest.rules[0].cap: “1” is below the points of one event; raise the cap to 2",
    );
    refused(
        "/interest/rules/0/event",
        json!("Page View"),
        "4. interest.rules[0].event: “Page View” is not a key",
    );
    refused("/categories/fit_good", json!(101), "5. categories.fit_good: “101” is out of bounds");
    refused("/categories/interest_high", json!(0), "5. categories.interest_high: “0” is out of bounds");
    refused(
        "/categories/interest_high",
        json!(90_000),
        "5. categories.interest_high: “90000” cannot be exceeded",
    );
    let rule = serde_json::to_value(&Terms::default_agreement().fit.rules[0]).unwrap();
    refused(
        "/fit/rules",
        json!([rule]),
        "5. categories.fit_good: “50” cannot be reached: all fit rules together give 35 points",
    );
    refused(
        "/categories/low_interest_bad_fit/label",
        json!("High interest / Low fit"),
        "5. categories.low_interest_bad_fit.label",
    );
    let errors = found(&[
        ("/categories/high_interest_good_fit/route", json!("park")),
        ("/handoff/fast_tracks", json!([])),
    ]);
    assert_eq!(
        errors,
        [
            "5. categories: “route” never hands a lead off; route one category to hand_off, or add a fast track in part 6."
        ]
    );
}

#[test]
fn numbers_that_are_none_are_refused() {
    let mut terms = Terms::default_agreement();
    terms.interest.half_life_days = f64::NAN;
    terms.interest.rules[0].points = f64::INFINITY;
    terms.categories.interest_high = f64::NAN;
    let errors = terms.validate().unwrap_err();
    let clauses: Vec<_> = errors.iter().map(|error| error.clause.as_str()).collect();
    assert!(
        clauses.contains(&"4. interest.half_life_days") && clauses.contains(&"4. interest.rules[0].points")
    );
    assert!(clauses.contains(&"5. categories.interest_high"));
}

#[test]
fn handing_off_and_routing_have_no_dead_end() {
    refused("/handoff/max_cycles", json!(0), "6. handoff.max_cycles: “0” is out of bounds; use 1 to 1000");
    refused(
        "/handoff/packet_fields/-",
        json!("shoe_size"),
        "6. handoff.packet_fields[3]: “shoe_size” is not a field of a lead",
    );
    refused(
        "/handoff/packet_fields/-",
        json!("email"),
        "6. handoff.packet_fields[3]: “email” is named twice",
    );
    refused(
        "/handoff/fast_tracks/0/valid_days",
        json!(0),
        "6. handoff.fast_tracks[0].valid_days: “0” is out of bounds",
    );
    refused("/routing/fallback_queue", json!("vip"), "7. routing.fallback_queue: “vip” is not a queue");
    refused("/routing/capacity_per_rep", json!(0), "7. routing.capacity_per_rep: “0” is out of bounds");
    refused("/routing/rules/0/when", json!([]), "7. routing.rules[0].when: “[]” holds of every lead");
}

#[test]
fn service_levels_have_bounds_and_each_can_hold() {
    refused(
        "/service_levels/default/claim_within_minutes",
        json!(0),
        "8. service_levels.default.claim_within_minutes: “0”",
    );
    refused(
        "/service_levels/default/at_risk_percent",
        json!(100),
        "8. service_levels.default.at_risk_percent: “100” is out of bounds; use 1 to 99",
    );
    refused(
        "/service_levels/levels/0/promise/attempts",
        json!(0),
        "8. service_levels.levels[0].promise.attempts: “0”",
    );
    refused(
        "/service_levels/levels/0/queue",
        json!("vip"),
        "8. service_levels.levels[0].queue: “vip” is not a queue",
    );
    refused(
        "/service_levels/levels/0/fast_track",
        json!(null),
        "8. service_levels.levels[1]: “hot_good_fit” never holds, for “fast_track” before it",
    );
    refused(
        "/service_levels/default/escalation/-",
        json!({ "when": "at_risk", "act": "notify_rep" }),
        "8. service_levels.default.escalation[2]",
    );
    refused(
        "/service_levels/marketing/answer_within_minutes",
        json!(0),
        "8. service_levels.marketing.answer_within_minutes",
    );
}

#[test]
fn hand_back_reasons_lead_where_their_kind_belongs() {
    let nowhere =
        found(&[("/hand_back/reasons", json!([])), ("/hand_back/auto_return_after_attempts", json!(null))]);
    assert_eq!(
        nowhere,
        ["9. hand_back.reasons: “[]” leaves sales no way to hand back; add at least one reason."]
    );
    refused(
        "/hand_back/reasons/0/target_status",
        json!("disqualified"),
        "9. hand_back.reasons[0].target_status: “disqualified” is not of the stage inquiry",
    );
    refused(
        "/hand_back/reasons/7/target_status",
        json!("gone"),
        "9. hand_back.reasons[7].target_status: “gone” is not a status",
    );
    refused(
        "/hand_back/reasons/3/nurture_days",
        json!(null),
        "9. hand_back.reasons[3].nurture_days: “” is missing",
    );
    refused(
        "/hand_back/reasons/3/nurture_days",
        json!(0),
        "9. hand_back.reasons[3].nurture_days: “0” is out of bounds",
    );
    refused(
        "/hand_back/reasons/0/nurture_days",
        json!(9),
        "9. hand_back.reasons[0].nurture_days: “9” is only for recycled leads",
    );
    refused(
        "/hand_back/auto_return_after_attempts",
        json!(0),
        "9. hand_back.auto_return_after_attempts: “0” is out of bounds",
    );
}

#[test]
fn the_calendar_is_open_an_hour_a_week() {
    refused(
        "/calendar/hours",
        json!({ "monday": [{ "from": "09:00", "to": "09:59" }] }),
        "10. calendar.hours: “59 minutes” of work a week are too few",
    );
    refused(
        "/calendar/hours/monday/0/to",
        json!("08:00"),
        "10. calendar.hours.monday[0]: “09:00 to 08:00” ends before it begins",
    );
    refused(
        "/calendar/hours/monday/-",
        json!({ "from": "16:00", "to": "18:00" }),
        "10. calendar.hours.monday[1]: “16:00 to 18:00” overlaps",
    );
    refused(
        "/calendar/holidays/-",
        json!({ "date": "2026-12-25", "name": "Again" }),
        "10. calendar.holidays[8].date: “2026-12-25” is a holiday already",
    );
    refused("/calendar/holidays/0/name", json!(""), "10. calendar.holidays[0].name: “” says nothing");
    assert_eq!(found(&[("/calendar/hours/sunday", json!([{ "from": "00:00", "to": "24:00" }]))]), [""; 0]);
}
