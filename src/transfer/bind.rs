//! A map bound to the columns of one file, and the values that it takes from a row.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use csv::StringRecord;

use super::dates::Dates;
use super::map::{Field, FileMap, Invalid};
use super::problem::{MapProblem, Problem};
use crate::kernel::text::excerpt;

/// Binds fields to columns and gathers everything that is wrong with them.
pub struct Binder<'a> {
    columns: &'a [String],
    file: &'a FileMap,
    zone: Tz,
    pub problems: Vec<MapProblem>,
    used: BTreeSet<usize>,
}

/// Which of the further keys a field may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allows {
    Nothing,
    Format,
    /// `type` and `format`.
    Type,
    /// `type`, `format` and `label`.
    Label,
}

impl<'a> Binder<'a> {
    pub fn new(columns: &'a [String], file: &'a FileMap) -> Binder<'a> {
        let mut binder = Binder { columns, file, zone: Tz::UTC, problems: vec![], used: BTreeSet::new() };
        match file.time_zone.parse() {
            Ok(zone) => binder.zone = zone,
            Err(_) => binder.refuse(
                "file.time_zone",
                &file.time_zone,
                "this is no time zone; write it as in Europe/Berlin or UTC",
            ),
        }
        if let Err(problem) = delimiter(&file.delimiter) {
            binder.refuse("file.delimiter", &file.delimiter, problem);
        }
        if let Err(problem) = Dates::new(&file.dates, binder.zone) {
            binder.refuse("file.dates", "", problem);
        }
        binder
    }

    pub fn refuse(&mut self, key: &str, value: &str, problem: impl Into<String>) {
        self.problems.push(MapProblem {
            key: key.to_owned(),
            value: value.to_owned(),
            problem: problem.into(),
        });
    }

    /// Columns that nothing of the map reads, in the order of the file.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.columns.iter().enumerate().filter(|(place, _)| !self.used.contains(place));
        unused.map(|(_, name)| name.clone()).collect()
    }

    pub fn field(&mut self, key: &str, field: &Field, allows: Allows) -> Bound {
        let rest = &field.rest;
        let misplaced = [
            (
                rest.format.is_some() && allows == Allows::Nothing,
                "format",
                "only dates have a format; remove it",
            ),
            (
                rest.value_type.is_some() && !matches!(allows, Allows::Type | Allows::Label),
                "type",
                "only custom fields and properties have a type; remove it",
            ),
            (
                rest.label.is_some() && allows != Allows::Label,
                "label",
                "only custom fields have a label; remove it",
            ),
            (
                rest.separator.is_some() && field.columns.len() < 2,
                "separator",
                "only several columns are joined; remove it or name columns",
            ),
        ];
        for (_, part, problem) in misplaced.into_iter().filter(|(wrong, ..)| *wrong) {
            self.refuse(&format!("{key}.{part}"), "", problem);
        }
        let lower =
            |texts: &[String]| texts.iter().map(|text| text.trim().to_lowercase()).collect::<Vec<_>>();
        Bound {
            name: field.columns.join(" + "),
            places: field.columns.iter().filter_map(|column| self.place(key, column)).collect(),
            constant: field.constant.clone(),
            separator: rest.separator.clone().unwrap_or_else(|| " ".to_owned()),
            blanks: lower(&self.file.blanks).into_iter().chain(lower(&rest.blanks)).collect(),
            values: rest.values.iter().map(|(from, to)| (from.trim().to_lowercase(), to.clone())).collect(),
            otherwise: rest.otherwise.clone(),
            prefix: rest.prefix.clone().unwrap_or_default(),
            invalid: rest.invalid,
            keeps_lines: false,
        }
    }

    /// The formats of one field: its own, or the file's.
    pub fn dates(&mut self, key: &str, field: &Field) -> Dates {
        let formats =
            field.rest.format.as_ref().map_or_else(|| self.file.dates.clone(), |format| vec![format.clone()]);
        Dates::new(&formats, self.zone).unwrap_or_else(|problem| {
            // The file's own formats have been refused already.
            if let Some(format) = &field.rest.format {
                self.refuse(&format!("{key}.format"), format, problem);
            }
            Dates::new(&[], self.zone).expect("ISO formats are sound")
        })
    }

    pub fn place(&mut self, key: &str, column: &str) -> Option<usize> {
        let named = |name: &String| name == column.trim();
        let place = self.columns.iter().position(named);
        match place {
            None => {
                let known: Vec<String> = self.columns.iter().map(|name| format!("“{name}”")).collect();
                self.refuse(
                    key,
                    column,
                    format!("the file has no column of this name; it has {}", known.join(", ")),
                );
            }
            Some(_) if self.columns.iter().filter(|&name| named(name)).count() > 1 => {
                self.refuse(
                    key,
                    column,
                    "the file has several columns of this name; rename them so that each is clear",
                );
            }
            Some(place) => _ = self.used.insert(place),
        }
        place
    }
}

