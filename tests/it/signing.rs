//! A version from its proposal to the day it binds: who signs, who does not, and what changes for the leads.

use baton::agreement::clauses::Place;
use baton::agreement::terms::{RetiredStatus, Terms, Transition};
use baton::agreement::{actions, signing_query};
use baton::handoffs::{into_force, rejudge};
use baton::jobs;
use baton::kernel::ids::new_id;
use chrono::TimeDelta;

use crate::support::client::{Client, Page};
use crate::support::{self, PASSWORD, TestApp};

/// A draft of the next version with this change.
async fn drafted(app: &TestApp, manager: &Client, change: impl FnOnce(&mut Terms)) -> i32 {
    let number = actions::begin_draft(&app.app, manager.me()).await.expect("a draft");
    let places = [Place::Single("categories.fit_good")];
    actions::change_draft(&app.app, manager.me(), number, &places, |terms| {
        let mut terms = terms.clone();
        change(&mut terms);
        Ok::<_, String>(terms)
    })
    .await
    .expect("no fault")
    .expect("a change");
    number
}

async fn propose(manager: &mut Client, number: i32, effective_from: &str) -> Page {
    let path = format!("/agreement/{number}/propose");
    let revision = manager.get(&path).await.attributes("input[name=revision]", "value");
    let revision = revision.first().cloned().unwrap_or_default();
    let form = [
        ("note", "Fewer, better leads"),
        ("effective_from", effective_from),
        ("review_on", "2027-03-01"),
        ("revision", &revision),
    ];
    manager.post(&path, &form).await
}

async fn sign(manager: &mut Client, number: i32, password: &str) -> Page {
    let page = manager.get(&format!("/agreement/{number}/propose")).await;
    let sha256 = page.attributes("input[name=sha256]", "value").first().cloned().unwrap_or_default();
    let path = format!("/agreement/{number}/sign");
    manager.post(&path, &[("sha256", &sha256), ("password", password)]).await
}

async fn state(app: &TestApp, number: i32) -> String {
    sqlx::query_scalar("select state from agreement_versions where number = $1")
        .bind(number)
        .fetch_one(app.pool())
        .await
        .expect("the version")
}

async fn signatures(app: &TestApp) -> i64 {
    app.value("select count(*) from agreement_signatures").await
}

/// Does all jobs that wait.
async fn work(app: &TestApp) {
    let worker = jobs::worker(&app.working(), std::future::pending()).await.expect("a worker");
    worker.run_once().await.expect("the jobs");
}

#[tokio::test]
async fn with_both_signatures_a_version_is_in_force_at_once_and_all_leads_are_judged_by_it() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let number = drafted(&app, &marketing, |terms| terms.categories.fit_good = 99).await;
    let page = propose(&mut marketing, number, "").await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!(state(&app, number).await, "proposed");

    let read = sales.get(&format!("/agreement/{number}/propose")).await;
    assert!(
        read.text("main").contains("Fewer, better leads") && read.text("main").contains("1 clause differs")
    );
    assert_eq!(sign(&mut marketing, number, PASSWORD).await.status, 303);
    assert_eq!((state(&app, number).await.as_str(), signatures(&app).await), ("proposed", 1));
    assert_eq!(sign(&mut sales, number, PASSWORD).await.location(), "/agreement");
    assert_eq!(
        (state(&app, number).await.as_str(), state(&app, 1).await.as_str()),
        ("in_force", "superseded")
    );

    let agreement = sales.get("/agreement").await;
    assert!(agreement.text("h1").contains("in force") && agreement.body.contains("Fewer, better leads"));
    let names: Vec<String> = agreement.texts("#signatures + .signatures .signed");
    assert!(names[0].contains(&marketing.me().name) && names[1].contains(&sales.me().name), "{names:?}");
    assert_eq!(
        app.value::<String>("select terms_sha256 from agreement_signatures where department = 'sales'").await,
        app.value::<String>("select terms_sha256 from agreement_versions where number = 2").await,
    );
    work(&app).await;
    let judged = app.load(lead).await;
    assert_eq!((judged.judged_version, judged.good_fit), (2, false));
}

