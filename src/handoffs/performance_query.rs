//! How the handoffs of a version went, counted in the database.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::performance::{Figures, Group, HandBacks};

/// The handoffs that were offered under a version, counted by what its clauses tell apart. A clock counts once it was
/// stopped or has run out; waived ones do not count.
pub async fn figures(
    conn: &mut PgConnection,
    version: i32,
    capacity: Option<u32>,
    now: DateTime<Utc>,
) -> sqlx::Result<Figures> {
    let groups = sqlx::query_as!(
        Group,
        r#"select h.queue, h.routing_rule, h.category, h.fast_track, count(*) as "offered!",
               count(*) filter (where w.claim is null and h.claimed_at <= h.claim_due_at) as "claimed_in_time!",
               count(*) filter (where w.claim is null and (h.claimed_at is not null or coalesce(h.closed_at, $2) > h.claim_due_at)) as "claims!",
               count(*) filter (where w.contact is null and h.contacted_at <= h.contact_due_at) as "contacted_in_time!",
               count(*) filter (where w.contact is null and (h.contacted_at is not null or coalesce(h.closed_at, $2) > h.contact_due_at)) as "contacts!",
               count(*) filter (where h.state = 'converted') as "converted!",
               count(*) filter (where d.handoff_id is not null) as "won!"
           from handoffs h
           left join (select lead_id, handoff_id, bool_or(clock = 'claim') or null as claim, bool_or(clock = 'contact') or null as contact
                      from waivers group by lead_id, handoff_id) w on w.lead_id = h.lead_id and w.handoff_id = h.id
           left join (select distinct lead_id, handoff_id from deals where state = 'won') d on d.lead_id = h.lead_id and d.handoff_id = h.id
           where h.version = $1
           group by 1, 2, 3, 4"#,
        version,
        now
    )
    .fetch_all(&mut *conn)
    .await?;
    let hand_backs = sqlx::query_as!(
        HandBacks,
        r#"select h.hand_back_reason as "reason!", count(*) as "used!",
               count(*) filter (where w.lead_id is null and h.answered_at <= h.answer_due_at) as "answered_in_time!",
               count(*) filter (where w.lead_id is null and (h.answered_at is not null or $2 > h.answer_due_at)) as "answers!"
           from handoffs h
           left join waivers w on w.lead_id = h.lead_id and w.handoff_id = h.id and w.clock = 'answer'
           where h.version = $1 and h.hand_back_reason is not null
           group by 1"#,
        version,
        now
    )
    .fetch_all(&mut *conn)
    .await?;
    let at_capacity = match capacity {
        Some(capacity) => Some(at_capacity(conn, capacity).await?),
        None => None,
    };
    Ok(Figures { groups, hand_backs, at_capacity })
}

/// Reps who hold as many open leads as one may.
async fn at_capacity(conn: &mut PgConnection, capacity: u32) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from
               (select owner_id from handoffs where closed_at is null and owner_id is not null group by owner_id having count(*) >= $1) full_hands"#,
        i64::from(capacity)
    )
    .fetch_one(conn)
    .await
}
