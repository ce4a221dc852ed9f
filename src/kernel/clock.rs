//! Where the time comes from. Time is an argument everywhere else.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// The wall clock, or in tests one that moves only when told.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    #[default]
    Wall,
    Manual(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// A clock that stands still at `now` until it is advanced.
    pub fn manual(now: DateTime<Utc>) -> Clock {
        Clock::Manual(Arc::new(Mutex::new(now)))
    }

    /// The time, in the microseconds that Postgres keeps, so that what is written is what is read back.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = match self {
            Clock::Wall => Utc::now(),
            Clock::Manual(time) => *time.lock().expect("no code panics while it holds the clock"),
        };
        now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
    }

    /// Moves a manual clock. The wall clock cannot be moved.
    pub fn advance(&self, by: TimeDelta) {
        if let Clock::Manual(time) = self {
            *time.lock().expect("no code panics while it holds the clock") += by;
        }
    }
}
