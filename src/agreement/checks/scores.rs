//! Parts 3, 4 and the fast tracks of part 6: rules that can count, once, for whom they were written.

use super::Checks;
use crate::scoring::{Test, contradicts, implies};

pub(super) fn check(checks: &mut Checks) {
    fit(checks);
    personas(checks);
    interest(checks);
    fast_tracks(checks);
}

fn fit(checks: &mut Checks) {
    let terms = checks.terms;
    let rules = &terms.fit.rules;
    let mut best: i64 = 0;
    for (at, rule) in rules.iter().enumerate() {
        let path = format!("fit.rules[{at}].when");
        if contradicts(&rule.when) {
            contradictory(checks, &path, &rule.label, "Its points are never given to anybody.");
            continue;
        }
        best += i64::from(rule.points.max(0));
        let twin = rules[..at].iter().find(|earlier| is_same(&earlier.when, &rule.when));
        if let Some(twin) = twin {
            checks.warn(
                &path,
                format!("“{}” asks the same as “{}”.", rule.label, twin.label),
                format!("Both always count together: {} points for one fact.", rule.points + twin.points),
                "Make them one rule, or change one of the conditions.",
            );
        }
    }
    let wanted = i64::from(terms.categories.fit_good);
    let all: i64 = rules.iter().map(|rule| i64::from(rule.points.max(0))).sum();
    if best < wanted && all >= wanted {
        checks.warn(
            "categories.fit_good",
            format!("The rules that can count give {best} points together, and a good fit needs {wanted}."),
            "No lead is ever a good fit.",
            "Mend the contradictory rules of part 3, or lower the threshold.",
        );
    }
}

/// A rule that was written for a persona as it was once.
fn personas(checks: &mut Checks) {
    let (terms, known) = (checks.terms, checks.known);
    for (at, rule) in terms.fit.rules.iter().enumerate() {
        let persona = rule.persona.as_ref().and_then(|key| known.persona(key));
        let Some((persona, cited)) = persona.zip(rule.persona_revision) else { continue };
        if cited < persona.revision {
            checks.warn(
                &format!("fit.rules[{at}].persona_revision"),
                format!(
                    "“{}” was written for revision {cited} of the persona “{}”, which is at revision {} now.",
                    rule.label, persona.name, persona.revision
                ),
                "It may give points for what no longer describes whom you look for.",
                format!(
                    "Read what changed, adjust the rule if need be, and cite revision {}.",
                    persona.revision
                ),
            );
        } else if cited > persona.revision {
            checks.warn(
                &format!("fit.rules[{at}].persona_revision"),
                format!(
                    "“{}” cites revision {cited} of the persona “{}”, which is only at revision {}.",
                    rule.label, persona.name, persona.revision
                ),
                "Nobody can look up for whom it was written.",
                format!("Cite revision {}.", persona.revision),
            );
        }
    }
}

fn interest(checks: &mut Checks) {
    let rules = &checks.terms.interest.rules;
    for (at, rule) in rules.iter().enumerate() {
        let path = format!("interest.rules[{at}].when");
        if contradicts(&rule.when) {
            contradictory(checks, &path, &rule.label, "No event ever gives its points.");
            continue;
        }
        let twin = rules[..at]
            .iter()
            .find(|earlier| earlier.event == rule.event && is_same(&earlier.when, &rule.when));
        if let Some(twin) = twin {
            checks.warn(
                &format!("interest.rules[{at}]"),
                format!("“{}” counts the same events as “{}”.", rule.label, twin.label),
                format!("Each such event gives {} points, under two names.", rule.points + twin.points),
                "Make them one rule, or change one of the conditions.",
            );
        }
    }
}

fn fast_tracks(checks: &mut Checks) {
    let tracks = &checks.terms.handoff.fast_tracks;
    for (at, track) in tracks.iter().enumerate() {
        let path = format!("handoff.fast_tracks[{at}]");
        if contradicts(&track.when) {
            contradictory(checks, &path, &track.label, "No event ever takes it.");
            continue;
        }
        let earlier = tracks[..at]
            .iter()
            .find(|earlier| earlier.event == track.event && implies(&track.when, &earlier.when));
        if let Some(earlier) = earlier {
            checks.warn(
                &path,
                format!(
                    "“{}” is never taken: “{}” before it takes all its events.",
                    track.label, earlier.label
                ),
                "Its own days and its own fit condition never hold.",
                "Put it first, or remove it.",
            );
        }
    }
}

pub(super) fn contradictory(checks: &mut Checks, path: &str, label: &str, effect: &str) {
    checks.warn(
        path,
        format!("The tests of “{label}” exclude one another: nothing satisfies them all."),
        effect,
        "Change or remove one of the tests.",
    );
}

/// Whether two conditions hold of exactly the same.
fn is_same(a: &[Test], b: &[Test]) -> bool {
    implies(a, b) && implies(b, a)
}
