//! What people do with handoffs. Each act loads what it needs, asks the agreement, then changes the state
//! that it expects to find; when that state is gone, somebody else was faster and nothing is changed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;

pub use super::claims::{claim, claim_next};
use super::intake::{self, move_to};
use super::model::{Handoff, HandoffState};
use super::queries::{self, HandBackWrite};
use crate::agreement::jurisdiction::Refusal;
use crate::agreement::terms::{HandBackKind, Party, Transition};
use crate::agreement::versions::Version;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{HandoffId, LeadId, new_id};
use crate::kernel::people::Role;
use crate::kernel::text;
use crate::leads::model::outcomes;
use crate::leads::{Lead, queries as leads};

/// Longest note or activity text, in characters.
const MAX_TEXT: usize = 10_000;
/// Longest reason of a move, in characters.
const MAX_REASON: usize = 500;

pub(super) fn no_such_handoff() -> AppError {
    AppError::NotFound("There is no such handoff.".into())
}

pub(super) async fn load_lead(conn: &mut PgConnection, lead: LeadId) -> AppResult<leads::Loaded> {
    leads::load(conn, lead).await?.ok_or_else(|| AppError::NotFound("There is no such lead.".into()))
}

/// Whether the user's department may make this move of a lead, and all is filled in that the move requires;
/// the refusal cites the clause.
pub fn may_move<'a>(version: &'a Version, lead: &Lead, to: &str, user: &User) -> AppResult<&'a Transition> {
    let transition =
        version.terms.may_move(&lead.status, to, Party::from(user.department)).map_err(refused)?;
    version.terms.is_filled_in(transition, |field| lead.facts.has(field)).map_err(refused)?;
    Ok(transition)
}

/// A move that the agreement refuses.
pub(super) fn refused(refusal: Refusal) -> AppError {
    AppError::Conflict(refusal.to_string())
}

/// What a person did on a lead. As typed.
#[derive(Debug, Clone, Default)]
pub struct NewActivity {
    /// call, email, meeting or note.
    pub kind: String,
    /// Blank for a note.
    pub outcome: String,
    pub body: String,
}

/// Logs an activity or a note. The first call, e-mail or meeting of the rep who claimed the lead is the first
/// contact: an attempt counts, so that a clock does not punish a rep for a silent phone.
pub async fn log_activity(
    app: &App,
    user: &User,
    lead: LeadId,
    activity: &NewActivity,
) -> AppResult<Result<(), FieldErrors>> {
    if let Err(errors) = check(activity) {
        return Ok(Err(errors));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = app.versions.in_force(&mut tx).await?;
    let mut held = load_lead(&mut tx, lead).await?.lead;
    let open = queries::of_lead(&mut tx, lead)
        .await?
        .into_iter()
        .find(|h| h.closed_at.is_none() && h.owner_id == Some(user.id));
    let outcome = (!activity.outcome.is_empty()).then_some(activity.outcome.as_str());
    let write = queries::ActivityWrite {
        lead,
        id: new_id(now),
        kind: &activity.kind,
        outcome,
        body: activity.body.trim(),
        user: user.id,
        handoff: open.as_ref().map(|h| h.id),
    };
    queries::insert_activity(&mut tx, &write, now).await?;
    let mut entries = vec![];
    if let Some(handoff) = open.filter(|h| h.state == HandoffState::Claimed && activity.kind != "note")
        && queries::contact(&mut tx, lead, handoff.id, now).await?
    {
        let to = version.terms.jurisdictions.acts.contacted.clone();
        may_move(&version, &held, &to, user)?;
        entries.push(
            Entry::new("lead", lead.0, &user.actor(), "contacted")
                .version(version.number)
                .detail(json!({ "handoff": handoff.id })),
        );
        move_to(&version, &mut held, &to, &user.actor(), now, &mut entries);
        held.updated_at = now;
        save(&mut tx, &held).await?;
    }
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    app.live.changed(format!("lead:{lead}"));
    Ok(Ok(()))
}

fn check(activity: &NewActivity) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    let is_note = activity.kind == "note";
    if !is_note && outcomes(&activity.kind).is_empty() {
        errors.add(
            "kind",
            format!("“{}” is not an activity; it is call, email, meeting or note", activity.kind),
        );
    } else if !is_note && !outcomes(&activity.kind).iter().any(|(key, _)| *key == activity.outcome) {
        let allowed: Vec<&str> = outcomes(&activity.kind).iter().map(|(_, label)| *label).collect();
        errors.add("outcome", format!("Choose how it went: {}.", allowed.join(", ")));
    }
    if is_note && activity.body.trim().is_empty() {
        errors.add("body", "Write the note.");
    }
    if activity.body.chars().count() > MAX_TEXT {
        errors.add("body", format!("At most {MAX_TEXT} characters are kept."));
    }
    errors.into_result()
}

