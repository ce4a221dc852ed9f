//! The one door in front of every handler: who asks, and may they?

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use crate::app::App;
use crate::auth::{Access, User, sessions};
use crate::error::AppError;

/// The signed-in user of a session, if there is one.
pub async fn user_of(session: &Session) -> Result<Option<User>, AppError> {
    session.get::<User>(sessions::USER).await.map_err(|error| AppError::Internal(error.into()))
}

/// Lets a request through, sends a stranger to the sign-in page, or refuses with the reason.
pub async fn check(access: Access, session: Session, mut request: Request, next: Next) -> Response {
    if access == Access::Public {
        return next.run(request).await;
    }
    let user = match user_of(&session).await {
        Ok(user) => user,
        Err(error) => return error.into_response(),
    };
    let Some(user) = user else { return sign_in_first(&request) };
    if let Err(why) = access.allows(&user) {
        return AppError::Forbidden(why.to_owned()).into_response();
    }
    request.extensions_mut().insert(user);
    next.run(request).await
}

/// Seconds after which a used session is prolonged. Each time would write at every request.
const PROLONG_AFTER: i64 = 600;

/// Prolongs the session of a person who uses it.
pub async fn prolong(State(app): State<App>, session: Session, request: Request, next: Next) -> Response {
    if let Err(error) = seen(&app, &session).await {
        return error.into_response();
    }
    next.run(request).await
}

async fn seen(app: &App, session: &Session) -> Result<(), AppError> {
    let internal = |error: tower_sessions::session::Error| AppError::Internal(error.into());
    let now = app.clock.now().timestamp();
    let last: Option<i64> = session.get(sessions::SEEN).await.map_err(internal)?;
    if last.is_some_and(|last| now - last > PROLONG_AFTER) {
        session.insert(sessions::SEEN, now).await.map_err(internal)?;
    }
    Ok(())
}

/// Whether htmx asks, for a part of a page.
pub fn is_partial(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// Sends a stranger to the sign-in page, and from there back to what they wanted to see.
pub fn sign_in_first(request: &Request) -> Response {
    if is_partial(request.headers()) {
        return (StatusCode::UNAUTHORIZED, [("hx-redirect", "/sign-in")]).into_response();
    }
    if request.method() != Method::GET {
        return Redirect::to("/sign-in").into_response();
    }
    let wanted = request.uri().path_and_query().map_or("/", |p| p.as_str());
    Redirect::to(&format!("/sign-in?next={}", super::forms::encode(wanted))).into_response()
}

impl FromRequestParts<App> for User {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<User, AppError> {
        parts
            .extensions
            .get::<User>()
            .cloned()
            .ok_or_else(|| AppError::Internal(anyhow::anyhow!("a public route asks for its user")))
    }
}
