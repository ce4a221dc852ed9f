//! Back-tests run in the background, and begin anew after a restart.

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::actions;
use crate::jobs::{self, JobResult};

/// Runs one back-test.
#[derive(Serialize, Deserialize)]
pub struct RunBackTest {
    pub back_test: Uuid,
}

impl TaskHandler for RunBackTest {
    const IDENTIFIER: &'static str = "run_back_test";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        run(&context, self.back_test).await
    }
}

async fn run(context: &WorkerContext, back_test: Uuid) -> JobResult {
    Ok(actions::run(jobs::app(context), back_test).await?)
}
