//! What a start makes: the data, the settings, the socket, the log.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use baton::db::cluster::{Cluster, DATABASE, Options};
use nix::unistd::geteuid;
use sqlx::{Connection, PgConnection};

use super::{Place, connect, run, text};

#[tokio::test]
async fn the_first_start_makes_a_cluster_with_its_database() {
    let place = Place::new();
    let cluster = place.start().await;
    let mut connection = connect(&cluster).await;
    assert_eq!(text(&mut connection, "SELECT current_database()::text").await, DATABASE);
    assert_eq!(text(&mut connection, "SELECT current_user::text").await, cluster.user());
    assert_eq!(text(&mut connection, "SHOW server_encoding").await, "UTF8");
    assert_eq!(text(&mut connection, "SHOW data_checksums").await, "on");
    assert_eq!(text(&mut connection, "SHOW max_connections").await, "20");
    assert_eq!(text(&mut connection, "SELECT lower('ÀÉ')").await, "àé");
}

#[tokio::test]
async fn commits_are_durable_unless_told_otherwise() {
    let durability = "SELECT concat_ws(' ', current_setting('fsync'), current_setting('full_page_writes'), \
                      current_setting('synchronous_commit'))";
    let place = Place::new();
    let cluster = Cluster::start(&Options { fsync: true, ..place.options() }).await.expect("a cluster");
    assert_eq!(text(&mut connect(&cluster).await, durability).await, "on on on");
    cluster.stop().await.expect("an orderly end");
    let cluster = place.start().await;
    assert_eq!(text(&mut connect(&cluster).await, durability).await, "off off off");
}

#[tokio::test]
async fn only_its_own_user_can_reach_the_server() {
    let place = Place::new();
    let cluster = place.start().await;
    assert_eq!(text(&mut connect(&cluster).await, "SHOW listen_addresses").await, "");
    let data = fs::metadata(place.dir.join("data")).expect("the data");
    for closed in [cluster.data_dir(), cluster.socket_dir()] {
        let folder = fs::metadata(closed).expect("a folder");
        assert_eq!(folder.mode() & 0o777, 0o700, "{}", closed.display());
        assert_eq!(folder.uid(), data.uid(), "{}", closed.display());
    }
    let server = fs::metadata(format!("/proc/{}", place.server())).expect("the server's process");
    assert_eq!(server.uid(), data.uid());
    assert_ne!(server.uid(), 0, "the server never runs as root");
}

#[tokio::test]
async fn a_path_too_long_or_odd_for_a_socket_has_it_elsewhere() {
    for name in ["long".repeat(40), "with 'quotes', commas % and ünïcode".to_owned()] {
        let place = Place::at(&name);
        let cluster = place.start().await;
        let socket_dir = cluster.socket_dir().to_owned();
        assert!(!socket_dir.starts_with(&place.dir));
        let folder = fs::metadata(&socket_dir).expect("the folder of the socket");
        assert_eq!(folder.mode() & 0o777, 0o700);
        let socket = fs::metadata(socket_dir.join(".s.PGSQL.5432")).expect("the socket");
        assert!(socket.file_type().is_socket());
        assert_eq!(text(&mut connect(&cluster).await, "SELECT 'served'").await, "served");
        cluster.stop().await.expect("an orderly end");
        assert!(!socket_dir.exists(), "nothing is left behind");
    }
}

#[tokio::test]
async fn root_keeps_the_data_where_the_servers_account_can_reach_it() {
    if !geteuid().is_root() {
        return;
    }
    let mut place = Place::at("closed/db");
    let closed = place.temp.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("a folder of root alone");
    let options = place.options();
    let cluster = Cluster::start(&options).await.expect("a running cluster");
    let elsewhere = cluster.data_dir().to_owned();
    assert!(!elsewhere.starts_with(place.temp.path()));
    assert_eq!(text(&mut connect(&cluster).await, "SELECT 'served'").await, "served");
    cluster.stop().await.expect("an orderly end");

    // Data once made is found again, also when the first choice has become possible.
    fs::set_permissions(&closed, Permissions::from_mode(0o755)).expect("an open folder");
    let again = Cluster::start(&options).await.expect("a running cluster");
    assert_eq!(again.data_dir(), elsewhere);
    again.stop().await.expect("an orderly end");
    place.dir.clone_from(&elsewhere);
    drop(place);
    fs::remove_dir_all(&elsewhere).expect("a cluster that nobody uses");
}

#[tokio::test]
async fn an_address_names_any_database_of_the_cluster() {
    let place = Place::at("a b+c");
    let cluster = place.start().await;
    run(&mut connect(&cluster).await, "CREATE DATABASE \"odd name/%?\"").await;
    let mut connection = PgConnection::connect(&cluster.url("odd name/%?")).await.expect("a connection");
    assert_eq!(text(&mut connection, "SELECT current_database()::text").await, "odd name/%?");
}

#[tokio::test]
async fn a_long_log_is_set_aside_at_the_next_start() {
    let place = Place::new();
    place.start().await.stop().await.expect("an orderly end");
    let log = File::options().append(true).open(place.dir.join("server.log")).expect("the log");
    log.set_len(11 * 1024 * 1024).expect("a long log");
    let _cluster = place.start().await;
    assert!(size(&place.dir.join("server.log.old")) > 10 * 1024 * 1024);
    assert!(size(&place.dir.join("server.log")) < 1024 * 1024);
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").len()
}
