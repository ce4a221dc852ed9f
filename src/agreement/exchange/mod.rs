//! The agreement as code: terms as a TOML file, out and in again. A file is taken as a whole or not at all.

pub mod pages;

use std::collections::BTreeMap;

use super::clauses::{self, LISTS, Place};
use super::known::{self, Known};
use super::terms::Terms;
use super::validate::TermsError;
use crate::kernel::text::excerpt;

/// Bytes of the largest file that is taken: a hundred times the default agreement.
pub const LARGEST: usize = 2_000_000;

/// What is wrong with one place of a file. Displays as one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is not TOML, or not that of an agreement.
    #[error("line {line}, column {column}{}: {problem}{}; correct this line.", at(field), shown(text))]
    Text { line: usize, column: usize, field: String, text: String, problem: String },
    #[error(transparent)]
    Clause(#[from] TermsError),
}

fn at(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", {field}") }
}

fn shown(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(", in “{}”", excerpt(text)) }
}

/// Terms from a file that are sound and name nothing that does not exist; else everything that is wrong.
pub fn read(text: &str, known: &Known) -> Result<Terms, Vec<Fault>> {
    let terms = sound(text)?;
    let strangers = known::strangers(&terms, known);
    if strangers.is_empty() { Ok(terms) } else { Err(strangers.into_iter().map(Fault::Clause).collect()) }
}

/// Terms from a file that are sound, whoever and whatever they name.
pub fn sound(text: &str) -> Result<Terms, Vec<Fault>> {
    let terms = Terms::from_toml(text).map_err(|error| vec![located(text, &error)])?;
    match terms.validate() {
        Ok(()) => Ok(terms),
        Err(errors) => Err(errors.into_iter().map(Fault::Clause).collect()),
    }
}

/// Where in the text an error of the TOML reader is.
fn located(text: &str, error: &toml::de::Error) -> Fault {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let wrong = text.lines().nth(line - 1).unwrap_or_default().trim();
    Fault::Text {
        line,
        column,
        field: field_at(text, line),
        text: wrong.to_owned(),
        problem: error.message().trim().trim_end_matches('.').to_owned(),
    }
}

/// The field that a line of the file is about, such as `fit.rules[2].points`: its table with its position among
/// those of the same name, and its key.
fn field_at(text: &str, line: usize) -> String {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut table, mut key) = (String::new(), "");
    for text in text.lines().take(line).map(str::trim) {
        key = "";
        if let Some(list) = text.strip_prefix("[[").and_then(|rest| rest.split("]]").next()) {
            let count = seen.entry(list.trim()).and_modify(|count| *count += 1).or_insert(0);
            table = format!("{}[{count}]", list.trim());
        } else if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let name = name.trim();
            // A table within the last item of a list.
            table = match seen.iter().find(|(list, _)| name.starts_with(&format!("{list}."))) {
                Some((list, count)) => format!("{list}[{count}]{}", &name[list.len()..]),
                None => name.to_owned(),
            };
        } else if let Some((name, _)) = text.split_once('=') {
            key = name.trim();
        }
    }
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    match (table.is_empty(), is_key) {
        (_, false) => table,
        (true, true) => key.to_owned(),
        (false, true) => format!("{table}.{key}"),
    }
}

/// The terms as a file that says where it is from.
pub fn file(number: i32, state: &str, terms: &Terms) -> String {
    format!(
        "# Version {number} ({state}) of the handoff agreement, SHA-256 {}\n\n{}",
        terms.sha256(),
        terms.to_toml()
    )
}

/// How two sets of terms differ, clause by clause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub changed: Vec<Place>,
    pub added: Vec<Place>,
    pub removed: Vec<Place>,
    /// Lists whose items stand in another order.
    pub reordered: Vec<&'static str>,
}

impl Changes {
    pub fn between(before: &Terms, after: &Terms) -> Changes {
        let old: BTreeMap<Place, serde_json::Value> = clauses::all(before).into_iter().collect();
        let new: BTreeMap<Place, serde_json::Value> = clauses::all(after).into_iter().collect();
        let of = |places: &mut dyn Iterator<Item = &Place>| places.cloned().collect();
        Changes {
            changed: of(&mut new
                .iter()
                .filter(|(place, value)| old.get(place).is_some_and(|old| old != *value))
                .map(|(place, _)| place)),
            added: of(&mut new.keys().filter(|place| !old.contains_key(place))),
            removed: of(&mut old.keys().filter(|place| !new.contains_key(place))),
            reordered: LISTS.into_iter().filter(|list| is_reordered(before, after, list)).collect(),
        }
    }

    pub fn places(&self) -> Vec<Place> {
        [&self.changed, &self.added, &self.removed].into_iter().flatten().cloned().collect()
    }

    /// In one sentence.
    pub fn summary(&self) -> String {
        let counts =
            [(self.changed.len(), "changed"), (self.added.len(), "added"), (self.removed.len(), "removed")];
        let total: usize = counts.iter().map(|(count, _)| count).sum();
        let mut parts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if !self.reordered.is_empty() {
            parts.push(format!("another order in {}", self.reordered.join(", ")));
        }
        match (total, parts.is_empty()) {
            (_, true) => "The file says what the draft said already; nothing was changed.".to_owned(),
            (0, false) => format!("No clause says anything else now, but there is {}.", parts.join(", ")),
            (1, false) => format!("1 clause is different now: {}.", parts.join(", ")),
            (_, false) => format!("{total} clauses are different now: {}.", parts.join(", ")),
        }
    }
}

