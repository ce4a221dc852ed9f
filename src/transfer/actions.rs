//! What people do with imports.

use sqlx::Connection;

use super::map::{ImportMap, Kind};
use super::model::{Import, State};
use super::plan::Plan;
use super::preview::{self, Beginning};
use super::queries::{self, NewImport};
use super::{guess, jobs};
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::ids::ImportId;

/// An import that is being uploaded. Dropped from the list until the whole file has arrived.
pub async fn begin_upload(app: &App, user: &User, file_name: &str) -> AppResult<ImportId> {
    let now = app.clock.now();
    let id = ImportId::new(now);
    let new = NewImport {
        id,
        kind: Kind::Leads,
        file_name,
        map: "",
        state: State::Draft,
        bytes_total: 0,
        created_by: Some(user.id),
    };
    queries::insert(&mut *app.db.acquire().await?, &new, now).await?;
    Ok(id)
}

/// Completes an upload. Without a map one is guessed from the header; the user sees it before anything starts.
pub async fn end_upload(
    app: &App,
    import: ImportId,
    bytes: i64,
    kind: Kind,
    map: &str,
    may_contact: Option<bool>,
) -> AppResult<()> {
    let mut conn = app.db.acquire().await?;
    let map = if map.trim().is_empty() {
        let beginning = Beginning::load(&mut conn, import, bytes).await?;
        let columns = beginning.columns().unwrap_or_default();
        guess::map(kind, &columns, may_contact)
    } else {
        map.replace("\r\n", "\n")
    };
    queries::set_uploaded(&mut conn, import, bytes, kind, &map).await?;
    Ok(())
}

pub async fn find(app: &App, import: ImportId) -> AppResult<Import> {
    let found = queries::find(&mut *app.db.acquire().await?, import).await?;
    found.ok_or_else(|| AppError::NotFound("There is no such import. It may have been removed.".into()))
}

/// Keeps another map, sound or not, so that nothing typed is lost.
pub async fn save_map(app: &App, import: ImportId, map: &str) -> AppResult<()> {
    let map = map.replace("\r\n", "\n");
    if queries::set_map(&mut *app.db.acquire().await?, import, &map).await? {
        Ok(())
    } else {
        Err(started_meanwhile())
    }
}

/// Starts an import, or a trial of it. Gives back what is wrong with its map, if anything is.
pub async fn start(app: &App, import: ImportId, dry_run: bool) -> AppResult<Result<(), Vec<String>>> {
    let mut conn = app.db.acquire().await?;
    let found = queries::find(&mut conn, import).await?.ok_or_else(started_meanwhile)?;
    let beginning = Beginning::load(&mut conn, import, found.bytes_total).await?;
    if let Err(problems) = check(app, &found, &beginning) {
        return Ok(Err(problems));
    }
    let mut tx = conn.begin().await?;
    if !queries::start(&mut tx, import, dry_run).await? {
        return Err(started_meanwhile());
    }
    jobs::enqueue(&mut tx, import).await?;
    tx.commit().await?;
    app.live.changed(jobs::topic(import));
    Ok(Ok(()))
}

/// Removes an import that has brought nothing in.
pub async fn remove(app: &App, import: ImportId) -> AppResult<()> {
    if queries::remove(&mut *app.db.acquire().await?, import).await? {
        return Ok(());
    }
    Err(AppError::Conflict(
        "This import has brought leads or events in, or is at work; it stays in the list.".into(),
    ))
}

/// The plan of an import, or every reason why there is none.
pub fn check(app: &App, import: &Import, beginning: &Beginning) -> Result<Plan, Vec<String>> {
    let map = ImportMap::parse(&import.map).map_err(|problem| vec![problem])?;
    let rows = beginning.open(&map).map_err(|problem| vec![problem.to_string()])?;
    let plan = Plan::bind(&map, import.kind, rows.columns(), app.clock.now());
    plan.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// The first rows of a file and what its map makes of them.
pub async fn look(app: &App, import: &Import) -> AppResult<preview::Preview> {
    let beginning = Beginning::load(&mut *app.db.acquire().await?, import.id, import.bytes_total).await?;
    Ok(preview::of(import, &beginning, check(app, import, &beginning)))
}

fn started_meanwhile() -> AppError {
    AppError::Conflict("This import was started, finished or removed meanwhile. Look at it again.".into())
}
