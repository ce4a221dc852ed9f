//! Somebody at a browser: looks for words on the page, as people do, and waits for them a while.

use std::time::Duration;

use axum::http::Method;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use tokio::time::sleep;
use url::{ParseError, Url};

/// How often a page is looked at before what it should show counts as missing.
const LOOKS: u32 = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

pub struct Browser {
    pub client: Client,
    origin: String,
}

impl Browser {
    pub fn new(client: Client, origin: String) -> Browser {
        Browser { client, origin }
    }

    pub async fn open(&self, path: &str) {
        self.client
            .goto(&format!("{}{path}", self.origin))
            .await
            .unwrap_or_else(|error| panic!("{path} does not open: {error}"));
    }

    /// Fills the one visible field of this name.
    pub async fn fill(&self, name: &str, value: &str) {
        let field = self.shown(Locator::Css(&format!("main [name='{name}']"))).await;
        field.send_keys(value).await.unwrap_or_else(|error| panic!("{name} takes no text: {error}"));
    }

    /// Empties a field.
    pub async fn clear(&self, name: &str) {
        let field = self.shown(Locator::Css(&format!("main [name='{name}']"))).await;
        field.clear().await.unwrap_or_else(|error| panic!("{name} cannot be emptied: {error}"));
    }

    /// Chooses an option by its words.
    pub async fn choose(&self, name: &str, label: &str) {
        let field = self.shown(Locator::Css(&format!("main select[name='{name}']"))).await;
        field
            .select_by_label(label)
            .await
            .unwrap_or_else(|error| panic!("{name} offers no {label}: {error}"));
    }

    /// Clicks the first button, link or summary with these words.
    pub async fn press(&self, words: &str) {
        let path = format!("//*[self::button or self::a or self::summary][normalize-space()='{words}']");
        self.click(Locator::XPath(&path)).await;
    }

    /// Presses the button that sends a form.
    pub async fn submit(&self, form: &str) {
        self.click(Locator::Css(&format!("{form} button[type=submit]"))).await;
    }

    /// Clicks as soon as nothing that moves or covers it is in the way.
    async fn click(&self, locator: Locator<'_>) {
        let mut refused = None;
        for _ in 0..LOOKS {
            match self.shown(locator).await.click().await {
                Ok(()) => return,
                Err(error) => refused = Some(error),
            }
            sleep(BETWEEN_LOOKS).await;
        }
        panic!("{locator:?} cannot be clicked at {}: {refused:?}", self.path().await);
    }

    /// Types without a field, as for a shortcut.
    pub async fn key(&self, key: &str) {
        let body = self.shown(Locator::Css("body")).await;
        body.send_keys(key).await.unwrap_or_else(|error| panic!("{key} cannot be typed: {error}"));
    }

    /// Waits until one of the elements has these words.
    pub async fn see(&self, selector: &str, words: &str) {
        self.until(&format!("“{words}” in {selector}"), async || {
            self.texts(selector).await.iter().any(|text| text.contains(words))
        })
        .await;
    }

    /// Waits until none of the elements has these words.
    pub async fn see_no(&self, selector: &str, words: &str) {
        self.until(&format!("no “{words}” in {selector}"), async || {
            !self.texts(selector).await.iter().any(|text| text.contains(words))
        })
        .await;
    }

    /// Waits until the address is another page.
    pub async fn arrive(&self, path: &str) {
        self.until(path, async || self.path().await.starts_with(path)).await;
    }

    pub async fn path(&self) -> String {
        self.client.current_url().await.expect("an address").path().to_owned()
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        for _ in 0..LOOKS {
            if is_so().await {
                return;
            }
            sleep(BETWEEN_LOOKS).await;
        }
        panic!(
            "waited in vain for {what} at {}, which shows:\n{}",
            self.path().await,
            self.texts("body").await.join("\n")
        );
    }

    /// What the elements show. Empty while the page changes under the question.
    async fn texts(&self, selector: &str) -> Vec<String> {
        let mut texts = vec![];
        for element in self.client.find_all(Locator::Css(selector)).await.unwrap_or_default() {
            texts.extend(element.text().await);
        }
        texts
    }

    async fn shown(&self, locator: Locator<'_>) -> Element {
        for _ in 0..LOOKS {
            for element in self.client.find_all(locator).await.unwrap_or_default() {
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            sleep(BETWEEN_LOOKS).await;
        }
        panic!(
            "there is no {locator:?} at {}, which shows:\n{}",
            self.path().await,
            self.texts("body").await.join("\n")
        );
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.client
            .issue_cmd(DriverCommand { path: "goog/cdp/execute", body })
            .await
            .unwrap_or_else(|error| panic!("{command}: {error}"));
    }

    /// What the browser complained of since it was asked last: scripts that fail, what the content security policy
    /// blocked, files that are missing.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self
            .client
            .issue_cmd(DriverCommand { path: "se/log", body: json!({ "type": "browser" }) })
            .await
            .expect("the log of the browser");
        let entries = log.as_array().expect("a list of entries");
        entries
            .iter()
            .filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG")
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Nothing went wrong that nobody sees.
    pub async fn assert_no_complaints(&self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "the browser complains:\n{}", complaints.join("\n"));
    }
}

/// A command of chromedriver beyond WebDriver.
#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
