//! Points from the terminal.

use clap::Subcommand;

use super::{close, open_prepared};
use crate::config::DatabaseConfig;
use crate::kernel::clock::Clock;
use crate::points::cli;

#[derive(Subcommand)]
pub enum PointsCommand {
    /// Learn fit and interest points from closed leads, and print how good they are on leads not learnt from.
    Suggest(PointsArgs),
}

#[derive(clap::Args)]
pub struct PointsArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    #[command(flatten)]
    suggest: cli::SuggestArgs,
}

/// Runs a command on points.
pub async fn run(command: PointsCommand) -> anyhow::Result<()> {
    let PointsCommand::Suggest(args) = command;
    let db = open_prepared(&args.db, &Clock::Wall).await?;
    let done = async { cli::suggest(&args.suggest, &mut *db.pool.acquire().await?).await }.await;
    close(db).await?;
    done
}
