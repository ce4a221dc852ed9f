//! The statements behind the list and the plane.
//!
//! The set of filters is open-ended, so these are the only statements that are put together while running. Every value
//! is bound, and every order and comparison is written exactly as an index of `leads` is. Limits are written out: where
//! one is bound, Postgres cannot tell how little is wanted, and plans anew at each use.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnection, Postgres};
use sqlx::{FromRow, QueryBuilder};

use super::filters::{Filters, Owner, Page, Place, Search, Sort, SortKey};
use super::model::display_name;
use crate::kernel::ids::LeadId;
use crate::kernel::page::PAGE_SIZE;
use crate::scoring::CategoryKey;

/// Up to here the number of all leads is counted, beyond it is estimated.
const ALL_COUNTED: i64 = 10_000;
/// Up to here the number of leads that match filters is counted.
const MATCHES_COUNTED: i64 = 2_000;
/// Leads of which a plane is drawn at most.
pub const PLANE_LEADS: i64 = 20_000;

/// Letters of which the search index is made.
const TRIGRAM: usize = 3;

/// The interest order, as the indexes have it: a lead without interest comes last.
const HOT: &str = "coalesce(l.hot_until, '-infinity')";

/// A line of the list.
#[derive(Debug, Clone, FromRow)]
pub struct LeadRow {
    pub id: LeadId,
    pub name: Option<String>,
    pub email: Option<String>,
    pub company: Option<String>,
    pub title: Option<String>,
    pub status: String,
    pub stage: String,
    pub fit: i16,
    pub good_fit: bool,
    pub hot_until: Option<DateTime<Utc>>,
    pub owner: Option<String>,
    pub source: Option<String>,
    pub created_at: DateTime<Utc>,
    /// Folded as the index folds it; only asked for where the list is sorted by name.
    sort_name: Option<String>,
    /// How the version in force stands, asked along so that a page costs one round trip.
    standing: Option<String>,
    /// How many leads match, where that was asked.
    matches: Option<i64>,
}

impl LeadRow {
    /// What the lead is called.
    pub fn display_name(&self) -> &str {
        display_name(self.name.as_deref(), self.email.as_deref(), self.company.as_deref())
    }

    pub fn category(&self, now: DateTime<Utc>) -> CategoryKey {
        category(self.good_fit, self.hot_until, now)
    }

    /// The row's place in a list of this order.
    pub fn place(&self, sort: Sort) -> Place {
        let key = match sort {
            Sort::Hot => SortKey::Hot(self.hot_until),
            Sort::Fit => SortKey::Fit(self.fit),
            Sort::Age => SortKey::Age(self.created_at),
            Sort::Name => SortKey::Name(self.sort_name.clone().unwrap_or_default()),
        };
        Place { key, id: self.id.0 }
    }
}

/// The category of a lead by what is stored with it, which is what the filters go by.
pub fn category(good_fit: bool, hot_until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> CategoryKey {
    match (hot_until.is_some_and(|until| until > now), good_fit) {
        (true, true) => CategoryKey::HighInterestGoodFit,
        (true, false) => CategoryKey::HighInterestLowFit,
        (false, true) => CategoryKey::LowInterestGoodFit,
        (false, false) => CategoryKey::LowInterestBadFit,
    }
}

/// One page of the list.
#[derive(Debug)]
pub struct Listing {
    pub rows: Vec<LeadRow>,
    pub has_previous: bool,
    pub has_next: bool,
    /// None where it was not asked for.
    pub count: Option<Count>,
    /// How the version in force stands; none on an empty page.
    pub standing: Option<String>,
}

/// How many leads there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Exactly(i64),
    /// As the database last estimated it.
    About(i64),
    MoreThan(i64),
}

