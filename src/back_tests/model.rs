//! A back-test as a record, and the window that it is asked for.

use std::ops::Range;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::figures::Figures;
use crate::kernel::fields::FieldErrors;
use crate::kernel::text::excerpt;

/// The windows that are offered, in days.
pub const WINDOWS: [u16; 4] = [30, 90, 180, 365];
/// The longest window.
const LONGEST_DAYS: i64 = 3 * 366;

/// Where a back-test stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum State {
    Waiting,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// A back-test as stored.
#[derive(Debug, Clone)]
pub struct BackTest {
    pub id: Uuid,
    pub version: i32,
    /// The version in force that it is compared with.
    pub against: i32,
    /// The revision of the draft that it tries.
    pub draft_revision: i64,
    pub terms_sha256: String,
    pub window_from: DateTime<Utc>,
    pub window_to: DateTime<Utc>,
    pub state: State,
    pub done: i64,
    pub total: i64,
    pub message: Option<String>,
    pub result: Option<Value>,
    pub by: String,
    pub created_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// What is kept of a back-test that came to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub figures: Figures,
    /// Whether the version in force came into force after the window began, so that it judges every lead then.
    pub in_force_judges_at_start: bool,
    /// Active people of Sales, by their e-mail addresses, when it ran.
    pub sales: Vec<String>,
}

impl BackTest {
    pub fn is_at_work(&self) -> bool {
        matches!(self.state, State::Waiting | State::Running)
    }

    pub fn window(&self) -> Range<DateTime<Utc>> {
        self.window_from..self.window_to
    }

    /// What it found, when it came to its end.
    pub fn outcome(&self) -> Option<Outcome> {
        serde_json::from_value(self.result.clone()?).ok()
    }
}

/// The window, as typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WindowForm {
    /// A number of days up to now, or `dates`.
    pub days: String,
    pub from: String,
    pub to: String,
}

impl WindowForm {
    /// The window in the time zone of who asks: so many days up to now, or from the first of two days to the end of
    /// the second, up to now.
    pub fn check(&self, zone: Tz, now: DateTime<Utc>) -> Result<Range<DateTime<Utc>>, FieldErrors> {
        if self.days.trim() != "dates" {
            return match self.days.trim().parse::<u16>() {
                Ok(days) if WINDOWS.contains(&days) => Ok(now - TimeDelta::days(days.into())..now),
                _ => Err(FieldErrors::one("days", "Choose how far back the replay goes.")),
            };
        }
        let mut errors = FieldErrors::default();
        let from = errors.check("from", date(&self.from));
        let to = errors.check("to", date(&self.to));
        errors.into_result()?;
        let (Some(from), Some(to)) = (from, to) else { return Err(FieldErrors::one("from", "Name a day.")) };
        let begin = start_of(from, zone);
        let end =
            to.checked_add_days(Days::new(1)).and_then(|next| start_of(next, zone)).map(|end| end.min(now));
        match (begin, end) {
            (Some(begin), _) if begin >= now => {
                Err(FieldErrors::one("from", format!("{from} is not past; there is nothing to replay.")))
            }
            (Some(begin), Some(end)) if end <= begin => Err(FieldErrors::one(
                "to",
                format!("{to} is before {from}; name the same day or a later one."),
            )),
            (Some(begin), Some(end)) if end - begin > TimeDelta::days(LONGEST_DAYS) => Err(FieldErrors::one(
                "from",
                format!("{from} is more than three years before {to}; name a later day."),
            )),
            (Some(begin), Some(end)) => Ok(begin..end),
            _ => Err(FieldErrors::one("from", "That day begins with a clock change; take the day after.")),
        }
    }
}

fn date(text: &str) -> Result<NaiveDate, String> {
    let text = text.trim();
    text.parse().map_err(|_| format!("“{}” is not a date; write it as 2026-01-31.", excerpt(text)))
}

fn start_of(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.and_hms_opt(0, 0, 0)?.and_local_timezone(zone).earliest()?;
    Some(midnight.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(days: &str, from: &str, to: &str) -> Result<Range<DateTime<Utc>>, FieldErrors> {
        let form = WindowForm { days: days.into(), from: from.into(), to: to.into() };
        form.check(chrono_tz::Europe::Berlin, "2026-11-23T10:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_window_is_a_number_of_days_or_whole_days_of_the_reader() {
        let days = checked("30", "", "").unwrap();
        assert_eq!(days.start.to_rfc3339(), "2026-10-24T10:00:00+00:00");
        let dates = checked("dates", "2026-06-01", "2026-06-02").unwrap();
        assert_eq!(
            (dates.start.to_rfc3339(), dates.end.to_rfc3339()),
            ("2026-05-31T22:00:00+00:00".into(), "2026-06-02T22:00:00+00:00".into())
        );
        let up_to_now = checked("dates", "2026-11-01", "2026-11-23").unwrap();
        assert_eq!(up_to_now.end.to_rfc3339(), "2026-11-23T10:00:00+00:00");
    }

    #[test]
    fn what_cannot_be_replayed_is_refused_beside_its_field() {
        for (days, from, to, field) in [
            ("31", "", "", "days"),
            ("", "", "", "days"),
            ("dates", "soon", "2026-11-01", "from"),
            ("dates", "2026-11-01", "", "to"),
            ("dates", "2026-11-05", "2026-11-01", "to"),
            ("dates", "2026-12-05", "2026-12-06", "from"),
            ("dates", "2020-01-01", "2026-11-01", "from"),
        ] {
            let errors = checked(days, from, to).unwrap_err();
            assert!(errors.get(field).is_some(), "{days} {from} {to}: {errors}");
        }
    }
}
