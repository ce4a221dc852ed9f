//! What comes in is stored, judged, and offered if due.

use baton::audit::Actor;
use baton::handoffs::intake::{self, LeadKey, RowOutcome};
use baton::kernel::text::Email;
use baton::leads::Identity;
use chrono::TimeDelta;

use crate::support::{self, event, good_fit, monday};

#[tokio::test]
async fn a_demo_request_of_a_good_fit_is_offered_in_the_same_transaction() {
    let app = support::app().await;
    let lead = app.offered("Anna Meyer").await;
    let stored = app.load(lead).await;
    let version = app.app.versions.in_force(&mut app.pool().acquire().await.unwrap()).await.unwrap();
    assert_eq!(stored.status, version.terms.jurisdictions.acts.offered);
    assert_eq!(stored.cycles, 1);
    let verbs: Vec<String> =
        sqlx::query_scalar("select verb from audit_entries where subject_id = $1 order by id")
            .bind(lead.0)
            .fetch_all(app.pool())
            .await
            .unwrap();
    assert!(
        verbs.contains(&"offered".to_owned()) && verbs.contains(&"status_changed".to_owned()),
        "{verbs:?}"
    );
}

#[tokio::test]
async fn a_person_who_must_not_be_contacted_is_never_offered() {
    let app = support::app().await;
    let lead =
        app.lead(baton::leads::model::NewLead { do_not_contact: true, ..good_fit("Anna Meyer") }).await;
    app.event(lead, "demo_request").await;
    assert_eq!(app.one::<i64>("select count(*) from handoffs where lead_id = $1", lead).await, 0);
}

#[tokio::test]
async fn a_lead_that_lacks_a_packet_field_is_offered_when_it_is_filled_in() {
    let app = support::app().await;
    let mut new = good_fit("Anna Meyer");
    let company = new.facts.company.take();
    let lead = app.lead(new).await;
    app.event(lead, "demo_request").await;
    let held = app.load(lead).await;
    assert_eq!(held.stage.key(), "mql");
    assert_eq!(app.one::<i64>("select count(*) from handoffs where lead_id = $1", lead).await, 0);
    let mut facts = held.facts.clone();
    facts.company = company;
    let email = Identity::email(&Email::parse(facts.email.as_deref().unwrap()).unwrap());
    let change = intake::Change {
        facts,
        consent: held.consent.clone(),
        do_not_contact: false,
        identities: vec![email],
    };
    intake::change(&app.app, lead, held.revision, change, &Actor::System).await.unwrap().unwrap();
    assert_eq!(
        app.one::<i64>("select count(*) from handoffs where lead_id = $1 and state = 'offered'", lead).await,
        1
    );
}

#[tokio::test]
async fn the_same_identity_never_belongs_to_two_leads() {
    let app = support::app().await;
    let first = app.good_fit("Anna Meyer").await;
    let again =
        intake::create(&app.app, good_fit("Anna Meyer"), vec![], &Actor::System).await.unwrap().unwrap_err();
    assert_eq!(again.lead, first);
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 1);
}

#[tokio::test]
async fn of_many_who_bring_the_same_person_at_once_one_makes_the_lead() {
    let app = support::app().await;
    let tries = (0..20).map(|_| {
        let app = app.app.clone();
        tokio::spawn(async move {
            intake::create(&app, good_fit("Anna Meyer"), vec![], &Actor::System).await.unwrap().is_ok()
        })
    });
    let mut made = 0;
    for one in tries.collect::<Vec<_>>() {
        made += usize::from(one.await.unwrap());
    }
    assert_eq!(made, 1);
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 1);
    assert_eq!(app.value::<i64>("select count(*) from identities").await, 1);
}

#[tokio::test]
async fn an_event_with_the_same_source_and_key_counts_once_whatever_its_time() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let once = event("webinar_attended", monday());
    let later = baton::leads::model::NewEvent { occurred_at: monday() - TimeDelta::days(40), ..once.clone() };
    assert!(intake::add_event(&app.app, lead, once.clone(), &Actor::System).await.unwrap());
    let after_one = app.load(lead).await.hot_until;
    assert!(!intake::add_event(&app.app, lead, once, &Actor::System).await.unwrap());
    assert!(!intake::add_event(&app.app, lead, later, &Actor::System).await.unwrap());
    assert_eq!(app.load(lead).await.hot_until, after_one);
    assert_eq!(app.one::<i64>("select count(*) from events where lead_id = $1", lead).await, 1);
}

