//! Comments in the database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::kernel::ids::UserId;
use crate::kernel::people::Department;

/// What somebody said about a clause.
#[derive(Debug, Clone)]
pub struct Comment {
    pub id: Uuid,
    /// The name of the clause's place.
    pub place: String,
    pub user: UserId,
    pub name: String,
    pub department: Department,
    /// None when it was taken back.
    pub body: Option<String>,
    pub at: DateTime<Utc>,
}

/// Every comment on a version, the oldest first.
pub async fn comments(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<Comment>> {
    sqlx::query_as!(
        Comment,
        r#"select c.id, c.place, c.user_id as "user: UserId", u.name, u.department as "department: Department",
                  case when c.deleted_at is null then c.body end as body, c.at
           from agreement_comments c join users u on u.id = c.user_id
           where c.version = $1 order by c.at, c.id"#,
        version
    )
    .fetch_all(conn)
    .await
}

/// How many comments stand at each place of a version.
pub async fn counts(conn: &mut PgConnection, version: i32) -> sqlx::Result<HashMap<String, i64>> {
    let rows = sqlx::query!(
        r#"select place, count(*) as "count!" from agreement_comments
           where version = $1 and deleted_at is null group by place"#,
        version
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.place, row.count)).collect())
}

pub(super) async fn insert(
    conn: &mut PgConnection,
    version: i32,
    id: Uuid,
    place: &str,
    user: UserId,
    body: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into agreement_comments (id, version, place, user_id, body, at) values ($1, $2, $3, $4, $5, $6)",
        id,
        version,
        place,
        user.0,
        body,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a comment as taken back; false when this person has none such.
pub(super) async fn take_back(
    conn: &mut PgConnection,
    version: i32,
    id: Uuid,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update agreement_comments set deleted_at = $4 where id = $1 and version = $2 and user_id = $3 and deleted_at is null",
        id,
        version,
        user.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
