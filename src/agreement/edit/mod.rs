//! The draft editor: every clause of a draft as a form in the words of the people who negotiate it.
//!
//! One table says which fields each clause has (`fields`); one pair of pure functions turns a clause into a form and back
//! (`form`); one template shows any of them. What is hard to see in single clauses has pages of its own: the moves as a
//! matrix, and a status that is given up.

mod actions;
mod changes;
mod clause_page;
mod conditions;
mod draft_page;
mod fields;
mod form;
#[cfg(test)]
mod form_tests;
mod keys;
mod line_page;
mod matrix;
mod matrix_page;
mod obstacles;
mod options;
mod queries;
mod retire;
mod retire_page;
mod said;
mod shown;

use crate::auth::Access;
use crate::web::Routes;

pub fn pages() -> Routes {
    Routes::new()
        .post("/agreement/drafts", Access::Manager, draft_page::begin)
        .get("/agreement/{number}/edit", Access::SignedIn, draft_page::show)
        .post("/agreement/{number}/give-up", Access::Manager, draft_page::give_up)
        .post("/agreement/{number}/about", Access::Manager, draft_page::save_about)
        .get("/agreement/{number}/edit/jurisdictions", Access::SignedIn, matrix_page::show)
        .get("/agreement/{number}/edit/retire/{status}", Access::Manager, retire_page::show)
        .post("/agreement/{number}/edit/retire/{status}", Access::Manager, retire_page::retire)
        .post("/agreement/{number}/edit/restore/{status}", Access::Manager, retire_page::restore)
        .get("/agreement/{number}/clauses/{place}", Access::Manager, clause_page::show)
        .post("/agreement/{number}/clauses/{place}", Access::Manager, clause_page::save)
        .post("/agreement/{number}/clauses/{place}/remove", Access::Manager, line_page::remove)
        .post("/agreement/{number}/clauses/{place}/move", Access::Manager, line_page::step)
        .get("/agreement/{number}/lists/{list}", Access::Manager, clause_page::blank)
        .post("/agreement/{number}/lists/{list}", Access::Manager, clause_page::add)
        .post("/agreement/{number}/lists/{list}/order", Access::Manager, line_page::order)
}
