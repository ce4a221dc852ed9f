//! What is wrong with a draft: beside the field where it can be put right, or as what still stands in the way.

use super::fields::Field;
use crate::agreement::clauses::{self, Place};
use crate::agreement::prose;
use crate::agreement::terms::Terms;
use crate::agreement::validate::TermsError;
use crate::kernel::fields::FieldErrors;
use crate::kernel::text::excerpt;
use crate::web::forms::encode;

/// Something without which a draft cannot be proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The number of the clause, or of the part.
    pub clause: String,
    pub text: String,
    /// What edits the clause, behind the address of the version.
    pub href: String,
    pub place: Option<Place>,
}

fn errors(terms: &Terms) -> Vec<TermsError> {
    terms.validate().err().unwrap_or_default()
}

/// What a change made wrong in the clause that was changed, each beside its field. What was wrong before, or is wrong
/// elsewhere because of it, does not stand against the change: further changes put that right.
pub fn in_clause(fields: &[Field], place: &Place, before: &Terms, after: &Terms) -> FieldErrors {
    let known = errors(before);
    let mut refused = FieldErrors::default();
    for error in errors(after) {
        let is_new = !known
            .iter()
            .any(|old| (&old.path, &old.value, &old.problem) == (&error.path, &error.value, &error.problem));
        if is_new && clauses::place_of(after, &error.path).as_ref() == Some(place) {
            refused.add(field_name(fields, place, &error.path), sentence(&error));
        }
    }
    refused
}

fn sentence(error: &TermsError) -> String {
    let TermsError { value, problem, remedy, .. } = error;
    if value.trim().is_empty() || value == "[]" {
        format!("This {problem}; {remedy}.")
    } else {
        format!("“{}” {problem}; {remedy}.", excerpt(value))
    }
}

