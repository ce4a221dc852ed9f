//! What is done to a draft beside changing its terms.

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::queries;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::auth::User;
use crate::error::{AppError, AppResult};

/// What a version is for, and when both departments look at it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub note: String,
    pub review_on: Option<NaiveDate>,
}

/// Says what a draft is for, unless somebody has said something else since `before`.
pub async fn save_about(app: &App, user: &User, number: i32, before: &About, after: &About) -> AppResult<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let pair = |about: &About| (about.note.clone(), about.review_on);
    let (was, is) = (pair(before), pair(after));
    if !queries::save_about(&mut tx, number, (&was.0, was.1), (&is.0, is.1)).await? {
        return Err(AppError::Conflict(
            "Somebody changed what this version is for, or it is no draft any more. Look at it again."
                .to_owned(),
        ));
    }
    let entry = Entry::new("agreement", Uuid::nil(), &user.actor(), "draft_changed")
        .version(number)
        .detail(json!({ "places": ["about"] }));
    audit::record(&mut tx, now, &[entry]).await?;
    tx.commit().await?;
    app.live.changed(format!("agreement:{number}"));
    Ok(())
}
