//! Which version is in force, kept ready in memory, and whether what is stored is what was signed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock, RwLock};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::prose::Document;
use super::queries::{self, SignatureRow, VersionRow};
use super::terms::{Department, Terms};
use crate::audit::{self, Actor, Entry};
use crate::kernel::business_time::BusinessCalendar;

/// A version with what is derived from its terms once.
#[derive(Debug)]
pub struct Version {
    pub number: i32,
    pub terms: Terms,
    pub calendar: BusinessCalendar,
    /// Written when it is first cited.
    pub(super) document: OnceLock<Document>,
}

/// Why a stored version is not what was agreed. Such a version is shown, but not obeyed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("its terms cannot be read: {0}")]
    Unreadable(String),
    #[error("its terms were changed in the database: they do not match the SHA-256 stored with them")]
    Changed,
    #[error("{name} signed other terms for {} than those that are stored now", department.label())]
    SignedOther { department: Department, name: String },
    #[error("the signature of {} is missing", .0.label())]
    Unsigned(Department),
    #[error("one person signed for both departments")]
    SignedTwice,
}

/// Versions by number, verified when they were read. Which one is in force is asked of the database each time,
/// together with what shows that its row or a signature was changed since.
#[derive(Debug, Clone, Default)]
pub struct Versions {
    known: Arc<RwLock<Known>>,
    /// The number of the version in force while it is broken, else 0.
    broken: Arc<AtomicI32>,
}

#[derive(Debug, Default)]
struct Known {
    by_number: HashMap<i32, Arc<Version>>,
    /// The standing that was read last, and the version that is obeyed by it.
    obeyed: Option<(String, Arc<Version>)>,
}

const NEVER_POISONED: &str = "no code panics while it holds the versions";

impl Versions {
    /// The version that judges now: the one in force, or the last sound one before it.
    pub async fn in_force(&self, conn: &mut PgConnection) -> anyhow::Result<Arc<Version>> {
        let standing =
            queries::standing(conn).await?.context("no agreement is in force; run “baton migrate”")?;
        self.obeyed(conn, &standing).await
    }

    /// The same by a standing that was read along with something else.
    pub async fn obeyed(&self, conn: &mut PgConnection, standing: &str) -> anyhow::Result<Arc<Version>> {
        let known = self.known.read().expect(NEVER_POISONED).obeyed.clone();
        if let Some((_, version)) = known.filter(|(known, _)| known == standing) {
            return Ok(version);
        }
        let number = standing.split(':').next().and_then(|number| number.parse().ok());
        let number = number.with_context(|| format!("“{standing}” names no version"))?;
        let stored = self.read(conn, number).await?;
        let broken = stored.as_ref().is_err().then_some(number);
        let version = match stored {
            Ok(version) => version,
            Err(why) => {
                let sound = self.last_sound(conn, number).await?;
                tracing::error!(
                    "agreement version {number} is not obeyed: {why}; version {} goes on",
                    sound.number
                );
                sound
            }
        };
        self.broken.store(broken.unwrap_or_default(), Ordering::Relaxed);
        self.known.write().expect(NEVER_POISONED).obeyed = Some((standing.to_owned(), version.clone()));
        Ok(version)
    }

    /// A version by its number; in place of a broken one the last sound one before it, which then has its own number.
    pub async fn get(&self, conn: &mut PgConnection, number: i32) -> anyhow::Result<Arc<Version>> {
        let known = self.known.read().expect(NEVER_POISONED).by_number.get(&number).cloned();
        match known {
            Some(version) => Ok(version),
            None => match self.read(conn, number).await? {
                Ok(version) => Ok(version),
                Err(_) => self.last_sound(conn, number).await,
            },
        }
    }

    /// The number of the version in force while it is broken, else 0; follows what the node learns.
    pub fn broken(&self) -> Arc<AtomicI32> {
        self.broken.clone()
    }

    /// Reads and verifies a version as it is stored now, and keeps it when it is sound and final.
    async fn read(
        &self,
        conn: &mut PgConnection,
        number: i32,
    ) -> anyhow::Result<Result<Arc<Version>, Broken>> {
        let row = queries::version(conn, number)
            .await?
            .with_context(|| format!("there is no agreement version {number}"))?;
        let signatures = queries::signatures(conn, number).await?;
        let stored = Version::verified(&row, &signatures).map(Arc::new);
        let mut known = self.known.write().expect(NEVER_POISONED);
        match &stored {
            Ok(version) if row.state.is_final() => drop(known.by_number.insert(number, version.clone())),
            _ => drop(known.by_number.remove(&number)),
        }
        Ok(stored)
    }

