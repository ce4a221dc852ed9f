//! What follows from conditions alone, before any lead is known: whether one condition holds wherever another does, and
//! whether nothing at all can satisfy one. Both answers may be a false "no", never a false "yes".

use super::condition::{compare, contains, date_of, number_of_value, same_text, starts_with, truth_of};
use super::{Fact, Op, Test, Value};

/// Whether everything that satisfies all tests of `a` is known to satisfy all tests of `b`.
pub fn implies(a: &[Test], b: &[Test]) -> bool {
    let given = normal(a);
    if is_impossible(&given) {
        return true;
    }
    normal(b).iter().all(|wanted| {
        given.iter().any(|clause| {
            clause.field == wanted.field
                && clause.atoms.iter().all(|atom| {
                    wanted.atoms.iter().any(|wanted| entails(atom, wanted))
                        || is_excluded(atom, clause.field, &given)
                })
        })
    })
}

/// Whether these tests are known to exclude one another, so that nothing satisfies them all.
pub fn contradicts(tests: &[Test]) -> bool {
    is_impossible(&normal(tests))
}

/// A comparison of a field with one value.
#[derive(Debug, Clone, Copy)]
enum Atom<'a> {
    Is(&'a Value),
    /// Known, and something else.
    IsNot(&'a Value),
    Contains(&'a str),
    StartsWith(&'a str),
    AtLeast(&'a Value),
    AtMost(&'a Value),
    Known,
    Blank,
}

/// One of these holds; none, when there are none.
#[derive(Debug)]
struct Clause<'a> {
    field: &'a str,
    atoms: Vec<Atom<'a>>,
}

/// Tests as clauses that must all hold.
fn normal(tests: &[Test]) -> Vec<Clause<'_>> {
    let mut clauses = vec![];
    for test in tests {
        let field = test.field.as_str();
        let values = match &test.value {
            Some(Value::List(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[],
        };
        let texts = || values.iter().filter_map(text_of);
        // What is neither a number nor a date bounds nothing.
        let bound = || test.value.as_ref().filter(|value| ordered(value, value, |order| order.is_eq()));
        let atoms = match test.op {
            Op::IsKnown => vec![Atom::Known],
            Op::IsBlank => vec![Atom::Blank],
            Op::Is | Op::IsOneOf => values.iter().map(Atom::Is).collect(),
            Op::IsNot | Op::IsNoneOf if test.value.is_some() => {
                clauses.extend(values.iter().map(|value| Clause { field, atoms: vec![Atom::IsNot(value)] }));
                vec![Atom::Known]
            }
            Op::IsNot | Op::IsNoneOf => vec![],
            Op::Contains => texts().map(Atom::Contains).collect(),
            Op::StartsWith => texts().map(Atom::StartsWith).collect(),
            Op::AtLeast => bound().map(Atom::AtLeast).into_iter().collect(),
            Op::AtMost => bound().map(Atom::AtMost).into_iter().collect(),
        };
        clauses.push(Clause { field, atoms });
    }
    clauses
}

fn is_impossible(clauses: &[Clause]) -> bool {
    clauses.iter().any(|clause| clause.atoms.iter().all(|atom| is_excluded(atom, clause.field, clauses)))
}

/// Whether some clause about the same field leaves no room for this.
fn is_excluded(atom: &Atom, field: &str, clauses: &[Clause]) -> bool {
    clauses
        .iter()
        .any(|clause| clause.field == field && clause.atoms.iter().all(|other| excludes(atom, other)))
}

/// Whether what satisfies `a` satisfies `b`.
fn entails(a: &Atom, b: &Atom) -> bool {
    use Atom::{AtLeast, AtMost, Blank, Contains, Is, IsNot, Known, StartsWith};
    match (a, b) {
        (Blank, Blank) => true,
        (Blank, _) | (_, Blank) => false,
        (_, Known) => true,
        (Is(a), Is(b)) => covers(b, a),
        (Is(a), IsNot(b)) => !overlap(a, b),
        (Is(a), Contains(part)) => is_plain_text(a).is_some_and(|text| contains(text, part)),
        (Is(a), StartsWith(start)) => is_plain_text(a).is_some_and(|text| starts_with(text, start)),
        (Is(a), AtLeast(b)) => !is_truth(a) && compares(a, b, |order| order.is_ge()),
        (Is(a), AtMost(b)) => !is_truth(a) && compares(a, b, |order| order.is_le()),
        (IsNot(a), IsNot(b)) => covers(a, b),
        (AtLeast(a), AtLeast(b)) => ordered(a, b, |order| order.is_ge()),
        (AtMost(a), AtMost(b)) => ordered(a, b, |order| order.is_le()),
        (AtLeast(a), IsNot(b)) => !compares(b, a, |order| order.is_ge()),
        (AtMost(a), IsNot(b)) => !compares(b, a, |order| order.is_le()),
        (Contains(a), Contains(b)) | (StartsWith(a), Contains(b)) => contains(a, b),
        (StartsWith(a), StartsWith(b)) => starts_with(a, b),
        (Contains(a), IsNot(b)) => text_of(b).is_some_and(|text| !contains(text, a)),
        (StartsWith(a), IsNot(b)) => text_of(b).is_some_and(|text| !starts_with(text, a)),
        _ => false,
    }
}

/// Whether nothing satisfies both.
fn excludes(a: &Atom, b: &Atom) -> bool {
    use Atom::{AtLeast, AtMost, Blank, Contains, Is, IsNot, StartsWith};
    match (a, b) {
        (Blank, Blank) => false,
        (Blank, _) | (_, Blank) => true,
        (Is(a), Is(b)) => !overlap(a, b),
        (Is(a), IsNot(b)) | (IsNot(b), Is(a)) => covers(b, a),
        (Is(a), AtLeast(b)) | (AtLeast(b), Is(a)) => !compares(a, b, |order| order.is_ge()),
        (Is(a), AtMost(b)) | (AtMost(b), Is(a)) => !compares(a, b, |order| order.is_le()),
        (Is(a), Contains(part)) | (Contains(part), Is(a)) => {
            text_of(a).is_some_and(|text| !contains(text, part))
        }
        (Is(a), StartsWith(start)) | (StartsWith(start), Is(a)) => {
            text_of(a).is_some_and(|text| !starts_with(text, start))
        }
        (AtLeast(least), AtMost(most)) | (AtMost(most), AtLeast(least)) => {
            ordered(least, most, |order| order.is_gt())
        }
        (StartsWith(a), StartsWith(b)) => !starts_with(a, b) && !starts_with(b, a),
        _ => false,
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text.trim()),
        _ => None,
    }
}

/// A text that only a text equals: numbers and truths equal some words too.
fn is_plain_text(value: &Value) -> Option<&str> {
    text_of(value).filter(|text| number_of_value(value).is_none() && truth_of(text).is_none())
}

fn is_truth(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Text(text) => truth_of(text).is_some(),
        Value::Number(_) | Value::List(_) => false,
    }
}

/// Whether every fact that equals `narrow` equals `wide`.
fn covers(wide: &Value, narrow: &Value) -> bool {
    match (narrow, wide) {
        (Value::Text(a), Value::Text(b)) => same_text(a.trim(), b.trim()),
        (Value::Text(a), Value::Bool(b)) => truth_of(a) == Some(*b),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (_, Value::Number(b)) => number_of_value(narrow) == Some(*b),
        _ => false,
    }
}

/// Whether some fact may equal both.
fn overlap(a: &Value, b: &Value) -> bool {
    let same_number = number_of_value(a).is_some_and(|number| number_of_value(b) == Some(number));
    let truth = |value: &Value| match value {
        Value::Bool(truth) => Some(*truth),
        Value::Text(text) => truth_of(text),
        Value::Number(_) | Value::List(_) => None,
    };
    let same_truth = truth(a).is_some_and(|is| truth(b) == Some(is));
    let same_words = text_of(a).zip(text_of(b)).is_some_and(|(a, b)| same_text(a, b) || same_text(b, a));
    same_number || same_truth || same_words
}

/// Whether facts that equal `value` stand so to a bound.
fn compares(value: &Value, bound: &Value, wanted: fn(std::cmp::Ordering) -> bool) -> bool {
    let fact = match value {
        Value::Text(text) => Fact::from(text.as_str()),
        Value::Number(number) => Fact::Number(*number),
        Value::Bool(_) | Value::List(_) => return false,
    };
    compare(&fact, bound).is_some_and(wanted)
}

/// Whether two bounds of one kind stand so to each other.
fn ordered(a: &Value, b: &Value, wanted: fn(std::cmp::Ordering) -> bool) -> bool {
    let numbers = number_of_value(a).zip(number_of_value(b));
    let dates = || date_of(text_of(a)?).zip(date_of(text_of(b)?));
    let order = match numbers {
        Some((a, b)) => a.partial_cmp(&b),
        None => dates().map(|(a, b)| a.cmp(&b)),
    };
    order.is_some_and(wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::scoring::{Facts, hold, json_fact};

    struct Given(Json);
    impl Facts for Given {
        fn fact(&self, field: &str) -> Option<Fact<'_>> {
            json_fact(self.0.get(field)?)
        }
    }

    fn tests(text: &Json) -> Vec<Test> {
        serde_json::from_value(text.clone()).unwrap()
    }

    /// One test of the field f.
    fn one(op: &str, value: Json) -> Json {
        if value.is_null() {
            json!([{ "field": "f", "op": op }])
        } else {
            json!([{ "field": "f", "op": op, "value": value }])
        }
    }

    #[track_caller]
    fn follows(a: &Json, b: &Json, expected: bool) {
        assert_eq!(implies(&tests(a), &tests(b)), expected, "{a} ⇒ {b}");
    }

    #[test]
    fn a_narrower_condition_implies_a_wider_one_and_not_the_other_way_round() {
        for (narrow, wide) in [
            (one("at_least", json!(500)), one("at_least", json!(50))),
            (one("is", json!("DE")), one("is_one_of", json!(["at", "de"]))),
            (one("is_none_of", json!(["de", "at"])), one("is_not", json!("DE"))),
            (one("contains", json!("head of sales")), one("contains", json!(["Head", "chief"]))),
            (one("starts_with", json!("/pricing/a")), one("contains", json!("PRICING"))),
            (one("is", json!("x")), one("is_known", json!(null))),
            (one("at_most", json!(9)), one("is_not", json!(10))),
            (one("is", json!("5")), one("is", json!(5))),
            (one("is", json!("yes")), one("is", json!(true))),
            (one("at_most", json!("2026-01-01")), one("at_most", json!("2026-03-01"))),
        ] {
            follows(&narrow, &wide, true);
            follows(&wide, &narrow, false);
        }
    }

    #[test]
    fn texts_that_one_number_or_truth_equals_are_not_each_other() {
        for (a, b) in [(json!("5"), json!("5.0")), (json!("yes"), json!("true")), (json!(5), json!("5"))] {
            follows(&one("is", a.clone()), &one("is", b.clone()), false);
            follows(&one("is", a), &one("is_not", b), false);
        }
    }

    #[test]
    fn more_tests_are_narrower_and_other_fields_say_nothing() {
        let both =
            json!([{ "field": "f", "op": "at_least", "value": 50 }, { "field": "g", "op": "is_known" }]);
        follows(&both, &one("at_least", json!(10)), true);
        follows(&one("at_least", json!(50)), &both, false);
        follows(&both, &json!([]), true);
        follows(&json!([]), &both, false);
        // Only what is left of a list counts.
        let left = json!([{ "field": "f", "op": "is_one_of", "value": ["a", "b"] }, { "field": "f", "op": "is_not", "value": "b" }]);
        follows(&left, &one("is", json!("A")), true);
    }

    #[test]
    fn what_cannot_be_is_found() {
        for (first, second) in [
            (("at_least", json!(500)), ("at_most", json!(10))),
            (("is", json!("x")), ("is", json!("y"))),
            (("is_known", json!(null)), ("is_blank", json!(null))),
            (("is", json!("x")), ("is_none_of", json!(["y", "X"]))),
            (("is", json!("x")), ("contains", json!("xy"))),
            (("starts_with", json!("a")), ("starts_with", json!("b"))),
            (("is_one_of", json!([1, 2])), ("at_least", json!(3))),
        ] {
            let both = json!([{ "field": "f", "op": first.0, "value": first.1 }, { "field": "f", "op": second.0, "value": second.1 }]);
            assert!(contradicts(&tests(&both)), "{both}");
        }
        let fine = json!([{ "field": "f", "op": "at_least", "value": 10 }, { "field": "f", "op": "at_most", "value": 10 }]);
        assert!(!contradicts(&tests(&fine)));
        assert!(!contradicts(&[]));
    }

    /// Values that meet each other in every way: texts that are numbers, truths, dates, parts of one another.
    fn values() -> impl Strategy<Value = Json> {
        prop::sample::select(vec![
            json!("a"),
            json!("A "),
            json!("ab"),
            json!("abc"),
            json!("5"),
            json!("5.0"),
            json!("50"),
            json!(5),
            json!(50),
            json!(4.5),
            json!("yes"),
            json!("TRUE"),
            json!(true),
            json!(false),
            json!("no"),
            json!("2026-03-01"),
            json!("2026-03-01T10:00:00Z"),
            json!("2026-02-01"),
            json!("ä"),
            json!("Äb"),
            json!(-1),
        ])
    }

    fn a_test() -> impl Strategy<Value = Test> {
        let op = prop::sample::select(vec![
            "is",
            "is_not",
            "is_one_of",
            "is_none_of",
            "contains",
            "starts_with",
            "at_least",
            "at_most",
            "is_known",
            "is_blank",
        ]);
        (prop::sample::select(vec!["f", "f", "g"]), op, prop::collection::vec(values(), 1..4)).prop_map(
            |(field, op, values)| {
                let value = match op {
                    "is_known" | "is_blank" => Json::Null,
                    "is_one_of" | "is_none_of" => json!(values),
                    "contains" | "starts_with" if values.len() > 1 => json!(values),
                    _ => values[0].clone(),
                };
                let mut test = json!({ "field": field, "op": op });
                if !value.is_null() {
                    test["value"] = value;
                }
                serde_json::from_value(test).unwrap()
            },
        )
    }

    fn facts() -> impl Strategy<Value = Json> {
        let fact = prop_oneof![Just(Json::Null), values(), values(), Just(json!("zab")), Just(json!("5e0"))];
        (fact.clone(), fact).prop_map(|(f, g)| json!({ "f": f, "g": g }))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

        #[test]
        fn what_is_implied_holds_wherever_the_condition_does(
            a in prop::collection::vec(a_test(), 0..3), b in prop::collection::vec(a_test(), 0..2),
            facts in prop::collection::vec(facts(), 12),
        ) {
            if implies(&a, &b) {
                for given in facts {
                    let given = Given(given);
                    prop_assert!(!hold(&a, &given) || hold(&b, &given), "{:?}", given.0);
                }
            }
        }

        #[test]
        fn nothing_satisfies_a_contradiction(a in prop::collection::vec(a_test(), 1..4), facts in prop::collection::vec(facts(), 12)) {
            if contradicts(&a) {
                for given in facts {
                    prop_assert!(!hold(&a, &Given(given.clone())), "{given}");
                }
            }
        }

        #[test]
        fn every_condition_implies_itself(a in prop::collection::vec(a_test(), 0..4)) {
            prop_assert!(implies(&a, &a));
        }
    }
}
