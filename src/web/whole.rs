//! A request that has begun is carried out to its end, whether or not anybody still waits for the answer.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, Span};

/// Runs the handler as a task of its own, which neither a closed browser nor the time limit can drop in the
/// middle. A handler dropped while it opens a transaction would give its connection back inside that
/// transaction, and what the next person then writes on it could be lost.
pub async fn run_to_end(request: Request, next: Next) -> Response {
    let work = tokio::spawn(next.run(request).instrument(Span::current()));
    match work.await {
        Ok(response) => response,
        // Nobody aborts the task, so it can only have panicked: on it goes, to the layer that answers panics.
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
}
