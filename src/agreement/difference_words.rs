//! A difference in the words of the document: the sentences of each changed clause, with the changed words marked. Pure.

use std::collections::HashMap;

use super::clauses::{self, Place};
use super::difference::{Change, Difference, Kind, Piece, words};
use super::prose::{Clause, Document};
use super::terms::Terms;

/// A changed sentence, with the clause that says it in each version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    pub kind: Kind,
    /// The number of the clause in the earlier version, such as `7.2`.
    pub from: Option<String>,
    /// In the later one.
    pub to: Option<String>,
    pub pieces: Vec<Piece>,
}

impl Sentence {
    /// The place within the part where it is looked for.
    fn place(&self) -> u32 {
        let number = self.to.as_ref().or(self.from.as_ref());
        number.and_then(|number| number.split('.').nth(1)?.parse().ok()).unwrap_or_default()
    }
}

/// What changed in a part of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// None for title and purpose.
    pub number: Option<u8>,
    pub title: String,
    pub sentences: Vec<Sentence>,
    /// What moved, each in a sentence.
    pub moves: Vec<String>,
}

/// A difference as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InWords {
    pub parts: Vec<Part>,
    /// Clauses that say the same by other words: they use a word or a number that changed elsewhere.
    pub follow: usize,
}

/// One of the two versions: what it holds and how it reads.
pub struct Side<'a> {
    pub terms: &'a Terms,
    pub document: &'a Document,
}

/// A difference in words.
pub fn in_words(found: &Difference, from: &Side, to: &Side) -> InWords {
    let (old, new) = (said(from), said(to));
    let mut parts: Vec<Part> = vec![];
    for change in &found.changes {
        let number = change.place.part();
        let part = part(&mut parts, number, to.document);
        part.sentences.extend(sentences(change, &old, &new));
    }
    for order in found.orders.iter().filter(|order| !order.moved.is_empty()) {
        let before = clauses::keys(from.terms, order.list);
        for key in &order.moved {
            let place = Place::Item { list: order.list, key: key.clone() };
            let at = |keys: &[String]| keys.iter().position(|known| known == key).map_or(0, |at| at + 1);
            let label = label(to.terms, &place);
            let moved = format!("{label} moves from place {} to place {}.", at(&before), at(&order.keys));
            part(&mut parts, place.part(), to.document).moves.push(moved);
        }
    }
    parts.sort_by_key(|part| part.number);
    for part in &mut parts {
        part.sentences.sort_by_key(Sentence::place);
    }
    let is_changed = |place: &Place| found.changes.iter().any(|change| change.place == *place);
    let reads_otherwise = |place: &Place, texts: &[Said]| {
        old.get(place).is_some_and(|before| {
            before.iter().map(|said| &said.text).ne(texts.iter().map(|said| &said.text))
        })
    };
    let follow =
        new.iter().filter(|(place, texts)| !is_changed(place) && reads_otherwise(place, texts)).count();
    InWords { parts, follow }
}

/// What a clause says, and the number of the clause.
struct Said {
    path: String,
    number: Option<String>,
    text: String,
}

type ByPlace = HashMap<Place, Vec<Said>>;

/// The sentences of every place. A place that the document has no sentence of its own for is said by what it holds.
fn said(side: &Side) -> ByPlace {
    let mut by_place = ByPlace::new();
    for clause in side.document.parts.iter().flat_map(|part| &part.clauses) {
        if let Some(place) = clauses::place_of(side.terms, &clause.path) {
            by_place.entry(place).or_default().push(Said {
                path: within(clause),
                number: Some(clause.number.clone()),
                text: clause.text.clone(),
            });
        }
    }
    let holidays = side.document.clause("calendar.holidays").map(|clause| clause.number.clone());
    for holiday in &side.terms.calendar.holidays {
        let place = Place::Item { list: "calendar.holidays", key: holiday.date.to_string() };
        let text = format!("{} is a holiday: {}.", holiday.date, holiday.name);
        by_place.insert(place, vec![Said { path: String::new(), number: holidays.clone(), text }]);
    }
    for (path, text) in [("title", &side.terms.title), ("purpose", &side.terms.purpose)] {
        let said = Said { path: String::new(), number: None, text: text.clone() };
        by_place.insert(Place::Single(path), vec![said]);
    }
    by_place
}

/// The path of a clause without positions in lists, which move.
fn within(clause: &Clause) -> String {
    clause.path.split('[').next().unwrap_or_default().to_owned()
}

/// The sentences of a changed clause: pairs where both versions have one.
fn sentences(change: &Change, old: &ByPlace, new: &ByPlace) -> Vec<Sentence> {
    let (before, after) = (said_by(old, &change.place), said_by(new, &change.place));
    let mut found = vec![];
    for said in before {
        let to = after.iter().find(|to| to.path == said.path);
        if to.is_none_or(|to| to.text != said.text) {
            found.push(sentence(Some(said), to));
        }
    }
    for to in after.iter().filter(|to| !before.iter().any(|said| said.path == to.path)) {
        found.push(sentence(None, Some(to)));
    }
    if found.is_empty() {
        // The document says both by the same sentence; what they hold tells them apart.
        let held = |value: &Option<serde_json::Value>| {
            value.as_ref().map(|value| Said { path: String::new(), number: None, text: value.to_string() })
        };
        found.push(sentence(held(&change.from).as_ref(), held(&change.to).as_ref()));
    }
    found
}

