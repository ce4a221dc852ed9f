//! The statement behind a lead's timeline.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::kernel::ids::LeadId;

/// Entries of one page.
pub const ENTRIES: i64 = 30;

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Origin {
    /// The record of changes.
    Record,
    Event,
    Activity,
}

/// An entry as it is stored. What its texts mean depends on where it comes from.
#[derive(Debug, Clone)]
pub struct TimelineRow {
    pub origin: Origin,
    pub at: DateTime<Utc>,
    pub id: Uuid,
    /// A verb of the record, a kind of event, a kind of activity.
    pub kind: String,
    /// Who acted; the source of an event.
    pub actor: String,
    pub from_value: Option<String>,
    /// The outcome of an activity.
    pub to_value: Option<String>,
    pub version: Option<i32>,
    /// Properties of an event; the text of an activity.
    pub detail: Value,
}

/// What happened on a lead, the newest first, after a place: record, events and activities in one. An event that was
/// added by hand stands in the record too and is told once.
pub async fn timeline(
    conn: &mut PgConnection,
    lead: LeadId,
    after: Option<(DateTime<Utc>, Uuid)>,
) -> sqlx::Result<Vec<TimelineRow>> {
    let (at, id) = after.unzip();
    sqlx::query_as!(
        TimelineRow,
        r#"(select 'record' as "origin!: Origin", at as "at!", id as "id!", verb as "kind!", actor_name as "actor!", from_value, to_value, version, detail as "detail!"
            from audit_entries where subject_id = $1 and verb <> 'event_added' and ($2::timestamptz is null or (at, id) < ($2, $3)) order by at desc, id desc limit $4)
           union all
           (select 'event', occurred_at, id, kind, source, null, null, null, properties
            from events where lead_id = $1 and ($2::timestamptz is null or (occurred_at, id) < ($2, $3)) order by occurred_at desc, id desc limit $4)
           union all
           (select 'activity', a.at, a.id, a.kind, coalesce(u.name, 'A former colleague'), null, a.outcome, null, to_jsonb(a.body)
            from activities a left join users u on u.id = a.user_id
            where a.lead_id = $1 and ($2::timestamptz is null or (a.at, a.id) < ($2, $3)) order by a.at desc, a.id desc limit $4)
           order by 2 desc, 3 desc limit $4"#,
        lead.0,
        at,
        id,
        ENTRIES + 1
    )
    .fetch_all(conn)
    .await
}