#[tokio::test]
async fn a_signature_asks_for_the_password_again() {
    let app = support::app().await;
    let mut manager = app.client("sales", "manager").await;
    let number = drafted(&app, &manager, |terms| terms.categories.fit_good = 60).await;
    propose(&mut manager, number, "").await;
    for wrong in ["", "correct horse batterx"] {
        let page = sign(&mut manager, number, wrong).await;
        assert_eq!(page.status, 422);
        assert!(page.text("#f-password-error").contains("not your password"));
    }
    assert_eq!(signatures(&app).await, 0);
}

#[tokio::test]
async fn each_department_signs_once_and_nobody_for_both() {
    let app = support::app().await;
    let mut manager = app.client("sales", "manager").await;
    let number = drafted(&app, &manager, |terms| terms.categories.fit_good = 60).await;
    propose(&mut manager, number, "").await;
    let sha256 = app.value::<String>("select terms_sha256 from agreement_versions where number = 2").await;
    let form = [("sha256", sha256.as_str()), ("password", PASSWORD)];
    let path = format!("/agreement/{number}/sign");
    for (department, role) in [("sales", "admin"), ("marketing", "admin"), ("marketing", "member")] {
        let page = app.client(department, role).await.post(&path, &form).await;
        assert_eq!(page.status, 403, "{department} {role}");
    }
    assert_eq!(manager.post(&path, &form).await.status, 303);
    let again = manager.post(&path, &form).await;
    assert!(
        again.status == 409 && again.text("main").contains("You have signed for Sales"),
        "{}",
        again.body
    );
    let colleague = app.client("sales", "manager").await.post(&path, &form).await;
    assert!(colleague.status == 409 && colleague.text("main").contains("has signed for Sales already"));

    // The same person in the other department is still the same person.
    sqlx::query("update users set department = 'marketing' where id = $1")
        .bind(manager.me().id.0)
        .execute(app.pool())
        .await
        .unwrap();
    assert_eq!(manager.post(&path, &form).await.status, 409);
    assert_eq!((signatures(&app).await, state(&app, number).await.as_str()), (1, "proposed"));
}

#[tokio::test]
async fn what_is_signed_is_what_was_read() {
    let app = support::app().await;
    let mut manager = app.client("sales", "manager").await;
    let number = drafted(&app, &manager, |terms| terms.categories.fit_good = 60).await;
    propose(&mut manager, number, "").await;
    let path = format!("/agreement/{number}/sign");
    let page = manager.post(&path, &[("sha256", "0".repeat(64).as_str()), ("password", PASSWORD)]).await;
    assert!(page.status == 409 && page.text("main").contains("Read them again"));
    let change = actions::change_draft(&app.app, manager.me(), number, &[], |terms| {
        Ok::<_, String>(Terms { title: "Other".into(), ..terms.clone() })
    });
    assert!(change.await.is_err(), "proposed terms stand still");
    assert_eq!(signatures(&app).await, 0);
}

#[tokio::test]
async fn a_version_sent_back_is_a_draft_again_without_signatures_and_shows_why() {
    let app = support::app().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let number = drafted(&app, &marketing, |terms| terms.categories.fit_good = 60).await;
    propose(&mut marketing, number, "").await;
    sign(&mut marketing, number, PASSWORD).await;
    let path = format!("/agreement/{number}/send-back");
    let blank = sales.post(&path, &[("reason", "  ")]).await;
    assert!(blank.status == 422 && blank.has("#f-reason-error"));
    assert_eq!(sales.post(&path, &[("reason", "60 leaves us too few")]).await.status, 303);
    assert_eq!((state(&app, number).await.as_str(), signatures(&app).await), ("draft", 0));
    let page = marketing.get(&format!("/agreement/{number}/propose")).await;
    assert!(page.text(".history").contains("60 leaves us too few"));
    assert_eq!(page.text("#f-note"), "Fewer, better leads", "what was said before is kept");
    assert_eq!(sales.post(&path, &[("reason", "again")]).await.status, 409);
}