/// Saves a lead that was loaded in this transaction, or says that somebody else was faster.
pub async fn save(conn: &mut PgConnection, lead: &Lead) -> AppResult<()> {
    match leads::update(conn, &[lead]).await? {
        1 => Ok(()),
        _ => Err(changed_meanwhile()),
    }
}

fn changed_meanwhile() -> AppError {
    AppError::Conflict(
        "Somebody changed this lead a moment ago. Look at it again, then repeat what you wanted to do."
            .into(),
    )
}

/// How a rep gives a lead back. As typed.
#[derive(Debug, Clone, Default)]
pub struct HandBack {
    /// A reason of the agreement, by key.
    pub reason: String,
    pub note: String,
    /// For a recycled lead: the local date before which it must not come again; the agreed days when blank.
    pub nurture_until: String,
}

/// Gives a claimed lead back to marketing.
pub async fn hand_back(
    app: &App,
    user: &User,
    lead: LeadId,
    handoff: HandoffId,
    form: &HandBack,
) -> AppResult<Result<(), FieldErrors>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = app.versions.in_force(&mut tx).await?;
    let mut held = load_lead(&mut tx, lead).await?.lead;
    let found = owned(&mut tx, user, lead, handoff).await?;
    let mut errors = FieldErrors::default();
    let Some(reason) = version.terms.reason(&form.reason) else {
        return Ok(Err(FieldErrors::one("reason", "Choose why you hand the lead back.")));
    };
    if form.note.trim().is_empty() {
        errors.add("note", "Write what you found out, so that marketing can act on it.");
    }
    if form.note.chars().count() > MAX_TEXT {
        errors.add("note", format!("At most {MAX_TEXT} characters are kept."));
    }
    let nurture_until = errors
        .check("nurture_until", nurture_until(form, reason.kind, reason.nurture_days, user, now))
        .flatten();
    if let Err(errors) = errors.into_result() {
        return Ok(Err(errors));
    }
    may_move(&version, &held, &reason.target_status, user)?;
    let answer_within = version.terms.service_levels.marketing.answer_within_minutes;
    let write = HandBackWrite {
        lead,
        handoff,
        from: found.state,
        reason: &reason.key,
        kind: reason.kind.key(),
        note: form.note.trim(),
        nurture_until,
        answer_due_at: version.calendar.add_minutes(now, answer_within),
    };
    if !queries::hand_back(&mut tx, &write, now).await? {
        return Err(changed_meanwhile());
    }
    let detail = json!({ "handoff": handoff, "reason": reason.label, "kind": reason.kind, "note": form.note.trim(), "nurture_until": nurture_until });
    let mut entries = vec![
        Entry::new("lead", lead.0, &user.actor(), "handed_back")
            .change(None, Some(reason.key.clone()))
            .version(version.number)
            .detail(detail),
    ];
    move_to(&version, &mut held, &reason.target_status, &user.actor(), now, &mut entries);
    rest(&version, &mut held, nurture_until, now);
    save(&mut tx, &held).await?;
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    app.live.changed(format!("lead:{lead}"));
    app.live.changed("hand-backs");
    Ok(Ok(()))
}

/// The lead is free again, and is left alone for the cool-off or until the date that sales named.
pub fn rest(version: &Version, lead: &mut Lead, nurture_until: Option<DateTime<Utc>>, now: DateTime<Utc>) {
    let cool_off = now + TimeDelta::days(version.terms.handoff.cool_off_days.into());
    lead.rest_until = Some(nurture_until.map_or(cool_off, |until| until.max(cool_off)));
    lead.owner = None;
    lead.fast_track = None;
    lead.updated_at = now;
}

