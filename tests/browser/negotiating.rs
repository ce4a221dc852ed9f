//! Two managers agree on a higher threshold, and leads are judged by it.

use baton::auth::User;

use crate::browser::Browser;
use crate::driver::Script;
use crate::site::Site;
use crate::support::PASSWORD;

/// What the page of a lead that is a director at a software company of 250 says about its fit, by the threshold.
async fn fit_of(site: &Site, browser: &Browser, name: &str) -> String {
    let lead = site.offered(name).await;
    browser.open(&format!("/leads/{lead}")).await;
    browser.see("h1", name).await;
    browser.client.source().await.expect("a page")
}

async fn manager(site: &Site, department: &str) -> (User, Browser) {
    let person = site.within.person(department, "manager").await;
    let browser = site.signed_in(&person, Script::On).await;
    (person, browser)
}

#[tokio::test]
async fn managers_draft_back_test_propose_read_the_difference_and_sign_and_leads_are_judged_by_it() {
    let site = Site::start().await;
    let (_, marketing) = manager(&site, "marketing").await;
    let (_, sales) = manager(&site, "sales").await;
    let before = fit_of(&site, &marketing, "Anna Meyer").await;
    assert!(before.contains("A good fit: the threshold is 50"));

    // Marketing's manager raises the threshold.
    marketing.open("/agreement").await;
    marketing.press("Begin a new version").await;
    marketing.arrive("/agreement/2/edit").await;
    marketing.open("/agreement/2/clauses/categories.fit_good").await;
    marketing.clear("value").await;
    marketing.fill("value", "90").await;
    marketing.press("Save").await;
    marketing.arrive("/agreement/2/edit").await;
    marketing.see(".draft-text", "A lead is a good fit from 90 points of fit.").await;

    // What would it have done?
    marketing.open("/agreement/2/back-tests").await;
    marketing.press("Replay the past").await;
    marketing.arrive("/back-tests/").await;
    marketing.see("h2", "Handoffs a week").await;

    marketing.open("/agreement/2/propose").await;
    marketing.fill("note", "Fewer and better handoffs.").await;
    marketing.press("Propose version 2").await;
    marketing.see("main", "Sign for Marketing").await;
    marketing.fill("password", PASSWORD).await;
    marketing.press("Sign for Marketing").await;
    marketing.see("main", "Not signed yet").await;

    // Sales' manager reads what changes, and signs.
    sales.open("/agreement/2/difference").await;
    sales.see("main ins", "90").await;
    sales.see("main del", "50").await;
    sales.open("/agreement/2/propose").await;
    sales.see("main", "Fewer and better handoffs.").await;
    sales.fill("password", PASSWORD).await;
    sales.press("Sign for Sales").await;
    sales.see("main", "in force").await;

    sales.open("/agreement").await;
    sales.see("h1", "in force").await;
    sales.see(".clause-text", "A lead is a good fit from 90 points of fit.").await;
    let after = fit_of(&site, &sales, "Bruno Keller").await;
    assert!(after.contains("Not a good fit: the threshold is 90"));
    for browser in [&marketing, &sales] {
        browser.assert_no_complaints().await;
    }
}
