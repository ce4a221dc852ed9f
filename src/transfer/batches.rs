//! Rows gathered into batches: read and made on a thread of their own, never more than a few at a time.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::decode;
use super::event_plan::EventRow;
use super::lead_plan::LeadRow;
use super::map::{ImportMap, Kind};
use super::model::Tally;
use super::plan::{self, Made, Plan};
use super::problem::{MapProblem, Refusal, Unreadable};
use super::rows::Rows;
use super::source::{Counted, Source};

/// Leads or events of one batch: what intake takes in one transaction.
const BATCH: usize = 2_000;
/// Rows after which a batch ends even when most were refused, so that progress shows.
const MOST_ROWS: i64 = 10_000;

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The map is not one.
    #[error("The map cannot be read; nothing was imported.\n{0}")]
    Toml(String),
    /// The map cannot be used; all that is wrong with it.
    #[error("{}", listed(.0))]
    Map(Vec<MapProblem>),
    #[error(transparent)]
    File(Unreadable),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<Unreadable> for Stop {
    fn from(problem: Unreadable) -> Stop {
        match problem {
            // The machine's trouble, not the file's.
            Unreadable::Io(error) => Stop::Other(error.into()),
            problem => Stop::File(problem),
        }
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Stop {
        Stop::Other(error.into())
    }
}

fn listed(problems: &[MapProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("- {problem}")).collect();
    format!("The map does not fit; nothing was imported.\n{}", lines.join("\n"))
}

/// Rows that go in together.
#[derive(Debug, Default)]
pub struct Batch {
    /// What is known before intake: rows, refused, passed over, values left out.
    pub tally: Tally,
    pub refusals: Vec<Refusal>,
    /// With their rows' numbers.
    pub leads: Vec<(u64, LeadRow)>,
    pub events: Vec<(u64, EventRow, NamedLead)>,
}

/// The column and value by which a row names the lead of its event.
pub type NamedLead = (String, String);

/// A file opened with its map, ready to be read.
pub struct Opened {
    pub plan: Plan,
    rows: Rows<Counted<Box<dyn Read + Send>>>,
    bytes: Arc<AtomicI64>,
}

/// Opens a file: finds its encoding, reads its header, binds the map. Waits for the file.
pub fn open(source: &Source, map: &ImportMap, kind: Kind, now: DateTime<Utc>) -> Result<Opened, Stop> {
    let encoding = decode::choose(&mut source.open()?, map.file.encoding, true)?;
    let bytes = Arc::new(AtomicI64::new(0));
    let rows =
        Rows::open(Counted { file: source.open()?, bytes: bytes.clone() }, encoding, plan::delimiter(map))?;
    let plan = Plan::bind(map, kind, rows.columns(), now).map_err(Stop::Map)?;
    Ok(Opened { plan, rows, bytes })
}

impl Opened {
    /// Sends every row after the first `skip` in batches. Ends early when nobody takes them.
    pub fn send(mut self, skip: i64, batches: &mpsc::Sender<Batch>) -> Result<(), Stop> {
        let mut skipped = 0;
        let mut batch = Batch::default();
        while let Some(row) = self.rows.next()? {
            if skipped < skip {
                skipped += 1;
                continue;
            }
            let number = row.number;
            match row.values {
                Ok(values) => {
                    let mut left_out = vec![];
                    let made = self.plan.make(values, &mut left_out);
                    batch.tally.values_left_out += left_out.len() as i64;
                    batch
                        .refusals
                        .extend(left_out.into_iter().map(|problem| Refusal { row: number, problem }));
                    match made {
                        Made::Lead(lead) => batch.leads.push((number, *lead)),
                        Made::Event(event) => {
                            batch.events.push((number, *event, self.plan.named_lead(values)))
                        }
                        Made::PassedOver => batch.tally.passed_over += 1,
                        Made::Refused(problems) => {
                            batch.tally.refused += 1;
                            batch
                                .refusals
                                .extend(problems.into_iter().map(|problem| Refusal { row: number, problem }));
                        }
                    }
                }
                Err(problem) => {
                    batch.tally.refused += 1;
                    batch.refusals.push(Refusal { row: number, problem });
                }
            }
            batch.tally.rows += 1;
            if batch.leads.len() + batch.events.len() == BATCH || batch.tally.rows == MOST_ROWS {
                batch.tally.bytes = self.bytes.load(Ordering::Relaxed);
                if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return Ok(());
                }
            }
        }
        batch.tally.bytes = self.bytes.load(Ordering::Relaxed);
        // Nobody takes it any more when the import was stopped.
        _ = batches.blocking_send(batch);
        Ok(())
    }
}