#[tokio::test]
async fn a_draft_that_is_not_sound_is_not_proposed_and_says_what_to_put_right() {
    let app = support::app().await;
    let mut manager = app.client("marketing", "manager").await;
    let number = drafted(&app, &manager, |terms| {
        terms.routing.fallback_queue = "nowhere".into();
        let is_retired = |key: &str| key == "recycled";
        terms.vocabulary.retain(|status| !is_retired(&status.key));
        terms.jurisdictions.transitions.retain(|t| !is_retired(&t.from) && !is_retired(&t.to));
        terms.hand_back.reasons.retain(|reason| !is_retired(&reason.target_status));
    })
    .await;
    let page = propose(&mut manager, number, "").await;
    assert_eq!((page.status, state(&app, number).await.as_str()), (422, "draft"));
    let listed = page.texts("#unsound li").join("\n");
    assert!(listed.contains("nowhere") && listed.contains("Recycled"), "{listed}");
    assert!(page.has("#unsound a[href='/agreement/2#clause-7.6']"), "{}", page.body);
    assert_eq!(page.text("#f-note"), "Fewer, better leads");
}

#[tokio::test]
async fn dates_that_cannot_be_meant_are_refused_beside_their_fields() {
    let app = support::app().await;
    let mut manager = app.client("marketing", "manager").await;
    let number = drafted(&app, &manager, |terms| terms.categories.fit_good = 60).await;
    let path = format!("/agreement/{number}/propose");
    let form = [
        ("note", ""),
        ("effective_from", "2026-11-01T09:00"),
        ("review_on", "2026-11-02"),
        ("revision", "1"),
    ];
    let page = manager.post(&path, &form).await;
    assert_eq!(page.status, 422);
    for field in ["note", "effective_from", "review_on"] {
        assert!(page.has(&format!("#f-{field}-error")), "{field}");
    }
    assert_eq!(page.attributes("#f-effective_from", "value"), ["2026-11-01T09:00"]);
    let stale = [("note", "For a reason"), ("revision", "0")];
    assert_eq!(manager.post(&path, &stale).await.status, 409, "the draft was changed since");
}

#[tokio::test]
async fn a_signed_version_waits_for_its_day_and_comes_into_force_once_whatever_the_number_of_nodes() {
    let app = support::app().await;
    let other = app.second_node().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let number = drafted(&app, &marketing, |terms| terms.categories.fit_good = 60).await;
    // In Berlin, an hour ahead of UTC.
    assert_eq!(propose(&mut marketing, number, "2026-11-24T09:00").await.status, 303);
    sign(&mut marketing, number, PASSWORD).await;
    sign(&mut sales, number, PASSWORD).await;
    assert_eq!(state(&app, number).await, "signed");
    assert_eq!(into_force::put_due_in_force(&app.app).await.unwrap(), None);
    app.advance(TimeDelta::hours(21) + TimeDelta::minutes(59));
    assert_eq!(into_force::put_due_in_force(&app.app).await.unwrap(), None, "a minute too early");
    app.advance(TimeDelta::minutes(1));
    let (one, two) =
        tokio::join!(into_force::put_due_in_force(&app.app), into_force::put_due_in_force(&other.app));
    let mut done = [one.unwrap(), two.unwrap()];
    done.sort();
    assert_eq!(done, [None, Some(number)]);
    assert_eq!(
        (state(&app, number).await.as_str(), state(&app, 1).await.as_str()),
        ("in_force", "superseded")
    );
    for node in [&app, &other] {
        let mut conn = node.pool().acquire().await.unwrap();
        assert_eq!(node.app.versions.in_force(&mut conn).await.unwrap().number, number);
    }
    let recorded = "select count(*) from audit_entries where verb = 'came_into_force' and version = 2";
    assert_eq!(app.value::<i64>(recorded).await, 1);
    let jobs = "select count(*) from graphile_worker.jobs where task_identifier = 'rejudge_all'";
    assert_eq!(app.value::<i64>(jobs).await, 1);
}

#[tokio::test]
async fn a_signed_version_can_be_withdrawn_before_its_day() {
    let app = support::app().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let number = drafted(&app, &marketing, |terms| terms.categories.fit_good = 60).await;
    propose(&mut marketing, number, "2026-12-24T09:00").await;
    sign(&mut marketing, number, PASSWORD).await;
    sign(&mut sales, number, PASSWORD).await;
    let path = format!("/agreement/{number}/withdraw");
    let page = sales.post(&path, &[("reason", "The fair is over by then")]).await;
    assert_eq!(page.status, 303, "{}", page.body);
    assert_eq!((state(&app, number).await.as_str(), signatures(&app).await), ("draft", 0));
    app.advance(TimeDelta::days(60));
    assert_eq!(into_force::put_due_in_force(&app.app).await.unwrap(), None);
    assert_eq!(state(&app, 1).await, "in_force");
}

