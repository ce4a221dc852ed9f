//! What is done to a clause without a form: take it out, move it, put its list in another order.

use axum::extract::{Path, State};
use axum::response::Redirect;
use axum_extra::extract::Form;
use serde::Deserialize;
use serde_json::Value;

use super::changes;
use super::clause_page::{list_named, place_named, tell};
use super::draft_page::{back_to, list_at};
use super::form::fingerprint;
use crate::agreement::actions::change_draft;
use crate::agreement::clauses::{self, Place};
use crate::agreement::terms::Terms;
use crate::app::App;
use crate::auth::User;
use crate::error::{AppError, AppResult};
use crate::web::Flashes;

#[derive(Deserialize)]
pub struct Seen {
    #[serde(default)]
    seen: String,
}

pub async fn remove(
    State(app): State<App>,
    Path((number, place)): Path<(i32, String)>,
    me: User,
    flashes: Flashes,
    Form(Seen { seen }): Form<Seen>,
) -> AppResult<Redirect> {
    let place = place_named(&place)?;
    let Place::Item { list, .. } = &place else {
        return Err(AppError::Conflict(
            "This clause is part of every agreement and cannot be taken out.".to_owned(),
        ));
    };
    if matches!(*list, "vocabulary" | "retired_statuses") {
        return Err(AppError::Conflict(
            "A status is retired, so that its leads have somewhere to go.".to_owned(),
        ));
    }
    let changed = "Somebody has changed this clause since you looked; look at it again before you remove it.";
    let places = [place.clone()];
    let done = change_draft(&app, &me, number, &places, |now| {
        if fingerprint(clauses::get(now, &place).as_ref()) != seen {
            return Err(changed.to_owned());
        }
        clauses::set(now, &place, Value::Null)
    });
    let after = done.await?.map_err(AppError::Conflict)?;
    tell(&flashes, &after, number, "Removed.");
    Ok(Redirect::to(&list_at(number, list)))
}

#[derive(Deserialize)]
pub struct Step {
    to: String,
}

pub async fn step(
    State(app): State<App>,
    Path((number, place)): Path<(i32, String)>,
    me: User,
    Form(Step { to }): Form<Step>,
) -> AppResult<Redirect> {
    let place = place_named(&place)?;
    let moved = |now: &Terms| Ok::<_, AppError>(changes::moved(now, &place, to == "up"));
    change_draft(&app, &me, number, std::slice::from_ref(&place), moved).await??;
    Ok(Redirect::to(&back_to(number, &place)))
}

/// The items of a list in another order, given by their keys.
pub async fn order(
    State(app): State<App>,
    Path((number, list)): Path<(i32, String)>,
    me: User,
    Form(sent): Form<Vec<(String, String)>>,
) -> AppResult<Redirect> {
    let list = list_named(&list)?;
    let keys: Vec<String> = sent.into_iter().filter(|(name, _)| name == "key").map(|(_, key)| key).collect();
    let places: Vec<Place> = keys.iter().map(|key| Place::Item { list, key: key.clone() }).collect();
    let ordered = |now: &Terms| Ok::<_, AppError>(clauses::reorder(now, list, &keys));
    change_draft(&app, &me, number, &places, ordered).await??;
    Ok(Redirect::to(&list_at(number, list)))
}
