//! Commands about the database itself.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use tokio::process::Command;

use super::{close, prepare};
use crate::config::DatabaseConfig;
use crate::db::{self, cluster};
use crate::kernel::clock::Clock;

#[derive(Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    /// Take back every migration after this one; 0 takes back all and with them every record.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(0..))]
    down_to: Option<i64>,
}

/// Migrates up, or down when told.
pub async fn migrate(args: MigrateArgs) -> anyhow::Result<()> {
    let db = db::open(&args.db).await?;
    match args.down_to {
        None => {
            prepare(&db.pool, &Clock::Wall).await?;
            println!("The database is up to date.");
        }
        Some(target) => {
            let newest = db::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
            if target > newest {
                bail!("There is no migration {target}; the newest is {newest}.");
            }
            db::migrate_down(&db.pool, target).await?;
            println!("The database is back at migration {target}.");
        }
    }
    close(db).await
}

#[derive(Subcommand)]
pub enum DbCommand {
    /// Run a program against the database, starting the private Postgres for it if it does not run.
    ///
    /// The program finds the database in DATABASE_URL, and the private one in PGHOST, PGUSER and PGDATABASE
    /// too, so that psql and pg_dump need no arguments:
    ///
    ///   baton db run -- pg_dump --format=custom --file=baton.dump
    ///
    /// Ends with the program's own exit code. Does not migrate.
    #[command(verbatim_doc_comment)]
    Run(RunArgs),
}

#[derive(Args)]
pub struct RunArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
}

/// Runs the program and hands its exit code on.
pub async fn run(command: DbCommand) -> anyhow::Result<ExitCode> {
    let DbCommand::Run(args) = command;
    let (name, arguments) = args.program.split_first().context("name the program to run")?;
    let mut program = Command::new(name);
    program.args(arguments);
    let cluster = match args.db.url() {
        Some(url) => {
            program.env("DATABASE_URL", url);
            None
        }
        None => {
            let cluster = db::start_cluster(&args.db).await?;
            program.env("DATABASE_URL", cluster.url(cluster::DATABASE));
            program
                .env("PGHOST", cluster.socket_dir())
                .env("PGUSER", cluster.user())
                .env("PGDATABASE", cluster::DATABASE);
            Some(cluster)
        }
    };
    // Ctrl-C reaches the program by itself; this process waits for its end, to stop the server after it.
    let mut child = program.spawn().with_context(|| format!("{} cannot be run", name.display()))?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    if let Some(cluster) = cluster {
        cluster.stop().await?;
    }
    // As a shell says it: 128 and the signal.
    let code = status.code().unwrap_or(128 + status.signal().unwrap_or(0));
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
