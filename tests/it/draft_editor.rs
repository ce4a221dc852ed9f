//! A draft and its editor.

use baton::agreement::clauses::{self, Place};
use baton::agreement::terms::Terms;
use scraper::{Html, Selector};

use crate::support::client::Page;
use crate::support::{self, Client, TestApp};

/// The form of a clause as a browser would send it back.
fn filled(page: &Page) -> Vec<(String, String)> {
    let document = Html::parse_document(&page.body);
    let select = |selector: &str| Selector::parse(selector).expect("a selector");
    let mut fields = vec![];
    for field in document.select(&select("#clause :is(input, select, textarea)")) {
        let Some(name) = field.attr("name").map(str::to_owned) else { continue };
        let value = match field.value().name() {
            "select" => {
                let options = field.select(&select("option")).collect::<Vec<_>>();
                let chosen =
                    options.iter().find(|option| option.attr("selected").is_some()).or(options.first());
                chosen.and_then(|option| option.attr("value")).unwrap_or_default().to_owned()
            }
            "textarea" => {
                let text: String = field.text().collect();
                text.strip_prefix('\n').unwrap_or(&text).replace('\n', "\r\n")
            }
            _ if field.attr("type") == Some("checkbox") && field.attr("checked").is_none() => continue,
            _ => field.attr("value").unwrap_or_default().to_owned(),
        };
        fields.push((name, value));
    }
    fields
}

/// The form with some fields filled in otherwise.
fn with(fields: Vec<(String, String)>, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let changed: Vec<(String, String)> =
        changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    fields
        .into_iter()
        .filter(|(name, _)| changes.iter().all(|(other, _)| other != name))
        .chain(changed)
        .collect()
}

async fn send(client: &mut Client, path: &str, fields: &[(String, String)]) -> Page {
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.post(path, &fields).await
}

fn at(place: &str) -> String {
    format!("/agreement/2/clauses/{}", baton::web::forms::encode(place))
}

/// A manager with a draft of version 2.
async fn begun(app: &TestApp) -> Client {
    let mut manager = app.client("sales", "manager").await;
    let begun = manager.post("/agreement/drafts", &[]).await;
    assert_eq!((begun.status, begun.location()), (303, "/agreement/2/edit"));
    manager
}

async fn draft(app: &TestApp) -> Terms {
    let terms = app.value("select terms from agreement_versions where number = 2").await;
    serde_json::from_value(terms).expect("terms")
}

#[tokio::test]
async fn every_clause_can_be_opened_and_saved_unchanged() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let before = draft(&app).await;
    for (place, _) in clauses::all(&before) {
        let path = at(&place.to_string());
        let form = manager.get(&path).await;
        assert_eq!(form.status, 200, "{place}");
        let saved = send(&mut manager, &path, &filled(&form)).await;
        assert_eq!(saved.status, 303, "{place}: {:?}", saved.texts("[role=alert]"));
        assert_eq!(draft(&app).await, before, "{place} changed by being saved unchanged");
    }
    assert_eq!(app.value::<i64>("select revision from agreement_versions where number = 2").await, 0);
}

#[tokio::test]
async fn the_draft_shows_every_clause_in_words_with_its_acts_and_members_only_read() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let page = manager.get("/agreement/2/edit").await;
    let terms = draft(&app).await;
    let (links, anchors) = (page.attributes("main a", "href"), page.attributes("main [id]", "id"));
    for (place, _) in clauses::all(&terms) {
        let is_move = matches!(&place, Place::Item { list, .. } if *list == "jurisdictions.transitions");
        let href = at(&place.to_string());
        assert!(links.contains(&href), "{place} cannot be edited from the draft");
        assert!(is_move || anchors.contains(&format!("at-{place}")), "{place}");
    }
    assert!(!page.has("#obstacles"), "the version in force is sound");
    let mut member = app.rep().await;
    let read = member.get("/agreement/2/edit").await;
    assert!(read.status == 200 && read.text("main").contains("Large companies go to the enterprise team"));
    assert!(!read.has("main .draft-acts") && !read.has("main form"));
    assert_eq!(member.get(&at("title")).await.status, 403);
    assert_eq!(member.post(&at("title"), &[("value", "Mine")]).await.status, 403);
    assert_eq!(member.post("/agreement/drafts", &[]).await.status, 403);
}

