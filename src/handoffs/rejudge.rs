//! A new version came into force: every lead is judged again, in batches that block nobody.

use uuid::Uuid;

use super::intake;
use crate::app::App;
use crate::jobs::runs;
use crate::leads::queries as leads;

/// Leads that are judged in one transaction.
const BATCH: i64 = 500;

/// Judges every lead that another version judged last. Safe to run twice: what is done is not done again.
pub async fn all(app: &App, run: Uuid) -> anyhow::Result<()> {
    let intake = app.intake();
    let mut after = None;
    let mut done = 0;
    let total: i64 = sqlx::query_scalar!(
        r#"select greatest(reltuples, 0)::bigint as "n!" from pg_class where oid = 'leads'::regclass"#
    )
    .fetch_one(&app.db)
    .await?;
    runs::progress(
        &app.db,
        run,
        "rejudge_all",
        "Judging all leads by the new version",
        done,
        total,
        app.clock.now(),
    )
    .await?;
    loop {
        let mut conn = app.db.acquire().await?;
        let version = app.versions.in_force(&mut conn).await?;
        let ids = leads::judged_otherwise(&mut conn, version.number, after, BATCH).await?;
        drop(conn);
        let Some(last) = ids.last().copied() else { break };
        let offered = intake::rejudge(&intake, &ids).await?;
        intake::announce(app, &offered);
        done += ids.len() as i64;
        after = Some(last);
        runs::progress(
            &app.db,
            run,
            "rejudge_all",
            "Judging all leads by the new version",
            done,
            total.max(done),
            app.clock.now(),
        )
        .await?;
    }
    runs::finished(&app.db, run, done, app.clock.now()).await
}
