//! Propose, sign, send back, withdraw, put in force, acknowledge. Each waits for the version's row, so that two people
//! who act at once act one after the other.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::find;
use super::queries::{self, VersionRow, VersionState};
use super::signing_query::{self as stored, ProposalWrite};
use super::terms::{Department, Status, Terms};
use super::validate::TermsError;
use super::versions::Version;
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::auth::User;
use crate::db;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::people::Role;

/// Longest note or reason, in characters.
pub const MOST_TEXT: usize = 2000;

/// What a manager says of a draft when they propose it, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    pub note: String,
    /// None: as soon as both have signed.
    pub effective_from: Option<DateTime<Utc>>,
    pub review_on: Option<NaiveDate>,
    /// The revision of the draft that they looked at.
    pub revision: i64,
}

/// Why a draft cannot be proposed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsound {
    pub problems: Vec<TermsError>,
    /// Words of the version in force that the draft neither keeps nor retires.
    pub forgotten: Vec<Status>,
}

/// What stands against proposing terms after those in force.
pub fn check(terms: &Terms, in_force: &Terms) -> Result<(), Unsound> {
    let problems = terms.validate().err().unwrap_or_default();
    let is_known = |key: &str| {
        terms.status(key).is_some() || terms.retired_statuses.iter().any(|retired| retired.key == key)
    };
    let forgotten: Vec<Status> =
        in_force.vocabulary.iter().filter(|status| !is_known(&status.key)).cloned().collect();
    if problems.is_empty() && forgotten.is_empty() { Ok(()) } else { Err(Unsound { problems, forgotten }) }
}

/// Proposes a draft to both departments. From then on its terms stand still.
pub async fn propose(
    app: &App,
    user: &User,
    number: i32,
    proposal: &Proposal,
) -> AppResult<Result<(), Unsound>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = locked(&mut tx, number, VersionState::Draft).await?;
    if row.revision != proposal.revision {
        return Err(AppError::Conflict(
            "The draft was changed since you opened this page. Look at it again, then propose it.".into(),
        ));
    }
    if let Some(waiting) = stored::waiting(&mut tx).await? {
        return Err(AppError::Conflict(format!(
            "Version {waiting} is signed and waits for its day. Propose this one when it is in force, or withdraw it first."
        )));
    }
    let in_force = app.versions.in_force(&mut tx).await?;
    let version = Version::read(&row)?;
    if let Err(unsound) = check(&version.terms, &in_force.terms) {
        return Ok(Err(unsound));
    }
    let back_test = stored::back_test_of(&mut tx, number, row.revision).await?.map(|(id, _)| id);
    let write = ProposalWrite {
        number,
        note: &proposal.note,
        effective_from: proposal.effective_from,
        review_on: proposal.review_on,
        back_test_id: back_test,
        by: user.id,
    };
    stored::propose(&mut tx, &write, now).await?;
    let detail = json!({ "note": proposal.note, "sha256": row.terms_sha256, "effective_from": proposal.effective_from,
        "review_on": proposal.review_on, "back_test": back_test });
    record(&mut tx, &user.actor(), number, "proposed", detail, now).await?;
    tx.commit().await?;
    app.live.changed(format!("agreement:{number}"));
    Ok(Ok(()))
}

/// Whether this person may sign a proposed version, or why not.
pub fn may_sign(user: &User, signatures: &[queries::SignatureRow]) -> Result<(), String> {
    if user.role != Role::Manager {
        return Err("The manager of each department signs. An admin keeps users and settings.".into());
    }
    if let Some(signature) = signatures.iter().find(|s| s.user_id == user.id) {
        return Err(format!(
            "You have signed for {}. The other signature is somebody else's.",
            signature.department.label()
        ));
    }
    match signatures.iter().find(|s| s.department == user.department) {
        Some(signature) => {
            Err(format!("{} has signed for {} already.", signature.name, user.department.label()))
        }
        None => Ok(()),
    }
}

/// Signs a proposed version for the user's department, in the caller's transaction. `sha256` is of the terms that the
/// person read. True when both departments have signed now.
pub async fn sign(
    conn: &mut PgConnection,
    user: &User,
    number: i32,
    sha256: &str,
    now: DateTime<Utc>,
) -> AppResult<bool> {
    let row = locked(conn, number, VersionState::Proposed).await?;
    let signatures = queries::signatures(conn, number).await?;
    may_sign(user, &signatures).map_err(AppError::Conflict)?;
    if row.terms_sha256 != sha256 {
        return Err(AppError::Conflict(
            "The terms are not those that you read any more. Read them again before you sign.".into(),
        ));
    }
    if let Err(broken) = Version::verified(&row, &signatures) {
        return Err(AppError::Conflict(format!("Version {number} cannot be signed: {broken}.")));
    }
    queries::sign(conn, number, user.department, user.id, &user.name, sha256, now).await?;
    let detail = json!({ "department": user.department, "sha256": sha256 });
    record(conn, &user.actor(), number, "signed", detail, now).await?;
    let is_complete = signatures.len() + 1 == Department::ALL.len();
    if is_complete {
        stored::mark_signed(conn, number).await?;
    }
    Ok(is_complete)
}

