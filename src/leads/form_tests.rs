use serde_json::json;

use super::*;
use crate::agreement::terms::Stage;
use crate::kernel::ids::LeadId;
use crate::scoring::Interest;

const CAMPAIGN: Uuid = Uuid::from_u128(1);
const PERSONA: Uuid = Uuid::from_u128(2);

fn options() -> Options {
    let field = |key: &str, kind| CustomField { key: key.into(), label: format!("The {key}"), kind };
    Options {
        campaigns: vec![(CAMPAIGN, "Spring fair".into())],
        personas: vec![(PERSONA, "Buyer".into())],
        custom: vec![
            field("plan", CustomKind::Text),
            field("seats", CustomKind::Number),
            field("trial", CustomKind::Bool),
            field("renewal", CustomKind::Date),
        ],
    }
}

fn lead() -> Lead {
    let at = "2026-11-23T10:00:00Z".parse().unwrap();
    let facts = json!({
        "name": "Anna Meyer", "email": "anna@example.com", "phone": "+4930901820", "title": "CTO", "seniority": "director", "company": "Example GmbH",
        "domain": "example.com", "industry": "Software", "employees": 250, "country": "Germany", "city": "Berlin", "source": "trade fair",
        "campaign": CAMPAIGN, "persona": PERSONA, "first_touch": { "source": "ads", "marketing_tactic": "prospecting" }, "last_touch": { "medium": "email" },
        "custom": { "plan": "team", "seats": 12.5, "trial": false, "renewal": "2027-01-31" },
    });
    Lead {
        id: LeadId(Uuid::nil()),
        facts: serde_json::from_value(facts).unwrap(),
        consent: Consent {
            may_store: true,
            may_contact: false,
            basis: Some("consent".into()),
            source: Some("fair form".into()),
            at: "2026-03-01T23:00:00Z".parse().ok(),
        },
        do_not_contact: true,
        status: "new".into(),
        stage: Stage::Inquiry,
        status_since: at,
        owner: None,
        cycles: 0,
        rest_until: None,
        fit: 0,
        good_fit: false,
        interest: Interest::none(),
        hot_until: None,
        fast_track: None,
        judged_version: 1,
        revision: 3,
        created_at: at,
        updated_at: at,
    }
}

#[test]
fn saving_a_form_untouched_changes_nothing() {
    let lead = lead();
    let checked = Typed::of(&lead, Tz::Europe__Berlin).check(&options(), Tz::Europe__Berlin).unwrap();
    assert_eq!(checked.facts, lead.facts);
    assert_eq!(checked.consent, lead.consent);
    assert!(checked.do_not_contact);
    assert_eq!(checked.identities.len(), 2);
}

#[test]
fn what_the_form_cannot_show_is_kept() {
    let mut stored = lead();
    stored.facts.custom.insert("legacy_id".into(), json!(77));
    stored.consent.at = "2026-03-02T14:30:00Z".parse().ok();
    let mut checked = Typed::of(&stored, Tz::Europe__Berlin).check(&options(), Tz::Europe__Berlin).unwrap();
    assert!(!checked.facts.custom.contains_key("legacy_id"));
    checked.keep(&stored, &options(), Tz::Europe__Berlin);
    assert_eq!((checked.facts, checked.consent), (stored.facts, stored.consent));
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let wrong = [
        ("email", "anna"),
        ("employees", "many"),
        ("campaign", "x"),
        ("persona", "y"),
        ("custom.seats", "a few"),
        ("custom.trial", "perhaps"),
        ("custom.renewal", "soon"),
        ("consent_at", "once"),
        ("first_touch.term", "a\u{0}b"),
    ];
    let typed =
        Typed::new(wrong.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    let errors = typed.check(&options(), Tz::UTC).unwrap_err();
    for (name, value) in wrong {
        let problem = errors.get(name).unwrap_or_else(|| panic!("{name} is not refused"));
        assert!(problem.contains(value.split('\u{0}').next().unwrap()), "{problem}");
    }
}

#[test]
fn an_empty_form_says_what_it_needs() {
    let errors = Typed::blank().check(&Options::default(), Tz::UTC).unwrap_err();
    assert!(errors.get("").unwrap().contains("at least a name"));
}

#[test]
fn a_fingerprint_tells_any_changed_field() {
    let before = Typed::of(&lead(), Tz::UTC);
    let mut other = lead();
    (other.revision, other.fit, other.owner) = (9, 80, Some(crate::kernel::ids::UserId(Uuid::nil())));
    assert_eq!(Typed::of(&other, Tz::UTC).fingerprint(), before.fingerprint());
    other.facts.last_touch.term = Some("crm".into());
    assert_ne!(Typed::of(&other, Tz::UTC).fingerprint(), before.fingerprint());
}

#[test]
fn two_forms_are_compared_in_the_words_of_people() {
    let stored = Typed::of(&lead(), Tz::UTC);
    let mut mine = stored.clone();
    mine.0.insert("title".into(), "CEO".into());
    mine.0.insert("campaign".into(), String::new());
    mine.0.insert("custom.plan".into(), " team ".into());
    mine.0.remove("do_not_contact");
    let expected =
        [("Title", "CEO", "CTO"), ("Campaign", "", "Spring fair"), ("Do not contact", "no", "yes")];
    assert_eq!(
        mine.difference(&stored, &options()),
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
    );
}
