//! The one error of the application, and what each kind of it means to a person.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::kernel::fields::FieldErrors;

/// Why a request was not done. Rendered as a page by `web::errors`.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// 404. Also what a person may not know to exist.
    #[error("{0}")]
    NotFound(String),
    /// 403, with the reason.
    #[error("{0}")]
    Forbidden(String),
    /// 409: a rule of the domain or another person's change stands against it.
    #[error("{0}")]
    Conflict(String),
    /// 409 by a rule that the person can do something about: why, and address and label of the page for it.
    #[error("{why}")]
    Refused { why: String, way: (&'static str, &'static str) },
    /// 400: the request itself is malformed.
    #[error("{0}")]
    BadRequest(String),
    /// 422: fields with problems, where no form can show them.
    #[error("{0}")]
    Invalid(#[from] FieldErrors),
    /// 429, with the seconds to wait.
    #[error("Too many attempts. Try again in {0} seconds.")]
    TooMany(u64),
    /// 500. The cause is logged and never shown.
    #[error("internal error")]
    Internal(#[source] anyhow::Error),
}

impl std::error::Error for FieldErrors {}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        AppError::Internal(error.into())
    }
}

impl From<anyhow::Error> for AppError {
    fn from(error: anyhow::Error) -> Self {
        AppError::Internal(error)
    }
}

/// What the error page needs to know; carried to it in the response's extensions.
#[derive(Debug, Clone)]
pub struct Shown {
    pub status: StatusCode,
    pub title: &'static str,
    pub message: String,
    /// Address and label of where to go from here, if the error knows.
    pub way: Option<(&'static str, &'static str)>,
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let (status, title) = match &self {
            AppError::NotFound(_) => (StatusCode::NOT_FOUND, "Not found"),
            AppError::Forbidden(_) => (StatusCode::FORBIDDEN, "Not allowed"),
            AppError::Conflict(_) | AppError::Refused { .. } => {
                (StatusCode::CONFLICT, "That did not go through")
            }
            AppError::BadRequest(_) => (StatusCode::BAD_REQUEST, "That request makes no sense here"),
            AppError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "Some fields need another look"),
            AppError::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "Slow down"),
            AppError::Internal(cause) => {
                tracing::error!(cause = format!("{cause:#}"), "request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side")
            }
        };
        let message = match &self {
            AppError::Internal(_) => {
                "It has been noted. Try again; if it stays, tell your admin the number below.".to_owned()
            }
            other => other.to_string(),
        };
        let mut response = (status, message.clone()).into_response();
        let way = if let AppError::Refused { way, .. } = self { Some(way) } else { None };
        if let AppError::TooMany(seconds) = self {
            response.headers_mut().insert("retry-after", seconds.into());
        }
        response.extensions_mut().insert(Shown { status, title, message, way });
        response
    }
}

/// The result of a handler.
pub type AppResult<T> = Result<T, AppError>;
