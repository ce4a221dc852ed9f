//! What a lead's page shows of disputes and waivers, and what the person may contest, rule and waive there.

use sqlx::PgConnection;

use super::model::{ClockOf, Dispute, Matter};
use super::queries;
use crate::agreement::citations::Citation;
use crate::app::App;
use crate::auth::User;
use crate::error::AppResult;
use crate::handoffs::model::Handoff;
use crate::kernel::ids::LeadId;
use crate::kernel::people::Role;
use crate::web::Layout;

/// The disputes of a lead for one person.
pub struct Card {
    pub disputes: Vec<Told>,
    /// What may be contested, as the form names it and in words.
    pub contestable: Vec<(String, String)>,
    /// The clocks that may be waived, in the same way.
    pub waivable: Vec<(String, String)>,
}

/// A dispute in words.
pub struct Told {
    pub dispute: Dispute,
    pub title: String,
    pub cite: Option<Citation>,
    /// Whether it waits for the ruling of this person.
    pub may_rule: bool,
}

impl Card {
    pub fn is_empty(&self) -> bool {
        self.disputes.is_empty() && self.contestable.is_empty() && self.waivable.is_empty()
    }
}

/// Loads the disputes of a lead whose handoffs are known.
pub async fn load(
    conn: &mut PgConnection,
    app: &App,
    lead: LeadId,
    handoffs: &[&Handoff],
    has_disputes: bool,
    user: &User,
    layout: &Layout,
) -> AppResult<Card> {
    let rows = if has_disputes { queries::of_lead(conn, lead).await? } else { vec![] };
    let disputes = tell(conn, app, rows, user).await?;
    let (mut contestable, mut waivable) = (vec![], vec![]);
    for handoff in handoffs {
        let cycle = if handoffs.len() > 1 { format!(", cycle {}", handoff.cycle) } else { String::new() };
        for about in handoff.contestable(user.department, layout.now) {
            let matter = Matter { about, handoff: Some(handoff.id) };
            contestable.push((matter, format!("{}{cycle}", about.label())));
        }
        if user.role == Role::Manager {
            for clock in handoff.waivable(user.department, layout.now) {
                let which = ClockOf { clock, handoff: handoff.id };
                waivable.push((which.to_string(), format!("{}{cycle}", clock.label())));
            }
        }
    }
    let category = Matter { about: super::model::About::Category, handoff: None };
    contestable.push((category, category.about.label().to_owned()));
    // What was ruled on stays ruled; a category may change and be contested anew.
    let is_settled = |matter: &Matter| {
        let mut known = disputes.iter().filter(|told| told.dispute.matter() == *matter);
        known.any(|told| matter.handoff.is_some() || told.dispute.ruling.is_none())
    };
    let contestable = contestable
        .into_iter()
        .filter(|(matter, _)| !is_settled(matter))
        .map(|(matter, words)| (matter.to_string(), words))
        .collect();
    Ok(Card { disputes, contestable, waivable })
}

/// Disputes in the words of the versions that decided what they contest.
pub async fn tell(
    conn: &mut PgConnection,
    app: &App,
    rows: Vec<Dispute>,
    user: &User,
) -> AppResult<Vec<Told>> {
    let mut told = Vec::with_capacity(rows.len());
    for dispute in rows {
        let version = app.versions.get(conn, dispute.version).await?;
        let may_rule =
            dispute.ruling.is_none() && user.role == Role::Manager && user.department != dispute.department;
        told.push(Told { title: dispute.title(&version), cite: dispute.cite(&version), may_rule, dispute });
    }
    Ok(told)
}
