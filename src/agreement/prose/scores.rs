//! Parts 3 to 5: fit, interest and the four categories.

use super::Part;
use super::words::{condition, count, sentence};
use crate::agreement::facts::event_label;
use crate::agreement::terms::{Route, Terms};
use crate::scoring::{CategoryKey, FitRule, InterestRule};

pub(super) fn fit(terms: &Terms) -> Part {
    let mut part = Part::new(
        3,
        "fit",
        "Personas and fit",
        "Fit is what a lead is. Every rule that holds gives its points; their sum is kept within 0 and 100. What is not known satisfies no rule, but one that asks for just that.",
    );
    for (at, rule) in terms.fit.rules.iter().enumerate() {
        part.says(&format!(".rules[{at}]"), fit_rule(terms, rule));
    }
    part.with_table(
        &["Rule", "Points"],
        terms.fit.rules.iter().map(|rule| vec![rule.label.clone(), rule.points.to_string()]),
    )
}

fn fit_rule(terms: &Terms, rule: &FitRule) -> String {
    let points = count(rule.points.unsigned_abs(), "point");
    let act = if rule.points < 0 { "are taken off" } else { "are added" };
    let mut text =
        format!("{} ({}): when {}, {points} {act}.", rule.label, rule.key, condition(terms, &rule.when));
    if let Some(persona) = &rule.persona {
        text.push_str(&format!(" It speaks for the persona “{persona}”"));
        match rule.persona_revision {
            Some(revision) => text.push_str(&format!(" as of its revision {revision}.")),
            None => text.push('.'),
        }
    }
    text
}

pub(super) fn interest(terms: &Terms) -> Part {
    let mut part = Part::new(
        4,
        "interest",
        "Interest",
        "Interest is what a lead does. Every rule that an event matches gives its points, and points fade with time.",
    );
    let half_life = count(terms.interest.half_life_days, "day");
    part.says(
        ".half_life_days",
        format!("Points count half after {half_life}, a quarter after twice as long, and so on."),
    );
    for (at, rule) in terms.interest.rules.iter().enumerate() {
        part.says(&format!(".rules[{at}]"), interest_rule(terms, rule));
    }
    part.with_table(
        &["Rule", "Event", "Points", "At most"],
        terms.interest.rules.iter().map(|rule| {
            let cap = rule.cap.map_or_else(|| "no limit".to_owned(), |cap| cap.to_string());
            vec![rule.label.clone(), event_label(&rule.event).into_owned(), rule.points.to_string(), cap]
        }),
    )
}

fn interest_rule(terms: &Terms, rule: &InterestRule) -> String {
    let when =
        if rule.when.is_empty() { String::new() } else { format!(" whose {}", condition(terms, &rule.when)) };
    let most = match rule.cap {
        Some(cap) => format!("all of them together never hold more than {}", count(cap, "point")),
        None => "there is no limit to their sum".to_owned(),
    };
    let (event, points) = (event_label(&rule.event), count(rule.points, "point"));
    format!("{} ({}): each event “{event}”{when} adds {points}; {most}.", rule.label, rule.key)
}

pub(super) fn categories(terms: &Terms) -> Part {
    let categories = &terms.categories;
    let mut part = Part::new(
        5,
        "categories",
        "Categories",
        "Two thresholds put every lead into one of four categories, and the category decides what happens next.",
    );
    part.says(
        ".fit_good",
        format!("A lead is a good fit from {} of fit.", count(categories.fit_good, "point")),
    );
    part.says(
        ".interest_high",
        format!("Interest is high above {} of interest.", count(categories.interest_high, "point")),
    );
    for key in CategoryKey::all() {
        let category = categories.get(key);
        let (interest, fit) = quarter(key);
        let text = format!(
            "{} ({interest} interest, {fit} fit): {} {}",
            category.label,
            sentence(&category.definition),
            route(category.route)
        );
        part.says(&format!(".{key}"), text);
    }
    part.with_table(
        &["Category", "Interest", "Fit", "Route"],
        CategoryKey::all().into_iter().map(|key| {
            let (interest, fit) = quarter(key);
            let category = categories.get(key);
            vec![
                category.label.clone(),
                interest.to_owned(),
                fit.to_owned(),
                category.route.label().to_owned(),
            ]
        }),
    )
}

/// Which interest and fit meet in a category, whatever it is called.
fn quarter(key: CategoryKey) -> (&'static str, &'static str) {
    match key {
        CategoryKey::HighInterestGoodFit => ("high", "good"),
        CategoryKey::HighInterestLowFit => ("high", "low"),
        CategoryKey::LowInterestGoodFit => ("low", "good"),
        CategoryKey::LowInterestBadFit => ("low", "low"),
    }
}

fn route(route: Route) -> &'static str {
    match route {
        Route::HandOff => "Such leads are handed off to Sales.",
        Route::Nurture => "Marketing nurtures such leads.",
        Route::Review => "Marketing reviews such leads one by one.",
        Route::Park => "Such leads are parked: nobody works on them.",
    }
}
