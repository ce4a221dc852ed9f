//! Disputes and waivers in the database.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{About, Clock, Dispute, Ruling};
use crate::kernel::ids::{DisputeId, HandoffId, LeadId, UserId};
use crate::kernel::page::PAGE_SIZE;
use crate::kernel::people::Department;

/// Disputes that one list beside a draft shows.
const SINCE: i64 = 100;

/// What is written of a new dispute.
pub struct NewDispute<'a> {
    pub lead: LeadId,
    pub id: DisputeId,
    pub about: About,
    pub handoff: Option<HandoffId>,
    pub contested: &'a str,
    pub version: i32,
    pub department: Department,
    pub user: UserId,
    pub body: &'a str,
}

/// Opens a dispute; false when the same is contested already.
pub async fn insert(conn: &mut PgConnection, new: &NewDispute<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into disputes (lead_id, id, about, handoff_id, contested, version, department, opened_by, body, opened_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        new.lead.0,
        new.id.0,
        new.about as About,
        new.handoff.map(|id| id.0),
        new.contested,
        new.version,
        new.department as Department,
        new.user.0,
        new.body,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The disputes of a lead, the newest first.
pub async fn of_lead(conn: &mut PgConnection, lead: LeadId) -> sqlx::Result<Vec<Dispute>> {
    sqlx::query_as!(
        Dispute,
        r#"select d.lead_id as "lead_id: LeadId", coalesce(l.name, l.email, l.company, 'Unnamed lead') as "lead_name!", d.id as "id: DisputeId",
                  d.about as "about: About", d.handoff_id as "handoff_id: HandoffId", d.contested, d.version, d.department as "department: Department",
                  coalesce(o.name, 'A former colleague') as "opened_by!", d.body, d.opened_at, d.ruling as "ruling: Ruling", r.name as "ruled_by?",
                  d.ruling_note, d.ruled_at, h.queue as "queue?", h.category as "category?", h.fast_track
           from disputes d join leads l on l.id = d.lead_id left join users o on o.id = d.opened_by left join users r on r.id = d.ruled_by
               left join handoffs h on h.lead_id = d.lead_id and h.id = d.handoff_id
           where d.lead_id = $1 order by d.opened_at desc, d.id desc"#,
        lead.0
    )
    .fetch_all(conn)
    .await
}

/// One dispute.
pub async fn load(conn: &mut PgConnection, lead: LeadId, id: DisputeId) -> sqlx::Result<Option<Dispute>> {
    Ok(of_lead(conn, lead).await?.into_iter().find(|dispute| dispute.id == id))
}

/// Which disputes a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only the open ones, or only those that were ruled on.
    pub is_open: Option<bool>,
    pub opened_from: Option<DateTime<Utc>>,
}

/// A row's place in the list: whether it is open, when it was opened, its id.
pub type Place = (bool, DateTime<Utc>, DisputeId);

/// A page of disputes and one more, open ones first, then the newest, after a place.
pub async fn page(
    conn: &mut PgConnection,
    filter: Filter,
    after: Option<Place>,
) -> sqlx::Result<Vec<Dispute>> {
    list(conn, filter, after, PAGE_SIZE + 1).await
}

/// The disputes that were opened since a version came into force, or since the one did that a draft began as a copy of.
pub async fn since(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<Dispute>> {
    let Some(opened_from) = start_of(conn, version).await? else { return Ok(vec![]) };
    list(conn, Filter { is_open: None, opened_from: Some(opened_from) }, None, SINCE).await
}

/// When a version came into force, or the one that it is based on; none when there is no such version.
pub async fn start_of(conn: &mut PgConnection, version: i32) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"select coalesce(case when v.state in ('in_force', 'superseded') then v.effective_from end, b.effective_from, v.created_at) as "at!"
           from agreement_versions v left join agreement_versions b on b.number = v.based_on where v.number = $1"#,
        version
    )
    .fetch_optional(conn)
    .await
}

async fn list(
    conn: &mut PgConnection,
    filter: Filter,
    after: Option<Place>,
    limit: i64,
) -> sqlx::Result<Vec<Dispute>> {
    let (is_open, at, id) =
        after.map_or((None, None, None), |(is_open, at, id)| (Some(is_open), Some(at), Some(id.0)));
    sqlx::query_as!(
        Dispute,
        r#"select d.lead_id as "lead_id: LeadId", coalesce(l.name, l.email, l.company, 'Unnamed lead') as "lead_name!", d.id as "id: DisputeId",
                  d.about as "about: About", d.handoff_id as "handoff_id: HandoffId", d.contested, d.version, d.department as "department: Department",
                  coalesce(o.name, 'A former colleague') as "opened_by!", d.body, d.opened_at, d.ruling as "ruling: Ruling", r.name as "ruled_by?",
                  d.ruling_note, d.ruled_at, h.queue as "queue?", h.category as "category?", h.fast_track
           from disputes d join leads l on l.id = d.lead_id left join users o on o.id = d.opened_by left join users r on r.id = d.ruled_by
               left join handoffs h on h.lead_id = d.lead_id and h.id = d.handoff_id
           where ($1::boolean is null or (d.ruling is null) = $1) and ($2::timestamptz is null or d.opened_at >= $2)
             and ($3::boolean is null or ((d.ruling is null), d.opened_at, d.id) < ($3, $4::timestamptz, $5::uuid))
           order by (d.ruling is null) desc, d.opened_at desc, d.id desc limit $6"#,
        filter.is_open,
        filter.opened_from,
        is_open,
        at,
        id,
        limit
    )
    .fetch_all(conn)
    .await
}

/// Rules on an open dispute; false when somebody has ruled already.
pub async fn rule(
    conn: &mut PgConnection,
    lead: LeadId,
    id: DisputeId,
    ruling: Ruling,
    user: UserId,
    note: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update disputes set ruling = $3, ruled_by = $4, ruling_note = $5, ruled_at = $6 where lead_id = $1 and id = $2 and ruling is null",
        lead.0,
        id.0,
        ruling as Ruling,
        user.0,
        note,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What is written of a waiver.
#[derive(Debug, Clone, Copy)]
pub struct NewWaiver<'a> {
    pub lead: LeadId,
    pub handoff: HandoffId,
    pub clock: Clock,
    pub user: UserId,
    pub reason: &'a str,
}

/// Stops a clock that is not met; false when it was stopped or met already.
pub async fn waive(
    conn: &mut PgConnection,
    waiver: &NewWaiver<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "with stopped as (
             update handoffs set claim_waived = claim_waived or $3 = 'claim', contact_waived = contact_waived or $3 = 'contact',
                 answer_waived = answer_waived or $3 = 'answer'
             where lead_id = $1 and id = $2 and case $3
                 when 'claim' then not claim_waived and (claimed_at is null or claimed_at > claim_due_at)
                 when 'contact' then not contact_waived and contact_due_at is not null and (contacted_at is null or contacted_at > contact_due_at)
                 else not answer_waived and answer_due_at is not null and (answered_at is null or answered_at > answer_due_at) end
             returning lead_id, id
         )
         insert into waivers (lead_id, handoff_id, clock, user_id, reason, at) select lead_id, id, $3, $4, $5, $6 from stopped",
        waiver.lead.0,
        waiver.handoff.0,
        waiver.clock.key(),
        waiver.user.0,
        waiver.reason,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
