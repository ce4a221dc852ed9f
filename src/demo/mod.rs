//! A believable company with half a year of history, for looking around and for measuring. The same seed,
//! number of leads and end of history make the same rows.

mod company;
mod dice;
mod engagement;
mod facts;
mod life;
mod load;
mod negotiation;
mod rows;
mod words;
mod work;
mod world;

use std::sync::Arc;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Connection, PgConnection};

use crate::agreement::terms::Terms;
use crate::agreement::versions::Versions;
use crate::db::partitions;
pub use company::{DOMAIN, PASSWORD};
use world::World;

/// The most leads that a demo may have.
pub const MOST_LEADS: u64 = 1_000_000;
/// How far back partitions for events are made: the history, and a month to spare.
const HISTORY: TimeDelta = TimeDelta::days(210);

/// What to make.
#[derive(Debug, Clone, Copy)]
pub struct Demo {
    pub seed: u64,
    pub leads: u64,
    /// The end of the history, in whole minutes.
    pub base: DateTime<Utc>,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// So many rows.
    Rows(u64),
    /// The demo was there already; nothing was changed.
    Before,
}

/// Makes the demo in a prepared database, all of it or nothing. `progress` hears of the leads that are written.
pub async fn make(conn: &mut PgConnection, demo: Demo, progress: impl Fn(u64)) -> anyhow::Result<Made> {
    if is_there(conn).await? {
        return Ok(Made::Before);
    }
    if sqlx::query_scalar!(r#"select exists (select 1 from leads) as "exists!""#)
        .fetch_one(&mut *conn)
        .await?
    {
        bail!(
            "This database has leads of its own. Make the demo in an empty one: name another data directory or DATABASE_URL."
        );
    }
    let version = Versions::default().in_force(conn).await?;
    if version.terms != Terms::default_agreement() {
        bail!(
            "The demo is made under the agreement that ships with Baton, and here another is in force. Make it in an empty database."
        );
    }
    partitions::make(conn, demo.base - HISTORY..=demo.base).await?;
    let world = Arc::new(World::new(demo.seed, demo.leads, demo.base, version));
    let mut tx = conn.begin().await?;
    world.company.write(&mut tx, &world.version).await?;
    let rows = load::load(&mut tx, &world, progress).await?;
    negotiation::write(&mut tx, &world).await?;
    tx.commit().await?;
    sqlx::query("analyze").execute(conn).await?;
    Ok(Made::Rows(rows))
}

/// Whether the database is the demo's own.
pub async fn is_there(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from users where email = $1) as "exists!""#,
        company::FIRST_EMAIL
    )
    .fetch_one(conn)
    .await
}