/// The separator that a map names; none when it is to be found.
pub fn delimiter(named: &str) -> Result<Option<u8>, &'static str> {
    match named.as_bytes() {
        b"auto" => Ok(None),
        b"tab" => Ok(Some(b'\t')),
        &[one] if one.is_ascii() && !one.is_ascii_alphanumeric() && !matches!(one, b'"' | b'\r' | b'\n') => {
            Ok(Some(one))
        }
        _ => Err("write “auto”, “tab”, or one character such as “;”"),
    }
}

/// A field with the places of its columns.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The columns' names, as refusals say them.
    pub name: String,
    places: Vec<usize>,
    constant: Option<String>,
    separator: String,
    blanks: HashSet<String>,
    values: HashMap<String, String>,
    otherwise: Option<String>,
    prefix: String,
    invalid: Invalid,
    /// Whether line breaks are part of the value.
    pub keeps_lines: bool,
}

impl Bound {
    /// The value in a row, if it is known.
    pub fn take(&self, row: &StringRecord, check: &mut RowCheck) -> Option<String> {
        if let Some(constant) = &self.constant {
            return Some(constant.clone());
        }
        let mut value = String::new();
        for &place in &self.places {
            let part = row.get(place).unwrap_or_default().trim();
            if self.is_blank(part) {
                continue;
            }
            if !value.is_empty() {
                value.push_str(&self.separator);
            }
            value.push_str(part);
        }
        if let Some(control) = value.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            check.note(
                self,
                &value,
                format!("it holds a control character (U+{:04X}); remove it", u32::from(control)),
            );
            return None;
        }
        if !self.keeps_lines && value.contains(['\n', '\r', '\t']) {
            value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        if !value.is_empty()
            && let Some(other) = self.values.get(&value.to_lowercase())
        {
            value.clone_from(other);
        }
        if self.is_blank(value.trim()) {
            return self.otherwise.clone().filter(|other| !other.trim().is_empty());
        }
        value.insert_str(0, &self.prefix);
        Some(value)
    }

    /// As the row has it, for a refusal.
    pub fn raw(&self, row: &StringRecord) -> String {
        let parts: Vec<&str> = self.places.iter().filter_map(|&place| row.get(place)).collect();
        if parts.is_empty() { self.constant.clone().unwrap_or_default() } else { parts.join(&self.separator) }
    }

    /// Whether every row has the same value.
    pub fn constant(&self) -> Option<&str> {
        self.constant.as_deref()
    }

    fn is_blank(&self, value: &str) -> bool {
        value.is_empty() || (!self.blanks.is_empty() && self.blanks.contains(&value.to_lowercase()))
    }
}

/// What is wrong in one row, gathered.
#[derive(Debug, Default)]
pub struct RowCheck {
    /// Each of these refuses the row.
    pub problems: Vec<Problem>,
    /// Values that the row goes in without.
    pub left_out: Vec<Problem>,
}

impl RowCheck {
    /// The value, or none when it is wrong, which is noted.
    pub fn check<T>(&mut self, bound: &Bound, value: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|reason| self.note(bound, value, reason)).ok()
    }

    /// Notes what is wrong with a value; says whether the row can go in without it.
    pub fn note(&mut self, bound: &Bound, value: &str, reason: String) -> bool {
        let leave_out = bound.invalid == Invalid::LeaveOut;
        if leave_out {
            self.left_out.push(Problem::new(
                &bound.name,
                value,
                format!("left out, the row went in without it: {reason}"),
            ));
        } else {
            self.problems.push(Problem::new(&bound.name, value, reason));
        }
        leave_out
    }
}

/// Yes or no as people and programs write it.
pub fn truth(text: &str) -> Result<bool, String> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "on" => Ok(true),
        "no" | "n" | "false" | "f" | "0" | "off" => Ok(false),
        _ => Err(format!(
            "“{}” is neither yes nor no; correct it, or translate it with values in the map",
            excerpt(text)
        )),
    }
}

/// A moment that has been: history does not lie ahead.
pub fn past_moment(dates: &Dates, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let moment = dates.moment(text)?;
    if moment > now + chrono::TimeDelta::days(1) {
        return Err("this lies in the future; check the date, and its format in the map".to_owned());
    }
    Ok(moment.min(now))
}
