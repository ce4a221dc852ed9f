//! A lead's handoffs as its page shows them: the open one with its clocks, what may be done, the cycles before.

use sqlx::PgConnection;

use super::model::{Handoff, HandoffState};
use super::packet::Packet;
use super::queries;
use super::queues::Due;
use super::service_levels::Deadline;
use crate::agreement::versions::Version;
use crate::auth::User;
use crate::error::AppResult;
use crate::kernel::people::{Department, Role};
use crate::leads::Lead;
use crate::web::Layout;

/// The handoffs of a lead for one person.
pub struct Panel {
    pub open: Option<Open>,
    /// Closed handoffs, the newest first.
    pub earlier: Vec<Handoff>,
    /// Hand-back reasons: key and label with its kind.
    pub reasons: Vec<(String, String)>,
}

/// The open handoff.
pub struct Open {
    pub handoff: Handoff,
    pub queue_label: String,
    /// The routing rule that matched, in words.
    pub rule_label: String,
    pub claim: Due,
    /// The first-contact clock, once it is claimed.
    pub contact: Option<Due>,
    pub packet: Option<Packet>,
    pub may_claim: bool,
    pub may_work: bool,
    pub may_withdraw: bool,
}

impl Panel {
    /// Whether this person may open a deal: once the first contact is made, and again on a lead that was qualified.
    pub fn may_open_deal(&self, user: &User) -> bool {
        self.open
            .as_ref()
            .map_or(user.is_sales(), |open| open.may_work && open.handoff.contacted_at.is_some())
    }

    pub fn reason_label<'a>(&'a self, key: &'a str) -> &'a str {
        self.reasons.iter().find(|(k, _)| k == key).map_or(key, |(_, label)| label)
    }
}

/// Loads the handoffs of a lead.
pub async fn load(
    conn: &mut PgConnection,
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
            Some(view(version, handoff, packet, user, layout))
        }
        None => None,
    };
    let reasons = version.terms.hand_back.reasons.iter().map(|r| (r.key.clone(), r.label.clone())).collect();
    Ok(Panel { open, earlier: all, reasons })
}

fn view(version: &Version, handoff: Handoff, packet: Option<Packet>, user: &User, layout: &Layout) -> Open {
    let terms = &version.terms;
    let is_waiting = handoff.state == HandoffState::Offered;
    let is_mine = handoff.owner_id == Some(user.id) || (user.is_sales() && user.role == Role::Manager);
    let rule = handoff
        .routing_rule
        .as_ref()
        .and_then(|key| terms.routing.rules.iter().find(|rule| rule.key == *key));
    let claim = Deadline { risk_at: handoff.claim_risk_at, due_at: handoff.claim_due_at };
    let contact = handoff
        .contact_risk_at
        .zip(handoff.contact_due_at)
        .map(|(risk_at, due_at)| Due::of(&Deadline { risk_at, due_at }, handoff.contacted_at, layout));
    Open {
        queue_label: terms
            .queue(&handoff.queue)
            .map_or_else(|| handoff.queue.clone(), |queue| queue.label.clone()),
        rule_label: rule.map_or_else(
            || "no rule matched, so the fallback queue".to_owned(),
            |rule| format!("rule “{}”", rule.label),
        ),
        claim: Due::of(&claim, handoff.claimed_at, layout),
        contact,
        packet,
        may_claim: is_waiting && user.is_sales(),
        may_work: !is_waiting && user.is_sales() && is_mine,
        may_withdraw: is_waiting && user.department == Department::Marketing,
        handoff,
    }
}
