//! The pasts of leads, read by batches in the order of their ids.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::history::{Deal, DealState, HandoffRow, Heard, History, Known, RecordRow, Rows, VersionsThen};
use crate::agreement::facts::{LeadFacts, Utm};
use crate::agreement::terms::HandBackKind;
use crate::handoffs::model::HandoffState;
use crate::kernel::ids::{HandoffId, LeadId};
use crate::leads::Consent;

/// What of the past is read.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Kinds of events that rules name; events are numbered by them, from 1.
    pub kinds: Vec<String>,
    /// Those of which rules test properties.
    pub tested: Vec<String>,
    /// Nothing that became known from here on.
    pub until: DateTime<Utc>,
}

/// How many leads there are.
pub async fn total(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "n!" from leads"#).fetch_one(conn).await
}

/// The numbers of all versions that were ever in force, each with the day it came into force, the first one first.
pub async fn in_force_since(conn: &mut PgConnection) -> sqlx::Result<Vec<(i32, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        r#"select number, effective_from as "from!" from agreement_versions
           where state in ('in_force', 'superseded') and effective_from is not null order by effective_from, number"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, row.from)).collect())
}

/// E-mail addresses of everybody who is active in Sales.
pub async fn active_sales(conn: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select email from users where department = 'sales' and active order by email")
        .fetch_all(conn)
        .await
}

/// The last of the next leads after a place; none when there are no more.
pub async fn next_batch(conn: &mut PgConnection, after: Uuid, size: i64) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        r#"select id as "id!" from (select id from leads where id > $1 order by id limit $2) x order by id desc limit 1"#,
        after,
        size
    )
    .fetch_optional(conn)
    .await
}

/// The pasts of the leads after one id, up to and with another, in the order of their ids.
pub async fn batch(
    conn: &mut PgConnection,
    wanted: &Wanted,
    versions: &VersionsThen,
    after: Uuid,
    last: Uuid,
) -> sqlx::Result<Vec<History>> {
    let mut rows = leads(conn, after, last).await?;
    let places: HashMap<Uuid, usize> =
        rows.iter().enumerate().map(|(place, row)| (row.lead.0, place)).collect();
    events(conn, wanted, after, last, |lead, event| {
        if let Some(place) = places.get(&lead) {
            rows[*place].events.push(event);
        }
    })
    .await?;
    for (lead, row) in record(conn, wanted.until, after, last).await? {
        if let Some(place) = places.get(&lead) {
            rows[*place].record.push(row);
        }
    }
    for (lead, row) in handoffs(conn, after, last).await? {
        if let Some(place) = places.get(&lead) {
            rows[*place].handoffs.push(row);
        }
    }
    for (lead, deal) in deals(conn, after, last).await? {
        if let Some(place) = places.get(&lead) {
            rows[*place].deals.push(deal);
        }
    }
    Ok(rows.into_iter().map(|rows| History::of(rows, versions)).collect())
}

async fn leads(conn: &mut PgConnection, after: Uuid, last: Uuid) -> sqlx::Result<Vec<Rows>> {
    let rows = sqlx::query!(
        r#"select id, name, email, phone, title, seniority, company, domain, industry, employees, country, city, source, campaign_id, persona_id,
                  first_touch as "first_touch: Json<Utm>", last_touch as "last_touch: Json<Utm>", custom as "custom: Json<Map<String, Value>>",
                  may_store, may_contact, consent_basis, consent_source, consent_at, do_not_contact, created_at
           from leads where id > $1 and id <= $2 order by id"#,
        after,
        last
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Rows {
            lead: LeadId(row.id),
            created_at: row.created_at,
            known: Known {
                facts: LeadFacts {
                    name: row.name,
                    email: row.email,
                    phone: row.phone,
                    title: row.title,
                    seniority: row.seniority,
                    company: row.company,
                    domain: row.domain,
                    industry: row.industry,
                    employees: row.employees,
                    country: row.country,
                    city: row.city,
                    source: row.source,
                    campaign: row.campaign_id,
                    persona: row.persona_id,
                    first_touch: row.first_touch.0,
                    last_touch: row.last_touch.0,
                    custom: row.custom.0,
                },
                consent: Consent {
                    may_store: row.may_store,
                    may_contact: row.may_contact,
                    basis: row.consent_basis,
                    source: row.consent_source,
                    at: row.consent_at,
                },
                do_not_contact: row.do_not_contact,
            },
            record: vec![],
            events: vec![],
            handoffs: vec![],
            deals: vec![],
        })
        .collect())
}

