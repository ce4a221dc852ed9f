//! Making the data, and starting, finding and stopping its server. All under the lock.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::error::At;
use super::home::Home;
use super::programs::Programs;
use super::{ClusterError, DATABASE, Options, USER};

/// How long a start may take. Long, because after a crash it replays what the checkpoint missed.
const START_LIMIT: Duration = Duration::from_secs(300);

/// How long a server may take to end before it is ended hard, which it recovers from at its next start.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How long a server may take to answer before it is asked again.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Makes the data if there is none, starts the server if it does not run, and gives the folder of its socket.
pub(super) fn ensure(home: &Home, options: &Options) -> Result<PathBuf, ClusterError> {
    let until = Instant::now() + START_LIMIT;
    let claim = loop {
        if let Some(claim) = home.claim_data()? {
            break claim;
        }
        match Postmaster::find(home) {
            Some(running) if running.ready && answers(&running.socket_dir) => return Ok(running.socket_dir),
            // It comes up for a process that was killed, or it goes down, or it was killed itself just now.
            _ if Instant::now() < until => sleep(LOOK_AGAIN),
            _ => return Err(not_up(home, 0)),
        }
    };
    if let Some(foreign) = Postmaster::find(home) {
        let by = format!("process {} serves it, which Baton did not start", foreign.pid);
        return Err(ClusterError::InUse { path: home.data(), by });
    }
    let programs = Programs::find(&home.data(), options.programs.as_deref())?;
    if !home.data().exists() {
        make(home, &programs, &claim, options)?;
    }
    start(home, &programs, claim, options, until)
}

/// Makes the data beside its final place: what is half made was never served, holds nothing and is made again.
fn make(home: &Home, programs: &Programs, claim: &File, options: &Options) -> Result<(), ClusterError> {
    tracing::info!(folder = %home.dir.display(), "making the database, which takes a few seconds");
    let half_made = home.dir.join("data.half-made");
    let mut output = String::new();
    let made = ["C.UTF-8", "en_US.UTF-8", "C"].into_iter().any(|letters| {
        // Fails when there is nothing to remove.
        let _ = fs::remove_dir_all(&half_made);
        match initdb(home, programs, claim, options, &half_made, letters) {
            Ok(()) => true,
            Err(said) => {
                output = said;
                false
            }
        }
    });
    if !made {
        return Err(ClusterError::NotMade { data_dir: home.data(), output });
    }
    create_database(home, programs, claim, &half_made)?;
    let settings = half_made.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .open(&settings)
        .and_then(|mut file| {
            file.write_all(b"\n# Written by Baton at every start. ALTER SYSTEM overrides it.\n")?;
            file.write_all(b"include 'baton.conf'\n")?;
            file.sync_all()
        })
        .at(&settings)?;
    fs::rename(&half_made, home.data()).at(&half_made)?;
    if options.fsync {
        File::open(&home.dir).and_then(|dir| dir.sync_all()).at(&home.dir)?;
    }
    Ok(())
}

/// Orders by bytes, which no upgrade of the system changes; `letters` says what upper and lower case are.
fn initdb(
    home: &Home,
    programs: &Programs,
    claim: &File,
    options: &Options,
    into: &Path,
    letters: &str,
) -> Result<(), String> {
    let mut command = server_command(home, &programs.initdb());
    command.arg("-D").arg(into).args(["-U", USER, "--encoding=UTF8", "--locale=C", "--data-checksums"]);
    command.arg(format!("--lc-ctype={letters}")).args(["--auth-local=trust", "--auth-host=reject"]);
    if !options.fsync {
        command.arg("--no-sync");
    }
    // It does not read its input: it only holds the claim, so that when this process is killed the next one waits.
    let claim = claim.try_clone().map_err(|error| error.to_string())?;
    let output = command.stdin(claim).output().map_err(|error| error.to_string())?;
    if output.status.success() { Ok(()) } else { Err(said(&output)) }
}

