//! What the filters of the list offer to choose from, kept for a few seconds: it is small, the same for everybody,
//! and would otherwise cost as much as the list itself.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use super::choices_query::{self, Choices};

/// How long a new campaign or colleague may be missing from the filters.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// The choices of this node.
#[derive(Clone, Default)]
pub struct KeptChoices(Arc<RwLock<Option<(Instant, Arc<Choices>)>>>);

impl KeptChoices {
    pub(super) async fn get(&self, conn: &mut PgConnection) -> sqlx::Result<Arc<Choices>> {
        let kept = self.0.read().expect("no code panics while it holds the choices").clone();
        if let Some((since, choices)) = kept
            && since.elapsed() < KEPT_FOR
        {
            return Ok(choices);
        }
        let choices = Arc::new(choices_query::choices(conn).await?);
        *self.0.write().expect("no code panics while it holds the choices") =
            Some((Instant::now(), choices.clone()));
        Ok(choices)
    }
}
