//! What the form of a lead needs from the database.

use sqlx::PgConnection;

use super::form::Options;
use crate::agreement::known::{CustomField, CustomKind};
use crate::kernel::ids::LeadId;

/// Everything that can be chosen on the form.
pub async fn options(conn: &mut PgConnection) -> sqlx::Result<Options> {
    let campaigns = sqlx::query!("select id, name from campaigns order by lower(name), id")
        .map(|row| (row.id, row.name))
        .fetch_all(&mut *conn)
        .await?;
    let personas = sqlx::query!("select id, name from personas order by lower(name), id")
        .map(|row| (row.id, row.name))
        .fetch_all(&mut *conn)
        .await?;
    let custom = custom_fields(conn).await?;
    Ok(Options { campaigns, personas, custom })
}

/// The custom fields, in the order in which they were added.
pub async fn custom_fields(conn: &mut PgConnection) -> sqlx::Result<Vec<CustomField>> {
    sqlx::query_as!(
        CustomField,
        r#"select key, label, kind as "kind: CustomKind" from custom_fields order by created_at, key"#
    )
    .fetch_all(conn)
    .await
}

/// What a lead's page shows beside the lead itself.
#[derive(Debug, Clone)]
pub struct Beside {
    pub owner: Option<String>,
    pub campaign: Option<String>,
    pub persona: Option<String>,
    pub external_ids: Option<Vec<String>>,
    pub has_deals: bool,
    /// How the version in force stands, asked along to save a round trip.
    pub standing: Option<String>,
    pub has_disputes: bool,
    /// The versions that judged it, the first one first.
    pub judged_by: Option<Vec<i32>>,
}

pub async fn beside(conn: &mut PgConnection, lead: LeadId) -> sqlx::Result<Beside> {
    sqlx::query_as!(
        Beside,
        r#"select u.name as "owner?", c.name as "campaign?", p.name as "persona?",
                  (select array_agg(value order by value) from identities where lead_id = l.id and kind = 'external') as external_ids,
                  exists (select 1 from deals where lead_id = l.id) as "has_deals!",
                  exists (select 1 from disputes where lead_id = l.id) as "has_disputes!",
                  (select array_agg(distinct v.number order by v.number) from (
                      select version as number from audit_entries where subject_id = l.id and version is not null
                      union all select version from handoffs where lead_id = l.id union all select l.judged_version) v) as judged_by,
                  (select standing from agreement_in_force) as standing
           from leads l left join users u on u.id = l.owner_id left join campaigns c on c.id = l.campaign_id left join personas p on p.id = l.persona_id
           where l.id = $1"#,
        lead.0
    )
    .fetch_one(conn)
    .await
}
