use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

const THETA: f64 = 50.0;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
}

fn rule(key: &str, event: &str, points: f64, cap: Option<f64>) -> InterestRule {
    InterestRule {
        key: key.into(),
        label: format!("Rule {key}"),
        event: event.into(),
        when: vec![],
        points,
        cap,
    }
}

/// Two rules for one kind, one of them conditional; capped and uncapped; a cap below the points.
fn rules() -> Vec<InterestRule> {
    let mut pricing = rule("pricing", "page_view", 15.0, Some(40.0));
    let url = Value::Text("/pricing".into());
    pricing.when = vec![Test { field: "property.url".into(), op: Op::StartsWith, value: Some(url) }];
    vec![
        rule("page", "page_view", 3.0, Some(12.0)),
        pricing,
        rule("demo", "demo_request", 60.0, None),
        rule("reply", "reply", 25.0, Some(20.0)),
    ]
}

/// Kind, whether the page is the pricing page, minutes since the start. Times collide on purpose.
type Given = (usize, bool, i64);

fn given() -> impl Strategy<Value = Vec<Given>> {
    prop::collection::vec((0usize..4, any::<bool>(), prop_oneof![0i64..20, 0i64..200_000]), 0..40)
}

const KINDS: [&str; 4] = ["page_view", "demo_request", "reply", "unheard_of"];

fn scored<'a>(given: &[Given], pages: &'a [Json; 2]) -> Vec<ScoredEvent<'a>> {
    given
        .iter()
        .map(|(kind, pricing, minutes)| ScoredEvent {
            kind: KINDS[*kind],
            properties: &pages[usize::from(*pricing)],
            occurred_at: at(*minutes),
        })
        .collect()
}

fn pages() -> [Json; 2] {
    [json!({ "url": "/blog" }), json!({ "url": "/Pricing?plan=team" })]
}

/// As intake does it: fold each as it arrives, replay what has arrived so far when asked to, and keep the
/// interest as JSON text in between.
fn one_by_one(rules: &InterestRules, arriving: &[ScoredEvent]) -> Interest {
    let mut interest = Interest::none();
    for (seen, event) in arriving.iter().enumerate() {
        if interest.fold(rules, event) == Folded::NeedsReplay {
            interest = Interest::replay(rules, &mut arriving[..=seen].to_vec());
        }
        interest = serde_json::from_str(&serde_json::to_string(&interest).unwrap()).unwrap();
    }
    interest
}

proptest! {
    #[test]
    fn folding_one_by_one_equals_evaluating_all_at_once_in_any_arrival_order(
        (given, arrival) in given().prop_flat_map(|given| (Just(given.clone()), Just(given).prop_shuffle())),
        half_life in 0.5f64..60.0,
    ) {
        let (list, pages) = (rules(), pages());
        let rules = InterestRules::new(&list, half_life);
        let batch = Interest::replay(&rules, &mut scored(&given, &pages));
        let folded = one_by_one(&rules, &scored(&arrival, &pages));
        prop_assert_eq!(folded.parts().len(), batch.parts().len());
        for (one, all) in folded.parts().iter().zip(batch.parts()) {
            prop_assert_eq!((&one.rule, one.count, one.last_at), (&all.rule, all.count, all.last_at));
            prop_assert!((one.points - all.points).abs() <= 1e-9, "{} is not {}", one.points, all.points);
        }
    }

    #[test]
    fn the_explanation_sums_to_the_interest(given in given(), later in 0i64..300_000) {
        let (list, pages) = (rules(), pages());
        let rules = InterestRules::new(&list, 14.0);
        let interest = Interest::replay(&rules, &mut scored(&given, &pages));
        let now = at(200_000 + later);
        let (lines, points) = (interest.lines(&rules, now), interest.points_at(&rules, now));
        prop_assert!((lines.iter().map(|line| line.points).sum::<f64>() - points).abs() < 1e-9);
        prop_assert!(lines.is_sorted_by(|a, b| a.points >= b.points));
        let counted = |pricing: bool| given.iter().filter(|given| given.0 == 0 && (!pricing || given.1)).count();
        let of = |key: &str| lines.iter().find(|line| line.rule == key).map_or(0, |line| line.count as usize);
        prop_assert_eq!((of("page"), of("pricing")), (counted(false), counted(true)));
    }

    #[test]
    fn ordering_by_hot_until_orders_by_interest(a in given(), b in given(), later in 0i64..100_000) {
        let (list, pages) = (rules(), pages());
        let rules = InterestRules::new(&list, 14.0);
        let a = Interest::replay(&rules, &mut scored(&a, &pages));
        let b = Interest::replay(&rules, &mut scored(&b, &pages));
        let now = at(200_000 + later);
        let (points_a, points_b) = (a.points_at(&rules, now), b.points_at(&rules, now));
        if (points_a - points_b).abs() > 1e-9 * points_a.max(points_b) {
            // None sorts last, as NULLS LAST does.
            prop_assert_eq!(points_a > points_b, a.hot_until(&rules, THETA) > b.hot_until(&rules, THETA));
        }
    }

    #[test]
    fn interest_is_high_until_the_instant_named_and_not_after(given in given()) {
        let (list, pages) = (rules(), pages());
        let rules = InterestRules::new(&list, 14.0);
        let interest = Interest::replay(&rules, &mut scored(&given, &pages));
        let Some(until) = interest.hot_until(&rules, THETA) else {
            prop_assert!(given.iter().all(|given| KINDS[given.0] == "unheard_of"));
            return Ok(());
        };
        prop_assert!((interest.points_at(&rules, until) - THETA).abs() < 1e-6);
        prop_assert!(interest.points_at(&rules, until - TimeDelta::milliseconds(1)) > THETA);
        prop_assert!(interest.points_at(&rules, until + TimeDelta::milliseconds(1)) < THETA);
        prop_assert_eq!(until.timestamp_subsec_nanos() % 1000, 0);
    }

    #[test]
    fn decay_never_raises_interest(given in given(), earlier in 0i64..500_000, later in 0i64..500_000) {
        let (list, pages) = (rules(), pages());
        let rules = InterestRules::new(&list, 14.0);
        let interest = Interest::replay(&rules, &mut scored(&given, &pages));
        let first = interest.points_at(&rules, at(200_000 + earlier));
        prop_assert!(interest.points_at(&rules, at(200_000 + earlier + later)) <= first);
    }

    #[test]
    fn no_part_ever_exceeds_its_cap(given in given()) {
        let (list, pages) = (rules(), pages());
        let rules = InterestRules::new(&list, 14.0);
        let mut interest = Interest::none();
        let mut events = scored(&given, &pages);
        events.sort_by_key(|event| event.occurred_at);
        for event in &events {
            prop_assert_ne!(interest.fold(&rules, event), Folded::NeedsReplay);
            for part in interest.parts() {
                let cap = list.iter().find(|rule| rule.key == part.rule).unwrap().cap;
                prop_assert!(cap.is_none_or(|cap| part.points <= cap));
            }
        }
    }
}