    /// What goes on in place of a broken version: the newest sound one that was in force before it, and without any
    /// the agreement that every installation starts with.
    async fn last_sound(&self, conn: &mut PgConnection, broken: i32) -> anyhow::Result<Arc<Version>> {
        for number in queries::superseded_before(conn, broken).await? {
            if let Ok(version) = self.read(conn, number).await? {
                return Ok(version);
            }
        }
        Version::of(broken, Terms::default_agreement()).map(Arc::new)
    }
}

impl Version {
    /// The version that a row holds, verified against the hash that was stored with it.
    pub fn read(row: &VersionRow) -> anyhow::Result<Version> {
        Version::of(row.number, terms_of(row)?)
    }

    /// The same, verified against the signatures too.
    pub fn verified(row: &VersionRow, signatures: &[SignatureRow]) -> Result<Version, Broken> {
        let terms = terms_of(row)?;
        check_signatures(row, signatures)?;
        Version::of(row.number, terms).map_err(|e| Broken::Unreadable(format!("{e:#}")))
    }

    /// Terms as a version, to try what they would do.
    pub fn of(number: i32, terms: Terms) -> anyhow::Result<Version> {
        let calendar = terms
            .calendar
            .business()
            .with_context(|| format!("the calendar of agreement version {number}"))?;
        Ok(Version { number, terms, calendar, document: OnceLock::new() })
    }
}

fn terms_of(row: &VersionRow) -> Result<Terms, Broken> {
    let terms: Terms =
        serde_json::from_value(row.terms.clone()).map_err(|e| Broken::Unreadable(e.to_string()))?;
    if terms.sha256() == row.terms_sha256 { Ok(terms) } else { Err(Broken::Changed) }
}

/// Whether those who signed signed these terms. A version that was put in force without being proposed, as the first
/// of an installation is, needs no signature.
fn check_signatures(row: &VersionRow, signatures: &[SignatureRow]) -> Result<(), Broken> {
    if let Some(other) = signatures.iter().find(|signature| signature.terms_sha256 != row.terms_sha256) {
        return Err(Broken::SignedOther { department: other.department, name: other.name.clone() });
    }
    if let [one, two] = signatures
        && one.user_id == two.user_id
    {
        return Err(Broken::SignedTwice);
    }
    let is_signed = |department: &Department| signatures.iter().any(|s| s.department == *department);
    let missing = Department::ALL.into_iter().find(|department| !is_signed(department));
    match missing {
        Some(department) if row.state.is_final() && (row.proposed_at.is_some() || !signatures.is_empty()) => {
            Err(Broken::Unsigned(department))
        }
        _ => Ok(()),
    }
}

/// Makes the default agreement version 1 of a new installation. Does nothing when there is a version.
pub async fn install_default(conn: &mut PgConnection, now: DateTime<Utc>) -> anyhow::Result<()> {
    if queries::standing(conn).await?.is_some() {
        return Ok(());
    }
    put_in_force(conn, &Terms::default_agreement(), &Actor::System, now).await?;
    Ok(())
}

/// Puts sound terms in force as the next version.
pub async fn put_in_force(
    conn: &mut PgConnection,
    terms: &Terms,
    actor: &Actor,
    now: DateTime<Utc>,
) -> anyhow::Result<i32> {
    if let Err(problems) = terms.validate() {
        bail!(
            "these terms cannot be put in force: {}",
            problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        );
    }
    let mut tx = conn.begin().await?;
    queries::lock_versions(&mut tx).await?;
    if *actor == Actor::System && queries::standing(&mut tx).await?.is_some() {
        // Another node installed the default meanwhile.
        return Ok(1);
    }
    let number = queries::put_in_force(&mut tx, &serde_json::to_value(terms)?, &terms.sha256(), now).await?;
    audit::record(
        &mut tx,
        now,
        &[Entry::new("agreement", Uuid::nil(), actor, "came_into_force").version(number)],
    )
    .await?;
    tx.commit().await?;
    Ok(number)
}
