//! Events in the database. They are only ever appended.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::NewEvent;
use super::queries::json;
use crate::kernel::ids::{ImportId, LeadId};

#[derive(Serialize)]
struct EventWrite<'a> {
    lead_id: LeadId,
    occurred_at: DateTime<Utc>,
    id: Uuid,
    kind: &'a str,
    properties: &'a Value,
    source: &'a str,
    idempotency_key: &'a str,
    received_at: DateTime<Utc>,
    import_id: Option<ImportId>,
}

/// Appends events. Returns the ids of those that were not known before.
pub async fn append_events(
    conn: &mut PgConnection,
    events: &[(LeadId, &NewEvent)],
    import: Option<ImportId>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(LeadId, Uuid)>> {
    let write = |(lead_id, event): &(LeadId, &NewEvent)| (*lead_id, event.id(), (*event).clone());
    let owned: Vec<(LeadId, Uuid, NewEvent, Value)> = events
        .iter()
        .map(|pair| {
            let (lead, id, event) = write(pair);
            let properties = Value::Object(event.properties.clone());
            (lead, id, event, properties)
        })
        .collect();
    let rows: Vec<EventWrite> = owned
        .iter()
        .map(|(lead_id, id, event, properties)| EventWrite {
            lead_id: *lead_id,
            occurred_at: event.occurred_at,
            id: *id,
            kind: &event.kind,
            properties,
            source: &event.source,
            idempotency_key: &event.idempotency_key,
            received_at: now,
            import_id: import,
        })
        .collect();
    sqlx::query_as::<_, (LeadId, Uuid)>(
        "insert into events (lead_id, occurred_at, id, kind, properties, source, idempotency_key, received_at, import_id)
         select x.lead_id, x.occurred_at, x.id, x.kind, x.properties, x.source, x.idempotency_key, x.received_at, x.import_id
         from json_populate_recordset(null::events, $1::json) x
         where not exists (select 1 from events e where e.lead_id = x.lead_id and e.source = x.source and e.idempotency_key = x.idempotency_key)
         on conflict do nothing
         returning lead_id, id",
    )
    .bind(json(&rows)?)
    .fetch_all(conn)
    .await
}

/// One event as it was stored.
pub struct EventRow {
    pub lead_id: LeadId,
    pub kind: String,
    pub properties: Value,
    pub occurred_at: DateTime<Utc>,
}

/// Every event of these leads.
pub async fn events_of(conn: &mut PgConnection, leads: &[Uuid]) -> sqlx::Result<Vec<EventRow>> {
    sqlx::query_as!(
        EventRow,
        r#"select lead_id as "lead_id: LeadId", kind, properties, occurred_at from events where lead_id = any($1) order by lead_id, occurred_at, id"#,
        leads
    )
    .fetch_all(conn)
    .await
}

/// The newest events of each of these leads, for the packet of a handoff.
pub async fn recent_events(
    conn: &mut PgConnection,
    leads: &[Uuid],
    each: i64,
) -> sqlx::Result<Vec<EventRow>> {
    sqlx::query_as!(
        EventRow,
        r#"select e.lead_id as "lead_id: LeadId", e.kind, e.properties, e.occurred_at
           from unnest($1::uuid[]) as l (id)
           cross join lateral (select * from events where lead_id = l.id order by occurred_at desc, id desc limit $2) e"#,
        leads,
        each
    )
    .fetch_all(conn)
    .await
}
