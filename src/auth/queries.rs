//! Users and set-up links in the database.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::Person;
use crate::kernel::ids::UserId;
use crate::kernel::people::{Department, Role};

/// What sign-in needs to know of an account.
pub struct Credentials {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub password_hash: String,
    pub active: bool,
}

/// A line of the list of users.
pub struct UserRow {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub department: Department,
    pub role: Role,
    pub time_zone: String,
    pub away_until: Option<DateTime<Utc>>,
    pub active: bool,
}

pub async fn credentials_by_email(conn: &mut PgConnection, email: &str) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"select id as "id: UserId", name, email, password_hash, active from users where email = $1"#,
        email
    )
    .fetch_optional(conn)
    .await
}

pub async fn credentials(conn: &mut PgConnection, id: UserId) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"select id as "id: UserId", name, email, password_hash, active from users where id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await
}

/// Everybody, by name.
pub async fn users(conn: &mut PgConnection) -> sqlx::Result<Vec<UserRow>> {
    sqlx::query_as!(
        UserRow,
        r#"select id as "id: UserId", name, email, department as "department: Department", role as "role: Role", time_zone, away_until, active
           from users order by active desc, lower(name), id"#
    )
    .fetch_all(conn)
    .await
}

pub async fn user(conn: &mut PgConnection, id: UserId) -> sqlx::Result<Option<UserRow>> {
    sqlx::query_as!(
        UserRow,
        r#"select id as "id: UserId", name, email, department as "department: Department", role as "role: Role", time_zone, away_until, active
           from users where id = $1"#,
        id.0
    )
    .fetch_optional(conn)
    .await
}

pub async fn any_user_exists(conn: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select 1 from users) as "exists!""#).fetch_one(conn).await
}

pub async fn insert(
    conn: &mut PgConnection,
    id: UserId,
    person: &Person,
    password_hash: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into users (id, email, name, department, role, time_zone, away_until, password_hash, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id.0,
        person.email.as_str(),
        person.name,
        person.department.key(),
        person.role.key(),
        person.time_zone.name(),
        person.away_until,
        password_hash,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn update(conn: &mut PgConnection, id: UserId, person: &Person, active: bool) -> sqlx::Result<()> {
    sqlx::query!(
        "update users set email = $2, name = $3, department = $4, role = $5, time_zone = $6, away_until = $7, active = $8 where id = $1",
        id.0,
        person.email.as_str(),
        person.name,
        person.department.key(),
        person.role.key(),
        person.time_zone.name(),
        person.away_until,
        active,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn set_password(conn: &mut PgConnection, id: UserId, password_hash: &str) -> sqlx::Result<()> {
    sqlx::query!("update users set password_hash = $2 where id = $1", id.0, password_hash)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn set_time_zone(conn: &mut PgConnection, id: UserId, zone: &str) -> sqlx::Result<()> {
    sqlx::query!("update users set time_zone = $2 where id = $1", id.0, zone).execute(conn).await?;
    Ok(())
}

/// Whether an active admin other than this person remains. Holds the admins' rows until the transaction ends,
/// so that two admins cannot remove each other at once.
pub async fn another_admin_remains(conn: &mut PgConnection, id: UserId) -> sqlx::Result<bool> {
    let admins = sqlx::query_scalar!(
        r#"select id as "id: UserId" from users where role = 'admin' and active order by id for update"#
    )
    .fetch_all(conn)
    .await?;
    Ok(admins.into_iter().any(|admin| admin != id))
}

/// Keeps the hash of a new set-up link, in place of any earlier one.
pub async fn save_setup_link(
    conn: &mut PgConnection,
    token_sha256: &str,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!("delete from setup_links").execute(&mut *conn).await?;
    sqlx::query!(
        "insert into setup_links (token_sha256, expires_at) values ($1, $2)",
        token_sha256,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn setup_link_is_valid(
    conn: &mut PgConnection,
    token_sha256: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select 1 from setup_links where token_sha256 = $1 and expires_at > $2) as "exists!""#, token_sha256, now).fetch_one(conn).await
}

/// Uses the link up; false when it was not there any more.
pub async fn use_setup_link(
    conn: &mut PgConnection,
    token_sha256: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from setup_links where token_sha256 = $1 and expires_at > $2",
        token_sha256,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
