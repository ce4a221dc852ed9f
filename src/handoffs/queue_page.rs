//! The page of one queue: who waits, in which order, and why.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use serde::Deserialize;

use super::claims;
use super::queues::{self, Waiting};
use crate::agreement::citations::Citation;
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::kernel::page::{Cursor, PAGE_SIZE};
use crate::web::Layout;
use crate::web::forms::encode;

#[derive(Template, WebTemplate)]
#[template(path = "handoffs/queue.html")]
pub struct QueuePage {
    layout: Layout,
    me: User,
    version: Arc<Version>,
    queue: String,
    label: String,
    rows: Vec<Waiting>,
    /// The versions that offered them.
    versions: HashMap<i32, Arc<Version>>,
    /// Why this person may not claim from it.
    claim_refused: Option<String>,
    /// This page's address, for live updates.
    here: String,
    topics: String,
    next: Option<String>,
    first: Option<String>,
}

#[derive(Deserialize)]
pub struct PageQuery {
    after: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(page): Query<PageQuery>,
    me: User,
    layout: Layout,
) -> AppResult<QueuePage> {
    let mut conn = app.db.acquire().await?;
    let version = app.versions.in_force(&mut conn).await?;
    let label = version.terms.queue(&key).map(|queue| queue.label.clone());
    let after = page.after.as_deref().map(str::parse::<Cursor>).transpose().map_err(AppError::BadRequest)?;
    let mut rows = queues::waiting(&mut conn, &key, after.as_ref(), layout.now).await?;
    let Some(label) = label.or_else(|| (!rows.is_empty()).then(|| key.clone())) else {
        return Err(AppError::NotFound(format!("The agreement has no queue “{key}”.")));
    };
    let has_more = rows.len() as i64 > PAGE_SIZE;
    rows.truncate(PAGE_SIZE as usize);
    let path = format!("/queues/{key}");
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| format!("{path}?after={}", encode(&queues::cursor(row).to_string())));
    let here =
        page.after.as_deref().map_or_else(|| path.clone(), |after| format!("{path}?after={}", encode(after)));
    let topics = encode(&format!("queue:{key}"));
    let mut versions = HashMap::new();
    for number in rows.iter().map(|row| row.version).collect::<BTreeSet<_>>() {
        versions.insert(number, app.versions.get(&mut conn, number).await?);
    }
    let claim_refused = claims::refusal(&mut conn, &version, &me, Some(&key), layout.now).await?;
    Ok(QueuePage {
        versions,
        claim_refused,
        layout,
        me,
        version,
        label,
        rows,
        here,
        topics,
        next,
        first: after.map(|_| path),
        queue: key,
    })
}

impl QueuePage {
    /// The version that offered a lead.
    fn version_of(&self, row: &Waiting) -> &Version {
        self.versions.get(&row.version).unwrap_or(&self.version)
    }

    fn offered_by(&self, row: &Waiting) -> Option<Citation> {
        let version = self.version_of(row);
        row.fast_track
            .as_deref()
            .map_or_else(|| version.cite_category(row.category()), |key| version.cite_fast_track(key))
    }

    fn promised_by(&self, row: &Waiting) -> Option<Citation> {
        self.version_of(row).cite_promise(&self.queue, row.category(), row.fast_track.is_some())
    }
}
