//! Adding a lead and changing it.

use crate::support::client::Page;
use crate::support::{self, TestApp};

/// The form of a lead as a browser would send it back.
fn filled(page: &Page) -> Vec<(String, String)> {
    use scraper::{Html, Selector};
    let document = Html::parse_document(&page.body);
    let select = |selector: &str| Selector::parse(selector).expect("a selector");
    let mut fields = vec![];
    for input in document.select(&select(".lead-form input")) {
        let is_ticked = input.attr("type") != Some("checkbox") || input.attr("checked").is_some();
        if let Some(name) = input.attr("name").filter(|_| is_ticked) {
            fields.push((name.to_owned(), input.attr("value").unwrap_or_default().to_owned()));
        }
    }
    for choice in document.select(&select(".lead-form select")) {
        let chosen =
            choice.select(&select("option[selected]")).next().and_then(|option| option.attr("value"));
        fields.push((choice.attr("name").expect("a name").to_owned(), chosen.unwrap_or_default().to_owned()));
    }
    fields
}

fn with<'a>(fields: &'a [(String, String)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    kept.filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name))
        .chain(changes.iter().copied())
        .collect()
}

async fn custom_fields(app: &TestApp) {
    for (key, kind) in [("plan", "text"), ("seats", "number"), ("trial", "bool"), ("renewal", "date")] {
        sqlx::query(
            "insert into custom_fields (key, label, kind, created_at) values ($1, initcap($1), $2, now())",
        )
        .bind(key)
        .bind(kind)
        .execute(app.pool())
        .await
        .expect("a field");
    }
}

#[tokio::test]
async fn a_lead_is_added_with_everything_that_was_typed_in_one_form() {
    let app = support::app().await;
    custom_fields(&app).await;
    let mut marketer = app.marketer().await;
    let blank = marketer.get("/leads/new").await;
    assert_eq!(blank.status, 200);
    let fields = filled(&blank);
    let typed = [
        ("name", " Anna  Meyer "),
        ("email", "Anna.Meyer@Example.com"),
        ("phone", "030 901820"),
        ("country", "Germany"),
        ("employees", "1,200"),
        ("domain", "https://www.example.com/about"),
        ("external_id", "crm-7"),
        ("first_touch.source", "ads"),
        ("custom.plan", "team"),
        ("custom.seats", "12"),
        ("custom.trial", "false"),
        ("custom.renewal", "2027-01-31"),
        ("consent_at", "2026-11-01"),
    ];
    let done = marketer.post("/leads", &with(&fields, &typed)).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = marketer.get(done.location()).await;
    let facts = page.text("#facts");
    for shown in [
        "anna.meyer@example.com",
        "+4930901820",
        "1200",
        "example.com",
        "crm-7",
        "Plan team",
        "Seats 12",
        "Trial no",
        "Renewal 2027-01-31",
        "Source ads",
    ] {
        assert!(facts.contains(shown), "{shown} is not in {facts}");
    }
    assert!(page.text("#consent").contains("May be contacted yes"));
}

#[tokio::test]
async fn a_refused_form_says_all_that_is_wrong_and_keeps_what_was_typed() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let fields = filled(&rep.get("/leads/new").await);
    let page = rep
        .post(
            "/leads",
            &with(
                &fields,
                &[
                    ("name", "Anna"),
                    ("email", "anna"),
                    ("employees", "many"),
                    ("phone", "123"),
                    ("do_not_contact", "true"),
                ],
            ),
        )
        .await;
    assert_eq!(page.status, 422);
    for field in ["email", "employees", "phone"] {
        assert!(page.has(&format!(".field:has(#f-{field}) .form-error")), "{field}");
    }
    assert_eq!(
        (page.attributes("#f-name", "value"), page.attributes("#f-email", "value")),
        (vec!["Anna".to_owned()], vec!["anna".to_owned()])
    );
    assert!(page.has("#f-do_not_contact[checked]") && page.has("#f-may_store[checked]"));
    let empty = rep.post("/leads", &with(&fields, &[])).await;
    assert!(empty.status == 422 && empty.text("[role=alert]").contains("at least a name"));
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 0);
}