/// Before the server first runs, so that no cluster is without its database.
fn create_database(home: &Home, programs: &Programs, claim: &File, data: &Path) -> Result<(), ClusterError> {
    let program = programs.postgres();
    let failed = |source| ClusterError::Program { program: program.clone(), source };
    let mut single = server_command(home, &program)
        .arg("--single")
        .arg("-D")
        .arg(data)
        .args(["-c", "exit_on_error=on", "template1"])
        .stdin(Stdio::piped())
        .stdout(claim.try_clone().map_err(failed)?)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = single.stdin.take() {
        // If it ended early, its status and its output say why.
        let _ = writeln!(input, "CREATE DATABASE {DATABASE}");
    }
    let output = single.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    Err(ClusterError::NotMade { data_dir: home.data(), output: said(&output) })
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&text).trim().to_owned()
}

fn start(
    home: &Home,
    programs: &Programs,
    claim: File,
    options: &Options,
    until: Instant,
) -> Result<PathBuf, ClusterError> {
    let socket_dir = home.make_socket_dir()?;
    clear_stale(home, &socket_dir)?;
    write_settings(home, &socket_dir, options)?;
    home.rotate_log()?;
    let log = home.log_for_appending()?;
    let written = log.metadata().at(&home.log())?.len();
    let program = programs.postgres();
    let mut server = server_command(home, &program)
        .arg("-D")
        .arg(home.data())
        .stdin(claim)
        .stdout(log.try_clone().at(&home.log())?)
        .stderr(log)
        // Ctrl-C in the terminal is for Baton, which lets its requests end first.
        .process_group(0)
        .spawn()
        .map_err(|source| ClusterError::Program { program: program.clone(), source })?;
    loop {
        if Postmaster::find(home).is_some_and(|running| running.ready) {
            reap_when_ended(server);
            return Ok(socket_dir);
        }
        if server.try_wait().at(&program)?.is_some() {
            return Err(not_up(home, written));
        }
        if Instant::now() > until {
            reap_when_ended(server);
            return Err(not_up(home, written));
        }
        sleep(LOOK_AGAIN);
    }
}

/// Removes the traces of a server that was killed. Its process number may belong to any process by now, and the
/// server would then believe that it still runs.
fn clear_stale(home: &Home, socket_dir: &Path) -> Result<(), ClusterError> {
    for name in [".s.PGSQL.5432", ".s.PGSQL.5432.lock"] {
        remove_if_there(&socket_dir.join(name))?;
    }
    // This file also names the shared memory by which the server finds surviving children, so it is not removed.
    // The number of its own parent, which is this process, it takes for stale.
    let pid_file = home.data().join("postmaster.pid");
    if let Some((_, rest)) =
        fs::read_to_string(&pid_file).ok().as_deref().and_then(|text| text.split_once('\n'))
    {
        replace(home, &pid_file, &format!("{}\n{rest}", std::process::id()))?;
    }
    Ok(())
}

fn write_settings(home: &Home, socket_dir: &Path, options: &Options) -> Result<(), ClusterError> {
    let durability = if options.fsync {
        "synchronous_commit = on\n"
    } else {
        "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n"
    };
    let settings = format!(
        "listen_addresses = ''\n\
         port = 5432\n\
         unix_socket_directories = '{}'\n\
         unix_socket_permissions = 0700\n\
         max_connections = {}\n\
         shared_buffers = {}MB\n\
         maintenance_work_mem = 128MB\n\
         wal_buffers = 16MB\n\
         max_wal_size = 2GB\n\
         checkpoint_timeout = 15min\n\
         checkpoint_completion_target = 0.9\n\
         random_page_cost = 1.1\n\
         jit = off\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n\
         log_line_prefix = '%m [%p] '\n\
         # Baton reports the errors of its statements itself, and the log keeps no personal data.\n\
         log_min_messages = log\n\
         log_min_error_statement = panic\n\
         log_checkpoints = off\n\
         {durability}",
        socket_dir.display(),
        options.max_connections,
        shared_buffers_mb(),
    );
    replace(home, &home.data().join("baton.conf"), &settings)
}

