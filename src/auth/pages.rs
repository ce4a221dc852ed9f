//! Sign-in, set-up, the account, and the admin's list of users.

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
use super::queries::UserRow;
use super::{Access, User, actions, limits, model, queries, sessions};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::UserId;
use crate::kernel::people::{Department, Role};
use crate::web::flash::FlashKind;
use crate::web::forms::local_path;
use crate::web::layout::{THEME_COOKIE, Theme};
use crate::web::{Flashes, Layout, Routes, guard};

pub fn pages() -> Routes {
    Routes::new()
        .get("/sign-in", Access::Public, show_sign_in)
        .post("/sign-in", Access::Public, sign_in)
        .get("/setup/{token}", Access::Public, show_setup)
        .post("/setup/{token}", Access::Public, set_up)
        .post("/sign-out", Access::SignedIn, sign_out)
        .get("/account", Access::SignedIn, show_account)
        .post("/account/password", Access::SignedIn, change_password)
        .post("/account/time-zone", Access::SignedIn, change_time_zone)
        .post("/account/sign-out-everywhere", Access::SignedIn, sign_out_everywhere)
        .post("/account/theme", Access::SignedIn, change_theme)
        .get("/users", Access::Admin, list_users)
        .get("/users/new", Access::Admin, new_user)
        .post("/users", Access::Admin, create_user)
        .get("/users/{id}", Access::Admin, edit_user)
        .post("/users/{id}", Access::Admin, update_user)
        .post("/users/{id}/password", Access::Admin, reset_password)
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

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NewUserForm {
    #[serde(flatten)]
    person: PersonForm,
    password: String,
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
            flashes
                .add(FlashKind::Success, "Your password is changed. Your other sessions have ended.")
                .await?;
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
            flashes.add(FlashKind::Success, format!("Times are now shown as in {}.", zone.name())).await?;
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
    flashes
        .add(
            FlashKind::Success,
            format!("Ended {ended} other session{}. This one goes on.", if ended == 1 { "" } else { "s" }),
        )
        .await?;
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

#[derive(Template, WebTemplate)]
#[template(path = "auth/users.html")]
struct UsersPage {
    layout: Layout,
    users: Vec<UserRow>,
}

async fn list_users(State(app): State<App>, layout: Layout) -> AppResult<UsersPage> {
    Ok(UsersPage { layout, users: queries::users(&mut *app.db.acquire().await?).await? })
}

#[derive(Template, WebTemplate)]
#[template(path = "auth/user.html")]
struct UserPage {
    layout: Layout,
    /// None for a new user.
    id: Option<UserId>,
    person: PersonForm,
    active: bool,
    zones: Vec<(String, String)>,
    departments: Vec<(String, String)>,
    roles: Vec<(String, String)>,
    errors: FieldErrors,
}

impl UserPage {
    fn of(
        layout: Layout,
        id: Option<UserId>,
        person: PersonForm,
        active: bool,
        errors: FieldErrors,
    ) -> UserPage {
        let roles = Role::ALL.iter().map(|r| (r.key().to_owned(), r.label().to_owned())).collect();
        UserPage { layout, id, person, active, zones: zones(), departments: departments(), roles, errors }
    }
}

async fn new_user(me: User, layout: Layout) -> UserPage {
    let person = PersonForm {
        department: Department::Sales.key().into(),
        role: Role::Member.key().into(),
        time_zone: me.time_zone.name().into(),
        ..PersonForm::default()
    };
    UserPage::of(layout, None, person, true, FieldErrors::default())
}

async fn create_user(
    State(app): State<App>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<NewUserForm>,
) -> AppResult<Response> {
    match actions::create_user(
        &mut *app.db.acquire().await?,
        &form.person,
        &form.password,
        &me.actor(),
        app.clock.now(),
    )
    .await?
    {
        Ok(_) => {
            flashes
                .add(
                    FlashKind::Success,
                    format!(
                        "{} can sign in now. Tell them the password in person; they change it under Account.",
                        form.person.name.trim()
                    ),
                )
                .await?;
            Ok(Redirect::to("/users").into_response())
        }
        Err(errors) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, UserPage::of(layout, None, form.person, true, errors))
                .into_response())
        }
    }
}

async fn load_user(app: &App, id: UserId) -> AppResult<UserRow> {
    queries::user(&mut *app.db.acquire().await?, id)
        .await?
        .ok_or_else(|| AppError::NotFound("There is no such user. It may have been mistyped.".into()))
}

fn person_form(user: &UserRow) -> PersonForm {
    let zone = model::time_zone(&user.time_zone).unwrap_or(chrono_tz::Tz::UTC);
    PersonForm {
        name: user.name.clone(),
        email: user.email.clone(),
        department: user.department.key().into(),
        role: user.role.key().into(),
        time_zone: user.time_zone.clone(),
        away_until: user
            .away_until
            .map(|t| t.with_timezone(&zone).date_naive().to_string())
            .unwrap_or_default(),
    }
}

async fn edit_user(State(app): State<App>, Path(id): Path<UserId>, layout: Layout) -> AppResult<UserPage> {
    let user = load_user(&app, id).await?;
    Ok(UserPage::of(layout, Some(id), person_form(&user), user.active, FieldErrors::default()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct EditUserForm {
    #[serde(flatten)]
    person: PersonForm,
    /// Sent when ticked.
    active: Option<String>,
}

async fn update_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<EditUserForm>,
) -> AppResult<Response> {
    let active = form.active.is_some();
    match actions::update_user(
        &mut *app.db.acquire().await?,
        id,
        &form.person,
        active,
        &me.actor(),
        app.clock.now(),
    )
    .await?
    {
        Ok(()) => {
            flashes.add(FlashKind::Success, format!("{} is saved.", form.person.name.trim())).await?;
            Ok(Redirect::to("/users").into_response())
        }
        Err(errors) => Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            UserPage::of(layout, Some(id), form.person, active, errors),
        )
            .into_response()),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResetForm {
    password: String,
}

async fn reset_password(
    State(app): State<App>,
    Path(id): Path<UserId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<ResetForm>,
) -> AppResult<Response> {
    match actions::reset_password(
        &mut *app.db.acquire().await?,
        id,
        &form.password,
        &me.actor(),
        app.clock.now(),
    )
    .await?
    {
        Ok(()) => {
            flashes
                .add(FlashKind::Success, "The password is set and all sessions of this person have ended.")
                .await?;
            Ok(Redirect::to("/users").into_response())
        }
        Err(errors) => {
            let user = load_user(&app, id).await?;
            Ok((
                StatusCode::UNPROCESSABLE_ENTITY,
                UserPage::of(layout, Some(id), person_form(&user), user.active, errors),
            )
                .into_response())
        }
    }
}

fn zones() -> Vec<(String, String)> {
    chrono_tz::TZ_VARIANTS
        .iter()
        .map(|zone| (zone.name().to_owned(), zone.name().replace('_', " ")))
        .collect()
}

fn departments() -> Vec<(String, String)> {
    Department::ALL.iter().map(|d| (d.key().to_owned(), d.label().to_owned())).collect()
}
