//! Handoffs in the database.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Handoff, HandoffState, NewHandoff};
use super::reps::Rep;
use crate::kernel::ids::{HandoffId, LeadId, UserId};
use crate::leads::Lead;

/// Writes new handoffs, all offered.
pub async fn insert(conn: &mut PgConnection, handoffs: &[NewHandoff]) -> sqlx::Result<()> {
    let rows = serde_json::to_string(handoffs).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query(
        "insert into handoffs (lead_id, id, cycle, state, version, queue, routing_rule, category, fast_track, packet, qualified_at, offered_at,
             claim_risk_at, claim_due_at, hot_until)
         select lead_id, id, cycle, 'offered', version, queue, routing_rule, category, fast_track, packet, qualified_at, offered_at,
             claim_risk_at, claim_due_at, hot_until
         from json_populate_recordset(null::handoffs, $1::json)",
    )
    .bind(rows)
    .execute(conn)
    .await?;
    Ok(())
}

/// Waiting handoffs take over how hot their leads are now.
pub async fn follow_heat(conn: &mut PgConnection, leads: &[&Lead]) -> sqlx::Result<()> {
    if leads.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = leads.iter().map(|lead| lead.id.0).collect();
    let hot: Vec<Option<DateTime<Utc>>> = leads.iter().map(|lead| lead.hot_until).collect();
    sqlx::query!(
        "update handoffs h set hot_until = x.hot_until from unnest($1::uuid[], $2::timestamptz[]) as x (lead_id, hot_until)
         where h.lead_id = x.lead_id and h.state = 'offered' and h.hot_until is distinct from x.hot_until",
        &ids,
        &hot as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The handoffs of a lead, the newest first.
pub async fn of_lead(conn: &mut PgConnection, lead: LeadId) -> sqlx::Result<Vec<Handoff>> {
    sqlx::query_as!(
        Handoff,
        r#"select h.lead_id as "lead_id: LeadId", h.id as "id: HandoffId", h.cycle, h.state as "state: HandoffState", h.version, h.queue,
                  h.routing_rule, h.category, h.fast_track, h.owner_id as "owner_id: UserId", u.name as "owner_name?", h.qualified_at,
                  h.offered_at, h.claimed_at, h.contacted_at, h.closed_at, h.claim_risk_at, h.claim_due_at, h.contact_risk_at,
                  h.contact_due_at, h.hand_back_reason, h.hand_back_note, h.nurture_until, h.answer_due_at, h.answered_at,
                  case when h.closed_at is null then h.packet end as packet
           from handoffs h left join users u on u.id = h.owner_id
           where h.lead_id = $1 order by h.offered_at desc, h.id desc"#,
        lead.0
    )
    .fetch_all(conn)
    .await
}

/// One handoff.
pub async fn load(conn: &mut PgConnection, lead: LeadId, id: HandoffId) -> sqlx::Result<Option<Handoff>> {
    Ok(of_lead(conn, lead).await?.into_iter().find(|handoff| handoff.id == id))
}

/// Waits until no other transaction claims for this person, and keeps others waiting until this one ends.
pub async fn one_claim_at_a_time(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('claims of ' || $1::uuid::text, 0))", user.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Open handoffs that a rep holds.
pub async fn held_by(conn: &mut PgConnection, user: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from handoffs where owner_id = $1 and closed_at is null"#,
        user.0
    )
    .fetch_one(conn)
    .await
}

/// Everybody of Sales, active or not, by name; whether they have acknowledged or signed this version.
pub async fn reps(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<Rep>> {
    sqlx::query_as!(
        Rep,
        r#"select u.id as "id: UserId", u.name, u.email, u.active, u.away_until,
                  (select count(*) from handoffs h where h.owner_id = u.id and h.closed_at is null) as "holds!",
                  (exists (select 1 from agreement_acknowledgements a where a.version = $1 and a.user_id = u.id)
                   or exists (select 1 from agreement_signatures s where s.version = $1 and s.user_id = u.id)) as "has_acknowledged!"
           from users u where u.department = 'sales' order by lower(u.name), u.id"#,
        version
    )
    .fetch_all(conn)
    .await
}

/// Whether somebody has acknowledged a version, or signed it.
pub async fn has_acknowledged(conn: &mut PgConnection, version: i32, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from agreement_acknowledgements where version = $1 and user_id = $2)
                  or exists (select 1 from agreement_signatures where version = $1 and user_id = $2) as "has!""#,
        version,
        user.0
    )
    .fetch_one(conn)
    .await
}

