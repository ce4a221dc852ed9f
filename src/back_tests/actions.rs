//! Start a back-test, run it, cancel it.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::history_query;
use super::jobs::RunBackTest;
use super::model::Outcome;
use super::queries::{self, NewBackTest};
use super::run::{self, Plan};
use crate::agreement::find;
use crate::agreement::queries::VersionState;
use crate::agreement::terms::Terms;
use crate::agreement::validate::TermsError;
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::jobs;
use crate::kernel::ids::new_id;

/// What the page of a back-test listens to.
pub fn topic(id: Uuid) -> String {
    format!("back-test:{id}")
}

/// Starts a back-test of a version on its way. Refused with what is unsound while the terms are.
pub async fn start(
    app: &App,
    user: &User,
    version: i32,
    window: &Range<DateTime<Utc>>,
) -> AppResult<Result<Uuid, Vec<TermsError>>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let row = find::locked(&mut tx, version).await?;
    if !matches!(row.state, VersionState::Draft | VersionState::Proposed | VersionState::Signed) {
        return Err(AppError::Conflict(format!(
            "Version {version} is {}; only a version on its way is tried on the past. Begin a draft first.",
            row.state.label()
        )));
    }
    if queries::is_any_at_work(&mut tx, version).await? {
        return Err(AppError::Conflict(
            "A back-test of this version is running already. Wait for it, or cancel it.".into(),
        ));
    }
    let terms: Terms = serde_json::from_value(row.terms.clone()).map_err(anyhow::Error::from)?;
    if let Err(problems) = terms.validate() {
        return Ok(Err(problems));
    }
    let against = app.versions.in_force(&mut tx).await?.number;
    let new = NewBackTest {
        id: new_id(now),
        version,
        against,
        draft_revision: row.revision,
        terms: &row.terms,
        terms_sha256: &row.terms_sha256,
        from: window.start,
        to: window.end,
        by: user.id,
    };
    queries::insert(&mut tx, &new, now).await?;
    jobs::enqueue(&mut tx, RunBackTest { back_test: new.id }).await?;
    tx.commit().await?;
    app.live.changed(format!("back-tests:{version}"));
    Ok(Ok(new.id))
}

/// Cancels a back-test that has not ended; the job ends by itself.
pub async fn cancel(app: &App, id: Uuid) -> AppResult<()> {
    let mut conn = app.db.acquire().await?;
    queries::find(&mut conn, id).await?.ok_or_else(no_such_back_test)?;
    if !queries::cancel(&mut conn, id, app.clock.now()).await? {
        return Err(AppError::Conflict("This back-test has ended already.".into()));
    }
    app.live.changed(topic(id));
    Ok(())
}

pub fn no_such_back_test() -> AppError {
    AppError::NotFound(
        "There is no such back-test. It may have gone with the draft that was given up.".into(),
    )
}

/// Runs a back-test to its end, from its beginning. Safe to run again after a restart.
pub async fn run(app: &App, id: Uuid) -> anyhow::Result<()> {
    let mut conn = app.db.acquire().await?;
    let total = history_query::total(&mut conn).await?;
    if !queries::set_running(&mut conn, id, total).await? {
        return Ok(());
    }
    drop(conn);
    app.live.changed(topic(id));
    match replay(app, id).await {
        Ok(()) => {}
        // The database is the machine's fault, and the run is tried again.
        Err(error) if error.chain().any(|cause| cause.is::<sqlx::Error>()) => return Err(error),
        Err(error) => {
            let message = format!("{error:#}");
            queries::fail(&mut *app.db.acquire().await?, id, &message, app.clock.now()).await?;
        }
    }
    app.live.changed(topic(id));
    Ok(())
}

async fn replay(app: &App, id: Uuid) -> anyhow::Result<()> {
    let mut conn = app.db.acquire().await?;
    let Some(found) = queries::find(&mut conn, id).await? else { return Ok(()) };
    let Some(terms) = queries::terms(&mut conn, id).await? else { return Ok(()) };
    let terms: Terms = serde_json::from_value(terms).context("the terms of this back-test cannot be read")?;
    let draft = Version::of(found.version, terms)?;
    let in_force = app.versions.get(&mut conn, found.against).await?;
    let plan = Arc::new(Plan::of(&mut conn, &app.versions, draft, in_force, found.window()).await?);
    let sales = history_query::active_sales(&mut conn).await?;
    drop(conn);
    let tell = |progress: run::Progress| async move {
        let leads = i64::try_from(progress.leads).unwrap_or(i64::MAX);
        let goes_on = queries::progress(&mut *app.db.acquire().await?, id, leads).await?;
        app.live.changed(topic(id));
        Ok(goes_on)
    };
    let Some(tally) = run::run(&app.db, plan.clone(), tell).await? else { return Ok(()) };
    let leads = i64::try_from(tally.figures.leads).unwrap_or(i64::MAX);
    let outcome =
        Outcome { figures: tally.figures, in_force_judges_at_start: plan.in_force.judges_at_start, sales };
    let mut tx = app.db.begin().await?;
    if queries::finish(&mut tx, id, &serde_json::to_value(outcome)?, leads, app.clock.now()).await? {
        queries::insert_lists(&mut tx, id, &tally.lists).await?;
        tx.commit().await?;
    }
    Ok(())
}
