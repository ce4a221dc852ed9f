//! Which clause decided something: from what the engine recorded to the place in the document that says so.

use super::prose::Document;
use super::versions::Version;
use crate::scoring::CategoryKey;

/// A place in a version, as a page cites it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    pub version: i32,
    /// Such as `clause 7.2`, or `part 6` for what only the words before its clauses say.
    pub place: String,
    /// Where the page of the document has it.
    anchor: String,
    /// What stands there.
    pub text: String,
}

impl Citation {
    /// Its address.
    pub fn href(&self) -> String {
        format!("/agreement/{}#{}", self.version, self.anchor)
    }

    /// The number alone, where there is little room.
    pub fn number(&self) -> &str {
        self.place.rsplit(' ').next().unwrap_or_default()
    }
}

impl Version {
    /// The document of the terms, written once.
    pub fn document(&self) -> &Document {
        self.document.get_or_init(|| super::prose::document(&self.terms))
    }

    /// The clause that says what the terms hold at a path; the part for its name.
    pub fn cite(&self, path: &str) -> Option<Citation> {
        let version = self.number;
        if let Some(clause) = self.document().clause(path) {
            let place = format!("clause {}", clause.number);
            return Some(Citation { version, place, anchor: clause.anchor(), text: clause.text.clone() });
        }
        let part = self.document().parts.iter().find(|part| part.key == path)?;
        let place = format!("part {}", part.number);
        Some(Citation { version, place, anchor: part.key.to_owned(), text: part.intro.clone() })
    }

    /// Who claims from a queue.
    pub fn cite_queue(&self, key: &str) -> Option<Citation> {
        self.cite_nth("routing.queues", self.terms.routing.queues.iter().position(|queue| queue.key == key))
    }

    /// The routing rule that chose a queue; the fallback for none.
    pub fn cite_routing(&self, rule: Option<&str>) -> Option<Citation> {
        let Some(key) = rule else { return self.cite("routing.fallback_queue") };
        self.cite_nth("routing.rules", self.terms.routing.rules.iter().position(|rule| rule.key == key))
    }

    pub fn cite_fast_track(&self, key: &str) -> Option<Citation> {
        let tracks = &self.terms.handoff.fast_tracks;
        self.cite_nth("handoff.fast_tracks", tracks.iter().position(|track| track.key == key))
    }

    /// What is promised for an offer.
    pub fn cite_promise(&self, queue: &str, category: CategoryKey, is_fast_track: bool) -> Option<Citation> {
        self.cite(&self.promise_path(queue, category, is_fast_track))
    }

    /// Where the terms hold what is promised for an offer.
    pub fn promise_path(&self, queue: &str, category: CategoryKey, is_fast_track: bool) -> String {
        let levels = &self.terms.service_levels;
        let level = levels.level(queue, category, is_fast_track);
        let at = level.and_then(|level| levels.levels.iter().position(|known| known == level));
        at.map_or_else(|| "service_levels.default".to_owned(), |at| format!("service_levels.levels[{at}]"))
    }

    /// The move between two statuses, or that it is not listed.
    pub fn cite_move(&self, from: &str, to: &str) -> Option<Citation> {
        let transitions = &self.terms.jurisdictions.transitions;
        let at = transitions.iter().position(|known| known.from == from && known.to == to);
        at.map_or_else(
            || self.cite("jurisdictions"),
            |at| self.cite_nth("jurisdictions.transitions", Some(at)),
        )
    }

    pub fn cite_category(&self, key: CategoryKey) -> Option<Citation> {
        self.cite(&format!("categories.{key}"))
    }

    pub fn cite_hand_back(&self, reason: &str) -> Option<Citation> {
        self.cite(&self.hand_back_path(reason)?)
    }

    /// Where the terms hold a reason of hand-backs.
    pub fn hand_back_path(&self, reason: &str) -> Option<String> {
        let at = self.terms.hand_back.reasons.iter().position(|known| known.key == reason)?;
        Some(format!("hand_back.reasons[{at}]"))
    }

    fn cite_nth(&self, path: &str, at: Option<usize>) -> Option<Citation> {
        self.cite(&format!("{path}[{}]", at?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::terms::Terms;

    fn version() -> Version {
        Version::of(4, Terms::default_agreement()).unwrap()
    }

    #[test]
    fn a_citation_leads_to_the_clause_that_says_it() {
        let version = version();
        let queue = &version.terms.routing.queues[1];
        let cited = version.cite_queue(&queue.key).unwrap();
        assert_eq!((cited.place.as_str(), cited.href().as_str()), ("clause 7.2", "/agreement/4#clause-7.2"));
        assert!(cited.text.contains(&queue.label));
    }

    #[test]
    fn every_word_that_the_engine_records_has_its_clause() {
        let version = version();
        let terms = &version.terms;
        for rule in &terms.routing.rules {
            assert!(version.cite_routing(Some(&rule.key)).unwrap().text.contains(&rule.label));
        }
        assert!(version.cite_routing(None).unwrap().text.contains("no rule holds"));
        for track in &terms.handoff.fast_tracks {
            assert!(version.cite_fast_track(&track.key).unwrap().text.contains(&track.label));
        }
        for reason in &terms.hand_back.reasons {
            assert!(version.cite_hand_back(&reason.key).unwrap().text.contains(&reason.label));
        }
        for key in CategoryKey::all() {
            assert!(version.cite_category(key).unwrap().text.starts_with(&terms.category(key).label));
            for queue in &terms.routing.queues {
                for is_fast_track in [false, true] {
                    let promise = version.cite_promise(&queue.key, key, is_fast_track).unwrap();
                    assert!(promise.place.starts_with("clause 8.") && promise.text.contains("claims within"));
                }
            }
        }
        assert!(version.cite_move("new", "nurturing").unwrap().text.contains("From New to Nurturing"));
        assert_eq!(version.cite_move("new", "customer").unwrap().place, "clause 2.1");
        assert_eq!(version.cite_queue("gone"), None);
        assert_eq!(version.cite("handoff").unwrap().href(), "/agreement/4#handoff");
    }
}
