//! From columns to clauses: frequent values one by one, numbers in steps, rare texts as known or not.
//! A blank passes no test, so it scores 0.

use std::collections::{BTreeSet, HashMap};

use ndarray::Array2;

use super::model::{Case, Clause, Column};
use crate::agreement::facts::{FieldKind, LEAD_FIELDS, event_label, lead_field};
use crate::scoring::{Fact, Facts, Op, Test, Value};

/// A clause needs this many leads on either side.
const LEAST_LEADS: usize = 10;
/// And this share of all.
const LEAST_SHARE: f64 = 0.01;
/// Numbers with more different values than this are taken in steps.
const MOST_SINGLE_NUMBERS: usize = 5;
/// Steps that numbers are cut into.
const STEPS: usize = 8;
/// The longest text that a rule may compare with.
const LONGEST_VALUE: usize = 200;
/// Values of one column that get points of their own.
const MOST_VALUES: usize = 25;

/// What things are called.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Labels of custom fields, by `custom.<key>`.
    pub fields: HashMap<String, String>,
    /// Names of campaigns and personas, by id.
    pub ids: HashMap<String, String>,
}

impl Names {
    pub fn column(&self, column: &Column) -> String {
        match column {
            Column::Field(field) => match (self.fields.get(field), lead_field(field)) {
                (Some(label), _) => label.clone(),
                (None, Some(known)) => known.label.to_owned(),
                (None, None) => field.strip_prefix("custom.").unwrap_or(field).replace('_', " "),
            },
            Column::Event(event) => event_label(event).into_owned(),
            Column::Property { event, key } => format!("{}: {}", event_label(event), key.replace('_', " ")),
        }
    }
}

/// The facts that a lead has in a column: one for a field, one for each event for a property.
pub fn facts<'a>(case: &'a Case, column: &Column) -> Vec<Fact<'a>> {
    match column {
        Column::Field(field) => case.facts.known(field).into_iter().collect(),
        Column::Event(kind) => {
            case.events.iter().filter(|event| event.kind == *kind).map(|_| Fact::Bool(true)).take(1).collect()
        }
        Column::Property { event: kind, key } => {
            let of_kind = case.events.iter().filter(|event| event.kind == *kind);
            let known = of_kind.filter_map(|event| crate::scoring::json_fact(event.properties.get(key)?));
            known.filter(|fact| !matches!(fact, Fact::Text(text) if text.trim().is_empty())).collect()
        }
    }
}

/// Every column that some lead has: fields in the order in which people read them, custom fields, events.
pub fn columns(cases: &[Case]) -> Vec<Column> {
    let fields = LEAD_FIELDS.iter().map(|field| field.name.to_owned());
    let fields = fields.filter(|field| cases.iter().any(|case| case.facts.has(field)));
    let custom: BTreeSet<String> =
        cases.iter().flat_map(|case| case.facts.custom.keys().map(|key| format!("custom.{key}"))).collect();
    let mut events = BTreeSet::new();
    for event in cases.iter().flat_map(|case| &case.events) {
        if !events.contains(&Column::Event(event.kind.clone())) {
            events.insert(Column::Event(event.kind.clone()));
        }
        for key in event.properties.as_object().into_iter().flat_map(|properties| properties.keys()) {
            events.insert(Column::Property { event: event.kind.clone(), key: key.clone() });
        }
    }
    let mut events: Vec<Column> = events.into_iter().collect();
    events.sort_by_cached_key(Column::to_string);
    fields.chain(custom).map(Column::Field).chain(events).collect()
}

/// The clauses of these columns that enough leads pass and enough do not.
pub fn clauses(cases: &[Case], columns: &[Column], names: &Names) -> Vec<Clause> {
    columns.iter().flat_map(|column| of_column(cases, column, names)).collect()
}

fn of_column(cases: &[Case], column: &Column, names: &Names) -> Vec<Clause> {
    let label = names.column(column);
    let clause = |words: String, op: Op, value: Option<Value>| {
        let field = match column {
            Column::Field(field) => field.clone(),
            Column::Property { key, .. } => format!("property.{key}"),
            Column::Event(_) => return Clause { column: column.clone(), label: words, when: vec![] },
        };
        Clause { column: column.clone(), label: words, when: vec![Test { field, op, value }] }
    };
    let known = || clause(format!("{label} is known"), Op::IsKnown, None);
    let found = match column {
        Column::Event(_) => vec![clause(label.clone(), Op::IsKnown, None)],
        _ => match numbers(cases, column) {
            Some(numbers) => {
                let steps = steps(numbers).into_iter().map(|step| {
                    clause(format!("{label} at least {step}"), Op::AtLeast, Some(Value::Number(step)))
                });
                std::iter::once(known()).chain(steps).collect()
            }
            None => {
                let mut values: Vec<Clause> = values(cases, column)
                    .into_iter()
                    .map(|(shown, value)| {
                        let shown = names.ids.get(&shown).cloned().unwrap_or(shown);
                        clause(format!("{label} is {shown}"), Op::Is, Some(value))
                    })
                    .collect();
                if values.is_empty() {
                    values.push(known());
                }
                values
            }
        },
    };
    let least = least(cases.len());
    let tells = |clause: &Clause| {
        let passing = cases.iter().filter(|case| clause.weight(case, 1.0) > 0.0).count();
        (least..=cases.len().saturating_sub(least)).contains(&passing)
    };
    found.into_iter().filter(tells).collect()
}

