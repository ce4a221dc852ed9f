//! The SQL of learning points: who is closed, and the suggestions that are kept.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{State, SuggestionId};
use crate::kernel::ids::{LeadId, UserId};

/// A lead with its outcome.
pub struct ClosedRow {
    pub lead: LeadId,
    /// When sales was first offered it; none where the outcome came from outside.
    pub offered_at: Option<DateTime<Utc>>,
    pub won: bool,
}

/// Leads that were handed over and are won or lost, the newest first. Won: a deal was won, or the lead is a customer.
/// Lost: its deals or the lead are lost, or it went back for good, and nothing of it is open.
pub async fn closed_by_deals(conn: &mut PgConnection, most: i64) -> sqlx::Result<Vec<ClosedRow>> {
    sqlx::query_as!(
        ClosedRow,
        r#"select l.id as "lead: LeadId", handed.offered_at, (deal.won or l.stage = 'customer') as "won!"
           from (select lead_id, min(offered_at) as offered_at from handoffs group by lead_id) handed
           join leads l on l.id = handed.lead_id
           cross join lateral (
             select coalesce(bool_or(state = 'won'), false) as won, coalesce(bool_or(state = 'open'), false) as open, coalesce(bool_or(state = 'lost'), false) as lost
             from deals where lead_id = l.id
           ) deal
           cross join lateral (
             select closed_at, hand_back_kind from handoffs where lead_id = l.id order by cycle desc, offered_at desc limit 1
           ) last
           where deal.won or l.stage = 'customer'
              or (not deal.open and last.closed_at is not null
                  and (deal.lost or l.stage in ('lost', 'disqualified') or last.hand_back_kind in ('reject', 'disqualify')))
           order by l.created_at desc, l.id desc limit $1"#,
        most
    )
    .fetch_all(conn)
    .await
}

/// Leads in whose custom field an outcome stands, the newest first.
pub async fn closed_by_field(conn: &mut PgConnection, key: &str, most: i64) -> sqlx::Result<Vec<ClosedRow>> {
    sqlx::query_as!(
        ClosedRow,
        r#"select id as "lead: LeadId", null::timestamptz as offered_at, (custom->$1::text = 'true'::jsonb) as "won!" from leads
           where jsonb_typeof(custom->$1::text) = 'boolean' order by created_at desc, id desc limit $2"#,
        key,
        most
    )
    .fetch_all(conn)
    .await
}

/// The newest leads that sales has not worked and whose outcome does not stand in this field.
pub async fn not_worked(conn: &mut PgConnection, key: Option<&str>, most: i64) -> sqlx::Result<Vec<LeadId>> {
    sqlx::query_scalar!(
        r#"select id as "id: LeadId" from leads l
           where stage in ('inquiry', 'mql') and ($1::text is null or jsonb_typeof(custom->$1::text) is distinct from 'boolean')
             and not exists (select 1 from handoffs h where h.lead_id = l.id and h.claimed_at is not null)
           order by created_at desc, id desc limit $2"#,
        key,
        most
    )
    .fetch_all(conn)
    .await
}

/// A custom field with its label.
pub struct FieldRow {
    pub key: String,
    pub label: String,
    pub is_bool: bool,
}

pub async fn custom_fields(conn: &mut PgConnection) -> sqlx::Result<Vec<FieldRow>> {
    sqlx::query_as!(
        FieldRow,
        r#"select key, label, kind = 'bool' as "is_bool!" from custom_fields order by created_at, key"#
    )
    .fetch_all(conn)
    .await
}

/// Ids and names of campaigns and personas.
pub async fn names(conn: &mut PgConnection) -> sqlx::Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        r#"select id as "id!", name as "name!" from campaigns union all select id, name from personas"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// A suggestion as it is kept.
pub struct SuggestionRow {
    pub id: SuggestionId,
    /// The draft's count of changes when it was asked for.
    pub draft_revision: i64,
    pub state: State,
    pub choice: Value,
    pub result: Option<Value>,
    /// Why there is no result.
    pub message: Option<String>,
    pub by: String,
    pub created_at: DateTime<Utc>,
}

/// The suggestions of a version, the newest first.
pub async fn of_version(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<SuggestionRow>> {
    sqlx::query_as!(
        SuggestionRow,
        r#"select s.id, s.draft_revision, s.state as "state: State", s.choice, s.result, s.message, u.name as by, s.created_at
           from point_suggestions s join users u on u.id = s.created_by where s.version = $1 order by s.created_at desc, s.id desc limit 20"#,
        version
    )
    .fetch_all(conn)
    .await
}

pub async fn find(
    conn: &mut PgConnection,
    version: i32,
    id: SuggestionId,
) -> sqlx::Result<Option<SuggestionRow>> {
    sqlx::query_as!(
        SuggestionRow,
        r#"select s.id, s.draft_revision, s.state as "state: State", s.choice, s.result, s.message, u.name as by, s.created_at
           from point_suggestions s join users u on u.id = s.created_by where s.version = $1 and s.id = $2"#,
        version,
        id
    )
    .fetch_optional(conn)
    .await
}

pub async fn insert(
    conn: &mut PgConnection,
    id: SuggestionId,
    version: i32,
    draft_revision: i64,
    choice: &Value,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into point_suggestions (id, version, draft_revision, state, choice, created_by, created_at) values ($1, $2, $3, 'waiting', $4, $5, $6)",
        id,
        version,
        draft_revision,
        choice,
        by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Says that it is being learnt. The version and the choice; none when it has ended or is gone.
pub async fn set_running(conn: &mut PgConnection, id: SuggestionId) -> sqlx::Result<Option<(i32, Value)>> {
    let row = sqlx::query!(
        "update point_suggestions set state = 'running' where id = $1 and state in ('waiting', 'running') returning version, choice",
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.version, row.choice)))
}

/// Keeps what was learnt, or why nothing was.
pub async fn finish(
    conn: &mut PgConnection,
    id: SuggestionId,
    result: Result<&Value, &str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update point_suggestions set state = case when $2::jsonb is null then 'failed' else 'done' end, result = $2, message = $3, finished_at = $4
         where id = $1 and state = 'running'",
        id,
        result.ok(),
        result.err(),
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
