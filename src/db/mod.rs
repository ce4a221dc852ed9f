//! The database: where it is, its pool, its migrations.

pub mod cluster;
pub mod partitions;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use tokio::time::sleep;

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

/// How long a database that does not answer yet is waited for: it may be starting beside this node.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the database of the configuration, starting the private Postgres when none is named.
pub async fn open(config: &DatabaseConfig) -> anyhow::Result<Db> {
    let (options, cluster) = match config.url() {
        Some(url) => (parse_url(url)?, None),
        None => {
            let cluster = start_cluster(config).await?;
            (parse_url(&cluster.url(cluster::DATABASE))?, Some(cluster))
        }
    };
    refuse_old_postgres(&options).await?;
    Ok(Db { pool: pool(options, config.db_connections).await?, cluster })
}

fn parse_url(url: &str) -> anyhow::Result<PgConnectOptions> {
    // The cause is left out: it may hold the password.
    url.parse().ok().context("DATABASE_URL is not an address such as postgres://user:password@host/database")
}

async fn refuse_old_postgres(options: &PgConnectOptions) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut conn = loop {
        match PgConnection::connect_with(options).await {
            Ok(conn) => break conn,
            Err(sqlx::Error::Io(_)) if Instant::now() < until => sleep(Duration::from_millis(500)).await,
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("The database {} cannot be reached", target(options)));
            }
        }
    };
    let version: i32 =
        sqlx::query_scalar("select current_setting('server_version_num')::int").fetch_one(&mut conn).await?;
    if version < OLDEST_POSTGRES {
        bail!("The database {} is Postgres {}; Baton needs 15 or newer.", target(options), version / 10_000);
    }
    Ok(conn.close().await?)
}

fn target(options: &PgConnectOptions) -> String {
    format!("{} on {}", options.get_database().unwrap_or(options.get_username()), options.get_host())
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
    let target = target(&options);
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
