//! Somebody who asks the application for pages, through the whole router.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use axum::response::Response;
use baton::auth::User;
use http_body_util::BodyExt;
use scraper::{Html, Selector};
use tower::ServiceExt;

/// A browser without script: keeps cookies, sends forms.
pub struct Client {
    router: Router,
    cookies: Vec<(String, String)>,
    /// Who is signed in.
    pub user: Option<User>,
}

/// An answer.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Client {
    pub fn new(router: Router) -> Client {
        Client { router, cookies: vec![], user: None }
    }

    pub fn me(&self) -> &User {
        self.user.as_ref().expect("a signed-in client")
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// Sends a form as a browser does from a page of ours.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let body: Vec<String> = form
            .iter()
            .map(|(name, value)| {
                format!("{}={}", baton::web::forms::encode(name), baton::web::forms::encode(value))
            })
            .collect();
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &headers, Body::from(body.join("&"))).await
    }

    pub async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: Body) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header("host", "baton.test");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.router.clone().oneshot(request.body(body).expect("a request")).await.expect("an answer");
        self.keep_cookies(&response);
        let (parts, body) = response.into_parts();
        let is_stream =
            parts.headers.get("content-type").is_some_and(|t| t.as_bytes().starts_with(b"text/event-stream"));
        let body = if is_stream {
            String::new()
        } else {
            String::from_utf8_lossy(&body.collect().await.expect("a body").to_bytes()).into_owned()
        };
        Page { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    fn keep_cookies(&mut self, response: &Response) {
        for cookie in response.headers().get_all("set-cookie") {
            let text = cookie.to_str().expect("a plain cookie");
            let (name, value) =
                text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            self.cookies.retain(|(kept, _)| kept != name);
            if !value.is_empty() && !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(kept, _)| kept == name).map(|(_, value)| value.as_str())
    }

    /// Plants a cookie.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(kept, _)| kept != name);
        self.cookies.push((name.to_owned(), value.to_owned()));
    }
}

impl Page {
    /// The texts of the elements that a selector finds, a space between their parts.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let fold = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Html::parse_document(&self.body)
            .select(&Selector::parse(selector).expect("a selector"))
            .map(|element| fold(element.text().collect::<Vec<_>>().join(" ")))
            .collect()
    }

    /// The text of the one element that a selector finds.
    pub fn text(&self, selector: &str) -> String {
        let found = self.texts(selector);
        assert_eq!(found.len(), 1, "{selector} finds {found:?} in\n{}", self.body);
        found.into_iter().next().expect("one")
    }

    /// Whether a selector finds anything.
    pub fn has(&self, selector: &str) -> bool {
        !self.texts(selector).is_empty()
    }

    /// Attribute values of the elements that a selector finds.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let document = Html::parse_document(&self.body);
        document
            .select(&Selector::parse(selector).expect("a selector"))
            .filter_map(|element| element.attr(name).map(str::to_owned))
            .collect()
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.headers
            .get("location")
            .and_then(|v| v.to_str().ok())
            .unwrap_or_else(|| panic!("status {} leads nowhere: {}", self.status, self.body))
    }
}
