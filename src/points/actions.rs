//! Reading closed leads, learning from them, and taking what was learnt into a draft.

use std::collections::HashMap;

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::accept::{self, Accepted};
use super::features::Names;
use super::jobs::LearnPoints;
use super::leaks::{self, Candidate};
use super::model::{Case, CaseEvent, Choice, Outcome, SuggestionId};
use super::queries::{self, ClosedRow, SuggestionRow};
use super::suggest::{self, Suggestion};
use crate::agreement::actions::change_draft;
use crate::agreement::find;
use crate::agreement::queries::{VersionRow, VersionState};
use crate::agreement::terms::Terms;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::jobs;
use crate::kernel::ids::{LeadId, new_id};
use crate::leads::queries as leads;

/// Closed leads that are learnt from, the newest: more teach nothing new and would only cost time.
pub const MOST_CLOSED: i64 = 20_000;
/// Leads that are looked at to see which fields there are.
const MOST_SURVEYED: i64 = 2_000;
/// Leads that are loaded at a time.
const BATCH: usize = 1_000;

/// The closed leads under an outcome, the newest first.
pub async fn closed(conn: &mut PgConnection, outcome: &Outcome, most: i64) -> anyhow::Result<Vec<Case>> {
    let rows = match outcome {
        Outcome::Deals => queries::closed_by_deals(conn, most).await?,
        Outcome::Field(key) => queries::closed_by_field(conn, key, most).await?,
    };
    cases(conn, &rows).await
}

/// The newest leads that sales has not worked, to compare with.
async fn not_worked(conn: &mut PgConnection, outcome: &Outcome) -> anyhow::Result<Vec<Case>> {
    let key = match outcome {
        Outcome::Deals => None,
        Outcome::Field(key) => Some(key.as_str()),
    };
    let ids = queries::not_worked(conn, key, MOST_SURVEYED).await?;
    let rows: Vec<ClosedRow> =
        ids.into_iter().map(|lead| ClosedRow { lead, offered_at: None, won: false }).collect();
    cases(conn, &rows).await
}

/// Leads with what they did before sales was offered them.
async fn cases(conn: &mut PgConnection, rows: &[ClosedRow]) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::with_capacity(rows.len());
    for batch in rows.chunks(BATCH) {
        let ids: Vec<Uuid> = batch.iter().map(|row| row.lead.0).collect();
        let mut facts: HashMap<LeadId, _> = leads::load_many(conn, &ids)
            .await?
            .into_iter()
            .map(|loaded| (loaded.lead.id, (loaded.lead.facts, loaded.lead.created_at)))
            .collect();
        let mut events: HashMap<LeadId, Vec<CaseEvent>> = HashMap::new();
        for row in leads::events_of(conn, &ids).await? {
            let event =
                CaseEvent { kind: row.kind, properties: row.properties, occurred_at: row.occurred_at };
            events.entry(row.lead_id).or_default().push(event);
        }
        for row in batch {
            let Some((facts, created_at)) = facts.remove(&row.lead) else { continue };
            let mut events = events.remove(&row.lead).unwrap_or_default();
            if let Some(offered_at) = row.offered_at {
                events.retain(|event| event.occurred_at <= offered_at);
            }
            let last: Option<DateTime<Utc>> = events.iter().map(|event| event.occurred_at).max();
            let at = row.offered_at.or(last).unwrap_or(created_at);
            cases.push(Case { lead: row.lead, facts, events, at, won: row.won });
        }
    }
    Ok(cases)
}

/// What fields, campaigns and personas are called.
pub async fn names(conn: &mut PgConnection) -> sqlx::Result<Names> {
    let fields = queries::custom_fields(conn).await?;
    let ids = queries::names(conn).await?;
    Ok(Names {
        fields: fields.into_iter().map(|field| (format!("custom.{}", field.key), field.label)).collect(),
        ids: ids.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
    })
}

/// The columns that can be chosen, seen in the newest leads, and how many closed leads were looked at.
pub async fn candidates(
    conn: &mut PgConnection,
    outcome: &Outcome,
) -> anyhow::Result<(Vec<Candidate>, usize)> {
    let (names, closed) = (names(conn).await?, closed(conn, outcome, MOST_SURVEYED).await?);
    let not_worked = not_worked(conn, outcome).await?;
    let count = closed.len();
    let outcome = outcome.clone();
    let look = move || leaks::candidates(&closed, &not_worked, &outcome, &names);
    Ok((tokio::task::spawn_blocking(look).await.context("the leads were not looked through")?, count))
}

/// Learns a card for these terms. The inner error says what is missing.
pub async fn learn(
    conn: &mut PgConnection,
    choice: Choice,
    terms: Terms,
) -> anyhow::Result<Result<Suggestion, String>> {
    let (names, closed) = (names(conn).await?, closed(conn, &choice.outcome, MOST_CLOSED).await?);
    let shortened = closed.len() as i64 == MOST_CLOSED;
    let work = move || {
        let suggestion = suggest::suggest(closed, &choice, &names, &terms)?;
        Ok(Suggestion { shortened, ..suggestion })
    };
    tokio::task::spawn_blocking(work).await.context("the learning broke off")
}

/// A version on its way; conflict when it is a draft no more.
pub async fn draft(conn: &mut PgConnection, number: i32) -> AppResult<VersionRow> {
    let row = find::row(conn, number).await?;
    match row.state {
        VersionState::Draft => Ok(row),
        state => Err(AppError::Conflict(format!(
            "Version {number} is {} and does not change any more. Begin a new draft.",
            state.label()
        ))),
    }
}

/// Asks for a suggestion; a job makes it.
pub async fn ask(app: &App, user: &User, number: i32, choice: &Choice) -> AppResult<SuggestionId> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = draft(&mut tx, number).await?;
    let id = new_id(now);
    let choice = serde_json::to_value(choice).map_err(anyhow::Error::from)?;
    queries::insert(&mut tx, id, number, row.revision, &choice, user.id, now).await?;
    jobs::enqueue(&mut tx, LearnPoints { suggestion: id }).await?;
    tx.commit().await?;
    Ok(id)
}

pub async fn find(conn: &mut PgConnection, number: i32, id: SuggestionId) -> AppResult<SuggestionRow> {
    let found = queries::find(conn, number, id).await?;
    found.ok_or_else(|| AppError::NotFound(format!("Version {number} has no such suggestion.")))
}

/// The result of a suggestion that has one.
pub fn result(row: &SuggestionRow) -> anyhow::Result<Option<Suggestion>> {
    let result = row.result.clone().map(serde_json::from_value).transpose();
    result.context("a suggestion of points cannot be read")
}

/// Takes clauses into the draft. Gives back how many clauses of the draft changed.
pub async fn accept(
    app: &App,
    user: &User,
    number: i32,
    suggestion: &Suggestion,
    accepted: &Accepted,
) -> AppResult<usize> {
    let row = draft(&mut *app.db.acquire().await?, number).await?;
    let before: Terms = serde_json::from_value(row.terms).map_err(anyhow::Error::from)?;
    let places = accept::changed(&before, &accept::accept(&before, suggestion, accepted));
    let count = places.len();
    let change = |terms: &Terms| {
        let after = accept::accept(terms, suggestion, accepted);
        // The record names what changes, so it must still be that.
        if accept::changed(terms, &after) == places { Ok(after) } else { Err(()) }
    };
    match change_draft(app, user, number, &places, change).await? {
        Ok(_) => Ok(count),
        Err(()) => Err(AppError::Conflict(
            "Somebody changed the points of this draft meanwhile. Look at them again, then accept.".into(),
        )),
    }
}
