//! A version that was changed behind everybody's back is shown as broken and not obeyed.

use baton::agreement::terms::Terms;
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::support::client::Client;
use crate::support::{self, PASSWORD, TestApp};

/// An installation whose version 2, a good fit from 90 points, both managers have signed.
async fn signed() -> (TestApp, Client) {
    let app = support::app().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let number = baton::agreement::actions::begin_draft(&app.app, sales.me()).await.expect("a draft");
    baton::agreement::actions::change_draft(&app.app, sales.me(), number, &[], |terms| {
        let mut terms = terms.clone();
        terms.categories.fit_good = 90;
        Ok::<_, String>(terms)
    })
    .await
    .expect("no fault")
    .expect("a change");
    let propose = [("note", "Only the best"), ("revision", "1")];
    assert_eq!(sales.post("/agreement/2/propose", &propose).await.status, 303);
    let sha256: String = app.value("select terms_sha256 from agreement_versions where number = 2").await;
    for manager in [&mut marketing, &mut sales] {
        let form = [("sha256", sha256.as_str()), ("password", PASSWORD)];
        assert_eq!(manager.post("/agreement/2/sign", &form).await.status, 303);
    }
    (app, sales)
}

async fn run(app: &TestApp, sql: String) {
    sqlx::query(AssertSqlSafe(sql)).execute(app.pool()).await.expect("the statement runs");
}

async fn obeyed(app: &TestApp) -> (i32, u8) {
    let version =
        app.app.versions.in_force(&mut app.pool().acquire().await.unwrap()).await.expect("a version");
    (version.number, version.terms.categories.fit_good)
}

/// Every way of breaking version 2 ends the same.
async fn is_broken_everywhere(app: &TestApp, manager: &mut Client, why: &str) {
    let other = app.second_node().await;
    for node in [app, &other] {
        assert_eq!(obeyed(node).await, (1, 50), "{why}");
    }
    // A lead with a fit of 80 or so is a good fit by version 1 alone.
    let lead = app.good_fit("Anna Meyer").await;
    let judged = app.load(lead).await;
    assert_eq!((judged.judged_version, judged.good_fit), (1, true));

    let page = manager.get("/agreement/2").await;
    assert_eq!(page.status, 200);
    let said = page.texts("main .alert-danger").join(" ");
    assert!(said.contains("Version 2 is broken and is not obeyed") && said.contains(why), "{said}");
    assert!(page.has("a[href='/agreement/1']"));
    for path in ["/", "/leads", "/queues", "/account"] {
        assert!(manager.get(path).await.text("main").contains("Agreement version 2 was changed"), "{path}");
    }
    let mut rep = app.rep().await;
    assert!(rep.get("/").await.status == 200 && !rep.get("/").await.text("main").contains("was changed"));
    assert!(rep.get("/agreement").await.text("main").contains("goes on"));
    assert!(!rep.get("/").await.has("form[action$='/acknowledge']"), "nobody is asked to accept it");
}

#[tokio::test]
async fn changed_terms_are_noticed_by_their_hash() {
    let (app, mut manager) = signed().await;
    assert_eq!(obeyed(&app).await, (2, 90));
    let intact: serde_json::Value = app.value("select terms from agreement_versions where number = 2").await;
    run(
        &app,
        "update agreement_versions set terms = jsonb_set(terms, '{categories,fit_good}', '1') where number = 2"
            .into(),
    )
    .await;
    is_broken_everywhere(&app, &mut manager, "do not match the SHA-256").await;

    sqlx::query("update agreement_versions set terms = $1 where number = 2")
        .bind(intact)
        .execute(app.pool())
        .await
        .unwrap();
    assert_eq!(obeyed(&app).await, (2, 90), "put back, it is obeyed again");
    assert!(!manager.get("/").await.text("main").contains("was changed"));
}

