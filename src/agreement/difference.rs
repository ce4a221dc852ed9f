//! What changed between two versions, clause by clause. Pure.
//!
//! It is data that can be applied: the difference from `a` to `b`, applied to `a`, gives `b`, as long as no list of
//! either names two items the same.

use std::collections::HashMap;

use serde_json::Value;

use super::clauses::{self, LISTS, Place};
use super::terms::Terms;

/// The way from one version to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// In the order of the document.
    pub changes: Vec<Change>,
    /// Lists whose items stand in another order at the end.
    pub orders: Vec<Order>,
}

/// A clause that one of the two does not have, or has otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub place: Place,
    /// What it held; none when it was added.
    pub from: Option<Value>,
    /// What it holds; none when it was removed.
    pub to: Option<Value>,
}

/// The order of a list in the later version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub list: &'static str,
    pub keys: Vec<String>,
    /// Items that stood there before and were moved among those that stayed; none when only new items came between.
    pub moved: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Added,
    Removed,
    Changed,
}

impl Change {
    pub fn kind(&self) -> Kind {
        match (&self.from, &self.to) {
            (None, _) => Kind::Added,
            (_, None) => Kind::Removed,
            _ => Kind::Changed,
        }
    }
}

/// What is to be done to the first terms to get the second.
pub fn difference(from: &Terms, to: &Terms) -> Difference {
    let (before, after) = (clauses::all(from), clauses::all(to));
    let old: HashMap<&Place, &Value> = before.iter().map(|(place, value)| (place, value)).collect();
    let new: HashMap<&Place, &Value> = after.iter().map(|(place, value)| (place, value)).collect();
    let kept_or_added = after.iter().filter_map(|(place, value)| match old.get(place) {
        Some(before) if *before == value => None,
        before => Some(Change {
            place: place.clone(),
            from: before.map(|before| (*before).clone()),
            to: Some(value.clone()),
        }),
    });
    let removed = before.iter().filter(|(place, _)| !new.contains_key(place));
    let removed =
        removed.map(|(place, value)| Change { place: place.clone(), from: Some(value.clone()), to: None });
    let mut changes: Vec<Change> = kept_or_added.chain(removed).collect();
    // Title and purpose have no part and come first.
    changes.sort_by_key(|change| change.place.part());
    Difference { changes, orders: LISTS.iter().filter_map(|list| order(from, to, list)).collect() }
}

/// The order of a list, when it is not what taking out and putting at the end lead to.
fn order(from: &Terms, to: &Terms, list: &'static str) -> Option<Order> {
    let (before, after) = (clauses::keys(from, list), clauses::keys(to, list));
    let stayed: Vec<String> = before.iter().filter(|key| after.contains(key)).cloned().collect();
    let added = after.iter().filter(|key| !before.contains(key)).cloned();
    let by_itself: Vec<String> = stayed.iter().cloned().chain(added).collect();
    if by_itself == after {
        return None;
    }
    let stayed_after: Vec<String> = after.iter().filter(|key| before.contains(key)).cloned().collect();
    let unmoved = common(&stayed, &stayed_after);
    let moved = (0..stayed_after.len()).filter(|at| !unmoved.iter().any(|(_, kept)| kept == at));
    let moved = moved.map(|at| stayed_after[at].clone()).collect();
    Some(Order { list, keys: after, moved })
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.orders.is_empty()
    }

    /// How many clauses and orders are other, as people count them.
    pub fn count(&self) -> usize {
        self.changes.len() + self.orders.iter().filter(|order| !order.moved.is_empty()).count()
    }

    /// The terms with all changes made. Says what is wrong when they do not fit these terms.
    pub fn apply(&self, terms: &Terms) -> Result<Terms, String> {
        let mut terms = terms.clone();
        for change in &self.changes {
            terms = clauses::set(&terms, &change.place, change.to.clone().unwrap_or(Value::Null))?;
        }
        for order in &self.orders {
            terms = clauses::reorder(&terms, order.list, &order.keys);
        }
        Ok(terms)
    }
}