#[tokio::test]
async fn the_second_lead_with_an_identity_is_refused_with_a_link_to_the_first() {
    let app = support::app().await;
    let first = app.good_fit("Anna Meyer").await;
    let other = app.good_fit("Ben Other").await;
    let mut rep = app.rep().await;
    let fields = filled(&rep.get("/leads/new").await);
    let taken = [("name", "Anna Again"), ("email", "ANNA.meyer@acme.example.com")];
    let page = rep.post("/leads", &with(&fields, &taken)).await;
    assert_eq!(page.status, 422);
    assert!(page.text(".field:has(#f-email) .form-error").contains("Another lead has the e-mail address"));
    assert_eq!(page.attributes(".field:has(#f-email) + a", "href"), [format!("/leads/{first}")]);
    assert_eq!(page.attributes("#f-name", "value"), ["Anna Again"]);
    // The same when an existing lead is given it.
    let path = format!("/leads/{other}/edit");
    let fields = filled(&rep.get(&path).await);
    let page = rep.post(&path, &with(&fields, &taken[1..])).await;
    assert_eq!(
        (page.status, page.attributes(".field:has(#f-email) + a", "href")),
        (422, vec![format!("/leads/{first}")])
    );
    assert_eq!(app.load(other).await.facts.email.as_deref(), Some("ben.other@acme.example.com"));
}

#[tokio::test]
async fn of_two_who_edit_at_once_the_second_sees_both_versions_before_saving() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let path = format!("/leads/{lead}/edit");
    let (mut mia, mut sam) = (app.marketer().await, app.rep().await);
    let (first, second) = (filled(&mia.get(&path).await), filled(&sam.get(&path).await));
    assert_eq!(mia.post(&path, &with(&first, &[("title", "CTO"), ("city", "Berlin")])).await.status, 303);
    let conflict = sam.post(&path, &with(&second, &[("title", "CEO")])).await;
    assert_eq!(conflict.status, 409);
    let rows = conflict.texts("#conflict tbody tr");
    assert_eq!(rows, ["Title CEO CTO", "City (blank) Berlin"]);
    assert_eq!(conflict.attributes("#f-title", "value"), ["CEO"], "nothing typed is lost");
    assert_eq!(app.load(lead).await.facts.title.as_deref(), Some("CTO"), "nothing is overwritten");
    let again = filled(&conflict);
    assert_eq!(sam.post(&path, &with(&again, &[("city", "Berlin")])).await.status, 303);
    let stored = app.load(lead).await.facts;
    assert_eq!((stored.title.as_deref(), stored.city.as_deref()), (Some("CEO"), Some("Berlin")));
}

#[tokio::test]
async fn an_event_meanwhile_does_not_stand_against_an_edit() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let path = format!("/leads/{lead}/edit");
    let mut mia = app.marketer().await;
    let form = filled(&mia.get(&path).await);
    app.event(lead, "demo_request").await;
    let saved = mia.post(&path, &with(&form, &[("city", "Hamburg")])).await;
    assert_eq!(saved.status, 303, "{}", saved.body);
    assert_eq!(app.load(lead).await.facts.city.as_deref(), Some("Hamburg"));
    assert_eq!(app.one::<i64>("select count(*) from handoffs where lead_id = $1", lead).await, 1);
}

#[tokio::test]
async fn saving_without_a_change_records_nothing_and_a_change_records_the_field() {
    let app = support::app().await;
    let lead = app.good_fit("Anna Meyer").await;
    let path = format!("/leads/{lead}/edit");
    let mut mia = app.marketer().await;
    let form = filled(&mia.get(&path).await);
    assert_eq!(mia.post(&path, &with(&form, &[])).await.status, 303);
    assert_eq!(
        app.one::<i64>("select count(*) from audit_entries where subject_id = $1 and verb = 'changed'", lead)
            .await,
        0
    );
    mia.post(&path, &with(&form, &[("title", "CTO")])).await;
    let page = mia.get(&format!("/leads/{lead}")).await;
    assert!(
        page.texts(".history-body").contains(&"Title: Head of Operations → CTO".to_owned()),
        "{:?}",
        page.texts(".history-body")
    );
}

#[tokio::test]
async fn a_fact_that_is_filled_in_may_hand_the_lead_over() {
    let app = support::app().await;
    let mut new = support::good_fit("Anna Meyer");
    new.consent.may_contact = false;
    let lead = app.lead(new).await;
    app.event(lead, "demo_request").await;
    let path = format!("/leads/{lead}/edit");
    let mut mia = app.marketer().await;
    let form = filled(&mia.get(&path).await);
    assert_eq!(mia.post(&path, &with(&form, &[("may_contact", "true")])).await.status, 303);
    assert_eq!(
        app.one::<i64>("select count(*) from handoffs where lead_id = $1 and state = 'offered'", lead).await,
        1
    );
}
