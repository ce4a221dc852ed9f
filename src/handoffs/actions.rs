//! What people do with handoffs. Each act loads what it needs, asks the agreement, then changes the state
//! that it expects to find; when that state is gone, somebody else was faster and nothing is changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::intake::{self, move_to};
use super::model::{Handoff, HandoffState};
use super::queries::{self, Candidate, ClaimWrite, Claimant, HandBackWrite};
use super::service_levels::Deadline;
use crate::agreement::terms::{HandBackKind, Party, Promise, Transition};
use crate::agreement::versions::Version;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{HandoffId, LeadId, new_id};
use crate::kernel::people::Role;
use crate::leads::model::outcomes;
use crate::leads::{Lead, queries as leads};
use crate::scoring::CategoryKey;

/// How many of the best waiting handoffs are tried before looking again.
const CANDIDATES: i64 = 32;
/// How often a rep who is beaten to every candidate looks again.
const LOOKS: u32 = 40;
/// About as long as a claim takes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);
/// Longest note or activity text, in characters.
const MAX_TEXT: usize = 10_000;

/// Claims one waiting handoff for a rep.
pub async fn claim(app: &App, user: &User, lead: LeadId, handoff: HandoffId) -> AppResult<()> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let mut looks = 0;
    let found = loop {
        // The status first: a claim between the two is then seen as a claim.
        let status = status_of(&mut conn, lead).await?;
        let found = queries::load(&mut conn, lead, handoff).await?.ok_or_else(no_such_handoff)?;
        if found.state != HandoffState::Offered || looks == LOOKS {
            break found;
        }
        let candidate = Candidate {
            lead_id: lead,
            id: handoff,
            version: found.version,
            queue: found.queue,
            category: found.category,
            fast_track: found.fast_track,
            status,
        };
        if try_claim(app, &mut conn, &version, user, vec![candidate]).await?.is_some() {
            return Ok(());
        }
        // Somebody is claiming it at this moment; in the next it is known who.
        tokio::time::sleep(BETWEEN_LOOKS).await;
        looks += 1;
    };
    Err(AppError::Conflict(match (found.owner_name, found.state) {
        (Some(name), _) if found.owner_id == Some(user.id) => {
            format!("You have this lead already, {name}.")
        }
        (Some(name), HandoffState::Claimed | HandoffState::Contacted | HandoffState::Converted) => {
            format!("{name} claimed this lead first. Claim another one.")
        }
        (_, state) => format!("This handoff is {} now and cannot be claimed.", state.label().to_lowercase()),
    }))
}

/// Claims the best waiting handoff of a queue, or of all queues. None when nothing waits.
pub async fn claim_next(
    app: &App,
    user: &User,
    queue: Option<&str>,
) -> AppResult<Option<(LeadId, HandoffId)>> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let queues: Vec<String> = match queue {
        Some(key) => vec![
            version
                .terms
                .queue(key)
                .ok_or_else(|| AppError::NotFound(format!("The agreement has no queue “{key}”.")))?
                .key
                .clone(),
        ],
        None => version.terms.routing.queues.iter().map(|queue| queue.key.clone()).collect(),
    };
    for _ in 0..LOOKS {
        let candidates = queries::candidates(&mut conn, &queues, app.clock.now(), CANDIDATES).await?;
        if candidates.is_empty() {
            return Ok(None);
        }
        if let Some(claimed) = try_claim(app, &mut conn, &version, user, candidates).await? {
            return Ok(Some((claimed.lead_id, claimed.id)));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(AppError::Conflict("Colleagues were faster on every lead. Press “Claim next” again.".into()))
}

/// One attempt at the first of these that can be had; None when colleagues were faster on all. Refused when the rep
/// holds as many leads as one may.
async fn try_claim(
    app: &App,
    conn: &mut PgConnection,
    version: &Version,
    user: &User,
    mut candidates: Vec<Candidate>,
) -> AppResult<Option<Candidate>> {
    let terms = &version.terms;
    let to = &terms.jurisdictions.acts.claimed;
    let now = app.clock.now();
    let mut wanted = Vec::with_capacity(candidates.len());
    let mut deadlines: HashMap<(i32, u32, u8), Deadline> = HashMap::new();
    for candidate in &candidates {
        terms
            .may_move(&candidate.status, to, Party::from(user.department))
            .map_err(|refusal| AppError::Conflict(refusal.to_string()))?;
        let offered_under = app.versions.get(conn, candidate.version).await?;
        let promise = promise(&offered_under, candidate);
        // Most candidates have the same promise, and walking the calendar takes longest here.
        let deadline = deadlines
            .entry((candidate.version, promise.first_contact_within_minutes, promise.at_risk_percent))
            .or_insert_with(|| Deadline::contact(&offered_under.calendar, promise, now));
        wanted.push(ClaimWrite {
            lead: candidate.lead_id,
            handoff: candidate.id,
            status_from: candidate.status.clone(),
            contact_risk_at: deadline.risk_at,
            contact_due_at: deadline.due_at,
        });
    }
    let capacity = terms.routing.capacity_per_rep.map(i64::from);
    let claimant = Claimant {
        user: user.id,
        user_name: &user.name,
        capacity,
        status_to: to,
        stage_to: terms.stage_of(to).key(),
        version: version.number,
        entries: [new_id(now), new_id(now)],
    };
    let mut tx = conn.begin().await?;
    if capacity.is_some() {
        // Else two claims of one rep at once would not count each other.
        queries::one_claim_at_a_time(&mut tx, user.id).await?;
    }
    if let Some(place) = queries::claim(&mut tx, &claimant, &wanted, now).await? {
        tx.commit().await?;
        let claimed = candidates.swap_remove(place);
        app.live.changed(format!("queue:{}", claimed.queue));
        app.live.changed(format!("lead:{}", claimed.lead_id));
        return Ok(Some(claimed));
    }
    if let Some(capacity) = capacity
        && queries::held_by(&mut tx, user.id).await? >= capacity
    {
        return Err(AppError::Conflict(format!(
            "You hold {capacity} open leads, the most that is agreed for one rep (part 7, Routing). Convert or hand back one first."
        )));
    }
    Ok(None)
}

fn promise<'a>(version: &'a Version, candidate: &Candidate) -> &'a Promise {
    let category = CategoryKey::parse(&candidate.category).unwrap_or(CategoryKey::LowInterestBadFit);
    super::judge::promise(&version.terms, &candidate.queue, category, candidate.fast_track.is_some())
}

