//! The fields of a form as the template shows them.

use super::conditions::OPS;
use super::fields::{About, Field, Kind};
use super::form::Typed;
use super::options::{Choice, Shape, Words};
use crate::agreement::prose::business;

/// A field with what stands in it.
pub struct Shown {
    pub name: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub required: bool,
    pub input: Input,
}

pub enum Input {
    /// One line; `attrs` are further attributes.
    Line {
        value: String,
        kind: &'static str,
        attrs: &'static str,
    },
    Area {
        value: String,
    },
    /// Minutes with what they are in words.
    Minutes {
        value: String,
        reading: String,
    },
    Tick {
        ticked: bool,
    },
    Select {
        value: String,
        options: Vec<Choice>,
        any: &'static str,
    },
    /// Value, label, ticked.
    Boxes {
        options: Vec<(String, String, bool)>,
    },
    Condition {
        rows: Vec<TestRow>,
        fields: Vec<Group>,
        is_event: bool,
    },
    /// When and what of each rung, and one more to fill in.
    Ladder {
        rungs: Vec<(String, String)>,
    },
}

/// A line of a condition.
pub struct TestRow {
    pub field: String,
    pub op: String,
    pub value: String,
    /// The id of the list of values that are known for the field.
    pub values: String,
}

/// Fields under their heading.
pub struct Group {
    pub label: &'static str,
    pub fields: Vec<Choice>,
}

/// The values that are known for a field, as suggestions.
pub struct Suggestions {
    pub id: String,
    pub values: Vec<String>,
}

pub const WHEN: [(&str, &str); 2] =
    [("at_risk", "When a clock is at risk"), ("breached", "When it is breached")];
pub const ACT: [(&str, &str); 3] = [
    ("notify_rep", "tell the rep"),
    ("notify_manager", "tell the manager"),
    ("return_to_pool", "give the lead back to its queue"),
];

/// The fields of a form in their order. `more` names the condition that gets one more line.
pub fn shown(fields: &[Field], typed: &Typed, words: Words, more: &str) -> Vec<Shown> {
    fields
        .iter()
        .map(|field| Shown {
            name: field.name(),
            label: field.label,
            hint: field.hint,
            required: field.required,
            input: input(field, typed, words, more == field.name()),
        })
        .collect()
}

fn input(field: &Field, typed: &Typed, words: Words, more: bool) -> Input {
    let name = field.name();
    let value = typed.get(name).to_owned();
    let line = |kind, attrs| Input::Line { value: value.clone(), kind, attrs };
    match field.kind {
        Kind::Line => line("text", "maxlength=200 autocomplete=off"),
        Kind::Area => Input::Area { value },
        Kind::Whole { .. } => line("text", "inputmode=numeric autocomplete=off"),
        Kind::Decimal => line("text", "inputmode=decimal autocomplete=off"),
        Kind::Date => line("date", ""),
        Kind::Spans => line("text", "autocomplete=off placeholder=free"),
        Kind::Event => line("text", "list=events autocomplete=off"),
        Kind::Minutes => {
            let reading = value.trim().parse().map(business).unwrap_or_default();
            Input::Minutes { value, reading }
        }
        Kind::Tick => Input::Tick { ticked: value == "true" },
        Kind::Either { yes, no } => {
            let options = vec![("true".to_owned(), yes.to_owned()), ("false".to_owned(), no.to_owned())];
            Input::Select { value, options, any: "Either way" }
        }
        Kind::Choice(source) => {
            let mut options = words.choices(source);
            if !value.is_empty() && options.iter().all(|(known, _)| *known != value) {
                options.push((value.clone(), format!("{value} (not there any more)")));
            }
            let any = if field.required { "Choose" } else { "None in particular" };
            let any = if field.required && !value.is_empty() { "" } else { any };
            Input::Select { value, options, any }
        }
        Kind::Several(source) => {
            let known = words.choices(source);
            let gone = typed.pairs().iter().filter(|(named, value)| {
                named == name && !value.is_empty() && known.iter().all(|(known, _)| known != value)
            });
            let gone = gone.map(|(_, value)| (value.clone(), format!("{value} (not there any more)")));
            let options = known.iter().cloned().chain(gone);
            Input::Boxes {
                options: options
                    .map(|(value, label)| {
                        let ticked = typed.has(name, &value);
                        (value, label, ticked)
                    })
                    .collect(),
            }
        }
        Kind::Condition(about) => condition(name, about, typed, words, more),
        Kind::Ladder => {
            let cell = |at: usize, part: &str| typed.get(&format!("{name}.{at}.{part}")).to_owned();
            Input::Ladder {
                rungs: (0..=typed.rows(name)).map(|at| (cell(at, "when"), cell(at, "act"))).collect(),
            }
        }
    }
}

