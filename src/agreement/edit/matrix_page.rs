//! The moves of a draft as a matrix.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};

use super::matrix::Matrix;
use crate::agreement::find;
use crate::agreement::prose::field;
use crate::agreement::queries::VersionState;
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::AppResult;
use crate::web::Layout;

#[derive(Template, WebTemplate)]
#[template(path = "agreement/edit/matrix.html")]
pub struct MatrixPage {
    layout: Layout,
    number: i32,
    moves: Matrix,
    may_edit: bool,
}

pub async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
) -> AppResult<MatrixPage> {
    let (row, terms) = find::version(&mut *app.db.acquire().await?, number).await?;
    let may_edit = row.state == VersionState::Draft && Access::Manager.allows(&me).is_ok();
    Ok(MatrixPage { layout, number, moves: Matrix::of(&terms, field), may_edit })
}
