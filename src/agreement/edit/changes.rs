//! What can be done to a clause beside typing into it: add it, take it out, move it.

use serde_json::Value;

use super::keys;
use super::queries::Surroundings;
use crate::agreement::clauses::{self, Place, key_of};
use crate::agreement::terms::Terms;

/// The place that a new clause of a list gets: by what it says where that tells it from the others, else by a key made
/// of its label. The clause is given its key.
pub fn place_for(terms: &Terms, list: &'static str, clause: &mut Value) -> Place {
    if !matches!(list, "jurisdictions.transitions" | "calendar.holidays") {
        let mut taken = clauses::keys(terms, list);
        if list == "vocabulary" {
            // The leads of a retired status still bear its key.
            taken.extend(clauses::keys(terms, "retired_statuses"));
        }
        let label = clause["label"].as_str().unwrap_or_default();
        clause["key"] = keys::unique(label, &taken).into();
    }
    Place::Item { list, key: key_of(list, clause) }
}

/// The terms with an item one step nearer to the beginning or the end of its list.
pub fn moved(terms: &Terms, place: &Place, up: bool) -> Terms {
    let Place::Item { list, key } = place else { return terms.clone() };
    let mut order = clauses::keys(terms, list);
    let Some(at) = order.iter().position(|known| known == key) else { return terms.clone() };
    let to = if up { at.checked_sub(1) } else { Some(at + 1).filter(|to| *to < order.len()) };
    if let Some(to) = to {
        order.swap(at, to);
    }
    clauses::reorder(terms, list, &order)
}

/// Names the revision of the persona that a fit rule speaks for, where nobody did.
pub fn complete(list: &str, clause: &mut Value, before: &Value, around: &Surroundings) {
    if list != "fit.rules" {
        return;
    }
    let Some(persona) = clause["persona"].as_str().map(str::to_owned) else {
        super::form::put(clause, "persona_revision", Value::Null);
        return;
    };
    let same_revision = clause["persona_revision"] == before["persona_revision"];
    let other_persona = before["persona"].as_str() != Some(&persona);
    if (clause["persona_revision"].is_null() || (other_persona && same_revision))
        && let Some(known) = around.personas.iter().find(|known| known.key == persona)
    {
        clause["persona_revision"] = known.revision.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::agreement::edit::queries::Persona;

    #[test]
    fn a_new_clause_gets_a_key_that_nothing_else_has() {
        let mut terms = Terms::default_agreement();
        let mut clause = json!({ "label": "Inbound" });
        assert_eq!(place_for(&terms, "routing.queues", &mut clause).to_string(), "routing.queues.inbound_2");
        assert_eq!(clause["key"], "inbound_2");
        terms.retired_statuses =
            serde_json::from_value(json!([{ "key": "on_hold", "label": "On hold", "to": "new" }])).unwrap();
        let mut clause = json!({ "label": "On hold" });
        assert_eq!(place_for(&terms, "vocabulary", &mut clause).to_string(), "vocabulary.on_hold_2");
        let mut transition = json!({ "from": "new", "to": "customer", "who": ["sales"] });
        let place = place_for(&terms, "jurisdictions.transitions", &mut transition);
        assert_eq!(place.to_string(), "jurisdictions.transitions.new>customer");
        assert!(transition.get("key").is_none());
    }

    #[test]
    fn an_item_goes_one_step_and_no_further_than_the_end() {
        let terms = Terms::default_agreement();
        let place = Place::parse("routing.queues.enterprise").unwrap();
        let keys = |terms: &Terms| clauses::keys(terms, "routing.queues");
        let up = moved(&terms, &place, true);
        assert_eq!(keys(&up), ["enterprise", "inbound", "smb"]);
        assert_eq!(moved(&up, &place, true), up);
        assert_eq!(keys(&moved(&terms, &place, false)), ["inbound", "smb", "enterprise"]);
    }

    #[test]
    fn a_fit_rule_names_the_revision_that_it_was_written_for() {
        let persona =
            |key: &str, revision| Persona { id: Uuid::nil(), key: key.into(), name: key.into(), revision };
        let around =
            Surroundings { personas: vec![persona("ops", 3), persona("cfo", 5)], ..Surroundings::default() };
        let complete = |mut clause: Value, before: Value| {
            complete("fit.rules", &mut clause, &before, &around);
            clause["persona_revision"].clone()
        };
        assert_eq!(complete(json!({ "persona": "ops" }), json!({})), 3);
        assert_eq!(complete(json!({ "persona": "ops", "persona_revision": 2 }), json!({})), 2);
        let before = json!({ "persona": "ops", "persona_revision": 2 });
        assert_eq!(complete(json!({ "persona": "cfo", "persona_revision": 2 }), before.clone()), 5);
        assert_eq!(complete(before.clone(), before.clone()), 2);
        assert_eq!(complete(json!({ "persona_revision": 2 }), before), Value::Null);
    }
}
