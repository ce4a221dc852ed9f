//! Messages that outlive one redirect: written by the act, shown once by the next page. They travel in a cookie, so
//! that an act costs no second write to the database.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use tower_cookies::{Cookie, Cookies};
use tower_sessions::cookie::SameSite;

use super::forms::local_path;
use crate::app::App;
use crate::error::AppError;

/// How long a message waits for a page to show it.
const WAITS: time::Duration = time::Duration::minutes(5);
/// Bytes of a cookie's value that every browser keeps.
const LARGEST: usize = 3_800;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlashKind {
    Success,
    Info,
    Warning,
    Danger,
}

impl FlashKind {
    /// The design system's word for it.
    pub fn css(self) -> &'static str {
        match self {
            FlashKind::Success => "success",
            FlashKind::Info => "info",
            FlashKind::Warning => "warning",
            FlashKind::Danger => "danger",
        }
    }

    pub fn icon(self) -> &'static str {
        match self {
            FlashKind::Success => "check",
            FlashKind::Info => "info-circle",
            FlashKind::Warning | FlashKind::Danger => "alert-triangle",
        }
    }
}

/// One message, with a link where one helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub kind: FlashKind,
    pub text: String,
    /// Address and label.
    pub link: Option<(String, String)>,
}

/// The messages of a browser.
pub struct Flashes {
    cookies: Cookies,
    https: bool,
}

impl Flashes {
    pub fn of(cookies: Cookies, app: &App) -> Flashes {
        Flashes { cookies, https: app.config.is_https() }
    }

    pub fn add(&self, kind: FlashKind, text: impl Into<String>) {
        self.push(Flash { kind, text: text.into(), link: None });
    }

    pub fn push(&self, flash: Flash) {
        let mut flashes = self.waiting();
        flashes.push(flash);
        let mut value = written(&flashes);
        while value.len() > LARGEST && flashes.len() > 1 {
            flashes.remove(0);
            value = written(&flashes);
        }
        self.cookies.add(self.cookie(value));
    }

    /// Takes the messages out, to be shown now.
    pub fn take(&self) -> Vec<Flash> {
        let flashes = self.waiting();
        if self.cookies.get(self.name()).is_some() {
            self.cookies.remove(self.cookie(String::new()));
        }
        flashes
    }

    /// What a browser sends back is its word, so a link may only lead to a page of ours.
    fn waiting(&self) -> Vec<Flash> {
        let Some(cookie) = self.cookies.get(self.name()) else { return vec![] };
        let json = hex::decode(cookie.value()).unwrap_or_default();
        let mut flashes: Vec<Flash> = serde_json::from_slice(&json).unwrap_or_default();
        for (address, _) in flashes.iter_mut().filter_map(|flash| flash.link.as_mut()) {
            *address = local_path(address).to_owned();
        }
        flashes
    }

    /// No other site of the same domain can plant a cookie with this prefix.
    fn name(&self) -> &'static str {
        if self.https { "__Host-baton_flash" } else { "baton_flash" }
    }

    fn cookie(&self, value: String) -> Cookie<'static> {
        Cookie::build((self.name(), value))
            .path("/")
            .http_only(true)
            .secure(self.https)
            .same_site(SameSite::Lax)
            .max_age(WAITS)
            .build()
    }
}

/// In hexadecimal digits, which a cookie holds as they are.
fn written(flashes: &[Flash]) -> String {
    hex::encode(serde_json::to_vec(flashes).unwrap_or_default())
}

impl FromRequestParts<App> for Flashes {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Flashes, AppError> {
        let cookies = Cookies::from_request_parts(parts, app)
            .await
            .map_err(|(_, why)| AppError::Internal(anyhow::anyhow!(why)))?;
        Ok(Flashes::of(cookies, app))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flashes(cookies: &Cookies) -> Flashes {
        Flashes { cookies: cookies.clone(), https: false }
    }

    #[test]
    fn messages_are_shown_once_in_the_order_of_the_acts() {
        let cookies = Cookies::default();
        flashes(&cookies).add(FlashKind::Success, "“Zoë; Ström” is saved.");
        flashes(&cookies).add(FlashKind::Warning, "A second one");
        let texts: Vec<String> = flashes(&cookies).take().into_iter().map(|flash| flash.text).collect();
        assert_eq!(texts, ["“Zoë; Ström” is saved.", "A second one"]);
        assert!(flashes(&cookies).take().is_empty());
    }

    #[test]
    fn a_forged_link_leads_home_and_nonsense_says_nothing() {
        let cookies = Cookies::default();
        let link = Some(("https://evil.example/".to_owned(), "Go on".to_owned()));
        flashes(&cookies).push(Flash { kind: FlashKind::Info, text: "Look".into(), link });
        assert_eq!(flashes(&cookies).take()[0].link, Some(("/".to_owned(), "Go on".to_owned())));
        cookies.add(Cookie::new("baton_flash", "zz"));
        assert!(flashes(&cookies).take().is_empty());
    }

    #[test]
    fn too_much_for_a_cookie_loses_the_oldest_message() {
        let cookies = Cookies::default();
        for n in 0..9 {
            flashes(&cookies).add(FlashKind::Info, format!("{n}{}", "x".repeat(400)));
        }
        assert!(cookies.get("baton_flash").unwrap().value().len() <= LARGEST);
        let last = flashes(&cookies).take().pop().unwrap();
        assert!(last.text.starts_with('8'));
    }
}
