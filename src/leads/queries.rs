//! Leads and identities in the database. Sets travel as one JSON document each, so that one lead
//! and two thousand take the same statements.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

pub use super::events_query::{EventRow, append_events, events_of, recent_events};
use super::model::{Consent, Identity, IdentityKind, Lead};
use crate::agreement::facts::{LeadFacts, Utm};
use crate::agreement::terms::Stage;
use crate::kernel::ids::{ImportId, LeadId, UserId};
use crate::scoring::Interest;

/// A lead, and whether a handoff of it is open.
pub struct Loaded {
    pub lead: Lead,
    pub has_open_handoff: bool,
}

struct LeadRow {
    id: LeadId,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    title: Option<String>,
    seniority: Option<String>,
    company: Option<String>,
    domain: Option<String>,
    industry: Option<String>,
    employees: Option<i64>,
    country: Option<String>,
    city: Option<String>,
    source: Option<String>,
    campaign_id: Option<Uuid>,
    persona_id: Option<Uuid>,
    first_touch: Json<Utm>,
    last_touch: Json<Utm>,
    custom: Json<serde_json::Map<String, Value>>,
    may_store: bool,
    may_contact: bool,
    consent_basis: Option<String>,
    consent_source: Option<String>,
    consent_at: Option<DateTime<Utc>>,
    do_not_contact: bool,
    status: String,
    stage: Stage,
    status_since: DateTime<Utc>,
    owner_id: Option<UserId>,
    cycles: i32,
    rest_until: Option<DateTime<Utc>>,
    fit: i16,
    good_fit: bool,
    interest: Option<Json<Interest>>,
    hot_until: Option<DateTime<Utc>>,
    fast_track: Option<String>,
    fast_track_at: Option<DateTime<Utc>>,
    judged_version: i32,
    revision: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    has_open_handoff: bool,
}

