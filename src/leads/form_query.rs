//! What the form of a lead needs from the database.

use sqlx::PgConnection;
use uuid::Uuid;

use super::form::Options;
use crate::kernel::ids::{LeadId, UserId};

/// A field that this organisation added.
#[derive(Debug, Clone)]
pub struct CustomField {
    pub key: String,
    pub label: String,
    pub kind: CustomKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum CustomKind {
    Text,
    Number,
    Bool,
    Date,
}

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

/// The names behind a lead's ids.
#[derive(Debug, Clone, Default)]
pub struct Names {
    pub owner: Option<String>,
    pub campaign: Option<String>,
    pub persona: Option<String>,
    pub external_ids: Option<Vec<String>>,
}

pub async fn names(
    conn: &mut PgConnection,
    lead: LeadId,
    owner: Option<UserId>,
    campaign: Option<Uuid>,
    persona: Option<Uuid>,
) -> sqlx::Result<Names> {
    sqlx::query_as!(
        Names,
        "select (select name from users where id = $2) as owner, (select name from campaigns where id = $3) as campaign,
                (select name from personas where id = $4) as persona,
                (select array_agg(value order by value) from identities where lead_id = $1 and kind = 'external') as external_ids",
        lead.0,
        owner.map(|id| id.0),
        campaign,
        persona
    )
    .fetch_one(conn)
    .await
}
