//! Claiming: who may, by the agreement, and once whoever is fastest.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use super::actions::{load_lead, no_such_handoff, refused};
use super::model::HandoffState;
use super::queries::{self, Candidate, ClaimWrite, Claimant};
use super::reps::{self, Rep, Skip, may_claim};
use super::service_levels::Deadline;
use crate::agreement::terms::{Party, Promise, Terms};
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::ids::{HandoffId, LeadId, new_id};
use crate::leads::queries as leads;
use crate::scoring::CategoryKey;

/// How many of the best waiting handoffs are tried before looking again.
const CANDIDATES: i64 = 32;
/// How often a rep who is beaten to every candidate looks again.
const LOOKS: u32 = 40;
/// About as long as a claim takes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);
/// A person as the rule of claiming sees them. What they hold is counted by the claim itself.
pub async fn claimant(conn: &mut PgConnection, version: &Version, user: &User) -> AppResult<Rep> {
    let must_ask = version.terms.routing.acknowledge_to_claim;
    Ok(Rep {
        id: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        // Whoever is not has no session.
        active: true,
        away_until: user.away_until,
        holds: 0,
        has_acknowledged: !must_ask || queries::has_acknowledged(conn, version.number, user.id).await?,
    })
}

/// Claims one waiting handoff for a rep.
pub async fn claim(app: &App, user: &User, lead: LeadId, handoff: HandoffId) -> AppResult<()> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let rep = claimant(&mut conn, &version, user).await?;
    let mut looks = 0;
    let found = loop {
        // The status first: a claim between the two is then seen as a claim.
        let status = load_lead(&mut conn, lead).await?.lead.status;
        let found = queries::load(&mut conn, lead, handoff).await?.ok_or_else(no_such_handoff)?;
        if found.state != HandoffState::Offered || looks == LOOKS {
            break found;
        }
        may_claim(&version.terms, &found.queue, &rep, app.clock.now()).map_err(skipped)?;
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

/// Claims the best waiting handoff of a queue, or of all queues from which the rep may claim. None when nothing waits.
pub async fn claim_next(
    app: &App,
    user: &User,
    queue: Option<&str>,
) -> AppResult<Option<(LeadId, HandoffId)>> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let rep = claimant(&mut conn, &version, user).await?;
    if let Some(key) = queue
        && version.terms.queue(key).is_none()
    {
        return Err(AppError::NotFound(format!("The agreement has no queue “{key}”.")));
    }
    let queues = open_queues(&version.terms, &rep, queue, app.clock.now()).map_err(skipped)?;
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

/// Why somebody of Sales may not claim from a queue, or from any; none when they may.
pub async fn refusal(
    conn: &mut PgConnection,
    version: &Version,
    user: &User,
    queue: Option<&str>,
    now: DateTime<Utc>,
) -> AppResult<Option<String>> {
    if !user.is_sales() {
        return Ok(None);
    }
    let rep = claimant(conn, version, user).await?;
    Ok(open_queues(&version.terms, &rep, queue, now).err().map(|skip| skip.to_them()))
}

/// The queues from which a rep may claim, of all or of one; when there is none, the reason.
fn open_queues(
    terms: &Terms,
    rep: &Rep,
    queue: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Vec<String>, Skip> {
    let mut first = None;
    let mut open = vec![];
    for known in terms.routing.queues.iter().filter(|known| queue.is_none_or(|key| known.key == key)) {
        match may_claim(terms, &known.key, rep, now) {
            Ok(()) => open.push(known.key.clone()),
            Err(skip) => first = first.or(Some(skip)),
        }
    }
    match first {
        Some(skip) if open.is_empty() => Err(skip),
        _ => Ok(open),
    }
}

/// One attempt at the first of these that can be had; None when colleagues were faster on all. Refused when the
/// agreement lets the rep claim none of them, or when they hold as many leads as one may.
async fn try_claim(
    app: &App,
    conn: &mut PgConnection,
    version: &Version,
    user: &User,
    candidates: Vec<Candidate>,
) -> AppResult<Option<Candidate>> {
    let terms = &version.terms;
    let to = &terms.jurisdictions.acts.claimed;
    let now = app.clock.now();
    let mut candidates = movable(conn, version, user, candidates).await?;
    let mut wanted = Vec::with_capacity(candidates.len());
    let mut deadlines: HashMap<(i32, u32, u8), Deadline> = HashMap::new();
    for candidate in &candidates {
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
    let capacity = terms.routing.capacity_per_rep;
    let claimant = Claimant {
        user: user.id,
        user_name: &user.name,
        capacity: capacity.map(i64::from),
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
        && queries::held_by(&mut tx, user.id).await? >= i64::from(capacity)
    {
        return Err(skipped(reps::full(terms, capacity)));
    }
    Ok(None)
}

/// Those of the candidates whose leads this person may move on to claimed; refused when there are none.
async fn movable(
    conn: &mut PgConnection,
    version: &Version,
    user: &User,
    candidates: Vec<Candidate>,
) -> AppResult<Vec<Candidate>> {
    let terms = &version.terms;
    let to = &terms.jurisdictions.acts.claimed;
    let (mut first, mut movable, mut waiting) = (None, Vec::with_capacity(candidates.len()), HashMap::new());
    for candidate in candidates {
        match terms.may_move(&candidate.status, to, Party::from(user.department)) {
            Ok(transition) => {
                if !transition.requires.is_empty() {
                    waiting.insert(candidate.lead_id, transition);
                }
                movable.push(candidate);
            }
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    if !waiting.is_empty() {
        let ids: Vec<_> = waiting.keys().map(|lead| lead.0).collect();
        for leads::Loaded { lead, .. } in leads::load_many(conn, &ids).await? {
            let Some(transition) = waiting.get(&lead.id) else { continue };
            if let Err(refusal) = terms.is_filled_in(transition, |field| lead.facts.has(field)) {
                movable.retain(|candidate| candidate.lead_id != lead.id);
                first = first.or(Some(refusal));
            }
        }
    }
    match first {
        Some(refusal) if movable.is_empty() => Err(refused(refusal)),
        _ => Ok(movable),
    }
}

fn promise<'a>(version: &'a Version, candidate: &Candidate) -> &'a Promise {
    let category = CategoryKey::parse(&candidate.category).unwrap_or(CategoryKey::LowInterestBadFit);
    super::judge::promise(&version.terms, &candidate.queue, category, candidate.fast_track.is_some())
}

/// What a rep who may not claim is told, and where they can do something about it.
fn skipped(skip: Skip) -> AppError {
    let why = skip.to_them();
    match skip {
        Skip::NotAcknowledged { .. } => {
            AppError::Refused { why, way: ("/agreement", "Read and acknowledge the agreement") }
        }
        _ => AppError::Conflict(why),
    }
}
