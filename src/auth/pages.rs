//! The routes of signing in, with the pages of sign-in and set-up.

use std::net::SocketAddr;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use tower_sessions::Session;

use super::model::PersonForm;
use super::{Access, account, actions, limits, users};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::people::Department;
use crate::web::forms::local_path;
use crate::web::{Layout, Routes, guard};

pub fn pages() -> Routes {
    Routes::new()
        .get("/sign-in", Access::Public, show_sign_in)
        .post("/sign-in", Access::Public, sign_in)
        .get("/setup/{token}", Access::Public, show_setup)
        .post("/setup/{token}", Access::Public, set_up)
        .post("/sign-out", Access::SignedIn, sign_out)
        .merge(account::pages())
        .merge(users::pages())
}

#[derive(Template, WebTemplate)]
#[template(path = "auth/sign_in.html")]
struct SignInPage {
    layout: Layout,
    email: String,
    next: String,
    errors: FieldErrors,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignInForm {
    email: String,
    password: String,
    next: String,
}

async fn show_sign_in(
    session: Session,
    layout: Layout,
    Query(form): Query<SignInForm>,
) -> AppResult<Response> {
    if guard::user_of(&session).await?.is_some() {
        return Ok(Redirect::to(local_path(&form.next)).into_response());
    }
    Ok(SignInPage { layout, email: String::new(), next: form.next, errors: FieldErrors::default() }
        .into_response())
}

async fn sign_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    session: Session,
    layout: Layout,
    Form(form): Form<SignInForm>,
) -> AppResult<Response> {
    let address = limits::client_address(peer, &headers, &app.config.trusted_proxies);
    app.sign_in_limits.check(address, &form.email)?;
    if actions::sign_in(&app.db, &session, &form.email, &form.password, app.clock.now()).await? {
        return Ok(Redirect::to(local_path(&form.next)).into_response());
    }
    let errors = FieldErrors::one(
        "",
        "This address and password do not belong together. Check both, or ask your admin for a new password.",
    );
    let page = SignInPage { layout, email: form.email, next: form.next, errors };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

#[derive(Template, WebTemplate)]
#[template(path = "auth/setup.html")]
struct SetupPage {
    layout: Layout,
    token: String,
    person: PersonForm,
    zones: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    errors: FieldErrors,
}

/// A person with the password they begin with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewUserForm {
    #[serde(flatten)]
    pub person: PersonForm,
    pub password: String,
}

async fn show_setup(
    State(app): State<App>,
    Path(token): Path<String>,
    layout: Layout,
) -> AppResult<SetupPage> {
    if !actions::setup_link_is_valid(&mut *app.db.acquire().await?, &token, app.clock.now()).await? {
        return Err(AppError::NotFound(
            "This set-up link was used or is too old. Start Baton again to get a new one.".into(),
        ));
    }
    let person = PersonForm {
        department: Department::Marketing.key().into(),
        time_zone: "Europe/Berlin".into(),
        ..PersonForm::default()
    };
    Ok(SetupPage {
        layout,
        token,
        person,
        zones: zones(),
        departments: departments(),
        errors: FieldErrors::default(),
    })
}

async fn set_up(
    State(app): State<App>,
    Path(token): Path<String>,
    session: Session,
    layout: Layout,
    Form(form): Form<NewUserForm>,
) -> AppResult<Response> {
    match actions::set_up(&app.db, &session, &token, &form.person, &form.password, app.clock.now()).await? {
        Ok(()) => Ok(Redirect::to("/").into_response()),
        Err(errors) => {
            let page = SetupPage {
                layout,
                token,
                person: form.person,
                zones: zones(),
                departments: departments(),
                errors,
            };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

async fn sign_out(session: Session) -> AppResult<Redirect> {
    session.flush().await.map_err(|error| AppError::Internal(error.into()))?;
    Ok(Redirect::to("/sign-in"))
}

/// Time zones, for a select.
pub fn zones() -> Vec<(String, String)> {
    chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| (zone.name().to_owned(), zone.name().replace('_', " ")))
        .collect()
}

/// Departments, for a select.
pub fn departments() -> Vec<(String, String)> {
    Department::ALL.iter().map(|d| (d.key().to_owned(), d.label().to_owned())).collect()
}
