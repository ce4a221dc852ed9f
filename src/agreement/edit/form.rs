//! A clause as a form and back: text by name, kept as typed until every field is sound.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::conditions;
use super::fields::{Field, Kind};
use super::options::{self, Words};
use crate::agreement::facts::event_label;
use crate::kernel::fields::FieldErrors;
use crate::kernel::local_time;
use crate::kernel::text::excerpt;

/// What was typed; a name may stand more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed(Vec<(String, String)>);

impl Typed {
    /// What a browser sent: lines end as ours do, and cleared rows are closed up.
    pub fn sent(pairs: Vec<(String, String)>, fields: &[Field]) -> Typed {
        let pairs = pairs.into_iter().map(|(name, value)| (name, value.replace("\r\n", "\n")));
        let mut typed = Typed(pairs.collect());
        for field in fields {
            match field.kind {
                Kind::Condition(_) => {
                    typed.close_up(field.name(), &["field", "op", "value"], &["field", "value"])
                }
                Kind::Ladder => typed.close_up(field.name(), &["when", "act"], &["when", "act"]),
                _ => {}
            }
        }
        typed
    }

    pub fn put(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// What stands in a field that stands once.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn has(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|(known, held)| known == name && held == value)
    }

    fn all<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// How many rows a field has.
    pub fn rows(&self, name: &str) -> usize {
        self.row_numbers(name).into_iter().max().map_or(0, |last| last + 1)
    }

