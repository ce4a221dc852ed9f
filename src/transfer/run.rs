//! An import at work: from a file and its map to leads and events, batch by batch.

use std::collections::HashMap;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::batches::{self, Batch, Opened, Stop};
use super::map::{ImportMap, Kind};
use super::model::Tally;
use super::problem::{Problem, Refusal};
use super::queries;
use super::source::Source;
use crate::audit::Actor;
use crate::handoffs::intake::{self, BulkOutcome, Intake, LeadKey, Offered, RowOutcome};
use crate::kernel::ids::ImportId;

/// Batches that wait while one goes in.
const WAITING: usize = 2;

/// One run of an import.
pub struct Run<'a> {
    pub intake: &'a Intake,
    pub source: Source,
    pub map: ImportMap,
    pub kind: Kind,
    pub import: ImportId,
    pub actor: Actor,
    /// Judges every row and keeps nothing.
    pub dry_run: bool,
    /// Rows that went in before an interruption.
    pub skip: i64,
    /// The time of the import.
    pub now: DateTime<Utc>,
}

/// What became of a batch.
pub struct Step {
    /// Of this batch alone; its bytes are those of the file so far.
    pub tally: Tally,
    pub refusals: Vec<Refusal>,
    pub offered: Vec<Offered>,
}

impl<'a> Run<'a> {
    /// Opens the file and finds whether map, file and custom fields fit together. Brings nothing in.
    pub async fn open(&self) -> Result<Opened, Stop> {
        let (source, map, kind, now) = (self.source.clone(), self.map.clone(), self.kind, self.now);
        let opened = tokio::task::spawn_blocking(move || batches::open(&source, &map, kind, now))
            .await
            .context("the reader of the file failed")??;
        let mut conn = self.intake.db.acquire().await.context("the database cannot be reached")?;
        let problems = queries::custom_field_conflicts(&mut conn, &opened.plan.custom_fields())
            .await
            .context("custom fields")?;
        if problems.is_empty() { Ok(opened) } else { Err(Stop::Map(problems)) }
    }

    /// Begins to read.
    pub async fn begin(self, opened: Opened) -> anyhow::Result<Running<'a>> {
        if !self.dry_run {
            let mut conn = self.intake.db.acquire().await?;
            queries::add_custom_fields(&mut conn, &opened.plan.custom_fields(), self.now).await?;
        }
        let (sender, batches) = mpsc::channel(WAITING);
        let skip = self.skip;
        let reading = tokio::task::spawn_blocking(move || opened.send(skip, &sender));
        Ok(Running { run: self, batches, reading: Some(reading) })
    }

    async fn take_in(&self, batch: Batch) -> anyhow::Result<Step> {
        let Batch { mut tally, mut refusals, leads, events } = batch;
        let (named, outcome): (Vec<(u64, (String, String))>, BulkOutcome) = if leads.is_empty() {
            let (named, rows): (Vec<_>, Vec<_>) = events
                .into_iter()
                .map(|(row, event, lead)| ((row, lead), (LeadKey::Identity(event.lead), event.event)))
                .unzip();
            let outcome = match (rows.is_empty(), self.dry_run) {
                (true, _) => BulkOutcome::default(),
                (false, true) => intake::trial_events(self.intake, rows, &self.actor).await?,
                (false, false) => {
                    intake::bulk_events(self.intake, rows, Some(self.import), &self.actor).await?
                }
            };
            (named, outcome)
        } else {
            let campaigns =
                self.campaigns(leads.iter().filter_map(|(_, row)| row.campaign.as_deref())).await?;
            let (named, rows): (Vec<_>, Vec<_>) = leads
                .into_iter()
                .map(|(number, row)| {
                    let mut lead = row.lead;
                    lead.facts.campaign = row.campaign.and_then(|name| campaigns.get(&name).copied());
                    ((number, Default::default()), lead)
                })
                .unzip();
            let outcome = match self.dry_run {
                true => intake::trial_leads(self.intake, rows, &self.actor).await?,
                false => intake::bulk_leads(self.intake, rows, Some(self.import), &self.actor).await?,
            };
            (named, outcome)
        };
        if outcome.rows.len() != named.len() {
            bail!("{} rows had {} outcomes", named.len(), outcome.rows.len());
        }
        for ((row, (column, value)), outcome) in named.into_iter().zip(outcome.rows) {
            match outcome {
                RowOutcome::Added(_) => tally.added += 1,
                RowOutcome::Known(_) => tally.known += 1,
                RowOutcome::Refused(reason) => {
                    tally.refused += 1;
                    refusals.push(Refusal { row, problem: Problem::new(&column, &value, reason) });
                }
            }
        }
        tally.offered = outcome.offered.len() as i64;
        refusals.sort_by_key(|refusal| refusal.row);
        Ok(Step { tally, refusals, offered: outcome.offered })
    }

    /// The campaigns of these names; a trial finds those that are there.
    async fn campaigns(&self, names: impl Iterator<Item = &str>) -> anyhow::Result<HashMap<String, Uuid>> {
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            return Ok(HashMap::new());
        }
        let mut conn = self.intake.db.acquire().await?;
        if !self.dry_run {
            queries::add_campaigns(&mut conn, &names, self.now).await?;
        }
        Ok(queries::campaigns_by_name(&mut conn, &names).await?)
    }
}

/// A run between its steps.
pub struct Running<'a> {
    run: Run<'a>,
    batches: mpsc::Receiver<Batch>,
    reading: Option<JoinHandle<Result<(), Stop>>>,
}

impl Running<'_> {
    /// Brings the next rows in. What it tells is in the database; nothing when all rows are.
    pub async fn step(&mut self) -> Result<Option<Step>, Stop> {
        if let Some(batch) = self.batches.recv().await {
            return Ok(Some(self.run.take_in(batch).await?));
        }
        match self.reading.take() {
            Some(reading) => reading.await.context("the reader of the file failed")?.map(|()| None),
            None => Ok(None),
        }
    }
}
