//! One clause as a form: changed, added, taken out, moved.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde_json::{Value, json};

use super::changes;
use super::draft_page::{back_to, list_at, load_draft};
use super::fields::{self, Field};
use super::form::{self, Typed, fingerprint};
use super::obstacles;
use super::options::{Words, capital};
use super::queries::{self, Surroundings};
use super::said;
use super::shown::{self, Input, Shown, Suggestions};
use crate::agreement::actions::change_draft;
use crate::agreement::clauses::{self, LISTS, Place};
use crate::agreement::terms::Terms;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::web::flash::{Flash, FlashKind};
use crate::web::forms::encode;
use crate::web::{Flashes, Layout};

#[derive(Template)]
#[template(path = "agreement/edit/clause.html")]
struct ClausePage {
    layout: Layout,
    number: i32,
    heading: String,
    /// Where the form goes.
    action: String,
    back: String,
    is_new: bool,
    /// What the form was made from, by its fingerprint.
    seen: String,
    /// How the clause reads in the draft.
    said: Vec<String>,
    fields: Vec<Shown>,
    suggestions: Vec<Suggestions>,
    errors: FieldErrors,
    conflict: Option<Conflict>,
}

/// Somebody changed the clause meanwhile.
struct Conflict {
    theirs: Vec<String>,
    /// None when what was typed is not sound yet.
    yours: Option<Vec<String>>,
}

/// Why a change was not made.
enum Refused {
    Fields(FieldErrors),
    /// The terms in which somebody else has changed the clause.
    Changed(Box<Terms>),
    /// The place of a new clause was taken meanwhile.
    Taken,
}

/// What is edited: a clause that has a place, or a new one of a list.
enum Subject {
    At(Place),
    New(&'static str),
}

impl Subject {
    fn fields(&self) -> &'static [Field] {
        match self {
            Subject::At(place) => fields::of(place),
            Subject::New(list) => fields::of_new(list),
        }
    }

    fn action(&self, number: i32) -> String {
        match self {
            Subject::At(place) => format!("/agreement/{number}/clauses/{}", encode(&place.to_string())),
            Subject::New(list) => format!("/agreement/{number}/lists/{list}"),
        }
    }

    fn back(&self, number: i32) -> String {
        match self {
            Subject::At(place) => back_to(number, place),
            Subject::New(list) => list_at(number, list),
        }
    }

    fn heading(&self, terms: &Terms) -> String {
        match self {
            Subject::New(list) => {
                let noun = fields::noun(list);
                format!("Add {} {noun}", fields::article(noun))
            }
            Subject::At(Place::Single(path)) => fields::title(path).to_owned(),
            Subject::At(Place::Item { list, key }) => match key.split_once('>') {
                Some((from, to)) => {
                    format!("The move {} → {}", terms.status_label(from), terms.status_label(to))
                }
                None => {
                    let clause =
                        clauses::get(terms, &Place::Item { list, key: key.clone() }).unwrap_or_default();
                    let label = ["label", "name"].iter().find_map(|field| clause[field].as_str());
                    format!("{} “{}”", capital(fields::noun(list)), label.unwrap_or(key))
                }
            },
        }
    }
}

struct Draft {
    terms: Terms,
    around: Surroundings,
}

impl Draft {
    async fn load(app: &App, number: i32) -> AppResult<Draft> {
        let mut conn = app.db.acquire().await?;
        let (_, terms) = load_draft(&mut conn, number).await?;
        Ok(Draft { terms, around: queries::surroundings(&mut conn).await? })
    }

    fn words(&self) -> Words<'_> {
        Words { terms: &self.terms, around: &self.around }
    }
}

/// The place of an address.
pub fn place_named(name: &str) -> AppResult<Place> {
    Place::parse(name).ok_or_else(|| AppError::NotFound("The agreement has no such clause.".to_owned()))
}

/// The list of an address.
pub fn list_named(name: &str) -> AppResult<&'static str> {
    let known = LISTS.iter().copied().find(|list| *list == name && *list != "retired_statuses");
    known.ok_or_else(|| AppError::NotFound("The agreement has no such list of clauses.".to_owned()))
}

/// What a clause is before anything is typed into it; none where only a list can add one.
fn before(terms: &Terms, place: &Place) -> Option<Value> {
    clauses::get(terms, place).or_else(|| match place {
        Place::Item { list: "jurisdictions.transitions", key } => {
            let (from, to) = key.split_once('>')?;
            let both = from != to && terms.status(from).is_some() && terms.status(to).is_some();
            both.then(|| json!({ "from": from, "to": to }))
        }
        _ => None,
    })
}