/// One of the handoffs that a claim would take.
pub struct ClaimWrite {
    pub lead: LeadId,
    pub handoff: HandoffId,
    pub status_from: String,
    pub contact_risk_at: DateTime<Utc>,
    pub contact_due_at: DateTime<Utc>,
}

/// Who claims, and what the lead becomes.
pub struct Claimant<'a> {
    pub user: UserId,
    pub user_name: &'a str,
    /// Open leads that they may hold.
    pub capacity: Option<i64>,
    pub status_to: &'a str,
    pub stage_to: &'a str,
    pub version: i32,
    /// Two new ids for the record.
    pub entries: [Uuid; 2],
}

/// Claims the first of these that still waits and that nobody else is claiming, in one statement: the handoff, with
/// it the lead, with both the record. Gives its place among them;
/// None when all are taken or the claimant holds as many as they may, and then nothing is written.
pub async fn claim(
    conn: &mut PgConnection,
    claimant: &Claimant<'_>,
    wanted: &[ClaimWrite],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<usize>> {
    let leads: Vec<Uuid> = wanted.iter().map(|w| w.lead.0).collect();
    let handoffs: Vec<Uuid> = wanted.iter().map(|w| w.handoff.0).collect();
    let statuses: Vec<String> = wanted.iter().map(|w| w.status_from.clone()).collect();
    let risks: Vec<DateTime<Utc>> = wanted.iter().map(|w| w.contact_risk_at).collect();
    let dues: Vec<DateTime<Utc>> = wanted.iter().map(|w| w.contact_due_at).collect();
    let place = sqlx::query_scalar!(
        r#"with wanted as (
               select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[])
                   with ordinality as w (lead_id, id, status_from, risk_at, due_at, place)
           ), won as (
               select w.* from wanted w join handoffs h on h.lead_id = w.lead_id and h.id = w.id
               where h.state = 'offered'
                   and ($14::bigint is null or (select count(*) from handoffs o where o.owner_id = $6 and o.closed_at is null) < $14)
               order by w.place limit 1 for update of h skip locked
           ), h as (
               update handoffs set state = 'claimed', owner_id = $6, claimed_at = $7, contact_risk_at = won.risk_at, contact_due_at = won.due_at
               from won where handoffs.lead_id = won.lead_id and handoffs.id = won.id
           ), l as (
               update leads set owner_id = $6, status = $8, stage = $9, status_since = $7, updated_at = $7, revision = revision + 1
               from won where leads.id = won.lead_id
           ), a as (
               insert into audit_entries (subject_id, id, subject_kind, at, actor_kind, actor_id, actor_name, verb, from_value, to_value, version, detail)
               select won.lead_id, x.id, 'lead', $7, 'person', $6, $10, x.verb, x.f, x.t, $11, jsonb_build_object('handoff', won.id)
               from won cross join lateral (values ($12::uuid, 'status_changed', won.status_from, $8::text), ($13::uuid, 'claimed', null, $10::text)) as x (id, verb, f, t)
           )
           select place as "place!" from won"#,
        &leads,
        &handoffs,
        &statuses,
        &risks,
        &dues,
        claimant.user.0,
        now,
        claimant.status_to,
        claimant.stage_to,
        claimant.user_name,
        claimant.version,
        claimant.entries[0],
        claimant.entries[1],
        claimant.capacity,
    )
    .fetch_optional(conn)
    .await?;
    Ok(place.map(|place| place as usize - 1))
}

/// A waiting handoff that may be claimed next.
pub struct Candidate {
    pub lead_id: LeadId,
    pub id: HandoffId,
    pub version: i32,
    pub queue: String,
    pub category: String,
    pub fast_track: Option<String>,
    pub status: String,
}

