//! How the handoffs of each version went, kept for a minute: among a hundred thousand handoffs they take a quarter of
//! a second to count, and everybody who opens the agreement asks for the same.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::performance::Figures;
use super::performance_query;

/// How old the figures beside a clause may be.
const KEPT_FOR: TimeDelta = TimeDelta::seconds(60);

type ByVersion = HashMap<i32, (DateTime<Utc>, Arc<Figures>)>;

/// The figures that this node counted.
#[derive(Clone, Default)]
pub struct KeptFigures(Arc<RwLock<ByVersion>>);

impl KeptFigures {
    /// The figures of a version, a minute old at most. `capacity` is what a rep may hold, of the version in force.
    pub async fn get(
        &self,
        conn: &mut PgConnection,
        version: i32,
        capacity: Option<u32>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Arc<Figures>> {
        let kept = self.0.read().expect("no code panics while it holds the figures").get(&version).cloned();
        if let Some((_, figures)) = kept.filter(|(at, _)| now - *at < KEPT_FOR) {
            return Ok(figures);
        }
        let figures = Arc::new(performance_query::figures(conn, version, capacity, now).await?);
        let mut kept = self.0.write().expect("no code panics while it holds the figures");
        kept.insert(version, (now, figures.clone()));
        Ok(figures)
    }
}
