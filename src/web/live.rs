//! Live pages: what changed on any node reaches the open pages of every node within a second.
//!
//! A commit is announced after it, not within it: NOTIFY inside transactions makes their commits queue
//! behind one another. Announcements are gathered for a few milliseconds, so that a thousand claims a
//! second cost a few dozen notifications. An announcement lost with its node costs a page nothing but
//! time: live parts also ask by themselves every half minute.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::{broadcast, mpsc};

use crate::app::App;

const CHANNEL: &str = "baton_live";
/// How long announcements are gathered.
const GATHER: Duration = Duration::from_millis(50);
/// Postgres takes at most 8,000 bytes a notification.
const MOST_BYTES: usize = 7_000;
/// Said when what changed could not be told: everybody looks again.
const EVERYTHING: &str = "*";
/// Said when this node stops: open streams end, and their pages connect to another node or the next start.
const CLOSING: &str = "";

/// Announces topics and hears them. A topic is a word such as `queue:inbound` or `import:<id>`.
#[derive(Clone)]
pub struct Live {
    outgoing: mpsc::UnboundedSender<String>,
    heard: broadcast::Sender<String>,
}

impl Live {
    /// Starts the two tasks; they end with the pool.
    pub fn start(pool: PgPool) -> Live {
        let (outgoing, queue) = mpsc::unbounded_channel();
        let (heard, _) = broadcast::channel(1024);
        tokio::spawn(announce(pool.clone(), queue));
        tokio::spawn(listen(pool, heard.clone()));
        Live { outgoing, heard }
    }

    /// Says that a topic changed. Call it after the commit.
    pub fn changed(&self, topic: impl Into<String>) {
        // The receiver ends only with the process.
        _ = self.outgoing.send(topic.into());
    }

    /// Ends the streams of all open pages, which would keep a stopping server waiting.
    pub fn close(&self) {
        // Without an open page nobody receives, which is no error.
        _ = self.heard.send(CLOSING.to_owned());
    }

    /// Hears every topic that changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<String> {
        self.heard.subscribe()
    }
}

async fn announce(pool: PgPool, mut queue: mpsc::UnboundedReceiver<String>) {
    while let Some(first) = queue.recv().await {
        tokio::time::sleep(GATHER).await;
        let mut topics = BTreeSet::from([first]);
        while let Ok(topic) = queue.try_recv() {
            topics.insert(topic);
        }
        let mut message = topics.into_iter().collect::<Vec<_>>().join(" ");
        if message.len() > MOST_BYTES {
            message = EVERYTHING.to_owned();
        }
        if let Err(error) =
            sqlx::query("select pg_notify($1, $2)").bind(CHANNEL).bind(message).execute(&pool).await
        {
            tracing::warn!(%error, "a live announcement was lost");
        }
        if pool.is_closed() {
            return;
        }
    }
}

async fn listen(pool: PgPool, heard: broadcast::Sender<String>) {
    while !pool.is_closed() {
        match PgListener::connect_with(&pool).await {
            Ok(mut listener) => {
                if let Err(error) = hear(&mut listener, &heard).await
                    && !pool.is_closed()
                {
                    tracing::warn!(%error, "live updates are interrupted");
                }
            }
            Err(error) => tracing::warn!(%error, "live updates cannot be heard"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn hear(listener: &mut PgListener, heard: &broadcast::Sender<String>) -> sqlx::Result<()> {
    listener.listen(CHANNEL).await?;
    // What was announced while nobody listened is unknown.
    _ = heard.send(EVERYTHING.to_owned());
    loop {
        match listener.try_recv().await? {
            Some(notice) => {
                for topic in notice.payload().split(' ') {
                    // Without an open page nobody receives, which is no error.
                    _ = heard.send(topic.to_owned());
                }
            }
            None => _ = heard.send(EVERYTHING.to_owned()),
        }
    }
}

#[derive(Deserialize)]
pub struct Topics {
    /// Topics that the page shows, separated by spaces.
    #[serde(default)]
    topics: String,
}

/// Server-sent events: one named `changed` for each change of a topic that the page shows.
pub async fn stream(
    State(app): State<App>,
    Query(wanted): Query<Topics>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let wanted: BTreeSet<String> = wanted.topics.split(' ').map(str::to_owned).collect();
    let events =
        futures_util::stream::unfold((app.live.subscribe(), wanted), |(mut heard, wanted)| async move {
            loop {
                let topic = match heard.recv().await {
                    Ok(topic) => topic,
                    Err(broadcast::error::RecvError::Lagged(_)) => EVERYTHING.to_owned(),
                    Err(broadcast::error::RecvError::Closed) => return None,
                };
                if topic == CLOSING {
                    return None;
                }
                if topic == EVERYTHING || wanted.contains(&topic) {
                    return Some((Ok(Event::default().event("changed").data(topic)), (heard, wanted)));
                }
            }
        });
    Sse::new(events).keep_alive(KeepAlive::default())
}