/// The page of a form with what stands in it.
fn page(layout: Layout, number: i32, subject: &Subject, draft: &Draft, typed: &Typed) -> ClausePage {
    let fields = subject.fields();
    let (held, said) = match subject {
        Subject::At(place) => (clauses::get(&draft.terms, place), said::texts(&draft.terms, place)),
        Subject::New(_) => (None, vec![]),
    };
    ClausePage {
        layout,
        number,
        heading: subject.heading(&draft.terms),
        action: subject.action(number),
        back: subject.back(number),
        is_new: held.is_none(),
        seen: fingerprint(held.as_ref()),
        said,
        fields: shown::shown(fields, typed, draft.words(), typed.get("more")),
        suggestions: shown::suggestions(fields, draft.words()),
        errors: FieldErrors::default(),
        conflict: None,
    }
}

impl ClausePage {
    fn answer(&self, status: StatusCode) -> AppResult<Response> {
        let html = self.render().map_err(|error| AppError::Internal(error.into()))?;
        Ok((status, Html(html)).into_response())
    }
}

pub async fn show(
    State(app): State<App>,
    Path((number, place)): Path<(i32, String)>,
    layout: Layout,
) -> AppResult<Response> {
    let place = place_named(&place)?;
    let draft = Draft::load(&app, number).await?;
    let gone = || AppError::NotFound("This clause is not in the draft any more.".to_owned());
    let clause = before(&draft.terms, &place).ok_or_else(gone)?;
    let typed = form::show(fields::of(&place), &clause, draft.words());
    page(layout, number, &Subject::At(place), &draft, &typed).answer(StatusCode::OK)
}

/// What of a new clause is known from the link that leads there.
type Known = Vec<(String, String)>;

pub async fn blank(
    State(app): State<App>,
    Path((number, list)): Path<(i32, String)>,
    axum_extra::extract::Query(known): axum_extra::extract::Query<Known>,
    layout: Layout,
) -> AppResult<Response> {
    let subject = Subject::New(list_named(&list)?);
    let draft = Draft::load(&app, number).await?;
    let typed = Typed::sent(known, subject.fields());
    page(layout, number, &subject, &draft, &typed).answer(StatusCode::OK)
}

