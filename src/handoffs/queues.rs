//! What waits in the queues, what a rep holds, what went back: read for the pages.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::disputes::model::Waiver;
use super::service_levels::{ClockState, Deadline};
use crate::agreement::versions::Version;
use crate::kernel::ids::{HandoffId, LeadId, UserId};
use crate::kernel::page::{Cursor, PAGE_SIZE};
use crate::scoring::CategoryKey;
use crate::web::Layout;
use crate::web::layout::Moment;

/// A waiting lead in a queue.
pub struct Waiting {
    pub lead_id: LeadId,
    pub id: HandoffId,
    pub version: i32,
    pub name: String,
    pub title: Option<String>,
    pub company: Option<String>,
    pub fit: i16,
    pub hot_until: Option<DateTime<Utc>>,
    pub category: String,
    pub fast_track: Option<String>,
    pub cycle: i32,
    pub offered_at: DateTime<Utc>,
    pub claim: Deadline,
    /// Whether it stands in the first part of the queue: that which runs out of time.
    pub is_urgent: bool,
    pub waiver: Option<Waiver>,
}

impl Waiting {
    /// Interest now, from the instant at which it falls to the threshold.
    pub fn interest(&self, version: &Version, layout: &Layout) -> i64 {
        interest_now(version, self.hot_until, layout.now)
    }

    pub fn category(&self) -> CategoryKey {
        CategoryKey::parse(&self.category).unwrap_or(CategoryKey::LowInterestBadFit)
    }

    /// Why it is here, in a few words.
    pub fn why(&self, version: &Version) -> String {
        let track = self.fast_track.as_ref().and_then(|key| version.terms.fast_track(key));
        track.map_or_else(
            || version.terms.category(self.category()).label.clone(),
            |track| track.label.clone(),
        )
    }

    pub fn due(&self, layout: &Layout) -> Due {
        Due::of(&self.claim, None, layout).or_waived(self.waiver.as_ref())
    }
}

