//! Streams all leads through both versions: batch by batch, on two threads, in bounded memory.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::figures::{Frame, Tally};
use super::history::{History, VersionsThen};
use super::history_query::{self, Wanted};
use super::replay::{Rules, replay};
use crate::agreement::terms::Terms;
use crate::agreement::versions::{Version, Versions};

/// Leads that are read and replayed at a time.
const BATCH: i64 = 500;
/// Threads that replay while the database reads for the others.
const THREADS: usize = 2;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(400);

/// What is replayed over which window.
#[derive(Debug)]
pub struct Plan {
    pub draft: Rules,
    pub in_force: Rules,
    pub window: Range<DateTime<Utc>>,
    pub then: VersionsThen,
    wanted: Wanted,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub leads: u64,
    pub events: u64,
}

impl Plan {
    /// Replays `draft` and the version in force over a window.
    pub async fn of(
        conn: &mut PgConnection,
        versions: &Versions,
        draft: Version,
        in_force: Arc<Version>,
        window: Range<DateTime<Utc>>,
    ) -> anyhow::Result<Plan> {
        let since = history_query::in_force_since(conn).await?;
        let mut then = HashMap::new();
        for (number, _) in &since {
            then.insert(*number, versions.get(conn, *number).await?);
        }
        // History that was brought in from before the first version is judged by the first.
        let at_start = since.iter().rfind(|(_, from)| *from <= window.start).or(since.first());
        let is_at_start = |number: i32| at_start.is_some_and(|(first, _)| *first == number);
        let draft = Rules { judges_at_start: !is_at_start(draft.number), version: Arc::new(draft) };
        let in_force = Rules { judges_at_start: !is_at_start(in_force.number), version: in_force };
        let wanted = wanted([&draft.version.terms, &in_force.version.terms], window.end);
        Ok(Plan { draft, in_force, window, then, wanted })
    }

    /// The pasts of the leads after one id, up to and with another.
    pub async fn histories(
        &self,
        conn: &mut PgConnection,
        after: Uuid,
        last: Uuid,
    ) -> sqlx::Result<Vec<History>> {
        history_query::batch(conn, &self.wanted, &self.then, after, last).await
    }

    /// The kinds that the events of the pasts are numbered by.
    pub fn kinds(&self) -> &[String] {
        &self.wanted.kinds
    }

    fn add(&self, tally: &mut Tally, histories: &[History]) {
        let frame = Frame { window: &self.window, versions: [&self.draft.version, &self.in_force.version] };
        for history in histories {
            let replayed = |rules| replay(rules, history, self.kinds(), &self.window);
            tally.add(&frame, history, &replayed(&self.draft), &replayed(&self.in_force));
        }
    }
}

/// The kinds of events that rules of these terms name, and those of which they test properties.
fn wanted(terms: [&Terms; 2], until: DateTime<Utc>) -> Wanted {
    let (mut kinds, mut tested) = (vec![], vec![]);
    for terms in terms {
        let rules = terms.interest.rules.iter().map(|rule| (&rule.event, &rule.when));
        let tracks = terms.handoff.fast_tracks.iter().map(|track| (&track.event, &track.when));
        for (kind, when) in rules.chain(tracks) {
            kinds.push(kind.clone());
            if !when.is_empty() {
                tested.push(kind.clone());
            }
        }
    }
    for list in [&mut kinds, &mut tested] {
        list.sort();
        list.dedup();
    }
    Wanted { kinds, tested, until }
}

/// Replays every lead. `tell` hears how far it is now and then, and may end it by answering false: then there is no
/// tally.
pub async fn run<F>(
    db: &PgPool,
    plan: Arc<Plan>,
    mut tell: impl FnMut(Progress) -> F,
) -> anyhow::Result<Option<Tally>>
where
    F: Future<Output = anyhow::Result<bool>>,
{
    let began = Instant::now();
    let place = Arc::new(Mutex::new(Uuid::nil()));
    let (sender, mut done) = mpsc::channel(THREADS);
    let mut threads = JoinSet::new();
    for _ in 0..THREADS {
        threads.spawn(work(db.clone(), plan.clone(), place.clone(), sender.clone()));
    }
    drop(sender);
    let mut progress = Progress::default();
    let mut told = Instant::now();
    // Dropping the threads ends them.
    while let Some(step) = done.recv().await {
        progress = Progress { leads: progress.leads + step.leads, events: progress.events + step.events };
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            if !tell(progress).await? {
                return Ok(None);
            }
        }
    }
    let mut tally = Tally::default();
    while let Some(part) = threads.join_next().await {
        tally.merge(part??);
    }
    tally.even_out(&plan.window);
    tally.figures.seconds = began.elapsed().as_secs_f64();
    Ok(Some(tally))
}

/// Takes the next batch again and again until there is none.
async fn work(
    db: PgPool,
    plan: Arc<Plan>,
    place: Arc<Mutex<Uuid>>,
    done: mpsc::Sender<Progress>,
) -> anyhow::Result<Tally> {
    let mut conn = db.acquire().await?;
    let mut tally = Tally::default();
    loop {
        let (after, last) = {
            let mut place = place.lock().await;
            let Some(last) = history_query::next_batch(&mut conn, *place, BATCH).await? else { break };
            (std::mem::replace(&mut *place, last), last)
        };
        let histories = plan.histories(&mut conn, after, last).await?;
        let (plan, before) = (plan.clone(), (tally.figures.leads, tally.figures.events));
        tally = tokio::task::spawn_blocking(move || {
            plan.add(&mut tally, &histories);
            tally
        })
        .await
        .context("a replay did not come to its end")?;
        let step =
            Progress { leads: tally.figures.leads - before.0, events: tally.figures.events - before.1 };
        if done.send(step).await.is_err() {
            break;
        }
    }
    Ok(tally)
}