#[tokio::test]
async fn a_retired_status_gives_its_leads_away_each_recorded_and_nothing_claimed_is_taken() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let claimed = app.offered("Cora Lind").await;
    assert_eq!(rep.post("/claim-next", &[]).await.status, 303);
    let waiting = app.offered("Willem Voss").await;
    let new = app.good_fit("Nina Orth").await;
    let warm = app.good_fit("Ida Warm").await;
    app.event(warm, "webinar_attended").await;
    assert_eq!(app.load(warm).await.status, "new");

    let number = drafted(&app, &marketing, |terms| {
        // “New” is given up for “Nurturing”, and less interest is enough.
        terms.vocabulary.retain(|status| status.key != "new");
        terms.retired_statuses =
            vec![RetiredStatus { key: "new".into(), label: "New".into(), to: "nurturing".into() }];
        terms.jurisdictions.acts.entered = "nurturing".into();
        let kept = |t: &&Transition| t.from != "new" && t.to != "new";
        terms.jurisdictions.transitions =
            terms.jurisdictions.transitions.iter().filter(kept).cloned().collect();
        let reopened = Transition {
            from: "disqualified".into(),
            to: "nurturing".into(),
            who: vec![baton::agreement::terms::Party::Marketing],
            requires: vec![],
            reason: true,
        };
        terms.jurisdictions.transitions.push(reopened);
        terms.categories.interest_high = 10.0;
    })
    .await;
    let page = propose(&mut marketing, number, "").await;
    assert_eq!(page.status, 303, "{}", page.body);
    sign(&mut marketing, number, PASSWORD).await;
    sign(&mut sales, number, PASSWORD).await;
    assert_eq!(state(&app, number).await, "in_force");
    rejudge::all(&app.app, new_id(app.app.clock.now())).await.expect("the work");

    assert_eq!(app.load(new).await.status, "nurturing");
    let recorded: String = app
        .one("select actor_kind || ' ' || actor_name || ' ' || version from audit_entries where subject_id = $1 and from_value = 'new' and to_value = 'nurturing'", new)
        .await;
    assert_eq!(recorded, "rule Retired status “New” 2");
    let handoff = "select state || ' ' || version from handoffs where lead_id = $1";
    assert_eq!(app.one::<String>(handoff, warm).await, "offered 2", "it qualifies now");
    assert_eq!(app.one::<String>(handoff, claimed).await, "claimed 1");
    assert_eq!(
        app.one::<String>(handoff, waiting).await,
        "offered 1",
        "it keeps the version that offered it"
    );
    assert_eq!(app.load(claimed).await.owner, Some(rep.me().id));
    assert_eq!(app.value::<i64>("select count(*) from leads where status = 'new'").await, 0);
}

#[tokio::test]
async fn everybody_is_asked_to_acknowledge_the_version_in_force_until_they_have() {
    let app = support::app().await;
    let (mut rep, mut manager) = (app.rep().await, app.client("sales", "manager").await);
    for page in ["/", "/agreement"] {
        assert!(rep.get(page).await.has("form[action='/agreement/1/acknowledge']"), "{page}");
    }
    let before = manager.get("/agreement").await;
    assert!(before.text("#acknowledged + p").contains("0 of 2"));
    assert_eq!(rep.post("/agreement/1/acknowledge", &[]).await.status, 303);
    assert_eq!(rep.post("/agreement/1/acknowledge", &[]).await.status, 303, "twice is once");
    for page in ["/", "/agreement"] {
        assert!(!rep.get(page).await.has("form[action='/agreement/1/acknowledge']"), "{page}");
    }
    let after = manager.get("/agreement").await;
    assert!(after.text("#acknowledged + p").contains("1 of 2, 50 %"));
    assert!(!rep.get("/agreement").await.has("#acknowledged + p"), "the share is for managers");
    assert_eq!(app.value::<i64>("select count(*) from audit_entries where verb = 'acknowledged'").await, 1);
    assert_eq!(rep.post("/agreement/7/acknowledge", &[]).await.status, 404);
}

