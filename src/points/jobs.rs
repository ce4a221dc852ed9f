//! Learning runs in the background.

use anyhow::Context;
use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext};
use serde::{Deserialize, Serialize};

use super::actions;
use super::model::{Choice, SuggestionId};
use super::queries;
use crate::agreement::queries as versions;
use crate::app::App;
use crate::jobs::{self, JobResult};

/// Makes a suggestion that was asked for.
#[derive(Serialize, Deserialize)]
pub struct LearnPoints {
    pub suggestion: SuggestionId,
}

impl TaskHandler for LearnPoints {
    const IDENTIFIER: &'static str = "learn_points";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        learn_points(&context, self.suggestion).await
    }
}

async fn learn_points(context: &WorkerContext, suggestion: SuggestionId) -> JobResult {
    Ok(run(jobs::app(context), suggestion).await?)
}

/// What the page of a suggestion listens to.
pub fn topic(suggestion: SuggestionId) -> String {
    format!("points:{suggestion}")
}

/// Learns what was asked for and keeps it. What cannot be learnt is kept as a message; an error is the machine's,
/// and the job is tried again.
pub async fn run(app: &App, id: SuggestionId) -> anyhow::Result<()> {
    let mut conn = app.db.acquire().await?;
    let Some((version, choice)) = queries::set_running(&mut conn, id).await? else { return Ok(()) };
    app.live.changed(topic(id));
    let choice: Choice = serde_json::from_value(choice)?;
    let row = versions::version(&mut conn, version).await?.context("the draft is gone")?;
    let learnt = actions::learn(&mut conn, choice, serde_json::from_value(row.terms)?).await?;
    let kept = match &learnt {
        Ok(suggestion) => Ok(serde_json::to_value(suggestion)?),
        Err(why) => Err(why.as_str()),
    };
    queries::finish(&mut conn, id, kept.as_ref().map_err(|why| *why), app.clock.now()).await?;
    app.live.changed(topic(id));
    Ok(())
}
