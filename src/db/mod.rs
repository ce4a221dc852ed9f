//! The database: where it is, its pool, its migrations.

pub mod cluster;
pub mod partitions;

use std::time::Duration;

use anyhow::{Context, bail};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};

use crate::config::DatabaseConfig;
use cluster::Cluster;

/// The migrations, inside the binary.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The oldest Postgres that Baton runs on, as `server_version_num` counts.
const OLDEST_POSTGRES: i32 = 150_000;

/// A pool, and the private cluster behind it when there is one.
pub struct Db {
    pub pool: PgPool,
    /// Holding it keeps the server running.
    pub cluster: Option<Cluster>,
}

/// Opens the database of the configuration, starting the private Postgres when none is named.
pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Db> {
    let (options, cluster) = match &config.database_url {
        Some(url) => (
            url.parse::<PgConnectOptions>()
                .context("DATABASE_URL is not an address such as postgres://user:password@host/database")?,
            None,
        ),
        None => {
            let cluster = start_cluster(config).await?;
            (cluster.url(cluster::DATABASE).parse()?, Some(cluster))
        }
    };
    let pool = pool(options, config.db_connections).await?;
    let version: i32 =
        sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(&pool).await?;
    if version < OLDEST_POSTGRES {
        bail!("The database is Postgres {}; Baton needs 15 or newer.", version / 10_000);
    }
    Ok(Db { pool, cluster })
}

/// The private Postgres of the configuration's data directory, started or joined.
pub async fn start_cluster(config: &DatabaseConfig) -> anyhow::Result<Cluster> {
    let options = cluster::Options::new(config.data_dir.join("database"));
    // Room for psql, a dump, an import and a second node beside this one.
    Ok(Cluster::start(&cluster::Options { max_connections: config.db_connections * 2 + 40, ..options })
        .await?)
}

/// A pool over one database.
pub async fn pool(options: PgConnectOptions, connections: u32) -> anyhow::Result<PgPool> {
    let options = options.application_name("baton").disable_statement_logging().statement_cache_capacity(256);
    let target =
        format!("{} on {}", options.get_database().unwrap_or("the default database"), options.get_host());
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        // A check before each use would double the round trips; a broken connection shows itself soon enough.
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .with_context(|| format!("The database {target} cannot be reached"))
}

/// Brings the schema up to date. Safe for several nodes at once: a lock in the database lets one pass at a time.
pub async fn migrate(pool: &PgPool) -> anyhow::Result<()> {
    MIGRATIONS.run(pool).await.context("The migrations did not go through")?;
    graphile_worker::WorkerUtils::new(pool.clone(), "graphile_worker")
        .migrate()
        .await
        .context("The job queue's migrations did not go through")?;
    Ok(())
}

/// Takes back every migration after `target`; 0 takes back all.
pub async fn migrate_down(pool: &PgPool, target: i64) -> anyhow::Result<()> {
    MIGRATIONS.undo(pool, target).await.context("The migrations could not be taken back")
}

/// Whether every migration of this binary has run.
pub async fn is_current(pool: &PgPool) -> sqlx::Result<bool> {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
    let applied: Option<i64> =
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(pool).await?;
    Ok(applied >= Some(newest))
}

/// The name of the constraint that a statement broke, if that was its trouble.
pub fn broken_constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|e| e.constraint())
}
