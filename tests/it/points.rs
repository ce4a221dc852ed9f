//! Points learnt from closed leads, from the choice of fields to the draft.

use baton::agreement::actions::begin_draft;
use baton::agreement::queries as versions;
use baton::agreement::terms::Terms;
use baton::audit::Actor;
use baton::handoffs::intake;
use baton::points::jobs;
use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use crate::support::{self, Client, TestApp};

/// Leads of an online school: those in software and those who saw the prices convert far more often. What sales noted
/// of them stands on those that it has spoken with alone.
async fn school(app: &TestApp, count: usize) {
    sqlx::query("insert into custom_fields (key, label, kind, created_at) values ('converted', 'Converted', 'bool', now()), ('lead_quality', 'Lead quality', 'text', now())")
        .execute(app.pool())
        .await
        .expect("the fields");
    for n in 0..count {
        let mut new = support::good_fit(&format!("Person {n}"));
        let (software, pricing) = (n % 3 == 0, n % 5 < 2);
        new.facts.industry = Some(if software { "Software" } else { "Retail" }.to_owned());
        let converted = match (software, pricing) {
            (true, true) => n % 11 != 0,
            (false, false) => n % 13 == 0,
            _ => n % 2 == 0,
        };
        new.facts.custom.insert("converted".into(), json!(converted));
        new.facts.custom.insert("lead_quality".into(), json!(if converted { "high" } else { "low" }));
        let at = app.app.clock.now() - TimeDelta::hours(3);
        let events = if pricing { vec![support::event("pricing_view", at)] } else { vec![] };
        intake::create(&app.app, new, events, &Actor::System).await.expect("no fault").expect("no duplicate");
    }
}

/// A manager with a draft.
async fn drafting(app: &TestApp) -> (Client, i32) {
    let manager = app.person("marketing", "manager").await;
    let number = begin_draft(&app.app, &manager).await.expect("a draft");
    (app.sign_in(&manager).await, number)
}

async fn terms(app: &TestApp, number: i32) -> Terms {
    let mut conn = app.pool().acquire().await.expect("a connection");
    let row = versions::version(&mut conn, number).await.expect("no fault").expect("the version");
    serde_json::from_value(row.terms).expect("terms")
}

/// Asks for a suggestion from these fields and has it made. Its address.
async fn suggested(app: &TestApp, manager: &mut Client, number: i32, fields: &[&str]) -> String {
    let mut form = vec![("outcome", "custom.converted")];
    form.extend(fields.iter().map(|field| ("column", *field)));
    let asked = manager.post(&format!("/agreement/{number}/points"), &form).await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    let address = asked.location().to_owned();
    assert!(manager.get(&address).await.text("[role=status]").contains("Learning"));
    let id: Uuid = address.rsplit('/').next().expect("an id").parse().expect("an id");
    jobs::run(&app.app, id).await.expect("the work");
    address
}

