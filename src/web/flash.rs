//! Messages that outlive one redirect: written by the act, shown once by the next page.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::app::App;
use crate::error::AppError;

const KEY: &str = "flashes";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlashKind {
    Success,
    Info,
    Warning,
    Danger,
}

impl FlashKind {
    /// The design system's word for it.
    pub fn css(self) -> &'static str {
        match self {
            FlashKind::Success => "success",
            FlashKind::Info => "info",
            FlashKind::Warning => "warning",
            FlashKind::Danger => "danger",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            FlashKind::Success => "check",
            FlashKind::Info => "info-circle",
            FlashKind::Warning | FlashKind::Danger => "alert-triangle",
        }
    }
}

/// One message, with a link where one helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub kind: FlashKind,
    pub text: String,
    /// Address and label.
    pub link: Option<(String, String)>,
}

/// The messages of a session.
pub struct Flashes(Session);

impl Flashes {
    pub async fn add(&self, kind: FlashKind, text: impl Into<String>) -> Result<(), AppError> {
        self.push(Flash { kind, text: text.into(), link: None }).await
    }

    pub async fn push(&self, flash: Flash) -> Result<(), AppError> {
        let mut flashes: Vec<Flash> = self.0.get(KEY).await.map_err(internal)?.unwrap_or_default();
        flashes.push(flash);
        self.0.insert(KEY, flashes).await.map_err(internal)
    }

    /// Takes the messages out, to be shown now.
    pub async fn take(session: &Session) -> Result<Vec<Flash>, AppError> {
        // A look first: a removal that removes nothing would still write the session.
        match session.get::<Vec<Flash>>(KEY).await.map_err(internal)? {
            None => Ok(vec![]),
            Some(flashes) => {
                session.remove_value(KEY).await.map_err(internal)?;
                Ok(flashes)
            }
        }
    }
}

fn internal(error: tower_sessions::session::Error) -> AppError {
    AppError::Internal(error.into())
}

impl FromRequestParts<App> for Flashes {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Flashes, AppError> {
        let session = Session::from_request_parts(parts, state)
            .await
            .map_err(|(_, why)| AppError::Internal(anyhow::anyhow!(why)))?;
        Ok(Flashes(session))
    }
}
