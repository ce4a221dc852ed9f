//! The statements behind the choices of the filters.

use sqlx::PgConnection;
use uuid::Uuid;

/// What the filters offer to choose from.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Id and name, by name.
    pub owners: Vec<(Uuid, String)>,
    pub campaigns: Vec<(Uuid, String)>,
    pub personas: Vec<(Uuid, String)>,
    /// Twice each: as the value of a choice and as its label.
    pub sources: Vec<(String, String)>,
    /// The most frequent ones, as far as the database has noticed; others can be typed.
    pub countries: Vec<String>,
}

/// Reads the choices. Sources are found by jumping from one to the next in their index, countries in the statistics
/// of the database, so that neither reads the leads.
pub async fn choices(conn: &mut PgConnection) -> sqlx::Result<Choices> {
    let owners = sqlx::query!("select id, name from users order by lower(name), id")
        .map(|row| (row.id, row.name))
        .fetch_all(&mut *conn)
        .await?;
    let campaigns = sqlx::query!("select id, name from campaigns order by lower(name), id")
        .map(|row| (row.id, row.name))
        .fetch_all(&mut *conn)
        .await?;
    let personas = sqlx::query!("select id, name from personas order by lower(name), id")
        .map(|row| (row.id, row.name))
        .fetch_all(&mut *conn)
        .await?;
    let sources = sqlx::query_scalar!(
        r#"with recursive found as (
             (select source from leads where source is not null order by source limit 1)
             union all
             select (select l.source from leads l where l.source > found.source order by l.source limit 1) from found where found.source is not null
           )
           select source as "source!" from found where source is not null limit 500"#
    )
    .fetch_all(&mut *conn)
    .await?
    .into_iter()
    .map(|source| (source.clone(), source))
    .collect();
    let mut countries = sqlx::query_scalar!(
        r#"select unnest(most_common_vals::text::text[]) as "country!" from pg_stats where schemaname = current_schema() and tablename = 'leads' and attname = 'country'"#
    )
    .fetch_all(&mut *conn)
    .await?;
    countries.sort();
    Ok(Choices { owners, campaigns, personas, sources, countries })
}
