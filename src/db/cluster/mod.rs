//! The private PostgreSQL cluster that Baton keeps when it is given no database of its own.
//!
//! The server programs are those of the machine; the data, the lock and the socket are in one folder that nobody
//! else can enter. Every process that uses the cluster holds a FIFO open for writing; a tiny guard process in a
//! session of its own reads it, and when the last user has ended, however it ended, the guard stops the server.
//! Whoever starts next adopts what it finds: a running server, one left by a killed process, or none.

mod error;
mod guard;
mod home;
mod programs;
mod server;

use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::ClusterError;
pub use guard::run_guard_if_asked;
use home::Home;

/// The database that every cluster has from the start.
pub const DATABASE: &str = "baton";

/// The only database user. There is no password: the folder of the socket lets nobody else in.
const USER: &str = "baton";

/// What a cluster is started with. All but `data_dir` counts only for the process that starts the server;
/// later ones join it as it is.
#[derive(Debug, Clone)]
pub struct Options {
    /// The cluster's own folder: absent, empty, or made by an earlier start.
    pub data_dir: PathBuf,
    /// Whether a commit survives a power failure. False only for tests.
    pub fsync: bool,
    /// How many connections the server accepts from all processes together.
    pub max_connections: u32,
    /// How long the server outlives its last user. Zero, except for tests, whose processes come and go.
    pub linger: Duration,
    /// Where the server programs are. None: they are searched for.
    pub programs: Option<PathBuf>,
    /// A program that begins with [`run_guard_if_asked`]. None: the running one.
    pub guard: Option<PathBuf>,
}

impl Options {
    /// The usual options. The server programs are those of `PG_BIN` when it is set.
    pub fn new(data_dir: impl Into<PathBuf>) -> Options {
        Options {
            data_dir: data_dir.into(),
            fsync: true,
            max_connections: 100,
            linger: Duration::ZERO,
            programs: std::env::var_os("PG_BIN").filter(|path| !path.is_empty()).map(PathBuf::from),
            guard: None,
        }
    }
}

/// A running cluster. The server lives at least as long as one of these in any process; dropping the last one,
/// or being killed with it, stops the server soon after.
#[derive(Debug)]
pub struct Cluster {
    home: Home,
    socket_dir: PathBuf,
    user: File,
}

impl Cluster {
    /// Makes the cluster if there is none, starts its server if it does not run, and joins its users.
    ///
    /// Safe to call from many processes at once: one does the work, the others wait for it.
    pub async fn start(options: &Options) -> Result<Cluster, ClusterError> {
        let options = options.clone();
        in_background(move || Cluster::start_blocking(&options)).await
    }

    fn start_blocking(options: &Options) -> Result<Cluster, ClusterError> {
        let home = Home::open(&options.data_dir)?;
        let lock = home.lock()?;
        let user = guard::join(&home, options)?;
        let socket_dir = server::ensure(&home, options)?;
        drop(lock);
        Ok(Cluster { home, socket_dir, user })
    }

    /// Stops the server and waits for its end, unless another process or handle still uses it.
    pub async fn stop(self) -> Result<(), ClusterError> {
        in_background(move || {
            let _lock = self.home.lock()?;
            drop(self.user);
            if guard::no_user_left(&self.home)? {
                server::stop(&self.home)?;
            }
            Ok(())
        })
        .await
    }

    /// Where the cluster is kept: `Options::data_dir`, or another folder when Baton runs as root and the server's
    /// account cannot reach that one.
    pub fn data_dir(&self) -> &Path {
        &self.home.dir
    }

    /// The folder of the server's socket.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The database user, a superuser of this cluster.
    pub fn user(&self) -> &str {
        USER
    }

    /// The address of a database of this cluster, as sqlx and libpq read it.
    pub fn url(&self, database: &str) -> String {
        let socket_dir = percent_encoded(self.socket_dir.as_os_str().as_bytes());
        format!("postgres://{USER}@localhost/{}?host={socket_dir}", percent_encoded(database.as_bytes()))
    }
}

async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(*byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
