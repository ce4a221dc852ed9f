//! The last signature and the day that was agreed put a version in force, and with it all leads are judged anew.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::rejudge::RejudgeAll;
use crate::agreement::signing;
use crate::app::App;
use crate::auth::User;
use crate::error::AppResult;
use crate::jobs::{self, JobResult};
use crate::kernel::ids::new_id;

/// What became of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The other department has not signed yet.
    First,
    /// Both have signed, and the day that was agreed is still to come.
    Waits,
    InForce,
}

/// Signs a proposed version for the user's department. With the second signature a version whose time has come is in
/// force at once.
pub async fn sign(app: &App, user: &User, number: i32, sha256: &str) -> AppResult<Signed> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let is_complete = signing::sign(&mut tx, user, number, sha256, now).await?;
    let in_force = if is_complete { put_due(app, &mut tx).await? } else { None };
    tx.commit().await?;
    app.live.changed(format!("agreement:{number}"));
    Ok(match in_force {
        Some(_) => Signed::InForce,
        None if is_complete => Signed::Waits,
        None => Signed::First,
    })
}

/// Puts the signed version in force whose time has come; its number. However many nodes do it, one of them succeeds.
pub async fn put_due_in_force(app: &App) -> anyhow::Result<Option<i32>> {
    let mut tx = app.db.begin().await?;
    let number = put_due(app, &mut tx).await?;
    tx.commit().await?;
    if let Some(number) = number {
        tracing::info!(number, "an agreement version came into force");
        app.live.changed(format!("agreement:{number}"));
    }
    Ok(number)
}

/// The job that judges all leads comes with the version or not at all.
async fn put_due(app: &App, conn: &mut PgConnection) -> anyhow::Result<Option<i32>> {
    let now = app.clock.now();
    let number = signing::put_due_in_force(conn, now).await?;
    if number.is_some() {
        jobs::enqueue(conn, RejudgeAll { run: new_id(now) }).await?;
    }
    Ok(number)
}

/// Looks every minute whether a version is due.
#[derive(Serialize, Deserialize)]
pub struct PutDueInForce {}

impl TaskHandler for PutDueInForce {
    const IDENTIFIER: &'static str = "put_due_in_force";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        put_due_in_force_job(&context).await
    }
}

async fn put_due_in_force_job(context: &WorkerContext) -> JobResult {
    put_due_in_force(jobs::app(context)).await?;
    Ok(())
}
