//! The routes of leads.

use super::{acts, edit, lead_page, list};
use crate::auth::Access;
use crate::web::Routes;

pub fn pages() -> Routes {
    Routes::new()
        .get("/leads", Access::SignedIn, list::show)
        .post("/leads", Access::SignedIn, edit::create)
        .get("/leads/new", Access::SignedIn, edit::new)
        .get("/leads/{lead}", Access::SignedIn, lead_page::show)
        .get("/leads/{lead}/edit", Access::SignedIn, edit::show)
        .post("/leads/{lead}/edit", Access::SignedIn, edit::save)
        .post("/leads/{lead}/notes", Access::SignedIn, acts::add_note)
        .post("/leads/{lead}/activities", Access::SignedIn, acts::log)
        .post("/leads/{lead}/events", Access::Marketing, acts::add_event)
}