/// Leads that make a clause worth points.
pub fn least(cases: usize) -> usize {
    LEAST_LEADS.max((cases as f64 * LEAST_SHARE).ceil() as usize)
}

/// The numbers of a column in ascending order, when it holds nothing else and enough different ones.
fn numbers(cases: &[Case], column: &Column) -> Option<Vec<f64>> {
    if let Column::Field(field) = column
        && lead_field(field).is_some_and(|field| field.kind == FieldKind::Text)
    {
        // Rules compare these as text, even where it is made of digits.
        return None;
    }
    let mut numbers = vec![];
    for fact in cases.iter().flat_map(|case| facts(case, column)) {
        numbers.push(match &fact {
            Fact::Number(number) => *number,
            Fact::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite())?,
            Fact::Bool(_) => return None,
        });
    }
    numbers.sort_by(f64::total_cmp);
    let different = 1 + numbers.windows(2).filter(|pair| pair[0] < pair[1]).count();
    (!numbers.is_empty() && different > MOST_SINGLE_NUMBERS).then_some(numbers)
}

/// Where sorted numbers are cut, so that about as many lie in each step, at numbers that people would write.
fn steps(numbers: Vec<f64>) -> Vec<f64> {
    let mut cuts: Vec<f64> = (1..STEPS)
        .map(|step| plain(numbers[numbers.len() * step / STEPS]))
        .filter(|cut| *cut > numbers[0])
        .collect();
    cuts.dedup();
    cuts
}

/// A number with two digits that count, which rules can hold.
fn plain(number: f64) -> f64 {
    if number == 0.0 {
        return 0.0;
    }
    let digits = (1.0 - number.abs().log10().floor()).min(4.0);
    let scale = 10_f64.powf(digits.abs());
    let rounded =
        if digits >= 0.0 { (number * scale).round() / scale } else { (number / scale).round() * scale };
    rounded.clamp(-1e11, 1e11)
}

/// The frequent values of a column, the most frequent first, as people wrote them most often.
fn values(cases: &[Case], column: &Column) -> Vec<(String, Value)> {
    let mut found: HashMap<String, (usize, HashMap<String, usize>, Value)> = HashMap::new();
    for case in cases {
        let mut seen = vec![];
        for fact in facts(case, column) {
            let shown = fact.to_string();
            let key = shown.to_lowercase();
            if shown.chars().count() > LONGEST_VALUE || seen.contains(&key) {
                continue;
            }
            let value = match &fact {
                Fact::Text(text) => Value::Text(text.trim().to_owned()),
                Fact::Number(number) => Value::Number(*number),
                Fact::Bool(truth) => Value::Bool(*truth),
            };
            let entry = found.entry(key.clone()).or_insert_with(|| (0, HashMap::new(), value));
            entry.0 += 1;
            *entry.1.entry(shown).or_default() += 1;
            seen.push(key);
        }
    }
    let least = least(cases.len());
    let mut frequent: Vec<_> = found.into_iter().filter(|(_, (count, ..))| *count >= least).collect();
    frequent.sort_by(|(a, (many, ..)), (b, (few, ..))| few.cmp(many).then_with(|| a.cmp(b)));
    frequent.truncate(MOST_VALUES);
    frequent
        .into_iter()
        .map(|(_, (_, spellings, value))| {
            let most = spellings.into_iter().max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.cmp(a)));
            let shown = most.map(|(spelling, _)| spelling).unwrap_or_default();
            let value = if matches!(value, Value::Text(_)) { Value::Text(shown.clone()) } else { value };
            (shown, value)
        })
        .collect()
}

