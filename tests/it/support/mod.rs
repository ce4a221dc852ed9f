//! A whole application over a database of its own, and clients that ask as somebody.

pub mod client;
mod database;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::ConnectInfo;
use baton::agreement::terms::Terms;
use baton::agreement::versions;
use baton::app::{self, App};
use baton::audit::Actor;
use baton::auth::model::PersonForm;
use baton::auth::{User, actions, queries};
use baton::config::ServeConfig;
use baton::kernel::clock::Clock;
use baton::kernel::ids::LeadId;
use baton::leads::model::{NewEvent, NewLead, RawFacts};
use baton::leads::{Consent, Lead};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use serde_json::Value;

pub use client::Client;
pub use database::TestDatabase;

/// What everybody here signs in with.
pub const PASSWORD: &str = "correct horse battery";

/// A Monday morning within the working hours of the default agreement.
pub fn monday() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().expect("a time")
}

/// One node of an installation, with a clock that moves only when told.
pub struct TestApp {
    pub app: App,
    router: Router,
    database: std::sync::Arc<TestDatabase>,
    people: AtomicU32,
}

/// A new installation with the default agreement in force and nobody in it.
pub async fn app() -> TestApp {
    app_at(Clock::manual(monday())).await
}

/// The same by another clock.
pub async fn app_at(clock: Clock) -> TestApp {
    node(std::sync::Arc::new(TestDatabase::new().await), clock).await
}

async fn node(database: std::sync::Arc<TestDatabase>, clock: Clock) -> TestApp {
    let config = Arguments::parse_from(["baton", "--workers", "0", "--sign-ins-per-minute", "10000"]).serve;
    let pool = baton::db::pool(database.options(), 12).await.expect("the test database answers");
    let app = App::new(pool, clock, config);
    let router = app::router(&app)
        .expect("a router")
        .layer(axum::Extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40000)))));
    TestApp { app, router, database, people: AtomicU32::new(0) }
}

impl TestApp {
    /// Another node over the same database, by the same clock.
    pub async fn second_node(&self) -> TestApp {
        let other = node(self.database.clone(), self.app.clock.clone()).await;
        other.people.store(1000, Ordering::Relaxed);
        other
    }

    pub fn pool(&self) -> &sqlx::PgPool {
        &self.app.db
    }

    /// The app as a node that works on jobs.
    pub fn working(&self) -> App {
        let mut config = (*self.app.config).clone();
        config.workers = 1;
        App::new(self.app.db.clone(), self.app.clock.clone(), config)
    }

    pub fn advance(&self, by: TimeDelta) {
        self.app.clock.advance(by);
    }

    /// Somebody who is not signed in.
    pub fn nobody(&self) -> Client {
        Client::new(self.router.clone())
    }

    /// A new person of a department and role, as the code knows one.
    pub async fn person(&self, department: &str, role: &str) -> User {
        let n = self.people.fetch_add(1, Ordering::Relaxed);
        let form = PersonForm {
            name: format!("{} {} {n}", capital(role), capital(department)),
            email: format!("{role}{n}@{department}.example.com"),
            department: department.into(),
            role: role.into(),
            time_zone: "Europe/Berlin".into(),
            away_until: String::new(),
        };
        let mut conn = self.app.db.acquire().await.expect("a connection");
        let created =
            actions::create_user(&mut conn, &form, PASSWORD, &Actor::System, self.app.clock.now()).await;
        let id = created.expect("no fault").expect("a sound person");
        let row = queries::user(&mut conn, id).await.expect("no fault").expect("the person");
        User {
            id,
            name: row.name,
            email: row.email,
            department: row.department,
            role: row.role,
            time_zone: chrono_tz::Europe::Berlin,
            away_until: None,
        }
    }

    /// A signed-in client of a new person.
    pub async fn client(&self, department: &str, role: &str) -> Client {
        let person = self.person(department, role).await;
        self.sign_in(&person).await
    }

    /// A signed-in client of this person.
    pub async fn sign_in(&self, person: &User) -> Client {
        let mut client = self.nobody();
        let page = client.post("/sign-in", &[("email", &person.email), ("password", PASSWORD)]).await;
        assert_eq!(page.status, 303, "{}", page.body);
        client.user = Some(person.clone());
        client
    }

