//! What happens to accounts: sign in, set up, create, change, passwords.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection, PgPool};
use tower_sessions::Session;
use tower_sessions::session::Id;
use uuid::Uuid;

use super::model::{Person, PersonForm};
use super::{User, passwords, queries, sessions};
use crate::audit::{self, Actor, Entry};
use crate::db;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::UserId;
use crate::kernel::people::Role;

/// How long a set-up link works.
const SETUP_LINK_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Signs a person in, or says nothing more than that it did not work.
pub async fn sign_in(
    pool: &PgPool,
    session: &Session,
    email: &str,
    password: &str,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let account =
        queries::credentials_by_email(&mut *pool.acquire().await?, &email.trim().to_lowercase()).await?;
    let account = account.filter(|account| account.active);
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    // Verified even when there is no such account, so that the time tells nothing.
    let right = passwords::verify(password.to_owned(), hash).await?;
    match account {
        Some(account) if right => {
            begin_session(session, account.id, now).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Makes the session the user's, under a new id: one that was planted before sign-in is worth nothing.
async fn begin_session(session: &Session, user: UserId, now: DateTime<Utc>) -> AppResult<()> {
    let internal = |error: tower_sessions::session::Error| AppError::Internal(error.into());
    session.flush().await.map_err(internal)?;
    session.insert(sessions::USER, serde_json::json!({ "id": user })).await.map_err(internal)?;
    session.insert(sessions::SEEN, now.timestamp()).await.map_err(internal)?;
    session.save().await.map_err(internal)
}

/// Creates an account. The address must be free.
pub async fn create_user(
    conn: &mut PgConnection,
    form: &PersonForm,
    password: &str,
    actor: &Actor,
    now: DateTime<Utc>,
) -> AppResult<Result<UserId, FieldErrors>> {
    let mut errors = FieldErrors::default();
    errors.check("password", passwords::check_strength(password, &form.name, &form.email));
    let person = match form.check() {
        Ok(person) => person,
        Err(others) => {
            others.iter().for_each(|(field, problem)| errors.add(field, problem));
            return Ok(Err(errors));
        }
    };
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let hash = passwords::hash(password.to_owned()).await?;
    let mut tx = conn.begin().await?;
    let id = UserId::new(now);
    if let Err(error) = queries::insert(&mut tx, id, &person, &hash, now).await {
        return taken(error, &person).map(Err);
    }
    let detail = serde_json::json!({ "email": person.email.as_str(), "department": person.department, "role": person.role });
    audit::record(&mut tx, now, &[Entry::new("user", id.0, actor, "created").detail(detail)]).await?;
    tx.commit().await?;
    Ok(Ok(id))
}

/// Changes an account. The last active admin stays one.
pub async fn update_user(
    conn: &mut PgConnection,
    id: UserId,
    form: &PersonForm,
    active: bool,
    actor: &Actor,
    now: DateTime<Utc>,
) -> AppResult<Result<(), FieldErrors>> {
    let person = match form.check() {
        Ok(person) => person,
        Err(errors) => return Ok(Err(errors)),
    };
    let mut tx = conn.begin().await?;
    let before = queries::user(&mut tx, id)
        .await?
        .ok_or_else(|| AppError::NotFound("There is no such user.".into()))?;
    let stays_admin = active && person.role == Role::Admin;
    if before.role == Role::Admin
        && before.active
        && !stays_admin
        && !queries::another_admin_remains(&mut tx, id).await?
    {
        let field = if active { "role" } else { "active" };
        return Ok(Err(FieldErrors::one(
            field,
            "This is the last active admin. Make somebody else an admin first.",
        )));
    }
    if let Err(error) = queries::update(&mut tx, id, &person, active).await {
        return taken(error, &person).map(Err);
    }
    if !active {
        sessions::end_all(&mut tx, id, None).await?;
    }
    let was = format!(
        "{} · {} · {}",
        before.department,
        before.role,
        if before.active { "active" } else { "inactive" }
    );
    let is =
        format!("{} · {} · {}", person.department, person.role, if active { "active" } else { "inactive" });
    audit::record(&mut tx, now, &[Entry::new("user", id.0, actor, "changed").change(Some(was), Some(is))])
        .await?;
    tx.commit().await?;
    Ok(Ok(()))
}

fn taken(error: sqlx::Error, person: &Person) -> AppResult<FieldErrors> {
    if db::broken_constraint(&error) == Some("users_email_key") {
        return Ok(FieldErrors::one(
            "email",
            format!(
                "{} is another user's address. Use a different one, or change that user.",
                person.email.as_str()
            ),
        ));
    }
    Err(error.into())
}

/// Whether this is the person's password, for acts that one confirms with it.
pub async fn is_password(pool: &PgPool, user: &User, password: &str) -> AppResult<bool> {
    let account = queries::credentials(&mut *pool.acquire().await?, user.id).await?;
    let hash = account.filter(|account| account.active).map(|account| account.password_hash);
    Ok(passwords::verify(password.to_owned(), hash).await?)
}

/// Changes one's own password and ends one's other sessions.
pub async fn change_password(
    pool: &PgPool,
    user: &User,
    current: &str,
    new: &str,
    keep: Option<Id>,
    now: DateTime<Utc>,
) -> AppResult<Result<u64, FieldErrors>> {
    let account = queries::credentials(&mut *pool.acquire().await?, user.id)
        .await?
        .ok_or_else(|| AppError::NotFound("There is no such user.".into()))?;
    if !passwords::verify(current.to_owned(), Some(account.password_hash)).await? {
        return Ok(Err(FieldErrors::one("current", "This is not your current password.")));
    }
    if let Err(problem) = passwords::check_strength(new, &account.name, &account.email) {
        return Ok(Err(FieldErrors::one("new", problem)));
    }
    let hash = passwords::hash(new.to_owned()).await?;
    let mut tx = pool.begin().await?;
    queries::set_password(&mut tx, user.id, &hash).await?;
    let ended = sessions::end_all(&mut tx, user.id, keep).await?;
    audit::record(&mut tx, now, &[Entry::new("user", user.id.0, &user.actor(), "password_changed")]).await?;
    tx.commit().await?;
    Ok(Ok(ended))
}

/// Sets somebody's password, as an admin or at the command line, and ends their sessions.
pub async fn reset_password(
    conn: &mut PgConnection,
    id: UserId,
    new: &str,
    actor: &Actor,
    now: DateTime<Utc>,
) -> AppResult<Result<(), FieldErrors>> {
    let account = queries::credentials(&mut *conn, id)
        .await?
        .ok_or_else(|| AppError::NotFound("There is no such user.".into()))?;
    if let Err(problem) = passwords::check_strength(new, &account.name, &account.email) {
        return Ok(Err(FieldErrors::one("password", problem)));
    }
    let hash = passwords::hash(new.to_owned()).await?;
    let mut tx = conn.begin().await?;
    queries::set_password(&mut tx, id, &hash).await?;
    sessions::end_all(&mut tx, id, None).await?;
    audit::record(&mut tx, now, &[Entry::new("user", id.0, actor, "password_reset")]).await?;
    tx.commit().await?;
    Ok(Ok(()))
}

fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// A new one-time link secret for an installation without users; none when there is a user.
pub async fn new_setup_link(conn: &mut PgConnection, now: DateTime<Utc>) -> anyhow::Result<Option<String>> {
    let mut tx = conn.begin().await?;
    if queries::any_user_exists(&mut tx).await? {
        return Ok(None);
    }
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    queries::save_setup_link(&mut tx, &token_hash(&token), now + SETUP_LINK_LIFETIME).await?;
    tx.commit().await?;
    Ok(Some(token))
}

pub async fn setup_link_is_valid(
    conn: &mut PgConnection,
    token: &str,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    Ok(queries::setup_link_is_valid(conn, &token_hash(token), now).await?)
}

/// Makes the first user and uses the link up, or refuses fields and leaves the link as it was.
pub async fn set_up(
    pool: &PgPool,
    session: &Session,
    token: &str,
    form: &PersonForm,
    password: &str,
    now: DateTime<Utc>,
) -> AppResult<Result<(), FieldErrors>> {
    let mut tx = pool.begin().await?;
    if !queries::use_setup_link(&mut tx, &token_hash(token), now).await? {
        return Err(AppError::NotFound(
            "This set-up link was used or is too old. Start Baton again to get a new one.".into(),
        ));
    }
    let form = PersonForm { role: Role::Admin.key().into(), ..form.clone() };
    let id = match create_user(&mut tx, &form, password, &Actor::System, now).await? {
        Ok(id) => id,
        Err(errors) => return Ok(Err(errors)),
    };
    tx.commit().await?;
    begin_session(session, id, now).await?;
    Ok(Ok(()))
}