pub async fn save(
    State(app): State<App>,
    Path((number, place)): Path<(i32, String)>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(sent): Form<Vec<(String, String)>>,
) -> AppResult<Response> {
    let place = place_named(&place)?;
    let mut draft = Draft::load(&app, number).await?;
    let typed = Typed::sent(sent, fields::of(&place));
    let subject = Subject::At(place.clone());
    if !typed.get("more").is_empty() {
        let seen = typed.get("seen").to_owned();
        let page = page(layout, number, &subject, &draft, &typed);
        return ClausePage { seen, ..page }.answer(StatusCode::OK);
    }
    let places = [place.clone()];
    let done =
        change_draft(&app, &me, number, &places, |now| change(now, &place, &typed, &draft.around)).await?;
    match done {
        Ok(after) => {
            let unchanged = fingerprint(clauses::get(&after, &place).as_ref()) == typed.get("seen");
            tell(&flashes, &after, number, if unchanged { "Nothing was changed." } else { "Saved." });
            Ok(Redirect::to(&back_to(number, &place)).into_response())
        }
        Err(Refused::Changed(now)) => {
            draft.terms = *now;
            let theirs = said::texts(&draft.terms, &place);
            let yours = yours(&draft, &place, &typed);
            let page = page(layout, number, &subject, &draft, &typed);
            ClausePage { conflict: Some(Conflict { theirs, yours }), ..page }.answer(StatusCode::CONFLICT)
        }
        Err(Refused::Fields(errors)) => {
            let seen = typed.get("seen").to_owned();
            let page = page(layout, number, &subject, &draft, &typed);
            ClausePage { errors, seen, ..page }.answer(StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(Refused::Taken) => {
            Err(AppError::Conflict("The clause was added meanwhile; look again.".to_owned()))
        }
    }
}

/// The draft with a clause as it was typed, if nobody else has changed that clause meanwhile.
fn change(now: &Terms, place: &Place, typed: &Typed, around: &Surroundings) -> Result<Terms, Refused> {
    if fingerprint(clauses::get(now, place).as_ref()) != typed.get("seen") {
        return Err(Refused::Changed(Box::new(now.clone())));
    }
    // A clause that somebody took out is put in again as a new one with its key.
    let bare = || match place {
        Place::Item { list: "calendar.holidays", .. } | Place::Single(_) => json!({}),
        Place::Item { key, .. } => json!({ "key": key }),
    };
    let before = before(now, place).unwrap_or_else(bare);
    let clause = typed_clause(now, place, typed, &before, around)?;
    put(now, place, clause)
}

fn typed_clause(
    now: &Terms,
    place: &Place,
    typed: &Typed,
    before: &Value,
    around: &Surroundings,
) -> Result<Value, Refused> {
    let words = Words { terms: now, around };
    let mut clause = form::read(fields::of(place), typed, before, words).map_err(Refused::Fields)?;
    if let Place::Item { list, .. } = place {
        changes::complete(list, &mut clause, before, around);
    }
    Ok(clause)
}

fn put(now: &Terms, place: &Place, clause: Value) -> Result<Terms, Refused> {
    let named_now = match place {
        Place::Item { list, .. } => Place::Item { list, key: clauses::key_of(list, &clause) },
        single => single.clone(),
    };
    let after = clauses::set(now, place, clause).map_err(|problem| {
        Refused::Fields(FieldErrors::one("", format!("The agreement cannot hold this: {problem}.")))
    })?;
    let wrong = obstacles::in_clause(fields::of(place), &named_now, now, &after);
    wrong.into_result().map_err(Refused::Fields)?;
    Ok(after)
}

/// How the clause would read as it was typed.
fn yours(draft: &Draft, place: &Place, typed: &Typed) -> Option<Vec<String>> {
    let before = before(&draft.terms, place).unwrap_or_else(|| match place {
        Place::Item { key, .. } => json!({ "key": key }),
        Place::Single(_) => Value::Null,
    });
    let clause = typed_clause(&draft.terms, place, typed, &before, &draft.around).ok()?;
    let after = clauses::set(&draft.terms, place, clause).ok()?;
    Some(said::texts(&after, place))
}

/// Says what was done, and whether something stands in the way now.
pub fn tell(flashes: &Flashes, terms: &Terms, number: i32, done: &str) {
    let (text, link) = match obstacles::all(terms, number).len() {
        0 => (done.to_owned(), None),
        count => {
            let things =
                if count == 1 { "One thing stands".to_owned() } else { format!("{count} things stand") };
            let link = (format!("/agreement/{number}/edit#obstacles"), "See what".to_owned());
            (format!("{done} {things} in the way of proposing this version."), Some(link))
        }
    };
    let kind = if link.is_some() { FlashKind::Info } else { FlashKind::Success };
    flashes.push(Flash { kind, text, link });
}

pub async fn add(
    State(app): State<App>,
    Path((number, list)): Path<(i32, String)>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(sent): Form<Vec<(String, String)>>,
) -> AppResult<Response> {
    let list = list_named(&list)?;
    let mut draft = Draft::load(&app, number).await?;
    let subject = Subject::New(list);
    let typed = Typed::sent(sent, subject.fields());
    if !typed.get("more").is_empty() {
        return page(layout, number, &subject, &draft, &typed).answer(StatusCode::OK);
    }
    let errors = loop {
        let mut clause = match form::read(subject.fields(), &typed, &json!({}), draft.words()) {
            Ok(clause) => clause,
            Err(errors) => break errors,
        };
        changes::complete(list, &mut clause, &json!({}), &draft.around);
        let place = changes::place_for(&draft.terms, list, &mut clause);
        if clauses::get(&draft.terms, &place).is_some() {
            let field = if list == "calendar.holidays" { "date" } else { "to" };
            break FieldErrors::one(
                field,
                format!("This {} is listed already; edit it there.", fields::noun(list)),
            );
        }
        let places = [place.clone()];
        let done = change_draft(&app, &me, number, &places, |now| {
            let mut again = clause.clone();
            if changes::place_for(now, list, &mut again) != place || clauses::get(now, &place).is_some() {
                return Err(Refused::Taken);
            }
            put(now, &place, clause)
        });
        match done.await? {
            Ok(after) => {
                tell(&flashes, &after, number, "Added.");
                return Ok(Redirect::to(&back_to(number, &place)).into_response());
            }
            Err(Refused::Fields(errors)) => break errors,
            Err(Refused::Taken | Refused::Changed(_)) => draft = Draft::load(&app, number).await?,
        }
    };
    let page = page(layout, number, &subject, &draft, &typed);
    ClausePage { errors, ..page }.answer(StatusCode::UNPROCESSABLE_ENTITY)
}