    pub async fn marketer(&self) -> Client {
        self.client("marketing", "member").await
    }

    pub async fn rep(&self) -> Client {
        self.client("sales", "member").await
    }

    pub async fn admin(&self) -> Client {
        self.client("marketing", "admin").await
    }

    /// A lead that fits well by the default agreement and may be contacted, but has done nothing.
    pub async fn good_fit(&self, name: &str) -> LeadId {
        self.lead(good_fit(name)).await
    }

    /// Brings a lead in.
    pub async fn lead(&self, new: NewLead) -> LeadId {
        let created = baton::handoffs::intake::create(&self.app, new, vec![], &Actor::System).await;
        created.expect("no fault").expect("no duplicate").id
    }

    /// An event by a lead, now.
    pub async fn event(&self, lead: LeadId, kind: &str) -> bool {
        self.event_at(lead, kind, self.app.clock.now()).await
    }

    /// An event by a lead at a time.
    pub async fn event_at(&self, lead: LeadId, kind: &str, at: DateTime<Utc>) -> bool {
        let event = event(kind, at);
        baton::handoffs::intake::add_event(&self.app, lead, event, &Actor::System).await.expect("no fault")
    }

    /// A lead that waits in a queue.
    pub async fn offered(&self, name: &str) -> LeadId {
        let lead = self.good_fit(name).await;
        self.event(lead, "demo_request").await;
        assert_eq!(
            self.one::<i64>("select count(*) from handoffs where state = 'offered' and lead_id = $1", lead)
                .await,
            1,
            "it is offered"
        );
        lead
    }

    /// Puts a version in force in which a rep may hold any number of leads.
    pub async fn unlimited_capacity(&self) {
        self.capacity(None).await;
    }

    /// Puts a version in force in which a rep may hold so many leads.
    pub async fn capacity(&self, per_rep: Option<u32>) {
        let mut terms = Terms::default_agreement();
        terms.routing.capacity_per_rep = per_rep;
        let mut conn = self.app.db.acquire().await.expect("a connection");
        versions::put_in_force(&mut conn, &terms, &Actor::Rule("test".into()), self.app.clock.now())
            .await
            .expect("sound terms");
    }

    /// The lead as it is stored.
    pub async fn load(&self, lead: LeadId) -> Lead {
        let mut conn = self.app.db.acquire().await.expect("a connection");
        baton::leads::queries::load(&mut conn, lead).await.expect("no fault").expect("the lead").lead
    }

    /// One value about a lead.
    pub async fn one<T>(&self, sql: &'static str, lead: LeadId) -> T
    where
        T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).bind(lead.0).fetch_one(&self.app.db).await.expect("one value")
    }

    /// One value of the whole installation.
    pub async fn value<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).fetch_one(&self.app.db).await.expect("one value")
    }
}

/// A lead that fits well by the default agreement and may be contacted.
pub fn good_fit(name: &str) -> NewLead {
    let slug = name.to_lowercase().replace(' ', ".");
    let raw = RawFacts {
        name: name.into(),
        email: format!("{slug}@acme.example.com"),
        title: "Head of Operations".into(),
        seniority: "director".into(),
        company: "Acme".into(),
        industry: "Software".into(),
        employees: "250".into(),
        country: "Germany".into(),
        ..RawFacts::default()
    };
    let (facts, identities) = raw.check().expect("sound facts");
    let consent =
        Consent { may_store: true, may_contact: true, basis: Some("consent".into()), ..Consent::default() };
    NewLead { facts, consent, do_not_contact: false, identities, created_at: monday() }
}

/// An event with a key of its own.
pub fn event(kind: &str, at: DateTime<Utc>) -> NewEvent {
    NewEvent {
        kind: kind.into(),
        occurred_at: at,
        properties: serde_json::Map::<String, Value>::new(),
        source: "test".into(),
        idempotency_key: uuid::Uuid::new_v4().to_string(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The options of `serve`, as the command line reads them.
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    serve: ServeConfig,
}
