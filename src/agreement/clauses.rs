//! The terms taken apart into clauses: what people edit, compare, comment on and cite one by one.
//!
//! A clause is named by where it stands, not by its number, so that its name outlives a new order:
//! `fit.rules.decides`, `jurisdictions.transitions.new>nurturing`, `calendar.time_zone`.

use std::fmt;

use serde_json::Value;

use super::terms::Terms;

/// The lists of the terms, in the order of the ten parts. Their items are clauses of their own.
pub const LISTS: [&str; 11] = [
    "vocabulary",
    "retired_statuses",
    "jurisdictions.transitions",
    "fit.rules",
    "interest.rules",
    "handoff.fast_tracks",
    "routing.queues",
    "routing.rules",
    "service_levels.levels",
    "hand_back.reasons",
    "calendar.holidays",
];

/// Everything else that is a clause of its own.
pub const SINGLES: [&str; 21] = [
    "title",
    "purpose",
    "jurisdictions.acts",
    "interest.half_life_days",
    "categories.fit_good",
    "categories.interest_high",
    "categories.high_interest_good_fit",
    "categories.high_interest_low_fit",
    "categories.low_interest_good_fit",
    "categories.low_interest_bad_fit",
    "handoff.packet_fields",
    "handoff.cool_off_days",
    "handoff.max_cycles",
    "routing.fallback_queue",
    "routing.capacity_per_rep",
    "routing.acknowledge_to_claim",
    "service_levels.default",
    "service_levels.marketing",
    "hand_back.auto_return_after_attempts",
    "calendar.time_zone",
    "calendar.hours",
];

/// The fields of the terms that are the ten parts, in their order.
pub const PARTS: [&str; 10] = [
    "vocabulary",
    "jurisdictions",
    "fit",
    "interest",
    "categories",
    "handoff",
    "routing",
    "service_levels",
    "hand_back",
    "calendar",
];

/// Where a clause stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Single(&'static str),
    /// An item of one of [`LISTS`], by its key.
    Item {
        list: &'static str,
        key: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Single(path) => f.write_str(path),
            Place::Item { list, key } => write!(f, "{list}.{key}"),
        }
    }
}

impl Place {
    /// The place of this name, whether or not something stands there.
    pub fn parse(name: &str) -> Option<Place> {
        if let Some(path) = SINGLES.iter().find(|path| **path == name) {
            return Some(Place::Single(path));
        }
        LISTS.iter().find_map(|list| {
            let key = name.strip_prefix(list)?.strip_prefix('.')?;
            (!key.is_empty()).then(|| Place::Item { list, key: key.to_owned() })
        })
    }

    /// The part of the document, 1..=10; none for title and purpose.
    pub fn part(&self) -> Option<u8> {
        let path = match self {
            Place::Single(path) => path,
            Place::Item { list, .. } => list,
        };
        let field = match path.split('.').next() {
            // Part 1 says where the leads of a word go that is given up.
            Some("retired_statuses") => "vocabulary",
            field => field?,
        };
        PARTS.iter().position(|part| *part == field).and_then(|at| u8::try_from(at + 1).ok())
    }
}

/// Every clause with what it holds, list by list and in the order of each list. What is left out of the terms
/// holds null.
pub fn all(terms: &Terms) -> Vec<(Place, Value)> {
    let tree = tree(terms);
    let singles = SINGLES.iter().map(|path| (Place::Single(path), at(&tree, path)));
    let items = LISTS.iter().flat_map(|list| {
        items(&tree, list).into_iter().map(|item| (Place::Item { list, key: key_of(list, &item) }, item))
    });
    singles.chain(items).collect()
}

/// What a clause holds; none when an item is not there.
pub fn get(terms: &Terms, place: &Place) -> Option<Value> {
    let tree = tree(terms);
    match place {
        Place::Single(path) => Some(at(&tree, path)),
        Place::Item { list, key } => items(&tree, list).into_iter().find(|item| key_of(list, item) == *key),
    }
}

/// The keys of a list in its order.
pub fn keys(terms: &Terms, list: &str) -> Vec<String> {
    items(&tree(terms), list).iter().map(|item| key_of(list, item)).collect()
}

/// The terms with a clause that holds something else. An item that is not there yet is put at the end of its list;
/// null takes an item out. Says what the text of the error is about when the value is of the wrong shape.
pub fn set(terms: &Terms, place: &Place, value: Value) -> Result<Terms, String> {
    let mut tree = tree(terms);
    match place {
        Place::Single(path) => put(&mut tree, path, value),
        Place::Item { list, key } => {
            let mut items = items(&tree, list);
            match items.iter().position(|item| key_of(list, item) == *key) {
                Some(at) if value.is_null() => drop(items.remove(at)),
                Some(at) => items[at] = value,
                None if value.is_null() => {}
                None => items.push(value),
            }
            put(&mut tree, list, Value::Array(items));
        }
    }
    serde_json::from_value(tree).map_err(|error| error.to_string())
}

/// The terms with a list in another order: first the items of these keys, then the rest as it was.
pub fn reorder(terms: &Terms, list: &str, order: &[String]) -> Terms {
    let mut tree = tree(terms);
    let mut items = items(&tree, list);
    items.sort_by_key(|item| {
        let key = key_of(list, item);
        order.iter().position(|known| *known == key).unwrap_or(order.len())
    });
    put(&mut tree, list, Value::Array(items));
    serde_json::from_value(tree).expect("the same items in another order are terms too")
}

