//! Checks, terms as a file, and comments: how a draft is talked about and taken elsewhere.

use axum::body::Body;
use axum::http::Method;
use baton::agreement::actions;
use baton::agreement::conversation;
use baton::agreement::terms::Terms;

use crate::support::client::Page;
use crate::support::{self, Client, TestApp};

/// A manager who has begun version 2.
async fn draft(app: &TestApp) -> Client {
    let manager = app.client("sales", "manager").await;
    assert_eq!(actions::begin_draft(&app.app, manager.me()).await.expect("a draft"), 2);
    manager
}

/// Changes the draft behind everybody's back.
async fn change(app: &TestApp, manager: &Client, change: impl FnOnce(&mut Terms)) {
    let changed = actions::change_draft(&app.app, manager.me(), 2, &[], |terms| {
        let mut terms = terms.clone();
        change(&mut terms);
        Ok::<_, ()>(terms)
    });
    changed.await.expect("no fault").expect("no refusal");
}

/// The terms of the draft as they are stored.
async fn stored(app: &TestApp) -> Terms {
    let terms = app.value::<serde_json::Value>("select terms from agreement_versions where number = 2").await;
    serde_json::from_value(terms).expect("terms")
}

/// Sends the form of the import as a browser does.
async fn import(client: &mut Client, fields: &[(&str, &str)], file: Option<&str>) -> Page {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some(text) = file {
        body += &format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"terms.toml\"\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        );
    }
    body += "--edge--\r\n";
    let headers = [("content-type", "multipart/form-data; boundary=edge"), ("sec-fetch-site", "same-origin")];
    client.send(Method::POST, "/agreement/2/import", &headers, Body::from(body)).await
}

/// The hash that the form of the import begins with.
async fn began_with(client: &mut Client) -> String {
    client.get("/agreement/2/import").await.attributes("[name=began_with]", "value").remove(0)
}

#[tokio::test]
async fn the_checks_name_the_clause_what_it_would_cause_and_what_to_do_and_managers_are_led_to_it() {
    let app = support::app().await;
    let mut manager = draft(&app).await;
    assert!(manager.get("/agreement/2/checks").await.text("main").contains("Nothing to point out"));
    change(&app, &manager, |terms| {
        terms.routing.queues[1].members = vec!["gone@example.com".into()];
        terms.routing.fallback_queue = "vip".into();
    })
    .await;
    let page = manager.get("/agreement/2/checks").await;
    let blocking = page.text("#must .check-problem");
    assert_eq!(blocking, "“vip” is not a queue of this agreement.");
    assert!(page.texts("#must .check-words")[0].contains("cannot be proposed"));
    assert!(
        page.texts("#look .check-problem")
            .iter()
            .any(|said| said.contains("Nobody claims from the queue “Enterprise”"))
    );
    assert_eq!(page.attributes("#look .check-clause", "href")[0], "/agreement/2#clause-7.2");
    let edits = page.attributes("#look .btn", "href");
    assert_eq!(edits[0], "/agreement/2/clauses/routing.queues.enterprise");
    // Whoever cannot change it reads the same without the way to it.
    let mut rep = app.rep().await;
    let page = rep.get("/agreement/2/checks").await;
    assert!(page.has("#must") && !page.has("#look .btn"));
    assert_eq!(rep.get("/agreement/9/checks").await.status, 404);
}

#[tokio::test]
async fn a_version_is_downloaded_changed_elsewhere_and_imported_again() {
    let app = support::app().await;
    let mut manager = draft(&app).await;
    let file = app.rep().await.get("/agreement/2/terms.toml").await;
    assert!(file.headers["content-disposition"].to_str().unwrap().contains("agreement-version-2.toml"));
    assert_eq!(Terms::from_toml(&file.body).expect("terms"), Terms::default_agreement());
    let changed = file
        .body
        .replace("fit_good = 50", "fit_good = 65")
        .replace("cool_off_days = 14", "cool_off_days = 21");
    let began = began_with(&mut manager).await;
    let page = import(&mut manager, &[("began_with", &began), ("text", "")], Some(&changed)).await;
    assert_eq!((page.status, page.location()), (303, "/agreement/2/edit"));
    let shown = manager.get("/agreement/2/checks").await.text("#flashes");
    assert!(shown.contains("2 clauses are different now: 2 changed."), "{shown}");
    let terms = stored(&app).await;
    assert_eq!((terms.categories.fit_good, terms.handoff.cool_off_days), (65, 21));
    let places: serde_json::Value =
        app.value("select detail -> 'places' from audit_entries where verb = 'draft_changed'").await;
    assert_eq!(places, serde_json::json!(["categories.fit_good", "handoff.cool_off_days"]));
}

