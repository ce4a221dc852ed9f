//! What can be chosen, each with the words that people read.

use super::fields::Source;
use super::queries::Surroundings;
use crate::agreement::facts::{EVENT_KINDS, FieldKind, LEAD_FIELDS, event_label, lead_field};
use crate::agreement::known::CustomKind;
use crate::agreement::terms::{Department, HandBackKind, Party, Route, Stage, Terms};
use crate::scoring::CategoryKey;

/// A value and its label.
pub type Choice = (String, String);

/// The terms that are edited, with what they may name beside themselves.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    pub terms: &'a Terms,
    pub around: &'a Surroundings,
}

/// What values a field is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    Text,
    Number,
    YesNo,
    /// Whatever it looks like.
    Any,
    /// One of these.
    Named(Vec<Choice>),
}

fn choice(value: impl Into<String>, label: impl Into<String>) -> Choice {
    (value.into(), label.into())
}

impl Words<'_> {
    pub fn choices(&self, source: Source) -> Vec<Choice> {
        let terms = self.terms;
        match source {
            Source::Statuses => {
                terms.vocabulary.iter().map(|status| choice(&status.key, &status.label)).collect()
            }
            Source::Stages => Stage::ALL.map(|stage| choice(stage.key(), stage.label())).to_vec(),
            Source::Departments => Department::ALL.map(|of| choice(of.key(), of.label())).to_vec(),
            Source::Parties => {
                let label = |party: Party| match party {
                    Party::System => "The system, by rule",
                    party => party.label(),
                };
                [("marketing", Party::Marketing), ("sales", Party::Sales), ("system", Party::System)]
                    .map(|(key, party)| choice(key, label(party)))
                    .to_vec()
            }
            Source::LeadFields => self.lead_fields().collect(),
            Source::Queues => {
                terms.routing.queues.iter().map(|queue| choice(&queue.key, &queue.label)).collect()
            }
            Source::Reps => self
                .around
                .reps
                .iter()
                .map(|(email, name)| choice(email, format!("{name} ({email})")))
                .collect(),
            Source::Categories => self.categories(),
            Source::Routes => [
                ("hand_off", Route::HandOff),
                ("nurture", Route::Nurture),
                ("review", Route::Review),
                ("park", Route::Park),
            ]
            .map(|(key, route)| choice(key, capital(route.label())))
            .to_vec(),
            Source::Personas => self
                .around
                .personas
                .iter()
                .map(|persona| {
                    choice(&persona.key, format!("{} (revision {})", persona.name, persona.revision))
                })
                .collect(),
            Source::Assign => vec![choice("pull", "Reps claim")],
            Source::HandBackKinds => [HandBackKind::Reject, HandBackKind::Recycle, HandBackKind::Disqualify]
                .map(|kind| choice(kind.key(), kind.label()))
                .to_vec(),
            Source::TimeZones => {
                chrono_tz::TZ_VARIANTS.iter().map(|zone| choice(zone.name(), zone.name())).collect()
            }
        }
    }

    fn categories(&self) -> Vec<Choice> {
        CategoryKey::all().map(|key| choice(key.as_str(), &self.terms.category(key).label)).to_vec()
    }

    /// Built-in fields, then custom ones.
    pub fn lead_fields(&self) -> impl Iterator<Item = Choice> {
        let custom = self
            .around
            .custom
            .iter()
            .map(|field| choice(format!("custom.{}", field.key), format!("{} (your own)", field.label)));
        LEAD_FIELDS.iter().map(|field| choice(field.name, field.label)).chain(custom)
    }

    /// The kinds of event that come with a label, and those that the terms name.
    pub fn events(&self) -> Vec<String> {
        let named = self.terms.interest.rules.iter().map(|rule| rule.event.as_str());
        let tracked = self.terms.handoff.fast_tracks.iter().map(|track| track.event.as_str());
        let mut events: Vec<String> = EVENT_KINDS
            .iter()
            .map(|(key, _)| *key)
            .chain(named)
            .chain(tracked)
            .map(|key| event_label(key).into_owned())
            .collect();
        events.sort();
        events.dedup();
        events
    }

    /// The properties of events that the terms name.
    pub fn properties(&self) -> Vec<String> {
        let rules = self.terms.interest.rules.iter().flat_map(|rule| &rule.when);
        let tracks = self.terms.handoff.fast_tracks.iter().flat_map(|track| &track.when);
        let mut keys: Vec<String> = rules
            .chain(tracks)
            .filter_map(|test| test.field.strip_prefix("property.").map(str::to_owned))
            .collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// What a field of a condition is compared with.
    pub fn shape(&self, field: &str) -> Shape {
        if let Some(("custom", key)) = field.split_once('.') {
            let known = self.around.custom.iter().find(|custom| custom.key == key);
            return match known.map(|custom| custom.kind) {
                Some(CustomKind::Number) => Shape::Number,
                Some(CustomKind::Bool) => Shape::YesNo,
                Some(CustomKind::Text | CustomKind::Date) => Shape::Text,
                None => Shape::Any,
            };
        }
        match field {
            "category" => Shape::Named(self.categories()),
            "fast_track" => {
                let tracks = &self.terms.handoff.fast_tracks;
                Shape::Named(tracks.iter().map(|track| choice(&track.key, &track.label)).collect())
            }
            "campaign" => {
                let campaigns = &self.around.campaigns;
                Shape::Named(campaigns.iter().map(|(id, name)| choice(id.to_string(), name)).collect())
            }
            "persona" => Shape::Named(
                self.around.personas.iter().map(|known| choice(known.id.to_string(), &known.name)).collect(),
            ),
            field => match lead_field(field).map(|field| field.kind) {
                Some(FieldKind::Number) => Shape::Number,
                Some(FieldKind::Text) => Shape::Text,
                None => Shape::Any,
            },
        }
    }
}

/// A kind of event by its label or a new name.
pub fn event_key(typed: &str) -> String {
    let typed = typed.trim();
    let known = EVENT_KINDS.iter().find(|(key, label)| label.eq_ignore_ascii_case(typed) || *key == typed);
    known.map_or_else(|| super::keys::slug(typed), |(key, _)| (*key).to_owned())
}

pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
