//! What every page needs: the route table, layout, errors as pages, headers, static files, live updates.

pub mod assets;
pub mod errors;
pub mod flash;
pub mod forms;
pub mod guard;
pub mod headers;
pub mod health;
pub mod layout;
pub mod live;
pub mod plane;
pub mod request_log;
pub mod routes;
pub mod whole;

pub use flash::Flashes;
pub use layout::Layout;
pub use routes::Routes;
