//! Imports run in the background, and go on where they were after a restart.

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgPool};

use super::batches::Stop;
use super::map::ImportMap;
use super::model::Import;
use super::queries;
use super::run::{Run, Step};
use super::source::Source;
use crate::app::App;
use crate::audit::Actor;
use crate::handoffs::intake;
use crate::jobs::{self, JobResult};
use crate::kernel::ids::ImportId;

/// Days that an uploaded file waits to be started, and a stopped one to be tried again.
const KEPT_DAYS: i64 = 14;

/// Runs one import, or its trial.
#[derive(Serialize, Deserialize)]
pub struct RunImport {
    pub import: ImportId,
}

impl TaskHandler for RunImport {
    const IDENTIFIER: &'static str = "run_import";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        run(jobs::app(&context), self.import).await
    }
}

async fn run(app: &App, import: ImportId) -> JobResult {
    Ok(run_import(app, import).await?)
}

/// Removes uploads that nobody started, and the files of those that stopped.
#[derive(Serialize, Deserialize)]
pub struct RemoveStaleUploads {}

impl TaskHandler for RemoveStaleUploads {
    const IDENTIFIER: &'static str = "remove_stale_uploads";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        remove_stale(jobs::app(&context)).await
    }
}

async fn remove_stale(app: &App) -> JobResult {
    let before = app.clock.now() - TimeDelta::days(KEPT_DAYS);
    queries::remove_stale(&mut *app.db.acquire().await?, before).await?;
    Ok(())
}

/// Enqueues the run of an import in the caller's transaction.
pub async fn enqueue(conn: &mut PgConnection, import: ImportId) -> anyhow::Result<()> {
    jobs::enqueue(conn, RunImport { import }).await
}

/// What the page of an import listens to.
pub fn topic(import: ImportId) -> String {
    format!("import:{import}")
}

/// Runs an import from where it is to its end. What stops it for good is kept with it and shown;
/// an error is the machine's, and the run may be tried again.
pub async fn run_import(app: &App, id: ImportId) -> anyhow::Result<()> {
    let mut conn = app.db.acquire().await?;
    let Some(started_at) = queries::set_running(&mut conn, id, app.clock.now()).await? else { return Ok(()) };
    let Some(import) = queries::find(&mut conn, id).await? else { return Ok(()) };
    drop(conn);
    app.live.changed(topic(id));
    match bring_in(app, &import, started_at).await {
        Ok(()) => {
            queries::finish(&mut *app.db.acquire().await?, id, &actor(&import), app.clock.now()).await?
        }
        Err(Stop::Other(error)) => return Err(error),
        Err(stop) => {
            queries::fail(&mut *app.db.acquire().await?, id, &stop.to_string(), app.clock.now()).await?
        }
    }
    app.live.changed(topic(id));
    Ok(())
}

/// Who the record names for what an import did.
pub fn actor(import: &Import) -> Actor {
    Actor::Import { id: import.id.0, name: import.file_name.clone() }
}

async fn bring_in(app: &App, import: &Import, started_at: DateTime<Utc>) -> Result<(), Stop> {
    let intake = app.intake();
    let run = Run {
        intake: &intake,
        source: Source::Uploaded(app.db.clone(), import.id),
        map: ImportMap::parse(&import.map).map_err(Stop::Toml)?,
        kind: import.kind,
        import: import.id,
        actor: actor(import),
        dry_run: import.dry_run,
        skip: import.tally.rows,
        now: started_at,
    };
    let opened = run.open().await?;
    let mut running = run.begin(opened).await?;
    let mut rows = import.tally.rows;
    while let Some(step) = running.step().await? {
        count(&app.db, import.id, rows, &step).await?;
        rows += step.tally.rows;
        if !import.dry_run {
            intake::announce(app, &step.offered);
        }
        app.live.changed(topic(import.id));
    }
    Ok(())
}

/// Writes down what a step did. The step must be the next of this import.
pub async fn count(db: &PgPool, import: ImportId, after: i64, step: &Step) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    if !queries::add_step(&mut tx, import, after, &step.tally).await? {
        bail!("import {import} is being run by somebody else");
    }
    queries::add_refusals(&mut tx, import, &step.refusals).await?;
    tx.commit().await?;
    Ok(())
}
