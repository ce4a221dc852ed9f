use super::*;

#[test]
fn a_place_is_read_back_in_its_own_order_only() {
    let id = Uuid::from_u128(7);
    let at: DateTime<Utc> = "2026-11-23T10:00:00.123456Z".parse().unwrap();
    let places = [
        (Sort::Hot, SortKey::Hot(Some(at))),
        (Sort::Hot, SortKey::Hot(None)),
        (Sort::Fit, SortKey::Fit(71)),
        (Sort::Age, SortKey::Age(at)),
        (Sort::Name, SortKey::Name("o~brien, zoë".into())),
        (Sort::Name, SortKey::Name(String::new())),
    ];
    for (sort, key) in places {
        let place = Place { key, id };
        assert_eq!(Place::parse(&place.cursor().to_string(), sort), Ok(place));
    }
    let name = Place { key: SortKey::Name("anna".into()), id }.cursor().to_string();
    for sort in [Sort::Hot, Sort::Fit, Sort::Age] {
        assert!(Place::parse(&name, sort).unwrap_err().contains(sort.key()));
    }
    assert!(Place::parse(&Cursor { key: i64::MAX.to_string(), id }.to_string(), Sort::Age).is_err());
    assert!(Place::parse(&Cursor { key: "a\0".into(), id }.to_string(), Sort::Name).is_err());
}

#[test]
fn a_whole_address_is_searched_as_one() {
    assert_eq!(
        Search::parse(" Anna@Example.com "),
        Ok(Search::Email(Email::parse("anna@example.com").unwrap()))
    );
    assert_eq!(Search::parse("anna@exam"), Ok(Search::Words(vec!["anna@exam".into()])));
    assert_eq!(Search::parse("anna  meyer"), Ok(Search::Words(vec!["anna".into(), "meyer".into()])));
    assert_eq!(Search::parse("  "), Ok(Search::Everything));
}