/// The place of a path with positions, as errors and the document name clauses: `fit.rules[1].points` is
/// in `fit.rules.decides`. Of a path within a clause, that clause.
pub fn place_of(terms: &Terms, path: &str) -> Option<Place> {
    let within = |whole: &str| {
        path.strip_prefix(whole).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    if let Some(single) = SINGLES.iter().find(|single| within(single)) {
        return Some(Place::Single(single));
    }
    let list = *LISTS.iter().find(|list| within(list))?;
    let position = path[list.len()..].strip_prefix('[')?.split(']').next()?;
    let key = keys(terms, list).into_iter().nth(position.parse().ok()?)?;
    Some(Place::Item { list, key })
}

/// By what an item of a list is told from the others.
pub fn key_of(list: &str, item: &Value) -> String {
    let field = |name: &str| item[name].as_str().unwrap_or_default();
    match list {
        "jurisdictions.transitions" => format!("{}>{}", field("from"), field("to")),
        "calendar.holidays" => field("date").to_owned(),
        _ => field("key").to_owned(),
    }
}

fn tree(terms: &Terms) -> Value {
    serde_json::to_value(terms).expect("terms hold nothing that JSON cannot write")
}

fn at(tree: &Value, path: &str) -> Value {
    path.split('.').fold(tree, |tree, field| &tree[field]).clone()
}

fn items(tree: &Value, list: &str) -> Vec<Value> {
    match at(tree, list) {
        Value::Array(items) => items,
        _ => vec![],
    }
}

fn put(tree: &mut Value, path: &str, value: Value) {
    let (parents, field) = path.rsplit_once('.').unwrap_or(("", path));
    let mut tree = tree;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        tree = &mut tree[parent];
    }
    let Some(fields) = tree.as_object_mut() else { return };
    // What may be left out is left out, so that equal terms stay equal text.
    if value.is_null() { drop(fields.remove(field)) } else { drop(fields.insert(field.to_owned(), value)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn terms() -> Terms {
        Terms::default_agreement()
    }

    #[test]
    fn all_clauses_together_are_the_terms() {
        let terms = terms();
        let mut tree = json!({
            "jurisdictions": {}, "fit": {}, "interest": {}, "categories": {}, "handoff": {}, "routing": {}, "service_levels": {},
            "hand_back": {}, "calendar": {},
        });
        for (place, value) in all(&terms) {
            match place {
                Place::Single(path) => put(&mut tree, path, value),
                Place::Item { list, .. } => {
                    let mut items = items(&tree, list);
                    items.push(value);
                    put(&mut tree, list, Value::Array(items));
                }
            }
        }
        assert_eq!(serde_json::from_value::<Terms>(tree).unwrap(), terms);
    }

    #[test]
    fn every_clause_is_found_by_its_name() {
        let terms = terms();
        for (place, value) in all(&terms) {
            assert_eq!(Place::parse(&place.to_string()), Some(place.clone()));
            assert_eq!(get(&terms, &place), Some(value));
        }
        assert_eq!(Place::parse("fit.rules."), None);
        assert_eq!(Place::parse("fit"), None);
        assert_eq!(get(&terms, &Place::parse("fit.rules.gone").unwrap()), None);
    }

    #[test]
    fn a_clause_is_replaced_added_and_taken_out() {
        let place = Place::parse("routing.queues.partners").unwrap();
        let added = set(&terms(), &place, json!({ "key": "partners", "label": "Partners" })).unwrap();
        assert_eq!(added.routing.queues.last().unwrap().label, "Partners");
        let renamed = set(&added, &place, json!({ "key": "partners", "label": "Allies" })).unwrap();
        assert_eq!(renamed.routing.queues.last().unwrap().label, "Allies");
        assert_eq!(set(&renamed, &place, Value::Null).unwrap(), terms());
        let unlimited = set(&terms(), &Place::Single("routing.capacity_per_rep"), Value::Null).unwrap();
        assert_eq!(unlimited.routing.capacity_per_rep, None);
        assert!(set(&terms(), &Place::Single("categories.fit_good"), json!("much")).is_err());
    }

    #[test]
    fn a_list_takes_another_order_and_loses_nothing() {
        let order = ["enterprise".to_owned(), "inbound".to_owned()];
        let reordered = reorder(&terms(), "routing.queues", &order);
        assert_eq!(keys(&reordered, "routing.queues"), ["enterprise", "inbound", "smb"]);
        assert_eq!(reorder(&reordered, "routing.queues", &keys(&terms(), "routing.queues")), terms());
    }

    #[test]
    fn a_path_with_positions_is_placed() {
        let place = |path| place_of(&terms(), path).map(|place| place.to_string());
        assert_eq!(place("fit.rules[1].when[0].value").as_deref(), Some("fit.rules.decides_by_title"));
        assert_eq!(
            place("jurisdictions.transitions[0]").as_deref(),
            Some("jurisdictions.transitions.new>nurturing")
        );
        assert_eq!(place("service_levels.default.attempts").as_deref(), Some("service_levels.default"));
        assert_eq!(place("calendar.hours.monday[0]").as_deref(), Some("calendar.hours"));
        assert_eq!(place("jurisdictions.transitions"), None);
        assert_eq!(Place::parse("retired_statuses.old").unwrap().part(), Some(1));
        assert_eq!(Place::parse("calendar.hours").unwrap().part(), Some(10));
        assert_eq!(Place::parse("title").unwrap().part(), None);
    }
}
