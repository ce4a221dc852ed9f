//! Sessions in Postgres, for `tower_sessions`. Loading one brings its user along, so that a request
//! needs one query to know who asks; a user who is no longer active has no session.

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use uuid::Uuid;

use crate::kernel::clock::Clock;

/// Where a session's data names its user. Only the id is stored; the rest is read anew each time.
pub const USER: &str = "user";
/// When the session was last prolonged, in seconds since 1970.
pub const SEEN: &str = "seen";

/// The store.
#[derive(Debug, Clone)]
pub struct PgSessions {
    pub pool: PgPool,
    pub clock: Clock,
    /// How long a session lasts without use.
    pub idle: TimeDelta,
    /// Age at which a session ends however much it is used.
    pub longest: TimeDelta,
}

fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

fn user_id(record: &Record) -> Option<Uuid> {
    record.data.get(USER)?.get("id")?.as_str()?.parse().ok()
}

fn stored(record: &Record) -> Value {
    let mut data = record.data.clone();
    if let Some(id) = user_id(record) {
        data.insert(USER.into(), json!({ "id": id }));
    }
    json!(data)
}

#[async_trait]
impl SessionStore for PgSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // 128 random bits: an id that is taken already is a fault, which the primary key reports.
        sqlx::query!(
            "insert into sessions (id, user_id, data, started_at, expires_at) values ($1, $2, $3, $4, $5)",
            record.id.to_string(),
            user_id(record),
            stored(record),
            self.clock.now(),
            // By the app's clock, as everything else; the library's own is the machine's.
            self.clock.now() + self.idle,
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // Only an update: a session that was ended meanwhile must not come back.
        sqlx::query!(
            "update sessions set data = $2, expires_at = $3, user_id = $4 where id = $1",
            record.id.to_string(),
            stored(record),
            // By the app's clock, as everything else; the library's own is the machine's.
            self.clock.now() + self.idle,
            user_id(record),
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.clock.now();
        let row = sqlx::query!(
            r#"select s.data, s.expires_at, s.user_id, u.name as "name?", u.email as "email?", u.department as "department?",
                      u.role as "role?", u.time_zone as "time_zone?", u.away_until
               from sessions s left join users u on u.id = s.user_id and u.active
               where s.id = $1 and s.expires_at > $2 and s.started_at > $3"#,
            id.to_string(),
            now,
            now - self.longest,
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let mut data: HashMap<String, Value> =
            serde_json::from_value(row.data).map_err(|e| Error::Decode(e.to_string()))?;
        if row.user_id.is_some() {
            if row.name.is_none() {
                return Ok(None);
            }
            let user = json!({
                "id": row.user_id, "name": row.name, "email": row.email, "department": row.department,
                "role": row.role, "time_zone": row.time_zone, "away_until": row.away_until,
            });
            data.insert(USER.into(), user);
        }
        let expiry_date = OffsetDateTime::from_unix_timestamp(row.expires_at.timestamp())
            .map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sqlx::query!("delete from sessions where id = $1", id.to_string())
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }
}

/// Ends every session of a user, but for the one to keep.
pub async fn end_all(
    conn: &mut sqlx::PgConnection,
    user: crate::kernel::ids::UserId,
    keep: Option<Id>,
) -> sqlx::Result<u64> {
    let keep = keep.map(|id| id.to_string());
    let done =
        sqlx::query!("delete from sessions where user_id = $1 and id is distinct from $2", user.0, keep)
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}

/// Removes sessions that have ended.
pub async fn remove_ended(
    conn: &mut sqlx::PgConnection,
    now: DateTime<Utc>,
    longest: TimeDelta,
) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("delete from sessions where expires_at <= $1 or started_at <= $2", now, now - longest)
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}
