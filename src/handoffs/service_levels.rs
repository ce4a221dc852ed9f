//! Deadlines and their states. Pure.

use chrono::{DateTime, Utc};

use crate::agreement::terms::Promise;
use crate::kernel::business_time::BusinessCalendar;

/// A deadline and the moment from which it is at risk, as instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    pub risk_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    Running,
    AtRisk,
    Met,
    Breached,
    /// A manager of the other side stopped it. It counts as neither met nor breached.
    Waived,
}

impl ClockState {
    pub fn key(self) -> &'static str {
        match self {
            ClockState::Running => "running",
            ClockState::AtRisk => "at_risk",
            ClockState::Met => "met",
            ClockState::Breached => "breached",
            ClockState::Waived => "waived",
        }
    }
}

impl Deadline {
    /// The deadline of a clock that starts now: so many business minutes on, at risk after the agreed share of them.
    pub fn after(
        calendar: &BusinessCalendar,
        start: DateTime<Utc>,
        minutes: u32,
        at_risk_percent: u8,
    ) -> Deadline {
        let until_risk = u64::from(minutes) * u64::from(at_risk_percent) / 100;
        Deadline {
            risk_at: calendar.add_minutes(start, u32::try_from(until_risk).unwrap_or(minutes)),
            due_at: calendar.add_minutes(start, minutes),
        }
    }

    /// The claim clock of an offer.
    pub fn claim(calendar: &BusinessCalendar, promise: &Promise, offered_at: DateTime<Utc>) -> Deadline {
        Deadline::after(calendar, offered_at, promise.claim_within_minutes, promise.at_risk_percent)
    }

    /// The first-contact clock of a claim.
    pub fn contact(calendar: &BusinessCalendar, promise: &Promise, claimed_at: DateTime<Utc>) -> Deadline {
        Deadline::after(calendar, claimed_at, promise.first_contact_within_minutes, promise.at_risk_percent)
    }

    /// The answer clock of a hand-back, at risk in the last quarter of its time.
    pub fn answer(closed_at: DateTime<Utc>, due_at: DateTime<Utc>) -> Deadline {
        Deadline { risk_at: due_at - (due_at - closed_at) / 4, due_at }
    }

    /// The state at a time; `done_at` is when the clock was stopped.
    pub fn state(&self, done_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> ClockState {
        match done_at {
            Some(done) if done <= self.due_at => ClockState::Met,
            Some(_) => ClockState::Breached,
            None if now > self.due_at => ClockState::Breached,
            None if now >= self.risk_at => ClockState::AtRisk,
            None => ClockState::Running,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_clock_is_met_or_breached_and_never_both() {
        let start: DateTime<Utc> = "2026-11-23T10:00:00Z".parse().unwrap();
        let deadline =
            Deadline { risk_at: start + TimeDelta::minutes(45), due_at: start + TimeDelta::minutes(60) };
        let at = |minutes| start + TimeDelta::minutes(minutes);
        assert_eq!(deadline.state(None, at(44)), ClockState::Running);
        assert_eq!(deadline.state(None, at(45)), ClockState::AtRisk);
        assert_eq!(deadline.state(None, at(60)), ClockState::AtRisk);
        assert_eq!(deadline.state(None, at(61)), ClockState::Breached);
        assert_eq!(deadline.state(Some(at(60)), at(600)), ClockState::Met);
        assert_eq!(deadline.state(Some(at(61)), at(600)), ClockState::Breached);
    }
}