    fn row_numbers(&self, name: &str) -> Vec<usize> {
        let mut numbers: Vec<usize> = self
            .0
            .iter()
            .filter_map(|(known, _)| {
                known.strip_prefix(name)?.strip_prefix('.')?.split('.').next()?.parse().ok()
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Leaves out the rows in which none of the parts that decide is filled in, and numbers the rest anew.
    fn close_up(&mut self, name: &str, parts: &[&str], deciding: &[&str]) {
        let mut kept = vec![];
        for row in self.row_numbers(name) {
            let cell = |part: &str| self.get(&format!("{name}.{row}.{part}")).to_owned();
            if deciding.iter().any(|part| !cell(part).trim().is_empty()) {
                kept.push(parts.iter().map(|part| cell(part)).collect::<Vec<_>>());
            }
        }
        let prefix = format!("{name}.");
        let is_row = |known: &str| {
            known.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        self.0.retain(|(known, _)| !is_row(known));
        for (at, cells) in kept.into_iter().enumerate() {
            for (part, cell) in parts.iter().zip(cells) {
                self.put(format!("{prefix}{at}.{part}"), cell);
            }
        }
    }

    /// The part that belongs to one field, in a form that can be compared.
    fn part(&self, field: &Field) -> Vec<(&str, &str)> {
        let name = field.name();
        let belongs = |known: &str| {
            known == name
                || (matches!(field.kind, Kind::Condition(_) | Kind::Ladder)
                    && known.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
        };
        let mut part: Vec<(&str, &str)> = self
            .0
            .iter()
            .filter(|(known, value)| belongs(known) && !value.trim().is_empty())
            .map(|(known, value)| (known.as_str(), value.trim()))
            .collect();
        part.sort_unstable();
        part
    }
}

/// A text that differs when the clause does; blank for a clause that is not there.
pub fn fingerprint(clause: Option<&Value>) -> String {
    clause.map_or_else(String::new, |value| hex::encode(Sha256::digest(value.to_string())))
}

/// The form of a clause.
pub fn show(fields: &[Field], clause: &Value, words: Words) -> Typed {
    let mut typed = Typed::default();
    for field in fields {
        show_field(field, at(clause, field.path), words, &mut typed);
    }
    typed
}

fn show_field(field: &Field, value: &Value, words: Words, typed: &mut Typed) {
    let name = field.name();
    let text = value.as_str().unwrap_or_default();
    match field.kind {
        Kind::Several(_) => {
            for one in value.as_array().into_iter().flatten().filter_map(Value::as_str) {
                typed.put(name, one);
            }
        }
        Kind::Condition(about) => conditions::show(name, about, value, words, typed),
        Kind::Ladder => {
            for (at, rung) in value.as_array().into_iter().flatten().enumerate() {
                for part in ["when", "act"] {
                    typed.put(format!("{name}.{at}.{part}"), rung[part].as_str().unwrap_or_default());
                }
            }
        }
        Kind::Whole { .. } | Kind::Minutes | Kind::Decimal => {
            typed.put(name, value.as_f64().map(conditions::plain).unwrap_or_default());
        }
        Kind::Tick => {
            if value.as_bool() == Some(true) {
                typed.put(name, "true");
            }
        }
        Kind::Either { .. } => {
            typed.put(name, value.as_bool().map(|yes| yes.to_string()).unwrap_or_default())
        }
        Kind::Spans => typed.put(name, spans_shown(value)),
        Kind::Event if !text.is_empty() => typed.put(name, event_label(text)),
        Kind::Event | Kind::Line | Kind::Area | Kind::Date | Kind::Choice(_) => typed.put(name, text),
    }
}

/// Reads a form into what the clause held before. A field that stands as it was keeps what the clause held.
pub fn read(fields: &[Field], typed: &Typed, before: &Value, words: Words) -> Result<Value, FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut clause = before.clone();
    let shown = show(fields, before, words);
    for field in fields {
        let held = at(before, field.path);
        if !held.is_null() && typed.part(field) == shown.part(field) {
            continue;
        }
        match read_field(field, typed, held, words) {
            Ok(Value::Null) if field.required => {
                errors.add(field.name(), "This is still blank; fill it in.");
            }
            Ok(value) => put(&mut clause, field.path, value),
            Err(refused) => refused.iter().for_each(|(name, problem)| errors.add(name, problem)),
        }
    }
    errors.into_result()?;
    Ok(clause)
}

fn read_field(field: &Field, typed: &Typed, before: &Value, words: Words) -> Result<Value, FieldErrors> {
    let name = field.name();
    let text = typed.get(name).trim();
    let sound = |result: Result<Value, String>| result.map_err(|problem| FieldErrors::one(name, problem));
    match field.kind {
        Kind::Several(source) => {
            let chosen: Vec<&str> = typed.all(name).collect();
            if chosen.is_empty() && field.required {
                return Err(FieldErrors::one(name, "Nothing is ticked; tick at least one."));
            }
            Ok(in_order(&chosen, before, &words.choices(source)))
        }
        Kind::Condition(about) => {
            let (tests, errors) = conditions::read(name, about, typed, before, words);
            errors.into_result().map(|()| tests)
        }
        Kind::Ladder => ladder(name, typed),
        Kind::Tick => Ok((text == "true").into()),
        _ if text.is_empty() => Ok(Value::Null),
        Kind::Either { .. } => Ok((text == "true").into()),
        Kind::Whole { least, most } => sound(whole(text, least, most)),
        Kind::Minutes => sound(minutes(text)),
        Kind::Decimal => sound(decimal(text)),
        Kind::Spans => sound(spans(text)),
        Kind::Date => {
            let date = local_time::date(text).map(|date| json!(date));
            sound(date)
        }
        Kind::Event => Ok(options::event_key(text).into()),
        Kind::Choice(source) => {
            let known = words.choices(source).iter().any(|(value, _)| value == text);
            let unknown =
                || format!("“{}” is not among the choices any more; choose another.", excerpt(text));
            sound(if known { Ok(text.into()) } else { Err(unknown()) })
        }
        Kind::Line | Kind::Area => Ok(text.into()),
    }
}

/// What is chosen: first what was chosen before in its order, then the rest in the order of the choices.
fn in_order(chosen: &[&str], before: &Value, choices: &[(String, String)]) -> Value {
    let held: Vec<&str> = before.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut order: Vec<&str> = held.iter().copied().filter(|one| chosen.contains(one)).collect();
    for (value, _) in choices {
        if chosen.contains(&value.as_str()) && !order.contains(&value.as_str()) {
            order.push(value);
        }
    }
    json!(order)
}

fn ladder(name: &str, typed: &Typed) -> Result<Value, FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut rungs = vec![];
    for at in 0..typed.rows(name) {
        let cell = |part: &str| typed.get(&format!("{name}.{at}.{part}"));
        let (when, act) = (cell("when"), cell("act"));
        if when.is_empty() || act.is_empty() {
            errors.add(name, format!("Step {} says only half; choose when and what, or clear it.", at + 1));
        }
        rungs.push(json!({ "when": when, "act": act }));
    }
    errors.into_result()?;
    Ok(Value::Array(rungs))
}

fn whole(text: &str, least: i64, most: i64) -> Result<Value, String> {
    let number: Option<i64> = text.parse().ok();
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(number.into()),
        Some(number) => Err(format!("“{number}” is out of bounds; use {least} to {most}.")),
        None => Err(format!("“{}” is not a whole number; write it as 25.", excerpt(text))),
    }
}

fn decimal(text: &str) -> Result<Value, String> {
    let number = text.replace(',', ".").parse::<f64>().ok().filter(|number| number.is_finite());
    number
        .map(Value::from)
        .ok_or_else(|| format!("“{}” is not a number; write it as 10 or 2.5.", excerpt(text)))
}

/// Minutes, also written as `4 h`, `1 h 30` or `90 min`.
fn minutes(text: &str) -> Result<Value, String> {
    let told = text.to_lowercase();
    let number = |text: &str| match text.trim() {
        "" => Some(0),
        text => text.parse::<u32>().ok(),
    };
    let rest = |text: &str| {
        let text = text.trim();
        number(
            ["minutes", "minute", "min", "m"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text),
        )
    };
    let total = match told.split_once('h') {
        Some((hours, tail)) => {
            let tail = tail.trim_start_matches("ours").trim_start_matches("our");
            number(hours)
                .filter(|_| !hours.trim().is_empty())
                .zip(rest(tail))
                .and_then(|(hours, minutes)| hours.checked_mul(60)?.checked_add(minutes))
        }
        None => rest(&told).filter(|_| told.starts_with(|c: char| c.is_ascii_digit())),
    };
    total.map(Value::from).ok_or_else(|| {
        format!("“{}” is no time that we can read; write minutes as 90, or hours as 4 h.", excerpt(text))
    })
}

fn spans_shown(value: &Value) -> String {
    let spans = value.as_array().into_iter().flatten();
    let text = |span: &Value, end: &str| span[end].as_str().unwrap_or_default().to_owned();
    spans.map(|span| format!("{}-{}", text(span, "from"), text(span, "to"))).collect::<Vec<_>>().join(", ")
}

fn spans(text: &str) -> Result<Value, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let spans = parts.map(|part| {
        let ends = part.split_once(['-', '–']);
        let (from, to) = ends
            .and_then(|(from, to)| Some((time(from)?, time(to)?)))
            .ok_or_else(|| format!("“{}” is not a span; write it as 09:00-17:00.", excerpt(part)))?;
        Ok(json!({ "from": from, "to": to }))
    });
    spans.collect::<Result<Vec<_>, String>>().map(Value::Array)
}

/// A time of day as the terms write it, from `9`, `9:00` or `09:00`.
fn time(text: &str) -> Option<String> {
    let text = text.trim();
    let (hour, minute) = text.split_once(':').unwrap_or((text, "00"));
    let padded = format!("{:0>2}:{minute}", hour.trim());
    padded.parse::<crate::agreement::calendar::Minute>().ok().map(|minute| minute.to_string())
}

/// What stands at a path within a clause; null when nothing does.
pub fn at<'v>(clause: &'v Value, path: &str) -> &'v Value {
    path.split('.').filter(|field| !field.is_empty()).fold(clause, |value, field| &value[field])
}

