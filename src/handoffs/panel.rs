//! A lead's handoffs as its page shows them: the open one with its clocks, what may be done, the cycles before.

use sqlx::PgConnection;

use super::claims;
use super::disputes::model::Clock;
use super::model::{Handoff, HandoffState};
use super::packet::Packet;
use super::queries;
use super::queues::Due;
use super::reps::may_claim;
use crate::agreement::citations::Citation;
use crate::agreement::terms::Party;
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::User;
use crate::error::AppResult;
use crate::kernel::people::{Department, Role};
use crate::leads::Lead;
use crate::scoring::CategoryKey;
use crate::web::Layout;

/// The handoffs of a lead for one person.
pub struct Panel {
    pub open: Option<Open>,
    /// Closed handoffs, the newest first.
    pub earlier: Vec<Past>,
    /// Hand-back reasons: key and label with its kind.
    pub reasons: Vec<(String, String)>,
}

/// The open handoff.
pub struct Open {
    pub handoff: Handoff,
    pub queue_label: String,
    /// The routing rule that matched, in words.
    pub rule_label: String,
    /// By which clauses it was offered, went to its queue, and has its deadlines by which calendar.
    pub offered_by: Option<Citation>,
    pub routed_by: Option<Citation>,
    pub promised_by: Option<Citation>,
    pub calendar: Option<Citation>,
    pub claim: Option<Due>,
    /// The first-contact clock, once it is claimed.
    pub contact: Option<Due>,
    pub packet: Option<Packet>,
    pub may_claim: bool,
    /// Why this person of Sales may not claim it.
    pub claim_refused: Option<String>,
    pub may_work: bool,
    pub may_withdraw: bool,
    /// Whether the agreement asks for a reason of who withdraws.
    pub withdraw_needs_reason: bool,
}

/// A closed handoff.
pub struct Past {
    pub handoff: Handoff,
    /// Its clocks that came to an end.
    pub clocks: Vec<(Clock, Due)>,
    /// The reason of the hand-back, in the words of the version that it was given under.
    pub reason: Option<String>,
    pub returned_by: Option<Citation>,
}

impl Panel {
    /// Whether this person may open a deal: once the first contact is made, and again on a lead that was qualified.
    pub fn may_open_deal(&self, user: &User) -> bool {
        self.open
            .as_ref()
            .map_or(user.is_sales(), |open| open.may_work && open.handoff.contacted_at.is_some())
    }

    /// All of them, the newest first.
    pub fn handoffs(&self) -> Vec<&Handoff> {
        let open = self.open.iter().map(|open| &open.handoff);
        open.chain(self.earlier.iter().map(|past| &past.handoff)).collect()
    }
}

/// Loads the handoffs of a lead.
pub async fn load(
    conn: &mut PgConnection,
    app: &App,
    version: &Version,
    lead: &Lead,
    user: &User,
    layout: &Layout,
) -> AppResult<Panel> {
    // Every offer is counted, so that a lead that never was offered needs no look.
    let mut all = if lead.cycles == 0 { vec![] } else { queries::of_lead(conn, lead.id).await? };
    let open = match all.iter().position(|handoff| handoff.closed_at.is_none()) {
        Some(at) => {
            let mut handoff = all.remove(at);
            let packet = handoff.packet.take().and_then(|packet| serde_json::from_value(packet).ok());
            let offered_under = app.versions.get(conn, handoff.version).await?;
            let mut open = view(version, &offered_under, lead, handoff, packet, user, layout);
            if open.may_claim {
                let rep = claims::claimant(conn, version, user).await?;
                let refused = may_claim(&version.terms, &open.handoff.queue, &rep, layout.now);
                open.claim_refused = refused.err().map(|skip| skip.to_them());
            }
            Some(open)
        }
        None => None,
    };
    let mut earlier = Vec::with_capacity(all.len());
    for handoff in all {
        let returned_under = app.versions.get(conn, handoff.version_of(Clock::Answer)).await?;
        earlier.push(past(&returned_under, handoff, layout));
    }
    let reasons = version.terms.hand_back.reasons.iter().map(|r| (r.key.clone(), r.label.clone())).collect();
    Ok(Panel { open, earlier, reasons })
}

fn past(returned_under: &Version, handoff: Handoff, layout: &Layout) -> Past {
    let key = handoff.hand_back_reason.as_deref();
    let reason =
        key.map(|key| returned_under.terms.reason(key).map_or(key, |reason| &reason.label).to_owned());
    let ended = |clock: Clock| {
        handoff.clock_state(clock, layout.now)?;
        Some((clock, due(&handoff, clock, layout)?))
    };
    Past {
        clocks: Clock::ALL.into_iter().filter_map(ended).collect(),
        returned_by: key.and_then(|key| returned_under.cite_hand_back(key)),
        reason,
        handoff,
    }
}

fn due(handoff: &Handoff, clock: Clock, layout: &Layout) -> Option<Due> {
    let (deadline, done_at) = handoff.clock(clock)?;
    Some(Due::of(&deadline, done_at, layout).or_waived(handoff.waiver(clock)))
}

fn view(
    version: &Version,
    offered_under: &Version,
    lead: &Lead,
    handoff: Handoff,
    packet: Option<Packet>,
    user: &User,
    layout: &Layout,
) -> Open {
    let terms = &offered_under.terms;
    let is_waiting = handoff.state == HandoffState::Offered;
    let is_mine = handoff.owner_id == Some(user.id) || (user.is_sales() && user.role == Role::Manager);
    let rule = handoff
        .routing_rule
        .as_ref()
        .and_then(|key| terms.routing.rules.iter().find(|rule| rule.key == *key));
    let category = CategoryKey::parse(&handoff.category).unwrap_or(CategoryKey::LowInterestBadFit);
    let track = handoff.fast_track.as_deref();
    let withdrawn = &version.terms.jurisdictions.acts.withdrawn;
    let withdrawal = version.terms.may_move(&lead.status, withdrawn, Party::Marketing);
    let claims = version.terms.may_move(
        &lead.status,
        &version.terms.jurisdictions.acts.claimed,
        Party::from(user.department),
    );
    Open {
        queue_label: terms
            .queue(&handoff.queue)
            .map_or_else(|| handoff.queue.clone(), |queue| queue.label.clone()),
        rule_label: rule.map_or_else(
            || "no rule matched, so the fallback queue".to_owned(),
            |rule| format!("rule “{}”", rule.label),
        ),
        offered_by: match track {
            Some(key) => offered_under.cite_fast_track(key),
            None => offered_under.cite_category(category),
        },
        routed_by: offered_under.cite_routing(handoff.routing_rule.as_deref()),
        promised_by: offered_under.cite_promise(&handoff.queue, category, track.is_some()),
        calendar: offered_under.cite("calendar"),
        claim: due(&handoff, Clock::Claim, layout),
        contact: due(&handoff, Clock::Contact, layout),
        packet,
        may_claim: is_waiting && user.is_sales() && claims.is_ok(),
        claim_refused: None,
        may_work: !is_waiting && user.is_sales() && is_mine,
        may_withdraw: is_waiting && user.department == Department::Marketing && withdrawal.is_ok(),
        withdraw_needs_reason: withdrawal.is_ok_and(|transition| transition.reason),
        handoff,
    }
}