#[tokio::test]
async fn a_changed_clause_is_saved_recorded_and_read_in_the_draft() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let path = at("fit.rules.size_large");
    let form = manager.get(&path).await;
    let changes = [
        ("label", "Company of 1,000 people or more"),
        ("points", "40"),
        ("when.0.value", "1000"),
        ("when.1.field", "country"),
        ("when.1.op", "is_one_of"),
        ("when.1.value", "DE, \"Congo, Democratic Republic\""),
    ];
    let saved = send(&mut manager, &path, &with(filled(&form), &changes)).await;
    assert_eq!(saved.location(), "/agreement/2/edit#at-fit.rules.size_large");
    let rule =
        draft(&app).await.fit.rules.into_iter().find(|rule| rule.key == "size_large").expect("the rule");
    assert_eq!(
        (rule.label.as_str(), rule.points, rule.when.len()),
        ("Company of 1,000 people or more", 40, 2)
    );
    let page = manager.get("/agreement/2/edit").await;
    assert!(page.text("[id='at-fit.rules.size_large'] .draft-text").contains(
        "employees is at least 1000 and country is one of “DE” or “Congo, Democratic Republic”, 40 points are added"
    ));
    let recorded = app
        .value::<String>("select detail->>'places' from audit_entries where verb = 'draft_changed' order by at desc limit 1")
        .await;
    assert!(recorded.contains("fit.rules.size_large"), "{recorded}");
}

#[tokio::test]
async fn what_cannot_stand_is_refused_beside_its_field_and_nothing_typed_is_lost() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let path = at("fit.rules.size_large");
    let form = manager.get(&path).await;
    let changes = [("label", "Big ones"), ("points", "900"), ("when.0.value", "many")];
    let page = send(&mut manager, &path, &with(filled(&form), &changes)).await;
    assert_eq!(page.status, 422);
    assert!(page.text(".test-errors").contains("“many” is not a number"));
    assert_eq!(page.attributes("[id='f-label']", "value"), ["Big ones"]);
    assert_eq!(page.attributes("[id='f-when.0.value']", "value"), ["many"]);
    let page = send(&mut manager, &path, &with(filled(&page), &[("when.0.value", "1000")])).await;
    assert_eq!(page.status, 422);
    assert!(page.text(".field:has(#f-points) .form-error").contains("use -100 to 100"));
    let saved = send(&mut manager, &path, &with(filled(&page), &[("points", "90")])).await;
    assert_eq!(saved.status, 303);
    let blank = manager.get(&at("routing.rules.inbound")).await;
    let page =
        send(&mut manager, &at("routing.rules.inbound"), &with(filled(&blank), &[("when.0.field", "")]))
            .await;
    assert!(page.status == 422 && page.text(".tests .form-error").contains("add at least one test"));
}

#[tokio::test]
async fn another_test_comes_without_script_and_saves_nothing() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let path = at("fit.rules.size_large");
    let form = manager.get(&path).await;
    assert_eq!(form.texts(".test").len(), 2);
    let more = with(filled(&form), &[("label", "Big"), ("more", "when")]);
    let page = send(&mut manager, &path, &more).await;
    assert_eq!((page.status, page.texts(".test").len()), (200, 3));
    assert_eq!(page.attributes("#f-label", "value"), ["Big"]);
    assert_eq!(draft(&app).await, Terms::default_agreement());
}