/// Puts a value at a path within a clause; null takes it out.
pub fn put(clause: &mut Value, path: &str, value: Value) {
    if path.is_empty() {
        *clause = value;
        return;
    }
    let (parents, field) = path.rsplit_once('.').unwrap_or(("", path));
    let mut target = clause;
    for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
        target = &mut target[parent];
    }
    if !value.is_null() {
        target[field] = value;
    } else if let Some(fields) = target.as_object_mut() {
        fields.remove(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("90", 90),
            ("90 min", 90),
            ("4 h", 240),
            ("4h", 240),
            ("1 h 30", 90),
            ("2 hours 5 minutes", 125),
            ("1 hour", 60),
        ] {
            assert_eq!(minutes(text), Ok(json!(expected)), "{text}");
        }
        for text in ["soon", "h", "-5", "1 day", "4 h later", "99999999999"] {
            assert!(minutes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn working_hours_are_read_as_people_write_them() {
        let read = spans("9-12, 13:00 – 17:30").unwrap();
        assert_eq!(spans_shown(&read), "09:00-12:00, 13:00-17:30");
        assert!(spans("9 to 5").unwrap_err().contains("“9 to 5” is not a span"));
        assert!(spans("25-26").is_err());
    }

    #[test]
    fn a_number_out_of_what_the_terms_can_hold_is_refused() {
        assert_eq!(whole("7", 0, 255), Ok(json!(7)));
        assert!(whole("300", 0, 255).unwrap_err().contains("use 0 to 255"));
        assert!(whole("much", 0, 255).unwrap_err().contains("“much” is not a whole number"));
        assert_eq!(decimal("2,5"), Ok(json!(2.5)));
    }
}
