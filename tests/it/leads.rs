//! The list of leads, the page of one, and its forms.

use std::collections::HashSet;

use baton::audit::Actor;
use baton::handoffs::intake;
use baton::kernel::ids::LeadId;
use baton::leads::model::NewLead;
use chrono::TimeDelta;

use crate::support::{self, Client, TestApp, event, good_fit, monday};

/// Leads of many kinds, the older ones first.
async fn crowd(app: &TestApp, count: usize) -> Vec<LeadId> {
    let row = |n: usize| {
        let mut new = good_fit(&format!("{} Number{n:03}", ["Anna", "ben", "Çelik", "Zoë"][n % 4]));
        new.created_at = monday() - TimeDelta::hours(n as i64);
        new.facts.employees = Some([5, 40, 250][n % 3]);
        new.facts.country = Some(["Germany", "France"][n % 2].to_owned());
        new.facts.source = Some(["webinar", "trade fair"][n % 2].to_owned());
        new
    };
    let rows: Vec<NewLead> = (0..count).map(row).collect();
    let done = intake::bulk_leads(&app.app.intake(), rows, None, &Actor::System).await.expect("no fault");
    let ids: Vec<LeadId> = done
        .rows
        .into_iter()
        .map(|row| match row {
            intake::RowOutcome::Added(id) => id,
            other => panic!("{other:?}"),
        })
        .collect();
    let seen = |n: usize| {
        event(["page_view", "pricing_view", "email_click"][n % 3], monday() - TimeDelta::hours(n as i64))
    };
    let events =
        ids.iter().enumerate().filter(|(n, _)| n % 3 != 0).map(|(n, id)| (intake::LeadKey::Id(*id), seen(n)));
    intake::bulk_events(&app.app.intake(), events.collect(), None, &Actor::System).await.expect("no fault");
    ids
}

/// Follows a list page by page: the addresses of the leads, and the addresses of the pages.
async fn follow(client: &mut Client, start: &str, rel: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut pages, mut path, mut paths) = (vec![], start.to_owned(), vec![]);
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        pages.push(page.attributes("td.who a", "href"));
        paths.push(path);
        match page.attributes(&format!("a[rel={rel}]"), "href").pop() {
            Some(further) => path = further,
            None => return (pages, paths),
        }
        assert!(paths.len() < 20, "the list does not end");
    }
}

#[tokio::test]
async fn every_order_shows_each_lead_once_and_leads_back_the_same_way() {
    let app = support::app().await;
    let leads = crowd(&app, 130).await;
    let mut rep = app.rep().await;
    let mut orders = HashSet::new();
    for sort in ["hot", "fit", "age", "name"] {
        let (pages, paths) = follow(&mut rep, &format!("/leads?sort={sort}"), "next").await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 30], "{sort}");
        let all: HashSet<&String> = pages.iter().flatten().collect();
        assert_eq!(all.len(), leads.len(), "{sort}");
        orders.insert(pages.concat());
        let (back, _) = follow(&mut rep, paths.last().expect("a page"), "prev").await;
        assert_eq!(back.into_iter().rev().collect::<Vec<_>>(), pages, "{sort}");
    }
    assert_eq!(orders.len(), 4, "no two orders are the same");
}

#[tokio::test]
async fn the_order_is_what_it_is_called() {
    let app = support::app().await;
    crowd(&app, 40).await;
    let mut rep = app.rep().await;
    let numbers = |texts: Vec<String>| {
        texts.iter().map(|text| text.parse::<i64>().expect("a number")).collect::<Vec<_>>()
    };
    let fit = numbers(rep.get("/leads?sort=fit").await.texts("td[data-label=Fit]"));
    assert!(fit.is_sorted_by(|a, b| a >= b) && fit.first() > fit.last(), "{fit:?}");
    let interest = numbers(rep.get("/leads").await.texts("td[data-label=Interest]"));
    assert!(interest.is_sorted_by(|a, b| a >= b) && interest.first() > interest.last(), "{interest:?}");
    let names = rep.get("/leads?sort=name").await.texts("td.who a");
    assert!(
        names[0].starts_with("Anna") && names[10].starts_with("ben"),
        "case makes no difference: {names:?}"
    );
    let created = rep.get("/leads?sort=age").await.attributes("td[data-label=Created] time", "datetime");
    assert!(created.is_sorted_by(|a, b| a >= b) && created.first() > created.last(), "{created:?}");
}

#[tokio::test]
async fn a_search_finds_name_address_and_company_whatever_is_typed() {
    let app = support::app().await;
    let anna = app.good_fit("Anna Meyer").await;
    let mut other = good_fit("Bob 100% Sure_Thing");
    other.facts.company = Some("Ölmühle & Söhne".to_owned());
    let bob = app.lead(other).await;
    let mut rep = app.rep().await;
    let mut found = async |q: &str| {
        let page = rep.get(&format!("/leads?q={}", baton::web::forms::encode(q))).await;
        assert_eq!(page.status, 200, "{q}");
        page.attributes("td.who a", "href")
    };
    let (anna, bob) = (format!("/leads/{anna}"), format!("/leads/{bob}"));
    for q in ["anna", "MEYER an", "anna.meyer@", "Anna.Meyer@ACME.example.com", "acme a.mey"] {
        assert_eq!(found(q).await, std::slice::from_ref(&anna), "{q}");
    }
    for q in ["ölmühle", "ÖLMÜHLE söhne", "100%", "sure_"] {
        assert_eq!(found(q).await, std::slice::from_ref(&bob), "{q}");
    }
    for q in ["%", "_"] {
        assert_eq!(found(q).await, std::slice::from_ref(&bob), "{q} stands for itself");
    }
    for q in ["anna bob", "a%a", "\\", "nobody@acme.example.com", "'; drop table leads; --"] {
        assert!(found(q).await.is_empty(), "{q}");
    }
    assert_eq!(found("").await.len(), 2);
}

