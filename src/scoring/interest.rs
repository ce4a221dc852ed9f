//! Interest: points for what the lead does, halving every half-life.
//!
//! Each rule keeps a part of its own as of its last event, and a part decays by time alone. So the
//! interest of any moment, and the moment at which it will fall below a threshold, follow from the
//! parts without ever rewriting them.

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{ScoredEvent, Test};

/// Points for an event of one kind whose properties pass every test. Every rule that matches an event counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestRule {
    pub key: String,
    pub label: String,
    /// The kind of event, such as `demo_request`.
    pub event: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Test>,
    /// Above 0, at most 1000.
    pub points: f64,
    /// The most that this rule's decaying part may hold at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<f64>,
}

/// The rules of one agreement version with their half-life.
#[derive(Debug, Clone, Copy)]
pub struct InterestRules<'a> {
    rules: &'a [InterestRule],
    half_life_seconds: f64,
}

/// What a lead's events have left: the parts of their interest, one for each rule that ever matched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Interest {
    /// In the order of the rules' keys.
    parts: Vec<Part>,
}

/// What one rule contributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The rule's key.
    pub rule: String,
    /// Points at `last_at`.
    pub points: f64,
    /// Events counted.
    pub count: u32,
    /// When the last of them occurred, in the microseconds that the database keeps.
    pub last_at: DateTime<Utc>,
}

/// What an event did to the interest of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Folded {
    Counted,
    /// No rule matches it.
    NotCounted,
    /// It is older than one that was counted before, and nothing was changed: the caller replays all events.
    NeedsReplay,
}

/// One reason for the interest of a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterestLine {
    /// The rule's key.
    pub rule: String,
    pub label: String,
    /// The kind of event that the rule counts.
    pub event: String,
    /// Points at the moment asked for.
    pub points: f64,
    pub count: u32,
    pub last_at: DateTime<Utc>,
}

impl<'a> InterestRules<'a> {
    pub fn new(rules: &'a [InterestRule], half_life_days: f64) -> Self {
        Self { rules, half_life_seconds: half_life_days * 86_400.0 }
    }

    fn matching(&self, event: &ScoredEvent) -> impl Iterator<Item = &'a InterestRule> {
        self.rules.iter().filter(move |rule| event.matches(&rule.event, &rule.when))
    }

    /// What `points` of one moment are worth at another.
    fn decayed(&self, points: f64, from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
        let half_lives = seconds(to - from) / self.half_life_seconds;
        // Beyond a thousand half-lives a number is as good as none, and before the event it must stay finite.
        points * (-half_lives).clamp(-1000.0, 900.0).exp2()
    }
}

impl Interest {
    /// The interest of a lead who has done nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// The interest left by all events of a lead. Sorts them by time; among simultaneous ones order makes
    /// no difference.
    pub fn replay(rules: &InterestRules, events: &mut [ScoredEvent]) -> Self {
        events.sort_by_key(|event| event.occurred_at);
        let mut interest = Self::none();
        for event in events {
            for rule in rules.matching(event) {
                interest.count(rules, rule, event);
            }
        }
        interest
    }

    /// Counts one more event. Folding events one by one, with a replay where it is asked for, leaves exactly
    /// what replaying all of them does.
    pub fn fold(&mut self, rules: &InterestRules, event: &ScoredEvent) -> Folded {
        let at = event.occurred_at.trunc_subsecs(6);
        let late = |part: &Part| part.last_at > at;
        if self.parts.iter().any(late)
            && rules
                .matching(event)
                .any(|rule| self.find(&rule.key).is_ok_and(|found| late(&self.parts[found])))
        {
            return Folded::NeedsReplay;
        }
        let mut folded = Folded::NotCounted;
        for rule in rules.matching(event) {
            self.count(rules, rule, event);
            folded = Folded::Counted;
        }
        folded
    }

    fn count(&mut self, rules: &InterestRules, rule: &InterestRule, event: &ScoredEvent) {
        let at = event.occurred_at.trunc_subsecs(6);
        let capped = |points: f64| rule.cap.map_or(points, |cap| points.min(cap));
        match self.find(&rule.key) {
            Ok(found) => {
                let part = &mut self.parts[found];
                part.points = capped(rules.decayed(part.points, part.last_at, at) + rule.points);
                part.count = part.count.saturating_add(1);
                part.last_at = at;
            }
            Err(place) => {
                let part =
                    Part { rule: rule.key.clone(), points: capped(rule.points), count: 1, last_at: at };
                self.parts.insert(place, part);
            }
        }
    }

    fn find(&self, rule: &str) -> Result<usize, usize> {
        self.parts.binary_search_by(|part| part.rule.as_str().cmp(rule))
    }

    pub fn is_none(&self) -> bool {
        self.parts.is_empty()
    }

    /// When the latest event that counts occurred.
    pub fn last_at(&self) -> Option<DateTime<Utc>> {
        self.parts.iter().map(|part| part.last_at).max()
    }

    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The points of a moment. Events after that moment are worth more the farther ahead they lie, by the
    /// same formula that `hot_until` uses; intake lets none in.
    pub fn points_at(&self, rules: &InterestRules, now: DateTime<Utc>) -> f64 {
        self.parts.iter().map(|part| rules.decayed(part.points, part.last_at, now)).sum()
    }

    /// The instant at which the points will have fallen to the threshold `theta`: interest is high before it.
    /// None without interest. In whole microseconds, within the years 1 to 9999.
    pub fn hot_until(&self, rules: &InterestRules, theta: f64) -> Option<DateTime<Utc>> {
        let last_at = self.last_at()?;
        let half_lives = (self.points_at(rules, last_at) / theta).log2();
        let micros = (half_lives * rules.half_life_seconds * 1e6).round();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from float saturates, and the result is clamped"
        )]
        // The cast saturates, and the result is clamped.
        let shift = TimeDelta::microseconds(micros as i64);
        let beyond = if micros < 0.0 { first_instant() } else { last_instant() };
        Some(last_at.checked_add_signed(shift).unwrap_or(beyond).clamp(first_instant(), last_instant()))
    }

    /// Why the points of a moment are what they are, the largest part first. The lines add up to
    /// [`points_at`](Self::points_at).
    pub fn lines(&self, rules: &InterestRules, now: DateTime<Utc>) -> Vec<InterestLine> {
        let mut lines: Vec<_> = self.parts.iter().map(|part| line(part, rules, now)).collect();
        lines.sort_by(|a, b| b.points.total_cmp(&a.points).then_with(|| a.rule.cmp(&b.rule)));
        lines
    }
}

fn line(part: &Part, rules: &InterestRules, now: DateTime<Utc>) -> InterestLine {
    let rule = rules.rules.iter().find(|rule| rule.key == part.rule);
    InterestLine {
        rule: part.rule.clone(),
        label: rule.map_or_else(|| part.rule.clone(), |rule| rule.label.clone()),
        event: rule.map(|rule| rule.event.clone()).unwrap_or_default(),
        points: rules.decayed(part.points, part.last_at, now),
        count: part.count,
        last_at: part.last_at,
    }
}

/// Exact to the microsecond for 285 years.
fn seconds(delta: TimeDelta) -> f64 {
    delta.num_microseconds().map_or(delta.num_seconds() as f64, |micros| micros as f64 / 1e6)
}

fn first_instant() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN).and_time(chrono::NaiveTime::MIN).and_utc()
}

fn last_instant() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX).and_time(chrono::NaiveTime::MIN).and_utc()
}
