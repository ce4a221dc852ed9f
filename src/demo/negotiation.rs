//! What Halyard's people say about their agreement: the next version on its way with the conversation about it, and
//! two disputes.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::company::Colleague;
use super::world::World;
use crate::agreement::queries as agreement;
use crate::agreement::terms::{HandBackKind, HandBackReason};
use crate::audit::{self, Entry};

/// Who says what about which clause of the next version, hours ago.
const CONVERSATION: [(&str, &str, i64, &str); 5] = [
    (
        "javier.ortega",
        "categories.interest_high",
        70,
        "A good part of what comes in just above 40 goes back as “not now”. Can we try 45?",
    ),
    (
        "ingrid.solberg",
        "categories.interest_high",
        67,
        "Fine with me if the back-test says that we lose few deals. Nobody here wants to hand over for the sake of the count.",
    ),
    (
        "lena.vogt",
        "categories.interest_high",
        45,
        "On my desk the leads above 60 are the ones who pick up the phone.",
    ),
    (
        "chiara.ricci",
        "hand_back.reasons.wrong_region",
        30,
        "Thank you for this one. Until now it came back as “no need”, and we could not tell.",
    ),
    (
        "javier.ortega",
        "handoff.cool_off_days",
        6,
        "Three weeks instead of two: the second call was too early more often than not.",
    ),
];

/// Writes all of it.
pub async fn write(conn: &mut PgConnection, world: &World) -> anyhow::Result<()> {
    negotiate(conn, world).await?;
    Ok(dispute(conn, world).await?)
}

fn colleague<'a>(world: &'a World, local: &str) -> &'a Colleague {
    let found = world.company.people.iter().find(|person| person.email.split('@').next() == Some(local));
    found.expect("whoever is named here works at Halyard")
}

async fn negotiate(conn: &mut PgConnection, world: &World) -> anyhow::Result<()> {
    let manager = colleague(world, "javier.ortega");
    let begun_at = world.base - TimeDelta::hours(72);
    let mut terms = world.version.terms.clone();
    terms.categories.interest_high = 45.0;
    terms.handoff.cool_off_days = 21;
    terms.hand_back.reasons.push(HandBackReason {
        key: "wrong_region".into(),
        label: "In a region that we do not serve".into(),
        kind: HandBackKind::Reject,
        nurture_days: None,
        target_status: "nurturing".into(),
    });
    let number = agreement::insert_draft(
        conn,
        &serde_json::to_value(&terms)?,
        &terms.sha256(),
        world.version.number,
        manager.id,
        begun_at,
    )
    .await?;
    sqlx::query!(
        "update agreement_versions set note = 'Fewer and better handoffs, as the review in October asked for.', revision = 3 where number = $1",
        number
    )
    .execute(&mut *conn)
    .await?;
    for (place, (local, clause, hours, body)) in CONVERSATION.iter().enumerate() {
        sqlx::query!(
            "insert into agreement_comments (id, version, place, user_id, body, at) values ($1, $2, $3, $4, $5, $6)",
            stable_id("comment", place),
            number,
            clause,
            colleague(world, local).id.0,
            body,
            world.base - TimeDelta::hours(*hours)
        )
        .execute(&mut *conn)
        .await?;
    }
    let begun = Entry::new("agreement", Uuid::nil(), &manager.actor(), "draft_begun").version(number);
    audit::record(conn, begun_at, &[begun]).await?;
    Ok(())
}

/// A lead that somebody has something to say about.
struct Case {
    lead_id: Uuid,
    id: Uuid,
    owner_id: Option<Uuid>,
    at: DateTime<Utc>,
    reason: Option<String>,
}

async fn dispute(conn: &mut PgConnection, world: &World) -> sqlx::Result<()> {
    let late = sqlx::query_as!(
        Case,
        r#"select lead_id, id, owner_id, contact_due_at as "at!", hand_back_reason as reason from handoffs
           where owner_id is not null and closed_at is null and contact_due_at < coalesce(contacted_at, $1) order by contact_due_at desc, id limit 1"#,
        world.base
    )
    .fetch_optional(&mut *conn)
    .await?;
    let manager = colleague(world, "ingrid.solberg");
    if let Some(case) = late {
        let by = case.owner_id.unwrap_or(manager.id.0);
        let body = "I was at the fair all day, and the lead asked for a call in the afternoon. Please do not count this one.";
        insert(conn, world, &case, 0, ("contact_breach", "sales", by, body)).await?;
    }
    let rejected = sqlx::query_as!(
        Case,
        r#"select lead_id, id, owner_id, closed_at as "at!", hand_back_reason as reason from handoffs
           where hand_back_kind = 'reject' and closed_at < $1 order by closed_at desc, id limit 1"#,
        world.base - TimeDelta::days(2)
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(case) = rejected {
        let (by, judge) = (colleague(world, "chiara.ricci"), colleague(world, "javier.ortega"));
        let body = "The company grew to twice its size this year, the facts were right when we sent them.";
        insert(conn, world, &case, 1, ("hand_back", "marketing", by.id.0, body)).await?;
        sqlx::query!(
            "update disputes set ruling = 'upheld', ruled_by = $2, ruled_at = $3, ruling_note = 'Agreed, we looked at an old page.' where id = $1",
            stable_id("dispute", 1),
            judge.id.0,
            case.at + TimeDelta::hours(20)
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// What is contested, by which department and whom, in which words.
type Contest<'a> = (&'a str, &'a str, Uuid, &'a str);

async fn insert(
    conn: &mut PgConnection,
    world: &World,
    case: &Case,
    place: usize,
    (about, department, by, body): Contest<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into disputes (lead_id, id, about, handoff_id, version, department, opened_by, body, opened_at, contested) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        case.lead_id,
        stable_id("dispute", place),
        about,
        case.id,
        world.version.number,
        department,
        by,
        body,
        (case.at + TimeDelta::hours(1)).min(world.base),
        case.reason.as_deref().unwrap_or_default()
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn stable_id(what: &str, place: usize) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("demo {what} {place}").as_bytes())
}
