//! `baton demo`: makes the demo and says how to sign in.

use std::time::Instant;

use chrono::{DurationRound, TimeDelta};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::PgPool;

use super::{close, open_prepared};
use crate::auth::queries;
use crate::config::DatabaseConfig;
use crate::demo::{self, Demo, MOST_LEADS, Made};
use crate::kernel::clock::Clock;

/// What is made when nothing else is asked for.
pub const SEED: u64 = 1;
pub const LEADS: u64 = 2_000;

#[derive(Args)]
pub struct DemoArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    /// How many leads, with ten events each on average.
    #[arg(long, default_value_t = LEADS, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=MOST_LEADS))]
    leads: u64,

    /// The same seed makes the same company, as seen from the minute at which it is made.
    #[arg(long, default_value_t = SEED, value_name = "NUMBER")]
    seed: u64,
}

/// Makes the demo in an empty database.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let clock = Clock::Wall;
    let db = open_prepared(&args.db, &clock).await?;
    let made = make(&db.pool, &clock, args.seed, args.leads).await;
    close(db).await?;
    made
}

/// Makes the demo, unless it is there, and prints the sign-ins.
pub async fn make(pool: &PgPool, clock: &Clock, seed: u64, leads: u64) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await?;
    let base = clock.now().duration_trunc(TimeDelta::minutes(1))?;
    let bar = ProgressBar::new(leads).with_style(ProgressStyle::with_template(
        "{elapsed_precise} {wide_bar} {human_pos} of {human_len} leads, {per_sec}, {eta} to go",
    )?);
    let start = Instant::now();
    let made = demo::make(&mut conn, Demo { seed, leads, base }, |lives| bar.inc(lives)).await;
    bar.finish_and_clear();
    match made? {
        Made::Rows(rows) => {
            let seconds = start.elapsed().as_secs_f64();
            println!("The demo is made: {leads} leads, {rows} rows in {seconds:.1} s.");
        }
        Made::Before => println!("The demo is there already."),
    }
    println!("Everybody signs in with the password “{}”:", demo::PASSWORD);
    for user in queries::users(&mut conn).await?.into_iter().filter(|user| user.email.ends_with(demo::DOMAIN))
    {
        let role = user.role.label().to_lowercase();
        println!("  {:<40} {}, {role} in {}", user.email, user.name, user.department.label());
    }
    Ok(())
}
