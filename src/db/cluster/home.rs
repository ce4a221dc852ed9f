//! The cluster's folder, the account that owns it, and the lock on it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;
use nix::unistd::{Uid, User, geteuid};

use super::ClusterError;
use super::error::At;

/// The longest folder of a socket: an address has 104 bytes on some systems, of which `/.s.PGSQL.5432` and the
/// closing zero take 15.
const SOCKET_DIR_MAX: usize = 88;

/// Where root keeps a cluster whose account cannot reach the folder that was asked for.
const ELSEWHERE: &str = "/var/lib/baton";

/// From this size on the log is set aside at the next start of the server.
const LOG_BYTES: u64 = 10 * 1024 * 1024;

/// The account that the server runs as when Baton runs as root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// The folder of a cluster. Everything in it belongs to the account, if there is one.
#[derive(Debug)]
pub(super) struct Home {
    pub dir: PathBuf,
    pub account: Option<Account>,
}

impl Home {
    /// A folder that exists and was prepared by [`Home::open`].
    pub fn at(dir: PathBuf) -> Home {
        Home { dir, account: None }
    }

    /// Chooses the folder, makes it if it is missing, and closes it to everybody else.
    pub fn open(wanted: &Path) -> Result<Home, ClusterError> {
        let wanted = std::path::absolute(wanted).at(wanted)?;
        let home =
            if geteuid().is_root() { Home::for_root(wanted)? } else { Home { dir: wanted, account: None } };
        home.prepare()
    }

    fn for_root(wanted: PathBuf) -> Result<Home, ClusterError> {
        let account = match fs::metadata(wanted.join("data")) {
            Ok(data) if data.uid() != 0 => Account { uid: data.uid(), gid: data.gid() },
            _ => server_account()?,
        };
        let elsewhere = Path::new(ELSEWHERE).join(format!("{:016x}", fingerprint(&wanted)));
        let stays =
            wanted.join("data").exists() || (!elsewhere.join("data").exists() && account.reaches(&wanted));
        let dir = if stays { wanted } else { elsewhere_because(&wanted, account, elsewhere) };
        Ok(Home { dir, account: Some(account) })
    }

