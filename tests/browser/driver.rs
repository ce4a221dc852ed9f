//! chromedriver and the browsers that it opens.

use std::process::{Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::process::{Process, free_port};

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    On,
    Off,
}

pub struct Driver {
    process: Process,
    /// Profiles of the browsers; Chromium ends with its driver, before they are removed.
    profiles: TempDir,
}

impl Driver {
    pub async fn start() -> Driver {
        let port = free_port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null());
        Driver {
            process: Process::start(&mut command, port).await,
            profiles: TempDir::new().expect("a folder"),
        }
    }

    /// A new browser with a fresh profile.
    pub async fn session(&self, script: Script) -> Client {
        let profile = tempfile::tempdir_in(self.profiles.path()).expect("a folder").keep();
        // Tall, because without script nothing can be scrolled into view.
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-prefers-reduced-motion",
            "--window-size=1280,2400",
        ]
        .map(String::from)
        .into();
        arguments.push(format!("--user-data-dir={}", profile.display()));
        // 1 allows, 2 blocks.
        let javascript = if script == Script::On { 1 } else { 2 };
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "args": arguments,
                "prefs": { "profile.managed_default_content_settings.javascript": javascript },
            },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().expect("an object").clone())
            .connect(&format!("http://127.0.0.1:{}", self.process.port))
            .await
            .expect("Chromium starts; bin/setup test installs it")
    }
}

impl Drop for Driver {
    /// The driver ends its browsers when it is asked to end, but not when it is killed.
    fn drop(&mut self) {
        use std::io::{Read, Write};
        if let Ok(mut connection) = std::net::TcpStream::connect(("127.0.0.1", self.process.port)) {
            // Without an answer the signal of `Process` follows.
            _ = connection
                .write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            _ = connection.read_to_end(&mut vec![]);
        }
    }
}
