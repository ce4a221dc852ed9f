//! One structured line a request, and its metrics.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// Logs method, path, status, time and request id. Query strings are left out: they hold people's names.
pub async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let id =
        request.headers().get("x-request-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let span = tracing::info_span!("request", id);
    let response = next.run(request).instrument(span.clone()).await;
    let (status, seconds) = (response.status().as_u16(), started.elapsed().as_secs_f64());
    span.in_scope(
        || tracing::info!(%method, path = logged_path(&path), status, ms = seconds * 1000.0, "answered"),
    );
    metrics::histogram!("baton_request_seconds", "method" => method.to_string(), "route" => route, "status" => status.to_string()).record(seconds);
    response
}

/// The path as it may be kept: a set-up link is a secret.
fn logged_path(path: &str) -> &str {
    if path.starts_with("/setup/") { "/setup/…" } else { path }
}
