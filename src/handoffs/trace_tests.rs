use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::agreement::terms::Terms;
use crate::handoffs::judge::Verdict;
use crate::kernel::ids::LeadId;
use crate::leads::Consent;

fn now() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn version() -> Version {
    Version::of(2, Terms::default_agreement()).unwrap()
}

fn lead(facts: Value) -> Lead {
    Lead {
        id: LeadId::new(now()),
        facts: serde_json::from_value(facts).unwrap(),
        consent: Consent { may_store: true, may_contact: true, ..Consent::default() },
        do_not_contact: false,
        status: "new".into(),
        stage: crate::agreement::terms::Stage::Inquiry,
        status_since: now(),
        owner: None,
        cycles: 0,
        rest_until: None,
        fit: 0,
        good_fit: false,
        interest: Interest::none(),
        hot_until: None,
        fast_track: None,
        judged_version: 1,
        revision: 0,
        created_at: now(),
        updated_at: now(),
    }
}

fn known() -> Value {
    json!({ "name": "Ada", "email": "ada@acme.example", "company": "Acme", "seniority": "director", "employees": 700 })
}

#[test]
fn a_lead_that_asked_for_a_demo_goes_by_the_fast_track_and_the_rule_after_it_is_not_tried() {
    let mut lead = lead(known());
    lead.fast_track = Some(("demo_request".into(), now() - TimeDelta::days(1)));
    let trace = trace(&version(), &lead, false, now());
    assert!(trace.is_offered());
    assert_eq!(
        trace.fast_track,
        TrackTried::Open { label: "Asked for a demo".into(), until: now() + TimeDelta::days(13) }
    );
    let outcomes: Vec<_> = trace.routing.iter().map(|rule| rule.outcome.clone()).collect();
    assert_eq!(outcomes, [Outcome::Holds, Outcome::NotTried]);
    assert_eq!((trace.offer.queue.as_str(), trace.level.as_str()), ("inbound", "service_levels.levels[0]"));
    assert_eq!(trace.claim.due_at, now() + TimeDelta::minutes(15));
}

#[test]
fn a_rule_that_fails_names_its_first_failing_test_and_what_it_saw() {
    let trace = trace(&version(), &lead(json!({ "name": "Ada", "employees": 20 })), false, now());
    let rule = &trace.routing[1];
    let outcome = Outcome::Fails { test: "employees is at least 500".into(), saw: "20".into() };
    assert_eq!((rule.path.as_str(), &rule.outcome), ("routing.rules[1]", &outcome));
    assert_eq!(
        trace.fit_rules[0].outcome,
        Outcome::Fails { test: trace_test(&trace, 0), saw: "unknown".into() }
    );
    assert!(!trace.is_due() && !trace.is_offered());
    // What would stand against it is said all the same.
    let packet = trace.holds[0].hold.as_ref().unwrap();
    assert_eq!(*packet, Hold::MissingFields(vec!["email".into(), "company".into()]));
}

fn trace_test(trace: &Trace, rule: usize) -> String {
    match &trace.fit_rules[rule].outcome {
        Outcome::Fails { test, .. } => test.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_version_that_never_judged_a_lead_counts_its_events_and_moves_it_out_of_a_retired_status() {
    let mut terms = Terms::default_agreement();
    terms.vocabulary.retain(|status| status.key != "recycled");
    terms.retired_statuses = vec![
        serde_json::from_value(json!({ "key": "recycled", "label": "Recycled", "to": "nurturing" })).unwrap(),
    ];
    let version = Version::of(3, terms).unwrap();
    let mut stored = lead(known());
    stored.status = "recycled".into();
    let nothing = json!({});
    let mut events = [ScoredEvent { kind: "reply", properties: &nothing, occurred_at: now() }];
    let seen = seen_by(&version, &stored, &mut events);
    assert_eq!(seen.status, "nurturing");
    assert_eq!(seen.interest.points_at(&version.terms.interest.scoring(), now()), 25.0);
}

prop_compose! {
    fn leads()(
        seniority in prop::sample::select(vec![None, Some("director"), Some("intern"), Some("manager")]),
        employees in prop::option::of(0i64..2000), company in prop::option::of(Just("Acme")), email in prop::option::of(Just("a@b.example")),
        status in prop::sample::select(vec!["new", "recycled", "handed_off", "disqualified", "gone"]),
        track in prop::option::of((prop::sample::select(vec!["demo_request", "meeting_booked", "other"]), 0i64..30)),
        events in prop::collection::vec((prop::sample::select(vec!["reply", "page_view", "webinar_attended"]), 0i64..40), 0..6),
        (may_contact, do_not_contact) in (any::<bool>(), prop::bool::weighted(0.2)),
        cycles in 0i32..5, rest in prop::option::weighted(0.3, -5i64..5),
    ) -> Lead {
        let mut lead = lead(json!({ "name": "Ada", "seniority": seniority, "employees": employees, "company": company, "email": email }));
        lead.status = status.into();
        lead.fast_track = track.map(|(key, days)| (key.to_owned(), now() - TimeDelta::days(days)));
        (lead.consent.may_contact, lead.do_not_contact, lead.cycles) = (may_contact, do_not_contact, cycles);
        lead.rest_until = rest.map(|days| now() + TimeDelta::days(days));
        let nothing = json!({});
        let mut events: Vec<_> = events.iter().map(|(kind, days)| ScoredEvent { kind, properties: &nothing, occurred_at: now() - TimeDelta::days(*days) }).collect();
        seen_by(&version(), &lead, &mut events)
    }
}

proptest! {
    #[test]
    fn the_steps_lead_to_the_judgement(lead in leads(), has_open in prop::bool::weighted(0.2), good_fit_only in any::<bool>()) {
        let mut version = version();
        version.terms.handoff.fast_tracks[0].good_fit_only = good_fit_only;
        let trace = trace(&version, &lead, has_open, now());
        let judgement = crate::handoffs::judge::judge(&version, &lead, has_open, now());
        prop_assert_eq!(&trace.judgement, &judgement);
        prop_assert_eq!(trace.fit.points, judgement.fit);
        let points: i32 = trace.fit_rules.iter().filter(|rule| rule.outcome == Outcome::Holds).map(|rule| i32::from(rule.points.unwrap())).sum();
        prop_assert_eq!(points.clamp(0, 100), i32::from(judgement.fit));
        let stand: Vec<Hold> = trace.holds.iter().filter_map(|tried| tried.hold.clone()).collect();
        let verdict = match (has_open, trace.is_due(), stand.is_empty()) {
            (true, ..) => Verdict::AlreadyOpen,
            (false, false, _) => Verdict::NotDue(trace.route),
            (false, true, false) => Verdict::Held(stand),
            (false, true, true) => Verdict::Offer(trace.offer.clone()),
        };
        prop_assert_eq!(trace.is_offered(), matches!(verdict, Verdict::Offer(_)));
        prop_assert_eq!(verdict, judgement.verdict);
        let won = trace.routing.iter().position(|rule| rule.outcome == Outcome::Holds);
        let rule = won.map(|at| version.terms.routing.rules[at].key.clone());
        prop_assert_eq!(rule, trace.offer.routing_rule);
    }
}
