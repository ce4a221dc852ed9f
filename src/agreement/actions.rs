//! What managers do with a version on its way: begin a draft, change it, give it up.

use serde_json::json;
use uuid::Uuid;

use super::clauses::Place;
use super::find;
use super::queries::{self, VersionRow, VersionState};
use super::terms::Terms;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::auth::User;
use crate::error::{AppError, AppResult};

/// Begins the next version as a copy of the one in force.
pub async fn begin_draft(app: &App, user: &User) -> AppResult<i32> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    queries::lock_versions(&mut tx).await?;
    if let Some(number) = queries::negotiated(&mut tx).await? {
        return Err(AppError::Conflict(format!(
            "Version {number} is being negotiated already. Change it there, or give it up first."
        )));
    }
    let version = app.versions.in_force(&mut tx).await?;
    let terms = serde_json::to_value(&version.terms).map_err(anyhow::Error::from)?;
    let number =
        queries::insert_draft(&mut tx, &terms, &version.terms.sha256(), version.number, user.id, now).await?;
    let entry = Entry::new("agreement", Uuid::nil(), &user.actor(), "draft_begun").version(number);
    audit::record(&mut tx, now, &[entry]).await?;
    tx.commit().await?;
    Ok(number)
}

/// Removes a draft with its comments and back-tests.
pub async fn give_up_draft(app: &App, user: &User, number: i32) -> AppResult<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = locked_draft(&mut tx, number).await?;
    queries::delete_draft(&mut tx, row.number).await?;
    let entry = Entry::new("agreement", Uuid::nil(), &user.actor(), "draft_given_up").version(number);
    audit::record(&mut tx, now, &[entry]).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes a draft. `change` makes the new terms from those that stand there now, or refuses with a reason of its
/// own, and then nothing is changed. `places` are the clauses that the record names.
pub async fn change_draft<R>(
    app: &App,
    user: &User,
    number: i32,
    places: &[Place],
    change: impl FnOnce(&Terms) -> Result<Terms, R>,
) -> AppResult<Result<Terms, R>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = locked_draft(&mut tx, number).await?;
    let before: Terms = serde_json::from_value(row.terms).map_err(anyhow::Error::from)?;
    let after = match change(&before) {
        Ok(after) => after,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if after == before {
        return Ok(Ok(after));
    }
    let terms = serde_json::to_value(&after).map_err(anyhow::Error::from)?;
    queries::save_draft(&mut tx, number, &terms, &after.sha256()).await?;
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let entry = Entry::new("agreement", Uuid::nil(), &user.actor(), "draft_changed")
        .version(number)
        .detail(json!({ "places": places }));
    audit::record(&mut tx, now, &[entry]).await?;
    tx.commit().await?;
    app.live.changed(format!("agreement:{number}"));
    Ok(Ok(after))
}

/// A draft that nobody else changes until the transaction ends.
async fn locked_draft(conn: &mut sqlx::PgConnection, number: i32) -> AppResult<VersionRow> {
    let row = find::locked(conn, number).await?;
    match row.state {
        VersionState::Draft => Ok(row),
        state => Err(AppError::Conflict(format!(
            "Version {number} is {} and does not change any more. Begin a new draft.",
            state.label()
        ))),
    }
}
