//! Who may claim, as the agreement says.

use baton::agreement::terms::Terms;
use baton::agreement::versions;
use baton::audit::Actor;
use baton::handoffs::queries;
use baton::kernel::ids::LeadId;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::{self, Client, TestApp, good_fit};

async fn in_force(app: &TestApp, terms: &Terms) -> i32 {
    let mut conn = app.pool().acquire().await.expect("a connection");
    versions::put_in_force(&mut conn, terms, &Actor::Rule("test".into()), app.app.clock.now())
        .await
        .expect("sound terms")
}

/// The default agreement in which only these claim from the queue of inbound requests.
fn inbound_for(members: &[&str]) -> Terms {
    let mut terms = Terms::default_agreement();
    let queue = terms.routing.queues.iter_mut().find(|queue| queue.key == "inbound").expect("the queue");
    queue.members = members.iter().map(|member| (*member).to_owned()).collect();
    terms
}

async fn claim_path(app: &TestApp, lead: LeadId) -> String {
    let handoff: Uuid =
        app.one("select id from handoffs where lead_id = $1 and closed_at is null", lead).await;
    format!("/leads/{lead}/handoffs/{handoff}/claim")
}

/// A lead that waits in the fallback queue: hot by what it did, without a fast track.
async fn warm(app: &TestApp, name: &str) -> LeadId {
    let lead = app.good_fit(name).await;
    for _ in 0..4 {
        app.event(lead, "pricing_view").await;
        app.event(lead, "webinar_attended").await;
    }
    let queue: String = app.one("select queue from handoffs where lead_id = $1", lead).await;
    assert_eq!(queue, "smb");
    lead
}

async fn stay(rep: &mut Client, path: &str) -> bool {
    rep.get(path).await.has("main form[action$='/claim'], main form[action='/claim-next']")
}

#[tokio::test]
async fn only_the_reps_whom_the_agreement_names_claim_from_a_queue() {
    let app = support::app().await;
    let mut member = app.rep().await;
    let mut other = app.rep().await;
    in_force(&app, &inbound_for(&[&member.me().email.clone()])).await;
    let lead = app.offered("Anna Meyer").await;
    let path = claim_path(&app, lead).await;
    let refused = other.post(&path, &[]).await;
    assert_eq!(refused.status, 409);
    let why = refused.text(".refusal-message");
    assert!(why.contains("Inbound requests") && why.contains("clause 7.1"), "{why}");
    assert_eq!(other.post("/claim-next", &[("queue", "inbound")]).await.status, 409);
    assert!(!stay(&mut other, "/queues/inbound").await, "no button that would be refused");
    let page = other.get(&format!("/leads/{lead}")).await;
    assert!(page.has("#handoff button[disabled]") && page.text("#claim-refused").contains("clause 7.1"));
    assert!(stay(&mut member, "/queues/inbound").await);
    assert_eq!(member.post(&path, &[]).await.status, 303);
    assert_eq!(app.load(lead).await.owner, Some(member.me().id));
}

#[tokio::test]
async fn claim_next_looks_only_at_the_queues_of_which_the_rep_is_a_member() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    in_force(&app, &inbound_for(&["somebody.else@example.com"])).await;
    let inbound = app.offered("Anna Meyer").await;
    let page = rep.post("/claim-next", &[]).await;
    assert_eq!((page.status, page.location()), (303, "/queues"), "what waits elsewhere is not theirs");
    let open = warm(&app, "Bela Roth").await;
    let page = rep.post("/claim-next", &[]).await;
    assert_eq!(page.location(), format!("/leads/{open}"));
    assert_eq!(app.load(inbound).await.owner, None);
}

