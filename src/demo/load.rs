//! Writes the lives of all leads: every core makes them, one connection copies them in, in one transaction.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, PgConnection};
use tokio::sync::mpsc::{Receiver, channel};

use super::life;
use super::rows::{Rows, TABLES};
use super::world::World;

/// Leads that are made and copied at a time.
const CHUNK: u64 = 1_000;
/// Chunks that a maker may be ahead by; bounds the memory.
const AHEAD: usize = 2;
/// From so many leads on it is quicker to build the indexes at the end than to keep them.
const MANY: u64 = 20_000;

/// Writes every lead; how many rows there are.
pub async fn load(
    conn: &mut PgConnection,
    world: &Arc<World>,
    progress: impl Fn(u64),
) -> anyhow::Result<u64> {
    let later = if world.leads >= MANY { drop_indexes(conn).await? } else { vec![] };
    let makers = std::thread::available_parallelism().map_or(2, usize::from);
    let mut chunks: Vec<Receiver<Rows>> =
        (0..makers).map(|maker| make_chunks(world, maker, makers)).collect();
    let (mut rows, mut next) = (0, 0);
    while let Some(chunk) = chunks[next % makers].recv().await {
        copy(conn, &chunk).await?;
        rows += chunk.count;
        progress(chunk.lives);
        next += 1;
    }
    for statement in later {
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *conn).await?;
    }
    Ok(rows)
}

/// Starts a maker of every so-many-th chunk. It ends with the receiver.
fn make_chunks(world: &Arc<World>, maker: usize, makers: usize) -> Receiver<Rows> {
    let (sender, receiver) = channel(AHEAD);
    let world = world.clone();
    tokio::task::spawn_blocking(move || {
        for chunk in (0..world.leads.div_ceil(CHUNK)).skip(maker).step_by(makers) {
            let mut rows = Rows::default();
            for number in chunk * CHUNK..((chunk + 1) * CHUNK).min(world.leads) {
                rows.push(&life::live(&world, number));
            }
            if sender.blocking_send(rows).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn copy(conn: &mut PgConnection, rows: &Rows) -> sqlx::Result<()> {
    for ((table, columns), text) in TABLES.iter().zip(&rows.text) {
        let mut copy = conn.copy_in_raw(&format!("copy {table} ({columns}) from stdin")).await?;
        copy.send(text.as_slice()).await?;
        copy.finish().await?;
    }
    Ok(())
}

/// Drops the indexes that only readers need, and returns the statements that make them again. In the same
/// transaction, so that nobody ever finds the tables without them.
async fn drop_indexes(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    let tables: Vec<String> = TABLES.iter().map(|(table, _)| (*table).to_owned()).collect();
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
         from pg_index i join pg_class c on c.oid = i.indrelid
         where c.relname = any($1) and c.relnamespace = 'public'::regnamespace and not i.indisunique order by 1",
    )
    .bind(tables)
    .fetch_all(&mut *conn)
    .await?;
    for (index, _) in &indexes {
        sqlx::raw_sql(AssertSqlSafe(format!("drop index {index}"))).execute(&mut *conn).await?;
    }
    // An index of a partitioned table is given back with ONLY, which would leave the partitions without.
    Ok(indexes.into_iter().map(|(_, definition)| definition.replacen(" ON ONLY ", " ON ", 1)).collect())
}
