//! Contest, rule, waive: each side the other's, once, on the record.

use askama::Template;
use axum::http::HeaderMap;
use baton::agreement::terms::Terms;
use baton::agreement::versions;
use baton::audit::Actor;
use baton::handoffs::disputes::{actions, pages, queries};
use baton::handoffs::queues;
use baton::kernel::ids::{DisputeId, LeadId};
use baton::web::{Flashes, Layout};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::{self, Client, TestApp};

async fn handoff_of(app: &TestApp, lead: LeadId) -> Uuid {
    app.one("select id from handoffs where lead_id = $1 order by offered_at desc limit 1", lead).await
}

/// A lead that nobody claimed in time.
async fn overdue(app: &TestApp, name: &str) -> LeadId {
    let lead = app.offered(name).await;
    app.advance(TimeDelta::hours(5));
    lead
}

async fn contest(client: &mut Client, lead: LeadId, what: &str) -> u16 {
    client
        .post(&format!("/leads/{lead}/disputes"), &[("what", what), ("body", "The line was down")])
        .await
        .status
}

async fn dispute_of(app: &TestApp, lead: LeadId) -> DisputeId {
    DisputeId(
        app.one::<Uuid>("select id from disputes where lead_id = $1 order by opened_at desc limit 1", lead)
            .await,
    )
}

async fn audited(app: &TestApp, lead: LeadId) -> Vec<String> {
    sqlx::query_scalar("select verb from audit_entries where subject_id = $1 order by at, id")
        .bind(lead.0)
        .fetch_all(app.pool())
        .await
        .expect("the record")
}

#[tokio::test]
async fn a_rep_contests_a_missed_claim_and_the_manager_of_marketing_who_upholds_it_stops_the_clock() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let mut manager = app.client("marketing", "manager").await;
    let lead = overdue(&app, "Anna Meyer").await;
    let page = rep.get(&format!("/leads/{lead}")).await;
    let what = format!("claim_breach:{}", handoff_of(&app, lead).await);
    assert!(page.attributes("#contest-what option", "value").contains(&what));
    assert!(page.text("#handoff").contains("overdue"), "{}", page.text("#handoff"));
    assert_eq!(contest(&mut rep, lead, &what).await, 303);
    let id = dispute_of(&app, lead).await;
    let list = manager.get("/disputes").await;
    let told = list.text(&format!("#d-{id}"));
    assert!(told.contains("The claim came too late") && told.contains("The line was down"), "{told}");
    assert!(list.has(&format!("#d-{id} a[href^='/agreement/1#clause-8.']")), "the clause is cited");
    let rule = format!("/leads/{lead}/disputes/{id}/rule");
    let done = manager.post(&rule, &[("ruling", "upheld"), ("note", "The line was down, indeed")]).await;
    assert_eq!((done.status, done.location()), (303, "/disputes"));
    let page = rep.get(&format!("/leads/{lead}")).await;
    let handoff = page.text("#handoff");
    assert!(handoff.contains("waived") && handoff.contains(&manager.me().name), "{handoff}");
    assert!(handoff.contains("The line was down, indeed") && !handoff.contains("overdue"), "{handoff}");
    let timeline = page.text("#timeline");
    for said in ["contests that the claim came too late", "upheld", "waived the clock of the claim"] {
        assert!(timeline.contains(said), "{said}: {timeline}");
    }
    let queue = rep.get("/queues/inbound").await;
    assert!(queue.text("#waiting").contains("waived"), "{}", queue.text("#waiting"));
    let counted =
        queues::counts(&mut app.pool().acquire().await.unwrap(), app.app.clock.now()).await.unwrap();
    assert_eq!((counted[0].waiting, counted[0].at_risk, counted[0].breached), (1, 0, 0));
    let recorded = audited(&app, lead).await;
    assert_eq!(recorded[recorded.len() - 3..], ["contested", "dispute_ruled", "clock_waived"]);
}

