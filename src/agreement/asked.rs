//! What the version in force asks of the reader: to acknowledge it, and of managers to review it when the day nears.
//! Shown on the home page and above the agreement.

use chrono::{Days, NaiveDate};
use sqlx::PgConnection;

use super::signing_query;
use super::versions::Version;
use crate::auth::User;
use crate::kernel::people::Role;
use crate::web::Layout;

/// Days before the day of review from which both managers are told.
const REVIEW_NEARS: u64 = 30;

/// What is asked of one person.
#[derive(Debug, Clone)]
pub struct AskedOf {
    pub number: i32,
    pub to_acknowledge: bool,
    /// The day of review, for managers when it nears or has passed.
    pub review: Option<Review>,
}

#[derive(Debug, Clone)]
pub struct Review {
    pub day: String,
    pub is_overdue: bool,
}

/// What the version in force asks of this person; nothing while it is broken and another one goes on.
pub async fn of(
    conn: &mut PgConnection,
    me: &User,
    obeyed: &Version,
    layout: &Layout,
) -> sqlx::Result<Option<AskedOf>> {
    let asked = signing_query::asked(conn, me.id).await?.filter(|asked| asked.number == obeyed.number);
    Ok(asked.map(|asked| AskedOf {
        number: asked.number,
        to_acknowledge: asked.is_unread,
        review: asked.review_on.filter(|_| me.role == Role::Manager).and_then(|day| review(day, layout)),
    }))
}

fn review(day: NaiveDate, layout: &Layout) -> Option<Review> {
    let today = layout.now.with_timezone(&layout.time_zone).date_naive();
    let nears = day.checked_sub_days(Days::new(REVIEW_NEARS))?;
    (today >= nears).then(|| Review { day: day.format("%-d %b %Y").to_string(), is_overdue: today > day })
}
