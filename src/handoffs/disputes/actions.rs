//! Contest, rule, waive.

use serde_json::json;
use sqlx::PgConnection;

use super::model::{About, Clock, ClockOf, Dispute, Matter, Ruling};
use super::queries::{self, NewDispute, NewWaiver};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::handoffs::actions::{load_lead, no_such_handoff};
use crate::handoffs::model::Handoff;
use crate::handoffs::queries as handoffs;
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{DisputeId, HandoffId, LeadId};
use crate::kernel::people::Role;
use crate::kernel::text;
use crate::scoring::CategoryKey;

/// Longest comment, in characters.
const MAX_BODY: usize = 10_000;
/// Longest note of a ruling and longest reason of a waiver.
const MAX_REASON: usize = 2_000;

/// Contests what the agreement made of a lead.
pub async fn contest(
    app: &App,
    user: &User,
    lead: LeadId,
    what: &str,
    body: &str,
) -> AppResult<Result<DisputeId, FieldErrors>> {
    let mut errors = FieldErrors::default();
    let matter = errors.check("what", what.parse::<Matter>().map_err(|()| "Choose what you contest."));
    let body =
        errors.check("body", written(body, MAX_BODY, "Write why, so that the other side can judge it."));
    let (Some(matter), Some(body)) = (matter, body) else { return Ok(Err(errors)) };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let held = load_lead(&mut tx, lead).await?.lead;
    let (contested, decided_by) = match matter.handoff {
        None => {
            let is_hot = held.hot_until.is_some_and(|until| until > now);
            let judged = app.versions.get(&mut tx, held.judged_version).await?;
            let key = CategoryKey::of(&judged.terms.categories.thresholds(), held.fit, is_hot);
            (key.to_string(), held.judged_version)
        }
        Some(id) => {
            let handoff = load_handoff(&mut tx, lead, id).await?;
            if !handoff.contestable(user.department, now).contains(&matter.about) {
                return Err(AppError::Conflict(not_contestable(matter.about, user)));
            }
            let decided_by = handoff.version_of(matter.about.clock().unwrap_or(Clock::Answer));
            let contested = if matter.about == About::HandBack { handoff.hand_back_reason } else { None };
            (contested.unwrap_or_default(), decided_by)
        }
    };
    let earlier = queries::of_lead(&mut tx, lead).await?.into_iter().find(|d| d.matter() == matter);
    if let Some(earlier) = earlier.filter(|d| d.ruling.is_none() || matter.handoff.is_some()) {
        return Err(AppError::Conflict(contested_already(&earlier)));
    }
    let id = DisputeId::new(now);
    let new = NewDispute {
        lead,
        id,
        about: matter.about,
        handoff: matter.handoff,
        contested: &contested,
        version: decided_by,
        department: user.department,
        user: user.id,
        body: &body,
    };
    if !queries::insert(&mut tx, &new, now).await? {
        return Err(AppError::Conflict("A colleague contests this already. Look at the lead again.".into()));
    }
    let dispute = queries::load(&mut tx, lead, id).await?.ok_or_else(no_such_dispute)?;
    let clause = dispute.path(&*app.versions.get(&mut tx, decided_by).await?);
    let detail = json!({ "dispute": id, "handoff": matter.handoff, "contested": contested, "clause": clause, "body": body });
    let entry = Entry::new("lead", lead.0, &user.actor(), "contested")
        .change(None, Some(matter.about.key().to_owned()))
        .version(decided_by)
        .detail(detail);
    audit::record(&mut tx, now, &[entry]).await?;
    tx.commit().await?;
    tell(app, lead);
    Ok(Ok(id))
}

fn not_contestable(about: About, user: &User) -> String {
    if about.is_for(user.department) {
        return match about {
            About::HandBack => "This handoff was not handed back, so there is nothing to contest.".into(),
            _ => {
                "This clock is not breached, or it was waived, so there is nothing to contest (part 8, Service levels)."
                    .into()
            }
        };
    }
    match about {
        About::HandBack => "Sales gave this lead back; Marketing contests it.".to_owned(),
        _ => {
            let side = about.clock().map_or("", |clock| clock.side().label());
            format!("This is a promise of {side}; {side} contests its breach (part 8, Service levels).")
        }
    }
}