fn nurture_until(
    form: &HandBack,
    kind: HandBackKind,
    agreed_days: Option<u16>,
    user: &User,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, String> {
    if kind != HandBackKind::Recycle {
        return Ok(None);
    }
    let typed = form.nurture_until.trim();
    if typed.is_empty() {
        return Ok(agreed_days.map(|days| now + TimeDelta::days(days.into())));
    }
    let date: chrono::NaiveDate = typed
        .parse()
        .map_err(|_| format!("“{}” is not a date; write it as 2027-01-31", text::excerpt(typed)))?;
    let at = date
        .and_hms_opt(0, 0, 0)
        .and_then(|midnight| midnight.and_local_timezone(user.time_zone).earliest())
        .map(|t| t.with_timezone(&Utc));
    match at {
        Some(at) if at <= now => Err(format!("{date} is past; name a day from tomorrow on")),
        Some(at) if at > now + TimeDelta::days(5 * 366) => {
            Err(format!("{date} is more than five years away; disqualify the lead instead"))
        }
        Some(at) => Ok(Some(at)),
        None => Err(format!("{date} begins with a clock change in your time zone; take the day after")),
    }
}

/// An open handoff that this user holds. A manager of sales may act for a rep.
async fn owned(conn: &mut PgConnection, user: &User, lead: LeadId, handoff: HandoffId) -> AppResult<Handoff> {
    let found = queries::load(conn, lead, handoff).await?.ok_or_else(no_such_handoff)?;
    if !matches!(found.state, HandoffState::Claimed | HandoffState::Contacted) {
        return Err(AppError::Conflict(format!(
            "This handoff is {} now.",
            found.state.label().to_lowercase()
        )));
    }
    if found.owner_id != Some(user.id) && user.role != Role::Manager {
        let name = found.owner_name.as_deref().unwrap_or("Somebody else");
        return Err(AppError::Forbidden(format!("{name} holds this lead. Ask them, or a manager of Sales.")));
    }
    Ok(found)
}

/// Marketing takes an offer back that nobody claimed yet, with a reason where the agreement asks for one.
pub async fn withdraw(
    app: &App,
    user: &User,
    lead: LeadId,
    handoff: HandoffId,
    reason: &str,
) -> AppResult<Result<(), FieldErrors>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = app.versions.in_force(&mut tx).await?;
    let mut held = load_lead(&mut tx, lead).await?.lead;
    let found = queries::load(&mut tx, lead, handoff).await?.ok_or_else(no_such_handoff)?;
    if !queries::withdraw(&mut tx, lead, handoff, now).await? {
        return Err(AppError::Conflict(format!(
            "This handoff is {} now; only a waiting one can be withdrawn.",
            found.state.label().to_lowercase()
        )));
    }
    let to = version.terms.jurisdictions.acts.withdrawn.clone();
    let transition = may_move(&version, &held, &to, user)?;
    if let Err(errors) = reason_given(&version, transition, reason) {
        return Ok(Err(errors));
    }
    let mut entries = vec![
        Entry::new("lead", lead.0, &user.actor(), "withdrawn")
            .version(version.number)
            .detail(json!({ "handoff": handoff, "reason": text::filled(reason) })),
    ];
    move_to(&version, &mut held, &to, &user.actor(), now, &mut entries);
    rest(&version, &mut held, None, now);
    save(&mut tx, &held).await?;
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    app.live.changed(format!("queue:{}", found.queue));
    app.live.changed(format!("lead:{lead}"));
    Ok(Ok(()))
}

/// Whether a reason is given where the move needs one.
fn reason_given(version: &Version, transition: &Transition, reason: &str) -> Result<(), FieldErrors> {
    if transition.reason && reason.trim().is_empty() {
        let clause = version.terms.clause_of_move(transition);
        return Err(FieldErrors::one("reason", format!("This move needs a reason (clause {clause}).")));
    }
    if reason.chars().count() > MAX_REASON {
        return Err(FieldErrors::one("reason", format!("At most {MAX_REASON} characters are kept.")));
    }
    Ok(())
}