/// The name of the field that holds what an error is about.
fn field_name(fields: &[Field], place: &Place, path: &str) -> String {
    let within = match place {
        Place::Single(single) => &path[single.len()..],
        Place::Item { list, .. } => path[list.len()..].split_once(']').map_or("", |(_, rest)| rest),
    };
    let name = within.replace('[', ".").replace(']', "");
    let name = name.trim_start_matches('.');
    let around = fields
        .iter()
        .filter(|field| {
            name.strip_prefix(field.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                || field.path.is_empty()
        })
        .max_by_key(|field| field.path.len());
    match around.map(|field| field.name()) {
        // The cells of a condition have names of their own.
        Some("when") if name != "when" => name.to_owned(),
        Some(field) => field.to_owned(),
        None => String::new(),
    }
}

/// Everything that stands in the way of proposing a draft.
pub fn all(terms: &Terms, number: i32) -> Vec<Obstacle> {
    let document = prose::document(terms);
    errors(terms)
        .iter()
        .map(|error| {
            let place = clauses::place_of(terms, &error.path);
            let clause = document.clause(&error.path).filter(|clause| clause.path != "jurisdictions");
            let part = error.clause.split_once(". ").map_or("", |(part, _)| part);
            let said = clause.map_or_else(|| part.to_owned(), |clause| clause.number.clone());
            let href = href(number, &error.path, &error.value, place.as_ref());
            Obstacle { clause: said, text: sentence(&labelled(terms, error)), href, place }
        })
        .collect()
}

fn href(number: i32, path: &str, value: &str, place: Option<&Place>) -> String {
    if let Some(place) = place {
        return format!("/agreement/{number}/clauses/{}", encode(&place.to_string()));
    }
    // A move that is missing, or that a party is missing for.
    if let Some((from, to)) = value.split_once(" → ").filter(|_| path == "jurisdictions.transitions") {
        return format!("/agreement/{number}/clauses/{path}.{}", encode(&format!("{from}>{to}")));
    }
    let list = path.split('[').next().unwrap_or(path);
    if clauses::LISTS.contains(&list) {
        return format!("/agreement/{number}/lists/{list}");
    }
    format!("/agreement/{number}/edit")
}

/// An error that names statuses by their labels: `handed_off → accepted` reads “Handed off → Accepted”.
fn labelled(terms: &Terms, error: &TermsError) -> TermsError {
    let about_statuses = ["jurisdictions", "hand_back", "retired_statuses"];
    if !about_statuses.iter().any(|field| error.path.starts_with(field)) {
        return error.clone();
    }
    let labels = |keys: &str, separator: &str| -> String {
        keys.split(separator).map(|key| terms.status_label(key)).collect::<Vec<_>>().join(separator)
    };
    let remedy = match error.remedy.strip_prefix("use one of ") {
        Some(keys) => format!("use one of {}", labels(keys, ", ")),
        None => error.remedy.clone(),
    };
    TermsError { value: labels(&error.value, " → "), remedy, ..error.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::agreement::edit::fields;

    fn changed(name: &str, change: impl FnOnce(&mut serde_json::Value)) -> (Terms, Place) {
        let terms = Terms::default_agreement();
        let place = Place::parse(name).unwrap();
        let mut value = clauses::get(&terms, &place).unwrap();
        change(&mut value);
        (clauses::set(&terms, &place, value).unwrap(), place)
    }

    fn refused(name: &str, change: impl FnOnce(&mut serde_json::Value)) -> Vec<String> {
        let (after, place) = changed(name, change);
        let errors = in_clause(fields::of(&place), &place, &Terms::default_agreement(), &after);
        errors.iter().map(|(field, _)| field.to_owned()).collect()
    }

    #[test]
    fn what_is_wrong_in_a_clause_is_said_beside_its_field() {
        assert_eq!(refused("fit.rules.decides", |rule| rule["points"] = json!(900)), ["points"]);
        assert_eq!(
            refused("fit.rules.decides", |rule| rule["when"][0]["field"] = json!("shoe")),
            ["when.0.field"]
        );
        assert_eq!(refused("routing.rules.inbound", |rule| rule["when"] = json!([])), ["when"]);
        assert_eq!(refused("categories.fit_good", |value| *value = json!(0)), ["value"]);
        assert_eq!(
            refused("service_levels.levels.fast_track", |level| level["promise"]["attempts"] = json!(0)),
            ["promise.attempts"]
        );
        assert_eq!(refused("calendar.hours", |hours| hours["monday"][0]["to"] = json!("08:00")), ["monday"]);
        assert_eq!(refused("vocabulary.new", |status| status["label"] = json!("  ")), ["label"]);
        assert_eq!(refused("handoff.packet_fields", |fields| *fields = json!(["shoe"])), ["value"]);
    }

    #[test]
    fn what_only_further_changes_can_solve_does_not_stand_against_a_change() {
        assert!(refused("vocabulary.working", |status| status["stage"] = json!("sql")).is_empty());
        let (after, _) = changed("vocabulary.working", |status| status["stage"] = json!("sql"));
        let ways = all(&after, 7);
        assert!(ways.iter().any(|way| way.href == "/agreement/7/clauses/jurisdictions.acts"), "{ways:?}");
        assert!(all(&Terms::default_agreement(), 7).is_empty());
    }

    #[test]
    fn a_missing_move_is_named_by_labels_and_leads_to_its_form() {
        let terms = Terms::default_agreement();
        let place = Place::parse("jurisdictions.transitions.handed_off>accepted").unwrap();
        let without = clauses::set(&terms, &place, serde_json::Value::Null).unwrap();
        let ways = all(&without, 2);
        let claim = ways.iter().find(|way| way.text.contains("reps can claim")).unwrap();
        assert_eq!(
            claim.text,
            "“Handed off → Accepted” is not listed; add it for Sales so that reps can claim."
        );
        assert_eq!(claim.href, "/agreement/2/clauses/jurisdictions.transitions.handed_off%3Eaccepted");
    }
}
