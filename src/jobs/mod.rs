//! Work in the background: kept in Postgres, enqueued in the caller's transaction, tried again when it
//! fails or when its node is killed, and run once however many nodes there are.

mod registry;
pub mod runs;
pub mod upkeep;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use graphile_worker::{JobSpec, TaskHandler, Worker, WorkerContext, WorkerOptions, WorkerRecoveryConfig};
use sqlx::PgConnection;

use crate::app::App;

/// The schema that the queue keeps its tables in.
pub const SCHEMA: &str = "graphile_worker";

/// How long running jobs may take to end when the node stops. Those that take longer are interrupted and
/// run again at once on another node or after the next start.
pub const GRACE: Duration = Duration::from_secs(10);

/// Enqueues a job in the caller's transaction: it runs when that commits, and never if it does not.
pub async fn enqueue<J: TaskHandler>(conn: &mut PgConnection, job: J) -> anyhow::Result<()> {
    let payload = serde_json::to_value(job)?;
    graphile_worker::sql::add_job::single::add_job(
        conn,
        SCHEMA,
        J::IDENTIFIER,
        payload,
        JobSpec::default(),
        false,
    )
    .await
    .with_context(|| format!("the job {} was not enqueued", J::IDENTIFIER))?;
    Ok(())
}

/// A worker over the app's pool, with every job and schedule of the registry. Its `run` ends some time
/// after `stop` does: at once when idle, else within [`GRACE`].
pub async fn worker(app: &App, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<Worker> {
    let options = WorkerOptions::default()
        .pg_pool(app.db.clone())
        .schema(SCHEMA)
        .concurrency(app.config.workers as usize)
        .add_extension(JobApp(app.clone()))
        .listen_os_shutdown_signals(false)
        .shutdown_signal(stop)
        .shutdown_grace_period(GRACE)
        .shutdown_interrupted_job_retry_delay(Duration::ZERO)
        // Jobs of a killed node run again on another within a minute.
        .worker_recovery(
            WorkerRecoveryConfig::default()
                .heartbeat_interval(Duration::from_secs(10))
                .sweep_interval(Duration::from_secs(10))
                .sweep_threshold(Duration::from_secs(45))
                .recovery_delay(Duration::ZERO),
        );
    registry::register(options)?.init().await.context("The worker for background jobs did not start")
}

/// The application, as a running job gets it.
pub fn app(context: &WorkerContext) -> &App {
    &context.get_ext::<JobApp>().expect("every worker is made with the app, in `worker`").0
}

#[derive(Clone)]
struct JobApp(App);

impl fmt::Debug for JobApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("App")
    }
}

/// What a job ends with.
pub type JobResult = Result<(), JobError>;

/// Why a job failed. The queue keeps and logs its debug text, which is the whole chain of causes.
pub struct JobError(anyhow::Error);

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl<E: Into<anyhow::Error>> From<E> for JobError {
    fn from(error: E) -> Self {
        JobError(error.into())
    }
}
