//! How each clause of a version did since: what was counted, laid beside the clause that it is about. Pure.

use std::collections::HashMap;

use super::judge;
use crate::agreement::terms::Terms;
use crate::scoring::CategoryKey;

/// The counted handoffs of a version.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    pub groups: Vec<Group>,
    pub hand_backs: Vec<HandBacks>,
    /// Reps who hold as many leads as one may; none without a limit, or when another version is in force.
    pub at_capacity: Option<i64>,
}

/// Handoffs that went the same way to sales.
#[derive(Debug, Clone)]
pub struct Group {
    pub queue: String,
    pub routing_rule: Option<String>,
    pub category: String,
    pub fast_track: Option<String>,
    pub offered: i64,
    pub claimed_in_time: i64,
    /// Claim clocks that have ended.
    pub claims: i64,
    pub contacted_in_time: i64,
    /// First-contact clocks that have ended.
    pub contacts: i64,
    pub converted: i64,
    pub won: i64,
}

/// Handoffs that came back for one reason.
#[derive(Debug, Clone)]
pub struct HandBacks {
    pub reason: String,
    pub used: i64,
    pub answered_in_time: i64,
    /// Answer clocks that have ended.
    pub answers: i64,
}

impl Figures {
    pub fn offered(&self) -> i64 {
        self.groups.iter().map(|group| group.offered).sum()
    }

    /// A sentence for every clause that was at work, by the path of the clause.
    pub fn by_clause(&self, terms: &Terms) -> HashMap<String, String> {
        let mut said = HashMap::new();
        for (at, level) in terms.service_levels.levels.iter().enumerate() {
            let groups =
                self.groups.iter().filter(|group| level_of(terms, group) == Some(level.key.as_str()));
            said.insert(format!("service_levels.levels[{at}]"), in_time(groups));
        }
        let others = self.groups.iter().filter(|group| level_of(terms, group).is_none());
        said.insert("service_levels.default".to_owned(), in_time(others));
        let (met, ended) = self
            .hand_backs
            .iter()
            .fold((0, 0), |(met, ended), back| (met + back.answered_in_time, ended + back.answers));
        said.insert(
            "service_levels.marketing.answer_within_minutes".to_owned(),
            share("answered in time", met, ended).unwrap_or_default(),
        );
        said.insert(
            "service_levels.marketing.offered_per_month".to_owned(),
            match self.offered() {
                0 => String::new(),
                n => format!("offered {n} in all"),
            },
        );
        for key in CategoryKey::all() {
            let groups = self.groups.iter().filter(|group| group.category == key.as_str());
            said.insert(format!("categories.{key}"), outcome(groups));
        }
        for (at, track) in terms.handoff.fast_tracks.iter().enumerate() {
            let groups = self.groups.iter().filter(|group| group.fast_track.as_ref() == Some(&track.key));
            said.insert(format!("handoff.fast_tracks[{at}]"), outcome(groups));
        }
        for (at, queue) in terms.routing.queues.iter().enumerate() {
            let groups = self.groups.iter().filter(|group| group.queue == queue.key);
            said.insert(format!("routing.queues[{at}]"), outcome(groups));
        }
        for (at, rule) in terms.routing.rules.iter().enumerate() {
            let groups = self.groups.iter().filter(|group| group.routing_rule.as_ref() == Some(&rule.key));
            said.insert(format!("routing.rules[{at}]"), outcome(groups));
        }
        let unrouted = self.groups.iter().filter(|group| group.routing_rule.is_none());
        said.insert("routing.fallback_queue".to_owned(), outcome(unrouted));
        if let Some(reps) = self.at_capacity {
            let text = match reps {
                0 => "no rep is at the limit now".to_owned(),
                1 => "1 rep is at the limit now".to_owned(),
                n => format!("{n} reps are at the limit now"),
            };
            said.insert("routing.capacity_per_rep".to_owned(), text);
        }
        for (at, reason) in terms.hand_back.reasons.iter().enumerate() {
            let used: i64 = self.hand_backs.iter().filter(|b| b.reason == reason.key).map(|b| b.used).sum();
            let text = match used {
                0 => String::new(),
                1 => "used once".to_owned(),
                n => format!("used {n} times"),
            };
            said.insert(format!("hand_back.reasons[{at}]"), text);
        }
        said.retain(|_, text| !text.is_empty());
        said
    }
}

