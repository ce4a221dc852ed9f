//! What the frame around every page shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use tower_sessions::Session;

use super::flash::{Flash, Flashes};
use super::{assets, guard};
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::AppError;
use crate::kernel::people::Role;

/// The frame of one page for one person.
#[derive(Debug, Clone)]
pub struct Layout {
    pub user: Option<LayoutUser>,
    pub nav: Vec<NavItem>,
    pub flashes: Vec<Flash>,
    pub theme: Theme,
    pub request_id: String,
    /// What stands in the search box.
    pub q: String,
    pub now: DateTime<Utc>,
    pub time_zone: Tz,
    /// The number of the agreement version in force while it is broken, else 0; none for those who are not told.
    pub broken_agreement: Option<Arc<AtomicI32>>,
}

#[derive(Debug, Clone)]
pub struct LayoutUser {
    pub name: String,
    pub initials: String,
    /// Such as “Sales · manager”.
    pub role_line: String,
    pub time_zone: String,
}

#[derive(Debug, Clone)]
pub struct NavItem {
    pub href: &'static str,
    pub label: &'static str,
    pub icon: &'static str,
    pub active: bool,
    /// Keys that lead there, such as “g l”.
    pub key: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Auto,
    Light,
    Dark,
}

/// The cookie that holds the theme. It is no secret and outlives the session.
pub const THEME_COOKIE: &str = "baton_theme";

impl Theme {
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn parse(text: &str) -> Option<Theme> {
        [Theme::Auto, Theme::Light, Theme::Dark].into_iter().find(|theme| theme.as_str() == text)
    }

    fn of(headers: &HeaderMap) -> Theme {
        let cookies =
            headers.get_all("cookie").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
        let value = cookies
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == THEME_COOKIE)
            .map(|(_, value)| value);
        value.and_then(Theme::parse).unwrap_or(Theme::Auto)
    }
}

/// Address, label, icon, keys, who sees it.
type NavLine = (&'static str, &'static str, &'static str, Option<&'static str>, Access);

const NAV: &[NavLine] = &[
    ("/", "Home", "home", Some("g h"), Access::SignedIn),
    ("/leads", "Leads", "users", Some("g l"), Access::SignedIn),
    ("/queues", "Queues", "inbox", Some("g q"), Access::SignedIn),
    ("/hand-backs", "Hand-backs", "arrow-back-up", Some("g b"), Access::Marketing),
    ("/disputes", "Disputes", "scale", Some("g d"), Access::SignedIn),
    ("/agreement", "Agreement", "file-certificate", Some("g a"), Access::SignedIn),
    ("/imports", "Imports", "file-import", Some("g i"), Access::Marketing),
    ("/users", "Users", "user-cog", Some("g u"), Access::Admin),
];

impl Layout {
    /// The frame for a page at `path`.
    pub fn of(app: &App, flashes: &Flashes, user: Option<&User>, headers: &HeaderMap, path: &str) -> Layout {
        Layout {
            user: user.map(|user| LayoutUser {
                name: user.name.clone(),
                initials: user.initials(),
                role_line: format!("{} · {}", user.department.label(), user.role.key()),
                time_zone: user.time_zone.name().to_owned(),
            }),
            nav: user.map(|user| nav(user, path)).unwrap_or_default(),
            flashes: if guard::is_partial(headers) { vec![] } else { flashes.take() },
            theme: Theme::of(headers),
            request_id: headers
                .get("x-request-id")
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default()
                .to_owned(),
            q: String::new(),
            now: app.clock.now(),
            time_zone: user.map_or(Tz::UTC, |user| user.time_zone),
            broken_agreement: user.filter(|user| user.role == Role::Manager).map(|_| app.versions.broken()),
        }
    }

    /// The version in force, when it is broken and this person is to know; asked when the page is filled in.
    pub fn broken_version(&self) -> Option<i32> {
        let broken = self.broken_agreement.as_ref()?.load(Ordering::Relaxed);
        (broken != 0).then_some(broken)
    }

    /// The fingerprinted address of a static file.
    pub fn asset(&self, path: &str) -> &'static str {
        assets::url(path)
    }

    /// A time as this person reads it.
    pub fn time(&self, at: &DateTime<Utc>) -> Moment {
        Moment::of(*at, self.now, self.time_zone)
    }
}

fn nav(user: &User, path: &str) -> Vec<NavItem> {
    // A draft of the agreement is where a back-test is begun.
    let path = if path.starts_with("/back-tests/") { "/agreement" } else { path };
    let is_active = |href: &str| path == href || (href != "/" && path.starts_with(&format!("{href}/")));
    NAV.iter()
        .filter(|(.., access)| access.allows(user).is_ok())
        .map(|&(href, label, icon, key, _)| NavItem { href, label, icon, active: is_active(href), key })
        .collect()
}

impl FromRequestParts<App> for Layout {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Layout, AppError> {
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|(_, why)| AppError::Internal(anyhow::anyhow!(why)))?;
        let user = match parts.extensions.get::<User>() {
            Some(user) => Some(user.clone()),
            None => guard::user_of(&session).await?,
        };
        let flashes = Flashes::from_request_parts(parts, app).await?;
        Ok(Layout::of(app, &flashes, user.as_ref(), &parts.headers, parts.uri.path()))
    }
}

/// A time in words: relative first, exact on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// For machines: RFC 3339.
    pub iso: String,
    /// “in 2 h”, “3 days ago”.
    pub relative: String,
    /// “Thu 26 Nov 2026, 14:10 CET”.
    pub exact: String,
}

impl Moment {
    pub fn of(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Moment {
        Moment {
            iso: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            relative: relative(at, now),
            exact: at.with_timezone(&zone).format("%a %-d %b %Y, %H:%M %Z").to_string(),
        }
    }
}

/// The distance in its largest fitting unit.
fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (at - now).num_seconds();
    let (minutes, future) = (seconds.abs() / 60, seconds > 0);
    let text = match minutes {
        0 => return "now".to_owned(),
        1..60 => format!("{minutes} min"),
        60..1440 => format!("{} h", minutes / 60),
        1440..43_200 => plural(minutes / 1440, "day"),
        43_200..525_600 => plural(minutes / 43_200, "month"),
        _ => plural(minutes / 525_600, "year"),
    };
    if future { format!("in {text}") } else { format!("{text} ago") }
}

fn plural(n: i64, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn distances_read_as_people_say_them() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let said = |delta: TimeDelta| relative(now + delta, now);
        assert_eq!(said(TimeDelta::seconds(20)), "now");
        assert_eq!(said(TimeDelta::minutes(5)), "in 5 min");
        assert_eq!(said(TimeDelta::minutes(-119)), "1 h ago");
        assert_eq!(said(TimeDelta::days(1)), "in 1 day");
        assert_eq!(said(TimeDelta::days(-45)), "1 month ago");
        assert_eq!(said(TimeDelta::days(800)), "in 2 years");
    }

    #[test]
    fn an_exact_time_names_its_zone() {
        let at: DateTime<Utc> = "2026-11-26T13:10:00Z".parse().unwrap();
        assert_eq!(Moment::of(at, at, Tz::Europe__Berlin).exact, "Thu 26 Nov 2026, 14:10 CET");
    }
}
