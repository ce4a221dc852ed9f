//! What every lead of a demo has in common.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::company::Company;
use super::dice::Dice;
use crate::agreement::versions::Version;
use crate::kernel::business_time::BusinessCalendar;

/// Business minutes before now that stories reach back to.
const REACH: usize = 3_000;
/// Leads of a natural course that one may meet in the hands of a rep, however many leads there are.
const HELD_AT_MOST: f64 = 4_000.0;
/// Leads whose course is arranged, at most.
const STORIES: u64 = 120;

/// The demo that is being made.
pub struct World {
    pub seed: u64,
    pub leads: u64,
    /// The end of the history.
    pub base: DateTime<Utc>,
    pub company: Company,
    pub version: Arc<Version>,
    /// The instant so many business minutes ago.
    ago: Vec<DateTime<Utc>>,
}

/// The course of a lead. Clocks are told as the share of their time that has passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Story {
    /// As chance has it.
    Natural,
    /// Waits in a queue.
    Waits { share: f64 },
    /// Claimed, and still to be contacted.
    Claimed { share: f64 },
    /// Handed back, and still to be answered.
    HandedBack { share: f64 },
    /// Would be offered, but lacks a field that the packet needs.
    Lacking,
}

/// One after the other, so that every state of every clock can be seen.
const ARRANGED: [Story; 15] = [
    Story::Waits { share: 0.1 },
    Story::Claimed { share: 0.2 },
    Story::Waits { share: 0.85 },
    Story::HandedBack { share: 0.4 },
    Story::Waits { share: 0.35 },
    Story::Claimed { share: 0.85 },
    Story::Lacking,
    Story::Waits { share: 1.6 },
    Story::Claimed { share: 0.5 },
    Story::HandedBack { share: 0.9 },
    Story::Waits { share: 0.92 },
    Story::Claimed { share: 1.3 },
    Story::Waits { share: 0.5 },
    Story::HandedBack { share: 1.2 },
    Story::Waits { share: 4.0 },
];

impl World {
    pub fn new(seed: u64, leads: u64, base: DateTime<Utc>, version: Arc<Version>) -> World {
        let company = Company::new(base, &mut Dice::new(seed, u64::MAX));
        let ago = minutes_ago(&version.calendar, base);
        World { seed, leads, base, company, version, ago }
    }

    /// The course of the lead of a number. Arranged ones are spread evenly.
    pub fn story(&self, number: u64) -> Story {
        let stories = (self.leads / 8).min(STORIES);
        if stories == 0 {
            return Story::Natural;
        }
        let every = self.leads / stories;
        let place = number / every;
        if !number.is_multiple_of(every) || place >= stories {
            return Story::Natural;
        }
        ARRANGED[usize::try_from(place).unwrap_or(0) % ARRANGED.len()]
    }

    /// The instant so many business minutes ago.
    pub fn ago(&self, minutes: u32) -> DateTime<Utc> {
        let place = usize::try_from(minutes).unwrap_or(usize::MAX).min(self.ago.len() - 1);
        self.ago[place]
    }

    /// Whether a rep has room for a lead that would still be open now: in a company of five reps and a million
    /// leads nearly none has, and the lead waits.
    pub fn has_room(&self, dice: &mut Dice) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = HELD_AT_MOST / self.leads as f64;
        dice.share() < share
    }
}

/// The opening minutes before an instant, the latest first.
fn minutes_ago(calendar: &BusinessCalendar, base: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let days = TimeDelta::days(60).num_minutes();
    let minutes = (0..days).map(|minutes| base - TimeDelta::minutes(minutes));
    let mut open: Vec<DateTime<Utc>> = minutes.filter(|at| calendar.is_open(*at)).take(REACH).collect();
    if open.is_empty() {
        open.push(base);
    }
    open
}
