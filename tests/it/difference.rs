//! Two versions beside each other.

use baton::agreement::actions;
use baton::agreement::clauses::Place;
use baton::agreement::terms::Terms;
use baton::agreement::versions;
use baton::audit::Actor;

use crate::support::{self, TestApp};

async fn next(app: &TestApp, change: impl FnOnce(&mut Terms)) -> Terms {
    let mut conn = app.pool().acquire().await.expect("a connection");
    let mut terms = app.app.versions.in_force(&mut conn).await.expect("a version").terms.clone();
    change(&mut terms);
    versions::put_in_force(&mut conn, &terms, &Actor::Rule("test".into()), app.app.clock.now())
        .await
        .expect("sound terms");
    terms
}

#[tokio::test]
async fn a_version_is_compared_with_the_one_before_clause_by_clause_and_links_to_both() {
    let app = support::app().await;
    next(&app, |terms| {
        terms.categories.fit_good = 60;
        terms.fit.rules.remove(0);
        terms.routing.rules.swap(0, 1);
    })
    .await;
    let page = app.rep().await.get("/agreement/2/difference").await;
    assert_eq!(page.status, 200);
    assert!(page.text(".page-head p").contains("3 differences from version 1 to version 2"));
    let marks = page.texts(".sentence-mark");
    assert_eq!(marks, ["removed", "changed", "moved"]);
    assert_eq!(page.texts(".sentence ins"), ["60"]);
    assert!(page.texts(".sentence del")[0].contains("Decides about buying"));
    assert!(page.has("a[href='/agreement/1#clause-3.1']"));
    assert!(page.has("a[href='/agreement/1#clause-5.1']") && page.has("a[href='/agreement/2#clause-5.1']"));
    let heads = page.texts(".card-title");
    assert_eq!(heads, ["3. Personas and fit", "5. Categories", "7. Routing"]);
}

#[tokio::test]
async fn any_two_versions_can_be_chosen_and_the_first_has_none_before_it() {
    let app = support::app().await;
    next(&app, |terms| terms.categories.fit_good = 60).await;
    next(&app, |terms| terms.categories.fit_good = 70).await;
    let mut rep = app.rep().await;
    let far = rep.get("/agreement/3/difference?from=1").await;
    assert_eq!(
        (far.texts(".sentence del"), far.texts(".sentence ins")),
        (vec!["50".into()], vec!["70".into()])
    );
    let back = rep.get("/agreement/1/difference?from=3").await;
    assert_eq!(back.texts(".sentence ins"), ["50"]);
    assert_eq!(rep.get("/agreement/2/difference").await.texts(".sentence del"), ["50"]);
    let chosen = rep.get("/agreement/3/difference?from=1&to=2").await;
    assert_eq!(chosen.location(), "/agreement/2/difference?from=1");
    assert!(rep.get("/agreement/1/difference").await.text(".page-head p").contains("first version"));
    assert!(rep.get("/agreement/2/difference?from=2").await.text("main").contains("Nothing differs"));
    assert_eq!(rep.get("/agreement/2/difference?from=9").await.status, 404);
    assert_eq!(rep.get("/agreement/2/difference?from=x").await.status, 400);
}

#[tokio::test]
async fn a_draft_is_compared_with_the_version_in_force() {
    let app = support::app().await;
    let mut manager = app.client("sales", "manager").await;
    let number = actions::begin_draft(&app.app, manager.me()).await.expect("a draft");
    let path = format!("/agreement/{number}/difference");
    assert!(manager.get(&path).await.text("main").contains("Nothing differs"));
    let places = [Place::Single("purpose")];
    actions::change_draft(&app.app, manager.me(), number, &places, |terms| {
        Ok::<_, String>(Terms { purpose: "Both sides win.".into(), ..terms.clone() })
    })
    .await
    .expect("no fault")
    .expect("a change");
    let page = manager.get(&path).await;
    assert_eq!(page.texts(".card-title"), ["Title and purpose"]);
    assert!(page.has(".tabs a[aria-current='page'][href='/agreement/2/difference']"));
}