#[tokio::test]
async fn many_events_at_once_are_all_counted() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let kinds = ["page_view", "email_click", "content_download", "email_open"];
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let app = app.app.clone();
            tokio::spawn(async move {
                intake::add_event(
                    &app,
                    lead,
                    event(kinds[n % 4], monday() - TimeDelta::hours(n as i64)),
                    &Actor::System,
                )
                .await
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap().unwrap());
    }
    let counted = app.load(lead).await;
    let version = app.app.versions.in_force(&mut app.pool().acquire().await.unwrap()).await.unwrap();
    assert_eq!(counted.interest.parts().iter().map(|part| part.count).sum::<u32>(), 16);
    intake::rejudge(&app.app.intake(), &[lead.0]).await.unwrap();
    let replayed = app.load(lead).await;
    let points =
        |lead: &baton::leads::Lead| lead.interest.points_at(&version.terms.interest.scoring(), monday());
    assert!((points(&counted) - points(&replayed)).abs() < 1e-9);
    assert_eq!(counted.hot_until, replayed.hot_until);
}

#[tokio::test]
async fn an_event_from_the_future_is_refused_and_a_stranger_named() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let stranger = LeadKey::Identity(Identity::email(&Email::parse("who@example.com").unwrap()));
    let rows = vec![
        (LeadKey::Id(lead), event("page_view", monday() + TimeDelta::hours(1))),
        (stranger, event("page_view", monday())),
    ];
    let outcome = intake::bulk_events(&app.app.intake(), rows, None, &Actor::System).await.unwrap();
    assert!(matches!(&outcome.rows[0], RowOutcome::Refused(why) if why.contains("future")), "{outcome:?}");
    assert!(
        matches!(&outcome.rows[1], RowOutcome::Refused(why) if why.contains("who@example.com")),
        "{outcome:?}"
    );
    assert_eq!(app.value::<i64>("select count(*) from events").await, 0);
}

#[tokio::test]
async fn a_set_of_leads_is_brought_in_once() {
    let app = support::app().await;
    let rows: Vec<_> = (0..50).map(|n| good_fit(&format!("Lead {}", n % 40))).collect();
    let first = intake::bulk_leads(&app.app.intake(), rows.clone(), None, &Actor::System).await.unwrap();
    assert_eq!(first.rows.iter().filter(|row| matches!(row, RowOutcome::Added(_))).count(), 40);
    let again = intake::bulk_leads(&app.app.intake(), rows, None, &Actor::System).await.unwrap();
    assert!(again.rows.iter().all(|row| matches!(row, RowOutcome::Known(_))));
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 40);
}

#[tokio::test]
async fn a_change_of_an_old_revision_is_refused_with_what_is_stored_now() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let seen = app.load(lead).await;
    app.event(lead, "page_view").await;
    let email = Identity::email(&Email::parse(seen.facts.email.as_deref().unwrap()).unwrap());
    let change = intake::Change {
        facts: seen.facts.clone(),
        consent: seen.consent.clone(),
        do_not_contact: true,
        identities: vec![email],
    };
    let refused = intake::change(&app.app, lead, seen.revision, change, &Actor::System).await.unwrap();
    assert!(matches!(refused, Err(intake::ChangeRefused::Stale(now)) if now.revision > seen.revision));
    assert!(!app.load(lead).await.do_not_contact);
}

#[tokio::test]
async fn a_new_version_judges_every_lead_again_and_leaves_claimed_ones_alone() {
    let app = support::app().await;
    let rep = app.person("sales", "member").await;
    let claimed = app.offered("Anna Meyer").await;
    baton::handoffs::actions::claim_next(&app.app, &rep, None).await.unwrap().unwrap();
    let low = app.good_fit("Ben Okafor").await;
    app.event(low, "page_view").await;
    let before = app.load(low).await;
    assert_eq!(app.one::<i64>("select count(*) from handoffs where lead_id = $1", low).await, 0);
    let mut terms = baton::agreement::terms::Terms::default_agreement();
    terms.categories.interest_high = 0.5;
    let number =
        baton::handoffs::rejudge::put_in_force(&app.app, &terms, &Actor::Rule("test".into())).await.unwrap();
    let run = uuid::Uuid::new_v4();
    baton::handoffs::rejudge::all(&app.app, run).await.unwrap();
    let after = app.load(low).await;
    assert_eq!((before.judged_version, after.judged_version), (number - 1, number));
    assert!(after.hot_until > before.hot_until);
    assert_eq!(app.one::<String>("select state from handoffs where lead_id = $1", low).await, "offered");
    assert_eq!(app.one::<String>("select state from handoffs where lead_id = $1", claimed).await, "claimed");
    assert_eq!(app.one::<i32>("select version from handoffs where lead_id = $1", claimed).await, number - 1);
    let done: i64 = sqlx::query_scalar("select done from job_runs where id = $1 and state = 'done'")
        .bind(run)
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(done, 2);
    assert_eq!(
        app.value::<i64>("select count(*) from graphile_worker.jobs where task_identifier = 'rejudge_all'")
            .await,
        1
    );
}
