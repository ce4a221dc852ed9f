//! `baton points`: the same learning from the command line, so that its figures can be made again.

use std::path::PathBuf;

use anyhow::{Context, bail};
use sqlx::PgConnection;

use super::accept::{Accepted, accept};
use super::actions;
use super::judge_card::{Figures, Tally};
use super::model::{Axis, Choice, Column, Outcome};
use super::suggest::Suggestion;
use crate::agreement::queries as versions;
use crate::agreement::terms::Terms;
use crate::agreement::versions::Versions;
use crate::scoring::CategoryKey;

#[derive(Debug, clap::Args)]
pub struct SuggestArgs {
    /// What decides whether a lead was won: deals (with hand-backs), or a custom field that is yes or no.
    #[arg(long, default_value = "deals", value_name = "deals|custom.KEY")]
    outcome: Outcome,

    /// Learn from these alone: country, custom.KEY, event.KIND, event.KIND.PROPERTY. Without it from every field that
    /// does not look as if sales had filled it in.
    #[arg(long, value_delimiter = ',', value_name = "FIELD,…")]
    fields: Vec<String>,

    /// Leave these out.
    #[arg(long, value_delimiter = ',', value_name = "FIELD,…")]
    without: Vec<String>,

    /// Start from this version's terms; from those being negotiated, or else in force, when absent.
    #[arg(long, value_name = "NUMBER")]
    version: Option<i32>,

    /// Write the terms with the learnt rules and thresholds, as TOML.
    #[arg(long, value_name = "CARD.toml")]
    out: Option<PathBuf>,
}

/// Learns and prints the figures.
pub async fn suggest(args: &SuggestArgs, conn: &mut PgConnection) -> anyhow::Result<()> {
    let (number, terms) = terms(args, conn).await?;
    let (candidates, _) = actions::candidates(conn, &args.outcome).await?;
    for name in args.fields.iter().chain(&args.without) {
        let known = |name: &str| candidates.iter().any(|candidate| candidate.column.to_string() == name);
        if !known(name) {
            let all: Vec<String> = candidates.iter().map(|candidate| candidate.column.to_string()).collect();
            bail!("no closed lead has “{name}”; there are {}", all.join(", "));
        }
    }
    let chosen = candidates.iter().filter(|candidate| {
        let name = candidate.column.to_string();
        let wanted =
            if args.fields.is_empty() { candidate.by_default() } else { args.fields.contains(&name) };
        wanted && !args.without.contains(&name)
    });
    let columns: Vec<Column> = chosen.map(|candidate| candidate.column.clone()).collect();
    for candidate in &candidates {
        if let Some(warning) = &candidate.warning {
            let used = if columns.contains(&candidate.column) { "used in spite of it" } else { "left out" };
            println!("{} ({used}): {warning}", candidate.column);
        }
    }
    let names: Vec<String> = columns.iter().map(Column::to_string).collect();
    println!("Fields: {}\n", names.join(", "));
    let choice = Choice { outcome: args.outcome.clone(), columns };
    let suggestion = actions::learn(conn, choice, terms.clone()).await?.map_err(anyhow::Error::msg)?;
    print(&suggestion, number);
    if let Some(path) = &args.out {
        let accepted =
            Accepted { lines: (0..suggestion.lines.len()).collect(), replace: true, thresholds: true };
        let terms = accept(&terms, &suggestion, &accepted);
        if let Err(problems) = terms.validate() {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            bail!("the terms with these points would not be sound: {}", problems.join("; "));
        }
        std::fs::write(path, terms.to_toml())
            .with_context(|| format!("{} cannot be written", path.display()))?;
        println!("\nWritten to {}.", path.display());
    }
    Ok(())
}

async fn terms(args: &SuggestArgs, conn: &mut PgConnection) -> anyhow::Result<(i32, Terms)> {
    let number = match args.version {
        Some(number) => number,
        None => match versions::negotiated(conn).await? {
            Some(number) => number,
            None => Versions::default().in_force(conn).await?.number,
        },
    };
    let row = versions::version(conn, number).await?;
    let row = row.with_context(|| format!("the agreement has no version {number}"))?;
    Ok((number, serde_json::from_value(row.terms)?))
}

fn print(suggestion: &Suggestion, number: i32) {
    for (axis, title) in [(Axis::Fit, "Fit"), (Axis::Interest, "Interest")] {
        println!("{title:<56} {:>6} {:>9} {:>7} {:>6}  95 % interval", "now", "suggested", "leads", "won");
        for (_, line) in suggestion.lines_of(axis) {
            let now = line.now.map(|points| points.to_string()).unwrap_or_default();
            let (low, high) = line.tally.interval();
            let label: String = line.clause.label.chars().take(54).collect();
            println!(
                "  {label:<54} {now:>6} {:>9} {:>7} {:>6}  {} to {}",
                line.points,
                line.tally.leads,
                percent(line.tally.rate()),
                percent(low),
                percent(high)
            );
        }
        println!();
    }
    let closed = suggestion.closed;
    println!("{} closed leads, {} won: {}", closed.leads, closed.won, percent(closed.rate()));
    if suggestion.too_few() {
        println!("Too few closed leads to tell: these figures may change much with the next ones.");
    }
    if suggestion.tells_nothing() {
        println!(
            "These fields do not tell who will be won: the card ranks other leads no better than chance may."
        );
    }
    println!(
        "\n{:<32} {:>24} {:>24}",
        "Judged on leads not learnt from",
        format!("version {number} now"),
        "suggested"
    );
    let (now, new) = (&suggestion.now, &suggestion.suggested);
    line("AUC, 95 % interval", auc(now), auc(new));
    line("Top quarter wins", top(now), top(new));
    for (at, category) in CategoryKey::all().into_iter().enumerate() {
        line(&category.to_string(), tally(now.categories[at]), tally(new.categories[at]));
    }
    let thresholds = |fit: u8, interest: f64| format!("fit {fit}, interest {interest}");
    line(
        "Thresholds",
        thresholds(suggestion.fit_good_now, suggestion.interest_high_now),
        thresholds(suggestion.fit_good, suggestion.interest_high),
    );
}

fn line(what: &str, now: String, suggested: String) {
    println!("{what:<32} {now:>24} {suggested:>24}");
}

fn auc(figures: &Figures) -> String {
    match (figures.auc, figures.auc_interval) {
        (Some(auc), Some((low, high))) => format!("{auc:.3} ({low:.3} to {high:.3})"),
        _ => "–".to_owned(),
    }
}

fn top(figures: &Figures) -> String {
    match (figures.top_quarter, figures.lift) {
        (Some(rate), Some(lift)) => format!("{}, lift {lift:.2}", percent(rate)),
        _ => "–".to_owned(),
    }
}

fn tally(tally: Tally) -> String {
    if tally.leads == 0 {
        "no leads".to_owned()
    } else {
        format!("{} of {}", percent(tally.rate()), tally.leads)
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
