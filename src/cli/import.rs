//! Files from the terminal.

use std::process::ExitCode;

use clap::Args;

use super::{close, open_prepared};
use crate::agreement::versions::Versions;
use crate::config::DatabaseConfig;
use crate::handoffs::intake::Intake;
use crate::kernel::clock::Clock;
use crate::transfer;

#[derive(Args)]
pub struct ImportArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    #[command(flatten)]
    import: transfer::cli::Args,
}

/// Imports a file.
pub async fn run(args: ImportArgs) -> anyhow::Result<ExitCode> {
    let clock = Clock::Wall;
    let db = open_prepared(&args.db, &clock).await?;
    let intake = Intake { db: db.pool.clone(), versions: Versions::default(), clock };
    let done = transfer::cli::run(&args.import, &intake).await;
    close(db).await?;
    done
}