/// Reads one page. Counting costs as much as the page itself and is left out where only the rows are swapped.
pub async fn page(
    conn: &mut PgConnection,
    filters: &Filters,
    counted: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<Listing> {
    // What few leads match is found once, counted and sorted. What more match is better read in the order of an index.
    let mut more_than = None;
    if counted && filters.page == Page::First && matches!(filters.search, Search::Words(_)) {
        let rows = few(conn, filters, now).await?;
        let matches = rows.first().and_then(|row| row.matches).unwrap_or(0);
        if matches <= MATCHES_COUNTED {
            return Ok(listing(rows, filters, Some(Count::Exactly(matches))));
        }
        more_than = Some(Count::MoreThan(MATCHES_COUNTED));
    }
    let counted = counted && more_than.is_none();
    let mut query = QueryBuilder::<Postgres>::new("select ");
    push_columns(&mut query, filters.sort);
    if counted {
        push_count(&mut query, filters, now);
    } else {
        query.push("null::bigint");
    }
    query.push(" as matches from leads l where true");
    restrict(&mut query, filters, now);
    match &filters.page {
        Page::First => {}
        Page::After(place) => start_at(&mut query, place, false),
        Page::Before(place) => start_at(&mut query, place, true),
    }
    let is_backward = matches!(filters.page, Page::Before(_));
    query
        .push(" order by ")
        .push(order(filters.sort, is_backward))
        .push(format_args!(" limit {}", PAGE_SIZE + 1));
    let rows: Vec<LeadRow> = query.build_query_as().fetch_all(&mut *conn).await?;
    let count = match rows.first() {
        Some(row) => row.matches.map(|n| count(n, is_narrow(filters))),
        None => (counted && filters.page == Page::First).then_some(Count::Exactly(0)),
    };
    Ok(listing(rows, filters, count.or(more_than)))
}

/// The first page of as many matches as are counted, with their number.
async fn few(conn: &mut PgConnection, filters: &Filters, now: DateTime<Utc>) -> sqlx::Result<Vec<LeadRow>> {
    // Only what the order needs is carried along; the rest is read for the rows of the page.
    let (key, direction) = order_key(filters.sort, false);
    let mut query = QueryBuilder::<Postgres>::new(format!(
        "with found as materialized (select l.id, {key} as key from leads l where true"
    ));
    restrict(&mut query, filters, now);
    query.push(" limit ").push_bind(MATCHES_COUNTED + 1);
    query.push(format_args!(
        "), best as (select id, key from found order by key {direction}, id {direction} limit "
    ));
    query.push_bind(PAGE_SIZE + 1).push(") select ");
    push_columns(&mut query, filters.sort);
    query.push(
        "(select count(*) from found) as matches from best join leads l on l.id = best.id order by best.key ",
    );
    query.push(format_args!("{direction}, best.id {direction}"));
    query.build_query_as().fetch_all(conn).await
}

/// Pushes the columns of a row but the last. The owner's name is looked up after sorting, for the rows of the page alone.
fn push_columns(query: &mut QueryBuilder<Postgres>, sort: Sort) {
    query
        .push(
            "l.id, l.name, l.email, l.company, l.title, l.status, l.stage, l.fit, l.good_fit, l.hot_until,
             (select u.name from users u where u.id = l.owner_id) as owner, l.source, l.created_at, ",
        )
        .push(if sort == Sort::Name { "lower(coalesce(l.name, ''))" } else { "null" })
        .push(" as sort_name, (select standing from agreement_in_force) as standing, ");
}

/// A page of rows that were read one further than it goes.
fn listing(mut rows: Vec<LeadRow>, filters: &Filters, count: Option<Count>) -> Listing {
    let is_cut = rows.len() > PAGE_SIZE as usize;
    rows.truncate(PAGE_SIZE as usize);
    let (has_previous, has_next) = match &filters.page {
        Page::First => (false, is_cut),
        Page::After(_) => (true, is_cut),
        Page::Before(_) => {
            rows.reverse();
            (is_cut, true)
        }
    };
    let standing = rows.first_mut().and_then(|row| row.standing.take());
    Listing { rows, has_previous, has_next, count, standing }
}

fn count(n: i64, is_narrow: bool) -> Count {
    let most = if is_narrow { MATCHES_COUNTED } else { ALL_COUNTED };
    match n {
        n if n <= most => Count::Exactly(n),
        n if n == most + 1 => Count::MoreThan(most),
        n => Count::About(n),
    }
}

fn is_narrow(filters: &Filters) -> bool {
    let Filters {
        search,
        status,
        category,
        owner,
        source,
        campaign,
        import,
        persona,
        country,
        created_from,
        created_until,
        sort: _,
        page: _,
    } = filters;
    *search != Search::Everything
        || status.is_some()
        || category.is_some()
        || owner.is_some()
        || source.is_some()
        || campaign.is_some()
        || import.is_some()
        || persona.is_some()
        || country.is_some()
        || created_from.is_some()
        || created_until.is_some()
}

/// Pushes an expression for how many leads match: what the database keeps an estimate of is not counted, and other
/// counting stops one beyond what is said exactly.
fn push_count(query: &mut QueryBuilder<Postgres>, filters: &Filters, now: DateTime<Utc>) {
    if is_narrow(filters) {
        query.push("(select count(*) from (select from leads l where true");
        restrict(query, filters, now);
        query.push(format_args!(" limit {}) as matching)", MATCHES_COUNTED + 1));
    } else {
        query.push(format_args!(
            "(select case when c.reltuples > {most} then c.reltuples::bigint
              else (select count(*) from (select from leads limit {most}) as counted) end
              from pg_class c where c.oid = 'leads'::regclass)",
            most = ALL_COUNTED + 1
        ));
    }
}

