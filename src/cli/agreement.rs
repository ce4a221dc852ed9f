//! The agreement as code, for files that are kept and reviewed elsewhere.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::{close, open_prepared};
use crate::agreement::versions::Versions;
use crate::agreement::{exchange, find};
use crate::config::DatabaseConfig;
use crate::db::Db;
use crate::kernel::clock::Clock;

#[derive(Subcommand)]
pub enum AgreementCommand {
    /// Write the terms of a version to standard output as TOML.
    Export(ExportArgs),
    /// Check a TOML file. Ends with code 2 when something is wrong, with one line for each problem.
    ///
    /// Needs no database; whether the people, personas and fields that it names exist is checked on import.
    Check(CheckArgs),
}

#[derive(Args)]
pub struct ExportArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    /// The version; the one in force when not given.
    #[arg(long, value_name = "NUMBER")]
    version: Option<i32>,
}

#[derive(Args)]
pub struct CheckArgs {
    /// The file.
    file: PathBuf,
}

/// Writes or checks terms.
pub async fn run(command: AgreementCommand) -> anyhow::Result<ExitCode> {
    match command {
        AgreementCommand::Export(args) => export(args).await.map(|()| ExitCode::SUCCESS),
        AgreementCommand::Check(args) => check(&args),
    }
}

async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let db = open_prepared(&args.db, &Clock::Wall).await?;
    let text = text_of(&db, args.version).await;
    close(db).await?;
    print!("{}", text?);
    Ok(())
}

async fn text_of(db: &Db, version: Option<i32>) -> anyhow::Result<String> {
    let mut conn = db.pool.acquire().await?;
    let number = match version {
        Some(number) => number,
        None => Versions::default().in_force(&mut conn).await?.number,
    };
    let (row, terms) = find::version(&mut conn, number).await?;
    Ok(exchange::file(number, row.state.label(), &terms))
}

fn check(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let name = args.file.display();
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("{name} cannot be read"))?;
    match exchange::sound(&text) {
        Ok(terms) => {
            println!("{name}: “{}” is sound.", terms.title);
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            for fault in &faults {
                eprintln!("{name}: {fault}");
            }
            Ok(ExitCode::from(2))
        }
    }
}
