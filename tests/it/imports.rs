//! Imports in the browser.

use axum::body::Body;
use axum::http::Method;
use baton::jobs;
use baton::kernel::ids::ImportId;
use baton::transfer::jobs::run_import;

use crate::support::client::Page;
use crate::support::{self, Client, TestApp};

const CONTACTS: &str = "First Name,Last Name,Email,Company,Lead Source,Shoe size\n\
    Ada,Brandt,ada@example.com,Brandt,Fair,38\n\
    Bo,Ström,bo@example.com,Ström,Web,44\n\
    Cem,Usta,=cem(at)example.com,Usta,Web,42\n";

/// Sends the upload form as a browser does.
async fn upload(client: &mut Client, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Page {
    let mut body: Vec<u8> = vec![];
    for (name, value) in fields {
        body.extend(
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    if let Some((name, bytes)) = file {
        body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n").bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=edge"), ("sec-fetch-site", "same-origin")];
    client.send(Method::POST, "/imports", &headers, Body::from(body)).await
}

/// Uploads leads whose map is guessed, and gives back the address of the import.
async fn uploaded(client: &mut Client, file: &[u8]) -> String {
    let page = upload(
        client,
        &[("kind", "leads"), ("may_contact", "yes"), ("map", "")],
        Some(("contacts.csv", file)),
    )
    .await;
    assert_eq!(page.status, 303, "{}", page.body);
    page.location().to_owned()
}

/// The map that stands in the form.
async fn map_of(client: &mut Client, at: &str) -> String {
    let page = client.get(at).await;
    scraper::Html::parse_document(&page.body)
        .select(&scraper::Selector::parse("textarea[name=map]").unwrap())
        .next()
        .expect("the map")
        .text()
        .collect()
}

async fn work(app: &TestApp) {
    let worker = jobs::worker(&app.working(), std::future::pending()).await.unwrap();
    worker.run_once().await.unwrap();
}

#[tokio::test]
async fn a_file_is_looked_over_tried_out_and_brought_in() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    assert!(marketer.get("/imports").await.text(".empty-title").contains("Nothing was imported yet"));
    let at = uploaded(&mut marketer, CONTACTS.as_bytes()).await;

    let page = marketer.get(&at).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(
        page.texts(".preview thead tr:first-child th"),
        ["Row", "First Name", "Last Name", "Email", "Company", "Lead Source", "Shoe size"]
    );
    assert_eq!(
        page.texts(".preview thead tr:last-child td"),
        ["name", "name", "email", "company", "source", "left out"]
    );
    assert_eq!(page.texts(".preview tbody th"), ["2", "3", "4"]);
    assert!(
        page.body.contains("is not an e-mail address"),
        "what will be refused is said before: {}",
        page.body
    );
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 0);

    let map = map_of(&mut marketer, &at).await;
    let page = marketer.post(&format!("{at}/trial"), &[("map", &map)]).await;
    assert_eq!((page.status, page.location()), (303, &*at));
    assert!(marketer.get(&at).await.body.contains("hx-sse:connect"), "a waiting import is watched");
    work(&app).await;
    let page = marketer.get(&at).await;
    assert_eq!(page.texts(".facts dt")[..4], ["Rows", "Would be added", "Known already", "Refused"]);
    assert_eq!(page.texts(".facts dd")[1], "2");
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 0, "a trial keeps nothing");

    let page = marketer.post(&format!("{at}/start"), &[("map", &map)]).await;
    assert_eq!(page.status, 303, "{}", page.body);
    work(&app).await;
    let page = marketer.get(&at).await;
    assert_eq!(page.texts(".facts dt")[..4], ["Rows", "Added", "Known already", "Refused"]);
    assert_eq!(page.texts("#refused tbody td")[..3], ["4", "Email", "=cem(at)example.com"]);
    assert!(page.texts("textarea").is_empty(), "what is done has no map to change");
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 2);
    assert_eq!(app.value::<i64>("select count(*) from import_files").await, 0, "the file is not kept");
    assert_eq!(
        app.value::<String>("select actor_name from audit_entries where subject_kind = 'import'").await,
        "contacts.csv"
    );

    app.good_fit("Dana").await;
    let added = page.attributes(".facts dd a", "href").remove(0);
    let leads = marketer.get(&added).await;
    let mut names = leads.texts(".leads tbody .who");
    names.sort();
    assert_eq!(names, ["Ada Brandt", "Bo Ström"], "the leads that this import added, and no other");

    let csv = marketer.get(&format!("{at}/refusals.csv")).await;
    assert!(csv.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert!(csv.body.starts_with("row,column,value,reason\n4,Email,'=cem(at)example.com,"), "{}", csv.body);
    let list = marketer.get("/imports").await;
    assert_eq!(
        list.texts("tbody td")[..7],
        ["contacts.csv", "leads", "done, some refused", "3", "2", "0", "1"]
    );
}