#[tokio::test]
async fn fields_are_offered_with_what_sales_fills_in_left_out_and_warned_about() {
    let app = support::app().await;
    school(&app, 60).await;
    let (mut manager, number) = drafting(&app).await;
    let page = manager.get(&format!("/agreement/{number}/points?outcome=custom.converted")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let ticked = page.attributes("input[name=column][checked]", "value");
    assert_eq!(ticked, ["industry", "event.pricing_view"]);
    assert!(page.text(".points-suspect").contains("Lead quality"));
    assert!(page.text(".points-warning").contains("sales fills it in after contact"));
    assert!(!page.has("input[value='custom.converted'][name=column]"));
    let none = manager.post(&format!("/agreement/{number}/points"), &[("outcome", "custom.converted")]).await;
    assert!(none.status == 422 && none.text("[role=alert]").contains("No field is ticked"));
    let wrong = manager
        .post(&format!("/agreement/{number}/points"), &[("outcome", "luck"), ("column", "industry")])
        .await;
    assert!(wrong.status == 422 && wrong.text("[role=alert]").contains("“luck” is not an outcome"));
    assert_eq!(
        wrong.attributes("input[name=column][checked]", "value"),
        [""; 0],
        "{}",
        "no closed leads by deals"
    );
}

#[tokio::test]
async fn points_are_learnt_shown_and_taken_in_only_when_a_manager_says_so() {
    let app = support::app().await;
    school(&app, 240).await;
    let (mut manager, number) = drafting(&app).await;
    let before = terms(&app, number).await;
    let address = suggested(&app, &mut manager, number, &["industry", "event.pricing_view"]).await;
    let page = manager.get(&address).await;
    assert!(!page.has("[role=status] .icon") && !page.body.contains("Too few closed leads"), "{}", page.body);
    let clauses = page.texts("main td.who");
    assert!(
        clauses.contains(&"Industry is Software".to_owned())
            && clauses.contains(&"Pricing page view".to_owned()),
        "{clauses:?}"
    );
    assert_eq!(terms(&app, number).await, before, "nothing is applied by itself");
    let mut rep = app.rep().await;
    let read = rep.get(&address).await;
    assert!(read.status == 200 && !read.has("input[name=line]"), "others read it");
    assert_eq!(rep.post(&format!("{address}/accept"), &[("mode", "add"), ("line", "0")]).await.status, 403);

    let software = page.attributes("input[name=line]", "value")[0].clone();
    let taken = manager.post(&format!("{address}/accept"), &[("mode", "add"), ("line", &software)]).await;
    assert_eq!(taken.status, 303, "{}", taken.body);
    let after = terms(&app, number).await;
    assert_eq!(after.fit.rules.len(), before.fit.rules.len() + 1);
    assert!(after.fit.rules.iter().any(|rule| rule.key == "industry_is_software" && rule.points > 10));
    assert_eq!((&after.interest, &after.categories), (&before.interest, &before.categories));

    let mut form = vec![("mode", "replace"), ("thresholds", "true")];
    let lines = page.attributes("input[name=line]", "value");
    form.extend(lines.iter().map(|line| ("line", line.as_str())));
    assert_eq!(manager.post(&format!("{address}/accept"), &form).await.status, 303);
    let whole = terms(&app, number).await;
    assert_eq!(whole.validate(), Ok(()));
    assert!(whole.fit.rules.iter().all(|rule| rule.key.starts_with("industry_is")), "{:?}", whole.fit);
    assert!(
        whole.interest.rules.iter().all(|rule| rule.event == "pricing_view" && rule.cap == Some(rule.points))
    );
    let recorded: i64 = app.value("select count(*) from audit_entries where verb = 'draft_changed'").await;
    assert_eq!(recorded, 2);
    let nothing = manager.post(&format!("{address}/accept"), &[("mode", "add")]).await;
    assert!(nothing.status == 422 && nothing.text("[role=alert]").contains("No clause is ticked"));
}

#[tokio::test]
async fn too_few_closed_leads_are_said_plainly() {
    let app = support::app().await;
    school(&app, 45).await;
    let (mut manager, number) = drafting(&app).await;
    let address = suggested(&app, &mut manager, number, &["industry", "event.pricing_view"]).await;
    assert!(manager.get(&address).await.body.contains("Too few closed leads to tell"));
    let blank = suggested(&app, &mut manager, number, &["title"]).await;
    let page = manager.get(&blank).await;
    assert!(
        page.text("[role=alert]").contains("None of the chosen fields tells leads apart"),
        "{}",
        page.body
    );
    let early = manager.post(&format!("{blank}/accept"), &[("mode", "add"), ("line", "0")]).await;
    assert_eq!(early.status, 409);
}

#[tokio::test]
async fn leads_are_closed_by_deals_and_hand_backs_and_only_when_nothing_is_open() {
    let app = support::app().await;
    app.unlimited_capacity().await;
    let close = "update handoffs set state = 'converted', owner_id = gen_random_uuid(), claimed_at = offered_at, closed_at = offered_at where lead_id = $1";
    let back = "update handoffs set state = 'handed_back', closed_at = offered_at, hand_back_reason = 'r', hand_back_kind = $2 where lead_id = $1";
    let deal = "insert into deals (lead_id, id, name, amount, currency, expected_close, state, owner_id, opened_at, closed_at)
                values ($1, gen_random_uuid(), 'Deal', 1, 'EUR', '2027-01-01', $2, gen_random_uuid(), now(), case when $2 = 'open' then null else now() end)";
    for (name, deals, kind) in [
        ("Won", vec!["won"], None),
        ("Won and open", vec!["won", "open"], None),
        ("Lost", vec!["lost"], None),
        ("Lost and open", vec!["lost", "open"], None),
        ("Rejected", vec![], Some("reject")),
        ("Recycled", vec![], Some("recycle")),
        ("Waiting", vec![], Some("")),
    ] {
        let lead = app.offered(name).await;
        match kind {
            None => _ = sqlx::query(close).bind(lead.0).execute(app.pool()).await.expect("closed"),
            Some("") => {}
            Some(kind) => {
                _ = sqlx::query(back).bind(lead.0).bind(kind).execute(app.pool()).await.expect("back")
            }
        }
        for state in deals {
            sqlx::query(deal).bind(lead.0).bind(state).execute(app.pool()).await.expect("a deal");
        }
    }
    let never = app.good_fit("Never handed over").await;
    sqlx::query("update leads set stage = 'disqualified' where id = $1")
        .bind(never.0)
        .execute(app.pool())
        .await
        .expect("set");
    let (mut manager, number) = drafting(&app).await;
    let page = manager.get(&format!("/agreement/{number}/points")).await;
    assert!(page.text("main").contains("4 closed leads"), "won twice, lost, rejected: {}", page.text("main"));
    let asked = manager
        .post(&format!("/agreement/{number}/points"), &[("outcome", "deals"), ("column", "title")])
        .await;
    let id: Uuid = asked.location().rsplit('/').next().expect("an id").parse().expect("an id");
    jobs::run(&app.app, id).await.expect("the work");
    assert!(manager.get(asked.location()).await.text("[role=alert]").contains("2 won and 2 lost leads"));
}
