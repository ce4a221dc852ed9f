//! The command line: reads it, starts the runtime, and says what went wrong.

mod agreement;
mod back_test;
mod database;
mod demo;
mod import;
mod log;
mod points;
mod serve;
mod users;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sqlx::PgPool;

use crate::agreement::versions;
use crate::config::DatabaseConfig;
use crate::db::{self, Db, partitions};
use crate::kernel::clock::Clock;

/// Baton hands leads from marketing to sales by the agreement that both departments signed.
///
/// “baton serve” starts it, with a private Postgres in ./data unless DATABASE_URL names another one.
/// Every option can also be set by the environment variable that its help names.
#[derive(Parser)]
#[command(name = "baton", version, arg_required_else_help = true, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    log: log::LogConfig,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the application.
    Serve(serve::ServeArgs),
    /// Bring the database's schema up to date, or take migrations back.
    Migrate(database::MigrateArgs),
    /// Import leads or events from a file. Ends with code 2 when some rows were refused.
    Import(import::ImportArgs),
    /// Replay the past under other terms, beside those in force and what happened.
    BackTest(back_test::BackTestArgs),
    /// Make and list users, and set their passwords.
    #[command(subcommand)]
    User(users::UserCommand),
    /// Write the handoff agreement as a file, and check one.
    #[command(subcommand)]
    Agreement(agreement::AgreementCommand),
    /// Make a company with half a year of history in an empty database, to look around in or to measure.
    Demo(demo::DemoArgs),
    /// Learn points from closed leads.
    #[command(subcommand)]
    Points(points::PointsCommand),
    /// Use Baton's database with other programs.
    #[command(subcommand)]
    Db(database::DbCommand),
}

/// Runs the command that the process was given.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.log.start();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args).await?,
        Command::Migrate(args) => database::migrate(args).await?,
        Command::Import(args) => return import::run(args).await,
        Command::BackTest(args) => back_test::run(args).await?,
        Command::User(command) => users::run(command).await?,
        Command::Agreement(command) => return agreement::run(command).await,
        Command::Demo(args) => demo::run(args).await?,
        Command::Points(command) => points::run(command).await?,
        Command::Db(command) => return database::run(command).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("baton: {error:#}");
    ExitCode::FAILURE
}

/// Migrates, and installs what a new installation starts with. Changes nothing when all is there.
pub async fn prepare(pool: &PgPool, clock: &Clock) -> anyhow::Result<()> {
    db::migrate(pool).await?;
    let mut conn = pool.acquire().await?;
    versions::install_default(&mut conn, clock.now()).await?;
    partitions::keep(&mut conn, clock.now()).await?;
    Ok(())
}

/// Opens the database, prepared, for a command that does one thing and ends.
async fn open_prepared(config: &DatabaseConfig, clock: &Clock) -> anyhow::Result<Db> {
    let db = db::open(config).await?;
    prepare(&db.pool, clock).await?;
    Ok(db)
}

/// Closes the pool and, when this was its last user, stops the private Postgres.
async fn close(db: Db) -> anyhow::Result<()> {
    db.pool.close().await;
    if let Some(cluster) = db.cluster {
        cluster.stop().await?;
    }
    Ok(())
}