/// The best waiting handoffs of a queue, or of all: first those that run out of time, then the hottest.
pub async fn candidates(
    conn: &mut PgConnection,
    queues: &[String],
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Candidate>> {
    // Two ordered walks along two indexes for each queue, each cut off early. The hottest come after all that run out
    // of time, and are not looked for among many of those.
    sqlx::query_as!(
        Candidate,
        r#"with urgent as materialized (
               select 0 as part, c.* from unnest($1::text[]) as q (key) cross join lateral (
                   select claim_due_at, hot_until, lead_id, id, version, queue, category, fast_track
                   from handoffs where queue = q.key and state = 'offered' and claim_risk_at <= $2
                   order by claim_due_at, id limit $3) c
           ), hot as (
               select 1 as part, c.* from unnest($1::text[]) as q (key) cross join lateral (
                   select claim_due_at, hot_until, lead_id, id, version, queue, category, fast_track
                   from handoffs where queue = q.key and state = 'offered' and claim_risk_at > $2
                   order by coalesce(hot_until, '-infinity') desc, id desc limit $3) c
               where (select count(*) from urgent) < $3
           )
           select c.lead_id as "lead_id!: LeadId", c.id as "id!: HandoffId", c.version as "version!", c.queue as "queue!", c.category as "category!",
                  c.fast_track, (select status from leads l where l.id = c.lead_id) as "status!"
           from (select * from urgent union all select * from hot) c
           order by c.part, case when c.part = 0 then c.claim_due_at end, c.hot_until desc nulls last, c.id desc
           limit $3"#,
        queues,
        now,
        limit
    )
    .fetch_all(conn)
    .await
}

/// Moves a handoff from a state that is expected; false when it is not in that state any more.
pub async fn contact(
    conn: &mut PgConnection,
    lead: LeadId,
    id: HandoffId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!("update handoffs set state = 'contacted', contacted_at = $3 where lead_id = $1 and id = $2 and state = 'claimed'", lead.0, id.0, now).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

pub async fn convert(
    conn: &mut PgConnection,
    lead: LeadId,
    id: HandoffId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!("update handoffs set state = 'converted', closed_at = $3 where lead_id = $1 and id = $2 and state = 'contacted'", lead.0, id.0, now).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

pub async fn withdraw(
    conn: &mut PgConnection,
    lead: LeadId,
    id: HandoffId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!("update handoffs set state = 'withdrawn', closed_at = $3 where lead_id = $1 and id = $2 and state = 'offered'", lead.0, id.0, now).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// What a hand-back writes.
pub struct HandBackWrite<'a> {
    pub lead: LeadId,
    pub handoff: HandoffId,
    pub from: HandoffState,
    pub reason: &'a str,
    pub kind: &'a str,
    pub note: &'a str,
    pub nurture_until: Option<DateTime<Utc>>,
    pub answer_due_at: DateTime<Utc>,
}

pub async fn hand_back(
    conn: &mut PgConnection,
    write: &HandBackWrite<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update handoffs set state = 'handed_back', closed_at = $4, hand_back_reason = $5, hand_back_kind = $6, hand_back_note = $7, nurture_until = $8, answer_due_at = $9
         where lead_id = $1 and id = $2 and state = $3",
        write.lead.0,
        write.handoff.0,
        write.from as HandoffState,
        now,
        write.reason,
        write.kind,
        write.note,
        write.nurture_until,
        write.answer_due_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub async fn answer(
    conn: &mut PgConnection,
    lead: LeadId,
    id: HandoffId,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update handoffs set answered_at = $4, answered_by = $3 where lead_id = $1 and id = $2 and state = 'handed_back' and answered_at is null",
        lead.0,
        id.0,
        user.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps what somebody did on a lead.
pub struct ActivityWrite<'a> {
    pub lead: LeadId,
    pub id: Uuid,
    pub kind: &'a str,
    pub outcome: Option<&'a str>,
    pub body: &'a str,
    pub user: UserId,
    pub handoff: Option<HandoffId>,
}

pub async fn insert_activity(
    conn: &mut PgConnection,
    write: &ActivityWrite<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into activities (lead_id, id, kind, outcome, body, user_id, handoff_id, at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        write.lead.0,
        write.id,
        write.kind,
        write.outcome,
        write.body,
        write.user.0,
        write.handoff.map(|id| id.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