#[tokio::test]
async fn a_clause_is_added_moved_and_removed() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let form = manager.get("/agreement/2/lists/routing.queues").await;
    let typed = with(filled(&form), &[("label", "Partners & allies")]);
    let added = send(&mut manager, "/agreement/2/lists/routing.queues", &typed).await;
    assert_eq!(added.location(), "/agreement/2/edit#at-routing.queues.partners_allies");
    let keys = |terms: &Terms| clauses::keys(terms, "routing.queues");
    assert_eq!(keys(&draft(&app).await), ["inbound", "enterprise", "smb", "partners_allies"]);
    let moved =
        manager.post(&format!("{}/move", at("routing.queues.partners_allies")), &[("to", "up")]).await;
    assert_eq!(moved.status, 303);
    assert_eq!(keys(&draft(&app).await), ["inbound", "enterprise", "partners_allies", "smb"]);
    let order = [("key", "smb"), ("key", "partners_allies")];
    manager.post("/agreement/2/lists/routing.queues/order", &order).await;
    assert_eq!(keys(&draft(&app).await), ["smb", "partners_allies", "inbound", "enterprise"]);
    let remove = format!("{}/remove", at("routing.queues.partners_allies"));
    let stale = manager.post(&remove, &[("seen", "something else")]).await;
    assert!(stale.status == 409 && stale.text("main").contains("changed this clause since you looked"));
    let page = manager.get("/agreement/2/edit").await;
    let seen = page.attributes("[id='at-routing.queues.partners_allies'] [name=seen]", "value");
    assert_eq!(manager.post(&remove, &[("seen", &seen[0])]).await.status, 303);
    assert_eq!(keys(&draft(&app).await), ["smb", "inbound", "enterprise"]);
}

#[tokio::test]
async fn what_a_change_leaves_open_elsewhere_is_pointed_out_and_leads_to_where_it_is_solved() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let page = manager.get("/agreement/2/edit").await;
    let seen = page.attributes("[id='at-routing.queues.smb'] [name=seen]", "value");
    let removed = manager.post(&format!("{}/remove", at("routing.queues.smb")), &[("seen", &seen[0])]).await;
    assert_eq!(removed.status, 303);
    let page = manager.get("/agreement/2/edit").await;
    assert!(page.text("#flashes").contains("One thing stands in the way"), "{}", page.text("#flashes"));
    assert!(page.text("#obstacles li").contains("“smb” is not a queue of this agreement"));
    assert_eq!(page.attributes("#obstacles a", "href"), [at("routing.fallback_queue")]);
    let form = manager.get(&at("routing.fallback_queue")).await;
    let saved =
        send(&mut manager, &at("routing.fallback_queue"), &with(filled(&form), &[("value", "inbound")]))
            .await;
    assert_eq!(saved.status, 303);
    assert!(!manager.get("/agreement/2/edit").await.has("#obstacles"));
}

#[tokio::test]
async fn two_people_do_not_overwrite_each_other_and_either_version_can_be_kept() {
    let app = support::app().await;
    let mut ours = begun(&app).await;
    let mut theirs = app.client("marketing", "manager").await;
    let path = at("handoff.max_cycles");
    let (our_form, their_form) = (ours.get(&path).await, theirs.get(&path).await);
    assert_eq!(send(&mut theirs, &path, &with(filled(&their_form), &[("value", "5")])).await.status, 303);
    let conflict = send(&mut ours, &path, &with(filled(&our_form), &[("value", "2")])).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text("#theirs").contains("offered 5 times at most"));
    assert!(conflict.text("#yours").contains("offered 2 times at most"));
    assert_eq!(draft(&app).await.handoff.max_cycles, 5);
    assert_eq!(send(&mut ours, &path, &filled(&conflict)).await.status, 303);
    assert_eq!(draft(&app).await.handoff.max_cycles, 2);
    let other = at("handoff.cool_off_days");
    let (our_form, their_form) = (ours.get(&other).await, theirs.get(&path).await);
    assert_eq!(send(&mut theirs, &path, &with(filled(&their_form), &[("value", "9")])).await.status, 303);
    assert_eq!(send(&mut ours, &other, &with(filled(&our_form), &[("value", "30")])).await.status, 303);
    let handoff = draft(&app).await.handoff;
    assert_eq!((handoff.max_cycles, handoff.cool_off_days), (9, 30), "different clauses never conflict");
}