#[tokio::test]
async fn each_side_contests_its_own_clocks_and_what_was_given_back_to_it_once() {
    let app = support::app().await;
    let (mut rep, mut marketer) = (app.rep().await, app.marketer().await);
    let lead = app.offered("Anna Meyer").await;
    let handoff = handoff_of(&app, lead).await;
    let (claim, back) = (format!("claim_breach:{handoff}"), format!("hand_back:{handoff}"));
    assert_eq!(contest(&mut rep, lead, &claim).await, 409, "nothing is late yet");
    app.advance(TimeDelta::hours(5));
    assert_eq!(contest(&mut marketer, lead, &claim).await, 409, "that is sales' promise");
    assert_eq!(contest(&mut rep, lead, &back).await, 409, "nothing was handed back");
    assert_eq!(contest(&mut rep, lead, &claim).await, 303);
    assert_eq!(contest(&mut rep, lead, &claim).await, 409, "it is contested already");
    let path = format!("/leads/{lead}/handoffs/{handoff}");
    assert_eq!(rep.post(&format!("{path}/claim"), &[]).await.status, 303);
    let form = [("reason", "no_need"), ("note", "No need"), ("nurture_until", "")];
    assert_eq!(rep.post(&format!("{path}/hand-back"), &form).await.status, 303);
    assert_eq!(contest(&mut rep, lead, &back).await, 409, "sales gave it back itself");
    assert_eq!(contest(&mut marketer, lead, &back).await, 303);
    assert_eq!(contest(&mut marketer, lead, "category").await, 303);
    let shown = marketer.get(&format!("/leads/{lead}")).await.text("#disputes");
    assert!(
        shown.contains("Hand-back “No need that we could meet”") && shown.contains("Category “"),
        "{shown}"
    );
    for nonsense in ["", "claim_breach", "everything:1"] {
        assert_eq!(contest(&mut rep, lead, nonsense).await, 422, "{nonsense}");
    }
    app.advance(TimeDelta::days(7));
    let answer = format!("answer_breach:{handoff}");
    actions::contest(&app.app, marketer.me(), lead, &answer, "We did answer").await.unwrap().unwrap();
    assert_eq!(app.one::<i64>("select count(*) from disputes where lead_id = $1", lead).await, 4);
}

#[tokio::test]
async fn only_a_manager_of_the_other_side_rules_and_what_they_typed_is_kept() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let lead = overdue(&app, "Anna Meyer").await;
    let what = format!("claim_breach:{}", handoff_of(&app, lead).await);
    assert_eq!(contest(&mut rep, lead, &what).await, 303);
    let id = dispute_of(&app, lead).await;
    let rule = format!("/leads/{lead}/disputes/{id}/rule");
    let upheld = [("ruling", "upheld"), ("note", "Fair")];
    for (department, role) in
        [("sales", "member"), ("marketing", "member"), ("sales", "manager"), ("marketing", "admin")]
    {
        let mut client = app.client(department, role).await;
        assert_eq!(client.post(&rule, &upheld).await.status, 403, "{department} {role}");
        assert!(!client.get("/disputes").await.has("form[action$='/rule']"), "{department} {role}");
    }
    let mut manager = app.client("marketing", "manager").await;
    let page = manager.post(&rule, &[("note", "I think it is fair")]).await;
    assert_eq!(page.status, 422);
    assert!(page.text("#rule-note").contains("I think it is fair") && page.has("#rule-ruling"));
    let page = manager.post(&rule, &[("ruling", "dismissed"), ("note", " ")]).await;
    assert!(page.status == 422 && page.has("#rule-note-error"));
    assert_eq!(manager.post(&rule, &[("ruling", "dismissed"), ("note", "It rang")]).await.status, 303);
    assert_eq!(app.one::<i64>("select count(*) from waivers where lead_id = $1", lead).await, 0);
    assert!(rep.get(&format!("/leads/{lead}")).await.text("#handoff").contains("overdue"));
    assert_eq!(contest(&mut rep, lead, &what).await, 409, "the ruling stands");
    assert_eq!(manager.get(&format!("/leads/{lead}/disputes/{}", Uuid::nil())).await.status, 404);
}