/// Whether the items that both have stand in another order.
fn is_reordered(before: &Terms, after: &Terms, list: &str) -> bool {
    let (old, new) = (clauses::keys(before, list), clauses::keys(after, list));
    let kept: Vec<&String> = old.iter().filter(|key| new.contains(key)).collect();
    kept != new.iter().filter(|key| old.contains(key)).collect::<Vec<_>>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::agreement::terms::{Holiday, RetiredStatus, Status};

    fn faults(text: &str) -> Vec<String> {
        read(text, &Known::default()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_error_of_the_text_names_line_column_and_field() {
        let text = Terms::default_agreement().to_toml();
        let broken = text.replacen("fit_good = 50", "fit_good = \"high\"", 1);
        let line = broken.lines().position(|line| line.contains("\"high\"")).unwrap() + 1;
        let said = faults(&broken);
        assert_eq!(
            said,
            [format!(
                "line {line}, column 12, categories.fit_good: invalid type: string \"high\", expected u8, in “fit_good = \"high\"”; correct this line."
            )]
        );
        let misspelt = text.replacen("points = 30", "pionts = 30", 1);
        assert!(
            faults(&misspelt)[0].contains("fit.rules[1].pionts: unknown field `pionts`"),
            "{:?}",
            faults(&misspelt)
        );
        assert!(faults("title = \"x")[0].starts_with("line 1, column"), "{:?}", faults("title = \"x"));
        assert!(faults("")[0].contains("missing field"), "{:?}", faults(""));
    }

    #[test]
    fn every_unsound_clause_is_named_with_its_value_and_remedy() {
        let mut terms = Terms::default_agreement();
        terms.routing.fallback_queue = "vip".into();
        terms.categories.fit_good = 0;
        assert_eq!(
            faults(&terms.to_toml()),
            [
                "5. categories.fit_good: “0” is out of bounds; use 1 to 100.",
                "7. routing.fallback_queue: “vip” is not a queue of this agreement; use one of inbound, enterprise, smb.",
            ]
        );
    }

    #[test]
    fn a_file_that_names_strangers_is_refused() {
        let mut terms = Terms::default_agreement();
        terms.handoff.packet_fields.push("custom.seats".into());
        terms.routing.queues[0].members.push("gone@example.com".into());
        let said = faults(&terms.to_toml());
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[1].contains("“gone@example.com” is not an active user of Sales"), "{said:?}");
        assert_eq!(sound(&terms.to_toml()).unwrap(), terms);
    }

    #[test]
    fn what_changed_is_counted_by_clause() {
        let before = Terms::default_agreement();
        let mut after = before.clone();
        after.categories.fit_good = 60;
        after.fit.rules.remove(0);
        after.routing.queues.swap(0, 1);
        after.retired_statuses.push(RetiredStatus {
            key: "old".into(),
            label: "Old".into(),
            to: "new".into(),
        });
        let changes = Changes::between(&before, &after);
        assert_eq!(
            changes.summary(),
            "3 clauses are different now: 1 changed, 1 added, 1 removed, another order in routing.queues."
        );
        assert_eq!(
            Changes::between(&before, &before).summary(),
            "The file says what the draft said already; nothing was changed."
        );
    }

    /// Anything that a person may have typed.
    fn words() -> impl Strategy<Value = String> {
        prop_oneof!["\\PC{0,40}", "[a-z\"'\\\\#=\\[\\]\n\t]{0,40}", Just("\"\"\"'''".to_owned())]
    }

    prop_compose! {
        fn terms()(
            (title, purpose) in (words(), words()),
            labels in prop::collection::vec((words(), words()), 0..4),
            value in prop_oneof![
                words().prop_map(|text| json!(text)), any::<i32>().prop_map(|n| json!(n)), (-1e6..1e6).prop_map(|n: f64| json!(n)),
                any::<bool>().prop_map(|is| json!(is)), prop::collection::vec(words(), 0..3).prop_map(|list| json!(list)),
            ],
            half_life in 0.01..365.0, capacity in prop::option::of(any::<u32>()), cap in prop::option::of(0.0..1e5),
            persona in prop::option::of(("[a-z]{1,8}", prop::option::of(1u32..9))), days in prop::option::of(any::<u16>()),
            members in prop::collection::vec("[a-z]{1,8}@example\\.com", 0..3),
        ) -> Terms {
            let mut terms = Terms::default_agreement();
            (terms.title, terms.purpose) = (title, purpose);
            for (at, (label, definition)) in labels.into_iter().enumerate() {
                let like = terms.vocabulary[at].clone();
                terms.retired_statuses.push(RetiredStatus { key: format!("old_{at}"), label: label.clone(), to: like.key.clone() });
                terms.calendar.holidays.push(Holiday { date: terms.calendar.holidays[0].date, name: label.clone() });
                terms.vocabulary.push(Status { key: format!("s{at}"), label, definition, ..like });
            }
            terms.fit.rules[0].when[0].value = Some(serde_json::from_value(value).unwrap());
            if let Some((persona, revision)) = persona {
                (terms.fit.rules[0].persona, terms.fit.rules[0].persona_revision) = (Some(persona), revision);
            }
            terms.interest.half_life_days = half_life;
            terms.interest.rules[0].cap = cap;
            terms.routing.capacity_per_rep = capacity;
            terms.routing.acknowledge_to_claim = days.is_some();
            terms.routing.queues[0].members = members;
            terms.hand_back.auto_return_after_attempts = days;
            terms
        }
    }

    proptest! {
        #[test]
        fn what_is_exported_is_imported_as_it_was(terms in terms()) {
            let text = file(3, "draft", &terms);
            let again = Terms::from_toml(&text);
            prop_assert_eq!(again.as_ref().map_err(ToString::to_string), Ok(&terms), "{}", text);
            prop_assert_eq!(again.unwrap().sha256(), terms.sha256());
        }
    }
}
