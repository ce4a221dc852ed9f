//! From a file on a marketer's disk to a rep's call and back again.

use baton::auth::User;
use fantoccini::Locator;
use tempfile::TempDir;

use crate::browser::Browser;
use crate::driver::Script;
use crate::site::Site;

const LEADS: &str = "\
First name;Last name;E-mail;Job title;Company;Industry;Employees;Country
Anna;Meyer;anna.meyer@acme.example.com;Head of Operations;Acme;Software;250;Germany
Bruno;Keller;bruno@small.example.com;Intern;Small;Farming;3;Germany
";

#[tokio::test]
async fn a_lead_is_imported_claimed_called_handed_back_and_answered() {
    let site = Site::start().await;
    let marketer = site.within.person("marketing", "member").await;
    let rep = site.within.person("sales", "member").await;
    let marketing = site.signed_in(&marketer, Script::On).await;
    let yesterday = (site.within.app.clock.now() - chrono::TimeDelta::days(1)).to_rfc3339();
    import(&marketing, "leads", LEADS).await;
    import(
        &marketing,
        "events",
        &format!("E-mail,Event,Time\nanna.meyer@acme.example.com,demo_request,{yesterday}\n"),
    )
    .await;

    let sales = work(&site, &rep).await;

    marketing.open("/hand-backs").await;
    marketing.see("#to-answer", "Anna Meyer").await;
    marketing.see("#to-answer", "Interested, but not now").await;
    marketing.see("#to-answer", "The budget is free again in spring.").await;
    marketing.press("Mark as answered").await;
    marketing.see("#to-answer", "Every hand-back is answered").await;
    marketing.assert_no_complaints().await;
    sales.assert_no_complaints().await;
}

/// The rep's part: claims by keyboard what waits, calls, and hands it back.
async fn work(site: &Site, rep: &User) -> Browser {
    let sales = site.signed_in(rep, Script::On).await;
    sales.press("Queues").await;
    sales.press("Inbound requests").await;
    sales.see("#waiting", "Anna Meyer").await;
    sales.see_no("#waiting", "Bruno Keller").await;
    sales.key("c").await;
    sales.arrive("/leads/").await;
    sales.see("h1", "Anna Meyer").await;
    sales.press("Log an activity").await;
    sales.choose("what", "Call: connected").await;
    sales.fill("body", "Likes it, has no budget this year.").await;
    sales.submit("form[action$='/activities']").await;
    sales.see("main", "Likes it, has no budget this year.").await;
    sales.press("Hand back").await;
    sales.choose("reason", "Interested, but not now").await;
    sales.fill("note", "The budget is free again in spring.").await;
    sales.submit("form[action$='/hand-back']").await;
    sales.see("main", "Handed back").await;
    sales
}

/// Uploads a file, looks at what its columns become, and brings it in.
async fn import(browser: &Browser, kind: &str, text: &str) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join(format!("{kind}.csv"));
    std::fs::write(&file, text).expect("a file");
    browser.open("/imports/new").await;
    let field = browser.client.find(Locator::Css("input[type=file]")).await.expect("a field for the file");
    field.send_keys(file.to_str().expect("a plain path")).await.expect("the file is taken");
    browser
        .client
        .find(Locator::Css("select[name=kind]"))
        .await
        .expect("kinds")
        .select_by_value(kind)
        .await
        .expect("the kind");
    if kind == "leads" {
        browser
            .client
            .find(Locator::Css("select[name=may_contact]"))
            .await
            .expect("a choice")
            .select_by_value("yes")
            .await
            .expect("yes");
    }
    browser.press("Upload and look").await;
    browser.arrive("/imports/").await;
    browser.press("Start the import").await;
    browser.see("#import .card-actions", "done").await;
}
