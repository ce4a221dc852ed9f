//! Claim, work, convert, hand back: as the agreement says, and once whoever is fastest.

use std::collections::HashSet;

use baton::audit::Actor;
use baton::error::AppError;
use baton::handoffs::actions::{self, HandBack, NewActivity};
use baton::handoffs::intake;
use baton::kernel::ids::{HandoffId, LeadId};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::{self, TestApp, event, good_fit, monday};

async fn handoff_of(app: &TestApp, lead: LeadId) -> HandoffId {
    HandoffId(
        app.one::<Uuid>("select id from handoffs where lead_id = $1 order by offered_at desc limit 1", lead)
            .await,
    )
}

fn call() -> NewActivity {
    NewActivity { kind: "call".into(), outcome: "connected".into(), body: "Spoke about the pilot".into() }
}

#[tokio::test]
async fn of_a_hundred_who_claim_one_handoff_one_wins_and_the_others_are_told_who() {
    let app = support::app().await;
    let other_node = app.second_node().await;
    let lead = app.offered("Anna Meyer").await;
    let handoff = handoff_of(&app, lead).await;
    let mut reps = vec![];
    for _ in 0..5 {
        reps.push(app.person("sales", "member").await);
    }
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let (node, rep) =
                (if n % 2 == 0 { app.app.clone() } else { other_node.app.clone() }, reps[n % 5].clone());
            tokio::spawn(async move { (rep.name.clone(), actions::claim(&node, &rep, lead, handoff).await) })
        })
        .collect();
    let (mut winners, mut refusals) = (vec![], vec![]);
    for task in tasks {
        match task.await.unwrap() {
            (name, Ok(())) => winners.push(name),
            (_, Err(AppError::Conflict(why))) => refusals.push(why),
            (_, Err(other)) => panic!("{other:?}"),
        }
    }
    assert_eq!((winners.len(), refusals.len()), (1, 99));
    assert!(refusals.iter().all(|why| why.contains(&winners[0])), "{refusals:?}");
    assert_eq!(
        app.one::<i64>("select count(*) from audit_entries where subject_id = $1 and verb = 'claimed'", lead)
            .await,
        1
    );
    let stored = app.load(lead).await;
    assert_eq!(stored.stage.key(), "sal");
}

