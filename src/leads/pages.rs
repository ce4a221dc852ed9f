//! The pages about leads.

use super::list;
use crate::auth::Access;
use crate::web::Routes;

pub fn pages() -> Routes {
    Routes::new().get("/leads", Access::SignedIn, list::show)
}
