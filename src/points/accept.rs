//! What a manager takes of a suggestion, put into the terms of a draft.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use super::model::Axis;
use super::suggest::{Line, Suggestion};
use crate::agreement::clauses::Place;
use crate::agreement::terms::Terms;
use crate::scoring::{FitRule, InterestRule};

/// The longest key and label that terms may hold.
const LONGEST_KEY: usize = 60;
const LONGEST_LABEL: usize = 100;

/// What is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Positions of the suggestion's lines.
    pub lines: Vec<usize>,
    /// Whether the rules that were there before go away, on each axis that gets new ones.
    pub replace: bool,
    /// Whether the plane is cut where the suggestion says.
    pub thresholds: bool,
}

/// The terms with what was taken. A rule whose tests are there already keeps key, label and persona and gets the new
/// points; the others are added at the end.
pub fn accept(terms: &Terms, suggestion: &Suggestion, accepted: &Accepted) -> Terms {
    let mut terms = terms.clone();
    let taken = |axis: Axis| -> Vec<&Line> {
        let lines = accepted.lines.iter().filter_map(|at| suggestion.lines.get(*at));
        lines.filter(|line| line.clause.axis() == axis && line.points != 0).collect()
    };
    let (fit, interest) = (taken(Axis::Fit), taken(Axis::Interest));
    terms.fit.rules = fit_rules(terms.fit.rules, &fit, accepted.replace);
    terms.interest.rules = interest_rules(terms.interest.rules, &interest, accepted.replace);
    if accepted.thresholds {
        terms.categories.fit_good = suggestion.fit_good;
        terms.categories.interest_high = suggestion.interest_high;
    }
    terms
}

/// The clauses that differ between two terms in what a suggestion can change.
pub fn changed(before: &Terms, after: &Terms) -> Vec<Place> {
    let mut places = vec![];
    let item = |list: &'static str, key: &str| Place::Item { list, key: key.to_owned() };
    let (old, new) = (&before.fit.rules, &after.fit.rules);
    for rule in old.iter().chain(new).filter(|rule| !(old.contains(rule) && new.contains(rule))) {
        places.push(item("fit.rules", &rule.key));
    }
    let (old, new) = (&before.interest.rules, &after.interest.rules);
    for rule in old.iter().chain(new).filter(|rule| !(old.contains(rule) && new.contains(rule))) {
        places.push(item("interest.rules", &rule.key));
    }
    if before.categories.fit_good != after.categories.fit_good {
        places.push(Place::Single("categories.fit_good"));
    }
    #[expect(clippy::float_cmp, reason = "an unchanged threshold is the same number")]
    if before.categories.interest_high != after.categories.interest_high {
        places.push(Place::Single("categories.interest_high"));
    }
    places.sort();
    places.dedup();
    places
}

fn fit_rules(mut rules: Vec<FitRule>, lines: &[&Line], replace: bool) -> Vec<FitRule> {
    if replace && !lines.is_empty() {
        rules.retain(|rule| lines.iter().any(|line| line.clause.when == rule.when));
    }
    let mut names = Names::of(rules.iter().map(|rule| (rule.key.as_str(), rule.label.as_str())));
    for line in lines {
        let points = i16::try_from(line.points).unwrap_or(if line.points < 0 { -100 } else { 100 });
        match rules.iter_mut().find(|rule| rule.when == line.clause.when) {
            Some(rule) => rule.points = points,
            None => {
                let (key, label) = names.name(&line.clause.label);
                let when = line.clause.when.clone();
                rules.push(FitRule { key, label, when, points, persona: None, persona_revision: None });
            }
        }
    }
    rules
}

fn interest_rules(mut rules: Vec<InterestRule>, lines: &[&Line], replace: bool) -> Vec<InterestRule> {
    let same = |rule: &InterestRule, line: &Line| {
        line.clause.event() == Some(&rule.event) && line.clause.when == rule.when
    };
    if replace && !lines.is_empty() {
        rules.retain(|rule| lines.iter().any(|line| same(rule, line)));
    }
    let mut names = Names::of(rules.iter().map(|rule| (rule.key.as_str(), rule.label.as_str())));
    for line in lines {
        let points = f64::from(line.points);
        match rules.iter_mut().find(|rule| same(rule, line)) {
            Some(rule) => (rule.points, rule.cap) = (points, Some(points)),
            None => {
                let (key, label) = names.name(&line.clause.label);
                let event = line.clause.event().unwrap_or_default().to_owned();
                let when = line.clause.when.clone();
                rules.push(InterestRule { key, label, event, when, points, cap: Some(points) });
            }
        }
    }
    rules
}

/// Keys and labels of one list, each used once.
struct Names {
    keys: HashSet<String>,
    labels: HashSet<String>,
}

