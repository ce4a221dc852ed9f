//! Open a deal, win it, lose it.

use serde_json::json;

use super::model::DealForm;
use super::queries;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::handoffs::{actions as handoffs, intake::move_to};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{DealId, LeadId};
use crate::kernel::people::Role;
use crate::leads::queries as leads;

/// How a deal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Won,
    Lost,
}

impl Ending {
    fn key(self) -> &'static str {
        match self {
            Ending::Won => "won",
            Ending::Lost => "lost",
        }
    }
}

/// Qualifies a lead: opens a deal, and converts the handoff if one is open.
pub async fn open(
    app: &App,
    user: &User,
    lead: LeadId,
    form: &DealForm,
) -> AppResult<Result<DealId, FieldErrors>> {
    let deal = match form.check() {
        Ok(deal) => deal,
        Err(errors) => return Ok(Err(errors)),
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = app.versions.in_force(&mut tx).await?;
    let mut held = load(&mut tx, lead).await?;
    let handoff = handoffs::convert(&mut tx, &version, user, &mut held, now).await?;
    let id = DealId::new(now);
    queries::insert(&mut tx, lead, id, &deal, handoff, user.id, now).await?;
    if handoff.is_some() {
        handoffs::save(&mut tx, &held).await?;
    }
    let detail = json!({ "deal": id, "name": deal.name, "amount": deal.amount, "currency": deal.currency });
    audit::record(
        &mut tx,
        now,
        &[Entry::new("lead", lead.0, &user.actor(), "deal_opened")
            .change(None, Some(deal.name.clone()))
            .detail(detail)],
    )
    .await?;
    tx.commit().await?;
    app.live.changed(format!("lead:{lead}"));
    Ok(Ok(id))
}

/// Ends a deal. A lead whose last open deal is lost is lost; one won deal makes a customer.
pub async fn close(
    app: &App,
    user: &User,
    lead: LeadId,
    deal: DealId,
    ending: Ending,
    reason: &str,
) -> AppResult<Result<(), FieldErrors>> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Ok(Err(FieldErrors::one(
            "reason",
            format!("Write why it was {}; both departments learn from it.", ending.key()),
        )));
    }
    if reason.chars().count() > 500 {
        return Ok(Err(FieldErrors::one("reason", "At most 500 characters are kept.")));
    }
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = app.versions.in_force(&mut tx).await?;
    let mut held = load(&mut tx, lead).await?;
    let deals = queries::of_lead(&mut tx, lead).await?;
    let found = deals
        .iter()
        .find(|d| d.id == deal)
        .ok_or_else(|| AppError::NotFound("There is no such deal.".into()))?;
    if found.owner_id != user.id && user.role != Role::Manager {
        return Err(AppError::Forbidden(
            "Only the rep who owns the deal, or a manager of Sales, ends it.".into(),
        ));
    }
    if !queries::close(&mut tx, lead, deal, ending.key(), reason, now).await? {
        return Err(AppError::Conflict(format!("This deal is {} already.", found.state)));
    }
    let acts = &version.terms.jurisdictions.acts;
    let others_open = deals.iter().any(|d| d.id != deal && d.state == "open");
    let to = match ending {
        Ending::Won => Some(&acts.won),
        Ending::Lost if others_open || held.status == acts.won => None,
        Ending::Lost => Some(&acts.lost),
    };
    let detail = json!({ "deal": deal, "name": found.name, "amount": found.amount, "currency": found.currency, "reason": reason });
    let verb = match ending {
        Ending::Won => "deal_won",
        Ending::Lost => "deal_lost",
    };
    let mut entries = vec![
        Entry::new("lead", lead.0, &user.actor(), verb)
            .change(Some("open".into()), Some(ending.key().into()))
            .detail(detail),
    ];
    if let Some(to) = to.filter(|to| **to != held.status) {
        handoffs::may_move(&version, &held, to, user)?;
        move_to(&version, &mut held, to, &user.actor(), now, &mut entries);
        held.updated_at = now;
        handoffs::save(&mut tx, &held).await?;
    }
    audit::record(&mut tx, now, &entries).await?;
    tx.commit().await?;
    app.live.changed(format!("lead:{lead}"));
    Ok(Ok(()))
}

async fn load(conn: &mut sqlx::PgConnection, lead: LeadId) -> AppResult<crate::leads::Lead> {
    Ok(leads::load(conn, lead)
        .await?
        .ok_or_else(|| AppError::NotFound("There is no such lead.".into()))?
        .lead)
}
