//! Which leads are counted.

use sqlx::PgConnection;
use uuid::Uuid;

/// The newest leads that are still open: neither customers, nor lost, nor disqualified.
pub async fn newest_open(conn: &mut PgConnection, most: i64) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select id from leads where stage not in ('customer', 'lost', 'disqualified') order by id desc limit $1",
        most
    )
    .fetch_all(conn)
    .await
}