/// A stretch of text in which two sentences agree or differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Same(String),
    Removed(String),
    Added(String),
}

/// Most words that are compared one by one; longer texts are shown one after the other.
const MOST_WORDS: usize = 1500;

/// Two sentences as one, with the words marked that only one of them has.
pub fn words(from: &str, to: &str) -> Vec<Piece> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (from.split_whitespace().collect(), to.split_whitespace().collect());
    let kept = if old.len().max(new.len()) > MOST_WORDS { vec![] } else { common(&old, &new) };
    let mut pieces = vec![];
    let (mut at, mut to_at) = (0, 0);
    for (next, to_next) in kept.iter().copied().chain([(old.len(), new.len())]) {
        push(&mut pieces, Piece::Removed, &old[at..next]);
        push(&mut pieces, Piece::Added, &new[to_at..to_next]);
        push(&mut pieces, Piece::Same, old.get(next..next + 1).unwrap_or_default());
        (at, to_at) = (next + 1, to_next + 1);
    }
    pieces
}

/// Appends words, to the last piece when it is of the same kind.
fn push(pieces: &mut Vec<Piece>, kind: fn(String) -> Piece, words: &[&str]) {
    if words.is_empty() {
        return;
    }
    let words = words.join(" ");
    match (pieces.last_mut(), kind(words)) {
        (Some(Piece::Same(text)), Piece::Same(more))
        | (Some(Piece::Removed(text)), Piece::Removed(more))
        | (Some(Piece::Added(text)), Piece::Added(more)) => {
            text.push(' ');
            text.push_str(&more);
        }
        (_, piece) => pieces.push(piece),
    }
}

