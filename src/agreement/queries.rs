//! Versions and signatures in the database.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::kernel::ids::UserId;
use crate::kernel::people::Department;

/// Where a version stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum VersionState {
    /// Managers change it.
    Draft,
    /// Waits for the signatures of both departments.
    Proposed,
    /// Waits for its day.
    Signed,
    InForce,
    Superseded,
}

impl VersionState {
    pub fn label(self) -> &'static str {
        match self {
            VersionState::Draft => "draft",
            VersionState::Proposed => "proposed",
            VersionState::Signed => "signed",
            VersionState::InForce => "in force",
            VersionState::Superseded => "superseded",
        }
    }

    /// Whether its terms never change again.
    pub fn is_final(self) -> bool {
        matches!(self, VersionState::Signed | VersionState::InForce | VersionState::Superseded)
    }
}

/// A version as stored.
#[derive(Debug, Clone)]
pub struct VersionRow {
    pub number: i32,
    pub state: VersionState,
    pub terms: Value,
    pub terms_sha256: String,
    /// Counts the changes of a draft.
    pub revision: i64,
    /// The version that the draft began as a copy of.
    pub based_on: Option<i32>,
    /// What the version is for.
    pub note: String,
    pub effective_from: Option<DateTime<Utc>>,
    /// When both departments look at it again.
    pub review_on: Option<NaiveDate>,
    /// The back-test that the proposal cites.
    pub back_test_id: Option<Uuid>,
    pub created_by: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub proposed_by: Option<UserId>,
    pub proposed_at: Option<DateTime<Utc>>,
}

/// A line of the list of versions.
#[derive(Debug, Clone)]
pub struct VersionLine {
    pub number: i32,
    pub state: VersionState,
    pub note: String,
    pub effective_from: Option<DateTime<Utc>>,
}

/// Every version, the newest first.
pub async fn versions(conn: &mut PgConnection) -> sqlx::Result<Vec<VersionLine>> {
    sqlx::query_as!(
        VersionLine,
        r#"select number, state as "state: VersionState", note, effective_from from agreement_versions order by number desc"#
    )
    .fetch_all(conn)
    .await
}

/// Who signed a version for which department.
#[derive(Debug, Clone)]
pub struct SignatureRow {
    pub department: Department,
    pub user_id: UserId,
    pub name: String,
    pub terms_sha256: String,
    pub signed_at: DateTime<Utc>,
}

/// How the version in force stands: its number, and what changes whenever its row or a signature of it does.
pub async fn standing(conn: &mut PgConnection) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(r#"select standing as "standing!" from agreement_in_force"#)
        .fetch_optional(conn)
        .await
}

/// The superseded versions before a number, the newest first.
pub async fn superseded_before(conn: &mut PgConnection, number: i32) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar!(
        "select number from agreement_versions where state = 'superseded' and number < $1 order by number desc",
        number
    )
    .fetch_all(conn)
    .await
}

/// A version in any state.
pub async fn version(conn: &mut PgConnection, number: i32) -> sqlx::Result<Option<VersionRow>> {
    sqlx::query_as!(
        VersionRow,
        r#"select number, state as "state: VersionState", terms, terms_sha256, revision, based_on, note, effective_from, review_on, back_test_id,
                  created_by as "created_by: UserId", created_at, proposed_by as "proposed_by: UserId", proposed_at
           from agreement_versions where number = $1"#,
        number
    )
    .fetch_optional(conn)
    .await
}

/// A version that stays as it is until the transaction ends.
pub async fn lock_version(conn: &mut PgConnection, number: i32) -> sqlx::Result<Option<VersionRow>> {
    sqlx::query_scalar!("select number from agreement_versions where number = $1 for update", number)
        .fetch_optional(&mut *conn)
        .await?;
    version(conn, number).await
}

/// The version that is negotiated now: a draft, or proposed.
pub async fn negotiated(conn: &mut PgConnection) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!("select number from agreement_versions where state in ('draft', 'proposed')")
        .fetch_optional(conn)
        .await
}

/// A new draft under the next number.
pub async fn insert_draft(
    conn: &mut PgConnection,
    terms: &Value,
    sha256: &str,
    based_on: i32,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        r#"insert into agreement_versions (number, state, terms, terms_sha256, based_on, created_by, created_at)
           values ((select coalesce(max(number), 0) + 1 from agreement_versions), 'draft', $1, $2, $3, $4, $5) returning number"#,
        terms,
        sha256,
        based_on,
        by.0,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Other terms for a draft. The caller holds it by [`lock_version`].
pub async fn save_draft(
    conn: &mut PgConnection,
    number: i32,
    terms: &Value,
    sha256: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update agreement_versions set terms = $2, terms_sha256 = $3, revision = revision + 1 where number = $1 and state = 'draft'",
        number,
        terms,
        sha256
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a draft with everything that belongs to it.
pub async fn delete_draft(conn: &mut PgConnection, number: i32) -> sqlx::Result<u64> {
    let done = sqlx::query!("delete from agreement_versions where number = $1 and state = 'draft'", number)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

pub async fn signatures(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<SignatureRow>> {
    sqlx::query_as!(
        SignatureRow,
        r#"select department as "department: Department", user_id as "user_id: UserId", name, terms_sha256, signed_at
           from agreement_signatures where version = $1 order by department"#,
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
