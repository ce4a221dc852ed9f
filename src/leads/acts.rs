//! What a person adds to a lead: a note, an activity, an event.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lead_page::{self, Forms};
use super::model::{NewEvent, event_kind};
use crate::app::App;
use crate::auth::User;
use crate::error::AppResult;
use crate::handoffs::actions::{NewActivity, log_activity};
use crate::handoffs::intake;
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{LeadId, new_id};
use crate::kernel::{local_time, text};
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout};

/// Properties that the form of an event takes.
pub const PROPERTIES: usize = 4;
/// How far a person's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::minutes(2);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NoteForm {
    body: String,
}

pub async fn add_note(
    State(app): State<App>,
    Path(id): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<NoteForm>,
) -> AppResult<Response> {
    let note = NewActivity { kind: "note".into(), outcome: String::new(), body: form.body.clone() };
    match log_activity(&app, &me, id, &note).await? {
        Ok(()) => done(&flashes, id, "The note is added.").await,
        Err(note_errors) => {
            again(&app, id, me, layout, Forms { note: form.body, note_errors, ..Forms::default() }).await
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ActivityForm {
    /// Kind and outcome in one, such as `call:connected`.
    pub what: String,
    pub body: String,
}

pub async fn log(
    State(app): State<App>,
    Path(id): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<ActivityForm>,
) -> AppResult<Response> {
    let refused = match form.what.split_once(':') {
        None => FieldErrors::one("what", "Choose what you did and how it went."),
        Some((kind, outcome)) => {
            let activity =
                NewActivity { kind: kind.to_owned(), outcome: outcome.to_owned(), body: form.body.clone() };
            match log_activity(&app, &me, id, &activity).await? {
                Ok(()) => return done(&flashes, id, "The activity is logged.").await,
                Err(errors) => of_one_field(&errors),
            }
        }
    };
    again(&app, id, me, layout, Forms { activity: form, activity_errors: refused, ..Forms::default() }).await
}

/// Kind and outcome are one field of the form.
fn of_one_field(errors: &FieldErrors) -> FieldErrors {
    let mut merged = FieldErrors::default();
    for (field, problem) in errors.iter() {
        merged.add(if field == "body" { "body" } else { "what" }, problem);
    }
    merged
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EventForm {
    pub kind: String,
    /// Local time.
    pub occurred_at: String,
    /// Names and values of properties, in the same order.
    pub property: Vec<String>,
    pub value: Vec<String>,
    /// Made with the form, so that a form that is sent twice counts once.
    pub key: String,
}

impl EventForm {
    /// An empty form, for what happened just now.
    pub fn fresh(now: DateTime<Utc>, zone: Tz) -> EventForm {
        EventForm {
            occurred_at: local_time::field_value(now, zone),
            key: new_id(now).simple().to_string(),
            ..EventForm::default()
        }
    }

    /// Name and value of each row of the form.
    pub fn rows(&self) -> Vec<(&str, &str)> {
        (0..PROPERTIES).map(|row| (nth(&self.property, row), nth(&self.value, row))).collect()
    }

    fn check(&self, zone: Tz, now: DateTime<Utc>) -> Result<NewEvent, FieldErrors> {
        let mut errors = FieldErrors::default();
        let kind = errors.check("kind", event_kind(&self.kind));
        let at = errors.check("occurred_at", local_time::date_and_time(&self.occurred_at, zone)).flatten();
        match at {
            Some(at) if at > now + AHEAD => {
                errors.add("occurred_at", "That lies in the future; an event is something that has happened")
            }
            None => errors.add("occurred_at", "Say when it happened"),
            Some(_) => {}
        }
        let properties = errors.check("property", self.properties());
        let key = errors.check("", text::line(&self.key, 100)).flatten();
        errors.into_result()?;
        Ok(NewEvent {
            kind: kind.unwrap_or_default(),
            occurred_at: at.unwrap_or(now).min(now),
            properties: properties.unwrap_or_default(),
            source: super::BY_HAND.to_owned(),
            idempotency_key: key.unwrap_or_else(|| new_id(now).simple().to_string()),
        })
    }

    fn properties(&self) -> Result<Map<String, Value>, String> {
        let mut properties = Map::new();
        for (name, value) in self.rows() {
            let (name, value) = (text::line(name, 60)?, text::line(value, 500)?);
            match (name, value) {
                (None, None) => {}
                (Some(name), Some(value)) => {
                    if properties.insert(name.clone(), Value::String(value)).is_some() {
                        return Err(format!("“{name}” is named twice"));
                    }
                }
                (Some(name), None) => return Err(format!("“{name}” has no value")),
                (None, Some(value)) => {
                    return Err(format!("The value “{}” has no name", text::excerpt(&value)));
                }
            }
        }
        Ok(properties)
    }
}

fn nth(texts: &[String], at: usize) -> &str {
    texts.get(at).map_or("", String::as_str)
}

pub async fn add_event(
    State(app): State<App>,
    Path(id): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<EventForm>,
) -> AppResult<Response> {
    let event = match form.check(me.time_zone, app.clock.now()) {
        Ok(event) => event,
        Err(event_errors) => {
            return again(&app, id, me, layout, Forms { event: form, event_errors, ..Forms::default() })
                .await;
        }
    };
    let is_new = intake::add_event(&app, id, event, &me.actor()).await?;
    done(
        &flashes,
        id,
        if is_new {
            "The event is added, and the lead is judged anew."
        } else {
            "This event was added already."
        },
    )
    .await
}

async fn done(flashes: &Flashes, id: LeadId, words: &str) -> AppResult<Response> {
    flashes.add(FlashKind::Success, words);
    Ok(Redirect::to(&format!("/leads/{id}")).into_response())
}

/// The page again, with what was typed and what is wrong with it.
async fn again(app: &App, id: LeadId, me: User, layout: Layout, forms: Forms) -> AppResult<Response> {
    let event = match forms.event_errors.is_empty() {
        true => EventForm::fresh(layout.now, me.time_zone),
        false => forms.event,
    };
    lead_page::render(app, id, me, layout, None, Forms { event, ..forms }, StatusCode::UNPROCESSABLE_ENTITY)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-23T10:00:30Z".parse().unwrap()
    }

    fn form() -> EventForm {
        EventForm {
            kind: "demo_request".into(),
            property: vec!["product".into(), String::new()],
            value: vec!["Basic".into()],
            ..EventForm::fresh(now(), Tz::Europe__Berlin)
        }
    }

    #[test]
    fn an_event_keeps_its_local_time_and_properties() {
        let event = form().check(Tz::Europe__Berlin, now()).unwrap();
        assert_eq!(event.occurred_at, "2026-11-23T10:00:00Z".parse::<DateTime<Utc>>().unwrap());
        assert_eq!(Value::Object(event.properties), serde_json::json!({ "product": "Basic" }));
    }

    #[test]
    fn the_same_form_sent_twice_is_the_same_event() {
        let form = form();
        assert_eq!(
            form.check(Tz::UTC, now()).map(|event| event.id()),
            form.check(Tz::UTC, now() + TimeDelta::minutes(1)).map(|event| event.id())
        );
        assert_ne!(EventForm::fresh(now(), Tz::UTC).key, form.key);
    }

    #[test]
    fn what_cannot_have_happened_is_refused_beside_its_field() {
        let refused = |form: EventForm| {
            form.check(Tz::Europe__Berlin, now())
                .unwrap_err()
                .iter()
                .map(|(field, _)| field.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(refused(EventForm { occurred_at: "2026-11-24T10:00".into(), ..form() }), ["occurred_at"]);
        assert_eq!(
            refused(EventForm { occurred_at: String::new(), kind: "Demo!".into(), ..form() }),
            ["kind", "occurred_at"]
        );
        assert_eq!(refused(EventForm { value: vec![], ..form() }), ["property"]);
        assert_eq!(
            refused(EventForm {
                property: vec!["a".into(), "a".into()],
                value: vec!["1".into(), "2".into()],
                ..form()
            }),
            ["property"]
        );
    }
}