/// The longest common subsequence, as places in both.
fn common<T: PartialEq>(a: &[T], b: &[T]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    // longest[i * width + j] is the length for a[i..] and b[j..].
    let mut longest = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, vec![]);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            found.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn place(name: &str) -> Place {
        Place::parse(name).unwrap()
    }

    #[test]
    fn equal_terms_have_no_difference() {
        let terms = Terms::default_agreement();
        assert!(difference(&terms, &terms).is_empty());
    }

    #[test]
    fn added_removed_changed_and_moved_clauses_are_told_apart() {
        let from = Terms::default_agreement();
        let mut to = from.clone();
        to.categories.fit_good = 60;
        to.fit.rules.remove(0);
        to.routing.queues[0].label = "Asked for us".into();
        to.routing.rules.swap(0, 1);
        let to = clauses::set(
            &to,
            &place("routing.queues.partners"),
            json!({ "key": "partners", "label": "Partners" }),
        )
        .unwrap();
        let found = difference(&from, &to);
        let told: Vec<_> =
            found.changes.iter().map(|change| (change.place.to_string(), change.kind())).collect();
        assert_eq!(
            told,
            [
                ("fit.rules.decides".to_owned(), Kind::Removed),
                ("categories.fit_good".to_owned(), Kind::Changed),
                ("routing.queues.inbound".to_owned(), Kind::Changed),
                ("routing.queues.partners".to_owned(), Kind::Added),
            ]
        );
        assert_eq!(found.orders.len(), 1);
        assert_eq!((found.orders[0].list, found.orders[0].moved.len()), ("routing.rules", 1));
        assert_eq!(found.count(), 5);
        assert_eq!(found.apply(&from), Ok(to));
    }

    #[test]
    fn an_item_that_comes_between_others_moves_none_of_them() {
        let from = Terms::default_agreement();
        let mut to = from.clone();
        let mut reason = to.hand_back.reasons[0].clone();
        reason.key = "other".into();
        to.hand_back.reasons.insert(1, reason);
        let found = difference(&from, &to);
        assert_eq!(found.orders[0].moved, Vec::<String>::new());
        assert_eq!((found.count(), found.apply(&from)), (1, Ok(to)));
    }

    #[test]
    fn words_that_only_one_sentence_has_are_marked() {
        use Piece::{Added, Removed, Same};
        let same = |text: &str| Same(text.to_owned());
        assert_eq!(
            words("A rep holds 50 leads at most.", "A rep holds 40 open leads at most."),
            [same("A rep holds"), Removed("50".into()), Added("40 open".into()), same("leads at most."),]
        );
        assert_eq!(words("", "New."), [Added("New.".into())]);
        assert_eq!(words("Gone.", ""), [Removed("Gone.".into())]);
        assert_eq!(words("a  b", "a b"), [same("a b")]);
    }

    /// Terms after a few edits that keep their shape: a number changed, an item taken out, doubled under another key,
    /// or put elsewhere.
    fn edited(edits: &[(usize, u8, usize)]) -> Terms {
        let mut terms = Terms::default_agreement();
        for (which, act, n) in edits {
            let all = clauses::all(&terms);
            let (place, value) = &all[which % all.len()];
            let changed = match (place, act % 4) {
                (Place::Single(_), _) => match value {
                    Value::Number(_) => clauses::set(&terms, place, json!(n % 90 + 1)),
                    Value::Bool(is) => clauses::set(&terms, place, json!(!is)),
                    Value::String(text) => clauses::set(&terms, place, json!(format!("{text} {n}"))),
                    _ => continue,
                },
                (_, 0) => clauses::set(&terms, place, Value::Null),
                (Place::Item { list, .. }, 1) => {
                    let mut item = value.clone();
                    let (field, key) = match *list {
                        "jurisdictions.transitions" => ("to", format!("status_{n}")),
                        "calendar.holidays" => ("date", format!("2031-01-{:02}", n % 28 + 1)),
                        _ => ("key", format!("key_{n}")),
                    };
                    item[field] = json!(key);
                    let key = clauses::key_of(list, &item);
                    clauses::set(&terms, &Place::Item { list, key }, item)
                }
                (Place::Item { list, key }, 2) => {
                    Ok(clauses::reorder(&terms, list, std::slice::from_ref(key)))
                }
                (Place::Item { list, .. }, _) => {
                    let mut item = value.clone();
                    let field = if *list == "jurisdictions.transitions" { "reason" } else { "label" };
                    item[field] =
                        if field == "reason" { json!(n % 2 == 0) } else { json!(format!("Word {n}")) };
                    clauses::set(&terms, place, item)
                }
            };
            // A holiday has no label: such an edit is of another shape and is left out.
            terms = changed.unwrap_or(terms);
        }
        terms
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_difference_applied_to_the_first_terms_gives_the_second(
            a in proptest::collection::vec((0..1000usize, 0..4u8, 0..1000usize), 0..10),
            b in proptest::collection::vec((0..1000usize, 0..4u8, 0..1000usize), 0..10),
        ) {
            let (a, b) = (edited(&a), edited(&b));
            prop_assert_eq!(difference(&a, &b).apply(&a), Ok(b.clone()));
            prop_assert_eq!(difference(&b, &a).apply(&b), Ok(a));
        }

        #[test]
        fn marked_words_read_as_the_one_sentence_without_and_as_the_other_with_them(
            from in "([a-d]{1,2} ){0,12}", to in "([a-d]{1,2} ){0,12}",
        ) {
            let pieces = words(&from, &to);
            let read = |skip: fn(&Piece) -> bool| pieces.iter().filter(|piece| !skip(piece)).map(|piece| match piece {
                Piece::Same(text) | Piece::Removed(text) | Piece::Added(text) => text.as_str(),
            }).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(read(|piece| matches!(piece, Piece::Added(_))), from.trim());
            prop_assert_eq!(read(|piece| matches!(piece, Piece::Removed(_))), to.trim());
        }
    }
}
