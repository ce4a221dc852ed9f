//! `baton import`: a file from the command line.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::batches::Stop;
use super::jobs;
use super::map::{ImportMap, Kind};
use super::model::{State, Tally, file_name};
use super::problem::Refusal;
use super::queries::{self, NewImport};
use super::refusals::RefusalWriter;
use super::run::{Run, Step};
use super::source::Source;
use crate::audit::Actor;
use crate::handoffs::intake::Intake;
use crate::kernel::ids::ImportId;

/// Refusals that are shown when no file takes them all.
const MOST_SHOWN: usize = 10;

/// Some rows were refused; the good ones went in.
const SOME_REFUSED: u8 = 2;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// What each row of the file is.
    #[arg(value_enum)]
    kind: Kind,

    /// The file: CSV with a header, in any usual encoding, with any separator.
    file: PathBuf,

    /// Which column becomes what, in TOML; see docs/importing.md.
    #[arg(long, value_name = "MAP.toml")]
    map: PathBuf,

    /// Judge every row and keep nothing.
    #[arg(long)]
    dry_run: bool,

    /// Where to list refused rows: row number, column, value, reason.
    #[arg(long, value_name = "FILE.csv")]
    errors: Option<PathBuf>,
}

/// Imports a file. The code is 0 when every row is in or known, and 2 when some were refused.
pub async fn run(args: &Args, intake: &Intake) -> anyhow::Result<ExitCode> {
    let toml = std::fs::read_to_string(&args.map)
        .with_context(|| format!("the map {} cannot be read", args.map.display()))?;
    let bytes = std::fs::metadata(&args.file)
        .with_context(|| format!("the file {} cannot be read", args.file.display()))?
        .len();
    let name = file_name(&args.file.to_string_lossy());
    let now = intake.clock.now();
    let id = ImportId::new(now);
    let run = Run {
        intake,
        source: Source::Path(args.file.clone()),
        map: ImportMap::parse(&toml).map_err(|problem| anyhow::anyhow!("{}", Stop::Toml(problem)))?,
        kind: args.kind,
        import: id,
        actor: Actor::Import { id: id.0, name: name.clone() },
        dry_run: args.dry_run,
        skip: 0,
        now,
    };
    let actor = run.actor.clone();
    let opened = run.open().await?;
    let unused = opened.plan.unused.clone();
    let mut report = Report::begin(bytes, args.errors.as_ref())?;
    if !args.dry_run {
        let mut conn = intake.db.acquire().await?;
        let new = NewImport {
            id,
            kind: args.kind,
            file_name: &name,
            map: &toml,
            state: State::Waiting,
            bytes_total: bytes as i64,
            created_by: None,
        };
        queries::insert(&mut conn, &new, now).await?;
        queries::set_running(&mut conn, id, now).await?;
    }
    let importing = async {
        let mut running = run.begin(opened).await?;
        while let Some(step) = running.step().await? {
            if !args.dry_run {
                jobs::count(&intake.db, id, report.tally.rows, &step).await?;
            }
            report.add(step)?;
        }
        Ok(())
    };
    let ended = tokio::select! {
        ended = importing => ended,
        _ = tokio::signal::ctrl_c() => Err(Stop::Other(anyhow::anyhow!("stopped; what went in stays, and the same command goes on"))),
    };
    if !args.dry_run {
        let mut conn = intake.db.acquire().await?;
        match &ended {
            Ok(()) => queries::finish(&mut conn, id, &actor, intake.clock.now()).await?,
            Err(stop) => queries::fail(&mut conn, id, &stop.to_string(), intake.clock.now()).await?,
        }
    }
    let refused = report.end(&name, args.dry_run, &unused)?;
    ended?;
    Ok(if refused > 0 { ExitCode::from(SOME_REFUSED) } else { ExitCode::SUCCESS })
}

/// What the person sees while and after.
struct Report {
    tally: Tally,
    began: Instant,
    bar: ProgressBar,
    list: Option<RefusalWriter<BufWriter<File>>>,
    shown: Vec<Refusal>,
    listed: usize,
}

impl Report {
    fn begin(bytes: u64, list: Option<&PathBuf>) -> anyhow::Result<Report> {
        let list = match list {
            Some(path) => {
                let file = File::create(path)
                    .with_context(|| format!("the list of refusals {} cannot be written", path.display()))?;
                Some(RefusalWriter::begin(BufWriter::new(file))?)
            }
            None => None,
        };
        let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}  {eta} left")?;
        let bar = ProgressBar::new(bytes).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(250));
        Ok(Report { tally: Tally::default(), began: Instant::now(), bar, list, shown: vec![], listed: 0 })
    }

    fn add(&mut self, step: Step) -> anyhow::Result<()> {
        self.tally = self.tally.and(step.tally);
        self.listed += step.refusals.len();
        for refusal in step.refusals {
            match &mut self.list {
                Some(list) => list.write(&refusal)?,
                None if self.shown.len() < MOST_SHOWN => self.shown.push(refusal),
                None => {}
            }
        }
        self.bar.set_position(step.tally.bytes.unsigned_abs());
        self.bar.set_message(format!("{} rows, {}/s", count(self.tally.rows), count(self.rate())));
        Ok(())
    }

    fn rate(&self) -> i64 {
        (self.tally.rows as f64 / self.began.elapsed().as_secs_f64().max(0.001)) as i64
    }

    /// Prints the summary; gives back how many rows were refused.
    fn end(self, name: &str, dry_run: bool, unused: &[String]) -> anyhow::Result<i64> {
        self.bar.finish_and_clear();
        for Refusal { row, problem } in &self.shown {
            eprintln!(
                "row {row}{}: {}",
                if problem.column.is_empty() { String::new() } else { format!(", {}", problem.column) },
                problem.reason
            );
        }
        if self.listed > self.shown.len() && self.list.is_none() {
            eprintln!(
                "… and {} more; --errors FILE.csv lists them all",
                count((self.listed - self.shown.len()) as i64)
            );
        }
        let (tally, seconds) = (self.tally, self.began.elapsed().as_secs_f64());
        println!(
            "{name}: {} rows in {seconds:.1} s, {} rows/s{}",
            count(tally.rows),
            count(self.rate()),
            if dry_run { " — tried out, nothing was kept" } else { "" }
        );
        let lines = [
            ("added", tally.added),
            ("known already", tally.known),
            ("refused", tally.refused),
            ("passed over", tally.passed_over),
            ("values left out", tally.values_left_out),
            ("offered to sales", tally.offered),
        ];
        for (label, number) in lines.into_iter().filter(|(label, number)| {
            *number > 0 || matches!(*label, "added" | "known already" | "refused" | "offered to sales")
        }) {
            println!("  {label:<17}{:>12}", count(number).to_string());
        }
        if !unused.is_empty() {
            println!("  columns not used: {}", unused.join(", "));
        }
        if let Some(list) = self.list {
            list.end()?;
        }
        Ok(tally.refused)
    }
}

fn count(number: i64) -> HumanCount {
    HumanCount(number.unsigned_abs())
}