#[tokio::test]
async fn of_many_who_save_one_clause_at_once_one_is_heard_and_of_many_clauses_none_is_lost() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let path = at("handoff.max_cycles");
    let form = filled(&manager.get(&path).await);
    let mut asking = vec![];
    for n in 0..8 {
        let mut client = app.client(if n % 2 == 0 { "sales" } else { "marketing" }, "manager").await;
        let (path, typed) = (path.clone(), with(form.clone(), &[("value", &(10 + n).to_string())]));
        asking.push(tokio::spawn(async move { send(&mut client, &path, &typed).await.status }));
    }
    let mut answers = vec![];
    for asked in asking {
        answers.push(asked.await.expect("an answer"));
    }
    answers.sort_unstable();
    assert_eq!(answers, [303, 409, 409, 409, 409, 409, 409, 409]);
    let mut asking = vec![];
    for n in 0..8 {
        let mut client = app.client("sales", "manager").await;
        let blank = filled(&client.get("/agreement/2/lists/routing.queues").await);
        // All of the same name: each gets a key of its own, and only one may keep the name.
        let typed = with(blank, &[("label", if n < 4 { "Twins" } else { ["A", "B", "C", "D"][n - 4] })]);
        asking.push(tokio::spawn(async move {
            send(&mut client, "/agreement/2/lists/routing.queues", &typed).await.status
        }));
    }
    let mut answers = vec![];
    for asked in asking {
        answers.push(asked.await.expect("an answer"));
    }
    answers.sort_unstable();
    assert_eq!(answers, [303, 303, 303, 303, 303, 422, 422, 422]);
    assert_eq!(draft(&app).await.routing.queues.len(), 3 + 5);
}

#[tokio::test]
async fn the_matrix_lists_every_move_and_each_cell_leads_to_its_form() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let page = manager.get("/agreement/2/edit/jurisdictions").await;
    assert_eq!(page.status, 200);
    let terms = draft(&app).await;
    let statuses = terms.vocabulary.len();
    assert_eq!(page.texts(".matrix td.matrix-listed").len(), terms.jurisdictions.transitions.len());
    assert_eq!(page.attributes(".matrix td a", "href").len(), statuses * (statuses - 1));
    let missing = at("jurisdictions.transitions.new>customer");
    assert!(page.attributes(".matrix td a", "href").contains(&missing));
    let form = manager.get(&missing).await;
    assert_eq!(form.text("h1"), "The move New → Customer");
    let nobody = send(&mut manager, &missing, &filled(&form)).await;
    assert!(nobody.status == 422 && nobody.text("fieldset .form-error").contains("tick at least one"));
    let typed = with(filled(&form), &[("who", "sales"), ("requires", "company"), ("reason", "true")]);
    assert_eq!(send(&mut manager, &missing, &typed).await.status, 303);
    let listed = draft(&app).await.transition("new", "customer").cloned().expect("the move");
    assert_eq!((listed.requires, listed.reason), (vec!["company".to_owned()], true));
    assert_eq!(manager.get(&at("jurisdictions.transitions.new>gone")).await.status, 404);
}

#[tokio::test]
async fn a_status_is_retired_in_one_step_that_says_what_it_changes_and_can_be_taken_back() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    sqlx::query("update leads set status = 'recycled' where id = $1")
        .bind(lead.0)
        .execute(app.pool())
        .await
        .expect("a lead");
    let mut manager = begun(&app).await;
    let page = manager.get("/agreement/2/edit/retire/recycled").await;
    assert!(page.text("main .page-head").contains("One lead stands there now"));
    assert!(!page.has("#changes"));
    let plan = manager.get("/agreement/2/edit/retire/recycled?to=nurturing").await;
    assert!(plan.text("#changes").contains("its leads become Nurturing when this version comes into force"));
    let seen = plan.attributes("#changes [name=seen]", "value")[0].clone();
    // Somebody takes one of the moves away, so that something else would happen than what was shown.
    let page = manager.get(&at("hand_back.reasons.not_now")).await;
    let other = with(filled(&page), &[("target_status", "nurturing")]);
    assert_eq!(send(&mut manager, &at("hand_back.reasons.not_now"), &other).await.status, 303);
    let post = [("to", "nurturing"), ("seen", seen.as_str())];
    let stale = manager.post("/agreement/2/edit/retire/recycled", &post).await;
    assert!(stale.status == 409 && stale.text("[role=alert]").contains("Nothing is retired yet"));
    let seen = stale.attributes("#changes [name=seen]", "value")[0].clone();
    let done =
        manager.post("/agreement/2/edit/retire/recycled", &[("to", "nurturing"), ("seen", &seen)]).await;
    assert_eq!(done.location(), "/agreement/2/edit#vocabulary");
    let terms = draft(&app).await;
    assert!(terms.status("recycled").is_none() && terms.validate().is_ok());
    assert_eq!(
        (terms.retired_statuses[0].key.as_str(), terms.retired_statuses[0].to.as_str()),
        ("recycled", "nurturing")
    );
    let back = manager.post("/agreement/2/edit/restore/recycled", &[]).await;
    assert_eq!(back.status, 303);
    assert!(draft(&app).await.status("recycled").is_some());
}

