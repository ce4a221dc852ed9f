//! Which version is in force, kept ready in memory.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, RwLock};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::prose::Document;
use super::queries::{self, VersionRow};
use super::terms::Terms;
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

/// Versions by number. Terms never change once they were in force, so what is kept is never stale;
/// which number is in force is asked of the database each time.
#[derive(Debug, Clone, Default)]
pub struct Versions(Arc<RwLock<HashMap<i32, Arc<Version>>>>);

impl Versions {
    /// The version that judges now.
    pub async fn in_force(&self, conn: &mut PgConnection) -> anyhow::Result<Arc<Version>> {
        let number =
            queries::number_in_force(conn).await?.context("no agreement is in force; run “baton migrate”")?;
        self.get(conn, number).await
    }

    /// A version by its number, verified against the hash that was stored with it.
    pub async fn get(&self, conn: &mut PgConnection, number: i32) -> anyhow::Result<Arc<Version>> {
        let known = self.0.read().expect("no code panics while it holds the versions").get(&number).cloned();
        if let Some(version) = known {
            return Ok(version);
        }
        let row = queries::version(conn, number)
            .await?
            .with_context(|| format!("there is no agreement version {number}"))?;
        let version = Arc::new(Version::read(&row)?);
        if row.state.is_final() {
            self.0
                .write()
                .expect("no code panics while it holds the versions")
                .insert(number, version.clone());
        }
        Ok(version)
    }
}

impl Version {
    /// The version that a row holds, verified against the hash that was stored with it.
    pub fn read(row: &VersionRow) -> anyhow::Result<Version> {
        let number = row.number;
        let terms: Terms = serde_json::from_value(row.terms.clone())
            .with_context(|| format!("agreement version {number} cannot be read"))?;
        if terms.sha256() != row.terms_sha256 {
            bail!(
                "agreement version {number} does not match its hash: its terms were changed in the database"
            );
        }
        Version::of(number, terms)
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

/// Makes the default agreement version 1 of a new installation. Does nothing when there is a version.
pub async fn install_default(conn: &mut PgConnection, now: DateTime<Utc>) -> anyhow::Result<()> {
    if queries::number_in_force(conn).await?.is_some() {
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
    if *actor == Actor::System && queries::number_in_force(&mut tx).await?.is_some() {
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