/// The service level that holds for a group of handoffs; none for the default.
fn level_of<'a>(terms: &'a Terms, group: &Group) -> Option<&'a str> {
    let category = CategoryKey::parse(&group.category).unwrap_or(CategoryKey::LowInterestBadFit);
    let level = judge::level(terms, &group.queue, category, group.fast_track.is_some())?;
    Some(&level.key)
}

fn in_time<'a>(groups: impl Iterator<Item = &'a Group>) -> String {
    let sums = groups.fold([0; 4], |[a, b, c, d], group| {
        [a + group.claimed_in_time, b + group.claims, c + group.contacted_in_time, d + group.contacts]
    });
    let claimed = share("claimed in time", sums[0], sums[1]);
    let contacted = share("first contact in time", sums[2], sums[3]);
    claimed.into_iter().chain(contacted).collect::<Vec<_>>().join(", ")
}

/// Such as “claimed in time: 92 % of 418”; nothing without a clock that has ended.
fn share(what: &str, met: i64, ended: i64) -> Option<String> {
    (ended > 0).then(|| format!("{what}: {} % of {ended}", percent(met, ended)))
}

/// Rounded, but 100 and 0 are kept for all and none.
fn percent(part: i64, whole: i64) -> i64 {
    let rounded = (200 * part + whole) / (2 * whole);
    match part {
        0 => 0,
        _ if part == whole => 100,
        _ => rounded.clamp(1, 99),
    }
}

fn outcome<'a>(groups: impl Iterator<Item = &'a Group>) -> String {
    let sums =
        groups.fold([0; 3], |[a, b, c], group| [a + group.offered, b + group.converted, c + group.won]);
    match sums {
        [0, ..] => String::new(),
        [offered, converted, won] => format!("offered {offered}, converted {converted}, won {won}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(queue: &str, rule: Option<&str>, category: CategoryKey, track: Option<&str>) -> Group {
        Group {
            queue: queue.into(),
            routing_rule: rule.map(str::to_owned),
            category: category.as_str().into(),
            fast_track: track.map(str::to_owned),
            offered: 10,
            claimed_in_time: 7,
            claims: 9,
            contacted_in_time: 6,
            contacts: 6,
            converted: 4,
            won: 2,
        }
    }

    #[test]
    fn each_clause_counts_the_handoffs_that_it_decided() {
        let figures = Figures {
            groups: vec![
                group("inbound", Some("inbound"), CategoryKey::HighInterestGoodFit, Some("demo_request")),
                group("smb", None, CategoryKey::HighInterestGoodFit, None),
                group("smb", None, CategoryKey::LowInterestGoodFit, None),
            ],
            hand_backs: vec![HandBacks {
                reason: "not_now".into(),
                used: 3,
                answered_in_time: 0,
                answers: 2,
            }],
            at_capacity: Some(1),
        };
        let said = figures.by_clause(&Terms::default_agreement());
        let of = |path: &str| said.get(path).map(String::as_str);
        assert_eq!(
            of("service_levels.levels[0]"),
            Some("claimed in time: 78 % of 9, first contact in time: 100 % of 6")
        );
        assert_eq!(of("service_levels.levels[1]"), of("service_levels.default"));
        assert_eq!(of("categories.high_interest_good_fit"), Some("offered 20, converted 8, won 4"));
        assert_eq!(of("categories.low_interest_bad_fit"), None);
        assert_eq!(of("routing.queues[2]"), Some("offered 20, converted 8, won 4"));
        assert_eq!(of("routing.rules[0]"), Some("offered 10, converted 4, won 2"));
        assert_eq!(of("routing.fallback_queue"), Some("offered 20, converted 8, won 4"));
        assert_eq!(of("handoff.fast_tracks[0]"), Some("offered 10, converted 4, won 2"));
        assert_eq!(of("hand_back.reasons[3]"), Some("used 3 times"));
        assert_eq!(of("service_levels.marketing.answer_within_minutes"), Some("answered in time: 0 % of 2"));
        assert_eq!(of("routing.capacity_per_rep"), Some("1 rep is at the limit now"));
    }

    #[test]
    fn a_version_without_handoffs_has_nothing_to_say() {
        assert!(Figures::default().by_clause(&Terms::default_agreement()).is_empty());
    }

    #[test]
    fn nearly_all_is_not_all() {
        assert_eq!(
            [percent(999, 1000), percent(1, 1000), percent(1000, 1000), percent(0, 9), percent(1, 3)],
            [99, 1, 100, 0, 33]
        );
    }
}