#[tokio::test]
async fn a_renamed_status_keeps_its_key_so_that_all_that_refers_to_it_follows() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let form = manager.get(&at("vocabulary.handed_off")).await;
    let typed = with(filled(&form), &[("label", "Passed on")]);
    assert_eq!(send(&mut manager, &at("vocabulary.handed_off"), &typed).await.status, 303);
    let terms = draft(&app).await;
    assert!(terms.status_label("handed_off") == "Passed on" && terms.validate().is_ok());
    let page = manager.get("/agreement/2/edit").await;
    assert!(
        page.text("[id='at-jurisdictions.acts']")
            .contains("A lead that is offered to Sales becomes Passed on.")
    );
}

#[tokio::test]
async fn only_a_draft_changes_and_only_one_version_is_negotiated() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let second = manager.post("/agreement/drafts", &[]).await;
    assert!(second.status == 409 && second.text("main").contains("Version 2 is being negotiated already"));
    assert!(manager.get("/agreement").await.has("main a[href='/agreement/2/edit']"));
    let form = manager.get(&at("title")).await;
    sqlx::query("update agreement_versions set state = 'proposed' where number = 2")
        .execute(app.pool())
        .await
        .expect("proposed");
    let read = manager.get("/agreement/2/edit").await;
    assert!(read.status == 200 && !read.has("main .draft-acts"));
    let refused = send(&mut manager, &at("title"), &filled(&form)).await;
    assert!(
        refused.status == 409 && refused.text("main").contains("Version 2 is proposed and does not change")
    );
    let in_force = manager.get("/agreement/1/edit").await;
    assert!(
        in_force.status == 409 && in_force.text("main").contains("Version 1 is in force and does not change")
    );
    sqlx::query("update agreement_versions set state = 'draft' where number = 2")
        .execute(app.pool())
        .await
        .expect("a draft");
    assert_eq!(manager.post("/agreement/2/give-up", &[]).await.location(), "/agreement");
    assert_eq!(manager.get("/agreement/2/edit").await.status, 404);
}

#[tokio::test]
async fn a_version_says_what_it_is_for_and_when_it_is_looked_at_again() {
    let app = support::app().await;
    let mut manager = begun(&app).await;
    let typed =
        [("note", "Fewer returns"), ("review_on", "2027-02-01"), ("seen_note", ""), ("seen_review_on", "")];
    assert_eq!(manager.post("/agreement/2/about", &typed).await.status, 303);
    let page = manager.get("/agreement/2/edit").await;
    assert!(page.text("#about summary").contains("looked at again on 2027-02-01"));
    let stale = manager.post("/agreement/2/about", &typed).await;
    assert_eq!(stale.status, 409);
    let past = [
        ("note", "Kept"),
        ("review_on", "2020-01-01"),
        ("seen_note", "Fewer returns"),
        ("seen_review_on", "2027-02-01"),
    ];
    let page = manager.post("/agreement/2/about", &past).await;
    assert!(page.status == 422 && page.text("#about .form-error").contains("not in the future"));
    assert!(page.text("#f-note").contains("Kept"));
}