#[tokio::test]
async fn a_map_that_does_not_fit_starts_nothing_and_loses_nothing() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let at = uploaded(&mut marketer, CONTACTS.as_bytes()).await;
    let wrong = "[lead]\nemail = \"Mail\"\n";
    let page = marketer.post(&format!("{at}/start"), &[("map", wrong)]).await;
    assert_eq!(page.status, 422);
    assert!(page.body.contains("the file has no column of this name"), "{}", page.body);
    assert_eq!(map_of(&mut marketer, &at).await.trim(), wrong.trim());
    let page = marketer.post(&format!("{at}/start"), &[("map", "nonsense")]).await;
    assert!(page.status == 422 && page.body.contains("TOML"), "{}", page.body);
    assert_eq!(app.value::<i64>("select count(*) from imports where state = 'draft'").await, 1);
}

#[tokio::test]
async fn an_upload_without_a_file_is_refused_beside_the_field() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let map = "[lead]\nemail = \"Email\"\n";
    for file in [None, Some(("empty.csv", &b""[..]))] {
        let page = upload(&mut marketer, &[("kind", "leads"), ("map", map)], file).await;
        assert_eq!(page.status, 422);
        assert_eq!(page.text("#f-file-error"), "Choose a file that is not empty.");
        assert!(page.text("textarea[name=map]").contains("Email"), "what was typed stays");
    }
    let page = upload(&mut marketer, &[("kind", "deals")], Some(("a.csv", CONTACTS.as_bytes()))).await;
    assert_eq!(page.status, 422);
    assert!(page.text("#f-kind-error").contains("a lead or an event"));
    assert_eq!(app.value::<i64>("select count(*) from imports").await, 0, "nothing is left behind");
    assert_eq!(app.value::<i64>("select count(*) from import_files").await, 0);
}

#[tokio::test]
async fn a_file_of_several_pieces_comes_in_whole() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let mut file = String::from("Name,Email,Company\n");
    for number in 0..5_000 {
        file.push_str(&format!(
            "Person Number {number},p{number}@example.com,\"{}\"\n",
            "Größe und Söhne ".repeat(12)
        ));
    }
    let at = uploaded(&mut marketer, file.as_bytes()).await;
    assert!(app.value::<i64>("select count(*) from import_files").await > 1);
    let map = map_of(&mut marketer, &at).await;
    assert_eq!(marketer.post(&format!("{at}/start"), &[("map", &map)]).await.status, 303);
    work(&app).await;
    assert_eq!(app.value::<i64>("select rows_added from imports where state = 'done'").await, 5_000);
    assert_eq!(app.value::<i64>("select count(*) from leads where company like 'Größe%Söhne'").await, 5_000);
}

#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_was() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let at = uploaded(&mut marketer, CONTACTS.as_bytes()).await;
    let map = map_of(&mut marketer, &at).await;
    marketer.post(&format!("{at}/start"), &[("map", &map)]).await;
    // The node was killed after the first row.
    sqlx::query(
        "update imports set state = 'running', rows_read = 1, rows_added = 1, started_at = created_at",
    )
    .execute(app.pool())
    .await
    .unwrap();
    let id: ImportId = at.rsplit('/').next().unwrap().parse().unwrap();
    run_import(&app.app, id).await.unwrap();
    let done: (String, i64, i64, i64) =
        sqlx::query_as("select state, rows_read, rows_added, rows_refused from imports")
            .fetch_one(app.pool())
            .await
            .unwrap();
    assert_eq!(done, ("done".into(), 3, 2, 1));
    let names: Vec<String> =
        sqlx::query_scalar("select name from leads").fetch_all(app.pool()).await.unwrap();
    assert_eq!(names, ["Bo Ström"], "the first row is not read again");
    run_import(&app.app, id).await.unwrap();
    assert_eq!(app.value::<i64>("select count(*) from leads").await, 1, "what is done is done");
}

