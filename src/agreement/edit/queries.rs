//! What the forms offer to choose from, and the few things of a draft that are not terms.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::agreement::known::{CustomField, CustomKind};

/// What the terms may name beside themselves.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    pub custom: Vec<CustomField>,
    /// E-mail address and name of everybody in Sales who works here.
    pub reps: Vec<(String, String)>,
    pub personas: Vec<Persona>,
    pub campaigns: Vec<(Uuid, String)>,
}

#[derive(Debug, Clone)]
pub struct Persona {
    pub id: Uuid,
    pub key: String,
    pub name: String,
    pub revision: i32,
}

pub async fn surroundings(conn: &mut PgConnection) -> sqlx::Result<Surroundings> {
    let custom = sqlx::query_as!(
        CustomField,
        r#"select key, label, kind as "kind: CustomKind" from custom_fields order by lower(label), key"#
    )
    .fetch_all(&mut *conn)
    .await?;
    let reps = sqlx::query!(
        "select email, name from users where department = 'sales' and active order by lower(name), email"
    )
    .map(|row| (row.email, row.name))
    .fetch_all(&mut *conn)
    .await?;
    let personas =
        sqlx::query_as!(Persona, "select id, key, name, revision from personas order by lower(name), id")
            .fetch_all(&mut *conn)
            .await?;
    let campaigns = sqlx::query!("select id, name from campaigns order by lower(name), id")
        .map(|row| (row.id, row.name))
        .fetch_all(&mut *conn)
        .await?;
    Ok(Surroundings { custom, reps, personas, campaigns })
}

/// How many leads stand in a status now.
pub async fn leads_in(conn: &mut PgConnection, status: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from leads where status = $1"#, status)
        .fetch_one(conn)
        .await
}

/// Says what a draft is for and when it is looked at again, unless somebody has said something else meanwhile.
/// Whether it was done.
pub async fn save_about(
    conn: &mut PgConnection,
    number: i32,
    before: (&str, Option<NaiveDate>),
    after: (&str, Option<NaiveDate>),
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update agreement_versions set note = $4, review_on = $5
         where number = $1 and state = 'draft' and note = $2 and review_on is not distinct from $3",
        number,
        before.0,
        before.1,
        after.0,
        after.1,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
