//! Halyard, the company of the demo: its people, and what marketing has set up.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::dice::Dice;
use super::words;
use crate::agreement::versions::Version;
use crate::agreement::{queries as agreement, signing_query};
use crate::audit::{self, Actor, Entry};
use crate::auth::model::Person;
use crate::auth::{passwords, queries as users};
use crate::kernel::ids::UserId;
use crate::kernel::people::{Department, Role};
use crate::kernel::text::Email;

/// The password of everybody in the demo.
pub const PASSWORD: &str = "relay race at dawn";
/// What the addresses of its people end in.
pub const DOMAIN: &str = "@halyard.example";
/// The address by which a database is known to be the demo's own.
pub const FIRST_EMAIL: &str = "ingrid.solberg@halyard.example";
/// How long before now the company set Baton up.
const SET_UP_DAYS: i64 = 200;

/// Somebody who works at Halyard.
#[derive(Debug, Clone)]
pub struct Colleague {
    pub id: UserId,
    pub name: &'static str,
    pub email: String,
    pub department: Department,
    pub role: Role,
    pub zone: &'static str,
    /// On leave since some days.
    pub away: bool,
}

impl Colleague {
    pub fn actor(&self) -> Actor {
        Actor::Person { id: self.id, name: self.name.to_owned() }
    }
}

/// Everybody, the managers first.
#[rustfmt::skip]
const PEOPLE: [(&str, &str, Department, Role, &str); 12] = [
    ("Ingrid Solberg", "ingrid.solberg", Department::Marketing, Role::Manager, "Europe/Oslo"),
    ("Javier Ortega", "javier.ortega", Department::Sales, Role::Manager, "Europe/Madrid"),
    ("Tomasz Wiśniewski", "tomasz.wisniewski", Department::Marketing, Role::Admin, "Europe/Warsaw"),
    ("Chiara Ricci", "chiara.ricci", Department::Marketing, Role::Member, "Europe/Rome"),
    ("Zoë Dubois", "zoe.dubois", Department::Marketing, Role::Member, "Europe/Paris"),
    ("Amara Okafor", "amara.okafor", Department::Marketing, Role::Member, "Africa/Lagos"),
    ("Lena Vogt", "lena.vogt", Department::Sales, Role::Member, "Europe/Berlin"),
    ("田中 優希", "yuki.tanaka", Department::Sales, Role::Member, "Asia/Tokyo"),
    ("Siobhán O’Brien", "siobhan.obrien", Department::Sales, Role::Member, "Europe/Dublin"),
    ("Priya Raman", "priya.raman", Department::Sales, Role::Member, "Asia/Kolkata"),
    ("Rafael Gonçalves", "rafael.goncalves", Department::Sales, Role::Member, "America/Sao_Paulo"),
    ("Marcus Bell", "marcus.bell", Department::Sales, Role::Member, "America/New_York"),
];
/// Days from the return of who is on leave to the review of the agreement.
const REVIEW_DAYS: i64 = 12;
/// Who is on leave.
const AWAY: &str = "marcus.bell";

/// What the demo's leads refer to.
pub struct Company {
    pub people: Vec<Colleague>,
    pub campaigns: Vec<Uuid>,
    pub personas: Vec<Uuid>,
    pub set_up_at: DateTime<Utc>,
    pub back_at: DateTime<Utc>,
}

impl Company {
    pub fn new(base: DateTime<Utc>, dice: &mut Dice) -> Company {
        let set_up_at = base - TimeDelta::days(SET_UP_DAYS);
        let mut number = 0;
        let mut id = || {
            number += 1;
            dice.id(set_up_at, number)
        };
        let people = PEOPLE.iter().map(|(name, local, department, role, zone)| Colleague {
            id: UserId(id()),
            name,
            email: format!("{local}{DOMAIN}"),
            department: *department,
            role: *role,
            zone,
            away: *local == AWAY,
        });
        let people = people.collect();
        let campaigns = words::CAMPAIGNS.iter().map(|_| id()).collect();
        let personas = words::PERSONAS.iter().map(|_| id()).collect();
        Company { people, campaigns, personas, set_up_at, back_at: base + TimeDelta::days(9) }
    }