fn condition(name: &str, about: About, typed: &Typed, words: Words, more: bool) -> Input {
    let cell = |at: usize, part: &str| typed.get(&format!("{name}.{at}.{part}")).to_owned();
    let mut fields = groups(about, words);
    let rows: Vec<TestRow> = (0..typed.rows(name) + 1 + usize::from(more))
        .map(|at| {
            let field = cell(at, "field");
            TestRow { values: values_id(&field, words), field, op: cell(at, "op"), value: cell(at, "value") }
        })
        .collect();
    let is_known =
        |field: &str| fields.iter().flat_map(|group| &group.fields).any(|(known, _)| known == field);
    let mut unknown: Vec<Choice> = rows
        .iter()
        .filter(|row| about != About::Event && !row.field.is_empty() && !is_known(&row.field))
        .map(|row| (row.field.clone(), row.field.clone()))
        .collect();
    unknown.dedup();
    if !unknown.is_empty() {
        fields.push(Group { label: "Not known here", fields: unknown });
    }
    Input::Condition { rows, fields, is_event: about == About::Event }
}

fn groups(about: About, words: Words) -> Vec<Group> {
    let touch = |name: &str| name.starts_with("first_touch.") || name.starts_with("last_touch.");
    let pick = |of: &dyn Fn(&str) -> bool| words.lead_fields().filter(|(name, _)| of(name)).collect();
    let own = |name: &str| name.starts_with("custom.");
    let offer = Group {
        label: "The offer",
        fields: [("category", "Category"), ("fast_track", "Fast track")]
            .map(|(value, label)| (value.to_owned(), label.to_owned()))
            .to_vec(),
    };
    let mut groups = vec![
        Group { label: "The lead", fields: pick(&|name| !touch(name) && !own(name)) },
        Group { label: "Your own fields", fields: pick(&own) },
        Group { label: "Where it came from", fields: pick(&touch) },
    ];
    if about == About::Offer {
        groups.insert(0, offer);
    }
    groups.retain(|group| !group.fields.is_empty());
    groups
}

fn values_id(field: &str, words: Words) -> String {
    match words.shape(field) {
        Shape::Named(_) => format!("values-{field}"),
        _ => String::new(),
    }
}

/// The suggestions that the fields of a form refer to.
pub fn suggestions(fields: &[Field], words: Words) -> Vec<Suggestions> {
    let has = |of: fn(&Kind) -> bool| fields.iter().any(|field| of(&field.kind));
    let mut lists = vec![];
    if has(|kind| *kind == Kind::Event) {
        lists.push(Suggestions { id: "events".to_owned(), values: words.events() });
    }
    if has(|kind| *kind == Kind::Condition(About::Event)) {
        lists.push(Suggestions { id: "properties".to_owned(), values: words.properties() });
    }
    if has(|kind| matches!(kind, Kind::Condition(About::Lead | About::Offer))) {
        for field in ["category", "fast_track", "campaign", "persona"] {
            if let Shape::Named(choices) = words.shape(field) {
                let values = choices.into_iter().map(|(_, label)| label).collect();
                lists.push(Suggestions { id: format!("values-{field}"), values });
            }
        }
    }
    lists
}

/// The tests and their words.
pub fn ops() -> &'static [(&'static str, &'static str)] {
    &OPS
}

/// Whether a choice is the one that stands.
pub fn same(choice: &str, value: &str) -> bool {
    choice == value
}