/// Adds the filters' conditions on `leads l`.
fn restrict(query: &mut QueryBuilder<Postgres>, filters: &Filters, now: DateTime<Utc>) {
    match &filters.search {
        Search::Everything => {}
        Search::Email(email) => {
            query
                .push(" and l.id = (select lead_id from identities where kind = 'email' and value = ")
                .push_bind(email.as_str().to_owned())
                .push(")");
        }
        Search::Words(words) => {
            for word in words {
                push_word(query, word);
            }
        }
    }
    if let Some(status) = &filters.status {
        query.push(" and l.status = ").push_bind(status.clone());
    }
    if let Some(category) = filters.category {
        let is_good = matches!(category, CategoryKey::HighInterestGoodFit | CategoryKey::LowInterestGoodFit);
        let is_hot = matches!(category, CategoryKey::HighInterestGoodFit | CategoryKey::HighInterestLowFit);
        query.push(if is_good { " and l.good_fit" } else { " and not l.good_fit" });
        query.push(format_args!(" and {HOT} {} ", if is_hot { ">" } else { "<=" })).push_bind(now);
    }
    match filters.owner {
        None => {}
        Some(Owner::Nobody) => _ = query.push(" and l.owner_id is null"),
        Some(Owner::Person(id)) => _ = query.push(" and l.owner_id = ").push_bind(id.0),
    }
    if let Some(source) = &filters.source {
        query.push(" and l.source = ").push_bind(source.clone());
    }
    if let Some(campaign) = filters.campaign {
        query.push(" and l.campaign_id = ").push_bind(campaign);
    }
    if let Some(import) = filters.import {
        query.push(" and l.import_id = ").push_bind(import);
    }
    if let Some(persona) = filters.persona {
        query.push(" and l.persona_id = ").push_bind(persona);
    }
    if let Some(country) = &filters.country {
        query.push(" and lower(l.country) = lower(").push_bind(country.clone()).push(")");
    }
    if let Some(from) = filters.created_from {
        query.push(" and l.created_at >= ").push_bind(from);
    }
    if let Some(until) = filters.created_until {
        query.push(" and l.created_at < ").push_bind(until);
    }
}

/// Adds that a lead's name, e-mail address or company holds a word. Fewer letters than the index is made of must begin
/// a word, which it finds too; anywhere within one they would be in most leads.
fn push_word(query: &mut QueryBuilder<Postgres>, word: &str) {
    let word = escaped(word);
    if word.chars().count() >= TRIGRAM || !word.starts_with(char::is_alphanumeric) {
        query.push(" and l.search_text like lower(").push_bind(format!("%{word}%")).push(")");
    } else {
        query.push(" and (l.search_text like lower(").push_bind(format!("{word}%"));
        query.push(") or l.search_text like lower(").push_bind(format!("% {word}%")).push("))");
    }
}

/// A word that stands for itself within a pattern.
fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn order(sort: Sort, is_backward: bool) -> String {
    let (key, direction) = order_key(sort, is_backward);
    format!("{key} {direction}, l.id {direction}")
}

fn order_key(sort: Sort, is_backward: bool) -> (&'static str, &'static str) {
    let (key, is_descending) = match sort {
        Sort::Hot => (HOT, true),
        Sort::Fit => ("l.fit", true),
        Sort::Age => ("l.created_at", true),
        Sort::Name => ("lower(coalesce(l.name, ''))", false),
    };
    (key, if is_descending == is_backward { "asc" } else { "desc" })
}

/// Adds the condition that a row comes after a place, or before it.
fn start_at(query: &mut QueryBuilder<Postgres>, place: &Place, is_backward: bool) {
    let falls = if is_backward { ">" } else { "<" };
    let rises = if is_backward { "<" } else { ">" };
    match &place.key {
        SortKey::Hot(Some(at)) => query.push(format_args!(" and ({HOT}, l.id) {falls} (")).push_bind(*at),
        SortKey::Hot(None) => query.push(format_args!(" and ({HOT}, l.id) {falls} ('-infinity'")),
        SortKey::Fit(fit) => query.push(format_args!(" and (l.fit, l.id) {falls} (")).push_bind(*fit),
        SortKey::Age(at) => query.push(format_args!(" and (l.created_at, l.id) {falls} (")).push_bind(*at),
        SortKey::Name(name) => query
            .push(format_args!(" and (lower(coalesce(l.name, '')), l.id) {rises} ("))
            .push_bind(name.clone()),
    };
    query.push(", ").push_bind(place.id).push(")");
}

/// A lead as a point of the plane.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct Point {
    /// 0..=100.
    pub fit: i16,
    pub good_fit: bool,
    pub hot_until: Option<DateTime<Utc>>,
}

/// The hottest leads that match, as points; at most [`PLANE_LEADS`] and one more, which tells that there are others.
pub async fn points(
    conn: &mut PgConnection,
    filters: &Filters,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Point>> {
    let mut query =
        QueryBuilder::<Postgres>::new("select l.fit, l.good_fit, l.hot_until from leads l where true");
    restrict(&mut query, filters, now);
    query.push(" order by ").push(order(Sort::Hot, false)).push(format_args!(" limit {}", PLANE_LEADS + 1));
    query.build_query_as().fetch_all(conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_searched_word_stands_for_itself() {
        assert_eq!(escaped(r"50%_\a"), r"50\%\_\\a");
    }

    #[test]
    fn a_count_says_how_exact_it_is() {
        assert_eq!(count(2_000, true), Count::Exactly(2_000));
        assert_eq!(count(2_001, true), Count::MoreThan(2_000));
        assert_eq!(count(10_000, false), Count::Exactly(10_000));
        assert_eq!(count(10_001, false), Count::MoreThan(10_000));
        assert_eq!(count(98_765, false), Count::About(98_765));
    }
}