/// Marketing has seen a hand-back and says so.
pub async fn answer(app: &App, user: &User, lead: LeadId, handoff: HandoffId) -> AppResult<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    queries::load(&mut tx, lead, handoff).await?.ok_or_else(no_such_handoff)?;
    if !queries::answer(&mut tx, lead, handoff, user.id, now).await? {
        return Err(AppError::Conflict("A colleague has answered this hand-back already.".into()));
    }
    audit::record(
        &mut tx,
        now,
        &[Entry::new("lead", lead.0, &user.actor(), "hand_back_answered")
            .detail(json!({ "handoff": handoff }))],
    )
    .await?;
    tx.commit().await?;
    app.live.changed("hand-backs");
    Ok(())
}

/// Converts the handoff of a lead that a deal was opened for, and gives the lead its status. In the caller's transaction.
pub async fn convert(
    conn: &mut PgConnection,
    version: &Arc<Version>,
    user: &User,
    lead: &mut Lead,
    now: DateTime<Utc>,
) -> AppResult<Option<HandoffId>> {
    let to = version.terms.jurisdictions.acts.converted.clone();
    let mut all = queries::of_lead(conn, lead.id).await?.into_iter();
    let was_converted = all.clone().any(|h| h.state == HandoffState::Converted);
    let Some(open) = all.find(|h| h.closed_at.is_none()) else {
        // Further deals of a lead that sales qualified before need no new handoff.
        if lead.status == to {
            return Ok(None);
        }
        if was_converted {
            may_move(version, lead, &to, user)?;
            let mut entries = vec![];
            move_to(version, lead, &to, &user.actor(), now, &mut entries);
            lead.updated_at = now;
            save(conn, lead).await?;
            audit::record(conn, now, &entries).await?;
            return Ok(None);
        }
        return Err(AppError::Conflict(
            "Only a lead that was handed over can be qualified. Claim it first (part 2, Jurisdictions)."
                .into(),
        ));
    };
    let handoff = owned(conn, user, lead.id, open.id).await?;
    may_move(version, lead, &to, user)?;
    if !queries::convert(conn, lead.id, handoff.id, now).await? {
        return Err(AppError::Conflict(
            "Log the first contact before you qualify the lead (part 2, Jurisdictions).".into(),
        ));
    }
    let mut entries = vec![
        Entry::new("lead", lead.id.0, &user.actor(), "converted")
            .version(version.number)
            .detail(json!({ "handoff": handoff.id })),
    ];
    move_to(version, lead, &to, &user.actor(), now, &mut entries);
    lead.updated_at = now;
    audit::record(conn, now, &entries).await?;
    Ok(Some(handoff.id))
}

/// Changes a status by hand, along a transition of the agreement.
pub async fn change_status(
    app: &App,
    user: &User,
    lead: LeadId,
    to: &str,
    reason: &str,
) -> AppResult<Result<(), FieldErrors>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = app.versions.in_force(&mut tx).await?;
    let loaded = load_lead(&mut tx, lead).await?;
    let mut held = loaded.lead;
    if version.terms.status(to).is_none() {
        return Ok(Err(FieldErrors::one("to", "Choose a status.")));
    }
    let transition = may_move(&version, &held, to, user)?;
    if loaded.has_open_handoff {
        return Err(AppError::Conflict("This lead is being handed over, and its status follows the handoff (part 2, Jurisdictions). Withdraw the offer, convert it or hand it back.".into()));
    }
    if let Err(errors) = reason_given(&version, transition, reason) {
        return Ok(Err(errors));
    }
    let mut entries = vec![];
    move_to(&version, &mut held, to, &user.actor(), now, &mut entries);
    if let Some(entry) = entries.last_mut().filter(|_| !reason.trim().is_empty()) {
        entry.detail = json!({ "reason": reason.trim() });
    }
    held.updated_at = now;
    save(&mut tx, &held).await?;
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    // A lead that moves back into marketing's hands may be due at once.
    let offered = intake::rejudge_at(&app.intake(), &[lead.0], now).await?;
    intake::announce(app, &offered);
    app.live.changed(format!("lead:{lead}"));
    Ok(Ok(()))
}
