//! Back-tests in the database.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::lists::Lists;
use super::model::{BackTest, State};
use crate::agreement::terms::Stage;
use crate::kernel::ids::UserId;

/// A new back-test, as it is written.
pub struct NewBackTest<'a> {
    pub id: Uuid,
    pub version: i32,
    pub against: i32,
    pub draft_revision: i64,
    pub terms: &'a Value,
    pub terms_sha256: &'a str,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
    pub by: UserId,
}

pub async fn insert(conn: &mut PgConnection, new: &NewBackTest<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into back_tests (id, version, against, draft_revision, terms, terms_sha256, window_from, window_to, state, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9, $10)",
        new.id,
        new.version,
        new.against,
        new.draft_revision,
        new.terms,
        new.terms_sha256,
        new.from,
        new.to,
        new.by.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The back-tests of a version, the newest first, without their terms.
pub async fn of_version(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<BackTest>> {
    sqlx::query_as!(
        BackTest,
        r#"select b.id, version, against, draft_revision, terms_sha256, window_from, window_to, state as "state: State", done, total, message, result,
                  u.name as by, b.created_at, finished_at
           from back_tests b join users u on u.id = b.created_by where version = $1 order by b.created_at desc, b.id desc limit 100"#,
        version
    )
    .fetch_all(conn)
    .await
}

/// One back-test, without its terms.
pub async fn find(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<BackTest>> {
    sqlx::query_as!(
        BackTest,
        r#"select b.id, version, against, draft_revision, terms_sha256, window_from, window_to, state as "state: State", done, total, message, result,
                  u.name as by, b.created_at, finished_at
           from back_tests b join users u on u.id = b.created_by where b.id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await
}

/// The terms that a back-test tries.
pub async fn terms(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar!("select terms from back_tests where id = $1", id).fetch_optional(conn).await
}

/// Whether one of a version is on its way.
pub async fn is_any_at_work(conn: &mut PgConnection, version: i32) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from back_tests where version = $1 and state in ('waiting', 'running')) as "exists!""#,
        version
    )
    .fetch_one(conn)
    .await
}

/// Begins it, or begins it anew after a restart; false when it ended meanwhile.
pub async fn set_running(conn: &mut PgConnection, id: Uuid, total: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update back_tests set state = 'running', done = 0, total = $2 where id = $1 and state in ('waiting', 'running')",
        id,
        total
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes how far it is; false when it was cancelled or is gone.
pub async fn progress(conn: &mut PgConnection, id: Uuid, leads: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update back_tests set done = $2, total = greatest(total, $2) where id = $1 and state = 'running'",
        id,
        leads
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the result; false when it was cancelled meanwhile.
pub async fn finish(
    conn: &mut PgConnection,
    id: Uuid,
    result: &Value,
    leads: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update back_tests set state = 'done', result = $2, done = $3, total = $3, finished_at = $4 where id = $1 and state = 'running'",
        id,
        result,
        leads,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends it without a result, with the reason.
pub async fn fail(conn: &mut PgConnection, id: Uuid, message: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update back_tests set state = 'failed', message = $2, finished_at = $3 where id = $1 and state in ('waiting', 'running')",
        id,
        message,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends it because somebody asked for it; false when it had ended.
pub async fn cancel(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update back_tests set state = 'cancelled', finished_at = $2 where id = $1 and state in ('waiting', 'running')",
        id,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the leads behind the figures.
pub async fn insert_lists(conn: &mut PgConnection, id: Uuid, lists: &Lists) -> sqlx::Result<()> {
    for (figure, leads) in lists.iter() {
        sqlx::query!(
            "insert into back_test_leads (back_test_id, figure, lead_id) select $1, $2, unnest($3::uuid[])",
            id,
            figure,
            leads
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// A lead behind a figure, as it is now.
pub struct LeadLine {
    pub id: Uuid,
    pub name: Option<String>,
    pub email: Option<String>,
    pub company: Option<String>,
    pub status: String,
    pub stage: Stage,
}

/// The leads of a figure after one of them, in the order of their ids.
pub async fn leads(
    conn: &mut PgConnection,
    id: Uuid,
    figure: &str,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<LeadLine>> {
    sqlx::query_as!(
        LeadLine,
        r#"select l.id, name, email, company, status, stage as "stage: Stage"
           from back_test_leads b join leads l on l.id = b.lead_id
           where b.back_test_id = $1 and b.figure = $2 and b.lead_id > $3 order by b.lead_id limit $4"#,
        id,
        figure,
        after,
        limit
    )
    .fetch_all(conn)
    .await
}

/// How many leads are kept of a figure.
pub async fn kept(conn: &mut PgConnection, id: Uuid, figure: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from back_test_leads where back_test_id = $1 and figure = $2"#,
        id,
        figure
    )
    .fetch_one(conn)
    .await
}
