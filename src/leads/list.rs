//! The list of leads, and the same leads as a picture.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};

use super::choices_query::Choices;
use super::filters::{Filters, Page, Sort};
use super::list_query::{self, Count, LeadRow, Listing};
use super::params::{ListParams, NOBODY};
use super::plane::{self, Counted, Scale};
use crate::agreement::terms::Terms;
use crate::agreement::versions::Version;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::handoffs::queues::interest_now;
use crate::kernel::fields::FieldErrors;
use crate::kernel::text;
use crate::scoring::CategoryKey;
use crate::web::{Layout, guard};

/// What stands below the filters.
enum Body {
    Rows(Rows),
    Plane(Box<Picture>),
    /// There is no lead at all.
    NoLeads,
    NoMatch,
    /// The rows that stood on this page are gone.
    PageGone,
    /// The address holds something that cannot be read.
    Unreadable,
}

struct Rows {
    version: Arc<Version>,
    rows: Vec<LeadRow>,
    /// On the first page only: a later one is told by the one before.
    count: Option<String>,
    previous: Option<String>,
    next: Option<String>,
}

struct Picture {
    version: Arc<Version>,
    counted: Counted,
    categories: Vec<CategoryCount>,
    /// There are more leads than the picture takes.
    is_cut: bool,
}

struct CategoryCount {
    key: &'static str,
    label: String,
    count: usize,
    href: String,
}

/// The part of the page that a change of the filters replaces.
#[derive(Template)]
#[template(path = "leads/list_part.html")]
struct ListPart {
    layout: Layout,
    params: ListParams,
    sort: Sort,
    errors: FieldErrors,
    body: Body,
}

#[derive(Template)]
#[template(path = "leads/list.html")]
struct ListPage {
    layout: Layout,
    params: ListParams,
    sort: Sort,
    errors: FieldErrors,
    body: Body,
    choices: Arc<Choices>,
    statuses: Vec<(String, String)>,
    categories: Vec<(String, String)>,
}

pub async fn show(
    State(app): State<App>,
    me: User,
    layout: Layout,
    headers: HeaderMap,
    Query(params): Query<ListParams>,
) -> AppResult<Response> {
    let mut conn = app.db.acquire().await?;
    let checked = params.check(me.time_zone);
    let status = if checked.is_ok() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (version, sort, errors, body) = match checked {
        Ok(filters) => {
            let (version, body) = load(&app, &mut conn, &params, &filters, layout.now).await?;
            (version, filters.sort, FieldErrors::default(), body)
        }
        Err(errors) => (app.versions.in_force(&mut conn).await?, Sort::Hot, errors, Body::Unreadable),
    };
    if guard::is_partial(&headers) {
        return html(status, &ListPart { layout, params, sort, errors, body });
    }
    let choices = app.choices.get(&mut conn).await?;
    let layout = Layout { q: params.q.clone(), ..layout };
    let (statuses, categories) = (statuses(&version.terms), categories(&version.terms));
    html(status, &ListPage { layout, params, sort, errors, body, choices, statuses, categories })
}

fn html(status: StatusCode, page: &impl Template) -> AppResult<Response> {
    let html = page.render().map_err(|error| AppError::Internal(error.into()))?;
    Ok((status, Html(html)).into_response())
}

async fn load(
    app: &App,
    conn: &mut sqlx::PgConnection,
    params: &ListParams,
    filters: &Filters,
    now: DateTime<Utc>,
) -> AppResult<(Arc<Version>, Body)> {
    if params.is_plane() {
        let version = app.versions.in_force(conn).await?;
        let picture = picture(conn, params, filters, version.clone(), now).await?;
        return Ok((version, picture));
    }
    let listing = list_query::page(conn, filters, filters.page == Page::First, now).await?;
    let version = match &listing.standing {
        Some(standing) => app.versions.obeyed(conn, standing).await?,
        None => app.versions.in_force(conn).await?,
    };
    let body = match (&listing.rows[..], &filters.page) {
        ([], Page::First) if params.is_filtered() => Body::NoMatch,
        ([], Page::First) => Body::NoLeads,
        ([], _) => Body::PageGone,
        _ => Body::Rows(rows(params, filters.sort, listing, version.clone())),
    };
    Ok((version, body))
}

