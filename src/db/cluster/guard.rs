//! The lifetime of the server: every user holds the FIFO open for writing, the guard reads it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{O_NOFOLLOW, O_NONBLOCK};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::SigSet;
use nix::sys::stat::Mode;
use nix::unistd::{dup2_stdin, mkfifo, read, setsid};

use super::error::At;
use super::home::Home;
use super::{ClusterError, Options, server};

/// The argument that makes a program the guard, followed by the folder and the milliseconds to linger.
const GUARD: &str = "__guard";

/// What the guard says when it has begun to watch.
const WATCHING: &str = "watching";

/// How long a program that another thread starts just now may hold what is open here, until it is loaded.
const FORKING: Duration = Duration::from_millis(200);

/// Becomes a user of the cluster and makes sure that a guard watches. The caller holds the lock.
pub(super) fn join(home: &Home, options: &Options) -> Result<File, ClusterError> {
    let path = home.users();
    match mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR) {
        Ok(()) => home.give_to_account(&path)?,
        Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno).at(&path),
    }
    // Opening for writing without waiting fails when nobody reads, which is when there is no guard.
    match open_for_writing(&path) {
        Ok(user) => return Ok(user),
        Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => {}
        Err(error) => return Err(error).at(&path),
    }
    // The guard gets its end already open, after a writer exists: it sees the end even of a user that is killed here.
    let reader = open_for_reading(&path).at(&path)?;
    let user = open_for_writing(&path).at(&path)?;
    start_guard(home, reader, options)?;
    Ok(user)
}

/// Whether nobody uses the cluster. The caller holds the lock and has dropped its own use.
pub(super) fn no_user_left(home: &Home) -> Result<bool, ClusterError> {
    let path = home.users();
    let reader = open_for_reading(&path).at(&path)?;
    let until = Instant::now() + FORKING;
    loop {
        if no_writer(reader.as_fd()).at(&path)? {
            return Ok(true);
        }
        if Instant::now() > until {
            return Ok(false);
        }
        std::thread::sleep(FORKING / 20);
    }
}

fn open_for_writing(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).custom_flags(O_NONBLOCK | O_NOFOLLOW).open(path)
}

fn open_for_reading(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOFOLLOW).open(path)
}

fn no_writer(fifo: BorrowedFd) -> io::Result<bool> {
    match read(fifo, &mut [0; 1]) {
        Ok(read) => Ok(read == 0),
        Err(Errno::EAGAIN) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

fn start_guard(home: &Home, reader: File, options: &Options) -> Result<(), ClusterError> {
    let program = match &options.guard {
        Some(program) => program.clone(),
        None => std::env::current_exe()
            .map_err(|source| ClusterError::Program { program: "the running program".into(), source })?,
    };
    let mut guard = Command::new(&program)
        .arg(GUARD)
        .arg(&home.dir)
        .arg(options.linger.as_millis().to_string())
        .current_dir("/")
        .stdin(reader)
        .stdout(Stdio::piped())
        .stderr(home.log_for_appending()?)
        .spawn()
        .map_err(|source| ClusterError::Program { program: program.clone(), source })?;
    let mut said = String::new();
    if let Some(output) = guard.stdout.take() {
        // Whatever goes wrong here shows in what was said.
        let _ = BufReader::new(output).read_line(&mut said);
    }
    let watches = said.trim_end() == WATCHING;
    if !watches {
        // It may have ended by itself.
        let _ = guard.kill();
    }
    server::reap_when_ended(guard);
    if watches { Ok(()) } else { Err(ClusterError::Guard { program, log: home.log() }) }
}

/// Runs the guard if this process was started as one, and then gives the code to end with.
///
/// To be called first in `main`, before threads are started or arguments are read.
pub fn run_guard_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != GUARD {
        return None;
    }
    let (Some(dir), Some(linger)) = (args.next(), args.next().and_then(milliseconds)) else {
        return Some(ExitCode::FAILURE);
    };
    match watch(&Home::at(dir.into()), linger) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("guard: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn milliseconds(argument: OsString) -> Option<Duration> {
    argument.to_str()?.parse().ok().map(Duration::from_millis)
}

fn watch(home: &Home, linger: Duration) -> Result<(), ClusterError> {
    // The guard ends when the last user has ended. Ctrl-C and an orderly shutdown of the machine are for the users.
    let _ = setsid();
    let _ = SigSet::all().thread_block();
    let _ = writeln!(io::stdout(), "{WATCHING}");

    let users = io::stdin();
    loop {
        let mut waiting = [PollFd::new(users.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).at(&home.users()),
        }
        std::thread::sleep(linger);
        let _lock = home.lock()?;
        if no_writer(users.as_fd()).at(&home.users())? {
            server::stop(home)?;
            // A user that comes when the lock is free must not take this process for a guard.
            return File::open("/dev/null").and_then(|null| Ok(dup2_stdin(null)?)).at(Path::new("/dev/null"));
        }
    }
}
