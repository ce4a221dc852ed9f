//! Every job there is, and when the scheduled ones run. The only place of `jobs` that names slices.

use graphile_worker::{Cron, CrontabFill, WorkerOptions};

use super::upkeep::{KeepPartitions, RemoveEndedSessions};

/// The worker's options with all jobs and schedules. Times are UTC.
pub fn register(options: WorkerOptions) -> anyhow::Result<WorkerOptions> {
    Ok(options
        .define_job::<KeepPartitions>()
        .with_cron(Cron::daily_at::<KeepPartitions>(3, 17)?.fill(CrontabFill::days(1)))
        .define_job::<RemoveEndedSessions>()
        .with_cron(Cron::hourly_at::<RemoveEndedSessions>(43)?))
}
