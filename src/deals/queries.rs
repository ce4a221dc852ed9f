//! Deals in the database.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{Deal, NewDeal};
use crate::kernel::ids::{DealId, HandoffId, LeadId, UserId};

/// The deals of a lead, the newest first.
pub async fn of_lead(conn: &mut PgConnection, lead: LeadId) -> sqlx::Result<Vec<Deal>> {
    sqlx::query_as!(
        Deal,
        r#"select id as "id: DealId", name, amount, currency, expected_close, state, reason, owner_id as "owner_id: UserId", opened_at, closed_at
           from deals where lead_id = $1 order by opened_at desc, id desc"#,
        lead.0
    )
    .fetch_all(conn)
    .await
}

pub async fn insert(
    conn: &mut PgConnection,
    lead: LeadId,
    id: DealId,
    deal: &NewDeal,
    handoff: Option<HandoffId>,
    owner: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into deals (lead_id, id, handoff_id, name, amount, currency, expected_close, state, owner_id, opened_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)",
        lead.0,
        id.0,
        handoff.map(|id| id.0),
        deal.name,
        deal.amount,
        deal.currency,
        deal.expected_close,
        owner.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes an open deal; false when it is closed already.
pub async fn close(
    conn: &mut PgConnection,
    lead: LeadId,
    id: DealId,
    state: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!("update deals set state = $3, reason = $4, closed_at = $5 where lead_id = $1 and id = $2 and state = 'open'", lead.0, id.0, state, reason, now)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}
