//! Adding a lead and changing what is known of it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Form;

use super::form::{Options, TOUCH, Typed};
use super::form_query;
use super::lead_page::no_such_lead;
use super::model::{Lead, NewLead, display_name};
use super::queries;
use crate::agreement::known::CustomKind;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::handoffs::intake::{self, Change, ChangeRefused, Duplicate};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::LeadId;
use crate::leads::IdentityKind;
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout};

/// The lead that a form changes.
struct Edited {
    id: LeadId,
    name: String,
    /// What the form was made from, by its fingerprint.
    seen: String,
}

#[derive(Template)]
#[template(path = "leads/form.html")]
struct FormPage {
    layout: Layout,
    /// None for a new lead.
    edited: Option<Edited>,
    typed: Typed,
    options: Options,
    errors: FieldErrors,
    /// The field whose identity another lead has, and that lead.
    duplicate: Option<(&'static str, LeadId)>,
    /// Where this form and the lead as it is stored now differ, when somebody changed it meanwhile.
    conflict: Option<Vec<(String, String, String)>>,
}

impl FormPage {
    fn new(layout: Layout, options: Options, edited: Option<Edited>, typed: Typed) -> FormPage {
        FormPage {
            layout,
            edited,
            typed,
            options,
            errors: FieldErrors::default(),
            duplicate: None,
            conflict: None,
        }
    }

    fn answer(&self, status: StatusCode) -> AppResult<Response> {
        let html = self.render().map_err(|error| AppError::Internal(error.into()))?;
        Ok((status, Html(html)).into_response())
    }

    fn refuse(mut self, errors: FieldErrors) -> AppResult<Response> {
        self.errors = errors;
        self.answer(StatusCode::UNPROCESSABLE_ENTITY)
    }

    fn refuse_duplicate(mut self, duplicate: &Duplicate) -> AppResult<Response> {
        let field = match duplicate.identity.kind {
            IdentityKind::Email => "email",
            IdentityKind::Phone => "phone",
            IdentityKind::External | IdentityKind::Visitor => "external_id",
        };
        self.duplicate = Some((field, duplicate.lead));
        self.refuse(FieldErrors::one(field, duplicate.to_string()))
    }

    /// The lead that has the identity of this field.
    fn owner_of(&self, field: &str) -> Option<LeadId> {
        self.duplicate.filter(|(taken, _)| *taken == field).map(|(_, lead)| lead)
    }

