//! A new version came into force: every lead is judged again, in batches that block nobody.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use sqlx::Connection;
use uuid::Uuid;

use super::intake;
use crate::agreement::terms::Terms;
use crate::agreement::versions;
use crate::app::App;
use crate::audit::Actor;
use crate::jobs::{self, JobResult, runs};
use crate::kernel::ids::new_id;
use crate::leads::queries as leads;

/// Leads that are judged in one transaction.
const BATCH: i64 = 500;

/// Judges all leads anew; `run` is where its progress is kept.
#[derive(Serialize, Deserialize)]
pub struct RejudgeAll {
    pub run: Uuid,
}

impl TaskHandler for RejudgeAll {
    const IDENTIFIER: &'static str = "rejudge_all";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        rejudge_all(&context, self.run).await
    }
}

async fn rejudge_all(context: &WorkerContext, run: Uuid) -> JobResult {
    Ok(all(jobs::app(context), run).await?)
}

/// Puts terms in force as the next version; the job that judges all leads by it comes with it or not at all.
pub async fn put_in_force(app: &App, terms: &Terms, actor: &Actor) -> anyhow::Result<i32> {
    let now = app.clock.now();
    let mut conn = app.db.acquire().await?;
    let mut tx = conn.begin().await?;
    let number = versions::put_in_force(&mut tx, terms, actor, now).await?;
    jobs::enqueue(&mut tx, RejudgeAll { run: new_id(now) }).await?;
    tx.commit().await?;
    Ok(number)
}

/// Judges every lead that another version judged last. Safe to run twice: what is done is not done again.
pub async fn all(app: &App, run: Uuid) -> anyhow::Result<()> {
    let intake = app.intake();
    let mut after = None;
    let mut done = 0;
    let total = leads::about_how_many(&mut *app.db.acquire().await?).await?;
    runs::progress(
        &app.db,
        run,
        RejudgeAll::IDENTIFIER,
        "Judging all leads by the new version",
        done,
        total,
        app.clock.now(),
    )
    .await?;
    loop {
        let mut conn = app.db.acquire().await?;
        let version = app.versions.in_force(&mut conn).await?;
        let ids = leads::judged_otherwise(&mut conn, version.number, after, BATCH).await?;
        drop(conn);
        let Some(last) = ids.last().copied() else { break };
        let offered = intake::rejudge(&intake, &ids).await?;
        intake::announce(app, &offered);
        done += ids.len() as i64;
        after = Some(last);
        runs::progress(
            &app.db,
            run,
            RejudgeAll::IDENTIFIER,
            "Judging all leads by the new version",
            done,
            total.max(done),
            app.clock.now(),
        )
        .await?;
    }
    runs::finished(&app.db, run, done, app.clock.now()).await
}
