//! Two people look at one queue.

use crate::driver::Script;
use crate::site::Site;

#[tokio::test]
async fn a_claimed_lead_leaves_the_queue_on_every_screen() {
    let site = Site::start().await;
    let (one, other) =
        (site.within.person("sales", "member").await, site.within.person("sales", "member").await);
    site.offered("Anna Meyer").await;
    site.offered("Bruno Keller").await;
    let claimer = site.signed_in(&one, Script::On).await;
    let watcher = site.signed_in(&other, Script::On).await;
    for browser in [&claimer, &watcher] {
        browser.open("/queues/inbound").await;
        browser.see("#waiting", "Anna Meyer").await;
        browser.see("#waiting", "Bruno Keller").await;
    }
    claimer.press("Claim").await;
    claimer.arrive("/leads/").await;
    let claimed = if claimer.client.title().await.expect("a title").contains("Anna") {
        ("Anna Meyer", "Bruno Keller")
    } else {
        ("Bruno Keller", "Anna Meyer")
    };
    watcher.see_no("#waiting", claimed.0).await;
    watcher.see("#waiting", claimed.1).await;

    site.offered("Carla Neumann").await;
    watcher.see("#waiting", "Carla Neumann").await;
    claimer.assert_no_complaints().await;
    watcher.assert_no_complaints().await;
}