impl From<LeadRow> for Loaded {
    fn from(row: LeadRow) -> Loaded {
        let lead = Lead {
            id: row.id,
            facts: LeadFacts {
                name: row.name,
                email: row.email,
                phone: row.phone,
                title: row.title,
                seniority: row.seniority,
                company: row.company,
                domain: row.domain,
                industry: row.industry,
                employees: row.employees,
                country: row.country,
                city: row.city,
                source: row.source,
                campaign: row.campaign_id,
                persona: row.persona_id,
                first_touch: row.first_touch.0,
                last_touch: row.last_touch.0,
                custom: row.custom.0,
            },
            consent: Consent {
                may_store: row.may_store,
                may_contact: row.may_contact,
                basis: row.consent_basis,
                source: row.consent_source,
                at: row.consent_at,
            },
            do_not_contact: row.do_not_contact,
            status: row.status,
            stage: row.stage,
            status_since: row.status_since,
            owner: row.owner_id,
            cycles: row.cycles,
            rest_until: row.rest_until,
            fit: u8::try_from(row.fit).unwrap_or(0),
            good_fit: row.good_fit,
            interest: row.interest.map(|interest| interest.0).unwrap_or_default(),
            hot_until: row.hot_until,
            fast_track: row.fast_track.zip(row.fast_track_at),
            judged_version: row.judged_version,
            revision: row.revision,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Loaded { lead, has_open_handoff: row.has_open_handoff }
    }
}

macro_rules! select_leads {
    ($condition:literal, $argument:expr) => {
        sqlx::query_as!(
            LeadRow,
            r#"select id as "id: LeadId", name, email, phone, title, seniority, company, domain, industry, employees, country, city, source,
                  campaign_id, persona_id, first_touch as "first_touch: Json<Utm>", last_touch as "last_touch: Json<Utm>",
                  custom as "custom: Json<serde_json::Map<String, Value>>", may_store, may_contact, consent_basis, consent_source, consent_at,
                  do_not_contact, status, stage as "stage: Stage", status_since, owner_id as "owner_id: UserId", cycles, rest_until, fit, good_fit,
                  interest as "interest: Json<Interest>", hot_until, fast_track, fast_track_at, judged_version, revision, created_at, updated_at,
                  exists (select 1 from handoffs h where h.lead_id = leads.id and h.closed_at is null) as "has_open_handoff!"
           from leads where "#
                + $condition,
            $argument
        )
    };
}

/// The leads with these ids, in no order.
pub async fn load_many(conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<Loaded>> {
    let rows = select_leads!("id = any($1)", ids).fetch_all(conn).await?;
    Ok(rows.into_iter().map(Loaded::from).collect())
}

/// One lead. Postgres plans this once, and a search for a set of one anew at each use.
pub async fn load(conn: &mut PgConnection, id: LeadId) -> sqlx::Result<Option<Loaded>> {
    Ok(select_leads!("id = $1", id.0).fetch_optional(conn).await?.map(Loaded::from))
}

/// A lead as it is written: the columns by name.
#[derive(Serialize)]
struct LeadWrite<'a> {
    id: LeadId,
    #[serde(flatten)]
    facts: &'a LeadFacts,
    campaign_id: Option<Uuid>,
    persona_id: Option<Uuid>,
    may_store: bool,
    may_contact: bool,
    consent_basis: Option<&'a str>,
    consent_source: Option<&'a str>,
    consent_at: Option<DateTime<Utc>>,
    do_not_contact: bool,
    status: &'a str,
    stage: &'a str,
    status_since: DateTime<Utc>,
    owner_id: Option<UserId>,
    cycles: i32,
    rest_until: Option<DateTime<Utc>>,
    fit: u8,
    good_fit: bool,
    interest: Option<&'a Interest>,
    hot_until: Option<DateTime<Utc>>,
    fast_track: Option<&'a str>,
    fast_track_at: Option<DateTime<Utc>>,
    judged_version: i32,
    revision: i64,
    import_id: Option<ImportId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn write(lead: &Lead, import: Option<ImportId>) -> LeadWrite<'_> {
    LeadWrite {
        id: lead.id,
        facts: &lead.facts,
        campaign_id: lead.facts.campaign,
        persona_id: lead.facts.persona,
        may_store: lead.consent.may_store,
        may_contact: lead.consent.may_contact,
        consent_basis: lead.consent.basis.as_deref(),
        consent_source: lead.consent.source.as_deref(),
        consent_at: lead.consent.at,
        do_not_contact: lead.do_not_contact,
        status: &lead.status,
        stage: lead.stage.key(),
        status_since: lead.status_since,
        owner_id: lead.owner,
        cycles: lead.cycles,
        rest_until: lead.rest_until,
        fit: lead.fit,
        good_fit: lead.good_fit,
        interest: (!lead.interest.is_none()).then_some(&lead.interest),
        hot_until: lead.hot_until,
        fast_track: lead.fast_track.as_ref().map(|(key, _)| key.as_str()),
        fast_track_at: lead.fast_track.as_ref().map(|(_, at)| *at),
        judged_version: lead.judged_version,
        revision: lead.revision,
        import_id: import,
        created_at: lead.created_at,
        updated_at: lead.updated_at,
    }
}

/// A set of rows as one argument.
pub fn json<T: Serialize>(rows: &[T]) -> sqlx::Result<String> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// Writes new leads.
pub async fn insert(conn: &mut PgConnection, leads: &[&Lead], import: Option<ImportId>) -> sqlx::Result<()> {
    let rows: Vec<_> = leads.iter().map(|lead| write(lead, import)).collect();
    sqlx::query(
        "insert into leads (id, name, email, phone, title, seniority, company, domain, industry, employees, country, city, source,
             campaign_id, persona_id, first_touch, last_touch, custom, may_store, may_contact, consent_basis, consent_source, consent_at,
             do_not_contact, status, stage, status_since, owner_id, cycles, rest_until, fit, good_fit, interest, hot_until, fast_track,
             fast_track_at, judged_version, revision, import_id, created_at, updated_at)
         select id, name, email, phone, title, seniority, company, domain, industry, employees, country, city, source,
             campaign_id, persona_id, first_touch, last_touch, custom, may_store, may_contact, consent_basis, consent_source, consent_at,
             do_not_contact, status, stage, status_since, owner_id, cycles, rest_until, fit, good_fit, interest, hot_until, fast_track,
             fast_track_at, judged_version, revision, import_id, created_at, updated_at
         from json_populate_recordset(null::leads, $1::json)",
    )
    .bind(json(&rows)?)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes changed leads, each only if it still has the revision it was loaded with, and counts the revision up.
/// Returns how many were written; fewer than given means that somebody else was faster.
pub async fn update(conn: &mut PgConnection, leads: &[&Lead]) -> sqlx::Result<u64> {
    let rows: Vec<_> = leads.iter().map(|lead| write(lead, None)).collect();
    let done = sqlx::query(
        "update leads set name = x.name, email = x.email, phone = x.phone, title = x.title, seniority = x.seniority, company = x.company,
             domain = x.domain, industry = x.industry, employees = x.employees, country = x.country, city = x.city, source = x.source,
             campaign_id = x.campaign_id, persona_id = x.persona_id, first_touch = x.first_touch, last_touch = x.last_touch, custom = x.custom,
             may_store = x.may_store, may_contact = x.may_contact, consent_basis = x.consent_basis, consent_source = x.consent_source,
             consent_at = x.consent_at, do_not_contact = x.do_not_contact, status = x.status, stage = x.stage, status_since = x.status_since,
             owner_id = x.owner_id, cycles = x.cycles, rest_until = x.rest_until, fit = x.fit, good_fit = x.good_fit, interest = x.interest,
             hot_until = x.hot_until, fast_track = x.fast_track, fast_track_at = x.fast_track_at, judged_version = x.judged_version,
             revision = leads.revision + 1, updated_at = x.updated_at
         from json_populate_recordset(null::leads, $1::json) x
         where leads.id = x.id and leads.revision = x.revision",
    )
    .bind(json(&rows)?)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Who already has which of these identities.
pub async fn owners_of(
    conn: &mut PgConnection,
    identities: &[&Identity],
) -> sqlx::Result<HashMap<Identity, LeadId>> {
    let kinds: Vec<String> = identities.iter().map(|i| i.kind.key().to_owned()).collect();
    let values: Vec<String> = identities.iter().map(|i| i.value.clone()).collect();
    let rows = sqlx::query!(
        r#"select i.kind as "kind: IdentityKind", i.value, i.lead_id as "lead_id: LeadId"
           from unnest($1::text[], $2::text[]) as x (kind, value) join identities i on i.kind = x.kind and i.value = x.value"#,
        &kinds,
        &values
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (Identity { kind: row.kind, value: row.value }, row.lead_id)).collect())
}

/// Gives identities to leads. Returns how many were free; fewer than given means that one is taken.
pub async fn take_identities(conn: &mut PgConnection, taken: &[(&Identity, LeadId)]) -> sqlx::Result<u64> {
    let kinds: Vec<String> = taken.iter().map(|(i, _)| i.kind.key().to_owned()).collect();
    let values: Vec<String> = taken.iter().map(|(i, _)| i.value.clone()).collect();
    let leads: Vec<Uuid> = taken.iter().map(|(_, lead)| lead.0).collect();
    // In order of their keys, so that two imports of the same people wait for each other instead of both failing.
    let done = sqlx::query!(
        "insert into identities (kind, value, lead_id)
         select * from unnest($1::text[], $2::text[], $3::uuid[]) as x (kind, value, lead_id) order by kind, value
         on conflict do nothing",
        &kinds,
        &values,
        &leads
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The identities of a lead.
pub async fn identities(conn: &mut PgConnection, lead: LeadId) -> sqlx::Result<Vec<Identity>> {
    let rows = sqlx::query!(r#"select kind as "kind: IdentityKind", value from identities where lead_id = $1 order by kind, value"#, lead.0).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| Identity { kind: row.kind, value: row.value }).collect())
}

pub async fn release_identities(
    conn: &mut PgConnection,
    lead: LeadId,
    identities: &[&Identity],
) -> sqlx::Result<()> {
    let kinds: Vec<String> = identities.iter().map(|i| i.kind.key().to_owned()).collect();
    let values: Vec<String> = identities.iter().map(|i| i.value.clone()).collect();
    sqlx::query!(
        "delete from identities i using unnest($2::text[], $3::text[]) as x (kind, value) where i.lead_id = $1 and i.kind = x.kind and i.value = x.value",
        lead.0,
        &kinds,
        &values
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leads that another version than this judged last, after a place in the order of ids.
pub async fn judged_otherwise(
    conn: &mut PgConnection,
    version: i32,
    after: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!("select id from leads where judged_version <> $1 and ($2::uuid is null or id > $2) order by id limit $3", version, after, limit).fetch_all(conn).await
}

/// How many leads there are, as of the last time that Postgres counted.
pub async fn about_how_many(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select greatest(reltuples, 0)::bigint as "n!" from pg_class where oid = 'leads'::regclass"#
    )
    .fetch_one(conn)
    .await
}
