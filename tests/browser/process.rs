//! Programs that end with the test that started them, also when it fails.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// How long a program may take to answer at all.
const START: Duration = Duration::from_secs(60);

/// A running program, at the head of a process group of its own.
pub struct Process {
    child: Child,
    pub port: u16,
}

impl Process {
    /// Starts a program that listens on this port, and waits until it does.
    pub async fn start(command: &mut Command, port: u16) -> Process {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} cannot be started: {error}. Run bin/setup test."));
        let mut process = Process { child, port };
        let step = Duration::from_millis(50);
        for _ in 0..START.as_millis() / step.as_millis() {
            if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return process;
            }
            if let Ok(Some(status)) = process.child.try_wait() {
                panic!("{program} ended at once with {status}");
            }
            sleep(step).await;
        }
        panic!("{program} does not listen on port {port}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        // What has ended already needs no signal.
        _ = killpg(group, Signal::SIGTERM);
        for _ in 0..100 {
            if let Ok(Some(_)) = self.child.try_wait() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        _ = killpg(group, Signal::SIGKILL);
        _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}
