//! Background jobs and what they keep in order.

use std::time::Duration;

use baton::db::partitions;
use baton::jobs::upkeep::KeepPartitions;
use baton::jobs::{self, enqueue};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AssertSqlSafe;

use crate::support::{self, TestApp};

#[tokio::test]
async fn a_job_runs_when_its_transaction_commits_and_never_otherwise() {
    let app = support::app().await;
    let mut tx = app.pool().begin().await.unwrap();
    enqueue(&mut tx, KeepPartitions {}).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(waiting(&app).await, 0);

    app.advance(TimeDelta::days(400));
    let mut tx = app.pool().begin().await.unwrap();
    enqueue(&mut tx, KeepPartitions {}).await.unwrap();
    assert_eq!(waiting(&app).await, 0, "not before the commit");
    tx.commit().await.unwrap();
    assert_eq!(waiting(&app).await, 1);
    jobs::worker(&app.working(), std::future::pending()).await.unwrap().run_once().await.unwrap();
    assert_eq!(waiting(&app).await, 0);
    assert!(app.value::<bool>("select to_regclass('events_2027_12') is not null").await);
}

#[tokio::test]
async fn a_job_of_a_killed_node_runs_again() {
    let app = support::app().await;
    app.advance(TimeDelta::days(400));
    enqueue(&mut app.pool().acquire().await.unwrap(), KeepPartitions {}).await.unwrap();
    for sql in [
        "insert into graphile_worker._private_workers (id, last_heartbeat_at, started_at) values ('killed', now() - interval '2 minutes', now() - interval '1 hour')",
        "update graphile_worker._private_jobs set locked_by = 'killed', locked_at = now() - interval '3 minutes', attempts = 1",
    ] {
        sqlx::query(sql).execute(app.pool()).await.unwrap();
    }

    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = jobs::worker(&app.working(), async { _ = stopped.await }).await.unwrap();
    let running = tokio::spawn(async move { worker.run().await });
    while waiting(&app).await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert!(app.value::<bool>("select to_regclass('events_2027_12') is not null").await);
}

#[tokio::test]
async fn events_that_came_before_their_months_partition_move_into_it() {
    let app = support::app().await;
    let lead = app.good_fit("Early Bird").await;
    let times =
        ["2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", "2026-03-31T23:59:59Z", "2026-04-01T00:00:00Z"];
    for time in times {
        app.event_at(lead, "page_view", time.parse().unwrap()).await;
    }
    let march: DateTime<Utc> = "2026-03-15T12:00:00Z".parse().unwrap();
    let made = partitions::make(&mut app.pool().acquire().await.unwrap(), march..=march).await.unwrap();
    assert_eq!(made, 1);
    let placed: Vec<(String, i64)> =
        sqlx::query_as("select tableoid::regclass::text, count(*) from events group by 1 order by 1")
            .fetch_all(app.pool())
            .await
            .unwrap();
    assert_eq!(placed, [("events_2026_03".to_owned(), 2), ("events_default".to_owned(), 2)]);
    let again = partitions::make(&mut app.pool().acquire().await.unwrap(), march..=march).await.unwrap();
    assert_eq!(again, 0);
}

#[tokio::test]
async fn many_nodes_at_once_make_each_partition_once() {
    let app = support::app().await;
    let from: DateTime<Utc> = "2024-01-31T12:00:00Z".parse().unwrap();
    let to: DateTime<Utc> = "2024-06-01T00:00:00Z".parse().unwrap();
    let nodes = (0..6).map(|_| {
        let pool = app.pool().clone();
        tokio::spawn(
            async move { partitions::make(&mut pool.acquire().await.unwrap(), from..=to).await.unwrap() },
        )
    });
    let mut made = 0;
    for node in nodes.collect::<Vec<_>>() {
        made += node.await.unwrap();
    }
    assert_eq!(made, 6);
    for month in 1..=6 {
        let sql = format!("select to_regclass('events_2024_{month:02}') is not null");
        assert!(sqlx::query_scalar::<_, bool>(AssertSqlSafe(sql)).fetch_one(app.pool()).await.unwrap());
    }
}

async fn waiting(app: &TestApp) -> i64 {
    app.value("select count(*) from graphile_worker.jobs").await
}
