//! How long the server lives, whoever is killed.

use std::fs;
use std::time::Duration;

use baton::db::cluster::{Cluster, Options};
use nix::sys::signal::{Signal, kill};

use super::{Place, connect, eventually, run, text};

#[tokio::test]
async fn a_second_start_finds_the_data_of_the_first() {
    let place = Place::new();
    let cluster = place.start().await;
    run(&mut connect(&cluster).await, "CREATE TABLE kept AS SELECT 'here' AS word").await;
    cluster.stop().await.expect("an orderly end");
    assert!(!place.pid_file().exists(), "the server has ended when stop returns");
    let cluster = place.start().await;
    assert_eq!(text(&mut connect(&cluster).await, "SELECT word FROM kept").await, "here");
}

#[tokio::test]
async fn a_user_joins_the_running_server_and_keeps_it_when_the_first_one_stops() {
    let place = Place::new();
    let first = place.start().await;
    let server = place.server();
    let second = place.start().await;
    first.stop().await.expect("an orderly end");
    assert_eq!(place.server(), server);
    assert_eq!(text(&mut connect(&second).await, "SELECT 'served'").await, "served");
}

#[tokio::test]
async fn eight_starts_at_once_on_an_empty_folder_share_one_server() {
    let place = Place::new();
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let options = place.options();
            tokio::spawn(async move { Cluster::start(&options).await.expect("a running cluster") })
        })
        .collect();
    let mut servers = Vec::new();
    let mut clusters = Vec::new();
    for start in starts {
        let cluster = start.await.expect("a start");
        servers.push(text(&mut connect(&cluster).await, "SELECT pg_postmaster_start_time()::text").await);
        clusters.push(cluster);
    }
    servers.dedup();
    assert_eq!(servers.len(), 1);
}

#[tokio::test]
async fn the_server_ends_when_the_last_user_is_dropped() {
    let place = Place::new();
    drop(place.start().await);
    eventually("the server ends", || !place.pid_file().exists()).await;
    eventually("the guard ends", || place.guard().is_none()).await;
}

#[tokio::test]
async fn a_killed_user_counts_as_ended() {
    let place = Place::new();
    let cluster = place.start().await;
    let mut other = place.another_user();
    cluster.stop().await.expect("an orderly end");
    assert!(place.pid_file().exists(), "the other user still has its server");
    other.kill().expect("a killed user");
    other.wait().expect("its end");
    eventually("the server ends", || !place.pid_file().exists()).await;
}

#[tokio::test]
async fn a_lingering_server_waits_for_the_next_user() {
    let place = Place::new();
    let lingering = Options { linger: Duration::from_secs(2), ..place.options() };
    let first = Cluster::start(&lingering).await.expect("a running cluster");
    let server = place.server();
    drop(first);
    let second = place.start().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(place.server(), server);
    assert_eq!(text(&mut connect(&second).await, "SELECT 'served'").await, "served");
}

#[tokio::test]
async fn a_start_after_the_server_was_killed_recovers_what_was_committed() {
    let place = Place::new();
    let cluster = Cluster::start(&Options { fsync: true, ..place.options() }).await.expect("a cluster");
    run(&mut connect(&cluster).await, "CREATE TABLE kept AS SELECT 'here' AS word").await;
    let killed = place.server();
    kill(killed, Signal::SIGKILL).expect("a killed server");
    let next = place.start().await;
    assert_ne!(place.server(), killed);
    assert_eq!(text(&mut connect(&next).await, "SELECT word FROM kept").await, "here");
}

#[tokio::test]
async fn a_dead_servers_number_that_another_process_has_now_is_no_hindrance() {
    let place = Place::new();
    place.start().await.stop().await.expect("an orderly end");
    let stale = format!("{}\n{}\n1\n5432\n\n\n\nready   \n", nix::unistd::getppid(), place.dir.display());
    fs::write(place.pid_file(), stale).expect("a stale pid file");
    fs::write(place.dir.join("socket/.s.PGSQL.5432.lock"), "1\n").expect("a stale lock of the socket");
    let cluster = place.start().await;
    assert_eq!(text(&mut connect(&cluster).await, "SELECT 'served'").await, "served");
}

#[tokio::test]
async fn a_start_after_the_guard_was_killed_has_a_guard_again() {
    let place = Place::new();
    let first = place.start().await;
    let server = place.server();
    kill(place.guard().expect("a guard"), Signal::SIGKILL).expect("a killed guard");
    eventually("the guard has ended", || place.guard().is_none()).await;
    let second = place.start().await;
    assert_eq!(place.server(), server, "the running server is adopted");
    assert!(place.guard().is_some());
    drop(second);
    let third = place.start().await;
    drop(third);
    assert_eq!(text(&mut connect(&first).await, "SELECT 'served'").await, "served");
    drop(first);
    eventually("the server ends", || !place.pid_file().exists()).await;
}

#[tokio::test]
async fn a_server_without_user_and_guard_is_adopted() {
    let place = Place::new();
    let cluster = place.start().await;
    let server = place.server();
    kill(place.guard().expect("a guard"), Signal::SIGKILL).expect("a killed guard");
    eventually("the guard has ended", || place.guard().is_none()).await;
    drop(cluster);
    let next = place.start().await;
    assert_eq!(place.server(), server);
    drop(next);
    eventually("the server ends", || !place.pid_file().exists()).await;
}

#[tokio::test]
async fn a_half_made_cluster_is_made_again() {
    let place = Place::new();
    place.start().await.stop().await.expect("an orderly end");
    fs::rename(place.dir.join("data"), place.dir.join("data.half-made")).expect("a cluster not finished");
    fs::remove_file(place.dir.join("data.half-made/PG_VERSION")).expect("a file not yet written");
    let cluster = place.start().await;
    assert_eq!(text(&mut connect(&cluster).await, "SELECT 'served'").await, "served");
    assert!(!place.dir.join("data.half-made").exists());
}

#[tokio::test]
async fn another_cluster_is_not_touched() {
    let (one, other) = (Place::new(), Place::new());
    let (first, second) = (one.start().await, other.start().await);
    run(&mut connect(&first).await, "CREATE TABLE mine AS SELECT 1").await;
    first.stop().await.expect("an orderly end");
    let tables = "SELECT count(*)::text FROM pg_tables WHERE tablename = 'mine'";
    assert_eq!(text(&mut connect(&second).await, tables).await, "0");
}