fn contested_already(earlier: &Dispute) -> String {
    match (&earlier.ruling, &earlier.ruled_by) {
        (Some(ruling), Some(name)) => {
            format!("This was contested before, and {name} ruled: {}. The ruling stands.", ruling.key())
        }
        _ => format!("{} contests this already. It waits for a ruling.", earlier.opened_by),
    }
}

/// Rules on a dispute of the other side. Whoever upholds that a clock was not missed stops it with a waiver.
pub async fn rule(
    app: &App,
    user: &User,
    lead: LeadId,
    id: DisputeId,
    ruling: &str,
    note: &str,
) -> AppResult<Result<Ruling, FieldErrors>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let dispute = queries::load(&mut tx, lead, id).await?.ok_or_else(no_such_dispute)?;
    if user.role != Role::Manager || user.department == dispute.department {
        let other = dispute.department.other().label();
        return Err(AppError::Forbidden(format!(
            "{} contests this, so a manager of {other} rules on it.",
            dispute.department.label()
        )));
    }
    let mut errors = FieldErrors::default();
    let ruling =
        errors.check("ruling", Ruling::parse(ruling).ok_or("Choose whether you uphold or dismiss it."));
    let note = errors.check("note", written(note, MAX_REASON, "Write why; the other side reads it."));
    let (Some(ruling), Some(note)) = (ruling, note) else { return Ok(Err(errors)) };
    if !queries::rule(&mut tx, lead, id, ruling, user.id, &note, now).await? {
        drop(tx);
        let mut conn = app.db.acquire().await?;
        let ruled = queries::load(&mut conn, lead, id).await?.ok_or_else(no_such_dispute)?;
        return Err(AppError::Conflict(ruled_already(&ruled)));
    }
    let clause = dispute.path(&*app.versions.get(&mut tx, dispute.version).await?);
    let mut entries = vec![ruled(&dispute, user, ruling, clause.as_deref(), &note)];
    let clock = dispute.about.clock().zip(dispute.handoff_id).filter(|_| ruling == Ruling::Upheld);
    if let Some((clock, handoff)) = clock {
        let waiver = NewWaiver { lead, handoff, clock, user: user.id, reason: &note };
        // Somebody may have stopped it before without knowing of the dispute.
        if queries::waive(&mut tx, &waiver, now).await? {
            entries.push(waived(&waiver, user, dispute.version, clause.as_deref().unwrap_or_default()));
        }
    }
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    tell(app, lead);
    tell_queue(app, dispute.queue.as_deref(), clock.map(|(clock, _)| clock));
    Ok(Ok(ruling))
}

fn ruled_already(dispute: &Dispute) -> String {
    let name = dispute.ruled_by.as_deref().unwrap_or("A colleague");
    let ruling = dispute.ruling.map_or("ruled on", Ruling::key);
    format!("{name} has ruled on this already: {ruling}. Nothing was changed.")
}

