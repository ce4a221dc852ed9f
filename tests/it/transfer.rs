//! Files from the command line and from the browser.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use baton::transfer::cli;
use chrono::{DateTime, Utc};
use clap::Parser;
use serde_json::{Value, json};

use crate::support::{self, TestApp};

/// Everything that an import may touch.
const TABLES: [&str; 9] = [
    "leads",
    "identities",
    "events",
    "handoffs",
    "audit_entries",
    "campaigns",
    "custom_fields",
    "imports",
    "import_refusals",
];

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    import: cli::Args,
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A folder for the files of one test.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    path.to_string_lossy().into_owned()
}

/// Runs `baton import`.
async fn import(app: &TestApp, arguments: &[&str]) -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse_from(std::iter::once(&"import").chain(arguments));
    cli::run(&arguments.import, &app.app.intake()).await
}

async fn import_contacts(app: &TestApp) {
    let (file, map) = (fixture("contacts.csv"), fixture("contacts.toml"));
    import(app, &["leads", &file, "--map", &map]).await.expect("a sound map");
}

/// The rows of a list of refusals.
fn refusals(path: &Path) -> Vec<[String; 4]> {
    let mut csv = csv::Reader::from_path(path).expect("a list");
    assert_eq!(csv.headers().unwrap(), vec!["row", "column", "value", "reason"]);
    csv.records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>().try_into().unwrap())
        .collect()
}

async fn counts(app: &TestApp) -> Vec<(String, i64)> {
    let mut counts = vec![];
    for table in TABLES {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        counts.push((table.to_owned(), sqlx::query_scalar(sql).fetch_one(app.pool()).await.unwrap()));
    }
    counts
}

async fn count(app: &TestApp, table: &str) -> i64 {
    counts(app).await.into_iter().find(|(name, _)| name == table).expect("a counted table").1
}

#[tokio::test]
async fn good_rows_go_in_and_the_others_are_listed_with_row_column_value_and_reason() {
    let app = support::app().await;
    let folder = folder();
    let list = folder.path().join("refused.csv");
    let (file, map) = (fixture("contacts.csv"), fixture("contacts.toml"));
    let code =
        import(&app, &["leads", &file, "--map", &map, "--errors", &list.to_string_lossy()]).await.unwrap();
    assert_eq!(code, ExitCode::from(2), "some rows were refused");

    let names: Vec<String> = sqlx::query_scalar("select coalesce(name, company) from leads order by 1")
        .fetch_all(app.pool())
        .await
        .unwrap();
    assert_eq!(names, ["Ada Brandt", "Bo Ström", "Dina Falk", "Nameless", "Okoro"]);

    let expected = [
        ("5", "E-Mail", "cem(at)example.com", "is not an e-mail address"),
        ("5", "Employees", "ten", "is not a number of employees"),
        ("6", "Phone", "12", "left out, the row went in without it"),
        ("7", "", "6,Eve,Short,eve@example.com", "has 4 values, but the header names 15 columns"),
        ("9", "Since", "03.04.2026", "is not a date"),
        ("9", "Seats", "many", "is not a number"),
        ("12", "Opted out", "maybe", "neither yes nor no"),
        ("12", "E-Mail", "'@gray", "is not an e-mail address"),
    ];
    let listed = refusals(&list);
    for (row, column, value, reason) in expected {
        assert!(
            listed.iter().any(|r| r[0] == row && r[1] == column && r[2] == value && r[3].contains(reason)),
            "{row} {column} {value} {reason} in {listed:#?}"
        );
    }
    let rows: Vec<&str> = listed.iter().map(|refusal| refusal[0].as_str()).collect();
    assert!(!rows.contains(&"10"), "a lead that is known is no refusal: {listed:#?}");
    assert!(!rows.contains(&"11"), "a blank row is no refusal: {listed:#?}");
    let stored: (i64, i64, i64, i64, i64) = sqlx::query_as(
        "select rows_read, rows_added, rows_known, rows_refused, values_left_out from imports where state = 'done'",
    )
    .fetch_one(app.pool())
    .await
    .unwrap();
    assert_eq!(stored, (10, 5, 1, 4, 1));
    assert_eq!(count(&app, "import_refusals").await, listed.len() as i64);
}

