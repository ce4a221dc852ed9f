//! Each clause as it reads, by its place.

use std::collections::HashMap;

use crate::agreement::clauses::{self, LISTS, Place, SINGLES};
use crate::agreement::prose::{self, Document};
use crate::agreement::terms::Terms;

/// A clause in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The number of its first sentence, such as `3.2`; blank for what has none.
    pub number: String,
    pub texts: Vec<String>,
}

/// Every clause that is there.
pub fn all(terms: &Terms) -> HashMap<Place, Said> {
    let document = prose::document(terms);
    let singles = SINGLES.iter().map(|path| (Place::Single(path), said(&document, path)));
    let items = LISTS.iter().flat_map(|list| {
        let keys = clauses::keys(terms, list);
        let document = &document;
        keys.into_iter()
            .enumerate()
            .map(move |(at, key)| (Place::Item { list, key }, said(document, &format!("{list}[{at}]"))))
    });
    let mut all: HashMap<Place, Said> = singles.chain(items).collect();
    let alone = |text: String| Said { number: String::new(), texts: vec![text] };
    all.insert(Place::Single("title"), alone(terms.title.clone()));
    all.insert(Place::Single("purpose"), alone(terms.purpose.clone()));
    for holiday in &terms.calendar.holidays {
        let place = Place::Item { list: "calendar.holidays", key: holiday.date.to_string() };
        all.insert(place, alone(format!("{}: {}.", holiday.date.format("%-d %B %Y"), holiday.name)));
    }
    all
}

/// One clause in words; nothing when it is not there.
pub fn texts(terms: &Terms, place: &Place) -> Vec<String> {
    all(terms).remove(place).map(|said| said.texts).unwrap_or_default()
}

fn said(document: &Document, path: &str) -> Said {
    let within = |whole: &str| {
        whole.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let clauses: Vec<_> =
        document.parts.iter().flat_map(|part| &part.clauses).filter(|clause| within(&clause.path)).collect();
    Said {
        number: clauses.first().map(|clause| clause.number.clone()).unwrap_or_default(),
        texts: clauses.iter().map(|clause| clause.text.clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clause_is_said_and_every_sentence_belongs_to_one() {
        let terms = Terms::default_agreement();
        let all = all(&terms);
        for (place, _) in clauses::all(&terms) {
            assert!(!all[&place].texts.concat().is_empty(), "{place}");
        }
        let said: Vec<&String> = all.values().flat_map(|said| &said.texts).collect();
        let document = prose::document(&terms);
        let unsaid: Vec<&str> = document
            .parts
            .iter()
            .flat_map(|part| &part.clauses)
            .filter(|clause| !said.contains(&&clause.text))
            .map(|clause| clause.path.as_str())
            .collect();
        assert_eq!(unsaid, ["jurisdictions", "calendar.holidays"], "these two speak of the whole list");
    }
}
