//! One lead tried on a version, and the thresholds over all of them.

use baton::agreement::actions;
use baton::agreement::terms::Terms;
use baton::handoffs::judge::{Verdict, judge};
use baton::handoffs::rejudge;
use chrono::TimeDelta;

use crate::support::{self, Client, TestApp};

/// A manager with a draft that asks for more fit and more interest.
async fn stricter(app: &TestApp) -> Client {
    let manager = app.client("marketing", "manager").await;
    actions::begin_draft(&app.app, manager.me()).await.expect("a draft");
    let changed = actions::change_draft(&app.app, manager.me(), 2, &[], |terms| {
        let mut terms = terms.clone();
        terms.categories.fit_good = 90;
        terms.handoff.fast_tracks.iter_mut().for_each(|track| track.good_fit_only = true);
        terms.routing.queues[2].members = vec!["gone@example.com".into()];
        Ok::<_, ()>(terms)
    });
    changed.await.expect("no fault").expect("no refusal");
    manager
}

/// The two thresholds of the draft.
async fn thresholds(app: &TestApp) -> (i64, f64) {
    let terms: serde_json::Value =
        app.value("select terms -> 'categories' from agreement_versions where number = 2").await;
    (terms["fit_good"].as_i64().unwrap(), terms["interest_high"].as_f64().unwrap())
}

#[tokio::test]
async fn a_real_lead_is_found_by_a_search_and_tried_on_both_versions_side_by_side() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    for _ in 0..2 {
        let at = app.app.clock.now() - TimeDelta::days(3);
        app.event_at(lead, "webinar_attended", at).await;
    }
    let mut manager = stricter(&app).await;
    let found = manager.get("/agreement/2/try?q=meyer").await;
    assert_eq!(found.status, 200, "{}", found.body);
    assert_eq!(found.attributes(".found a", "href"), [format!("/agreement/2/try?lead={lead}")]);
    let page = manager.get(&format!("/agreement/2/try?lead={lead}")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let titles = page.texts("#step-fit .side-title");
    assert_eq!(titles, ["This version (2)", "Version in force (1)"]);
    // Director 35, 250 people 25, software 20, company known 5: 85 points under both, a good fit under one.
    let fit = page.texts("#step-fit .side > p");
    assert!(
        fit[0].contains("Not a good fit: the threshold is 90")
            && fit[1].starts_with("A good fit: the threshold is 50"),
        "{fit:?}"
    );
    assert!(!page.has("#step-fit .chip-violet") && page.has("#step-category .chip-violet"));
    assert!(page.texts("#step-interest .reason-evidence")[0].contains("2 times"));
    let stored = app.load(lead).await;
    let expected = judge(
        &app.app.versions.in_force(&mut app.pool().acquire().await.unwrap()).await.unwrap(),
        &stored,
        false,
        app.app.clock.now(),
    );
    let handoff = page.texts("#step-handoff strong");
    match expected.verdict {
        Verdict::NotDue(route) => assert_eq!(
            handoff[1],
            format!("It is not offered: its category is routed to “{}”.", route.label())
        ),
        other => panic!("{other:?}"),
    }
    assert!(page.attributes("#step-fit .cite", "href").contains(&"/agreement/2#clause-5.1".to_owned()));
    let unknown = manager.get("/agreement/2/try?lead=01900000-0000-7000-8000-000000000000").await;
    assert!(unknown.status == 404 && manager.get("/agreement/2/try?lead=nobody").await.status == 404);
}

#[tokio::test]
async fn an_invented_lead_is_tried_by_an_address_that_can_be_sent_to_a_colleague() {
    let app = support::app().await;
    stricter(&app).await;
    let mut rep = app.rep().await;
    let form = rep.get("/agreement/2/try").await;
    assert!(form.has("#f-may_contact[checked]") && !form.has("#result"), "consent is ticked by default");
    let address = "/agreement/2/try?invented=yes&may_contact=true&name=Zoe&email=zoe%40acme.example&company=Acme&employees=700&seniority=director&kind1=demo_request&days1=1";
    let page = rep.get(address).await;
    assert_eq!(page.status, 200, "{}", page.body);
    // 35 + 30 + 5 points are no good fit in the draft, whose fast track asks for one.
    let verdicts = page.texts("#step-handoff strong");
    assert!(verdicts[0].starts_with("It is not offered"), "{verdicts:?}");
    assert_eq!(verdicts[1], "It is offered to Sales now, in the queue Inbound requests.");
    let tracks = page.texts("#step-category p.mb-0");
    assert!(tracks[0].starts_with("“Asked for a demo” is only for a good fit"), "{tracks:?}");
    assert!(tracks[1].contains("hands the lead off whatever its category"), "{tracks:?}");
    // By the draft no fast track is open, so the second rule matches; in force the first does, and the second is not tried.
    let rules = page.texts("#step-queue .tried-rule");
    assert!(rules[0].contains("fails: fast track is known; it is unknown"), "{rules:?}");
    assert!(rules[1].contains("matches and wins") && rules[3].contains("not tried"), "{rules:?}");
    let reps = page.texts("#step-reps .tried-rule");
    assert!(reps.iter().any(|said| said.contains(&rep.me().name)), "{reps:?}");
    let claim = page.texts("#step-deadlines dd");
    assert!(claim[2].starts_with("15 business minutes: by Mon 23 Nov 2026, 11:15 CET"), "{claim:?}");
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 0, "nothing is kept");
    // The form keeps what was typed, and names what is wrong.
    assert_eq!(page.attributes("#f-employees", "value"), ["700"]);
    let wrong = rep.get("/agreement/2/try?invented=yes&employees=many&kind1=Demo!").await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.has("#f-employees-error")
            && wrong.has("#f-kind1-error")
            && wrong.attributes("#f-employees", "value") == ["many"]
    );
}

