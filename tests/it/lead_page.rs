//! The page of one lead: why it is where it is, what happened, and what people add to it.

use baton::handoffs::actions;
use chrono::TimeDelta;

use crate::support::{self, good_fit, monday};

fn numbers(texts: &[String]) -> f64 {
    texts.iter().map(|text| text.parse::<f64>().expect("a number")).sum()
}

#[tokio::test]
async fn both_scores_are_the_sum_of_their_reasons() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    app.event_at(lead, "page_view", monday() - TimeDelta::days(9)).await;
    app.event_at(lead, "pricing_view", monday() - TimeDelta::days(2)).await;
    app.event_at(lead, "webinar_attended", monday() - TimeDelta::days(1)).await;
    let page = app.rep().await.get(&format!("/leads/{lead}")).await;
    let fit: f64 = page.text("#scores .score-fit .score-points").parse().expect("points");
    let fit_reasons = page.texts("#scores .reasons-fit .reason-points");
    assert!(fit_reasons.len() > 2 && numbers(&fit_reasons) == fit, "{fit_reasons:?} = {fit}");
    let interest: f64 = page.text("#scores .score-interest .score-points").parse().expect("points");
    let reasons = page.texts("#scores .reasons-interest .reason-points");
    assert_eq!(reasons.len(), 3);
    assert!((numbers(&reasons) - interest).abs() < 1.0, "{reasons:?} = {interest}");
}

#[tokio::test]
async fn an_unknown_lead_is_a_404_with_a_way_back() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    for path in ["", "/edit"] {
        let page = rep.get(&format!("/leads/01900000-0000-7000-8000-000000000000{path}")).await;
        assert_eq!(page.status, 404);
        assert!(page.has("main a[href='/leads']"), "{}", page.body);
    }
    let note = rep.post("/leads/01900000-0000-7000-8000-000000000000/notes", &[("body", "hello")]).await;
    assert_eq!(note.status, 404);
}

#[tokio::test]
async fn what_people_and_files_bring_is_shown_as_text() {
    let app = support::app().await;
    let mut new = good_fit("Anna Meyer");
    let nasty = "<script>alert('x')</script>\"onmouseover=\"";
    new.facts.name = Some(nasty.to_owned());
    new.facts.company = Some(nasty.to_owned());
    new.facts.custom.insert(nasty.to_owned(), nasty.into());
    new.facts.first_touch.source = Some(nasty.to_owned());
    let lead = app.lead(new).await;
    let mut marketer = app.marketer().await;
    marketer.post(&format!("/leads/{lead}/notes"), &[("body", nasty)]).await;
    marketer
        .post(
            &format!("/leads/{lead}/events"),
            &[("kind", "reply"), ("occurred_at", "2026-11-20T10:00"), ("property", nasty), ("value", nasty)],
        )
        .await;
    for path in [
        "/leads".to_owned(),
        "/leads?view=plane".to_owned(),
        format!("/leads/{lead}"),
        format!("/leads/{lead}/edit"),
    ] {
        let page = marketer.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("<script>alert") && !page.body.contains("\"onmouseover"), "{path}");
    }
    let page = marketer.get(&format!("/leads/{lead}")).await;
    assert!(page.texts(".history-title").iter().any(|title| title == "Reply"));
    assert!(page.text("h1").starts_with("<script>alert('x')"));
}

#[tokio::test]
async fn the_timeline_tells_everything_once_newest_first_page_by_page() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    for n in 0..70 {
        app.event_at(lead, "email_open", monday() - TimeDelta::hours(n)).await;
    }
    let mut rep = app.rep().await;
    app.advance(TimeDelta::minutes(5));
    rep.post(&format!("/leads/{lead}/notes"), &[("body", "Met on the fair")]).await;
    let (mut path, mut titles, mut times) = (format!("/leads/{lead}"), vec![], vec![]);
    loop {
        let page = rep.get(&path).await;
        titles.extend(page.texts("#timeline .history-title"));
        times.extend(page.attributes("#timeline .history-time", "datetime"));
        match page.attributes("#timeline a.btn", "href").pop() {
            Some(older) => path = older.trim_end_matches("#timeline").to_owned(),
            None => break,
        }
    }
    assert!(times.is_sorted_by(|a, b| a >= b));
    assert_eq!(titles.first().map(String::as_str), Some(format!("Note by {}", rep.me().name).as_str()));
    assert_eq!(titles.iter().filter(|title| *title == "E-mail opened").count(), 70);
    assert_eq!(titles.iter().filter(|title| title.starts_with("Added by")).count(), 1);
}

#[tokio::test]
async fn a_refused_note_activity_or_event_keeps_what_was_typed() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let mut marketer = app.marketer().await;
    let note = marketer.post(&format!("/leads/{lead}/notes"), &[("body", "  ")]).await;
    assert_eq!(note.status, 422);
    assert!(note.has(".field:has(#note-body) .form-error"));
    let call = marketer
        .post(&format!("/leads/{lead}/activities"), &[("what", "call:levitated"), ("body", "He floated")])
        .await;
    assert_eq!(call.status, 422);
    assert!(call.has(".field:has(#activity-what) .form-error"));
    assert_eq!(call.text("#activity-body"), "He floated");
    let form = [
        ("kind", "Demo Request!"),
        ("occurred_at", "2030-01-01T10:00"),
        ("property", "page"),
        ("value", "/x"),
        ("property", "plan"),
        ("value", ""),
    ];
    let added = marketer.post(&format!("/leads/{lead}/events"), &form).await;
    assert_eq!(added.status, 422);
    assert!(added.text(".field:has(#event-kind) .form-error").contains("“Demo Request!”"));
    assert!(added.text(".field:has(#event-occurred_at) .form-error").contains("future"));
    assert!(added.text("#event-property").contains("“plan” has no value"));
    assert_eq!(added.attributes("#event-kind", "value"), ["Demo Request!"]);
    assert_eq!(added.attributes("input[name=property]", "value"), ["page", "plan", "", ""]);
    assert_eq!(app.one::<i64>("select count(*) from events where lead_id = $1", lead).await, 0);
    assert_eq!(app.one::<i64>("select count(*) from activities where lead_id = $1", lead).await, 0);
}

