//! The route table. A route cannot be added without saying who may use it.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn;
use axum::routing::{MethodFilter, on};

use super::guard;
use crate::app::App;
use crate::auth::Access;

/// One line of the table, as the tests read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
}

/// Routes with their access, growing slice by slice.
#[derive(Default)]
pub struct Routes {
    pub table: Vec<Route>,
    pub router: Router<App>,
}

impl Routes {
    pub fn new() -> Routes {
        Routes::default()
    }

    pub fn get<H: Handler<T, App>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Routes {
        self.add(Method::GET, MethodFilter::GET, path, access, handler)
    }

    pub fn post<H: Handler<T, App>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Routes {
        self.add(Method::POST, MethodFilter::POST, path, access, handler)
    }

    pub fn merge(mut self, other: Routes) -> Routes {
        self.table.extend(other.table);
        self.router = self.router.merge(other.router);
        self
    }

    fn add<H: Handler<T, App>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Routes {
        self.table.push(Route { method, path, access });
        let guarded = on(filter, handler)
            .layer(from_fn(move |session, request, next| guard::check(access, session, request, next)));
        self.router = self.router.route(path, guarded);
        self
    }
}
