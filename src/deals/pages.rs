//! Forms and acts on deals; the lead page shows them.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::actions::{self, Ending};
use super::model::DealForm;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{DealId, LeadId};
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .post("/leads/{lead}/deals", Access::Sales, open)
        .post("/leads/{lead}/deals/{deal}/win", Access::Sales, win)
        .post("/leads/{lead}/deals/{deal}/lose", Access::Sales, lose)
}

#[derive(Template, WebTemplate)]
#[template(path = "deals/deal.html")]
struct DealPage {
    layout: Layout,
    lead: LeadId,
    deal: DealForm,
    errors: FieldErrors,
}

async fn open(
    State(app): State<App>,
    Path(lead): Path<LeadId>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<DealForm>,
) -> AppResult<Response> {
    match actions::open(&app, &me, lead, &form).await? {
        Ok(_) => {
            flashes.add(FlashKind::Success, "The lead is sales qualified, and its deal is open.");
            Ok(Redirect::to(&format!("/leads/{lead}")).into_response())
        }
        Err(errors) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, DealPage { layout, lead, deal: form, errors })
                .into_response())
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReasonForm {
    reason: String,
}

async fn win(
    State(app): State<App>,
    Path((lead, deal)): Path<(LeadId, DealId)>,
    me: User,
    flashes: Flashes,
    Form(form): Form<ReasonForm>,
) -> AppResult<Redirect> {
    close(app, lead, deal, me, flashes, form, Ending::Won, "Won. Congratulations.").await
}

async fn lose(
    State(app): State<App>,
    Path((lead, deal)): Path<(LeadId, DealId)>,
    me: User,
    flashes: Flashes,
    Form(form): Form<ReasonForm>,
) -> AppResult<Redirect> {
    close(app, lead, deal, me, flashes, form, Ending::Lost, "Noted as lost, with the reason.").await
}

#[expect(clippy::too_many_arguments, reason = "the parts of one request, passed on once")]
async fn close(
    app: App,
    lead: LeadId,
    deal: DealId,
    me: User,
    flashes: Flashes,
    form: ReasonForm,
    ending: Ending,
    done: &str,
) -> AppResult<Redirect> {
    match actions::close(&app, &me, lead, deal, ending, &form.reason).await? {
        Ok(()) => flashes.add(FlashKind::Success, done),
        Err(errors) => return Err(AppError::Invalid(errors)),
    }
    Ok(Redirect::to(&format!("/leads/{lead}")))
}
