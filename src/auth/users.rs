//! The admin's pages of users.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::model::PersonForm;
use super::pages::{NewUserForm, departments, zones};
use super::queries::UserRow;
use super::{Access, User, actions, model, queries};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::UserId;
use crate::kernel::people::{Department, Role};
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/users", Access::Admin, list_users)
        .get("/users/new", Access::Admin, new_user)
        .post("/users", Access::Admin, create_user)
        .get("/users/{id}", Access::Admin, edit_user)
        .post("/users/{id}", Access::Admin, update_user)
        .post("/users/{id}/password", Access::Admin, reset_password)
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
            flashes.add(
                FlashKind::Success,
                format!(
                    "{} can sign in now. Tell them the password in person; they change it under Account.",
                    form.person.name.trim()
                ),
            );
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
            flashes.add(FlashKind::Success, format!("{} is saved.", form.person.name.trim()));
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
                .add(FlashKind::Success, "The password is set and all sessions of this person have ended.");
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
