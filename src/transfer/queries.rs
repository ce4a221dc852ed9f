//! The SQL of imports.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::lead_plan::CustomField;
use super::map::Kind;
use super::model::{Import, State, Tally};
use super::problem::{MapProblem, Problem, Refusal};
use crate::audit::{self, Actor, Entry};
use crate::kernel::ids::{ImportId, UserId, new_id};

/// What a new import is made of.
pub struct NewImport<'a> {
    pub id: ImportId,
    pub kind: Kind,
    pub file_name: &'a str,
    pub map: &'a str,
    pub state: State,
    pub bytes_total: i64,
    pub created_by: Option<UserId>,
}

pub async fn insert(conn: &mut PgConnection, new: &NewImport<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into imports (id, kind, file_name, map, dry_run, state, bytes_total, created_by, created_at) values ($1, $2, $3, $4, false, $5, $6, $7, $8)",
        new.id.0,
        new.kind as Kind,
        new.file_name,
        new.map,
        new.state as State,
        new.bytes_total,
        new.created_by.map(|id| id.0),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn add_piece(
    conn: &mut PgConnection,
    import: ImportId,
    position: i32,
    content: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into import_files (import_id, position, content) values ($1, $2, $3)",
        import.0,
        position,
        content
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn piece(
    conn: &mut PgConnection,
    import: ImportId,
    position: i32,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "select content from import_files where import_id = $1 and position = $2",
        import.0,
        position
    )
    .fetch_optional(conn)
    .await
}

/// Says that the whole file has arrived.
pub async fn set_uploaded(
    conn: &mut PgConnection,
    import: ImportId,
    bytes: i64,
    kind: Kind,
    map: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update imports set bytes_total = $2, kind = $3, map = $4 where id = $1",
        import.0,
        bytes,
        kind as Kind,
        map
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes an import that has brought nothing in. False when it is at work or has done its work.
pub async fn remove(conn: &mut PgConnection, import: ImportId) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from imports where id = $1 and state in ('draft', 'failed', 'done') and (dry_run or rows_added = 0)", import.0)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes files whose import nobody started or finished in time; what an import brought in stays.
pub async fn remove_stale(conn: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<u64> {
    sqlx::query!("delete from import_files f using imports i where i.id = f.import_id and i.created_at < $1 and i.state in ('draft', 'failed', 'done')", before)
        .execute(&mut *conn)
        .await?;
    let done = sqlx::query!(
        "delete from imports where created_at < $1 and (state = 'draft' or (state = 'done' and dry_run))",
        before
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

struct ImportRow {
    id: ImportId,
    kind: Kind,
    file_name: String,
    map: String,
    dry_run: bool,
    state: State,
    bytes_total: i64,
    bytes_done: i64,
    rows_read: i64,
    rows_added: i64,
    rows_known: i64,
    rows_refused: i64,
    rows_passed_over: i64,
    values_left_out: i64,
    offered: i64,
    message: Option<String>,
    by: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<ImportRow> for Import {
    fn from(row: ImportRow) -> Import {
        Import {
            id: row.id,
            kind: row.kind,
            file_name: row.file_name,
            map: row.map,
            dry_run: row.dry_run,
            state: row.state,
            bytes_total: row.bytes_total,
            tally: Tally {
                bytes: row.bytes_done,
                rows: row.rows_read,
                added: row.rows_added,
                known: row.rows_known,
                refused: row.rows_refused,
                passed_over: row.rows_passed_over,
                values_left_out: row.values_left_out,
                offered: row.offered,
            },
            message: row.message,
            by: row.by,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

/// An import whose file has arrived.
pub async fn find(conn: &mut PgConnection, import: ImportId) -> sqlx::Result<Option<Import>> {
    let row = sqlx::query_as!(
        ImportRow,
        r#"select id as "id: ImportId", kind as "kind: Kind", file_name, map, dry_run, state as "state: State", bytes_total, bytes_done, rows_read,
                  rows_added, rows_known, rows_refused, rows_passed_over, values_left_out, offered, message, created_at, started_at, finished_at,
                  (select name from users where users.id = created_by) as by
           from imports where id = $1 and bytes_total > 0"#,
        import.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Import::from))
}

/// The newest imports, before a place in the list.
pub async fn list(
    conn: &mut PgConnection,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> sqlx::Result<Vec<Import>> {
    let (at, id) = before.unzip();
    let rows = sqlx::query_as!(
        ImportRow,
        r#"select id as "id: ImportId", kind as "kind: Kind", file_name, map, dry_run, state as "state: State", bytes_total, bytes_done, rows_read,
                  rows_added, rows_known, rows_refused, rows_passed_over, values_left_out, offered, message, created_at, started_at, finished_at,
                  (select name from users where users.id = created_by) as by
           from imports where bytes_total > 0 and ($1::timestamptz is null or (created_at, id) < ($1, $2))
           order by created_at desc, id desc limit $3"#,
        at,
        id,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Import::from).collect())
}

/// Takes another map. False when the import has been started meanwhile.
pub async fn set_map(conn: &mut PgConnection, import: ImportId, map: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update imports set map = $2, state = 'draft', message = null
         where id = $1 and (state in ('draft', 'failed') or (state = 'done' and dry_run))",
        import.0,
        map
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Sets an import to wait for its run, from the first row. False when it is at work or done.
pub async fn start(conn: &mut PgConnection, import: ImportId, dry_run: bool) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update imports set state = 'waiting', dry_run = $2, bytes_done = 0, rows_read = 0, rows_added = 0, rows_known = 0, rows_refused = 0,
             rows_passed_over = 0, values_left_out = 0, offered = 0, message = null, started_at = null, finished_at = null
         where id = $1 and (state in ('draft', 'failed') or (state = 'done' and dry_run))",
        import.0,
        dry_run
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() > 0 {
        sqlx::query!("delete from import_refusals where import_id = $1", import.0).execute(conn).await?;
    }
    Ok(done.rows_affected() > 0)
}

/// Says that an import runs now, and since when. Nothing when it is not to run.
pub async fn set_running(
    conn: &mut PgConnection,
    import: ImportId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"update imports set state = 'running', started_at = coalesce(started_at, $2) where id = $1 and state in ('waiting', 'running')
           returning started_at as "started_at!""#,
        import.0,
        now
    )
    .fetch_optional(conn)
    .await
}

/// Counts a step that began at row `after`. False when another run of the same import has counted it.
pub async fn add_step(
    conn: &mut PgConnection,
    import: ImportId,
    after: i64,
    step: &Tally,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update imports set bytes_done = $3, rows_read = rows_read + $4, rows_added = rows_added + $5, rows_known = rows_known + $6,
             rows_refused = rows_refused + $7, rows_passed_over = rows_passed_over + $8, values_left_out = values_left_out + $9, offered = offered + $10
         where id = $1 and state = 'running' and rows_read = $2",
        import.0,
        after,
        step.bytes,
        step.rows,
        step.added,
        step.known,
        step.refused,
        step.passed_over,
        step.values_left_out,
        step.offered
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn add_refusals(
    conn: &mut PgConnection,
    import: ImportId,
    refusals: &[Refusal],
) -> sqlx::Result<()> {
    let mut positions = HashMap::new();
    let mut position = |row: u64| {
        let next = positions.entry(row).or_insert(0i32);
        *next += 1;
        *next
    };
    let rows: Vec<i64> = refusals.iter().map(|refusal| refusal.row as i64).collect();
    let positions: Vec<i32> = refusals.iter().map(|refusal| position(refusal.row)).collect();
    let columns: Vec<String> = refusals.iter().map(|refusal| refusal.problem.column.clone()).collect();
    let values: Vec<String> = refusals.iter().map(|refusal| refusal.problem.value.clone()).collect();
    let reasons: Vec<String> = refusals.iter().map(|refusal| refusal.problem.reason.clone()).collect();
    sqlx::query!(
        "insert into import_refusals (import_id, row_number, position, column_name, value, reason)
         select $1, * from unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[])",
        import.0,
        &rows,
        &positions,
        &columns,
        &values,
        &reasons
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Refusals in the order of the file, after a row and position.
pub async fn refusals(
    conn: &mut PgConnection,
    import: ImportId,
    after: (i64, i32),
    limit: i64,
) -> sqlx::Result<Vec<(Refusal, i32)>> {
    let rows = sqlx::query!(
        "select row_number, position, column_name, value, reason from import_refusals
         where import_id = $1 and (row_number, position) > ($2, $3) order by row_number, position limit $4",
        import.0,
        after.0,
        after.1,
        limit
    )
    .fetch_all(conn)
    .await?;
    let refusal = |row: i64, column, value, reason| Refusal {
        row: row.unsigned_abs(),
        problem: Problem { column, value, reason },
    };
    Ok(rows
        .into_iter()
        .map(|row| (refusal(row.row_number, row.column_name, row.value, row.reason), row.position))
        .collect())
}

/// Ends an import and records it. The file of one that stands is removed: everything in it is known, or refused and listed.
pub async fn finish(
    conn: &mut PgConnection,
    import: ImportId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut tx = conn.begin().await?;
    let done = sqlx::query!(
        "update imports set state = 'done', bytes_done = bytes_total, finished_at = $2 where id = $1 and state = 'running'
         returning dry_run, rows_read, rows_added, rows_known, rows_refused, offered",
        import.0,
        now
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(done) = done.filter(|done| !done.dry_run) {
        sqlx::query!("delete from import_files where import_id = $1", import.0).execute(&mut *tx).await?;
        let counts = json!({
            "rows": done.rows_read, "added": done.rows_added, "known": done.rows_known, "refused": done.rows_refused, "offered": done.offered,
        });
        audit::record(&mut tx, now, &[Entry::new("import", import.0, actor, "imported").detail(counts)])
            .await?;
    }
    tx.commit().await
}

pub async fn fail(
    conn: &mut PgConnection,
    import: ImportId,
    message: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update imports set state = 'failed', message = $2, finished_at = $3 where id = $1",
        import.0,
        message,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Custom fields that are there with another type than wanted.
pub async fn custom_field_conflicts(
    conn: &mut PgConnection,
    wanted: &[CustomField],
) -> sqlx::Result<Vec<MapProblem>> {
    let keys: Vec<String> = wanted.iter().map(|field| field.key.clone()).collect();
    let rows = sqlx::query!("select key, kind from custom_fields where key = any($1)", &keys)
        .fetch_all(conn)
        .await?;
    let there: HashMap<String, String> = rows.into_iter().map(|row| (row.key, row.kind)).collect();
    let mut problems = vec![];
    for field in wanted {
        if let Some(kind) = there.get(&field.key).filter(|kind| *kind != field.value_type.key()) {
            problems.push(MapProblem {
                key: format!("lead.custom.{}.type", field.key),
                value: field.value_type.key().to_owned(),
                problem: format!(
                    "there is a custom field of this key with type = “{kind}”; use that type, or another key"
                ),
            });
        }
    }
    Ok(problems)
}

pub async fn add_custom_fields(
    conn: &mut PgConnection,
    wanted: &[CustomField],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    for field in wanted {
        sqlx::query!(
            "insert into custom_fields (key, label, kind, created_at) values ($1, $2, $3, $4) on conflict do nothing",
            field.key,
            field.label,
            field.value_type.key(),
            now
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

pub async fn add_campaigns(
    conn: &mut PgConnection,
    names: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = names.iter().map(|_| new_id(now)).collect();
    sqlx::query!(
        "insert into campaigns (id, name, created_at) select id, name, $3 from unnest($1::uuid[], $2::text[]) as x (id, name) on conflict do nothing",
        &ids,
        names,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn campaigns_by_name(
    conn: &mut PgConnection,
    names: &[String],
) -> sqlx::Result<HashMap<String, Uuid>> {
    let rows =
        sqlx::query!("select name, id from campaigns where name = any($1)", names).fetch_all(conn).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.id)).collect())
}
