//! Who may reach what.

use axum::body::Body;
use axum::http::Method;
use baton::app;
use baton::auth::Access;

use crate::support;

/// A path with something in place of its parameters.
fn filled(path: &str) -> String {
    let id = "01900000-0000-7000-8000-000000000000";
    path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
}

/// The routes of an access, as method and path.
fn routes_with(access: Access) -> Vec<String> {
    let table = app::routes().table;
    let mut found: Vec<String> = table
        .iter()
        .filter(|route| route.access == access)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    found.sort();
    found
}

#[test]
fn only_the_listed_routes_are_public() {
    assert_eq!(
        routes_with(Access::Public),
        [
            "GET /healthz",
            "GET /readyz",
            "GET /setup/{token}",
            "GET /sign-in",
            "POST /setup/{token}",
            "POST /sign-in"
        ]
    );
}

#[test]
fn what_one_department_or_the_admins_do_is_theirs_alone() {
    assert_eq!(
        routes_with(Access::Sales),
        [
            "POST /claim-next",
            "POST /leads/{lead}/deals",
            "POST /leads/{lead}/deals/{deal}/lose",
            "POST /leads/{lead}/deals/{deal}/win",
            "POST /leads/{lead}/handoffs/{handoff}/claim",
            "POST /leads/{lead}/handoffs/{handoff}/hand-back",
        ]
    );
    assert_eq!(
        routes_with(Access::Marketing),
        [
            "GET /hand-backs",
            "GET /imports",
            "GET /imports/new",
            "GET /imports/{id}",
            "GET /imports/{id}/refusals.csv",
            "POST /imports",
            "POST /imports/{id}/map",
            "POST /imports/{id}/remove",
            "POST /imports/{id}/start",
            "POST /imports/{id}/trial",
            "POST /leads/{lead}/events",
            "POST /leads/{lead}/handoffs/{handoff}/answer",
            "POST /leads/{lead}/handoffs/{handoff}/withdraw",
        ]
    );
    assert_eq!(
        routes_with(Access::Manager),
        ["POST /agreement/{number}/points", "POST /agreement/{number}/points/{id}/accept"]
    );
    assert_eq!(
        routes_with(Access::Admin),
        [
            "GET /users",
            "GET /users/new",
            "GET /users/{id}",
            "POST /users",
            "POST /users/{id}",
            "POST /users/{id}/password",
        ]
    );
}

#[tokio::test]
async fn nobody_reaches_anything_but_the_public_routes() {
    let app = support::app().await;
    let mut nobody = app.nobody();
    for route in app::routes().table.iter().filter(|r| r.access != Access::Public) {
        let path = filled(route.path);
        let page = nobody
            .send(route.method.clone(), &path, &[("sec-fetch-site", "same-origin")], Body::empty())
            .await;
        assert_eq!(page.status, 303, "{} {path}", route.method);
        assert!(
            page.location().starts_with("/sign-in"),
            "{} {path} leads to {}",
            route.method,
            page.location()
        );
    }
    let elsewhere = nobody.get("/no-such-page").await;
    assert!(elsewhere.status == 404 && !elsewhere.body.contains("Sign out"), "{}", elsewhere.status);
}

#[tokio::test]
async fn each_role_reaches_exactly_what_its_access_allows() {
    let app = support::app().await;
    for (department, role) in [
        ("marketing", "member"),
        ("marketing", "manager"),
        ("marketing", "admin"),
        ("sales", "member"),
        ("sales", "manager"),
        ("sales", "admin"),
    ] {
        let mut client = app.client(department, role).await;
        for route in
            app::routes().table.iter().filter(|r| r.path != "/sign-out" && r.access != Access::Public)
        {
            let path = filled(route.path);
            let headers =
                [("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")];
            let page = client.send(route.method.clone(), &path, &headers, Body::empty()).await;
            let allowed = route.access.allows(client.me());
            match allowed {
                Ok(()) => assert!(
                    page.status != 403 && page.status < 500,
                    "{department} {role}: {} {path} gives {}",
                    route.method,
                    page.status
                ),
                Err(why) => {
                    assert_eq!(page.status, 403, "{department} {role}: {} {path}", route.method);
                    assert!(page.text("main").contains(why), "the refusal says why");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let lead = app.offered("Anna Meyer").await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
    ] {
        let page = rep.send(Method::POST, "/claim-next", &headers, Body::empty()).await;
        assert_eq!(page.status, 403, "{headers:?}");
    }
    assert_eq!(
        app.one::<i64>("select count(*) from handoffs where state = 'offered' and lead_id = $1", lead).await,
        1
    );
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    for path in ["/", "/no-such-page", "/users", "/healthz"] {
        let page = rep.get(path).await;
        let csp = page.headers["content-security-policy"].to_str().unwrap().to_owned();
        assert!(csp.contains("default-src 'none'") && !csp.contains("unsafe"), "{path}: {csp}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        assert!(page.headers.contains_key("x-request-id"), "{path}");
        assert!(
            !page.body.contains(" style=\"")
                && !page.body.contains("<script>")
                && !page.body.contains(" onclick="),
            "{path} has inline code"
        );
    }
}

#[tokio::test]
async fn a_lost_person_finds_a_way_back() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let page = rep.get("/leads/01900000-0000-7000-8000-000000000000").await;
    assert_eq!(page.status, 404);
    assert!(page.attributes("main a", "href").contains(&"/leads".to_owned()));
}