#[test]
fn points_halve_every_half_life_and_pile_up_to_the_cap() {
    let list = rules();
    let rules = InterestRules::new(&list, 1.0);
    let [blog, _] = pages();
    let view = |minutes| ScoredEvent { kind: "page_view", properties: &blog, occurred_at: at(minutes) };
    let mut interest = Interest::none();
    assert_eq!(interest.fold(&rules, &view(0)), Folded::Counted);
    assert_eq!(interest.points_at(&rules, at(0)), 3.0);
    assert_eq!(interest.points_at(&rules, at(24 * 60)), 1.5);
    assert_eq!(interest.fold(&rules, &view(24 * 60)), Folded::Counted);
    assert_eq!(interest.points_at(&rules, at(24 * 60)), 4.5);
    for _ in 0..10 {
        assert_eq!(interest.fold(&rules, &view(24 * 60)), Folded::Counted);
    }
    assert_eq!(interest.points_at(&rules, at(24 * 60)), 12.0);
}

#[test]
fn every_rule_that_matches_an_event_counts() {
    let list = rules();
    let rules = InterestRules::new(&list, 14.0);
    let [_, pricing] = pages();
    let mut interest = Interest::none();
    let event = ScoredEvent { kind: "page_view", properties: &pricing, occurred_at: at(0) };
    assert_eq!(interest.fold(&rules, &event), Folded::Counted);
    let lines = interest.lines(&rules, at(0));
    assert_eq!(
        lines.iter().map(|line| (line.rule.as_str(), line.points)).collect::<Vec<_>>(),
        [("pricing", 15.0), ("page", 3.0)]
    );
    assert_eq!((lines[0].label.as_str(), lines[0].event.as_str()), ("Rule pricing", "page_view"));
}

#[test]
fn an_event_that_no_rule_counts_changes_nothing() {
    let list = rules();
    let mut interest = Interest::none();
    let event = ScoredEvent { kind: "unsubscribe", properties: &Json::Null, occurred_at: at(0) };
    assert_eq!(interest.fold(&InterestRules::new(&list, 14.0), &event), Folded::NotCounted);
    assert_eq!(interest, Interest::none());
    assert_eq!(interest.hot_until(&InterestRules::new(&list, 14.0), THETA), None);
}

#[test]
fn a_late_event_asks_for_a_replay_and_leaves_the_interest_alone() {
    let list = rules();
    let rules = InterestRules::new(&list, 14.0);
    let demo =
        |minutes| ScoredEvent { kind: "demo_request", properties: &Json::Null, occurred_at: at(minutes) };
    let mut interest = Interest::none();
    assert_eq!(interest.fold(&rules, &demo(10)), Folded::Counted);
    let before = interest.clone();
    assert_eq!(interest.fold(&rules, &demo(9)), Folded::NeedsReplay);
    assert_eq!(interest, before);
    // Late for another rule's part alone, it can simply be counted.
    let reply = ScoredEvent { kind: "reply", properties: &Json::Null, occurred_at: at(9) };
    assert_eq!(interest.fold(&rules, &reply), Folded::Counted);
}

#[test]
fn extreme_times_saturate_instead_of_failing() {
    let list = [rule("tiny", "reply", 1e-300, None), rule("huge", "demo_request", 1000.0, None)];
    for (kind, when) in [("reply", DateTime::<Utc>::MIN_UTC), ("demo_request", DateTime::<Utc>::MAX_UTC)] {
        let rules = InterestRules::new(&list, 365.0);
        let mut interest = Interest::none();
        let event = ScoredEvent { kind, properties: &Json::Null, occurred_at: when };
        assert_eq!(interest.fold(&rules, &event), Folded::Counted);
        let until = interest.hot_until(&rules, 1e-9).unwrap();
        assert!((1..=9999).contains(&chrono::Datelike::year(&until)), "{until}");
        assert!(interest.points_at(&rules, DateTime::<Utc>::MIN_UTC).is_finite());
        assert!(interest.points_at(&rules, DateTime::<Utc>::MAX_UTC).is_finite());
    }
}