async fn events(
    conn: &mut PgConnection,
    wanted: &Wanted,
    after: Uuid,
    last: Uuid,
    mut take: impl FnMut(Uuid, Heard),
) -> sqlx::Result<()> {
    let rows = sqlx::query!(
        r#"select lead_id, coalesce(array_position($3::text[], kind), 0) as "kind!", case when kind = any($4) then properties end as properties,
                  occurred_at, received_at
           from events where lead_id > $1 and lead_id <= $2 and received_at < $5"#,
        after,
        last,
        &wanted.kinds,
        &wanted.tested,
        wanted.until
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let heard = Heard {
            kind: usize::try_from(row.kind).unwrap_or(0),
            properties: row.properties.unwrap_or(Value::Null),
            occurred_at: row.occurred_at,
            received_at: row.received_at,
        };
        take(row.lead_id, heard);
    }
    Ok(())
}

async fn record(
    conn: &mut PgConnection,
    until: DateTime<Utc>,
    after: Uuid,
    last: Uuid,
) -> sqlx::Result<Vec<(Uuid, RecordRow)>> {
    // A change after the window still tells what was known before it.
    let rows = sqlx::query!(
        r#"select subject_id, at, verb, actor_kind = 'rule' and actor_name = 'Handoff criteria' as "by_criteria!", actor_kind = 'person' as "by_person!",
                  to_value, version, case when verb = 'changed' then detail end as detail
           from audit_entries
           where subject_id > $1 and subject_id <= $2 and subject_kind = 'lead' and (at < $3 or verb in ('changed', 'handed_back', 'withdrawn'))
               and verb in ('created', 'changed', 'status_changed', 'handed_back', 'withdrawn', 'deal_won', 'deal_lost')
           order by subject_id, at, id"#,
        after,
        last,
        until
    )
    .fetch_all(conn)
    .await?;
    let of = rows.into_iter().map(|row| {
        let entry = RecordRow {
            at: row.at,
            verb: row.verb,
            by_criteria: row.by_criteria,
            by_person: row.by_person,
            to: row.to_value,
            version: row.version,
            detail: row.detail,
        };
        (row.subject_id, entry)
    });
    Ok(of.collect())
}

async fn handoffs(conn: &mut PgConnection, after: Uuid, last: Uuid) -> sqlx::Result<Vec<(Uuid, HandoffRow)>> {
    let rows = sqlx::query!(
        r#"select lead_id, id as "id: HandoffId", state as "state: HandoffState", version, queue, routing_rule, category, fast_track, offered_at,
                  claimed_at, contacted_at, closed_at, claim_due_at, contact_due_at, hand_back_reason,
                  hand_back_kind as "hand_back_kind: HandBackKind", nurture_until
           from handoffs where lead_id > $1 and lead_id <= $2 order by lead_id, offered_at, id"#,
        after,
        last
    )
    .fetch_all(conn)
    .await?;
    let of = rows.into_iter().map(|row| {
        let handoff = HandoffRow {
            id: row.id,
            state: row.state,
            version: row.version,
            queue: row.queue,
            routing_rule: row.routing_rule,
            category: row.category,
            fast_track: row.fast_track,
            offered_at: row.offered_at,
            claimed_at: row.claimed_at,
            contacted_at: row.contacted_at,
            closed_at: row.closed_at,
            claim_due_at: row.claim_due_at,
            contact_due_at: row.contact_due_at,
            hand_back_reason: row.hand_back_reason,
            hand_back_kind: row.hand_back_kind,
            nurture_until: row.nurture_until,
        };
        (row.lead_id, handoff)
    });
    Ok(of.collect())
}

async fn deals(conn: &mut PgConnection, after: Uuid, last: Uuid) -> sqlx::Result<Vec<(Uuid, Deal)>> {
    let rows = sqlx::query!(
        r#"select lead_id, handoff_id as "handoff_id: HandoffId", state as "state: DealState", opened_at
           from deals where lead_id > $1 and lead_id <= $2 order by lead_id, opened_at, id"#,
        after,
        last
    )
    .fetch_all(conn)
    .await?;
    let of = rows.into_iter().map(|row| {
        (row.lead_id, Deal { handoff: row.handoff_id, state: row.state, opened_at: row.opened_at })
    });
    Ok(of.collect())
}
