//! Finds a lead by what somebody types, to choose it for something.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::filters::{Filters, Page, Search, Sort};
use super::list_query;
use crate::kernel::ids::LeadId;

/// A lead to choose.
#[derive(Debug, Clone)]
pub struct Found {
    pub id: LeadId,
    pub name: String,
    pub company: Option<String>,
    pub status: String,
}

/// The hottest leads whose name, e-mail address or company holds these words, or why they cannot be searched for.
pub async fn find(
    conn: &mut PgConnection,
    q: &str,
    most: usize,
    now: DateTime<Utc>,
) -> sqlx::Result<Result<Vec<Found>, String>> {
    let search = match Search::parse(q) {
        Ok(search) => search,
        Err(why) => return Ok(Err(why)),
    };
    let filters = Filters {
        search,
        status: None,
        category: None,
        owner: None,
        source: None,
        campaign: None,
        import: None,
        persona: None,
        country: None,
        created_from: None,
        created_until: None,
        sort: Sort::Hot,
        page: Page::First,
    };
    let listing = list_query::page(conn, &filters, false, now).await?;
    let found = listing.rows.into_iter().take(most).map(|row| Found {
        id: row.id,
        name: row.display_name().to_owned(),
        company: row.company,
        status: row.status,
    });
    Ok(Ok(found.collect()))
}