#[tokio::test]
async fn a_file_with_anything_wrong_is_refused_as_a_whole_and_its_text_is_kept() {
    let app = support::app().await;
    let mut manager = draft(&app).await;
    let mut terms = Terms::default_agreement();
    terms.categories.fit_good = 65;
    terms.handoff.packet_fields.push("custom.seats".into());
    terms.routing.queues[0].members = vec!["gone@example.com".into()];
    let began = began_with(&mut manager).await;
    let text = terms.to_toml();
    let page = import(&mut manager, &[("began_with", &began), ("text", &text)], None).await;
    assert_eq!(page.status, 422);
    let faults = page.texts(".faults li");
    assert!(
        faults[0]
            .starts_with("6. handoff.packet_fields[3]: “custom.seats” is not a field of this organisation"),
        "{faults:?}"
    );
    assert!(
        faults[1].starts_with(
            "7. routing.queues[0].members[0]: “gone@example.com” is not an active user of Sales"
        ),
        "{faults:?}"
    );
    assert!(page.text("textarea").contains("custom.seats"), "what was typed is kept");
    assert_eq!(stored(&app).await, Terms::default_agreement(), "nothing of it was taken");
    // The same file is fine once the field is there and the person works here.
    sqlx::query(
        "insert into custom_fields (key, label, kind, created_at) values ('seats', 'Seats', 'number', now())",
    )
    .execute(app.pool())
    .await
    .unwrap();
    let rep = app.person("sales", "member").await;
    let text = text.replace("gone@example.com", &rep.email);
    let page = import(&mut manager, &[("began_with", &began), ("text", &text)], None).await;
    assert_eq!(page.status, 303, "{:?}", page.texts(".faults li"));
    let broken = import(&mut manager, &[("text", "title = \"x")], None).await;
    assert!(broken.status == 422 && broken.text(".faults li").contains("line 1, column"));
    let empty = import(&mut manager, &[("text", " ")], None).await;
    assert!(empty.status == 422 && empty.text("#f-text-error").contains("Choose a file"));
}

#[tokio::test]
async fn an_import_does_not_overwrite_what_somebody_else_changed_meanwhile() {
    let app = support::app().await;
    let mut manager = draft(&app).await;
    let began = began_with(&mut manager).await;
    change(&app, &manager, |terms| terms.handoff.max_cycles = 5).await;
    let mut terms = Terms::default_agreement();
    terms.categories.fit_good = 65;
    let text = terms.to_toml();
    let page = import(&mut manager, &[("began_with", &began), ("text", &text)], None).await;
    assert_eq!(page.status, 409);
    assert!(page.text(".alert-danger").contains("was changed after this form was opened"));
    assert_eq!(stored(&app).await.handoff.max_cycles, 5);
    // Sent again, knowingly, it counts.
    let began = page.attributes("[name=began_with]", "value").remove(0);
    let page = import(&mut manager, &[("began_with", &began), ("text", &text)], None).await;
    assert_eq!((page.status, stored(&app).await), (303, terms));
    // A version in force takes nothing.
    assert_eq!(manager.get("/agreement/1/import").await.status, 409);
}

#[tokio::test]
async fn everybody_comments_on_a_clause_and_takes_back_only_their_own_words() {
    let app = support::app().await;
    draft(&app).await;
    let (mut rep, mut marketer) = (app.rep().await, app.marketer().await);
    assert!(rep.get("/agreement/2/comments").await.text("main").contains("Nobody has said anything yet"));
    let form = [("place", "categories.fit_good"), ("body", "Too low.\r\n<b>60</b> at least.")];
    let page = rep.post("/agreement/2/comments", &form).await;
    assert!(page.status == 303 && page.location().contains("#comment-"), "{}", page.body);
    let page = marketer.get("/agreement/2/comments").await;
    assert!(
        page.body.contains("Too low.\n&#60;b&#62;60&#60;/b&#62; at least."),
        "escaped, with its line break"
    );
    assert!(
        page.text(".comment-head").contains(&rep.me().name) && page.text(".card-title a") == "Clause 5.1"
    );
    assert!(!page.has(".comment .act"), "nobody takes back what another said");
    let mut conn = app.pool().acquire().await.unwrap();
    assert_eq!(conversation::counts(&mut conn, 2).await.unwrap().get("categories.fit_good"), Some(&1));
    let act = rep.get("/agreement/2/comments").await.attributes(".comment .act", "action").remove(0);
    assert_eq!(marketer.post(&act, &[]).await.status, 404);
    assert_eq!(rep.post(&act, &[]).await.status, 303);
    let page = marketer.get("/agreement/2/comments").await;
    assert!(page.text(".comment-body") == "Taken back." && !page.body.contains("Too low"));
    assert_eq!(conversation::counts(&mut conn, 2).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_comment_names_a_clause_that_is_there_and_says_something() {
    let app = support::app().await;
    let mut manager = draft(&app).await;
    let page = manager.post("/agreement/2/comments", &[("place", "fit.rules.gone"), ("body", "Why?")]).await;
    assert!(page.status == 422 && page.text("#f-place-error").contains("not in the version"));
    assert_eq!(page.text("textarea"), "Why?", "what was typed is kept");
    let page = manager.post("/agreement/2/comments", &[("place", "title"), ("body", " \n ")]).await;
    assert!(page.status == 422 && page.text("#f-body-error").contains("Write what you think"));
    let long = "x".repeat(conversation::LONGEST + 1);
    let page = manager.post("/agreement/2/comments", &[("place", "title"), ("body", &long)]).await;
    assert!(page.status == 422 && page.text("#f-body-error").contains("10001"));
    let over = manager.post("/agreement/1/comments", &[("place", "title"), ("body", "Still?")]).await;
    assert!(over.status == 409 && over.text("main").contains("its negotiation is over"), "{}", over.status);
}
