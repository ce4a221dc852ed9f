//! Errors as pages: an error carries what it wants to say, and this middleware frames it.

use askama::Template;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use tower_sessions::Session;

use super::{Flashes, Layout, guard};
use crate::app::App;
use crate::error::{AppError, Shown};

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    layout: Layout,
    status: u16,
    title: String,
    message: String,
    /// Address and label of a way on.
    back: Option<(String, String)>,
}

/// Frames errors. Parts that htmx asked for get the bare message.
pub async fn render(
    State(app): State<App>,
    session: Session,
    flashes: Flashes,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let Some(shown) = response.extensions_mut().remove::<Shown>().or_else(|| bare(&response)) else {
        return response;
    };
    if guard::is_partial(&headers)
        || headers.get("accept").is_some_and(|a| a.as_bytes().starts_with(b"application/json"))
    {
        return response;
    }
    let user = guard::user_of(&session).await.unwrap_or(None);
    let layout = Layout::of(&app, &flashes, user.as_ref(), &headers, &path);
    let page = ErrorPage {
        layout,
        status: shown.status.as_u16(),
        title: shown.title.to_owned(),
        message: shown.message,
        back: Some(shown.way.map_or_else(|| way_on(&path), |(href, label)| (href.into(), label.into()))),
    };
    match page.render() {
        Ok(html) => {
            let (mut parts, _) = response.into_parts();
            parts.headers.remove("content-length");
            parts.headers.remove("content-type");
            (parts.status, parts.headers, Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the error page failed");
            Response::new(Body::empty())
        }
    }
}

/// Refusals of the framework, which say nothing a person could use. A page of ours, such as a form with its
/// problems, stands as it is.
fn bare(response: &Response) -> Option<Shown> {
    if response.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        return None;
    }
    let status = response.status();
    let (title, message) = match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            ("Not possible here", "This address does not take that kind of request.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => (
            "Too large",
            "What you sent is larger than this installation takes. Split the file, or ask your admin to raise the limit.",
        ),
        StatusCode::REQUEST_TIMEOUT => (
            "Too slow",
            "The answer took too long. What you asked for may still be carried out: look before you repeat it.",
        ),
        StatusCode::BAD_REQUEST => (
            "That request makes no sense here",
            "The address or the form could not be read. Go back and try again.",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => (
            "That form could not be read",
            "A field is missing or has the wrong shape. Go back and try again.",
        ),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ("That form could not be read", "The form was not sent as a form. Go back and try again.")
        }
        StatusCode::FORBIDDEN => (
            "Not allowed",
            "The request came from another site, so it was not carried out. Open the page here and try again.",
        ),
        _ => return None,
    };
    Some(Shown { status, title, message: message.to_owned(), way: None })
}

/// The list that a lost person probably came from.
fn way_on(path: &str) -> (String, String) {
    match path.split('/').nth(1) {
        Some("leads") => ("/leads".into(), "All leads".into()),
        Some("queues") => ("/queues".into(), "All queues".into()),
        Some("imports") => ("/imports".into(), "All imports".into()),
        _ => ("/".into(), "Home".into()),
    }
}

/// What is nowhere in the route table.
pub async fn not_found() -> AppError {
    AppError::NotFound("There is no page at this address. It may have been mistyped or removed.".to_owned())
}

/// What a person sees when a handler panicked: a 500 like any other.
pub fn after_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic");
    AppError::Internal(anyhow::anyhow!("panicked: {what}")).into_response()
}
