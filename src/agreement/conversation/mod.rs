//! The negotiation on the page: comments on the clauses of a version on its way.

pub mod pages;
mod queries;

pub use queries::{Comment, comments, counts};

use crate::agreement::find;
use uuid::Uuid;

use super::clauses::Place;
use super::queries::VersionState;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::ids::new_id;

/// Letters of the longest comment.
pub const LONGEST: usize = 10_000;

/// Says something about a clause.
pub async fn say(app: &App, user: &User, number: i32, place: &Place, body: &str) -> AppResult<Uuid> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    open(&mut tx, number).await?;
    let id = new_id(now);
    queries::insert(&mut tx, number, id, &place.to_string(), user.id, body, now).await?;
    tx.commit().await?;
    app.live.changed(format!("agreement:{number}"));
    Ok(id)
}

/// Takes back one's own comment. Its place in the conversation stays.
pub async fn take_back(app: &App, user: &User, number: i32, comment: Uuid) -> AppResult<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    open(&mut tx, number).await?;
    if !queries::take_back(&mut tx, number, comment, user.id, now).await? {
        return Err(AppError::NotFound(
            "There is no such comment of yours. It may be taken back already.".into(),
        ));
    }
    tx.commit().await?;
    app.live.changed(format!("agreement:{number}"));
    Ok(())
}

/// A version that is still talked about, and stays so until the transaction ends.
async fn open(conn: &mut sqlx::PgConnection, number: i32) -> AppResult<()> {
    let row = find::locked(conn, number).await?;
    if is_open(row.state) {
        return Ok(());
    }
    let state = row.state.label();
    Err(AppError::Conflict(format!(
        "Version {number} is {state}, and its negotiation is over. Comment on the next draft."
    )))
}

/// Whether a version in this state is negotiated.
pub fn is_open(state: VersionState) -> bool {
    matches!(state, VersionState::Draft | VersionState::Proposed)
}