    fn prepare(mut self) -> Result<Home, ClusterError> {
        if let Some(parent) = self.dir.parent() {
            make_parents(parent)?;
        }
        match DirBuilder::new().mode(0o700).create(&self.dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).at(&self.dir);
            }
            _ => {}
        }
        self.refuse_foreign_folder()?;
        let found = fs::metadata(&self.dir).at(&self.dir)?;
        if found.mode() & 0o777 != 0o700 {
            fs::set_permissions(&self.dir, Permissions::from_mode(0o700)).at(&self.dir)?;
        }
        if self.account.is_some_and(|account| account.uid != found.uid()) {
            self.give_to_account(&self.dir)?;
        }
        self.dir = fs::canonicalize(&self.dir).at(&self.dir)?;
        Ok(self)
    }

    /// A folder that holds other files would be closed to its owner: it must be a mistake.
    fn refuse_foreign_folder(&self) -> Result<(), ClusterError> {
        let foreign = fs::read_dir(&self.dir).at(&self.dir)?.next().is_some() && !self.lock_file().exists();
        if foreign {
            let by = "it holds files that are not of a database of Baton".to_owned();
            return Err(ClusterError::InUse { path: self.dir.clone(), by });
        }
        Ok(())
    }

    /// Waits until no other process starts, stops or joins the server. Lasts as long as the file is open.
    pub fn lock(&self) -> Result<File, ClusterError> {
        let path = self.lock_file();
        let file = self.open_file(&path, OpenOptions::new().write(true))?;
        file.lock().at(&path)?;
        Ok(file)
    }

    /// What a server program holds open as long as it or a child of it lives, even one that was started by a process
    /// killed since. None while there is such a program.
    pub fn claim_data(&self) -> Result<Option<File>, ClusterError> {
        let path = self.dir.join("serving");
        let file = self.open_file(&path, OpenOptions::new().write(true))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).at(&path),
        }
    }

    /// The server's log, to which the guard writes too.
    pub fn log_for_appending(&self) -> Result<File, ClusterError> {
        self.open_file(&self.log(), OpenOptions::new().append(true))
    }

    /// Sets a long log aside.
    pub fn rotate_log(&self) -> Result<(), ClusterError> {
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|log| log.len() > LOG_BYTES) {
            fs::rename(&log, self.dir.join("server.log.old")).at(&log)?;
        }
        Ok(())
    }

    /// Opens or makes a file of ours. Never through a link: the account could have laid one for root to follow.
    fn open_file(&self, path: &Path, options: &mut OpenOptions) -> Result<File, ClusterError> {
        let file = options.create(true).mode(0o600).custom_flags(O_NOFOLLOW).open(path).at(path)?;
        if let Some(account) = self.account {
            fchown(&file, Some(account.uid), Some(account.gid)).at(path)?;
        }
        Ok(file)
    }

    pub fn give_to_account(&self, path: &Path) -> Result<(), ClusterError> {
        match self.account {
            Some(account) => chown(path, Some(account.uid), Some(account.gid)).at(path),
            None => Ok(()),
        }
    }

    /// The folder of the socket, closed to everybody else: in the cluster's folder, or under `/tmp` when that path
    /// is too long or not plain enough for the server's configuration.
    pub fn make_socket_dir(&self) -> Result<PathBuf, ClusterError> {
        let inside = self.dir.join("socket");
        let plain = inside
            .as_os_str()
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(byte));
        let dir = if plain && inside.as_os_str().len() <= SOCKET_DIR_MAX {
            inside
        } else {
            self.short_socket_dir()
        };
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => self.give_to_account(&dir)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).at(&dir),
        }
        let found = fs::symlink_metadata(&dir).at(&dir)?;
        let owner = self.account.map_or(geteuid().as_raw(), |account| account.uid);
        if !found.is_dir() || found.uid() != owner || found.mode() & 0o077 != 0 {
            return Err(ClusterError::InUse { path: dir, by: "another user made it".to_owned() });
        }
        Ok(dir)
    }

    /// Removes the folder of the socket if it is not in the cluster's own, where it would be left behind.
    pub fn remove_short_socket_dir(&self) {
        // It is absent where the socket is inside, and a leftover does no harm.
        let _ = fs::remove_dir(self.short_socket_dir());
    }

    fn short_socket_dir(&self) -> PathBuf {
        PathBuf::from(format!("/tmp/baton-{:016x}", fingerprint(&self.dir)))
    }

    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("server.log")
    }

    pub fn users(&self) -> PathBuf {
        self.dir.join("users")
    }

    fn lock_file(&self) -> PathBuf {
        self.dir.join("lock")
    }
}

impl Account {
    /// Whether this account may pass through all folders above `path`, of which the last ones may not exist yet.
    fn reaches(self, path: &Path) -> bool {
        let Some(Ok(above)) = path.ancestors().skip(1).map(fs::canonicalize).find(Result::is_ok) else {
            return false;
        };
        above.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|folder| {
                let needed = if folder.uid() == self.uid {
                    0o100
                } else if folder.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                // What is no folder is told when the folder below it cannot be made.
                !folder.is_dir() || folder.mode() & needed != 0
            })
        })
    }
}

fn server_account() -> Result<Account, ClusterError> {
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(|user| Account { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
        .ok_or(ClusterError::NoAccount)
}

fn elsewhere_because(wanted: &Path, account: Account, elsewhere: PathBuf) -> PathBuf {
    let name = User::from_uid(Uid::from_raw(account.uid)).ok().flatten().map(|user| user.name);
    tracing::warn!(
        account = name.unwrap_or_else(|| account.uid.to_string()),
        wanted = %wanted.display(),
        used = %elsewhere.display(),
        "the account of the database server cannot reach the data folder, so the database is kept elsewhere"
    );
    elsewhere
}

/// Makes the missing folders above the cluster's, which the server's account has to pass through.
fn make_parents(parent: &Path) -> Result<(), ClusterError> {
    let missing: Vec<&Path> = parent.ancestors().take_while(|folder| !folder.exists()).collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Ok(()) if geteuid().is_root() => {
                fs::set_permissions(folder, Permissions::from_mode(0o755)).at(folder)?;
            }
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).at(folder),
        }
    }
    Ok(())
}

/// FNV-1a: the same for the same path, in every version of this program.
fn fingerprint(path: &Path) -> u64 {
    path.as_os_str()
        .as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