#[tokio::test]
async fn twenty_reps_on_two_nodes_drain_a_thousand_leads_each_once() {
    let app = support::app().await;
    app.unlimited_capacity().await;
    let other_node = app.second_node().await;
    let rows: Vec<_> = (0..1000).map(|n| good_fit(&format!("Lead {n}"))).collect();
    let intake = app.app.intake();
    let added = intake::bulk_leads(&intake, rows, None, &Actor::System).await.unwrap();
    let events = added.rows.iter().map(|row| match row {
        intake::RowOutcome::Added(id) => (intake::LeadKey::Id(*id), event("demo_request", monday())),
        other => panic!("{other:?}"),
    });
    let offered = intake::bulk_events(&intake, events.collect(), None, &Actor::System).await.unwrap().offered;
    assert_eq!(offered.len(), 1000);
    let mut tasks = vec![];
    for n in 0..20 {
        let rep = app.person("sales", "member").await;
        let node = if n % 2 == 0 { app.app.clone() } else { other_node.app.clone() };
        tasks.push(tokio::spawn(async move {
            let mut mine = vec![];
            loop {
                match actions::claim_next(&node, &rep, None).await {
                    Ok(Some((lead, _))) => mine.push(lead),
                    Ok(None) => return mine,
                    // Beaten to every candidate for a while: a person would press again.
                    Err(AppError::Conflict(_)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
        }));
    }
    let mut claimed = vec![];
    for task in tasks {
        claimed.extend(task.await.unwrap());
    }
    assert_eq!(claimed.len(), 1000);
    assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), 1000);
    assert_eq!(
        app.value::<i64>("select count(*) from handoffs where state = 'claimed' and owner_id is not null")
            .await,
        1000
    );
    assert_eq!(app.value::<i64>("select count(*) from audit_entries where verb = 'claimed'").await, 1000);
}

#[tokio::test]
async fn a_rep_who_presses_claim_next_many_times_at_once_gets_no_more_than_the_agreed_capacity() {
    let app = support::app().await;
    app.capacity(Some(2)).await;
    for n in 0..6 {
        app.offered(&format!("Lead {n}")).await;
    }
    let rep = app.person("sales", "member").await;
    let presses: Vec<_> = (0..20)
        .map(|_| {
            let (node, rep) = (app.app.clone(), rep.clone());
            tokio::spawn(async move { actions::claim_next(&node, &rep, None).await })
        })
        .collect();
    let (mut claimed, mut refused) = (0, 0);
    for press in presses {
        match press.await.unwrap() {
            Ok(Some(_)) => claimed += 1,
            Err(AppError::Conflict(why)) if why.contains("You hold 2 open leads") => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((claimed, refused), (2, 18));
    assert_eq!(app.value::<i64>("select count(*) from handoffs where state = 'claimed'").await, 2);
}

#[tokio::test]
async fn claim_next_gives_first_what_runs_out_of_time_then_the_hottest() {
    let app = support::app().await;
    let rep = app.person("sales", "member").await;
    let urgent = app.offered("Urgent Lead").await;
    let warm = app.offered("Warm Lead").await;
    let hot = app.offered("Hot Lead").await;
    app.event(hot, "meeting_booked").await;
    sqlx::query("update handoffs set claim_risk_at = offered_at - interval '1 minute' where lead_id = $1")
        .bind(urgent.0)
        .execute(app.pool())
        .await
        .unwrap();
    let mut order = vec![];
    while let Some((lead, _)) = actions::claim_next(&app.app, &rep, None).await.unwrap() {
        order.push(lead);
    }
    assert_eq!(order, [urgent, hot, warm]);
}

#[tokio::test]
async fn the_first_call_of_the_rep_stops_the_clock_and_a_note_does_not() {
    let app = support::app().await;
    let rep = app.person("sales", "member").await;
    let lead = app.offered("Anna Meyer").await;
    actions::claim_next(&app.app, &rep, None).await.unwrap().unwrap();
    let note =
        NewActivity { kind: "note".into(), outcome: String::new(), body: "Will call after lunch".into() };
    actions::log_activity(&app.app, &rep, lead, &note).await.unwrap().unwrap();
    assert_eq!(app.one::<String>("select state from handoffs where lead_id = $1", lead).await, "claimed");
    app.advance(TimeDelta::minutes(5));
    actions::log_activity(&app.app, &rep, lead, &call()).await.unwrap().unwrap();
    assert!(
        app.one::<bool>(
            "select contacted_at = claimed_at + interval '5 minutes' from handoffs where lead_id = $1",
            lead
        )
        .await
    );
    assert_eq!(app.load(lead).await.status, "working");
}

#[tokio::test]
async fn a_colleagues_call_does_not_stop_the_owners_clock() {
    let app = support::app().await;
    let (rep, colleague) = (app.person("sales", "member").await, app.person("sales", "member").await);
    let lead = app.offered("Anna Meyer").await;
    actions::claim_next(&app.app, &rep, None).await.unwrap().unwrap();
    actions::log_activity(&app.app, &colleague, lead, &call()).await.unwrap().unwrap();
    assert_eq!(app.one::<String>("select state from handoffs where lead_id = $1", lead).await, "claimed");
}

#[tokio::test]
async fn a_rep_works_a_lead_to_a_won_deal() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let lead = app.offered("Anna Meyer").await;
    let claimed = rep.post("/claim-next", &[]).await;
    assert_eq!(claimed.location(), format!("/leads/{lead}"));
    let me = rep.me().clone();
    let too_early = rep
        .post(
            &format!("/leads/{lead}/deals"),
            &[("name", "Pilot"), ("amount", "12000"), ("currency", "EUR"), ("expected_close", "2027-01-31")],
        )
        .await;
    assert_eq!(too_early.status, 409);
    actions::log_activity(&app.app, &me, lead, &call()).await.unwrap().unwrap();
    let wrong = rep
        .post(
            &format!("/leads/{lead}/deals"),
            &[("name", "Pilot"), ("amount", "a lot"), ("currency", "EUR"), ("expected_close", "2027-01-31")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text("#deal-amount-error").contains("a lot") && wrong.body.contains("value=\"Pilot\""));
    let opened = rep
        .post(
            &format!("/leads/{lead}/deals"),
            &[("name", "Pilot"), ("amount", "12000"), ("currency", "EUR"), ("expected_close", "2027-01-31")],
        )
        .await;
    assert_eq!(opened.status, 303, "{}", opened.body);
    assert_eq!(app.load(lead).await.status, "sales_qualified");
    assert_eq!(app.one::<String>("select state from handoffs where lead_id = $1", lead).await, "converted");
    let deal = app.one::<Uuid>("select id from deals where lead_id = $1", lead).await;
    assert_eq!(
        rep.post(&format!("/leads/{lead}/deals/{deal}/win"), &[("reason", "Best fit")]).await.status,
        303
    );
    assert_eq!(app.load(lead).await.status, "customer");
    assert_eq!(
        rep.post(&format!("/leads/{lead}/deals/{deal}/lose"), &[("reason", "Oops")]).await.status,
        409
    );
}

#[tokio::test]
async fn a_handed_back_lead_rests_and_marketing_sees_why() {
    let app = support::app().await;
    let (mut rep, mut marketer) = (app.rep().await, app.marketer().await);
    let lead = app.offered("Anna Meyer").await;
    rep.post("/claim-next", &[]).await;
    let handoff = handoff_of(&app, lead).await;
    let version = app.app.versions.in_force(&mut app.pool().acquire().await.unwrap()).await.unwrap();
    let recycle = version
        .terms
        .hand_back
        .reasons
        .iter()
        .find(|r| r.kind == baton::agreement::terms::HandBackKind::Recycle)
        .unwrap();
    let path = format!("/leads/{lead}/handoffs/{handoff}/hand-back");
    let missing = rep.post(&path, &[("reason", &recycle.key), ("note", " ")]).await;
    assert_eq!(missing.status, 422);
    let past = rep
        .post(
            &path,
            &[("reason", &recycle.key), ("note", "Budget in spring"), ("nurture_until", "2020-01-01")],
        )
        .await;
    assert_eq!(past.status, 422);
    assert!(past.body.contains("Budget in spring"), "nothing typed is lost");
    let done = rep
        .post(
            &path,
            &[("reason", &recycle.key), ("note", "Budget in spring"), ("nurture_until", "2027-04-01")],
        )
        .await;
    assert_eq!(done.status, 303, "{}", done.body);
    let stored = app.load(lead).await;
    assert_eq!((stored.status.as_str(), stored.owner), (recycle.target_status.as_str(), None));
    assert_eq!(stored.rest_until, Some("2027-03-31T22:00:00Z".parse().unwrap()));
    let list = marketer.get("/hand-backs").await;
    assert!(
        list.text("#to-answer").contains("Budget in spring")
            && list.text("#to-answer").contains(&recycle.label)
    );
    app.event(lead, "demo_request").await;
    assert_eq!(app.one::<i64>("select count(*) from handoffs where lead_id = $1", lead).await, 1, "it rests");
    assert_eq!(marketer.post(&format!("/leads/{lead}/handoffs/{handoff}/answer"), &[]).await.status, 303);
    assert_eq!(marketer.post(&format!("/leads/{lead}/handoffs/{handoff}/answer"), &[]).await.status, 409);
}

#[tokio::test]
async fn only_the_owner_or_a_manager_of_sales_hands_a_lead_back() {
    let app = support::app().await;
    let (rep, colleague, manager) = (
        app.person("sales", "member").await,
        app.person("sales", "member").await,
        app.person("sales", "manager").await,
    );
    let lead = app.offered("Anna Meyer").await;
    let (_, handoff) = actions::claim_next(&app.app, &rep, None).await.unwrap().unwrap();
    let version = app.app.versions.in_force(&mut app.pool().acquire().await.unwrap()).await.unwrap();
    let form = HandBack {
        reason: version.terms.hand_back.reasons[0].key.clone(),
        note: "Not for us".into(),
        nurture_until: String::new(),
    };
    assert!(
        matches!(actions::hand_back(&app.app, &colleague, lead, handoff, &form).await, Err(AppError::Forbidden(why)) if why.contains(&rep.name))
    );
    actions::hand_back(&app.app, &manager, lead, handoff, &form).await.unwrap().unwrap();
    assert!(matches!(
        actions::hand_back(&app.app, &rep, lead, handoff, &form).await,
        Err(AppError::Conflict(_))
    ));
}

#[tokio::test]
async fn a_status_changes_only_along_the_agreement_by_the_department_it_names() {
    let app = support::app().await;
    let people = [app.person("marketing", "member").await, app.person("sales", "member").await];
    let version = app.app.versions.in_force(&mut app.pool().acquire().await.unwrap()).await.unwrap();
    let lead = app.good_fit("Anna Meyer").await;
    for from in &version.terms.vocabulary {
        for to in &version.terms.vocabulary {
            for person in &people {
                sqlx::query("update leads set status = $2, stage = $3 where id = $1")
                    .bind(lead.0)
                    .bind(&from.key)
                    .bind(from.stage.key())
                    .execute(app.pool())
                    .await
                    .unwrap();
                let may = version.terms.may_move(&from.key, &to.key, person.department.into()).is_ok();
                let done = actions::change_status(&app.app, person, lead, &to.key, "as agreed").await;
                let what = format!("{} → {} by {}", from.key, to.key, person.department);
                match done {
                    Ok(Ok(())) => assert!(may, "{what} went through"),
                    Ok(Err(errors)) => panic!("{what}: {errors}"),
                    Err(AppError::Conflict(why)) => {
                        assert!(!may, "{what} was refused: {why}");
                        assert!(why.contains("clause 2"), "{what} cites no clause: {why}");
                    }
                    Err(other) => panic!("{what}: {other:?}"),
                }
                // What the move made due is taken back, so that the next one starts clean.
                sqlx::query("delete from handoffs").execute(app.pool()).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_withdrawn_offer_leaves_the_queue_and_a_claimed_one_cannot_be_withdrawn() {
    let app = support::app().await;
    let (mut marketer, mut rep) = (app.marketer().await, app.rep().await);
    let (first, second) = (app.offered("Anna Meyer").await, app.offered("Ben Okafor").await);
    let path = |lead: LeadId, handoff: HandoffId| format!("/leads/{lead}/handoffs/{handoff}/withdraw");
    let withdraw = path(first, handoff_of(&app, first).await);
    let page = marketer.post(&withdraw, &[("reason", " ")]).await;
    assert_eq!(page.status, 422, "the agreement asks for a reason");
    assert!(page.text("#withdraw-reason-error").contains("clause 2."));
    let reason = [("reason", "They asked us to wait")];
    assert_eq!(marketer.post(&withdraw, &reason).await.status, 303);
    let told = marketer.get(&format!("/leads/{first}")).await.text("#timeline");
    assert!(told.contains("Reason: They asked us to wait"), "{told}");
    assert_eq!(rep.post("/claim-next", &[]).await.location(), format!("/leads/{second}"));
    assert_eq!(marketer.post(&path(second, handoff_of(&app, second).await), &reason).await.status, 409);
}

#[tokio::test]
async fn the_queue_page_shows_who_waits_and_why() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let lead = app.offered("Anna Meyer").await;
    sqlx::query("update leads set name = 'Anna <b>Meyer</b>' where id = $1")
        .bind(lead.0)
        .execute(app.pool())
        .await
        .unwrap();
    let queue = app.one::<String>("select queue from handoffs where lead_id = $1", lead).await;
    let page = rep.get(&format!("/queues/{queue}")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text("tbody tr .who a"), "Anna <b>Meyer</b>");
    assert_eq!(page.attributes("input[name=queue]", "value"), [queue]);
    assert_eq!(rep.get("/queues/no_such_queue").await.status, 404);
}
