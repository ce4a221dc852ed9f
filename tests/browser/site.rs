//! An installation that the real binary serves, over a database of its own.

use std::process::{Command, Stdio};

use baton::auth::User;
use baton::kernel::clock::Clock;
use baton::kernel::ids::LeadId;
use sqlx::ConnectOptions;

use crate::browser::Browser;
use crate::driver::{Driver, Script};
use crate::process::{Process, free_port};
use crate::support::{self, PASSWORD, TestApp, good_fit};

/// Fields fall in this order: what uses the database ends before it is dropped.
pub struct Site {
    driver: Driver,
    server: Process,
    /// The same installation from within, to fill it before somebody looks.
    pub within: TestApp,
}

impl Site {
    /// An installation with the default agreement and nobody in it.
    pub async fn start() -> Site {
        let within = support::app_at(Clock::Wall).await;
        let port = free_port();
        let mut serve = Command::new(env!("CARGO_BIN_EXE_baton"));
        serve
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--sign-ins-per-minute", "10000"])
            .env("DATABASE_URL", within.pool().connect_options().to_url_lossy().as_str())
            .env("BATON_LOG", "error")
            .stdout(Stdio::null());
        let server = Process::start(&mut serve, port).await;
        Site { driver: Driver::start().await, server, within }
    }

    /// A browser that nobody has signed in with.
    pub async fn browser(&self, script: Script) -> Browser {
        Browser::new(self.driver.session(script).await, format!("http://127.0.0.1:{}", self.server.port))
    }

    /// A browser in which somebody has just signed in.
    pub async fn signed_in(&self, person: &User, script: Script) -> Browser {
        let browser = self.browser(script).await;
        browser.open("/sign-in").await;
        browser.fill("email", &person.email).await;
        browser.fill("password", PASSWORD).await;
        browser.press("Sign in").await;
        browser.see("h1", "Good to see you").await;
        browser
    }

    /// A lead that came in now and waits in a queue.
    pub async fn offered(&self, name: &str) -> LeadId {
        let mut new = good_fit(name);
        new.created_at = self.within.app.clock.now();
        let lead = self.within.lead(new).await;
        self.within.event(lead, "demo_request").await;
        lead
    }
}
