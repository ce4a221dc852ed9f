//! `baton back-test`: replays the past under other terms, and measures how quick that is.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use chrono::TimeDelta;
use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::{close, open_prepared};
use crate::agreement::queries;
use crate::agreement::terms::Terms;
use crate::agreement::versions::{Version, Versions};
use crate::back_tests::figures::{Figures, Side};
use crate::back_tests::history_query;
use crate::back_tests::run::{self, Plan};
use crate::config::DatabaseConfig;
use crate::db::Db;
use crate::kernel::clock::Clock;
use crate::scoring::CategoryKey;

#[derive(Args)]
pub struct BackTestArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    /// How many days up to now are replayed.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=1098))]
    days: u16,

    /// Terms to try, in TOML; else the version that is being negotiated.
    #[arg(long, value_name = "FILE.toml")]
    terms: Option<PathBuf>,
}

/// Replays a window under other terms and under those in force, and prints the figures.
pub async fn run(args: BackTestArgs) -> anyhow::Result<()> {
    let db = open_prepared(&args.db, &Clock::Wall).await?;
    let done = replay(&args, &db).await;
    close(db).await?;
    done
}

async fn replay(args: &BackTestArgs, db: &Db) -> anyhow::Result<()> {
    let mut conn = db.pool.acquire().await?;
    let versions = Versions::default();
    let in_force = versions.in_force(&mut conn).await?;
    let draft = match &args.terms {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the terms {} cannot be read", path.display()))?;
            Version::of(in_force.number + 1, Terms::from_toml(&text)?)?
        }
        None => {
            let number = queries::negotiated(&mut conn).await?;
            let number =
                number.context("no version is being negotiated; name a file with --terms FILE.toml")?;
            let row = queries::version(&mut conn, number).await?.context("the draft is gone")?;
            Version::read(&row)?
        }
    };
    if let Err(problems) = draft.terms.validate() {
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        bail!("these terms are not sound:\n  {}", list.join("\n  "));
    }
    let now = Clock::Wall.now();
    let window = now - TimeDelta::days(args.days.into())..now;
    let plan = Arc::new(Plan::of(&mut conn, &versions, draft, in_force, window).await?);
    let total = history_query::total(&mut conn).await?;
    drop(conn);
    let bar = ProgressBar::new(total.unsigned_abs()).with_style(ProgressStyle::with_template(
        "{wide_bar} {human_pos} of {human_len} leads, {eta} to go",
    )?);
    let tell = |progress: run::Progress| {
        bar.set_position(progress.leads);
        std::future::ready(Ok(true))
    };
    let tally = run::run(&db.pool, plan.clone(), tell).await?.context("nobody ends it early")?;
    bar.finish_and_clear();
    print(&plan, &tally.figures);
    Ok(())
}

fn print(plan: &Plan, figures: &Figures) {
    let rate = |n: u64| HumanCount((n as f64 / figures.seconds.max(0.001)) as u64);
    println!(
        "{} leads with {} events in {:.1} s: {} leads/s, {} events/s{}",
        HumanCount(figures.leads),
        HumanCount(figures.events),
        figures.seconds,
        rate(figures.leads),
        rate(figures.events),
        peak_megabytes().map_or_else(String::new, |peak| format!(", at most {peak} MB of memory"))
    );
    let in_force = format!("version {}", plan.in_force.version.number);
    println!("{:<34}{:>12}{in_force:>12}{:>12}", "", "draft", "happened");
    let row = |label: &str, of: &dyn Fn(Side) -> String| {
        let [draft, in_force, recorded] = Side::ALL.map(of);
        println!("{label:<34}{draft:>12}{in_force:>12}{recorded:>12}");
    };
    let sides = &figures.sides;
    row("handoffs", &|side| HumanCount(sides[side as usize].handoffs).to_string());
    row("  of them at the start", &|side| HumanCount(sides[side as usize].at_start).to_string());
    row("leads handed over", &|side| HumanCount(sides[side as usize].leads).to_string());
    row("handed back", &|side| HumanCount(sides[side as usize].handed_back).to_string());
    row("won leads handed over in time", &|side| HumanCount(sides[side as usize].won).to_string());
    for (place, key) in CategoryKey::all().into_iter().enumerate() {
        row(&format!("win rate, {key}"), &|side| match sides[side as usize].categories[place].win_rate() {
            Some((rate, ..)) => format!("{:.1} %", rate * 100.0),
            None => "too few".into(),
        });
    }
    println!(
        "both {}, gained {}, lost {}; won leads {}: missed by the draft {}, caught by it alone {}; hand-backs avoided {}",
        figures.both,
        figures.gained,
        figures.lost,
        figures.won,
        figures.won_missed,
        figures.won_caught,
        figures.hand_backs_avoided
    );
}

/// The most memory that the process had, where the system tells.
fn peak_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}