#[tokio::test]
async fn a_queue_that_names_others_says_so_of_each_rep() {
    let app = support::app().await;
    stricter(&app).await;
    let mut rep = app.rep().await;
    let page = rep.get("/agreement/2/try?invented=yes&may_contact=true&employees=20").await;
    let reps = page.texts("#step-reps .tried-rule");
    assert!(
        reps[0].contains(
            "Is not among the reps who claim from the queue Small and mid-size (part 7, clause 7.3)."
        ),
        "{reps:?}"
    );
    assert!(page.texts("#step-reps .side > p")[0].starts_with("0 of"));
}

#[tokio::test]
async fn the_counts_under_the_thresholds_are_what_the_engine_then_does() {
    let app = support::app().await;
    for n in 0..6 {
        let lead = app.good_fit(&format!("Lead {n}")).await;
        for _ in 0..=n {
            app.event_at(
                lead,
                if n % 2 == 0 { "webinar_attended" } else { "content_download" },
                app.app.clock.now() - TimeDelta::days(i64::from(n)),
            )
            .await;
        }
    }
    let mut manager = app.client("sales", "manager").await;
    actions::begin_draft(&app.app, manager.me()).await.expect("a draft");
    let page = manager.get("/agreement/2/thresholds?fit_good=80&interest_high=15").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let counts: Vec<usize> = page.texts("[data-count]").iter().map(|count| count.parse().unwrap()).collect();
    assert_eq!(counts[..4].iter().sum::<usize>(), 6, "{counts:?}");
    assert!(page.has("script[src*='thresholds']") && page.has("#f-fit_good[type=range]"));
    let mut terms = Terms::default_agreement();
    (terms.categories.fit_good, terms.categories.interest_high) = (80, 15.0);
    let before = app.value::<i64>("select count(*) from handoffs").await;
    manager.post("/agreement/2/thresholds", &[("fit_good", "80"), ("interest_high", "15")]).await;
    assert_eq!(thresholds(&app).await, (80, 15.0));
    assert!(actions::give_up_draft(&app.app, manager.me(), 2).await.is_ok());
    rejudge::put_in_force(&app.app, &terms, &baton::audit::Actor::Rule("test".into()))
        .await
        .expect("sound terms");
    rejudge::all(&app.app, baton::kernel::ids::new_id(app.app.clock.now())).await.expect("the work");
    let offered = app.value::<i64>("select count(*) from handoffs").await - before;
    assert!(offered > 0 && counts[4] as i64 == offered, "{counts:?} {offered}");
}

#[tokio::test]
async fn only_managers_save_thresholds_within_bounds_and_not_over_anothers() {
    let app = support::app().await;
    let mut manager = stricter(&app).await;
    let mut rep = app.rep().await;
    assert_eq!(rep.post("/agreement/2/thresholds", &[("fit_good", "10")]).await.status, 403);
    assert!(!rep.get("/agreement/2/thresholds").await.body.contains("Save into the draft"));
    let wrong = manager.post("/agreement/2/thresholds", &[("fit_good", "0"), ("interest_high", "-3")]).await;
    assert!(wrong.status == 422 && wrong.has("#f-fit_good-error") && wrong.has("#f-interest_high-error"));
    let stale =
        [("fit_good", "70"), ("interest_high", "30.5"), ("began_fit", "50"), ("began_interest", "40")];
    let page = manager.post("/agreement/2/thresholds", &stale).await;
    assert!(page.status == 409 && page.text(".alert-danger").contains("Somebody moved the thresholds"));
    assert_eq!(page.attributes("#f-fit_good", "value"), ["70"], "what was set is kept");
    assert_eq!(thresholds(&app).await, (90, 40.0));
    let fresh =
        [("fit_good", "70"), ("interest_high", "30.5"), ("began_fit", "90"), ("began_interest", "40")];
    assert_eq!(manager.post("/agreement/2/thresholds", &fresh).await.status, 303);
    assert_eq!(thresholds(&app).await, (70, 30.5));
    // The version in force stands.
    assert_eq!(manager.post("/agreement/1/thresholds", &[("fit_good", "10")]).await.status, 409);
}