#[tokio::test]
async fn changed_terms_with_a_hash_to_match_are_not_what_was_signed() {
    let (app, mut manager) = signed().await;
    assert_eq!(obeyed(&app).await, (2, 90));
    let mut terms = Terms::default_agreement();
    terms.categories.fit_good = 1;
    sqlx::query("update agreement_versions set terms = $1, terms_sha256 = $2 where number = 2")
        .bind(json!(terms))
        .bind(terms.sha256())
        .execute(app.pool())
        .await
        .unwrap();
    is_broken_everywhere(&app, &mut manager, "signed other terms").await;
}

#[tokio::test]
async fn a_signature_that_was_taken_off_or_belongs_to_other_terms_breaks_the_version() {
    let (app, mut manager) = signed().await;
    assert_eq!(obeyed(&app).await, (2, 90));
    run(&app, "delete from agreement_signatures where version = 2 and department = 'sales'".into()).await;
    is_broken_everywhere(&app, &mut manager, "the signature of Sales is missing").await;
    let (app, mut manager) = signed().await;
    assert_eq!(obeyed(&app).await, (2, 90));
    run(
        &app,
        format!(
            "update agreement_signatures set terms_sha256 = '{}' where department = 'marketing'",
            "0".repeat(64)
        ),
    )
    .await;
    is_broken_everywhere(&app, &mut manager, "signed other terms for Marketing").await;
}

#[tokio::test]
async fn terms_that_cannot_be_read_any_more_stop_nothing() {
    let (app, mut manager) = signed().await;
    run(&app, "update agreement_versions set terms = '{}' where number = 2".into()).await;
    assert_eq!(obeyed(&app).await, (1, 50));
    let page = manager.get("/agreement/2").await;
    assert!(page.status == 409 && page.text("main").contains("damaged"), "{}", page.body);
    for path in ["/agreement", "/agreement/versions", "/", "/leads"] {
        assert_eq!(manager.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn with_no_sound_version_left_the_agreement_that_baton_ships_goes_on() {
    let app = support::app().await;
    run(
        &app,
        "update agreement_versions set terms = jsonb_set(terms, '{categories,fit_good}', '1') where number = 1"
            .into(),
    )
    .await;
    assert_eq!(obeyed(&app).await, (1, 50));
    let page = app.client("sales", "manager").await.get("/agreement").await;
    assert!(page.texts("main .alert-danger").join(" ").contains("Version 1 is broken"));
}

#[tokio::test]
async fn a_broken_version_does_not_come_into_force_on_its_day() {
    let app = support::app().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    baton::agreement::actions::begin_draft(&app.app, sales.me()).await.expect("a draft");
    let form = [("note", "Later"), ("revision", "0"), ("effective_from", "2026-11-24T09:00")];
    assert_eq!(sales.post("/agreement/2/propose", &form).await.status, 303);
    let sha256 = Terms::default_agreement().sha256();
    for manager in [&mut marketing, &mut sales] {
        let form = [("sha256", sha256.as_str()), ("password", PASSWORD)];
        assert_eq!(manager.post("/agreement/2/sign", &form).await.status, 303);
    }
    run(
        &app,
        "update agreement_versions set terms = jsonb_set(terms, '{categories,fit_good}', '1') where number = 2"
            .into(),
    )
    .await;
    assert!(sales.get("/agreement/2/propose").await.text("main").contains("This version is broken"));
    app.advance(chrono::TimeDelta::days(3));
    assert_eq!(baton::handoffs::into_force::put_due_in_force(&app.app).await.unwrap(), None);
    assert_eq!(obeyed(&app).await, (1, 50));
}

#[tokio::test]
async fn the_pages_of_a_draft_whose_terms_cannot_be_read_say_so() {
    let app = support::app().await;
    let mut manager = app.client("sales", "manager").await;
    assert_eq!(manager.post("/agreement/drafts", &[]).await.status, 303);
    sqlx::query("update agreement_versions set terms = '{}' where number = 2")
        .execute(app.pool())
        .await
        .unwrap();
    for page in ["edit", "edit/jurisdictions", "checks", "comments", "difference", "try", "thresholds"] {
        let page = manager.get(&format!("/agreement/2/{page}")).await;
        assert_eq!(page.status, 409, "{}", page.body);
        assert!(page.text("main").contains("damaged in the database"));
    }
}
