use super::*;

fn full() -> ListParams {
    ListParams {
        q: "anna & co%".into(),
        status: "working".into(),
        category: "high_interest_good_fit".into(),
        owner: "0190a0c0-0000-7000-8000-000000000001".into(),
        source: "trade fair".into(),
        campaign: "0190a0c0-0000-7000-8000-000000000002".into(),
        import: "0190a0c0-0000-7000-8000-000000000004".into(),
        persona: "0190a0c0-0000-7000-8000-000000000003".into(),
        country: "Österreich".into(),
        created_from: "2026-03-01".into(),
        created_to: "2026-03-31".into(),
        sort: "fit".into(),
        after: "0190a0c0000070008000000000000004~71".into(),
        before: String::new(),
        view: "plane".into(),
    }
}

fn read(address: &str) -> ListParams {
    let uri: axum::http::Uri = address.parse().unwrap();
    axum::extract::Query::try_from_uri(&uri).unwrap().0
}

#[test]
fn an_address_is_read_back_as_the_list_that_it_was_made_of() {
    assert_eq!(read(&full().address()), full());
    assert_eq!(read("/leads"), ListParams::default());
    assert_eq!(ListParams::default().address(), "/leads");
}

#[test]
fn a_changed_list_begins_at_its_start() {
    let link = full().link(|params| params.sort = "name".into());
    let params = read(&link);
    assert_eq!((params.sort.as_str(), params.after.as_str(), params.q.as_str()), ("name", "", "anna & co%"));
}

#[test]
fn days_are_those_of_the_reader() {
    let filters = full().check(Tz::Europe__Berlin).unwrap();
    assert_eq!(filters.created_from, "2026-02-28T23:00:00Z".parse().ok());
    // The clocks go forward in between, and the last day counts to its end.
    assert_eq!(filters.created_until, "2026-03-31T22:00:00Z".parse().ok());
}

#[test]
fn every_wrong_part_is_named_with_its_value() {
    let params = ListParams {
        q: "a b c d e f g h i".into(),
        status: "x\0y".into(),
        category: "lukewarm".into(),
        owner: "bob".into(),
        campaign: "7".into(),
        persona: "8".into(),
        created_from: "2026-04-01".into(),
        created_to: "2026-03-01".into(),
        sort: "luck".into(),
        after: "nowhere".into(),
        ..ListParams::default()
    };
    let errors = params.check(Tz::UTC).unwrap_err();
    let fields: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        ["after", "campaign", "category", "created_to", "owner", "persona", "q", "sort", "status"]
    );
    assert!(errors.get("category").unwrap().contains("lukewarm"));
}