#[tokio::test]
async fn of_managers_who_rule_or_waive_at_once_one_wins_and_the_others_are_told() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let lead = overdue(&app, "Anna Meyer").await;
    let which = format!("claim_breach:{}", handoff_of(&app, lead).await);
    assert_eq!(contest(&mut rep, lead, &which).await, 303);
    let id = dispute_of(&app, lead).await;
    let mut tasks = vec![];
    for n in 0..8 {
        let manager = app.person("marketing", "manager").await;
        let node = app.app.clone();
        let ruling = if n % 2 == 0 { "upheld" } else { "dismissed" };
        tasks.push(tokio::spawn(async move {
            actions::rule(&node, &manager, lead, id, ruling, "So be it").await
        }));
    }
    let (mut won, mut told) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(Ok(_)) => won += 1,
            Err(baton::error::AppError::Conflict(why)) if why.contains("has ruled on this already") => {
                told += 1
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((won, told), (1, 7));
    assert_eq!(audited(&app, lead).await.iter().filter(|verb| *verb == "dispute_ruled").count(), 1);
    let other = overdue(&app, "Bela Roth").await;
    let clock = format!("claim:{}", handoff_of(&app, other).await);
    let mut tasks = vec![];
    for _ in 0..8 {
        let manager = app.person("marketing", "manager").await;
        let (node, clock) = (app.app.clone(), clock.clone());
        tasks.push(tokio::spawn(async move { actions::waive(&node, &manager, other, &clock, "Snow").await }));
    }
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(Ok(_)) => won += 1,
            Err(baton::error::AppError::Conflict(_)) => {}
            fault => panic!("{fault:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(app.one::<i64>("select count(*) from waivers where lead_id = $1", other).await, 1);
}

#[tokio::test]
async fn a_manager_waives_a_clock_of_the_other_side_and_it_no_longer_presses() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let late = app.offered("Anna Meyer").await;
    app.advance(TimeDelta::minutes(1));
    let next = app.offered("Bela Roth").await;
    app.advance(TimeDelta::hours(5));
    let first = |page: &support::client::Page| page.attributes("#waiting td.who a", "href")[0].clone();
    assert_eq!(first(&rep.get("/queues/inbound").await), format!("/leads/{late}"));
    let clock = format!("claim:{}", handoff_of(&app, late).await);
    let path = format!("/leads/{late}/waivers");
    let waiver = [("clock", clock.as_str()), ("reason", "Marketing sent it on a holiday")];
    assert_eq!(
        app.client("sales", "manager").await.post(&path, &waiver).await.status,
        403,
        "their own promise"
    );
    assert_eq!(app.marketer().await.post(&path, &waiver).await.status, 403, "no manager");
    let what = format!("claim_breach:{}", handoff_of(&app, late).await);
    assert_eq!(contest(&mut rep, late, &what).await, 303);
    let mut manager = app.client("marketing", "manager").await;
    let page = manager.post(&path, &[("clock", &clock), ("reason", "")]).await;
    assert!(page.status == 422 && page.has("#waive-reason-error") && page.has("#disputes details[open]"));
    assert_eq!(manager.post(&path, &waiver).await.status, 303);
    let again = manager.post(&path, &waiver).await;
    assert!(again.status == 409 && again.text(".refusal-message").contains("has waived this clock already"));
    assert_eq!(
        app.one::<String>("select ruling from disputes where lead_id = $1", late).await,
        "upheld",
        "the dispute about it is settled by that"
    );
    assert_eq!(
        first(&rep.get("/queues/inbound").await),
        format!("/leads/{next}"),
        "it does not press any more"
    );
    assert_eq!(rep.post("/claim-next", &[]).await.location(), format!("/leads/{next}"));
    assert_eq!(rep.post("/claim-next", &[]).await.location(), format!("/leads/{late}"));
    assert!(rep.get(&format!("/leads/{late}")).await.text("#handoff").contains("waived"));
    let contact = format!("contact:{}", handoff_of(&app, late).await);
    let waiver = [("clock", contact.as_str()), ("reason", "They asked for a call next week")];
    assert_eq!(manager.post(&path, &waiver).await.status, 303);
    let home = rep.get("/").await.text("main");
    assert!(home.contains("They asked for a call next week"), "{home}");
    let unknown = [("clock", "answer:01900000-0000-7000-8000-000000000000"), ("reason", "x")];
    assert_eq!(app.client("sales", "manager").await.post(&path, &unknown).await.status, 404);
}