#[tokio::test]
async fn filters_narrow_the_list_and_say_how_many_are_left() {
    let app = support::app().await;
    let leads = crowd(&app, 24).await;
    let offered = app.offered("Hot Lead").await;
    let mut rep = app.rep().await;
    let mut count = async |query: &str| {
        let page = rep.get(&format!("/leads?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        let shown = page.texts("td.who a").len();
        let said = page.texts(".list-head [role=status]").concat();
        assert!(shown == 0 || said.starts_with(&format!("{shown} lead")), "{query}: {said}");
        shown
    };
    assert_eq!(count("").await, leads.len() + 1);
    assert_eq!(count("status=handed_off").await, 1);
    assert_eq!(count("category=high_interest_good_fit").await, 1);
    assert_eq!(count("source=webinar").await, 12);
    assert_eq!(count("country=GERMANY&source=webinar").await, 12);
    assert_eq!(count("country=germany&source=trade%20fair").await, 0);
    assert_eq!(count("owner=nobody").await, leads.len() + 1);
    assert_eq!(count(&format!("owner={}", leads[0])).await, 0);
    // The reader is in Berlin: Monday morning reaches back to eleven hours before ten o'clock in London.
    assert_eq!(count("created_from=2026-11-23").await, 12 + 1);
    assert_eq!(count("created_to=2026-11-22").await, 12);
    let by_category =
        ["high_interest_good_fit", "high_interest_low_fit", "low_interest_good_fit", "low_interest_bad_fit"];
    let mut sum = 0;
    for category in by_category {
        sum += count(&format!("category={category}")).await;
    }
    assert_eq!(sum, leads.len() + 1, "each lead has one category");
    app.one::<String>("select status from leads where id = $1", offered).await;
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_named_and_nothing_that_was_typed_is_lost() {
    let app = support::app().await;
    app.good_fit("Anna Meyer").await;
    let mut rep = app.rep().await;
    let page = rep.get("/leads?q=anna&created_from=soon&category=lukewarm&after=x").await;
    assert_eq!(page.status, 422);
    assert!(page.text(".field:has(#f-created_from) .form-error").contains("“soon”"));
    assert!(page.text(".field:has(#f-category) .form-error").contains("“lukewarm”"));
    assert_eq!(page.attributes("#f-q", "value"), ["anna"]);
    assert!(!page.has("td.who"));
    for path in [
        "/leads?q=%00",
        "/leads?sort=name&after=01900000000070008000000000000000~%00",
        "/leads?after=01900000000070008000000000000000~99999999999999999999",
    ] {
        assert_eq!(rep.get(path).await.status, 422, "{path}");
    }
}

#[tokio::test]
async fn empty_lists_say_what_to_do() {
    let app = support::app().await;
    let mut marketer = app.marketer().await;
    let page = marketer.get("/leads").await;
    assert_eq!(page.text(".empty-title"), "No leads yet");
    assert!(page.has("a[href='/leads/new']") && page.has("a[href='/imports/new']"));
    assert_eq!(marketer.get("/leads?view=plane").await.text(".empty-title"), "No leads yet");
    app.good_fit("Anna Meyer").await;
    for path in ["/leads?q=zzz", "/leads?q=zzz&view=plane"] {
        let page = marketer.get(path).await;
        assert_eq!(page.text(".empty-title"), "No lead matches", "{path}");
    }
    let gone = marketer.get("/leads?sort=fit&after=00000000000000000000000000000000~0").await;
    assert_eq!(gone.text(".empty-title"), "Nothing stands here any more");
    assert_eq!(gone.attributes(".empty a", "href"), ["/leads?sort=fit"]);
}

#[tokio::test]
async fn a_partial_request_gets_the_part_alone() {
    let app = support::app().await;
    app.good_fit("Anna Meyer").await;
    let mut rep = app.rep().await;
    let part = rep
        .send(axum::http::Method::GET, "/leads?q=anna", &[("hx-request", "true")], axum::body::Body::empty())
        .await;
    assert_eq!(part.texts("td.who a"), ["Anna Meyer"]);
    assert!(!part.body.contains("<!doctype") && !part.body.contains("<form"), "{}", part.body);
    assert!(part.body.trim_start().starts_with("<div id=\"list\">"));
}

#[tokio::test]
async fn the_plane_and_the_list_count_the_same() {
    let app = support::app().await;
    crowd(&app, 45).await;
    app.offered("Hot Lead").await;
    let mut rep = app.rep().await;
    let plane = rep.get("/leads?view=plane&country=Germany").await;
    let labels = plane.texts("#by-category tbody th");
    let counts = plane.texts("#by-category tbody td");
    let links = plane.attributes("#by-category tbody td a", "href");
    assert_eq!((labels.len(), counts.iter().filter(|count| *count != "0").count()), (4, links.len()));
    for (count, link) in counts.iter().filter(|count| *count != "0").zip(&links) {
        assert!(link.contains("country=Germany") && !link.contains("plane"), "{link}");
        assert_eq!(rep.get(link).await.texts("td.who a").len().to_string(), *count, "{link}");
    }
    let dots: usize = plane
        .texts(".plane-dot title")
        .iter()
        .map(|title| title.split(' ').next().expect("a word").parse::<usize>().expect("a number"))
        .sum();
    assert_eq!(dots, counts.iter().map(|count| count.parse::<usize>().expect("a number")).sum::<usize>());
}