fn no_such_handoff() -> AppError {
    AppError::NotFound("There is no such handoff.".into())
}

async fn status_of(conn: &mut PgConnection, lead: LeadId) -> AppResult<String> {
    Ok(load_lead(conn, lead).await?.lead.status)
}

async fn load_lead(conn: &mut PgConnection, lead: LeadId) -> AppResult<leads::Loaded> {
    leads::load(conn, lead).await?.ok_or_else(|| AppError::NotFound("There is no such lead.".into()))
}

/// Whether the user's department may make this move of a lead, and all is filled in that the move requires;
/// the refusal cites the clause.
pub fn may_move<'a>(version: &'a Version, lead: &Lead, to: &str, user: &User) -> AppResult<&'a Transition> {
    let transition = version
        .terms
        .may_move(&lead.status, to, Party::from(user.department))
        .map_err(|refusal| AppError::Conflict(refusal.to_string()))?;
    let missing: Vec<&str> =
        transition.requires.iter().map(String::as_str).filter(|field| !lead.facts.has(field)).collect();
    if !missing.is_empty() {
        let (from, to) = (version.terms.status_label(&lead.status), version.terms.status_label(to));
        return Err(AppError::Conflict(format!(
            "From “{from}” to “{to}” the lead needs {} (part 2, Jurisdictions). Edit the lead and fill it in.",
            missing.join(" and ")
        )));
    }
    Ok(transition)
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
    let date: chrono::NaiveDate = typed.parse().map_err(|_| {
        format!("“{}” is not a date; write it as 2027-01-31", crate::kernel::text::excerpt(typed))
    })?;
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

/// Marketing takes an offer back that nobody claimed yet.
pub async fn withdraw(app: &App, user: &User, lead: LeadId, handoff: HandoffId) -> AppResult<()> {
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
    may_move(&version, &held, &to, user)?;
    let mut entries = vec![
        Entry::new("lead", lead.0, &user.actor(), "withdrawn")
            .version(version.number)
            .detail(json!({ "handoff": handoff })),
    ];
    move_to(&version, &mut held, &to, &user.actor(), now, &mut entries);
    rest(&version, &mut held, None, now);
    save(&mut tx, &held).await?;
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    app.live.changed(format!("queue:{}", found.queue));
    app.live.changed(format!("lead:{lead}"));
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
    let open = queries::of_lead(conn, lead.id).await?.into_iter().find(|h| h.closed_at.is_none());
    let Some(open) = open else {
        // Further deals of a lead that sales qualified before need no new handoff.
        if lead.status == to {
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
    if loaded.has_open_handoff {
        return Err(AppError::Conflict("This lead is being handed over. Withdraw the offer, convert it or hand it back; its status follows.".into()));
    }
    let transition = may_move(&version, &held, to, user)?;
    if transition.reason && reason.trim().is_empty() {
        return Ok(Err(FieldErrors::one("reason", "This move needs a reason (part 2, Jurisdictions).")));
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