fn rows(params: &ListParams, sort: Sort, listing: Listing, version: Arc<Version>) -> Rows {
    let place =
        |row: Option<&LeadRow>| row.map(|row| row.place(sort).cursor().to_string()).unwrap_or_default();
    let previous = listing.has_previous.then(|| params.link(|to| to.before = place(listing.rows.first())));
    let next = listing.has_next.then(|| params.link(|to| to.after = place(listing.rows.last())));
    Rows { version, count: listing.count.map(count_text), previous, next, rows: listing.rows }
}

async fn picture(
    conn: &mut sqlx::PgConnection,
    params: &ListParams,
    filters: &Filters,
    version: Arc<Version>,
    now: DateTime<Utc>,
) -> AppResult<Body> {
    let mut points = list_query::points(conn, filters, now).await?;
    if points.is_empty() {
        return Ok(if params.is_filtered() { Body::NoMatch } else { Body::NoLeads });
    }
    let is_cut = points.len() as i64 > list_query::PLANE_LEADS;
    points.truncate(list_query::PLANE_LEADS as usize);
    let terms = &version.terms;
    let scale =
        Scale { thresholds: terms.categories.thresholds(), half_life_days: terms.interest.half_life_days };
    let mut counted = plane::count(&points, &scale, now);
    let categories: Vec<CategoryCount> = CategoryKey::all()
        .into_iter()
        .zip(counted.quarters)
        .map(|(key, count)| CategoryCount {
            key: key.as_str(),
            label: terms.category(key).label.clone(),
            count,
            href: category_link(params, key),
        })
        .collect();
    counted.plane.quarters = CategoryKey::all()
        .into_iter()
        .zip(&categories)
        .map(|(key, category)| {
            plane::quarter(
                key,
                &category.label,
                leads_text(category.count as i64),
                Some(category.href.clone()),
            )
        })
        .collect();
    Ok(Body::Plane(Box::new(Picture { version, counted, categories, is_cut })))
}

/// The list of a category within the same filters.
fn category_link(params: &ListParams, key: CategoryKey) -> String {
    params.link(|to| {
        to.category = key.as_str().to_owned();
        to.view = String::new();
    })
}

fn statuses(terms: &Terms) -> Vec<(String, String)> {
    terms.vocabulary.iter().map(|status| (status.key.clone(), status.label.clone())).collect()
}

fn categories(terms: &Terms) -> Vec<(String, String)> {
    CategoryKey::all()
        .into_iter()
        .map(|key| (key.as_str().to_owned(), terms.category(key).label.clone()))
        .collect()
}

fn count_text(count: Count) -> String {
    match count {
        Count::Exactly(n) => leads_text(n),
        Count::About(n) => format!("About {} leads", text::grouped(&rounded(n).to_string())),
        Count::MoreThan(n) => format!("More than {} leads", text::grouped(&n.to_string())),
    }
}

fn leads_text(n: i64) -> String {
    if n == 1 { "1 lead".to_owned() } else { format!("{} leads", text::grouped(&n.to_string())) }
}

/// An estimate shows no more digits than it is good for.
fn rounded(n: i64) -> i64 {
    let unit = 10_i64.pow(n.max(1).ilog10().saturating_sub(1));
    (n + unit / 2) / unit * unit
}

impl Rows {
    fn interest(&self, row: &LeadRow, now: &DateTime<Utc>) -> i64 {
        interest_now(&self.version, row.hot_until, *now)
    }
}

impl Picture {
    fn total(&self) -> String {
        leads_text(self.counted.total as i64)
    }
}

impl ListPage {
    fn sorts(&self) -> [(&'static str, &'static str); 4] {
        Sort::ALL.map(|sort| (sort.key(), sort.label()))
    }

    fn owners(&self) -> Vec<(String, String)> {
        let people = self.choices.owners.iter().map(|(id, name)| (id.to_string(), name.clone()));
        std::iter::once((NOBODY.to_owned(), "Nobody".to_owned())).chain(people).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_shows_two_digits() {
        assert_eq!(count_text(Count::About(98_765)), "About 99,000 leads");
        assert_eq!(count_text(Count::About(1_004_321)), "About 1,000,000 leads");
        assert_eq!(count_text(Count::MoreThan(1_000)), "More than 1,000 leads");
        assert_eq!(count_text(Count::Exactly(1)), "1 lead");
        assert_eq!(count_text(Count::Exactly(9_999)), "9,999 leads");
    }
}
