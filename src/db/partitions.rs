//! The monthly partitions of `events`. What none of them covers waits in `events_default`.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// How many months ahead of the current one partitions are made.
const AHEAD: Months = Months::new(3);

/// Any number that nothing else in the database locks.
const LOCK: i64 = 0x6261_746f_6e01;

/// Makes the missing partitions of the current month and those ahead; how many were missing.
pub async fn keep(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<usize> {
    make(conn, now..=now + AHEAD).await
}

/// Makes the missing partitions of every month that the time touches, and moves their events out of the
/// default partition; how many were missing. Nobody can write events while a month is being made.
pub async fn make(conn: &mut PgConnection, time: RangeInclusive<DateTime<Utc>>) -> sqlx::Result<usize> {
    let mut made = 0;
    let mut month = first_of_month(*time.start());
    while month <= time.end().date_naive() {
        made += usize::from(make_month(conn, month).await?);
        month = month + Months::new(1);
    }
    Ok(made)
}

async fn make_month(conn: &mut PgConnection, month: NaiveDate) -> sqlx::Result<bool> {
    let name = format!("events_{}_{:02}", month.year(), month.month());
    let mut tx = conn.begin().await?;
    // One node makes it, the others find it.
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await?;
    let exists: bool =
        sqlx::query_scalar("select to_regclass($1) is not null").bind(&name).fetch_one(&mut *tx).await?;
    if exists {
        return Ok(false);
    }
    // The whole lock at once: attaching needs it, and a reader that then writes would stand against a later one.
    // Names and bounds below are made from a date, so there is nothing in them to quote.
    let start = format!("'{month}T00:00:00Z'");
    let end = format!("'{}T00:00:00Z'", month + Months::new(1));
    let statements = format!(
        "lock table events_default in access exclusive mode;
         create table {name} (like events including all);
         with moved as (delete from events_default where occurred_at >= {start} and occurred_at < {end} returning *)
         insert into {name} select * from moved;
         alter table events attach partition {name} for values from ({start}) to ({end});"
    );
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(true)
}

fn first_of_month(time: DateTime<Utc>) -> NaiveDate {
    let date = time.date_naive();
    date.with_day(1).expect("every month has a first day")
}
