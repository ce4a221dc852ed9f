//! Versions and signatures in the database.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::kernel::ids::UserId;
use crate::kernel::people::Department;

/// A version as stored.
pub struct VersionRow {
    pub number: i32,
    pub state: String,
    pub terms: Value,
    pub terms_sha256: String,
    pub effective_from: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl VersionRow {
    /// What its state means to people.
    pub fn state_label(&self) -> &'static str {
        state_label(&self.state)
    }
}

/// A line of the list of versions.
pub struct VersionLine {
    pub number: i32,
    pub state: String,
    pub effective_from: Option<DateTime<Utc>>,
}

impl VersionLine {
    pub fn state_label(&self) -> &'static str {
        state_label(&self.state)
    }
}

fn state_label(state: &str) -> &'static str {
    match state {
        "in_force" => "in force",
        "superseded" => "superseded",
        "signed" => "signed",
        "proposed" => "proposed",
        _ => "draft",
    }
}

/// Every version, the newest first.
pub async fn versions(conn: &mut PgConnection) -> sqlx::Result<Vec<VersionLine>> {
    sqlx::query_as!(
        VersionLine,
        "select number, state, effective_from from agreement_versions order by number desc"
    )
    .fetch_all(conn)
    .await
}

/// Who signed a version for which department.
pub struct SignatureRow {
    pub department: Department,
    pub name: String,
    pub terms_sha256: String,
    pub signed_at: DateTime<Utc>,
}

/// The number of the version in force.
pub async fn number_in_force(conn: &mut PgConnection) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!("select number from agreement_versions where state = 'in_force'")
        .fetch_optional(conn)
        .await
}

pub async fn version(conn: &mut PgConnection, number: i32) -> sqlx::Result<Option<VersionRow>> {
    sqlx::query_as!(VersionRow, "select number, state, terms, terms_sha256, effective_from, created_at from agreement_versions where number = $1", number)
        .fetch_optional(conn)
        .await
}

pub async fn signatures(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<SignatureRow>> {
    sqlx::query_as!(
        SignatureRow,
        r#"select department as "department: Department", name, terms_sha256, signed_at from agreement_signatures where version = $1 order by department"#,
        version
    )
    .fetch_all(conn)
    .await
}

/// Puts terms in force as the next version and supersedes the one before.
pub async fn put_in_force(
    conn: &mut PgConnection,
    terms: &Value,
    sha256: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query!("update agreement_versions set state = 'superseded' where state = 'in_force'")
        .execute(&mut *conn)
        .await?;
    sqlx::query_scalar!(
        r#"insert into agreement_versions (number, state, terms, terms_sha256, effective_from, created_at)
           values ((select coalesce(max(number), 0) + 1 from agreement_versions), 'in_force', $1, $2, $3, $3) returning number"#,
        terms,
        sha256,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Makes others who would put a version in force wait until this transaction ends.
pub async fn lock_versions(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("lock table agreement_versions in share row exclusive mode").execute(conn).await?;
    Ok(())
}

pub async fn sign(
    conn: &mut PgConnection,
    version: i32,
    department: Department,
    user: UserId,
    name: &str,
    sha256: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into agreement_signatures (version, department, user_id, name, terms_sha256, signed_at) values ($1, $2, $3, $4, $5, $6)",
        version,
        department.key(),
        user.0,
        name,
        sha256,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