impl Names {
    fn of<'k>(used: impl Iterator<Item = (&'k str, &'k str)>) -> Names {
        let (keys, labels) = used.map(|(key, label)| (key.to_owned(), label.trim().to_lowercase())).unzip();
        Names { keys, labels }
    }

    /// A key and a label made of these words.
    fn name(&mut self, words: &str) -> (String, String) {
        let words: String =
            words.split_whitespace().collect::<Vec<_>>().join(" ").replace(char::is_control, "");
        let (mut key, mut label) = (slug(&words, LONGEST_KEY), cut(&words, LONGEST_LABEL));
        let mut count = 1;
        while self.keys.contains(&key) || self.labels.contains(&label.to_lowercase()) {
            count += 1;
            let ending = format!(" {count}");
            label = cut(&words, LONGEST_LABEL - ending.len()) + &ending;
            key = format!("{}_{count}", slug(&words, LONGEST_KEY - ending.len()));
        }
        self.keys.insert(key.clone());
        self.labels.insert(label.to_lowercase());
        (key, label)
    }
}

fn cut(words: &str, most: usize) -> String {
    words.chars().take(most).collect::<String>().trim_end().to_owned()
}

/// Lower-case letters, digits and underscores, beginning with a letter.
fn slug(words: &str, most: usize) -> String {
    let mut slug = String::new();
    for c in words.nfkd().filter(char::is_ascii) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug = slug.trim_matches('_');
    let slug = if slug.starts_with(|c: char| c.is_ascii_lowercase()) {
        slug.to_owned()
    } else {
        format!("is_{slug}")
    };
    slug.chars().take(most).collect::<String>().trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::clauses;
    use crate::points::features::Names as Labels;
    use crate::points::model::{Choice, Column};
    use crate::points::planted::leads;
    use crate::points::suggest::suggest;

    fn found(terms: &Terms) -> Suggestion {
        let columns = ["industry", "custom.colour", "event.pricing_view"].map(Column::parse).to_vec();
        let choice = Choice { columns, ..Choice::default() };
        suggest(leads(400), &choice, &Labels::default(), terms).unwrap()
    }

    fn position(found: &Suggestion, label: &str) -> usize {
        found.lines.iter().position(|line| line.clause.label == label).unwrap()
    }

    #[test]
    fn one_clause_is_added_and_everything_else_stays() {
        let terms = Terms::default_agreement();
        let found = found(&terms);
        let lines = vec![position(&found, "Industry is Software")];
        let after = accept(&terms, &found, &Accepted { lines, replace: false, thresholds: false });
        let places: Vec<String> = changed(&terms, &after).iter().map(ToString::to_string).collect();
        assert_eq!(places, ["fit.rules.industry_is_software"]);
        assert_eq!(after.fit.rules.len(), terms.fit.rules.len() + 1);
        let mut back = after.clone();
        back.fit.rules.pop();
        assert_eq!(back, terms);
    }

    #[test]
    fn a_rule_with_the_same_tests_keeps_its_name_and_gets_the_new_points() {
        let mut terms = Terms::default_agreement();
        let suggestion = found(&terms);
        let at = position(&suggestion, "Pricing page view");
        let own = terms.interest.rules.iter_mut().find(|rule| rule.event == "pricing_view").unwrap();
        own.when = vec![];
        let (key, label) = (own.key.clone(), own.label.clone());
        for replace in [true, false] {
            let after =
                accept(&terms, &suggestion, &Accepted { lines: vec![at], replace, thresholds: false });
            let rule = after.interest.rules.iter().find(|rule| rule.key == key).unwrap();
            assert_eq!((&rule.label, rule.points), (&label, f64::from(suggestion.lines[at].points)));
            assert_eq!(after.interest.rules.len() == 1, replace);
            assert_eq!(after.fit, terms.fit, "an axis without new clauses keeps its rules");
        }
    }

    #[test]
    fn thresholds_are_taken_when_they_are_wanted() {
        let terms = Terms::default_agreement();
        let found = found(&terms);
        let after = accept(&terms, &found, &Accepted { lines: vec![], replace: true, thresholds: true });
        assert_eq!(
            (after.categories.fit_good, after.categories.interest_high),
            (found.fit_good, found.interest_high)
        );
        let accepted_places = changed(&terms, &after);
        assert!(accepted_places.iter().all(|place| clauses::get(&after, place).is_some()));
    }

    #[test]
    fn keys_and_labels_are_well_formed_and_used_once() {
        let mut names = Names::of([("country_is_osterreich", "Other")].into_iter());
        assert_eq!(
            names.name("Country is Österreich"),
            ("country_is_osterreich_2".into(), "Country is Österreich 2".into())
        );
        assert_eq!(names.name("Land ist 東京").0, "land_ist");
        assert_eq!(names.name("東京").0, "is");
        assert_eq!(
            names.name("3 or more\nvisits"),
            ("is_3_or_more_visits".into(), "3 or more visits".into())
        );
        let long = names.name(&"x".repeat(300));
        assert!(long.0.len() == 60 && long.1.len() == 100);
        let again = names.name(&"x".repeat(300));
        assert!(again.0.len() <= 60 && again.1.len() <= 100 && again != long);
    }
}