#[tokio::test]
async fn a_row_becomes_a_lead_with_everything_that_the_map_says() {
    let app = support::app().await;
    import_contacts(&app).await;
    let lead = |name: &str| {
        sqlx::query_scalar::<_, Value>("select to_jsonb(l) || jsonb_build_object('campaign', c.name) from leads l left join campaigns c on c.id = l.campaign_id where l.name = $1")
            .bind(name.to_owned())
            .fetch_one(app.pool())
    };
    let ada = lead("Ada Brandt").await.unwrap();
    for (field, value) in [
        ("email", json!("ada.brandt@example.com")),
        ("phone", json!("+4930123456")),
        ("company", json!("Brandt, Kiel & Sons")),
        ("employees", json!(250)),
        ("source", json!("Old system")),
        ("campaign", json!("Spring fair")),
        ("first_touch", json!({ "campaign": "Spring fair" })),
        ("may_contact", json!(true)),
        ("consent_basis", json!("consent")),
        ("created_at", json!("2026-01-15T00:00:00+00:00")),
        ("custom", json!({ "seats": 12, "renewal": "2027-01-31", "notes": "Says \"call me\",\nthen write" })),
    ] {
        assert_eq!(ada[field], value, "{field}");
    }
    let bo = lead("Bo Ström").await.unwrap();
    assert_eq!((&bo["may_contact"], &bo["custom"]), (&json!(false), &json!({ "seats": 7.5 })));
    let okoro = lead("Okoro").await.unwrap();
    assert_eq!(okoro["may_contact"], json!(false), "a blank is unknown, and unknown is no");
    assert_eq!(okoro["phone"], json!(null));
    assert_eq!(app.value::<i64>("select count(*) from campaigns where name = 'Spring fair'").await, 1);
    assert_eq!(
        app.value::<String>("select label || ' ' || kind from custom_fields where key = 'renewal'").await,
        "Renews on date"
    );
    assert_eq!(
        app.value::<i64>("select count(*) from identities where kind = 'external' and value like 'old:%'")
            .await,
        5
    );
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_nothing() {
    let app = support::app().await;
    let before = counts(&app).await;
    let (file, map) = (fixture("contacts.csv"), fixture("contacts.toml"));
    let code = import(&app, &["leads", &file, "--map", &map, "--dry-run"]).await.unwrap();
    assert_eq!(code, ExitCode::from(2));
    assert_eq!(counts(&app).await, before);

    import_contacts(&app).await;
    let before = counts(&app).await;
    let (file, map) = (fixture("activities.csv"), fixture("activities.toml"));
    import(&app, &["events", &file, "--map", &map, "--dry-run"]).await.unwrap();
    assert_eq!(counts(&app).await, before);
}

#[tokio::test]
async fn events_find_their_leads_and_hand_them_over() {
    let app = support::app().await;
    import_contacts(&app).await;
    let folder = folder();
    let list = folder.path().join("refused.csv");
    let (file, map) = (fixture("activities.csv"), fixture("activities.toml"));
    let code =
        import(&app, &["events", &file, "--map", &map, "--errors", &list.to_string_lossy()]).await.unwrap();
    assert_eq!(code, ExitCode::from(2));

    let events: Vec<(String, String, Value, DateTime<Utc>)> = sqlx::query_as(
        "select l.name, e.kind, e.properties, e.occurred_at from events e join leads l on l.id = e.lead_id order by 1",
    )
    .fetch_all(app.pool())
    .await
    .unwrap();
    let at = |time: &str| time.parse::<DateTime<Utc>>().unwrap();
    assert_eq!(
        events,
        [
            (
                "Ada Brandt".into(),
                "demo_request".into(),
                json!({ "pages": 3, "minutes": 12.5 }),
                at("2026-11-23T08:15:00Z")
            ),
            ("Bo Ström".into(), "page_view".into(), json!({ "pages": 1 }), at("2026-11-22T17:00:00Z")),
        ],
        "a row that says the same as another is one event, and zero minutes were not measured"
    );
    let offered: Vec<String> = sqlx::query_scalar(
        "select l.name from handoffs h join leads l on l.id = h.lead_id where h.state = 'offered'",
    )
    .fetch_all(app.pool())
    .await
    .unwrap();
    assert_eq!(offered, ["Ada Brandt"]);

    let listed = refusals(&list);
    let shown: Vec<(&str, &str, &str)> = listed.iter().map(|r| (&*r[0], &*r[1], &*r[2])).collect();
    assert_eq!(
        shown,
        [
            ("5", "Who", "stranger@example.com"),
            ("6", "Who", ""),
            ("8", "When", "18.11.2027 08:00"),
            ("9", "What", "Dancing!")
        ]
    );
    let done: (i64, i64, i64, i64, i64) = sqlx::query_as(
        "select rows_added, rows_known, rows_refused, rows_passed_over, offered from imports where kind = 'events'",
    )
    .fetch_one(app.pool())
    .await
    .unwrap();
    assert_eq!(done, (2, 1, 4, 1, 1));
}

#[tokio::test]
async fn importing_the_same_files_again_changes_nothing() {
    let app = support::app().await;
    let everything = "select md5(string_agg(t::text, '|' order by t::text)) from (select to_jsonb(l)::text as t from leads l
         union all select to_jsonb(e)::text from events e union all select to_jsonb(h)::text from handoffs h
         union all select to_jsonb(i)::text from identities i union all select to_jsonb(c)::text from campaigns c
         union all select to_jsonb(a)::text from audit_entries a where subject_kind = 'lead') x";
    let (file, map) = (fixture("activities.csv"), fixture("activities.toml"));
    import_contacts(&app).await;
    import(&app, &["events", &file, "--map", &map]).await.unwrap();
    let before: String = app.value(everything).await;
    app.advance(chrono::TimeDelta::days(1));
    import_contacts(&app).await;
    import(&app, &["events", &file, "--map", &map]).await.unwrap();
    assert_eq!(app.value::<String>(everything).await, before);
    assert_eq!(
        app.value::<i64>("select sum(rows_known)::bigint from imports where rows_added = 0").await,
        9,
        "six rows of leads and three of events were known"
    );
}