/// Sends a proposed version back to be changed, with the reason. Signatures that it has are taken off.
pub async fn send_back(
    app: &App,
    user: &User,
    number: i32,
    reason: &str,
) -> AppResult<Result<(), FieldErrors>> {
    back_to_draft(app, user, number, VersionState::Proposed, "sent_back", reason).await
}

/// Withdraws a signed version before its day comes, with the reason.
pub async fn withdraw(
    app: &App,
    user: &User,
    number: i32,
    reason: &str,
) -> AppResult<Result<(), FieldErrors>> {
    back_to_draft(app, user, number, VersionState::Signed, "withdrawn", reason).await
}

async fn back_to_draft(
    app: &App,
    user: &User,
    number: i32,
    from: VersionState,
    verb: &'static str,
    reason: &str,
) -> AppResult<Result<(), FieldErrors>> {
    let reason = match text(reason, "Write why; the other department reads it.") {
        Ok(reason) => reason,
        Err(problem) => return Ok(Err(FieldErrors::one("reason", problem))),
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    locked(&mut tx, number, from).await?;
    if let Err(error) = stored::back_to_draft(&mut tx, number).await {
        if db::broken_constraint(&error) == Some("agreement_versions_open") {
            return Err(AppError::Conflict(
                "Another version is being negotiated, and only one can be. Give that draft up first.".into(),
            ));
        }
        return Err(error.into());
    }
    record(&mut tx, &user.actor(), number, verb, json!({ "reason": reason }), now).await?;
    tx.commit().await?;
    app.live.changed(format!("agreement:{number}"));
    Ok(Ok(()))
}

/// Puts the signed version in force whose time has come, in the caller's transaction; its number, and none when none
/// is due. However many nodes ask, one of them gets it.
pub async fn put_due_in_force(conn: &mut PgConnection, now: DateTime<Utc>) -> anyhow::Result<Option<i32>> {
    let Some(number) = stored::lock_due(conn, now).await? else { return Ok(None) };
    let Some(row) = queries::version(conn, number).await? else { return Ok(None) };
    let signatures = queries::signatures(conn, number).await?;
    if let Err(broken) = Version::verified(&row, &signatures) {
        tracing::error!("agreement version {number} does not come into force: {broken}");
        return Ok(None);
    }
    stored::come_into_force(conn, number, now).await?;
    let detail = json!({ "sha256": row.terms_sha256, "agreed_for": row.effective_from });
    record(conn, &Actor::System, number, "came_into_force", detail, now).await?;
    Ok(Some(number))
}

/// Notes that a person has read the version in force and works by it.
pub async fn acknowledge(app: &App, user: &User, number: i32) -> AppResult<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = find::row(&mut tx, number).await?;
    if row.state != VersionState::InForce || app.versions.in_force(&mut tx).await?.number != number {
        return Err(AppError::Conflict(format!(
            "Version {number} does not bind anybody: it is {}. Acknowledge the version that does.",
            if row.state == VersionState::InForce { "broken" } else { row.state.label() }
        )));
    }
    if stored::acknowledge(&mut tx, number, user.id, now).await? {
        record(&mut tx, &user.actor(), number, "acknowledged", json!({}), now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A text that must be there and fits.
pub fn text(text: &str, missing: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(missing.to_owned()),
        n if n > MOST_TEXT => Err(format!("This has {n} characters; at most {MOST_TEXT} are kept.")),
        _ => Ok(text.to_owned()),
    }
}

/// A version that is in this state and stays so until the transaction ends.
async fn locked(conn: &mut PgConnection, number: i32, state: VersionState) -> AppResult<VersionRow> {
    let row = find::locked(conn, number).await?;
    if row.state == state {
        return Ok(row);
    }
    Err(AppError::Conflict(format!(
        "Version {number} is {} now, not {}. Look at where it stands.",
        row.state.label(),
        state.label()
    )))
}

async fn record(
    conn: &mut PgConnection,
    actor: &Actor,
    number: i32,
    verb: &'static str,
    detail: serde_json::Value,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let entry = Entry::new("agreement", Uuid::nil(), actor, verb).version(number).detail(detail);
    audit::record(conn, now, &[entry]).await
}
