//! For load balancers and operators.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::db;

/// Alive: the process answers.
pub async fn alive() -> &'static str {
    "alive\n"
}

/// Ready: the database answers and its schema is this binary's.
pub async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match db::is_current(&app.db).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "migrations are due: run “baton migrate”\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