/// A row for each lead, a column for each clause: what a rule of one point would give.
pub fn weights(cases: &[Case], clauses: &[Clause], half_life_days: f64) -> Array2<f64> {
    Array2::from_shape_fn((cases.len(), clauses.len()), |(case, clause)| {
        clauses[clause].weight(&cases[case], half_life_days)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::agreement::terms::Terms;
    use crate::points::planted::{case, leads};
    use crate::scoring::{FitRule, InterestRule, InterestRules};

    fn labels(cases: &[Case], column: &str) -> Vec<String> {
        clauses(cases, &[Column::parse(column)], &Names::default())
            .into_iter()
            .map(|clause| clause.label)
            .collect()
    }

    fn of_countries(countries: &[(&str, usize)]) -> Vec<Case> {
        let each = countries.iter().flat_map(|(country, count)| std::iter::repeat_n(country, *count));
        each.map(|country| case(json!({ "country": country }), &[], false)).collect()
    }

    #[test]
    fn frequent_values_become_clauses_and_rare_ones_do_not() {
        let cases = of_countries(&[("Austria", 20), ("austria", 5), ("France", 10), ("Malta", 9), ("", 30)]);
        assert_eq!(labels(&cases, "country"), ["Country is Austria", "Country is France"]);
        assert_eq!(
            labels(&of_countries(&[("Austria", 40)]), "country"),
            [""; 0],
            "what all leads share tells nothing"
        );
    }

    #[test]
    fn texts_that_hardly_two_leads_share_are_known_or_not() {
        let mut cases: Vec<Case> =
            (0..20).map(|n| case(json!({ "company": format!("Company {n}") }), &[], false)).collect();
        cases.extend((0..20).map(|_| case(json!({}), &[], false)));
        assert_eq!(labels(&cases, "company"), ["Company is known"]);
    }

    #[test]
    fn many_different_numbers_are_cut_in_steps_and_few_are_taken_one_by_one() {
        let sized = |most: usize| -> Vec<Case> {
            (0..400)
                .map(|n| case(json!({ "employees": n % most, "custom": { "size": n % most } }), &[], false))
                .collect()
        };
        let steps = labels(&sized(400), "employees");
        assert_eq!(steps.first().map(String::as_str), Some("Employees at least 50"));
        assert_eq!(steps.last().map(String::as_str), Some("Employees at least 350"));
        assert_eq!(labels(&sized(2), "employees"), ["Employees is 0", "Employees is 1"]);
    }

    #[test]
    fn digits_in_a_field_of_text_stay_text() {
        let cases: Vec<Case> = (0..200)
            .map(|n| case(json!({ "first_touch": { "term": (n % 10).to_string() } }), &[], false))
            .collect();
        assert!(labels(&cases, "first_touch.term").contains(&"First touch: term is 3".to_owned()));
    }

    #[test]
    fn a_blank_scores_nothing_in_any_clause() {
        let mut cases = leads(300);
        cases.push(case(
            json!({ "industry": " ", "custom": { "colour": null } }),
            &[("page_view", json!({ "seconds": null }), 5)],
            true,
        ));
        let columns: Vec<Column> = columns(&cases)
            .into_iter()
            .filter(|column| *column != Column::Event("page_view".into()))
            .collect();
        let found = clauses(&cases, &columns, &Names::default());
        assert!(found.len() > 10);
        let row = weights(&cases, &found, 7.0);
        assert!(row.row(cases.len() - 1).iter().all(|weight| *weight == 0.0));
    }

    #[test]
    fn weights_are_what_the_engine_gives_for_a_rule_of_one_point() {
        let half_life = Terms::default_agreement().interest.half_life_days;
        let cases = [
            case(
                json!({ "country": "Austria" }),
                &[("page_view", json!({ "url": "/a" }), 93), ("page_view", json!({ "url": "/b" }), 99)],
                true,
            ),
            case(json!({}), &[], false),
        ];
        let clause = |column: &str, when: serde_json::Value| Clause {
            column: Column::parse(column),
            label: "A clause".into(),
            when: serde_json::from_value(when).unwrap(),
        };
        let found = [
            clause("country", json!([{ "field": "country", "op": "is", "value": "Austria" }])),
            clause("event.page_view", json!([])),
            clause("event.page_view.url", json!([{ "field": "property.url", "op": "is", "value": "/a" }])),
        ];
        let weights = weights(&cases, &found, half_life);
        for (at, case) in cases.iter().enumerate() {
            let fit = FitRule {
                key: "a".into(),
                label: "A".into(),
                when: found[0].when.clone(),
                points: 1,
                persona: None,
                persona_revision: None,
            };
            assert_eq!(weights[[at, 0]], f64::from(crate::scoring::FitScore::points_of(&[fit], &case.facts)));
            for (clause, weight) in found.iter().zip(weights.row(at)).skip(1) {
                let rule = InterestRule {
                    key: "a".into(),
                    label: "A".into(),
                    event: "page_view".into(),
                    when: clause.when.clone(),
                    points: 1.0,
                    cap: Some(1.0),
                };
                let engine = case.interest(&InterestRules::new(&[rule], half_life));
                assert!((engine - weight).abs() < 1e-9, "{engine} {weight}");
            }
        }
    }

    #[test]
    fn numbers_are_cut_where_people_would() {
        let written: Vec<f64> = [0.0, 0.034_56, 1.26, 47.0, 1234.0, 987_654.0, -1234.0].map(plain).to_vec();
        assert_eq!(written, [0.0, 0.035, 1.3, 47.0, 1200.0, 990_000.0, -1200.0]);
    }
}
