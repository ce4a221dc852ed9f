//! What there is now, for terms that name it.

use serde_json::Value;
use sqlx::PgConnection;

use super::known::{Known, KnownPersona, KnownRep};
use super::terms::Status;

/// Everything that terms may name outside themselves.
pub async fn known(conn: &mut PgConnection) -> sqlx::Result<Known> {
    let reps = sqlx::query_as!(
        KnownRep,
        "select email, away_until from users where department = 'sales' and active order by email"
    )
    .fetch_all(&mut *conn)
    .await?;
    let personas = sqlx::query!("select id, key, name, revision from personas order by key")
        .map(|row| KnownPersona {
            id: row.id,
            key: row.key,
            name: row.name,
            revision: row.revision.unsigned_abs(),
        })
        .fetch_all(&mut *conn)
        .await?;
    let campaigns = sqlx::query_scalar!("select id from campaigns").fetch_all(&mut *conn).await?;
    let custom_fields =
        sqlx::query_scalar!("select key from custom_fields order by key").fetch_all(&mut *conn).await?;
    let statuses = sqlx::query_scalar!(
        r#"select terms -> 'vocabulary' as "vocabulary!: Value" from agreement_versions where state = 'in_force'"#
    )
    .fetch_optional(&mut *conn)
    .await?;
    let statuses: Vec<Status> =
        statuses.and_then(|vocabulary| serde_json::from_value(vocabulary).ok()).unwrap_or_default();
    let statuses = statuses.into_iter().map(|status| (status.key, status.label)).collect();
    Ok(Known { reps, personas, campaigns, custom_fields, statuses })
}