#[tokio::test]
async fn who_signed_has_acknowledged_and_the_others_are_asked_anew() {
    let app = support::app().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let mut rep = app.rep().await;
    rep.post("/agreement/1/acknowledge", &[]).await;
    let number = drafted(&app, &marketing, |terms| terms.categories.fit_good = 60).await;
    propose(&mut marketing, number, "").await;
    sign(&mut marketing, number, PASSWORD).await;
    sign(&mut sales, number, PASSWORD).await;
    assert!(!sales.get("/").await.has("form[action$='/acknowledge']"));
    assert!(rep.get("/").await.has("form[action='/agreement/2/acknowledge']"));
    assert_eq!(rep.post("/agreement/1/acknowledge", &[]).await.status, 409);
    let mut conn = app.pool().acquire().await.unwrap();
    let read = signing_query::readers(&mut conn, number).await.unwrap();
    assert_eq!(read.iter().filter(|reader| reader.at.is_some()).count(), 2);
}

#[tokio::test]
async fn managers_are_told_when_the_review_nears_and_others_are_not() {
    let app = support::app().await;
    let (mut marketing, mut sales) =
        (app.client("marketing", "manager").await, app.client("sales", "manager").await);
    let number = drafted(&app, &marketing, |terms| terms.categories.fit_good = 60).await;
    propose(&mut marketing, number, "").await;
    sign(&mut marketing, number, PASSWORD).await;
    sign(&mut sales, number, PASSWORD).await;
    assert!(!sales.get("/").await.text("main").contains("Review due"));
    sqlx::query("update agreement_versions set review_on = '2026-12-23' where number = 2")
        .execute(app.pool())
        .await
        .unwrap();
    let told = sales.get("/").await.text("main");
    assert!(told.contains("Review due: version 2 is to be looked at again by 23 Dec 2026"), "{told}");
    assert!(!app.rep().await.get("/").await.text("main").contains("Review due"));
}

#[tokio::test]
async fn each_clause_says_how_it_did_and_waived_clocks_do_not_count() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    for name in ["Anna Arm", "Bert Bein", "Carl Chor"] {
        app.offered(name).await;
    }
    rep.post("/claim-next", &[]).await;
    // Fast tracks are to be claimed within 15 minutes: two run out.
    app.advance(TimeDelta::minutes(30));
    let did = |page: &Page, anchor: &str| page.texts(&format!("[id='{anchor}'] .clause-did")).join("");
    let page = rep.get("/agreement").await;
    assert!(did(&page, "clause-8.1").contains("claimed in time: 33 % of 3"), "{}", did(&page, "clause-8.1"));
    assert_eq!(did(&page, "clause-8.3"), "");
    assert!(did(&page, "clause-7.1").contains("offered 3, converted 0, won 0"));
    sqlx::query(
        "insert into waivers (lead_id, handoff_id, clock, user_id, reason, at)
         select lead_id, id, 'claim', $1, 'The system was down', $2 from handoffs where state = 'offered'",
    )
    .bind(rep.me().id.0)
    .bind(app.app.clock.now())
    .execute(app.pool())
    .await
    .unwrap();
    // What was counted is kept for a minute.
    app.advance(TimeDelta::minutes(1));
    let page = rep.get("/agreement").await;
    assert!(did(&page, "clause-8.1").contains("claimed in time: 100 % of 1"), "{}", did(&page, "clause-8.1"));
}

#[tokio::test]
async fn the_document_is_drawn_listed_and_sent_as_markdown() {
    let app = support::app().await;
    let mut manager = app.client("marketing", "manager").await;
    let number = drafted(&app, &manager, |terms| terms.categories.fit_good = 60).await;
    let page = manager.get("/agreement").await;
    let terms = Terms::default_agreement();
    assert_eq!(page.texts(".lifecycle-box").len(), terms.vocabulary.len());
    assert_eq!(page.texts(".lifecycle-arrow title").len(), terms.jurisdictions.transitions.len());
    assert!(page.text("main").contains("Version 2 is being negotiated: draft, 1 change"));
    assert!(page.has(&format!("main a[href='/agreement/{number}/edit']")));
    let list = manager.get("/agreement/versions").await;
    assert!(list.has("a[href='/agreement/2/difference?from=1']"));
    let markdown = app.rep().await.get("/agreement/1/document.md").await;
    assert_eq!(markdown.headers["content-type"], "text/markdown; charset=utf-8");
    assert!(markdown.body.contains("## 7. Routing") && markdown.body.contains(&terms.sha256()));
}