#[tokio::test]
async fn who_has_not_acknowledged_the_version_in_force_is_led_to_it_where_the_agreement_asks_for_it() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let signer = app.person("sales", "manager").await;
    let mut terms = Terms::default_agreement();
    terms.routing.acknowledge_to_claim = true;
    let number = in_force(&app, &terms).await;
    let (first, second) = (app.offered("Anna Meyer").await, app.offered("Bela Roth").await);
    for path in [claim_path(&app, first).await, "/claim-next".to_owned()] {
        let refused = rep.post(&path, &[]).await;
        assert_eq!(refused.status, 409);
        assert!(refused.text(".refusal-message").contains("acknowledged the version in force"));
        assert!(refused.text(".refusal-message").contains("clause 7."));
        assert!(refused.has(".refusal a[href='/agreement']"), "the way to do it");
    }
    for path in ["/", "/queues", "/queues/inbound"] {
        assert!(!stay(&mut rep, path).await, "{path}");
        assert!(rep.get(path).await.has("main .alert a[href='/agreement']"), "{path}");
    }
    sqlx::query("insert into agreement_acknowledgements (version, user_id, at) values ($1, $2, now())")
        .bind(number)
        .bind(rep.me().id.0)
        .execute(app.pool())
        .await
        .expect("the row");
    assert!(stay(&mut rep, "/queues").await);
    assert_eq!(rep.post(&claim_path(&app, first).await, &[]).await.status, 303);
    sqlx::query(
        "insert into agreement_signatures (version, department, user_id, name, terms_sha256, signed_at)
         values ($1, 'sales', $2, 'x', 'x', now())",
    )
    .bind(number)
    .bind(signer.id.0)
    .execute(app.pool())
    .await
    .expect("the row");
    let mut signer = app.sign_in(&signer).await;
    assert_eq!(signer.post(&claim_path(&app, second).await, &[]).await.status, 303, "who signed has read it");
}

#[tokio::test]
async fn who_is_away_does_not_claim_until_they_are_back() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let lead = app.offered("Anna Meyer").await;
    sqlx::query("update users set away_until = $2 where id = $1")
        .bind(rep.me().id.0)
        .bind(app.app.clock.now() + TimeDelta::hours(2))
        .execute(app.pool())
        .await
        .expect("the row");
    let refused = rep.post("/claim-next", &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text(".refusal-message").contains("away until 23 Nov 2026"));
    assert!(!stay(&mut rep, "/queues/inbound").await);
    app.advance(TimeDelta::hours(2));
    assert_eq!(rep.post(&claim_path(&app, lead).await, &[]).await.status, 303);
}

#[tokio::test]
async fn a_claim_waits_for_what_the_move_requires_and_claim_next_takes_a_lead_that_has_it() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let mut terms = Terms::default_agreement();
    let claim = |t: &&mut baton::agreement::terms::Transition| t.from == "handed_off" && t.to == "accepted";
    terms.jurisdictions.transitions.iter_mut().find(claim).expect("the move").requires = vec!["phone".into()];
    in_force(&app, &terms).await;
    let without = app.offered("Anna Meyer").await;
    let refused = rep.post(&claim_path(&app, without).await, &[]).await;
    assert_eq!(refused.status, 409);
    let why = refused.text(".refusal-message");
    assert!(why.contains("needs phone") && why.contains("clause 2."), "{why}");
    let mut new = good_fit("Bela Roth");
    new.facts.phone = Some("+4930123456".into());
    let with = app.lead(new).await;
    app.event(with, "demo_request").await;
    assert_eq!(rep.post("/claim-next", &[]).await.location(), format!("/leads/{with}"));
    assert_eq!(rep.post("/claim-next", &[]).await.status, 409, "only the other one is left");
}

#[tokio::test]
async fn the_reps_are_all_of_sales_with_what_they_hold_and_whether_they_have_acknowledged() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    app.marketer().await;
    let gone = app.person("sales", "member").await;
    app.offered("Anna Meyer").await;
    assert_eq!(rep.post("/claim-next", &[]).await.status, 303);
    sqlx::query("update users set active = false where id = $1")
        .bind(gone.id.0)
        .execute(app.pool())
        .await
        .expect("the row");
    sqlx::query("insert into agreement_acknowledgements (version, user_id, at) values (1, $1, now())")
        .bind(gone.id.0)
        .execute(app.pool())
        .await
        .expect("the row");
    let mut conn = app.pool().acquire().await.expect("a connection");
    let mut told: Vec<_> = queries::reps(&mut conn, 1)
        .await
        .expect("no fault")
        .into_iter()
        .map(|known| (known.id, known.active, known.holds, known.has_acknowledged))
        .collect();
    told.sort_by_key(|(id, ..)| *id != rep.me().id);
    assert_eq!(told, [(rep.me().id, true, 1, false), (gone.id, false, 0, true)]);
}