#[tokio::test]
async fn the_list_shows_the_open_ones_first_page_by_page_and_what_was_contested_since_a_version() {
    let app = support::app().await;
    let marketer = app.person("marketing", "member").await;
    let manager = app.person("sales", "manager").await;
    let mut ids = vec![];
    for n in 0..52 {
        let lead = app.good_fit(&format!("Lead {n}")).await;
        let id = actions::contest(&app.app, &marketer, lead, "category", "Hotter than that")
            .await
            .unwrap()
            .unwrap();
        ids.push((lead, id));
        app.advance(TimeDelta::minutes(1));
    }
    let (lead, newest) = ids[51];
    actions::rule(&app.app, &manager, lead, newest, "dismissed", "It is cold").await.unwrap().unwrap();
    let mut client = app.sign_in(&manager).await;
    let page = client.get("/disputes").await;
    let shown = page.attributes("article", "id");
    assert_eq!((shown.len(), &shown[0]), (50, &format!("d-{}", ids[50].1)));
    let next = page.attributes("a[rel=next]", "href")[0].clone();
    let rest = client.get(&next).await.attributes("article", "id");
    assert_eq!(rest, [format!("d-{}", ids[0].1), format!("d-{newest}")], "the ruled one comes last");
    assert_eq!(
        client.get("/disputes?state=ruled").await.attributes("article", "id"),
        [format!("d-{newest}")]
    );
    assert_eq!(client.get("/disputes?state=open").await.attributes("article", "id").len(), 50);
    for wrong in ["/disputes?after=x", "/disputes?since=x"] {
        assert_eq!(client.get(wrong).await.status, 400, "{wrong}");
    }
    assert_eq!(client.get("/disputes?since=9").await.status, 404);

    let mut conn = app.pool().acquire().await.unwrap();
    let mut terms = Terms::default_agreement();
    terms.categories.fit_good = 61;
    versions::put_in_force(&mut conn, &terms, &Actor::Rule("test".into()), app.app.clock.now())
        .await
        .unwrap();
    assert!(client.get("/disputes?since=2").await.has(".empty"));
    app.advance(TimeDelta::minutes(1));
    let (lead, _) = ids[3];
    actions::rule(&app.app, &manager, lead, ids[3].1, "upheld", "True").await.unwrap().unwrap();
    let again = actions::contest(&app.app, &marketer, lead, "category", "Still").await.unwrap().unwrap();
    assert_eq!(client.get("/disputes?since=2").await.attributes("article", "id"), [format!("d-{again}")]);
    let since: Vec<DisputeId> =
        queries::since(&mut conn, 2).await.unwrap().into_iter().map(|dispute| dispute.id).collect();
    assert_eq!(since, [again]);
    let layout = Layout::of(
        &app.app,
        &Flashes::of(tower_cookies::Cookies::default(), &app.app),
        Some(&manager),
        &HeaderMap::new(),
        "/",
    );
    let part = pages::since(&mut conn, &app.app, 2, &manager, &layout).await.unwrap().render().unwrap();
    assert!(part.contains("Still") && part.contains("/agreement/") && !part.contains("Hotter"), "{part}");
    assert_eq!(queries::since(&mut conn, 1).await.unwrap().len(), 53);
}
