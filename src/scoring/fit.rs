//! Fit: points for what the lead is, summed and clamped to 0..=100.

use serde::{Deserialize, Serialize};

use super::{Facts, Test, hold};

/// Points for a lead whose facts pass every test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRule {
    pub key: String,
    pub label: String,
    pub when: Vec<Test>,
    /// -100..=100, not 0.
    pub points: i16,
    /// The persona that this rule speaks for, by its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona: Option<String>,
    /// The revision of that persona that the rule was written for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persona_revision: Option<u32>,
}

/// The fit of a lead and why: the points of the lines add up to the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitScore {
    /// 0..=100.
    pub points: u8,
    pub lines: Vec<FitLine>,
}

/// One reason for the score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitLine {
    /// The rule's key; none for the line that keeps the sum within 0..=100.
    pub rule: Option<String>,
    pub label: String,
    /// The facts that the rule saw, such as `employees: 250, country: unknown`.
    pub evidence: String,
    pub points: i32,
}

impl FitScore {
    /// The score of these facts with its explanation.
    pub fn of(rules: &[FitRule], facts: &impl Facts) -> Self {
        let mut lines: Vec<_> =
            rules.iter().filter(|rule| hold(&rule.when, facts)).map(|rule| line(rule, facts)).collect();
        let sum: i32 = lines.iter().map(|line| line.points).sum();
        let points = clamped(sum);
        if i32::from(points) != sum {
            lines.push(FitLine {
                rule: None,
                label: "Fit is kept within 0 and 100".to_owned(),
                evidence: format!("sum of the rules: {sum}"),
                points: i32::from(points) - sum,
            });
        }
        Self { points, lines }
    }

    /// The score alone, for many leads at a time.
    pub fn points_of(rules: &[FitRule], facts: &impl Facts) -> u8 {
        clamped(rules.iter().filter(|rule| hold(&rule.when, facts)).map(|rule| i32::from(rule.points)).sum())
    }
}

fn clamped(sum: i32) -> u8 {
    u8::try_from(sum.clamp(0, 100)).unwrap_or(100)
}

fn line(rule: &FitRule, facts: &impl Facts) -> FitLine {
    let mut evidence = String::new();
    for (at, test) in rule.when.iter().enumerate() {
        // Two tests of one field, such as a range, saw the same fact.
        if rule.when[..at].iter().any(|earlier| earlier.field == test.field) {
            continue;
        }
        if !evidence.is_empty() {
            evidence.push_str(", ");
        }
        evidence.push_str(&test.field);
        evidence.push_str(": ");
        match facts.known(&test.field) {
            Some(fact) => evidence.push_str(&fact.to_string()),
            None => evidence.push_str("unknown"),
        }
    }
    FitLine {
        rule: Some(rule.key.clone()),
        label: rule.label.clone(),
        evidence,
        points: i32::from(rule.points),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scoring::{Fact, json_fact};

    struct Given(serde_json::Value);
    impl Facts for Given {
        fn fact(&self, field: &str) -> Option<Fact<'_>> {
            json_fact(self.0.get(field)?)
        }
    }

    fn rule(key: &str, when: serde_json::Value, points: i16) -> FitRule {
        let label = format!("Rule {key}");
        FitRule {
            key: key.into(),
            label,
            when: serde_json::from_value(when).unwrap(),
            points,
            persona: None,
            persona_revision: None,
        }
    }

    #[test]
    fn each_rule_that_holds_is_a_line_with_what_it_saw() {
        let rules = [
            rule(
                "size",
                json!([{"field": "employees", "op": "at_least", "value": 50}, {"field": "employees", "op": "at_most", "value": 500}]),
                30,
            ),
            rule("country", json!([{"field": "country", "op": "is_blank"}]), -5),
            rule("title", json!([{"field": "title", "op": "contains", "value": "head"}]), 20),
        ];
        let score = FitScore::of(&rules, &Given(json!({ "employees": 250, "title": "Analyst" })));
        assert_eq!(score.points, 25);
        let lines: Vec<_> =
            score.lines.iter().map(|l| (l.rule.as_deref().unwrap(), l.evidence.as_str(), l.points)).collect();
        assert_eq!(lines, [("size", "employees: 250", 30), ("country", "country: unknown", -5)]);
    }

    #[test]
    fn a_sum_beyond_the_scale_is_brought_back_by_a_line_of_its_own() {
        let known = json!([{"field": "a", "op": "is_known"}]);
        let facts = Given(json!({ "a": 1 }));
        let high = FitScore::of(&[rule("x", known.clone(), 80), rule("y", known.clone(), 70)], &facts);
        assert_eq!((high.points, high.lines[2].points, &high.lines[2].rule), (100, -50, &None));
        let low = FitScore::of(&[rule("x", known, -80)], &facts);
        assert_eq!((low.points, low.lines[1].points), (0, 80));
    }

    proptest! {
        #[test]
        fn the_explanation_sums_to_the_score_and_the_short_way_agrees(
            points in prop::collection::vec((-100i16..=100, 0i64..10), 0..60), employees in 0i64..10,
        ) {
            let rules: Vec<_> = points.iter().enumerate().map(|(at, (points, least))| {
                rule(&at.to_string(), json!([{"field": "employees", "op": "at_least", "value": least}]), *points)
            }).collect();
            let facts = Given(json!({ "employees": employees }));
            let score = FitScore::of(&rules, &facts);
            prop_assert_eq!(score.lines.iter().map(|line| line.points).sum::<i32>(), i32::from(score.points));
            prop_assert_eq!(FitScore::points_of(&rules, &facts), score.points);
        }
    }
}
