//! `baton serve`: from an empty directory to an answering server, and back down in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::serve::ListenerExt;
use clap::Args;
use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{close, demo, prepare};
use crate::app::{self, App};
use crate::auth;
use crate::config::{DatabaseConfig, ServeConfig};
use crate::db;
use crate::handoffs::into_force;
use crate::jobs;
use crate::kernel::clock::Clock;

/// How long requests that run when the node is told to stop may take.
const GRACE: Duration = Duration::from_secs(10);
/// Bounds of the histogram of request times, in seconds.
const REQUEST_SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    db: DatabaseConfig,

    #[command(flatten)]
    serve: ServeConfig,

    /// Leave migrations to “baton migrate”. Until they have run, /readyz says that they are due.
    #[arg(long, env = "BATON_NO_MIGRATE")]
    no_migrate: bool,

    /// Make the demo first when the database is empty. See “baton demo --help”.
    #[arg(long, conflicts_with = "no_migrate")]
    demo: bool,
}

/// Serves until SIGINT or SIGTERM.
pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let listener = listen(args.serve.listen).await?;
    if let Some(address) = args.serve.metrics_listen {
        serve_metrics(address)?;
    }
    let stop = stop_signal()?;
    let clock = Clock::Wall;
    let db = db::open(&args.db).await?;
    if !args.no_migrate {
        prepare(&db.pool, &clock).await?;
    }
    if args.demo {
        demo::make(&db.pool, &clock, demo::SEED, demo::LEADS).await?;
    }
    let app = App::new(db.pool.clone(), clock, args.serve);
    let router = app::router(&app)?;
    let upkeep = tokio::spawn(keep_node(app.clone()));
    let worker = tokio::spawn(work(app.clone(), stopped(stop.clone())));
    say_how_to_sign_in(&app).await?;

    let server =
        axum::serve(listener.tap_io(no_delay), router.into_make_service_with_connect_info::<SocketAddr>());
    let mut serving = tokio::spawn(server.with_graceful_shutdown(stopped(stop.clone())).into_future());
    tokio::select! {
        ended = &mut serving => ended??,
        () = stopped(stop) => {
            tracing::info!("stopping");
            app.live.close();
            if timeout(GRACE, &mut serving).await.is_err() {
                tracing::warn!("requests that ran for longer than {} s are cut off", GRACE.as_secs());
                serving.abort();
            }
        }
    }
    finish(worker).await;
    upkeep.abort();
    close(db).await
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("Cannot listen on {address}; is another Baton running there? Choose another address with --listen or BATON_LISTEN")
    })
}

/// Small answers leave at once instead of waiting for more.
fn no_delay(connection: &mut tokio::net::TcpStream) {
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays slow");
    }
}

fn serve_metrics(address: SocketAddr) -> anyhow::Result<()> {
    PrometheusBuilder::new()
        .set_buckets(&REQUEST_SECONDS)?
        .with_http_listener(address)
        .install()
        .with_context(|| format!("Cannot serve metrics on {address}; choose another address with --metrics-listen or BATON_METRICS_LISTEN"))
}

/// Turns true at the first SIGINT or SIGTERM; a second one ends the process at once.
fn stop_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (said, stop) = watch::channel(false);
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if !first {
                std::process::exit(1);
            }
            said.send_replace(true);
        }
    });
    Ok(stop)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // The sender ends only with the process.
    _ = stop.wait_for(|stop| *stop).await;
}

/// Runs background jobs until told to stop, beginning when the schema is there.
async fn work(app: App, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
    if app.config.workers == 0 {
        return Ok(());
    }
    let mut stop = Box::pin(stop);
    while !db::is_current(&app.db).await.unwrap_or(false) {
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = sleep(Duration::from_secs(2)) => {}
        }
    }
    let worker = jobs::worker(&app, stop).await?;
    // Its day may have come while no node was there.
    into_force::put_due_in_force(&app).await?;
    worker.run().await?;
    Ok(())
}

async fn finish(worker: JoinHandle<anyhow::Result<()>>) {
    match timeout(jobs::GRACE + Duration::from_secs(2), worker).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => tracing::error!(cause = format!("{error:#}"), "background jobs ended badly"),
        Ok(Err(error)) => tracing::error!(%error, "background jobs ended badly"),
        Err(_) => tracing::warn!("background jobs are cut off; they run again"),
    }
}

/// What this node does for itself, whatever the others do.
async fn keep_node(app: App) {
    loop {
        app.sign_in_limits.forget_idle();
        for _ in 0..60 {
            measure(&app.db);
            sleep(Duration::from_secs(5)).await;
        }
    }
}

fn measure(pool: &PgPool) {
    metrics::gauge!("baton_db_connections").set(f64::from(pool.size()));
    metrics::gauge!("baton_db_connections_idle")
        .set(u32::try_from(pool.num_idle()).map_or(f64::MAX, f64::from));
}

async fn say_how_to_sign_in(app: &App) -> anyhow::Result<()> {
    let url = app.config.url();
    println!("Baton serves on {url}");
    if !db::is_current(&app.db).await.unwrap_or(false) {
        println!("The database's schema is not this version's: run “baton migrate”.");
        return Ok(());
    }
    let link = auth::actions::new_setup_link(&mut *app.db.acquire().await?, app.clock.now()).await?;
    match link {
        Some(token) => println!(
            "Nobody has an account yet. Make the first one here, once, within 24 hours:\n  {url}/setup/{token}"
        ),
        None => println!("Sign in with your e-mail address and password. “baton user list” shows who can."),
    }
    Ok(())
}
