//! Every clause of the default agreement through its form and back.

use serde_json::{Value, json};

use super::fields;
use super::form::{Typed, at, put, read, show};
use super::options::Words;
use super::queries::Surroundings;
use crate::agreement::clauses::{self, LISTS, Place, SINGLES};
use crate::agreement::terms::Terms;

/// What a clause keeps that is in no field: by what it is told from the others.
fn bare(fields: &[fields::Field], clause: &Value) -> Value {
    let mut bare = clause.clone();
    for field in fields {
        put(&mut bare, field.path, Value::Null);
    }
    bare
}

#[test]
fn every_clause_comes_back_from_its_form_as_it_was() {
    let mut terms = Terms::default_agreement();
    terms.retired_statuses =
        serde_json::from_value(json!([{ "key": "old", "label": "Old", "to": "new" }])).unwrap();
    let around =
        Surroundings { reps: vec![("lena@example.com".into(), "Lena".into())], ..Surroundings::default() };
    terms.routing.queues[0].members = vec!["lena@example.com".into()];
    let words = Words { terms: &terms, around: &around };
    for (place, clause) in clauses::all(&terms) {
        let fields = fields::of(&place);
        assert!(!fields.is_empty(), "{place} has no fields");
        let typed = show(fields, &clause, words);
        let kept = read(fields, &typed, &clause, words).unwrap_or_else(|errors| panic!("{place}: {errors}"));
        let saved = clauses::set(&terms, &place, kept).unwrap_or_else(|problem| panic!("{place}: {problem}"));
        assert_eq!(saved, terms, "{place} changed by being saved unchanged");
        let read = read(fields, &typed, &bare(fields, &clause), words);
        let read = read.unwrap_or_else(|errors| panic!("{place}: {errors}"));
        let saved = clauses::set(&terms, &place, read).unwrap_or_else(|problem| panic!("{place}: {problem}"));
        assert_eq!(saved, terms, "{place} is not what its form says");
    }
}

#[test]
fn every_field_of_every_clause_stands_in_its_form() {
    let terms = Terms::default_agreement();
    for (place, clause) in clauses::all(&terms) {
        let mut bare = bare(fields::of(&place), &clause);
        let list = matches!(place, Place::Item { .. });
        let keys: &[&str] = if list { &["key", "from", "to"] } else { &[] };
        for key in keys {
            put(&mut bare, key, Value::Null);
        }
        let left = match bare {
            Value::Object(fields) => {
                fields.into_iter().filter(|(_, value)| *value != json!({})).map(|(field, _)| field).collect()
            }
            Value::Null => vec![],
            other => vec![other.to_string()],
        };
        assert!(left.is_empty(), "{place}: {left:?} cannot be edited");
    }
}

#[test]
fn everything_that_is_a_clause_has_a_title_and_can_be_edited() {
    for path in SINGLES {
        assert_ne!(fields::title(path), "Clause", "{path}");
    }
    for list in LISTS {
        assert_ne!(fields::noun(list), "clause", "{list}");
        assert!(!fields::of_new(list).is_empty(), "{list}");
    }
}

#[test]
fn cleared_rows_are_closed_up_and_the_others_keep_their_order() {
    let fields = fields::of_new("fit.rules");
    let sent = |pairs: &[(&str, &str)]| {
        Typed::sent(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(), fields)
    };
    let typed = sent(&[
        ("label", "Germans of size"),
        ("points", "10"),
        ("when.0.field", ""),
        ("when.0.op", "is"),
        ("when.0.value", ""),
        ("when.3.field", "country"),
        ("when.3.op", "is"),
        ("when.3.value", "DE"),
        ("when.7.field", "employees"),
        ("when.7.op", "at_least"),
        ("when.7.value", "50"),
    ]);
    let terms = Terms::default_agreement();
    let around = Surroundings::default();
    let words = Words { terms: &terms, around: &around };
    let clause = read(fields, &typed, &json!({ "key": "g" }), words).unwrap();
    assert_eq!(
        clause,
        json!({ "key": "g", "label": "Germans of size", "points": 10, "when": [
            { "field": "country", "op": "is", "value": "DE" }, { "field": "employees", "op": "at_least", "value": 50.0 }] })
    );
    let refused = read(fields, &sent(&[("when.2.field", ""), ("when.2.value", "DE")]), &json!({}), words);
    let errors = refused.unwrap_err();
    assert!(
        errors.get("when.0.field").is_some()
            && errors.get("label").is_some()
            && errors.get("points").is_some()
    );
}

#[test]
fn a_text_that_looks_like_a_number_stays_a_text_when_its_line_is_not_touched() {
    let terms = Terms::default_agreement();
    let around = Surroundings::default();
    let words = Words { terms: &terms, around: &around };
    let fields = fields::of_new("interest.rules");
    let before = json!({ "key": "k", "label": "K", "event": "reply", "points": 1.0, "when": [
        { "field": "property.code", "op": "is", "value": "50" }] });
    let mut typed = show(fields, &before, words);
    typed.put("when.1.field", "plan");
    typed.put("when.1.op", "is_known");
    let after = read(fields, &typed, &before, words).unwrap();
    assert_eq!(at(&after, "when")[0]["value"], json!("50"));
    assert_eq!(at(&after, "when")[1], json!({ "field": "property.plan", "op": "is_known" }));
}