/// An eighth of the machine's memory, within bounds: less than what is advised for a server of its own, because Baton
/// and others live beside it. Postgres takes it as it needs it.
fn shared_buffers_mb() -> u64 {
    let total_kb = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    total_kb.map_or(128, |kb| (kb / 1024 / 8).clamp(128, 1024))
}

/// Writes a file of the account anew, never through a link.
fn replace(home: &Home, path: &Path, text: &str) -> Result<(), ClusterError> {
    remove_if_there(path)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .at(path)?;
    home.give_to_account(path)
}

fn remove_if_there(path: &Path) -> Result<(), ClusterError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).at(path),
        _ => Ok(()),
    }
}

/// Stops the server, if there is one, and waits for its end.
pub(super) fn stop(home: &Home) -> Result<(), ClusterError> {
    let hard_from = Instant::now() + STOP_LIMIT;
    let mut told = None;
    while home.claim_data()?.is_none() {
        // Fast shutdown: connections are closed, commits are kept.
        let how = if Instant::now() < hard_from { Signal::SIGINT } else { Signal::SIGQUIT };
        if let Some(running) = Postmaster::find(home)
            && told != Some((running.pid, how))
        {
            // If it has ended just now, it is gone when looked for again.
            let _ = kill(Pid::from_raw(running.pid), how);
            told = Some((running.pid, how));
        }
        sleep(LOOK_AGAIN);
    }
    if told.is_some() {
        home.remove_short_socket_dir();
    }
    Ok(())
}

/// Waits for a child in a thread of its own, so that it leaves no zombie however long this process lives.
pub(super) fn reap_when_ended(mut child: Child) {
    std::thread::spawn(move || child.wait());
}

/// A server program, run as the account, in the cluster's folder, untouched by settings for other servers.
fn server_command(home: &Home, program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C").current_dir(&home.dir);
    if let Some(account) = home.account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// The running server of a cluster, as its pid file tells.
struct Postmaster {
    pid: i32,
    socket_dir: PathBuf,
    ready: bool,
}

impl Postmaster {
    fn find(home: &Home) -> Option<Postmaster> {
        let data = home.data();
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let pid = lines.first()?.trim().parse().ok().filter(|pid| *pid > 0)?;
        is_server_of(pid, &data).then(|| Postmaster {
            pid,
            socket_dir: lines.get(4).copied().unwrap_or_default().into(),
            ready: lines.get(7).is_some_and(|line| line.trim() == "ready"),
        })
    }
}

/// Whether the server serves: it is asked for encryption, which it declines without looking at who asks.
fn answers(socket_dir: &Path) -> bool {
    const ENCRYPTION_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    let ask = || {
        let mut server = UnixStream::connect(socket_dir.join(".s.PGSQL.5432"))?;
        server.set_read_timeout(Some(ANSWER_LIMIT))?;
        server.write_all(&ENCRYPTION_REQUEST)?;
        server.read_exact(&mut [0])
    };
    ask().is_ok()
}

/// Whether the process lives and is a server of this data: its number may have been given to another one.
fn is_server_of(pid: i32, data: &Path) -> bool {
    if kill(Pid::from_raw(pid), None).is_err() {
        return false;
    }
    match fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(folder) => folder == data,
        // Root in a container may not look at the processes of other accounts so closely.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| {
                line.split(|byte| *byte == 0).next().is_some_and(|program| program.ends_with(b"postgres"))
            }),
        Err(_) => !Path::new("/proc/self").exists(),
    }
}

fn not_up(home: &Home, written: u64) -> ClusterError {
    let log = home.log();
    let mut tail = Vec::new();
    if let Ok(mut file) = File::open(&log) {
        let length = file.metadata().map_or(0, |log| log.len());
        let from = written.max(length.saturating_sub(2000));
        // What cannot be read is missing from the message, which still names the file.
        let _ = file.seek(SeekFrom::Start(from)).and_then(|_| file.read_to_end(&mut tail));
    }
    ClusterError::NotUp { log, tail: String::from_utf8_lossy(&tail).trim().to_owned() }
}
