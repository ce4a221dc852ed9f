//! Databases for tests: each a copy of one migrated template, in a cluster that all test processes share.

use std::path::Path;
use std::time::Duration;

use baton::db::cluster::{Cluster, DATABASE, Options};
use baton::kernel::clock::Clock;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

/// Makes the template once, whatever the number of test processes.
const TEMPLATE_LOCK: i64 = 4_021_337;

/// A database that is dropped with this.
pub struct TestDatabase {
    name: String,
    cluster: Cluster,
}

impl TestDatabase {
    pub async fn new() -> TestDatabase {
        let cluster = Cluster::start(&Options {
            fsync: false,
            max_connections: 400,
            linger: Duration::from_secs(5),
            guard: Some(env!("CARGO_BIN_EXE_baton").into()),
            ..Options::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster"))
        })
        .await
        .expect("the test cluster starts");
        let mut conn = connect(&cluster, DATABASE).await;
        let template = template(&cluster, &mut conn).await;
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        run(&mut conn, format!("create database {name} template {template}")).await;
        TestDatabase { name, cluster }
    }

    pub fn options(&self) -> PgConnectOptions {
        self.cluster.url(&self.name).parse().expect("an address")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let (name, url) = (self.name.clone(), self.cluster.url(DATABASE));
        // A thread of its own, because the runtime of the test is ending.
        let dropped = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let options: PgConnectOptions = url.parse().expect("an address");
                if let Ok(mut conn) = options.connect().await {
                    _ = sqlx::query(AssertSqlSafe(format!("drop database if exists {name} with (force)")))
                        .execute(&mut conn)
                        .await;
                }
            });
        });
        _ = dropped.join();
    }
}

async fn connect(cluster: &Cluster, database: &str) -> PgConnection {
    let options: PgConnectOptions = cluster.url(database).parse().expect("an address");
    options.connect().await.expect("the test cluster answers")
}

async fn run(conn: &mut PgConnection, sql: String) {
    sqlx::query(AssertSqlSafe(sql)).execute(conn).await.expect("the statement runs");
}

/// The name of the database with these migrations and the default agreement.
async fn template(cluster: &Cluster, conn: &mut PgConnection) -> String {
    let mut hash = Sha256::new();
    for migration in baton::db::MIGRATIONS.iter() {
        hash.update(&migration.checksum);
    }
    hash.update(baton::agreement::terms::Terms::default_agreement().sha256());
    let name = format!("template_{}", &hex::encode(hash.finalize())[..16]);
    sqlx::query("select pg_advisory_lock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *conn)
        .await
        .expect("the lock");
    let exists: bool = sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut *conn)
        .await
        .expect("an answer");
    if !exists {
        let making = format!("{name}_making");
        run(conn, format!("drop database if exists {making} with (force)")).await;
        run(conn, format!("create database {making}")).await;
        let pool =
            baton::db::pool(cluster.url(&making).parse().expect("an address"), 2).await.expect("a pool");
        baton::cli::prepare(&pool, &Clock::manual(super::monday())).await.expect("the migrations run");
        pool.close().await;
        run(conn, format!("alter database {making} rename to {name}")).await;
    }
    sqlx::query("select pg_advisory_unlock($1)")
        .bind(TEMPLATE_LOCK)
        .execute(&mut *conn)
        .await
        .expect("the lock");
    conn.ping().await.expect("the test cluster answers");
    name
}
