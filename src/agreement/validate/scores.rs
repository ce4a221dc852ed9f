//! Parts 3 to 5: rules that can be scored, and thresholds that can be reached.

use super::Check;
use super::conditions::About;
use crate::agreement::terms::Route;
use crate::scoring::CategoryKey;

pub(super) fn fit(check: &mut Check) {
    let rules = &check.terms.fit.rules;
    check.named("fit.rules", rules.iter().map(|rule| (rule.key.as_str(), rule.label.as_str())));
    for (at, rule) in rules.iter().enumerate() {
        let path = format!("fit.rules[{at}]");
        check.some_condition(&path, &rule.when, About::Lead);
        check.within(&format!("{path}.points"), rule.points, -100..=100);
        if rule.points == 0 {
            check.wrong(
                &format!("{path}.points"),
                0,
                "changes nothing",
                "use -100 to 100 without 0, or remove the rule",
            );
        }
        if let Some(persona) = &rule.persona {
            check.key(&format!("{path}.persona"), persona);
        } else if let Some(revision) = rule.persona_revision {
            let remedy = "name the persona, or leave the revision out";
            check.wrong(&format!("{path}.persona_revision"), revision, "is of no persona", remedy);
        }
    }
}

pub(super) fn interest(check: &mut Check) {
    let interest = &check.terms.interest;
    check.positive("interest.half_life_days", interest.half_life_days, 365.0);
    check.named("interest.rules", interest.rules.iter().map(|rule| (rule.key.as_str(), rule.label.as_str())));
    for (at, rule) in interest.rules.iter().enumerate() {
        let path = format!("interest.rules[{at}]");
        check.key(&format!("{path}.event"), &rule.event);
        check.condition(&path, &rule.when, About::Event);
        check.positive(&format!("{path}.points"), rule.points, 1000.0);
        if let Some(cap) = rule.cap {
            check.positive(&format!("{path}.cap"), cap, 100_000.0);
            if cap < rule.points {
                let remedy = format!("raise the cap to {} or more, or lower the points", rule.points);
                check.wrong(&format!("{path}.cap"), cap, "is below the points of one event", remedy);
            }
        }
    }
}

pub(super) fn categories(check: &mut Check) {
    let terms = check.terms;
    let categories = &terms.categories;
    check.within("categories.fit_good", categories.fit_good, 1..=100);
    check.positive("categories.interest_high", categories.interest_high, 100_000.0);

    let best_fit: i64 = terms.fit.rules.iter().map(|rule| i64::from(rule.points.max(0))).sum();
    if best_fit < i64::from(categories.fit_good) {
        let problem = format!("cannot be reached: all fit rules together give {best_fit} points");
        check.wrong("categories.fit_good", categories.fit_good, problem, "lower it, or add points in part 3");
    }
    // An uncapped rule can reach anything.
    let most: f64 = terms.interest.rules.iter().map(|rule| rule.cap.unwrap_or(f64::INFINITY)).sum();
    if most <= categories.interest_high {
        let problem = format!("cannot be exceeded: all interest rules together give {most} points at most");
        check.wrong(
            "categories.interest_high",
            categories.interest_high,
            problem,
            "lower it, or raise caps in part 4",
        );
    }
    let all = CategoryKey::all();
    for (at, key) in all.into_iter().enumerate() {
        let category = categories.get(key);
        check.text(&format!("categories.{key}.label"), &category.label, 100);
        check.text(&format!("categories.{key}.definition"), &category.definition, 1000);
        if all[..at].iter().any(|earlier| categories.get(*earlier).label == category.label) {
            check.wrong(
                &format!("categories.{key}.label"),
                &category.label,
                "is used twice",
                "give each its own label",
            );
        }
    }
    let handed_off = all.iter().any(|key| categories.get(*key).route == Route::HandOff);
    if !handed_off && terms.handoff.fast_tracks.is_empty() {
        let remedy = "route one category to hand_off, or add a fast track in part 6";
        check.wrong("categories", "route", "never hands a lead off", remedy);
    }
}
