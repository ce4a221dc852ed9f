//! The embedded cluster, on the real server programs of the machine. Each test has a cluster of its own.

mod lifetime;
mod making;
mod refusals;

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use baton::db::cluster::{Cluster, ClusterError, DATABASE, Options};
use nix::unistd::Pid;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;

/// How long to wait for something that happens soon after, in another process.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder for one cluster. When it goes, it waits for the server and the guard to end.
struct Place {
    temp: TempDir,
    dir: PathBuf,
}

impl Place {
    fn new() -> Place {
        Place::at("db")
    }

    fn at(path: &str) -> Place {
        let temp = tempfile::tempdir().expect("a temporary folder");
        // As root the server runs under another account, which has to pass through.
        fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).expect("an open folder");
        let dir = temp.path().join(path);
        Place { temp, dir }
    }

    fn options(&self) -> Options {
        Options {
            fsync: false,
            max_connections: 20,
            guard: Some(env!("CARGO_BIN_EXE_baton").into()),
            ..Options::new(&self.dir)
        }
    }

    async fn start(&self) -> Cluster {
        Cluster::start(&self.options()).await.expect("a running cluster")
    }

    async fn refusal(&self, options: &Options) -> ClusterError {
        Cluster::start(options).await.expect_err("a refusal")
    }

    fn pid_file(&self) -> PathBuf {
        self.dir.join("data/postmaster.pid")
    }

    fn server(&self) -> Pid {
        let text = fs::read_to_string(self.pid_file()).expect("a running server");
        Pid::from_raw(text.lines().next().and_then(|pid| pid.parse().ok()).expect("a process number"))
    }

    /// The process that reads the FIFO, by its arguments.
    fn guard(&self) -> Option<Pid> {
        fs::read_dir("/proc").expect("the processes").flatten().find_map(|process| {
            let line = fs::read(process.path().join("cmdline")).ok()?;
            let args: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            let ours = args.get(1) == Some(&b"__guard".as_slice())
                && args.get(2) == Some(&self.dir.as_os_str().as_encoded_bytes());
            ours.then(|| process.file_name().to_str()?.parse().ok().map(Pid::from_raw)).flatten()
        })
    }

    /// Another process that uses the cluster: whatever holds the FIFO open for writing is one.
    fn another_user(&self) -> Child {
        let users = OpenOptions::new()
            .write(true)
            .custom_flags(nix::libc::O_NONBLOCK)
            .open(self.dir.join("users"))
            .expect("a watched FIFO");
        Command::new("sleep").arg("1000").stdout(Stdio::from(users)).spawn().expect("a sleeping process")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let end = Instant::now() + PATIENCE;
        while (self.pid_file().exists() || self.guard().is_some()) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "it did not come about that {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn connect(cluster: &Cluster) -> PgConnection {
    PgConnection::connect(&cluster.url(DATABASE)).await.expect("a connection")
}

async fn run(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.expect("a statement that runs");
}

async fn text(connection: &mut PgConnection, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(connection).await.expect("a value")
}
