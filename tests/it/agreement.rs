//! The agreement as a page.

use baton::agreement::prose;
use baton::agreement::terms::Terms;
use baton::agreement::versions;
use baton::audit::Actor;
use baton::handoffs::rejudge;
use baton::jobs::runs;

use crate::support;

#[tokio::test]
async fn every_clause_of_the_version_in_force_stands_on_its_page_and_can_be_linked_to() {
    let app = support::app().await;
    let page = app.rep().await.get("/agreement").await;
    assert_eq!(page.status, 200);
    let document = prose::document(&Terms::default_agreement());
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: Vec<String> = page.texts(".clause-words");
    let anchors = page.attributes(".clause-text", "id");
    let clauses: Vec<_> = document.parts.iter().flat_map(|part| &part.clauses).collect();
    assert_eq!(shown, clauses.iter().map(|clause| fold(&clause.text)).collect::<Vec<_>>());
    assert_eq!(anchors, clauses.iter().map(|clause| clause.anchor()).collect::<Vec<_>>());
    for part in &document.parts {
        assert!(
            page.has(&format!(".contents a[href='#{}']", part.key)) && page.has(&format!("h2#{}", part.key)),
            "{}",
            part.key
        );
    }
    assert!(page.text(".fingerprint").contains(&Terms::default_agreement().sha256()));
    assert_eq!(page.texts(".signed"), ["Not signed yet for Marketing", "Not signed yet for Sales"]);
    let labels = page.texts(".plane-label").concat();
    assert!(
        labels.contains("High interest / Good fit") && labels.contains("Low interest / Bad fit"),
        "{labels}"
    );
}

#[tokio::test]
async fn an_earlier_version_stays_readable_and_says_that_it_is_superseded() {
    let app = support::app().await;
    let mut terms = Terms::default_agreement();
    terms.categories.fit_good = 77;
    let mut conn = app.pool().acquire().await.expect("a connection");
    versions::put_in_force(&mut conn, &terms, &Actor::Rule("test".into()), app.app.clock.now())
        .await
        .expect("sound terms");
    let mut rep = app.rep().await;
    let new = rep.get("/agreement").await;
    assert!(new.text("h1").contains("in force") && new.body.contains("77"));
    assert_eq!(new.attributes(".contents a[href^='/agreement/']", "href"), ["/agreement/2", "/agreement/1"]);
    let old = rep.get("/agreement/1").await;
    assert!(old.text("h1").contains("superseded") && old.has("main a[href='/agreement']"));
    let unknown = rep.get("/agreement/3").await;
    assert!(unknown.status == 404 && unknown.text("main").contains("no version 3"));
}

#[tokio::test]
async fn a_new_version_judges_all_leads_anew_and_the_page_says_how_far_it_is() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let mut rep = app.rep().await;
    assert!(!rep.get("/agreement").await.has("#judging progress"));
    let mut terms = Terms::default_agreement();
    terms.categories.fit_good = 99;
    rejudge::put_in_force(&app.app, &terms, &Actor::Rule("test".into())).await.expect("sound terms");
    let run = baton::kernel::ids::new_id(app.app.clock.now());
    let label = "Judging all leads by the new version";
    runs::progress(app.pool(), run, "rejudge_all", label, 1, 3, app.app.clock.now()).await.expect("a run");
    assert!(rep.get("/agreement").await.text("#judging").contains("1 of about 3"));
    rejudge::all(&app.app, run).await.expect("the work");
    assert!(!rep.get("/agreement").await.has("#judging progress"));
    let judged = app.load(lead).await;
    assert_eq!((judged.judged_version, judged.good_fit), (2, false));
}