#[tokio::test]
async fn an_event_by_hand_counts_once_and_may_hand_the_lead_over() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let mut marketer = app.marketer().await;
    let page = marketer.get(&format!("/leads/{lead}")).await;
    let key = page.attributes("input[name=key]", "value").concat();
    // Berlin is an hour ahead of London in November.
    assert_eq!(page.attributes("#event-occurred_at", "value"), ["2026-11-23T11:00"]);
    let form = [
        ("kind", "demo_request"),
        ("occurred_at", "2026-11-23T11:00"),
        ("key", &key),
        ("property", "product"),
        ("value", "Basic"),
    ];
    assert_eq!(
        marketer.post(&format!("/leads/{lead}/events"), &form).await.location(),
        format!("/leads/{lead}")
    );
    marketer.post(&format!("/leads/{lead}/events"), &form).await;
    assert_eq!(app.one::<i64>("select count(*) from events where lead_id = $1", lead).await, 1);
    assert_eq!(
        app.one::<serde_json::Value>("select properties from events where lead_id = $1", lead).await,
        serde_json::json!({ "product": "Basic" })
    );
    assert_eq!(
        app.one::<i64>("select count(*) from handoffs where lead_id = $1 and state = 'offered'", lead).await,
        1
    );
    let page = marketer.get(&format!("/leads/{lead}")).await;
    assert!(page.has("#handoff") && page.text("h1").contains("Handed off"));
    assert_eq!(app.rep().await.post(&format!("/leads/{lead}/events"), &form).await.status, 403);
}

#[tokio::test]
async fn a_lead_that_is_held_back_says_why_and_one_that_is_not_does_not() {
    let app = support::app().await;
    let mut new = good_fit("Anna Meyer");
    new.consent.may_contact = false;
    let held = app.lead(new).await;
    app.event(held, "demo_request").await;
    let mut marketer = app.marketer().await;
    let page = marketer.get(&format!("/leads/{held}")).await;
    assert!(page.text(".holds").contains("not agreed to be contacted"), "{}", page.text(".holds"));
    let cold = app.good_fit("Ben Cold").await;
    assert!(marketer.get(&format!("/leads/{cold}")).await.text(".holds").contains("part 5"));
    let offered = app.offered("Clara Hot").await;
    assert!(!marketer.get(&format!("/leads/{offered}")).await.has(".holds"));
}

#[tokio::test]
async fn a_status_can_be_given_only_along_the_moves_of_ones_department() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let (mut marketer, mut rep) = (app.marketer().await, app.rep().await);
    let offered = marketer.get(&format!("/leads/{lead}")).await.attributes("#status-to option", "value");
    assert!(
        offered.contains(&"disqualified".to_owned()) && !offered.contains(&"customer".to_owned()),
        "{offered:?}"
    );
    assert!(!rep.get(&format!("/leads/{lead}")).await.has("#status-to"), "sales moves no new lead");
    let refused =
        rep.post(&format!("/leads/{lead}/status"), &[("to", "disqualified"), ("reason", "no")]).await;
    assert!(refused.status == 409 && refused.text("main").contains("clause 2."), "{}", refused.text("main"));
    let moved = marketer
        .post(&format!("/leads/{lead}/status"), &[("to", "disqualified"), ("reason", "A student")])
        .await;
    assert_eq!(moved.status, 303, "{}", moved.body);
    let page = marketer.get(&format!("/leads/{lead}")).await;
    assert!(page.text("h1").contains("Disqualified"));
    assert!(page.texts(".history-body").concat().contains("Reason: A student"));
}

#[tokio::test]
async fn the_rep_who_claimed_works_the_lead_on_its_page() {
    let app = support::app().await;
    let lead = app.offered("Anna Meyer").await;
    let mut rep = app.rep().await;
    let claim = rep.get(&format!("/leads/{lead}")).await.attributes("#handoff form", "action").concat();
    assert_eq!(rep.post(&claim, &[]).await.status, 303);
    assert_eq!(
        rep.post(
            &format!("/leads/{lead}/activities"),
            &[("what", "call:connected"), ("body", "Wants a demo")]
        )
        .await
        .status,
        303
    );
    let page = rep.get(&format!("/leads/{lead}")).await;
    let titles = page.texts(".history-title");
    let name = &rep.me().name;
    assert!(
        titles.contains(&format!("Claimed by {name}"))
            && titles.contains(&format!("{name} called: connected")),
        "{titles:?}"
    );
    assert!(page.has("#deals form"), "the first contact opens the way to a deal");
    assert!(page.text("#standing").contains(name.as_str()));
    let held = actions::claim_next(&app.app, rep.me(), None).await.expect("no fault");
    assert_eq!(held, None);
}
