//! Every job there is, and when the scheduled ones run. The only place of `jobs` that names slices.

use graphile_worker::{Cron, CrontabFill, WorkerOptions};

use super::upkeep::{KeepPartitions, RemoveEndedSessions};
use crate::back_tests::jobs::RunBackTest;
use crate::handoffs::into_force::PutDueInForce;
use crate::handoffs::rejudge::RejudgeAll;
use crate::points::jobs::LearnPoints;
use crate::transfer::jobs::{RemoveStaleUploads, RunImport};

/// The worker's options with all jobs and schedules. Times are UTC.
pub fn register(options: WorkerOptions) -> anyhow::Result<WorkerOptions> {
    Ok(options
        .define_job::<KeepPartitions>()
        .with_cron(Cron::daily_at::<KeepPartitions>(3, 17)?.fill(CrontabFill::days(1)))
        .define_job::<RejudgeAll>()
        .define_job::<PutDueInForce>()
        .with_cron(Cron::every_minute::<PutDueInForce>())
        .define_job::<RunBackTest>()
        .define_job::<LearnPoints>()
        .define_job::<RunImport>()
        .define_job::<RemoveStaleUploads>()
        .with_cron(Cron::daily_at::<RemoveStaleUploads>(3, 41)?)
        .define_job::<RemoveEndedSessions>()
        .with_cron(Cron::hourly_at::<RemoveEndedSessions>(43)?))
}
