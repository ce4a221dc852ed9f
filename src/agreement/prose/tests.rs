use serde_json::{Value, json};

use super::*;

/// The default agreement with everything in it that may be left out.
fn complete() -> Value {
    let mut terms = serde_json::to_value(Terms::default_agreement()).unwrap();
    terms["fit"]["rules"][0]["persona"] = json!("head_of_sales");
    terms["fit"]["rules"][0]["persona_revision"] = json!(2);
    terms["retired_statuses"] = json!([{ "key": "cold", "label": "Cold", "to": "nurturing" }]);
    terms["routing"]["queues"][0]["members"] = json!(["anna@example.com"]);
    terms["routing"]["acknowledge_to_claim"] = json!(true);
    terms["jurisdictions"]["transitions"][0]["requires"] = json!(["email", "custom.plan"]);
    terms["handoff"]["fast_tracks"][0]["when"] = json!([{ "field": "property.budget", "op": "is_known" }]);
    terms["service_levels"]["levels"][0]["queue"] = json!("inbound");
    terms["service_levels"]["levels"][0]["category"] = json!("high_interest_low_fit");
    let route = json!([
        { "field": "fast_track", "op": "is", "value": "demo_request" },
        { "field": "category", "op": "is_one_of", "value": ["high_interest_good_fit", "high_interest_low_fit"] },
        { "field": "custom.trial", "op": "is_not", "value": true },
    ]);
    terms["routing"]["rules"][0]["when"] = route;
    terms
}

fn read(terms: &Value) -> Option<Document> {
    serde_json::from_value::<Terms>(terms.clone()).ok().map(|terms| document(&terms))
}

/// Every value that can be changed, as JSON pointers, containers included.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(key, value)| pointers(value, &format!("{at}/{key}"), found));
        }
        _ => {}
    }
}

/// Other values of the same type; the reader keeps the first that the terms can hold.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(truth) => vec![json!(!truth)],
        Value::Number(number) => match number.as_i64() {
            Some(number) => vec![json!(number + 1)],
            None => vec![json!(number.as_f64().unwrap() + 1.0)],
        },
        Value::String(text) => {
            let words = "marketing sales system inquiry mql sal sql is is_not hand_off nurture at_risk breached notify_rep \
                         notify_manager reject recycle high_interest_good_fit low_interest_bad_fit 08:07 2031-02-03 Asia/Tokyo";
            let words = words.split_whitespace().filter(|word| word != text);
            std::iter::once(format!("{text}x")).chain(words.map(str::to_owned)).map(Value::String).collect()
        }
        _ => vec![],
    }
}

#[test]
fn every_field_of_the_terms_changes_the_text() {
    let terms = complete();
    let original = read(&terms).unwrap();
    let mut all = vec![];
    pointers(&terms, "", &mut all);
    let leaves: Vec<_> = all.iter().filter(|at| !others(terms.pointer(at).unwrap()).is_empty()).collect();
    assert!(leaves.len() > 500, "{}", leaves.len());
    for at in leaves {
        // A queue's reps claim: there is no other way to assign yet.
        if at.ends_with("/assign") {
            continue;
        }
        let changed = others(terms.pointer(at).unwrap()).into_iter().find_map(|other| {
            let mut terms = terms.clone();
            *terms.pointer_mut(at).unwrap() = other;
            read(&terms)
        });
        let changed = changed.unwrap_or_else(|| panic!("no other value can stand at {at}"));
        assert_ne!(changed, original, "{at} can change unseen");
    }
}

#[test]
fn whatever_is_left_out_changes_the_text() {
    let terms = complete();
    let original = read(&terms).unwrap();
    let mut all = vec![];
    pointers(&terms, "", &mut all);
    let mut left_out = 0;
    for at in all.iter().filter(|at| !at.is_empty()) {
        let (parent, key) = at.rsplit_once('/').unwrap();
        let mut without = terms.clone();
        match without.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.remove(key)),
            Value::Array(items) => drop(items.remove(key.parse().unwrap())),
            _ => unreachable!("only containers have members"),
        }
        if let Some(document) = read(&without) {
            left_out += 1;
            assert_ne!(document, original, "{at} can be left out unseen");
        }
    }
    assert!(left_out > 150, "{left_out}");
}

#[test]
fn clauses_are_numbered_in_their_part_and_found_by_path() {
    let document = document(&Terms::default_agreement());
    assert_eq!(
        document.parts.iter().map(|part| part.number).collect::<Vec<_>>(),
        (1..=10).collect::<Vec<_>>()
    );
    for part in &document.parts {
        for (at, clause) in part.clauses.iter().enumerate() {
            assert_eq!(clause.number, format!("{}.{}", part.number, at + 1));
            assert_eq!(document.clause(&clause.path), Some(clause));
        }
    }
    let number = |path: &str| document.clause(path).map(|clause| clause.number.as_str());
    assert_eq!(number("routing.rules[1].queue"), Some("7.5"));
    assert_eq!(number("vocabulary[10].label"), Some("1.11"));
    assert_eq!(number("jurisdictions.transitions"), Some("2.1"));
    assert_eq!(number("calendar.hours.sunday"), Some("10.8"));
    assert_eq!(number("elsewhere"), None);
}

#[test]
fn clauses_read_as_sentences() {
    let document = document(&Terms::default_agreement());
    let text = |path: &str| document.clause(path).unwrap().text.as_str();
    assert_eq!(
        text("vocabulary[0]"),
        "New (new). We know this person; nobody has judged or contacted them yet. Stage: Inquiry. Owner: Marketing."
    );
    assert_eq!(text("jurisdictions.acts.claimed"), "A lead that a rep claims becomes Accepted.");
    assert_eq!(text("jurisdictions.transitions[0]"), "From New to Nurturing: by Marketing or the system.");
    assert_eq!(
        text("fit.rules[6]"),
        "Company of 50 to 499 people (size_middle): when employees is at least 50 and employees is at most 499, 25 points are added."
    );
    assert_eq!(
        text("fit.rules[3]"),
        "Student or intern (learns): when seniority is one of “student”, “intern” or “trainee”, 30 points are taken off."
    );
    assert_eq!(
        text("interest.rules[1]"),
        "Visits a page about prices (page_view_pricing): each event “Page view” whose property “url” contains “pricing”, “prices” or “plans” adds 10 points; all of them together never hold more than 30 points."
    );
    assert_eq!(
        text("routing.rules[1]"),
        "Rule 2, Large companies go to the enterprise team (enterprise): when employees is at least 500, the lead goes to the queue Enterprise, from which reps claim."
    );
    assert_eq!(
        text("hand_back.reasons[3]"),
        "Interested, but not now (not_now). Recycled: right fit, wrong time. The lead becomes Recycled and is nurtured for 90 days, unless the rep names another date."
    );
    assert_eq!(text("calendar.hours.monday"), "Monday: from 09:00 to 17:00.");
    for clause in document.parts.iter().flat_map(|part| &part.clauses) {
        assert!(
            clause.text.ends_with('.') && !clause.text.contains("..") && !clause.text.contains("  "),
            "{}",
            clause.text
        );
    }
}