#[tokio::test]
async fn every_encoding_and_separator_gives_the_same_leads() {
    let folder = folder();
    let map = write(
        &folder,
        "map.toml",
        b"[lead]\nname = \"Name\"\nemail = \"Mail\"\ncity = \"Ort\"\n[lead.consent]\nmay_contact = { value = true }",
    );
    let table = "Name,Mail,Ort\r\nZoë Müller,zoe@example.com,Köln\r\n\"Ö'Neill \"\"Jim\"\"\",jim@example.com,Łódź\r\n";
    let latin = table.replace("Łódź", "Málaga");
    let with = |separator: &str| table.replace(',', separator).into_bytes();
    let utf16 =
        |bytes: fn(u16) -> [u8; 2]| format!("\u{feff}{table}").encode_utf16().flat_map(bytes).collect();
    let files: [(&str, Vec<u8>); 8] = [
        ("plain", table.into()),
        ("mark", format!("\u{feff}{table}").into_bytes()),
        ("utf16le", utf16(u16::to_le_bytes)),
        ("utf16be", utf16(u16::to_be_bytes)),
        ("semicolon", with(";")),
        ("tab", with("\t")),
        ("bar", with("|")),
        ("windows", latin.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()),
    ];
    let app = support::app().await;
    for (name, bytes) in files {
        let file = write(&folder, name, &bytes);
        assert_eq!(
            import(&app, &["leads", &file, "--map", &map]).await.unwrap(),
            ExitCode::SUCCESS,
            "{name}"
        );
        let mut leads: Vec<(String, String, String)> =
            sqlx::query_as("select name, email, city from leads order by name desc")
                .fetch_all(app.pool())
                .await
                .unwrap();
        if name == "windows" {
            assert_eq!(leads[0].2, "Málaga");
            leads[0].2 = "Łódź".into();
        }
        let lead = |name: &str, mail: &str, city: &str| (name.into(), mail.into(), city.into());
        assert_eq!(
            leads,
            [
                lead("Ö'Neill \"Jim\"", "jim@example.com", "Łódź"),
                lead("Zoë Müller", "zoe@example.com", "Köln")
            ],
            "{name}"
        );
        for sql in ["delete from identities", "delete from leads"] {
            sqlx::query(sql).execute(app.pool()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn whatever_people_write_goes_in_as_it_is_or_is_refused() {
    let odd = [
        "'; drop table leads; --",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "{{7*7}} ${7*7} %s %n",
        "نص عربي \u{202e}txt",
        "Z̸̢̛̺͇a͖̳̰l̡̟g̵̨o̷",
        "👩‍👩‍👧 family 🏳️‍🌈",
        "\u{feff}\u{200b}zero\u{200b}",
        "null",
        "\\N",
        "1e309",
        "a\u{0}b",
        "bell\u{7}",
        "esc\u{1b}[31m",
        "𝒻𝒶𝓃𝒸𝓎 ﷽",
        "two\nlines",
        "\u{85}next",
    ];
    let folder = folder();
    let mut csv = csv::Writer::from_writer(vec![]);
    csv.write_record(["Mail", "Name", "Text"]).unwrap();
    for (number, text) in odd.iter().enumerate() {
        csv.write_record([&format!("odd{number}@example.com"), *text, text]).unwrap();
        csv.write_record([*text, "Somebody", ""]).unwrap();
    }
    let file = write(&folder, "odd.csv", &csv.into_inner().unwrap());
    let map = write(
        &folder,
        "map.toml",
        b"[lead]\nname = \"Name\"\nemail = \"Mail\"\ncustom.text = \"Text\"\n[lead.consent]\nmay_contact = { value = true }",
    );
    let list = folder.path().join("refused.csv");
    let app = support::app().await;
    import(&app, &["leads", &file, "--map", &map, "--errors", &list.to_string_lossy()]).await.unwrap();

    let kept: Vec<(String, Value)> =
        sqlx::query_as("select name, custom->'text' from leads").fetch_all(app.pool()).await.unwrap();
    for text in ["'; drop table leads; --", "=cmd|' /C calc'!A0", "null", "\\N", "👩‍👩‍👧 family 🏳️‍🌈"]
    {
        assert!(kept.iter().any(|(name, custom)| name == text && custom == text), "{text} in {kept:#?}");
    }
    assert!(kept.iter().any(|(name, custom)| name == "two lines" && custom == "two\nlines"));
    let listed = refusals(&list);
    for text in ["a␀b", "bell\u{7}", "esc\u{1b}[31m"] {
        let is = |r: &&[String; 4]| r[1] == "Name" && r[2] == text && r[3].contains("control character");
        assert!(listed.iter().any(|r| is(&r)), "{text:?} in {listed:#?}");
    }
    assert!(listed.iter().all(|r| !r[2].starts_with(['=', '+', '-', '@'])), "{listed:#?}");
    let refused: i64 = app.value("select rows_refused from imports").await;
    assert_eq!(kept.len() as i64 + refused, 2 * odd.len() as i64);
}

#[tokio::test]
async fn a_map_that_does_not_fit_stops_everything_and_says_all_that_is_wrong() {
    let app = support::app().await;
    let folder = folder();
    let file = fixture("contacts.csv");
    let before = counts(&app).await;
    let map = write(
        &folder,
        "map.toml",
        b"[file]\ntime_zone = \"Berlin\"\ndelimiter = \"comma\"\n[lead]\nemail = \"Mail\"\nname = { column = \"Last Name\", format = \"%Y\" }\n\
          created_at = { column = \"Since\", format = \"%Q\" }\n[lead.custom]\nSeats = { column = \"Seats\", type = \"number\" }\n[lead.first_touch]\nutm_source = \"Campaign\"",
    );
    let problem = import(&app, &["leads", &file, "--map", &map]).await.unwrap_err().to_string();
    for said in [
        "file.time_zone = “Berlin”: this is no time zone",
        "file.delimiter = “comma”: write “auto”",
        "lead.email = “Mail”: the file has no column of this name; it has “Id”",
        "lead.name.format",
        "lead.created_at.format = “%Q”",
        "lead.custom.Seats",
        "lead.first_touch.utm_source: a touch has only source, medium",
        "lead.consent.may_contact: say whether these people may be contacted",
    ] {
        assert!(problem.contains(said), "{said}\nin\n{problem}");
    }
    let events = import(&app, &["events", &file, "--map", &fixture("contacts.toml")]).await.unwrap_err();
    assert!(events.to_string().contains("the map has no [event]"), "{events}");
    assert_eq!(counts(&app).await, before);
}

#[tokio::test]
async fn a_custom_field_keeps_its_type() {
    let app = support::app().await;
    import_contacts(&app).await;
    let folder = folder();
    let toml = std::fs::read_to_string(fixture("contacts.toml")).unwrap();
    let map = write(&folder, "map.toml", toml.replace("type = \"number\"", "type = \"text\"").as_bytes());
    let problem = import(&app, &["leads", &fixture("contacts.csv"), "--map", &map]).await.unwrap_err();
    let said = "lead.custom.seats.type = “text”: there is a custom field of this key with type = “number”";
    assert!(problem.to_string().contains(said), "{problem}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_by_name() {
    let app = support::app().await;
    let folder = folder();
    let map = fixture("contacts.toml");
    let utf32: Vec<u8> = "\u{feff}Id".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    for (bytes, said) in [(&b""[..], "empty"), (&utf32[..], "UTF-32"), (&b"\n \n"[..], "empty")] {
        let file = write(&folder, "file.csv", bytes);
        let problem = import(&app, &["leads", &file, "--map", &map]).await.unwrap_err().to_string();
        assert!(problem.contains(said), "{said}: {problem}");
    }
    let missing = PathBuf::from(folder.path()).join("none.csv");
    let problem = import(&app, &["leads", &missing.to_string_lossy(), "--map", &map]).await.unwrap_err();
    assert!(problem.to_string().contains("none.csv"), "{problem}");
}
