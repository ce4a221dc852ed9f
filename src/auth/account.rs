//! The pages of one's own account: password, time zone, sessions, theme.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;
use tower_sessions::Session;

use super::pages::zones;
use super::{Access, User, actions, model, queries, sessions};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::web::flash::FlashKind;
use crate::web::forms::local_path;
use crate::web::layout::{THEME_COOKIE, Theme};
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/account", Access::SignedIn, show_account)
        .post("/account/password", Access::SignedIn, change_password)
        .post("/account/time-zone", Access::SignedIn, change_time_zone)
        .post("/account/sign-out-everywhere", Access::SignedIn, sign_out_everywhere)
        .post("/account/theme", Access::SignedIn, change_theme)
}

#[derive(Template, WebTemplate)]
#[template(path = "auth/account.html")]
struct AccountPage {
    layout: Layout,
    me: User,
    zone: String,
    zones: Vec<(String, String)>,
    errors: FieldErrors,
}

impl AccountPage {
    fn of(layout: Layout, me: User, errors: FieldErrors) -> AccountPage {
        AccountPage { layout, zone: me.time_zone.name().to_owned(), me, zones: zones(), errors }
    }
}

async fn show_account(layout: Layout, me: User) -> AccountPage {
    AccountPage::of(layout, me, FieldErrors::default())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    current: String,
    new: String,
}

async fn change_password(
    State(app): State<App>,
    session: Session,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<PasswordForm>,
) -> AppResult<Response> {
    match actions::change_password(&app.db, &me, &form.current, &form.new, session.id(), app.clock.now())
        .await?
    {
        Ok(_) => {
            flashes.add(FlashKind::Success, "Your password is changed. Your other sessions have ended.");
            Ok(Redirect::to("/account").into_response())
        }
        Err(errors) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, AccountPage::of(layout, me, errors)).into_response())
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TimeZoneForm {
    time_zone: String,
}

async fn change_time_zone(
    State(app): State<App>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<TimeZoneForm>,
) -> AppResult<Response> {
    match model::time_zone(&form.time_zone) {
        Ok(zone) => {
            queries::set_time_zone(&mut *app.db.acquire().await?, me.id, zone.name()).await?;
            flashes.add(FlashKind::Success, format!("Times are now shown as in {}.", zone.name()));
            Ok(Redirect::to("/account").into_response())
        }
        Err(problem) => Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            AccountPage::of(layout, me, FieldErrors::one("time_zone", problem)),
        )
            .into_response()),
    }
}

async fn sign_out_everywhere(
    State(app): State<App>,
    me: User,
    flashes: Flashes,
    session: Session,
) -> AppResult<Redirect> {
    let ended = sessions::end_all(&mut *app.db.acquire().await?, me.id, session.id()).await?;
    flashes.add(
        FlashKind::Success,
        format!("Ended {ended} other session{}. This one goes on.", if ended == 1 { "" } else { "s" }),
    );
    Ok(Redirect::to("/account"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ThemeForm {
    theme: String,
}

async fn change_theme(
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<ThemeForm>,
) -> AppResult<Response> {
    let theme = Theme::parse(&form.theme).ok_or_else(|| {
        AppError::Invalid(FieldErrors::one(
            "theme",
            format!("“{}” is not a theme; it is auto, light or dark", form.theme),
        ))
    })?;
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    let cookie = format!("{THEME_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax{secure}", theme.as_str());
    // Back to the page that the person was on, whichever origin the proxy calls us by.
    let from = headers
        .get("referer")
        .and_then(|v| v.to_str().ok())
        .and_then(|url| url.split_once("://"))
        .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    Ok(([("set-cookie", cookie)], Redirect::to(local_path(from.unwrap_or("/")))).into_response())
}
