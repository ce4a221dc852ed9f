//! Everything works where scripts are blocked.

use crate::driver::Script;
use crate::site::Site;

#[tokio::test]
async fn a_lead_is_claimed_and_handed_back_without_script() {
    let site = Site::start().await;
    let rep = site.within.person("sales", "member").await;
    let lead = site.offered("Anna Meyer").await;
    let browser = site.signed_in(&rep, Script::Off).await;
    browser.open("/leads").await;
    browser.see("main", "Anna Meyer").await;
    let enlivened = browser.client.find_all(fantoccini::Locator::Css("html.js")).await.expect("an answer");
    assert!(enlivened.is_empty(), "scripts run although they are blocked");

    browser.open("/queues/inbound").await;
    browser.press("Claim").await;
    browser.arrive(&format!("/leads/{lead}")).await;
    browser.press("Hand back").await;
    browser.choose("reason", "Interested, but not now").await;
    browser.fill("note", "Asked us to come back in spring.").await;
    browser.submit("form[action$='/hand-back']").await;
    browser.see("main", "Handed back").await;
    browser.open("/queues/inbound").await;
    browser.see("main", "Nothing waits here").await;
}
