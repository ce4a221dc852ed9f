//! Jobs that keep the database itself in order.

use chrono::TimeDelta;
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

use super::{JobResult, app};
use crate::auth::sessions;
use crate::db::partitions;

/// Makes the monthly partitions of events before their month begins.
#[derive(Serialize, Deserialize)]
pub struct KeepPartitions {}

impl TaskHandler for KeepPartitions {
    const IDENTIFIER: &'static str = "keep_partitions";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        keep_partitions(&context).await
    }
}

async fn keep_partitions(context: &WorkerContext) -> JobResult {
    let app = app(context);
    let made = partitions::keep(&mut *app.db.acquire().await?, app.clock.now()).await?;
    if made > 0 {
        tracing::info!(made, "made partitions of events");
    }
    Ok(())
}

/// Removes sessions that nobody can use any more.
#[derive(Serialize, Deserialize)]
pub struct RemoveEndedSessions {}

impl TaskHandler for RemoveEndedSessions {
    const IDENTIFIER: &'static str = "remove_ended_sessions";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        remove_ended_sessions(&context).await
    }
}

async fn remove_ended_sessions(context: &WorkerContext) -> JobResult {
    let app = app(context);
    let longest = TimeDelta::days(app.config.session_days.into());
    sessions::remove_ended(&mut *app.db.acquire().await?, app.clock.now(), longest).await?;
    Ok(())
}