/// Stops a clock of the other side, with a reason. An open dispute about it is upheld by that.
pub async fn waive(
    app: &App,
    user: &User,
    lead: LeadId,
    which: &str,
    reason: &str,
) -> AppResult<Result<Clock, FieldErrors>> {
    let mut errors = FieldErrors::default();
    let which = errors.check("clock", which.parse().map_err(|()| "Choose the clock that you waive."));
    let reason = errors.check("reason", written(reason, MAX_REASON, "Write why the clock is stopped."));
    let (Some(ClockOf { clock, handoff }), Some(reason)) = (which, reason) else { return Ok(Err(errors)) };
    let side = clock.side();
    if user.role != Role::Manager || user.department == side {
        return Err(AppError::Forbidden(format!(
            "This is a promise of {}; only a manager of {} waives it.",
            side.label(),
            side.other().label()
        )));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let found = load_handoff(&mut tx, lead, handoff).await?;
    if let Some(waiver) = found.waiver(clock) {
        return Err(AppError::Conflict(format!("{} has waived this clock already.", waiver.by)));
    }
    if !found.waivable(user.department, now).contains(&clock) {
        return Err(AppError::Conflict(
            "This clock was met, or it was never started, so there is nothing to waive.".into(),
        ));
    }
    let waiver = NewWaiver { lead, handoff, clock, user: user.id, reason: &reason };
    if !queries::waive(&mut tx, &waiver, now).await? {
        return Err(AppError::Conflict(
            "A moment ago this clock was met, or a colleague waived it. Look at the lead again.".into(),
        ));
    }
    let version = found.version_of(clock);
    let category = CategoryKey::parse(&found.category).unwrap_or(CategoryKey::LowInterestBadFit);
    let judged = app.versions.get(&mut tx, version).await?;
    let clause = clock.path(&judged, &found.queue, category, found.fast_track.is_some());
    let mut entries = vec![waived(&waiver, user, version, &clause)];
    let about = About::breach_of(clock);
    let open = queries::of_lead(&mut tx, lead)
        .await?
        .into_iter()
        .find(|d| d.ruling.is_none() && d.about == about && d.handoff_id == Some(handoff));
    if let Some(dispute) = open
        && queries::rule(&mut tx, lead, dispute.id, Ruling::Upheld, user.id, &reason, now).await?
    {
        entries.push(ruled(&dispute, user, Ruling::Upheld, Some(&clause), &reason));
    }
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    tell(app, lead);
    tell_queue(app, Some(&found.queue), Some(clock));
    Ok(Ok(clock))
}

fn ruled(dispute: &Dispute, user: &User, ruling: Ruling, clause: Option<&str>, note: &str) -> Entry {
    let detail = json!({ "dispute": dispute.id, "handoff": dispute.handoff_id, "contested": dispute.contested, "clause": clause, "note": note });
    Entry::new("lead", dispute.lead_id.0, &user.actor(), "dispute_ruled")
        .change(Some(dispute.about.key().to_owned()), Some(ruling.key().to_owned()))
        .version(dispute.version)
        .detail(detail)
}

fn waived(waiver: &NewWaiver, user: &User, version: i32, clause: &str) -> Entry {
    Entry::new("lead", waiver.lead.0, &user.actor(), "clock_waived")
        .change(None, Some(waiver.clock.key().to_owned()))
        .version(version)
        .detail(json!({ "handoff": waiver.handoff, "clause": clause, "reason": waiver.reason }))
}

/// A text that must not be blank.
fn written(typed: &str, most: usize, blank: &'static str) -> Result<String, String> {
    match text::filled(&typed.replace('\0', "")) {
        None => Err(blank.to_owned()),
        Some(text) if text.chars().count() > most => Err(format!("At most {most} characters are kept.")),
        Some(text) => Ok(text),
    }
}

async fn load_handoff(conn: &mut PgConnection, lead: LeadId, id: HandoffId) -> AppResult<Handoff> {
    handoffs::load(conn, lead, id).await?.ok_or_else(no_such_handoff)
}

/// The refusal of an address that names no dispute.
pub fn no_such_dispute() -> AppError {
    AppError::NotFound("There is no such dispute. It may have been mistyped.".into())
}

fn tell(app: &App, lead: LeadId) {
    app.live.changed(format!("lead:{lead}"));
    app.live.changed("disputes");
}

fn tell_queue(app: &App, queue: Option<&str>, clock: Option<Clock>) {
    match (clock, queue) {
        (Some(Clock::Claim), Some(queue)) => app.live.changed(format!("queue:{queue}")),
        (Some(Clock::Answer), _) => app.live.changed("hand-backs"),
        _ => {}
    }
}