fn said_by<'a>(by_place: &'a ByPlace, place: &Place) -> &'a [Said] {
    by_place.get(place).map(Vec::as_slice).unwrap_or_default()
}

fn sentence(from: Option<&Said>, to: Option<&Said>) -> Sentence {
    let kind = match (from, to) {
        (None, _) => Kind::Added,
        (_, None) => Kind::Removed,
        _ => Kind::Changed,
    };
    let text = |said: Option<&Said>| said.map(|said| said.text.clone()).unwrap_or_default();
    let pieces = words(&text(from), &text(to));
    let number = |said: Option<&Said>| said.and_then(|said| said.number.clone());
    Sentence { kind, from: number(from), to: number(to), pieces }
}

/// The part of this number, made when it is the first that is said of it.
fn part<'a>(parts: &'a mut Vec<Part>, number: Option<u8>, document: &Document) -> &'a mut Part {
    let at = parts.iter().position(|part| part.number == number).unwrap_or_else(|| {
        let title = document.parts.iter().find(|part| Some(part.number) == number);
        let title = title.map_or_else(|| "Title and purpose".to_owned(), |part| part.title.to_owned());
        parts.push(Part { number, title, sentences: vec![], moves: vec![] });
        parts.len() - 1
    });
    &mut parts[at]
}

/// What people call an item of a list.
fn label(terms: &Terms, place: &Place) -> String {
    let Place::Item { list, key } = place else { return place.to_string() };
    if *list == "jurisdictions.transitions" {
        let (from, to) = key.split_once('>').unwrap_or((key, ""));
        return format!("The move from {} to {}", terms.status_label(from), terms.status_label(to));
    }
    let item = clauses::get(terms, place).unwrap_or_default();
    let name = item["label"].as_str().or(item["name"].as_str()).unwrap_or(key);
    format!("“{name}”")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::difference::difference;
    use crate::agreement::prose;

    fn between(from: &Terms, to: &Terms) -> InWords {
        let (old, new) = (prose::document(from), prose::document(to));
        in_words(
            &difference(from, to),
            &Side { terms: from, document: &old },
            &Side { terms: to, document: &new },
        )
    }

    #[test]
    fn a_changed_clause_shows_its_sentence_with_the_changed_words_and_both_numbers() {
        let from = Terms::default_agreement();
        let mut to = from.clone();
        to.routing.queues.remove(0);
        to.routing.capacity_per_rep = Some(40);
        let found = between(&from, &to);
        assert_eq!(found.parts.len(), 1);
        let [queue, capacity] = &found.parts[0].sentences[..] else { panic!("{found:#?}") };
        assert_eq!((capacity.kind, queue.kind), (Kind::Changed, Kind::Removed));
        assert!(capacity.pieces.contains(&Piece::Removed("50".into())));
        assert!(capacity.pieces.contains(&Piece::Added("40".into())));
        assert_eq!((capacity.from.as_deref(), capacity.to.as_deref()), (Some("7.7"), Some("7.6")));
        assert_eq!((queue.from.as_deref(), queue.to.as_deref()), (Some("7.1"), None));
    }

    #[test]
    fn every_clause_that_can_change_is_said_in_words() {
        let from = Terms::default_agreement();
        let side = Side { terms: &from, document: &prose::document(&from) };
        let said = said(&side);
        let silent: Vec<String> = clauses::all(&from)
            .into_iter()
            .filter(|(place, _)| !said.contains_key(place))
            .map(|(place, _)| place.to_string())
            .collect();
        assert_eq!(silent, Vec::<String>::new());
    }

    #[test]
    fn a_word_that_changes_is_shown_once_and_the_clauses_that_use_it_are_counted() {
        let from = Terms::default_agreement();
        let mut to = from.clone();
        to.vocabulary[0].label = "Fresh".into();
        let found = between(&from, &to);
        assert_eq!(found.parts.iter().map(|part| part.sentences.len()).sum::<usize>(), 1);
        assert!(found.follow >= 5, "{}", found.follow);
    }

    #[test]
    fn of_opening_hours_the_changed_day_alone_is_shown_and_a_moved_rule_says_from_where() {
        let from = Terms::default_agreement();
        let mut to = from.clone();
        to.calendar.hours.remove(&crate::agreement::terms::Weekday::Friday);
        to.routing.rules.swap(0, 1);
        let found = between(&from, &to);
        let calendar = found.parts.iter().find(|part| part.number == Some(10)).unwrap();
        assert_eq!(calendar.sentences.len(), 1);
        let routing = found.parts.iter().find(|part| part.number == Some(7)).unwrap();
        assert!(routing.moves[0].contains("moves from place 1 to place 2"), "{:?}", routing.moves);
    }
}
