//! The conversation about a version, clause by clause.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use uuid::Uuid;

use super::{Comment, LONGEST};
use crate::agreement::clauses::{self, Place};
use crate::agreement::find;
use crate::agreement::prose::{self, Document};
use crate::agreement::queries::VersionRow;
use crate::agreement::terms::Terms;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/agreement/{number}/comments", Access::SignedIn, show)
        .post("/agreement/{number}/comments", Access::SignedIn, say)
        .post("/agreement/{number}/comments/{comment}/take-back", Access::SignedIn, take_back)
}

#[derive(Template, WebTemplate)]
#[template(path = "agreement/comments.html")]
struct CommentsPage {
    layout: Layout,
    me: User,
    row: VersionRow,
    /// What can be talked about, by the document.
    threads: Vec<Thread>,
    form: CommentForm,
    errors: FieldErrors,
    is_open: bool,
    /// Every clause with the beginning of its text, to choose from.
    choices: Vec<(String, String)>,
}

/// The comments on one clause.
struct Thread {
    place: String,
    /// Number and text; none when the clause is not in the version any more.
    clause: Option<(String, String, String)>,
    comments: Vec<Comment>,
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    /// The clause that somebody wants to talk about.
    #[serde(default)]
    place: String,
}

#[derive(Debug, Default, Deserialize)]
struct CommentForm {
    #[serde(default)]
    place: String,
    #[serde(default)]
    body: String,
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    Query(wanted): Query<Wanted>,
    me: User,
    layout: Layout,
) -> AppResult<CommentsPage> {
    let form = CommentForm { place: wanted.place, ..CommentForm::default() };
    page(&app, number, me, layout, form, FieldErrors::default()).await
}

async fn page(
    app: &App,
    number: i32,
    me: User,
    layout: Layout,
    form: CommentForm,
    errors: FieldErrors,
) -> AppResult<CommentsPage> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = find::version(&mut conn, number).await?;
    let comments = super::comments(&mut conn, number).await?;
    let document = prose::document(&terms);
    Ok(CommentsPage {
        threads: threads(&terms, &document, comments),
        choices: choices(&terms, &document),
        is_open: super::is_open(row.state),
        layout,
        me,
        row,
        form,
        errors,
    })
}

/// Comments by clause, in the order of the document; what has gone comes last.
fn threads(terms: &Terms, document: &Document, comments: Vec<Comment>) -> Vec<Thread> {
    let order: Vec<String> = places(terms, document).into_iter().map(|(place, _)| place).collect();
    let mut threads: Vec<Thread> = vec![];
    for comment in comments {
        match threads.iter_mut().find(|thread| thread.place == comment.place) {
            Some(thread) => thread.comments.push(comment),
            None => threads.push(Thread {
                place: comment.place.clone(),
                clause: said(terms, document, &comment.place),
                comments: vec![comment],
            }),
        }
    }
    threads
        .sort_by_key(|thread| order.iter().position(|place| *place == thread.place).unwrap_or(order.len()));
    threads
}

/// Number, anchor and text of what stands at a place.
fn said(terms: &Terms, document: &Document, name: &str) -> Option<(String, String, String)> {
    let place = Place::parse(name)?;
    match name {
        "title" => return Some(("Title".into(), "purpose".into(), terms.title.clone())),
        "purpose" => return Some(("Purpose".into(), "purpose".into(), terms.purpose.clone())),
        _ => {}
    }
    let clauses = document.parts.iter().flat_map(|part| &part.clauses);
    let mut of_place = clauses.filter(|clause| {
        clauses::place_of(terms, &clause.path).as_ref() == Some(&place) || clause.path == name
    });
    let first = of_place.next()?;
    Some((first.number.clone(), first.anchor(), first.text.clone()))
}

/// Every place that the document speaks about, with the number of its clause.
fn places(terms: &Terms, document: &Document) -> Vec<(String, String)> {
    let mut places = vec![
        ("title".to_owned(), format!("Title: {}", terms.title)),
        ("purpose".to_owned(), "Purpose".to_owned()),
    ];
    for clause in document.parts.iter().flat_map(|part| &part.clauses) {
        let Some(place) = clauses::place_of(terms, &clause.path) else { continue };
        let place = place.to_string();
        if !places.iter().any(|(known, _)| *known == place) {
            places.push((place, format!("{} {}", clause.number, clause.text)));
        }
    }
    places
}

fn choices(terms: &Terms, document: &Document) -> Vec<(String, String)> {
    let short = |text: String| match text.char_indices().nth(90) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    };
    places(terms, document).into_iter().map(|(place, text)| (place, short(text))).collect()
}

async fn say(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    Form(form): Form<CommentForm>,
) -> AppResult<Response> {
    let (_, terms) = find::version(&mut *app.db.acquire().await?, number).await?;
    let mut errors = FieldErrors::default();
    let place = Place::parse(&form.place).filter(|place| clauses::get(&terms, place).is_some());
    if place.is_none() {
        errors.add("place", "This clause is not in the version (any more). Choose what you comment on.");
    }
    let body = form.body.replace("\r\n", "\n");
    let body = body.trim();
    match body.chars().count() {
        0 => errors.add("body", "Write what you think of this clause."),
        length if length > LONGEST => errors.add(
            "body",
            format!("A comment has at most {LONGEST} characters; this one has {length}. Split it."),
        ),
        _ if body.contains('\0') => errors.add("body", "This holds a control character. Remove it."),
        _ => {}
    }
    match place.filter(|_| errors.is_empty()) {
        Some(place) => {
            let id = super::say(&app, &me, number, &place, body).await?;
            Ok(Redirect::to(&format!("/agreement/{number}/comments#comment-{id}")).into_response())
        }
        None => {
            let page = page(&app, number, me, layout, form, errors).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn take_back(
    State(app): State<App>,
    Path((number, comment)): Path<(i32, String)>,
    me: User,
    flashes: Flashes,
) -> AppResult<Redirect> {
    let comment: Uuid =
        comment.parse().map_err(|_| AppError::NotFound("There is no such comment.".into()))?;
    super::take_back(&app, &me, number, comment).await?;
    flashes.add(FlashKind::Success, "Your comment is taken back. Others still see that there was one.");
    Ok(Redirect::to(&format!("/agreement/{number}/comments")))
}

impl CommentsPage {
    fn is_mine(&self, comment: &Comment) -> bool {
        comment.user == self.me.id
    }
}
