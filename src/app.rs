//! The application: what every request may use, and the whole route table.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use chrono::TimeDelta;
use sqlx::PgPool;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::agreement::{self, versions::Versions};
use crate::auth::limits::SignInLimits;
use crate::auth::sessions::PgSessions;
use crate::auth::{self, Access};
use crate::config::ServeConfig;
use crate::handoffs::KeptFigures;
use crate::handoffs::intake::Intake;
use crate::kernel::clock::Clock;
use crate::leads::{self, KeptChoices};
use crate::points;
use crate::transfer;
use crate::web::live::{self, Live};
use crate::web::{Routes, assets, errors, guard, headers, health, request_log, whole};
use crate::{back_tests, deals, handoffs};

/// What every request may use. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub db: PgPool,
    pub clock: Clock,
    pub config: Arc<ServeConfig>,
    pub live: Live,
    pub sign_in_limits: Arc<SignInLimits>,
    pub versions: Versions,
    pub choices: KeptChoices,
    pub figures: KeptFigures,
}

impl App {
    pub fn new(db: PgPool, clock: Clock, config: ServeConfig) -> App {
        App {
            live: Live::start(db.clone()),
            sign_in_limits: Arc::new(SignInLimits::new(config.sign_ins_per_minute)),
            config: Arc::new(config),
            versions: Versions::default(),
            choices: KeptChoices::default(),
            figures: KeptFigures::default(),
            db,
            clock,
        }
    }

    /// What the one door for leads needs.
    pub fn intake(&self) -> Intake {
        Intake { db: self.db.clone(), versions: self.versions.clone(), clock: self.clock.clone() }
    }
}

/// Every route of the product and who may use it.
pub fn routes() -> Routes {
    Routes::new()
        .get("/healthz", Access::Public, health::alive)
        .get("/readyz", Access::Public, health::ready)
        .get("/live", Access::SignedIn, live::stream)
        .merge(auth::pages::pages())
        .merge(agreement::pages::pages())
        .merge(agreement::checks::pages::pages())
        .merge(agreement::exchange::pages::pages())
        .merge(agreement::conversation::pages::pages())
        .merge(agreement::edit::pages())
        .merge(leads::pages::pages())
        .merge(handoffs::pages::pages())
        .merge(handoffs::disputes::pages::pages())
        .merge(handoffs::try_one::pages::pages())
        .merge(handoffs::thresholds::pages::pages())
        .merge(deals::pages::pages())
        .merge(back_tests::pages::pages())
        .merge(points::pages::pages())
        .merge(transfer::pages::pages())
}

/// The service: the routes within their layers, outermost last.
pub fn router(app: &App) -> anyhow::Result<Router> {
    let config = &app.config;
    let https = config.is_https();
    let longest = TimeDelta::days(config.session_days.into());
    let idle = TimeDelta::hours(config.session_idle_hours.into());
    let sessions = SessionManagerLayer::new(PgSessions {
        pool: app.db.clone(),
        clock: app.clock.clone(),
        idle,
        longest,
    })
    .with_name(if https { "__Host-baton" } else { "baton" })
    .with_secure(https)
    .with_same_site(SameSite::Lax)
    .with_expiry(Expiry::OnInactivity(time::Duration::hours(config.session_idle_hours.into())));
    let mut csrf = CsrfLayer::new();
    if let Some(url) = &config.public_url {
        csrf = csrf.add_trusted_origin(url)?;
    }
    let request_id = HeaderName::from_static("x-request-id");
    let patience = Duration::from_secs(config.request_timeout_seconds.into());
    // The innermost first: each layer wraps those above it.
    let pages = routes()
        .router
        .fallback(errors::not_found)
        .layer(csrf)
        .layer(from_fn(whole::run_to_end))
        .layer(RequestBodyTimeoutLayer::new(patience))
        .layer(DefaultBodyLimit::max(config.max_upload_mb as usize * 1024 * 1024))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, patience))
        .layer(CatchPanicLayer::custom(errors::after_panic))
        .layer(from_fn_with_state(app.clone(), guard::prolong))
        .layer(from_fn_with_state(app.clone(), errors::render))
        .layer(sessions)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(map_response(move |response| headers::set(https, response)))
        .layer(from_fn(request_log::log))
        .layer(PropagateRequestIdLayer::new(request_id.clone()))
        .layer(SetRequestIdLayer::new(request_id, MakeRequestUuid));
    let files = assets::router().layer(map_response(move |response| headers::set(https, response)));
    Ok(Router::new().merge(pages.with_state(app.clone())).merge(files))
}
