//! What is refused, and what it says.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use baton::db::cluster::{ClusterError, Options};
use nix::unistd::geteuid;

use super::{Place, connect, eventually, text};

#[tokio::test]
async fn data_of_another_major_version_is_refused() {
    let place = Place::new();
    place.start().await.stop().await.expect("an orderly end");
    let version = place.dir.join("data/PG_VERSION");
    fs::write(&version, "9\n").expect("another version");
    let refusal = place.refusal(&place.options()).await;
    assert!(matches!(refusal, ClusterError::OtherVersion { made_by: 9, .. }), "{refusal}");
    assert!(refusal.to_string().contains("Install PostgreSQL 9"), "{refusal}");
    assert_eq!(fs::read_to_string(version).expect("the version"), "9\n", "the data is left as it is");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused() {
    let place = Place::at("file/db");
    fs::write(place.temp.path().join("file"), "").expect("a file");
    let refusal = place.refusal(&place.options()).await;
    assert!(matches!(refusal, ClusterError::NotWritable { .. }), "{refusal}");
    if !geteuid().is_root() {
        let place = Place::new();
        fs::set_permissions(place.temp.path(), Permissions::from_mode(0o555)).expect("a closed folder");
        let refusal = place.refusal(&place.options()).await;
        assert!(matches!(refusal, ClusterError::NotWritable { .. }), "{refusal}");
    }
}

#[tokio::test]
async fn a_folder_with_other_files_is_refused_and_left_alone() {
    let place = Place::new();
    fs::create_dir(&place.dir).expect("a folder");
    fs::set_permissions(&place.dir, Permissions::from_mode(0o755)).expect("an open folder");
    fs::write(place.dir.join("letter.txt"), "Dear").expect("a file");
    let refusal = place.refusal(&place.options()).await;
    assert!(matches!(refusal, ClusterError::InUse { .. }), "{refusal}");
    assert_eq!(fs::metadata(&place.dir).expect("the folder").mode() & 0o777, 0o755);
}

#[tokio::test]
async fn a_server_that_something_else_started_is_left_alone() {
    let place = Place::new();
    let cluster = place.start().await;
    let server = place.server();
    // What a server of ours holds is out of sight, as if it had been started by hand.
    let (held, hidden) = (place.dir.join("serving"), place.dir.join("hidden"));
    fs::rename(&held, &hidden).expect("a file that the server holds");
    let refusal = place.refusal(&place.options()).await;
    fs::rename(&hidden, &held).expect("the file back in its place");
    assert!(matches!(refusal, ClusterError::InUse { .. }), "{refusal}");
    assert!(refusal.to_string().contains(&server.to_string()), "{refusal}");
    assert_eq!(text(&mut connect(&cluster).await, "SELECT 'served'").await, "served");
}

#[tokio::test]
async fn missing_programs_are_told_with_their_remedy() {
    let place = Place::new();
    let none = Options { programs: Some("/nowhere".into()), ..place.options() };
    let refusal = place.refusal(&none).await;
    assert!(matches!(refusal, ClusterError::WrongPrograms { .. }), "{refusal}");
    assert!(refusal.to_string().contains("/nowhere"), "{refusal}");
    eventually("the guard ends", || place.guard().is_none()).await;
}

#[tokio::test]
async fn programs_that_are_too_old_are_not_used() {
    let place = Place::new();
    let programs = place.temp.path().join("bin");
    fs::create_dir(&programs).expect("a folder");
    for (name, says) in [("postgres", "postgres (PostgreSQL) 14.9"), ("initdb", "")] {
        let program = programs.join(name);
        fs::write(&program, format!("#!/bin/sh\necho '{says}'\n")).expect("a program");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("a program that runs");
    }
    let refusal = place.refusal(&Options { programs: Some(programs), ..place.options() }).await;
    assert!(matches!(refusal, ClusterError::WrongPrograms { oldest: 15, .. }), "{refusal}");
}

#[tokio::test]
async fn a_server_that_does_not_come_up_is_told_with_the_end_of_its_log() {
    let place = Place::new();
    place.start().await.stop().await.expect("an orderly end");
    fs::write(place.dir.join("data/postgresql.auto.conf"), "no_such_setting = 1\n").expect("settings");
    let refusal = place.refusal(&place.options()).await;
    let ClusterError::NotUp { tail, .. } = &refusal else { panic!("{refusal}") };
    assert!(tail.contains("no_such_setting"), "{tail}");
}

#[tokio::test]
async fn a_program_that_is_no_guard_is_told() {
    let place = Place::new();
    let refusal = place.refusal(&Options { guard: Some("/bin/cat".into()), ..place.options() }).await;
    assert!(matches!(refusal, ClusterError::Guard { .. }), "{refusal}");
    assert!(!place.dir.join("data").exists(), "no server is started that nobody would stop");
}

#[tokio::test]
async fn a_folder_under_tmp_that_another_made_is_not_used_for_the_socket() {
    let place = Place::at(&"long".repeat(40));
    let cluster = place.start().await;
    let socket_dir = cluster.socket_dir().to_owned();
    cluster.stop().await.expect("an orderly end");
    fs::create_dir(&socket_dir).expect("a folder that was there first");
    fs::set_permissions(&socket_dir, Permissions::from_mode(0o777)).expect("open to everybody");
    let refusal = place.refusal(&place.options()).await;
    fs::remove_dir(&socket_dir).expect("an empty folder");
    assert!(matches!(refusal, ClusterError::InUse { .. }), "{refusal}");
}