    fn touch_fields(&self) -> [(&'static str, &'static str, Vec<(String, &'static str)>); 2] {
        [("first_touch", "First touch"), ("last_touch", "Last touch")].map(|(group, title)| {
            (group, title, TOUCH.map(|(name, label)| (format!("{group}.{name}"), label)).to_vec())
        })
    }

    /// Name, label and kind of each custom field.
    fn custom_fields(&self) -> Vec<(String, &str, CustomKind)> {
        self.options
            .custom
            .iter()
            .map(|field| (format!("custom.{}", field.key), field.label.as_str(), field.kind))
            .collect()
    }

    /// Whether a group of fields is shown open: something stands in it, or something is wrong.
    fn is_open(&self, group: &str) -> bool {
        TOUCH.iter().any(|(name, _)| !self.typed.get(&format!("{group}.{name}")).is_empty())
            || self.errors.iter().any(|(field, _)| field.starts_with(group))
    }
}

pub async fn new(State(app): State<App>, layout: Layout) -> AppResult<Response> {
    let options = form_query::options(&mut *app.db.acquire().await?).await?;
    FormPage::new(layout, options, None, Typed::blank()).answer(StatusCode::OK)
}

pub async fn create(
    State(app): State<App>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(fields): Form<HashMap<String, String>>,
) -> AppResult<Response> {
    let typed = Typed::new(fields);
    let options = form_query::options(&mut *app.db.acquire().await?).await?;
    let checked = match typed.check(&options, me.time_zone) {
        Ok(checked) => checked,
        Err(errors) => return FormPage::new(layout, options, None, typed).refuse(errors),
    };
    let new = NewLead {
        facts: checked.facts,
        consent: checked.consent,
        do_not_contact: checked.do_not_contact,
        identities: checked.identities,
        created_at: app.clock.now(),
    };
    match intake::create(&app, new, vec![], &me.actor()).await? {
        Ok(created) => {
            let text = if created.offered.is_some() {
                "The lead is added, and offered to Sales at once."
            } else {
                "The lead is added."
            };
            flashes.add(FlashKind::Success, text);
            Ok(Redirect::to(&format!("/leads/{}", created.id)).into_response())
        }
        Err(duplicate) => FormPage::new(layout, options, None, typed).refuse_duplicate(&duplicate),
    }
}

async fn load(app: &App, id: LeadId) -> AppResult<(Lead, Options)> {
    let mut conn = app.db.acquire().await?;
    let loaded = queries::load(&mut conn, id).await?.ok_or_else(no_such_lead)?;
    Ok((loaded.lead, form_query::options(&mut conn).await?))
}

fn edited(lead: &Lead, seen: String) -> Edited {
    let facts = &lead.facts;
    let name =
        display_name(facts.name.as_deref(), facts.email.as_deref(), facts.company.as_deref()).to_owned();
    Edited { id: lead.id, name, seen }
}

pub async fn show(
    State(app): State<App>,
    Path(id): Path<LeadId>,
    me: User,
    layout: Layout,
) -> AppResult<Response> {
    let (lead, options) = load(&app, id).await?;
    let typed = Typed::of(&lead, me.time_zone);
    FormPage::new(layout, options, Some(edited(&lead, typed.fingerprint())), typed).answer(StatusCode::OK)
}

/// Saves the form, unless somebody changed the same facts meanwhile: then both versions are shown, and what was typed
/// can be saved over what is stored now. Events and handoffs do not stand against a change of facts.
pub async fn save(
    State(app): State<App>,
    Path(id): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(fields): Form<HashMap<String, String>>,
) -> AppResult<Response> {
    let typed = Typed::new(fields);
    let (mut lead, options) = load(&app, id).await?;
    loop {
        let stored = Typed::of(&lead, me.time_zone);
        let seen = typed.get("seen").to_owned();
        if stored.fingerprint() != seen {
            let conflict = Some(typed.difference(&stored, &options));
            let page = FormPage::new(layout, options, Some(edited(&lead, stored.fingerprint())), typed);
            return FormPage { conflict, ..page }.answer(StatusCode::CONFLICT);
        }
        let mut checked = match typed.check(&options, me.time_zone) {
            Ok(checked) => checked,
            Err(errors) => {
                return FormPage::new(layout, options, Some(edited(&lead, seen)), typed).refuse(errors);
            }
        };
        if typed.difference(&stored, &options).is_empty() {
            return done(&flashes, id, FlashKind::Info, "Nothing was changed.").await;
        }
        checked.keep(&lead, &options, me.time_zone);
        let change = Change {
            facts: checked.facts,
            consent: checked.consent,
            do_not_contact: checked.do_not_contact,
            identities: checked.identities,
        };
        match intake::change(&app, id, lead.revision, change, &me.actor()).await? {
            Ok(()) => return done(&flashes, id, FlashKind::Success, "Saved, and judged anew.").await,
            Err(ChangeRefused::Stale(now)) => lead = *now,
            Err(ChangeRefused::Duplicate(duplicate)) => {
                return FormPage::new(layout, options, Some(edited(&lead, seen)), typed)
                    .refuse_duplicate(&duplicate);
            }
        }
    }
}

async fn done(flashes: &Flashes, id: LeadId, kind: FlashKind, words: &str) -> AppResult<Response> {
    flashes.add(kind, words);
    Ok(Redirect::to(&format!("/leads/{id}")).into_response())
}