/// θ · 2^((hot_until − now) / half-life), rounded.
pub fn interest_now(version: &Version, hot_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> i64 {
    let Some(until) = hot_until else { return 0 };
    let half_lives = (until - now).num_seconds() as f64 / (version.terms.interest.half_life_days * 86_400.0);
    (version.terms.categories.interest_high * half_lives.min(60.0).exp2()).round() as i64
}

/// A deadline as the pages show it.
#[derive(Debug, Clone)]
pub struct Due {
    /// running, at_risk, met, breached or waived.
    pub state: &'static str,
    pub at: Moment,
    /// Who stopped the clock.
    pub waiver: Option<Waiver>,
}

impl Due {
    /// `done_at` is when the clock was stopped.
    pub fn of(deadline: &Deadline, done_at: Option<DateTime<Utc>>, layout: &Layout) -> Due {
        let state = deadline.state(done_at, layout.now);
        // A stopped clock tells when it was stopped, a running one when it is due.
        let shown =
            if state == ClockState::Met { done_at.unwrap_or(deadline.due_at) } else { deadline.due_at };
        Due { state: state.key(), at: layout.time(&shown), waiver: None }
    }

    /// The same of a clock that a person stopped.
    pub fn or_waived(self, waiver: Option<&Waiver>) -> Due {
        match waiver {
            Some(waiver) => Due { state: ClockState::Waived.key(), waiver: Some(waiver.clone()), ..self },
            None => self,
        }
    }
}

/// The limits below are written out, because Postgres plans a bound one anew at each use.
const _: () = assert!(PAGE_SIZE + 1 == 51);

/// One page of a queue, in the order in which leads should be claimed: first those that run out of time,
/// the most urgent first, then the hottest.
pub async fn waiting(
    conn: &mut PgConnection,
    queue: &str,
    after: Option<&Cursor>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Waiting>> {
    // A cursor's key begins with its part: u for the urgent, h for the hot.
    let place = after.map(|cursor| (cursor.key.split_at_checked(1).unwrap_or(("h", "")), cursor.id));
    let in_hot_part = place.is_some_and(|((part, _), _)| part == "h");
    let key = place.and_then(|((_, key), _)| key.parse::<DateTime<Utc>>().ok());
    let id = place.map(|(_, id)| id);
    let mut rows = vec![];
    if !in_hot_part {
        rows = sqlx::query!(
            r#"select h.lead_id as "lead_id: LeadId", h.id as "id: HandoffId", coalesce(l.name, l.email, l.company, 'Unnamed lead') as "name!", l.title, l.company, l.fit,
                      h.version, h.hot_until, h.category, h.fast_track, h.cycle, h.offered_at, h.claim_risk_at, h.claim_due_at,
                      case when h.claim_waived then (
                          select jsonb_build_object('by', coalesce(u.name, 'A former colleague'), 'reason', w.reason, 'at', w.at)
                          from waivers w left join users u on u.id = w.user_id where w.lead_id = h.lead_id and w.handoff_id = h.id and w.clock = 'claim'
                      ) end as "waiver: Json<Waiver>"
               from handoffs h join leads l on l.id = h.lead_id
               where h.queue = $1 and h.state = 'offered' and h.claim_risk_at <= $2 and not h.claim_waived
                 and ($3::timestamptz is null or (h.claim_due_at, h.id) > ($3, $4::uuid))
               order by h.claim_due_at, h.id limit 51"#,
            queue,
            now,
            key,
            id,
        )
        .fetch_all(&mut *conn)
        .await?
        .into_iter()
        .map(|r| Waiting {
            lead_id: r.lead_id, id: r.id, version: r.version, name: r.name, title: r.title, company: r.company, fit: r.fit, hot_until: r.hot_until, category: r.category,
            fast_track: r.fast_track, cycle: r.cycle, offered_at: r.offered_at, claim: Deadline { risk_at: r.claim_risk_at, due_at: r.claim_due_at }, is_urgent: true, waiver: None,
        })
        .collect();
    }
    let room = PAGE_SIZE as usize + 1 - rows.len();
    if room > 0 {
        let hot = sqlx::query!(
            r#"select h.lead_id as "lead_id: LeadId", h.id as "id: HandoffId", coalesce(l.name, l.email, l.company, 'Unnamed lead') as "name!", l.title, l.company, l.fit,
                      h.version, h.hot_until, h.category, h.fast_track, h.cycle, h.offered_at, h.claim_risk_at, h.claim_due_at,
                      case when h.claim_waived then (
                          select jsonb_build_object('by', coalesce(u.name, 'A former colleague'), 'reason', w.reason, 'at', w.at)
                          from waivers w left join users u on u.id = w.user_id where w.lead_id = h.lead_id and w.handoff_id = h.id and w.clock = 'claim'
                      ) end as "waiver: Json<Waiver>"
               from handoffs h join leads l on l.id = h.lead_id
               where h.queue = $1 and h.state = 'offered' and (h.claim_risk_at > $2 or h.claim_waived)
                 and ($3::uuid is null or (coalesce(h.hot_until, '-infinity'), h.id) < (coalesce($4::timestamptz, '-infinity'), $3))
               order by coalesce(h.hot_until, '-infinity') desc, h.id desc limit 51"#,
            queue,
            now,
            id.filter(|_| in_hot_part),
            key.filter(|_| in_hot_part),
        )
        .fetch_all(conn)
        .await?;
        rows.extend(hot.into_iter().take(room).map(|r| Waiting {
            lead_id: r.lead_id,
            id: r.id,
            version: r.version,
            name: r.name,
            title: r.title,
            company: r.company,
            fit: r.fit,
            hot_until: r.hot_until,
            category: r.category,
            fast_track: r.fast_track,
            cycle: r.cycle,
            offered_at: r.offered_at,
            claim: Deadline { risk_at: r.claim_risk_at, due_at: r.claim_due_at },
            is_urgent: false,
            waiver: r.waiver.map(|waiver| waiver.0),
        }));
    }
    Ok(rows)
}

/// Where the next page begins, after this row.
pub fn cursor(row: &Waiting) -> Cursor {
    let exact = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let key = if row.is_urgent {
        format!("u{}", exact(row.claim.due_at))
    } else {
        format!("h{}", row.hot_until.map(exact).unwrap_or_default())
    };
    Cursor { key, id: row.id.0 }
}

/// How a queue stands.
pub struct QueueCount {
    pub queue: String,
    pub waiting: i64,
    pub at_risk: i64,
    pub breached: i64,
}

/// Every queue that something waits in.
pub async fn counts(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<QueueCount>> {
    sqlx::query_as!(
        QueueCount,
        r#"select queue, count(*) as "waiting!", count(*) filter (where claim_risk_at <= $1 and claim_due_at >= $1 and not claim_waived) as "at_risk!",
                  count(*) filter (where claim_due_at < $1 and not claim_waived) as "breached!"
           from handoffs where state = 'offered' group by queue"#,
        now
    )
    .fetch_all(conn)
    .await
}

/// A lead that a rep holds.
pub struct Held {
    pub lead_id: LeadId,
    pub name: String,
    pub company: Option<String>,
    pub status: String,
    pub owner_name: String,
    pub claimed_at: DateTime<Utc>,
    pub contacted_at: Option<DateTime<Utc>>,
    pub contact: Deadline,
    pub waiver: Option<Waiver>,
}

impl Held {
    pub fn due(&self, layout: &Layout) -> Due {
        Due::of(&self.contact, self.contacted_at, layout).or_waived(self.waiver.as_ref())
    }
}

/// What a rep holds, or everybody for None, what is due first at the top.
pub async fn held(conn: &mut PgConnection, user: Option<UserId>, limit: i64) -> sqlx::Result<Vec<Held>> {
    let rows = sqlx::query!(
        r#"select h.lead_id as "lead_id: LeadId", coalesce(l.name, l.email, l.company, 'Unnamed lead') as "name!", l.company, l.status, u.name as owner_name,
                  h.claimed_at as "claimed_at!", h.contacted_at, h.contact_risk_at as "risk_at!", h.contact_due_at as "due_at!",
                  case when h.contact_waived then (
                      select jsonb_build_object('by', coalesce(u.name, 'A former colleague'), 'reason', w.reason, 'at', w.at)
                      from waivers w left join users u on u.id = w.user_id where w.lead_id = h.lead_id and w.handoff_id = h.id and w.clock = 'contact'
                  ) end as "waiver: Json<Waiver>"
           from handoffs h join leads l on l.id = h.lead_id join users u on u.id = h.owner_id
           where h.closed_at is null and h.owner_id is not null and ($1::uuid is null or h.owner_id = $1)
           order by (h.contacted_at is not null or h.contact_waived), h.contact_due_at, h.id limit $2"#,
        user.map(|id| id.0),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Held {
            lead_id: r.lead_id,
            name: r.name,
            company: r.company,
            status: r.status,
            owner_name: r.owner_name,
            claimed_at: r.claimed_at,
            contacted_at: r.contacted_at,
            contact: Deadline { risk_at: r.risk_at, due_at: r.due_at },
            waiver: r.waiver.map(|waiver| waiver.0),
        })
        .collect())
}

/// A lead that sales gave back.
pub struct Returned {
    pub lead_id: LeadId,
    pub id: HandoffId,
    pub name: String,
    pub company: Option<String>,
    pub owner_name: Option<String>,
    pub reason: String,
    pub note: String,
    pub closed_at: DateTime<Utc>,
    pub nurture_until: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub answer: Deadline,
    pub waiver: Option<Waiver>,
}

impl Returned {
    pub fn due(&self, layout: &Layout) -> Due {
        Due::of(&self.answer, self.answered_at, layout).or_waived(self.waiver.as_ref())
    }
}

/// Hand-backs that wait for marketing's answer, the most urgent first; or the answered ones, the newest first.
pub async fn returned(conn: &mut PgConnection, answered: bool, limit: i64) -> sqlx::Result<Vec<Returned>> {
    let rows = sqlx::query!(
        r#"select h.lead_id as "lead_id: LeadId", h.id as "id: HandoffId", coalesce(l.name, l.email, l.company, 'Unnamed lead') as "name!", l.company,
                  u.name as "owner_name?", h.hand_back_reason as "reason!", coalesce(h.hand_back_note, '') as "note!", h.closed_at as "closed_at!",
                  h.nurture_until, h.answered_at, h.answer_due_at as "due_at!",
                  case when h.answer_waived then (
                      select jsonb_build_object('by', coalesce(u.name, 'A former colleague'), 'reason', w.reason, 'at', w.at)
                      from waivers w left join users u on u.id = w.user_id where w.lead_id = h.lead_id and w.handoff_id = h.id and w.clock = 'answer'
                  ) end as "waiver: Json<Waiver>"
           from handoffs h join leads l on l.id = h.lead_id left join users u on u.id = h.owner_id
           where h.state = 'handed_back' and (h.answered_at is not null) = $1
           order by case when not $1 then h.answer_due_at end, h.answered_at desc, h.id limit $2"#,
        answered,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|r| Returned {
            lead_id: r.lead_id,
            id: r.id,
            name: r.name,
            company: r.company,
            owner_name: r.owner_name,
            reason: r.reason,
            note: r.note,
            closed_at: r.closed_at,
            nurture_until: r.nurture_until,
            answered_at: r.answered_at,
            answer: Deadline::answer(r.closed_at, r.due_at),
            waiver: r.waiver.map(|waiver| waiver.0),
        })
        .collect())
}
