//! The demo: the same every time, and true to the agreement.

use baton::demo::{self, Demo, Made};
use baton::handoffs::judge;
use baton::leads::queries as leads;
use baton::scoring::{Interest, ScoredEvent};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::support::{self, TestApp, monday};

const LEADS: u64 = 1_500;

async fn made(base: DateTime<Utc>, leads: u64) -> TestApp {
    let app = support::app().await;
    let demo = Demo { seed: 7, leads, base };
    let made = demo::make(&mut app.pool().acquire().await.unwrap(), demo, |_| ()).await.unwrap();
    assert!(matches!(made, Made::Rows(rows) if rows > leads * 10), "{made:?}");
    app
}

/// How many rows break a rule.
async fn count(conn: &mut PgConnection, from: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {from}"))).fetch_one(conn).await.unwrap()
}

/// A digest of every row of every table that the demo fills.
async fn digest(app: &TestApp) -> Vec<(String, String)> {
    let mut digests = vec![];
    for table in [
        "users",
        "campaigns",
        "personas",
        "custom_fields",
        "leads",
        "identities",
        "events",
        "handoffs",
        "deals",
        "activities",
        "audit_entries",
        "agreement_versions",
        "agreement_comments",
        "agreement_acknowledgements",
        "disputes",
    ] {
        // Hashes have a salt, and the record of the people is made by the live function, which makes its own ids.
        let rows = match table {
            "users" => "select to_jsonb(t) - 'password_hash' as row from users t",
            "audit_entries" => "select to_jsonb(t) as row from audit_entries t where subject_kind = 'lead'",
            // The first version is installed when the database is prepared.
            "agreement_versions" => {
                "select to_jsonb(t) as row from agreement_versions t where state = 'draft'"
            }
            _ => &format!("select to_jsonb(t) as row from {table} t"),
        };
        let sql =
            format!("select md5(coalesce(string_agg(row::text, '' order by row::text), '')) from ({rows}) x");
        digests.push((
            table.to_owned(),
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(app.pool()).await.unwrap(),
        ));
    }
    digests
}

#[tokio::test]
async fn the_same_seed_makes_the_same_rows() {
    let (one, other) = (made(monday(), 300).await, made(monday(), 300).await);
    assert_eq!(digest(&one).await, digest(&other).await);
}

#[tokio::test]
async fn a_second_demo_changes_nothing_and_leads_of_ones_own_are_left_alone() {
    let app = made(monday(), 50).await;
    let before = digest(&app).await;
    let again = Demo { seed: 8, leads: 60, base: monday() };
    assert_eq!(
        demo::make(&mut app.pool().acquire().await.unwrap(), again, |_| ()).await.unwrap(),
        Made::Before
    );
    assert_eq!(digest(&app).await, before);

    let own = support::app().await;
    own.lead(support::good_fit("Anna Meyer")).await;
    let refusal = demo::make(&mut own.pool().acquire().await.unwrap(), again, |_| ()).await.unwrap_err();
    assert!(refusal.to_string().contains("has leads of its own"), "{refusal}");
    assert_eq!(count(&mut own.pool().acquire().await.unwrap(), "users").await, 0);
}

#[tokio::test]
async fn statuses_handoffs_and_deals_agree_with_each_other() {
    let app = made(monday(), LEADS).await;
    let conn = &mut *app.pool().acquire().await.unwrap();
    let open = "handoffs h join leads l on l.id = h.lead_id where h.closed_at is null and";
    let broken = [
        format!("{open} h.state = 'offered' and l.status <> 'handed_off'"),
        format!("{open} h.state = 'claimed' and (l.status <> 'accepted' or l.owner_id <> h.owner_id)"),
        format!("{open} h.state = 'contacted' and (l.status <> 'working' or l.owner_id <> h.owner_id)"),
        format!("{open} h.state = 'offered' and h.hot_until is distinct from l.hot_until"),
        "leads l where status in ('handed_off', 'accepted', 'working') and not exists (select 1 from handoffs where lead_id = l.id and closed_at is null)".into(),
        "leads l where status = 'sales_qualified' and not exists (select 1 from deals where lead_id = l.id and state = 'open')".into(),
        "leads l where status = 'customer' and not exists (select 1 from deals where lead_id = l.id and state = 'won')".into(),
        "leads l where cycles <> (select count(*) from handoffs where lead_id = l.id)".into(),
        "leads l where cycles > 3 or (cycles > 0 and (do_not_contact or not may_contact))".into(),
        "handoffs where not (qualified_at <= offered_at and offered_at <= coalesce(claimed_at, offered_at)
             and coalesce(claimed_at, offered_at) <= coalesce(contacted_at, closed_at, 'infinity')
             and coalesce(contacted_at, offered_at) <= coalesce(closed_at, 'infinity') and claim_risk_at < claim_due_at)".into(),
        "handoffs h where contacted_at is not null and not exists (select 1 from activities where lead_id = h.lead_id and handoff_id = h.id and at = contacted_at)".into(),
        "handoffs h where (packet #>> '{fit,points}')::int <> (select coalesce(sum((line ->> 'points')::int), 0) from jsonb_array_elements(packet -> 'fit' -> 'lines') line)".into(),
        "handoffs h where abs((packet ->> 'interest')::float - (select coalesce(sum((line ->> 'points')::float), 0) from jsonb_array_elements(packet -> 'interest_lines') line)) > 1e-9".into(),
        "(select owner_id from handoffs where owner_id is not null and closed_at is null group by 1 having count(*) > 50) x".into(),
        "handoffs h join users u on u.id = h.owner_id where u.department <> 'sales' or u.away_until is not null".into(),
        format!("(select occurred_at as at from events union all select at from audit_entries where subject_kind = 'lead' union all select at from activities
             union all select closed_at from handoffs union all select answered_at from handoffs union all select closed_at from deals) x where at > '{}'", monday()),
        "leads l where email is not null and not exists (select 1 from identities where kind = 'email' and value = l.email and lead_id = l.id)".into(),
        "events_default".into(),
    ];
    for from in &broken {
        assert_eq!(count(conn, from).await, 0, "{from}");
    }
}

