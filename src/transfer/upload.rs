//! A file on its way in: written down piece by piece as it arrives, so that its size costs no memory.

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;

use super::map::Kind;
use super::model::file_name;
use super::{actions, queries};
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::ImportId;

/// Bytes of a piece.
const PIECE: usize = 512 * 1024;
/// The longest map that is taken, in bytes.
const LONGEST_MAP: usize = 100_000;

/// What the form asks beside the file.
#[derive(Debug, Clone)]
pub struct UploadForm {
    pub kind: String,
    pub map: String,
    /// `yes`, `no`, or blank when not said.
    pub may_contact: String,
}

impl Default for UploadForm {
    fn default() -> Self {
        UploadForm { kind: Kind::Leads.key().to_owned(), map: String::new(), may_contact: String::new() }
    }
}

/// Takes the form and keeps the file. What is wrong is given back with what was typed.
pub async fn receive(
    app: &App,
    user: &User,
    multipart: Multipart,
) -> AppResult<Result<ImportId, (UploadForm, FieldErrors)>> {
    let mut upload = Upload { app, form: UploadForm::default(), file: None, bytes: 0 };
    let errors = match upload.take(user, multipart).await {
        Ok(()) => upload.problems(),
        Err(Broken::Arriving(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => FieldErrors::one(
            "file",
            format!(
                "This file is larger than {} MB, the most this installation takes. Split it, or import it with “baton import”.",
                app.config.max_upload_mb
            ),
        ),
        Err(Broken::Arriving(_)) => {
            FieldErrors::one("file", "The upload broke off before its end. Choose the file again.")
        }
        Err(Broken::Keeping(error)) => {
            upload.discard().await?;
            return Err(error);
        }
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.key() == upload.form.kind);
    let (Some(import), Some(kind), true) = (upload.file, kind, errors.is_empty()) else {
        upload.discard().await?;
        return Ok(Err((upload.form, errors)));
    };
    let may_contact = match upload.form.may_contact.as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    actions::end_upload(app, import, upload.bytes, kind, &upload.form.map, may_contact).await?;
    Ok(Ok(import))
}

enum Broken {
    /// The sender's or the network's trouble.
    Arriving(MultipartError),
    Keeping(AppError),
}

impl From<MultipartError> for Broken {
    fn from(error: MultipartError) -> Broken {
        Broken::Arriving(error)
    }
}

impl From<AppError> for Broken {
    fn from(error: AppError) -> Broken {
        Broken::Keeping(error)
    }
}

impl From<sqlx::Error> for Broken {
    fn from(error: sqlx::Error) -> Broken {
        Broken::Keeping(error.into())
    }
}

struct Upload<'a> {
    app: &'a App,
    form: UploadForm,
    file: Option<ImportId>,
    bytes: i64,
}

impl Upload<'_> {
    async fn take(&mut self, user: &User, mut multipart: Multipart) -> Result<(), Broken> {
        while let Some(field) = multipart.next_field().await? {
            match field.name().unwrap_or_default() {
                "file" => self.keep(user, field).await?,
                "kind" => self.form.kind = text(field).await?,
                "map" => self.form.map = text(field).await?,
                "may_contact" => self.form.may_contact = text(field).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes the file down. An empty one is as good as none.
    async fn keep(&mut self, user: &User, mut field: Field<'_>) -> Result<(), Broken> {
        let name = file_name(field.file_name().unwrap_or_default());
        let (mut piece, mut position) = (Vec::with_capacity(PIECE), 0);
        let mut ended = false;
        while !ended {
            match field.chunk().await? {
                Some(chunk) => piece.extend_from_slice(&chunk),
                None => ended = true,
            }
            // A chunk may be of any size.
            while piece.len() >= PIECE || (ended && !piece.is_empty()) {
                let import = match self.file {
                    Some(import) => import,
                    None => *self.file.insert(actions::begin_upload(self.app, user, &name).await?),
                };
                let rest = piece.split_off(piece.len().min(PIECE));
                queries::add_piece(&mut *self.app.db.acquire().await?, import, position, &piece).await?;
                self.bytes += piece.len() as i64;
                position += 1;
                piece = rest;
            }
        }
        Ok(())
    }

    fn problems(&self) -> FieldErrors {
        let mut errors = FieldErrors::default();
        if self.file.is_none() {
            errors.add("file", "Choose a file that is not empty.");
        }
        if !Kind::ALL.iter().any(|kind| kind.key() == self.form.kind) {
            errors.add("kind", "Say what each row of the file is: a lead or an event.");
        }
        if self.form.map.len() > LONGEST_MAP {
            errors.add(
                "map",
                format!("A map has at most {LONGEST_MAP} characters; this is longer. Was the file put here?"),
            );
        }
        errors
    }

    async fn discard(&self) -> AppResult<()> {
        if let Some(import) = self.file {
            actions::remove(self.app, import).await?;
        }
        Ok(())
    }
}

/// A short field, of which no more is kept than shows that it is too long.
async fn text(mut field: Field<'_>) -> Result<String, MultipartError> {
    let mut bytes = vec![];
    while let Some(chunk) = field.chunk().await? {
        if bytes.len() <= LONGEST_MAP {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