#[tokio::test]
async fn an_import_that_cannot_go_on_says_why_and_can_be_tried_again() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let endless = format!("Name,Email\nAda,ada@example.com\n\"never closed,{}", "x,y\n".repeat(400_000));
    let at = uploaded(&mut marketer, endless.as_bytes()).await;
    let map = map_of(&mut marketer, &at).await;
    marketer.post(&format!("{at}/start"), &[("map", &map)]).await;
    work(&app).await;
    let page = marketer.get(&at).await;
    assert!(page.text(".alert-danger").contains("Row 3 is longer than 1 MB"), "{}", page.body);
    assert_eq!(page.text("#outcome ~ .card-actions"), "stopped");
    assert!(!page.texts("textarea[name=map]").is_empty(), "it can be started again");
}

#[tokio::test]
async fn an_upload_can_be_removed_until_it_has_brought_something_in() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let at = uploaded(&mut marketer, CONTACTS.as_bytes()).await;
    assert_eq!(marketer.post(&format!("{at}/remove"), &[]).await.location(), "/imports");
    assert!(marketer.get("/imports").await.text(".alert-success").contains("contacts.csv was removed"));
    assert_eq!(marketer.get(&at).await.status, 404);

    let at = uploaded(&mut marketer, CONTACTS.as_bytes()).await;
    let map = map_of(&mut marketer, &at).await;
    marketer.post(&format!("{at}/start"), &[("map", &map)]).await;
    assert_eq!(marketer.post(&format!("{at}/start"), &[("map", &map)]).await.status, 409, "it is at work");
    work(&app).await;
    assert_eq!(marketer.post(&format!("{at}/remove"), &[]).await.status, 409);
    assert_eq!(marketer.post(&format!("{at}/start"), &[("map", &map)]).await.status, 409);
}

#[tokio::test]
async fn names_and_values_of_a_file_are_shown_as_text() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let file = "Email,<img src=x onerror=alert(1)>\n<script>alert(2)</script>,\"<b>bold</b>\"\n";
    let fields = [("kind", "leads"), ("may_contact", "yes")];
    let page = upload(&mut marketer, &fields, Some(("../<i>up.csv", file.as_bytes()))).await;
    let at = page.location().to_owned();
    let page = marketer.get(&at).await;
    assert_eq!(page.text("h1"), "<i>up.csv");
    for tag in ["main img", "main b", "main i", "main script"] {
        assert!(
            page.texts(tag).is_empty() && page.attributes(tag, "src").is_empty(),
            "{tag} in {}",
            page.body
        );
    }
}

#[tokio::test]
async fn a_long_list_of_imports_has_pages() {
    let app = support::app().await;
    sqlx::query(
        "insert into imports (id, kind, file_name, map, dry_run, state, bytes_total, created_at)
         select gen_random_uuid(), 'leads', 'file ' || n, '', false, 'done', 1, timestamptz '2026-01-01' + n * interval '1 minute' from generate_series(1, 120) n",
    )
    .execute(app.pool())
    .await
    .unwrap();
    let mut marketer = app.marketer().await;
    let (mut at, mut seen) = ("/imports".to_owned(), vec![]);
    loop {
        let page = marketer.get(&at).await;
        seen.extend(page.texts("tbody .who"));
        match page.attributes("a[rel=next]", "href").pop() {
            Some(next) => at = next,
            None => break,
        }
    }
    let wanted: Vec<String> = (1..=120).rev().map(|n| format!("file {n}")).collect();
    assert_eq!(seen, wanted);
    assert_eq!(marketer.get("/imports?after=nonsense").await.status, 400);
}