#[tokio::test]
async fn every_status_came_about_along_a_transition_of_its_party() {
    let app = made(monday(), LEADS).await;
    let conn = &mut *app.pool().acquire().await.unwrap();
    let terms = app.app.versions.in_force(conn).await.unwrap().terms.clone();
    let moves: Vec<(String, String, String)> = sqlx::query_as(
        "select distinct from_value, to_value, coalesce(u.department, 'system') from audit_entries a left join users u on u.id = a.actor_id
         where verb = 'status_changed'",
    )
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    assert!(moves.len() > 15, "{moves:?}");
    for (from, to, party) in &moves {
        let party = serde_json::from_value(party.clone().into()).unwrap();
        terms.may_move(from, to, party).unwrap_or_else(|refusal| panic!("{from} to {to}: {refusal}"));
    }
    // Each status is the last that was recorded, and each record goes on where the one before ended.
    let chains = "(select *, lag(to_value) over (partition by subject_id order by at, id) as before from audit_entries where verb in ('created', 'status_changed')) x";
    assert_eq!(
        count(
            conn,
            &format!("{chains} where verb = 'status_changed' and before is distinct from from_value")
        )
        .await,
        0
    );
    let last = "leads l where status <> (select to_value from audit_entries where subject_id = l.id and verb in ('created', 'status_changed') order by at desc, id desc limit 1)";
    assert_eq!(count(conn, last).await, 0);
}

#[tokio::test]
async fn scores_are_those_that_the_engine_makes_of_all_events() {
    let app = made(monday(), 400).await;
    let conn = &mut *app.pool().acquire().await.unwrap();
    let version = app.app.versions.in_force(conn).await.unwrap();
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from leads").fetch_all(&mut *conn).await.unwrap();
    let events = leads::events_of(conn, &ids).await.unwrap();
    for loaded in leads::load_many(conn, &ids).await.unwrap() {
        let mut own: Vec<_> = events
            .iter()
            .filter(|event| event.lead_id == loaded.lead.id)
            .map(|event| ScoredEvent {
                kind: &event.kind,
                properties: &event.properties,
                occurred_at: event.occurred_at,
            })
            .collect();
        let replayed = Interest::replay(&version.terms.interest.scoring(), &mut own);
        let judged = judge::judge(
            &version,
            &baton::leads::Lead { interest: replayed.clone(), ..loaded.lead.clone() },
            loaded.has_open_handoff,
            monday(),
        );
        assert_eq!(loaded.lead.interest, replayed);
        assert_eq!(
            (loaded.lead.fit, loaded.lead.good_fit, loaded.lead.hot_until),
            (judged.fit, judged.good_fit, judged.hot_until)
        );
    }
}

#[tokio::test]
async fn every_state_of_every_clock_can_be_seen_whatever_the_hour() {
    // In working hours, at night, and on a Sunday.
    for hours in [4, 15, -12] {
        let base = monday() + TimeDelta::hours(hours);
        let app = made(base, LEADS).await;
        let conn = &mut *app.pool().acquire().await.unwrap();
        for queue in ["inbound", "enterprise", "smb"] {
            assert!(
                count(conn, &format!("handoffs where state = 'offered' and queue = '{queue}'")).await > 0,
                "{queue}, {base}"
            );
        }
        let (answer, claim) = ("state = 'handed_back' and answered_at is null", "state = 'offered'");
        let states = [
            format!("{claim} and claim_risk_at > '{base}'"),
            format!("{claim} and claim_risk_at <= '{base}' and claim_due_at >= '{base}'"),
            format!("{claim} and claim_due_at < '{base}'"),
            format!("state = 'claimed' and contact_risk_at > '{base}'"),
            format!("state = 'claimed' and contact_risk_at <= '{base}' and contact_due_at >= '{base}'"),
            format!("state = 'claimed' and contact_due_at < '{base}'"),
            format!("{answer} and answer_due_at >= '{base}'"),
            format!("{answer} and answer_due_at < '{base}'"),
            "state = 'withdrawn'".into(),
        ];
        for state in &states {
            assert!(count(conn, &format!("handoffs where {state}")).await > 0, "{state}");
        }
        assert!(count(conn, "leads where status = 'marketing_qualified' and name is null").await > 0);
        assert!(count(conn, "handoffs where cycle > 1").await > 0);
    }
}

#[tokio::test]
async fn a_next_version_is_negotiated_and_contested_handoffs_wait_for_a_ruling() {
    let app = made(monday(), 2000).await;
    let mut conn = app.pool().acquire().await.unwrap();
    assert_eq!(count(&mut conn, "agreement_versions where state = 'draft' and based_on = 1").await, 1);
    assert_eq!(count(&mut conn, "agreement_comments").await, 5);
    assert_eq!(count(&mut conn, "agreement_acknowledgements where version = 1").await, 9);
    assert_eq!(count(&mut conn, "disputes where ruling is null").await, 1);
    assert_eq!(count(&mut conn, "disputes where ruling = 'upheld'").await, 1);
    assert_eq!(count(&mut conn, "disputes where opened_at > now() or ruled_at < opened_at").await, 0);
}
