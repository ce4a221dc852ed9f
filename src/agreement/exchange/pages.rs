//! Terms as a download, and the form that takes them back into a draft.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::{Changes, Fault, LARGEST};
use crate::agreement::queries::{VersionRow, VersionState};
use crate::agreement::terms::Terms;
use crate::agreement::{actions, find, known_query};
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::web::flash::{Flash, FlashKind};
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/agreement/{number}/terms.toml", Access::SignedIn, download)
        .get("/agreement/{number}/import", Access::Manager, show)
        .post("/agreement/{number}/import", Access::Manager, import)
}

async fn download(State(app): State<App>, Path(number): Path<i32>) -> AppResult<Response> {
    let (row, terms) = find::version(&mut *app.db.acquire().await?, number).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/toml; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"agreement-version-{number}.toml\"")),
    ];
    Ok((headers, super::file(number, row.state.label(), &terms)).into_response())
}

#[derive(Template, WebTemplate)]
#[template(path = "agreement/import.html")]
struct ImportPage {
    layout: Layout,
    row: VersionRow,
    form: ImportForm,
    errors: FieldErrors,
    faults: Vec<Fault>,
}

/// What was sent.
#[derive(Debug, Default)]
struct ImportForm {
    text: String,
    /// The hash of the terms that stood in the draft when the form was opened.
    began_with: String,
    /// A file was chosen, whose text came in place of what was typed.
    has_file: bool,
}

async fn show(State(app): State<App>, Path(number): Path<i32>, layout: Layout) -> AppResult<ImportPage> {
    let (row, _) = draft(&app, number).await?;
    let form = ImportForm { began_with: row.terms_sha256.clone(), ..ImportForm::default() };
    Ok(ImportPage { layout, row, form, errors: FieldErrors::default(), faults: vec![] })
}

/// A version that can still be changed.
async fn draft(app: &App, number: i32) -> AppResult<(VersionRow, Terms)> {
    let (row, terms) = find::version(&mut *app.db.acquire().await?, number).await?;
    match row.state {
        VersionState::Draft => Ok((row, terms)),
        state => Err(AppError::Conflict(format!(
            "Version {number} is {} and does not change any more. Begin a new draft.",
            state.label()
        ))),
    }
}

/// Why a file was not taken.
enum Refusal {
    Faults(Vec<Fault>),
    /// Somebody changed the draft meanwhile.
    Stale,
}

async fn import(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    multipart: Multipart,
) -> AppResult<Response> {
    let (row, before) = draft(&app, number).await?;
    let (form, mut errors) = receive(multipart).await;
    if errors.is_empty() && form.text.trim().is_empty() {
        errors.add("text", "Choose a file, or paste its text here.");
    }
    if !errors.is_empty() {
        let page = ImportPage { layout, row, form, errors, faults: vec![] };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let known = known_query::known(&mut *app.db.acquire().await?).await?;
    let refused = match super::read(&form.text, &known) {
        Err(faults) => Refusal::Faults(faults),
        Ok(after) => {
            let changes = Changes::between(&before, &after);
            let change =
                |now: &Terms| if now.sha256() == form.began_with { Ok(after) } else { Err(Refusal::Stale) };
            match actions::change_draft(&app, &me, number, &changes.places(), change).await? {
                Ok(_) => {
                    flashes.push(Flash {
                        kind: FlashKind::Success,
                        text: changes.summary(),
                        link: Some((format!("/agreement/{number}/checks"), "Look at the checks".to_owned())),
                    });
                    return Ok(Redirect::to(&format!("/agreement/{number}/edit")).into_response());
                }
                Err(refusal) => refusal,
            }
        }
    };
    // A form that is sent again is for the draft as it is now.
    let (row, _) = draft(&app, number).await?;
    let (status, faults) = match refused {
        Refusal::Faults(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Refusal::Stale => {
            errors.add(
                "",
                "The draft was changed after this form was opened, and nothing was imported. Look at the draft; importing now replaces those changes too.",
            );
            (StatusCode::CONFLICT, vec![])
        }
    };
    let form = ImportForm { began_with: row.terms_sha256.clone(), ..form };
    Ok((status, ImportPage { layout, row, form, errors, faults }).into_response())
}

/// Reads the form. A file that was chosen takes the place of what was typed.
async fn receive(mut multipart: Multipart) -> (ImportForm, FieldErrors) {
    let mut form = ImportForm::default();
    let mut errors = FieldErrors::default();
    loop {
        let field = match multipart.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(_) => {
                errors.add("file", "The upload broke off before its end. Choose the file again.");
                break;
            }
        };
        let name = field.name().unwrap_or_default().to_owned();
        let Ok(bytes) = bytes(field).await else {
            errors.add("file", "The upload broke off before its end. Choose the file again.");
            break;
        };
        if bytes.len() > LARGEST {
            let problem = format!(
                "This is larger than {} MB and no agreement. Was another file chosen?",
                LARGEST / 1_000_000
            );
            errors.add(if name == "file" { "file" } else { "text" }, problem);
            continue;
        }
        let text = String::from_utf8(bytes).map_err(|_| ());
        match (name.as_str(), text) {
            ("file", Ok(text)) if !text.is_empty() => (form.text, form.has_file) = (text, true),
            ("file", Err(())) => {
                errors.add("file", "This file is not text in UTF-8. Save it as UTF-8 and choose it again.")
            }
            ("text", Ok(text)) if !form.has_file => form.text = text.replace("\r\n", "\n"),
            ("began_with", Ok(text)) => form.began_with = text,
            _ => {}
        }
    }
    (form, errors)
}

/// The bytes of a field, of which no more is kept than shows that it is too long.
async fn bytes(mut field: Field<'_>) -> Result<Vec<u8>, MultipartError> {
    let mut bytes = vec![];
    while let Some(chunk) = field.chunk().await? {
        if bytes.len() <= LARGEST {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(bytes)
}