    /// Members of a department who are at work.
    pub fn members(&self, department: Department) -> Vec<&Colleague> {
        let works = |p: &&Colleague| p.department == department && p.role == Role::Member && !p.away;
        self.people.iter().filter(works).collect()
    }

    /// Writes the people and what marketing has set up, and has both managers sign the agreement, which
    /// has been in force since.
    pub async fn write(&self, conn: &mut PgConnection, version: &Version) -> anyhow::Result<()> {
        let at = self.set_up_at;
        let hash = passwords::hash(PASSWORD.to_owned()).await?;
        let mut entries = vec![];
        for person in &self.people {
            let row = Person {
                name: person.name.to_owned(),
                email: Email::parse(&person.email).map_err(anyhow::Error::msg)?,
                department: person.department,
                role: person.role,
                time_zone: person.zone.parse()?,
                away_until: person.away.then_some(self.back_at),
            };
            users::insert(conn, person.id, &row, &hash, at).await?;
            let detail =
                json!({ "email": person.email, "department": person.department, "role": person.role });
            entries.push(Entry::new("user", person.id.0, &Actor::System, "created").detail(detail));
        }
        let sha256 = version.terms.sha256();
        sqlx::query!(
            "update agreement_versions set effective_from = $2, created_at = $2, note = $3, review_on = $4 where number = $1",
            version.number,
            at,
            "The first agreement of both departments: who hands over what, when, and what happens next.",
            (self.back_at + TimeDelta::days(REVIEW_DAYS)).date_naive(),
        )
        .execute(&mut *conn)
        .await?;
        for manager in self.people.iter().filter(|person| person.role == Role::Manager) {
            let (department, name) = (manager.department, manager.name);
            agreement::sign(conn, version.number, department, manager.id, name, &sha256, at).await?;
            entries.push(
                Entry::new("agreement", Uuid::nil(), &manager.actor(), "signed").version(version.number),
            );
        }
        audit::record(conn, at, &entries).await?;
        self.acknowledge(conn, version.number).await?;
        self.write_marketing(conn).await?;
        Ok(())
    }

    /// Most have read the agreement within days.
    async fn acknowledge(&self, conn: &mut PgConnection, version: i32) -> sqlx::Result<()> {
        let readers = self.people.iter().enumerate().filter(|(n, person)| n % 4 != 3 && !person.away);
        for (n, person) in readers {
            let hours = i64::try_from(n).unwrap_or_default() * 7 + 3;
            signing_query::acknowledge(conn, version, person.id, self.set_up_at + TimeDelta::hours(hours))
                .await?;
        }
        Ok(())
    }

    async fn write_marketing(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        for (id, name) in self.campaigns.iter().zip(words::CAMPAIGNS) {
            sqlx::query!(
                "insert into campaigns (id, name, created_at) values ($1, $2, $3)",
                id,
                name,
                self.set_up_at
            )
            .execute(&mut *conn)
            .await?;
        }
        for (id, (key, name)) in self.personas.iter().zip(words::PERSONAS) {
            sqlx::query!(
                "insert into personas (id, key, name, created_at) values ($1, $2, $3, $4)",
                id,
                key,
                name,
                self.set_up_at
            )
            .execute(&mut *conn)
            .await?;
        }
        for (key, label, kind) in words::CUSTOM_FIELDS {
            sqlx::query!(
                "insert into custom_fields (key, label, kind, created_at) values ($1, $2, $3, $4)",
                key,
                label,
                kind,
                self.set_up_at
            )
            .execute(&mut *conn)
            .await?;
        }
        Ok(())
    }
}
