//! Progress of long work, kept in the database so that a closed tab or a restart loses nothing.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Notes how far a run is; makes it on the first call.
pub async fn progress(
    db: &PgPool,
    id: Uuid,
    kind: &str,
    label: &str,
    done: i64,
    total: i64,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    sqlx::query!(
        "insert into job_runs (id, kind, label, state, done, total, created_at, updated_at) values ($1, $2, $3, 'running', $4, $5, $6, $6)
         on conflict (id) do update set state = 'running', done = $4, total = $5, updated_at = $6",
        id,
        kind,
        label,
        done,
        total,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How far a run is.
pub struct Running {
    pub label: String,
    pub done: i64,
    pub total: i64,
}

/// The newest run of a kind that has not ended.
pub async fn running(conn: &mut PgConnection, kind: &str) -> sqlx::Result<Option<Running>> {
    sqlx::query_as!(
        Running,
        "select label, done, total from job_runs where kind = $1 and state = 'running' order by created_at desc limit 1",
        kind
    )
    .fetch_optional(conn)
    .await
}

/// Notes that a run came to its end.
pub async fn finished(db: &PgPool, id: Uuid, done: i64, now: DateTime<Utc>) -> anyhow::Result<()> {
    sqlx::query!(
        "update job_runs set state = 'done', done = $2, total = $2, updated_at = $3 where id = $1",
        id,
        done,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
