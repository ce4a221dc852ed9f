//! Local dates and times as people type them, in the zone that they live in.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::text::{excerpt, filled};

/// A local date, or nothing for a blank.
pub fn date(text: &str) -> Result<Option<NaiveDate>, String> {
    let Some(text) = filled(text) else { return Ok(None) };
    // Postgres and people agree on these years; beyond them a date is a slip of the finger.
    let in_reach = |date: &NaiveDate| (from_year(1900)..from_year(2200)).contains(date);
    match text.parse::<NaiveDate>().ok().filter(in_reach) {
        Some(date) => Ok(Some(date)),
        None => Err(format!("“{}” is not a date; write it as 2027-01-31", excerpt(&text))),
    }
}

fn from_year(year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(NaiveDate::MAX)
}

/// The first instant of a local day.
pub fn start_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    instant(day.and_time(NaiveTime::MIN), zone)
}

/// The instant of a local time. Of an hour that a change of the clock repeats the first is meant; one that it
/// skips counts as the first that exists after it.
pub fn instant(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let exists = (0..24)
        .find_map(|quarters| (local + TimeDelta::minutes(15 * quarters)).and_local_timezone(zone).earliest());
    exists.map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

/// A local date and time as a browser's field sends it, or nothing for a blank.
pub fn date_and_time(text: &str, zone: Tz) -> Result<Option<DateTime<Utc>>, String> {
    let Some(text) = filled(text) else { return Ok(None) };
    let local = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    match local.filter(|local| date(&local.date().to_string()).is_ok()) {
        Some(local) => Ok(Some(instant(local, zone))),
        None => Err(format!("“{}” is not a date and time; write it as 2027-01-31 14:05", excerpt(&text))),
    }
}

/// What a field for date and time shows for an instant.
pub fn field_value(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_local_day_begins_at_local_midnight() {
        let day = date("2026-07-01").unwrap().unwrap();
        assert_eq!(start_of(day, Tz::Europe__Berlin), utc("2026-06-30T22:00:00Z"));
        assert_eq!(start_of(day, Tz::America__New_York), utc("2026-07-01T04:00:00Z"));
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_with_its_first_instant() {
        // Santiago went from 23:59:59 straight to 01:00.
        assert_eq!(
            start_of(date("2023-09-03").unwrap().unwrap(), Tz::America__Santiago),
            utc("2023-09-03T04:00:00Z")
        );
    }

    #[test]
    fn the_hour_that_comes_twice_means_its_first() {
        assert_eq!(
            date_and_time("2026-10-25T02:30", Tz::Europe__Berlin),
            Ok(Some(utc("2026-10-25T00:30:00Z")))
        );
        assert_eq!(
            date_and_time("2026-03-29 02:30", Tz::Europe__Berlin),
            Ok(Some(utc("2026-03-29T01:00:00Z")))
        );
    }

    #[test]
    fn what_is_no_date_is_named_in_the_refusal() {
        for text in ["yesterday", "31.12.2026", "2026-02-30", "9999999-01-01", "0001-01-01"] {
            assert!(date(text).unwrap_err().contains(text), "{text}");
            assert!(date_and_time(text, Tz::UTC).unwrap_err().contains(text), "{text}");
        }
        assert_eq!(date(" "), Ok(None));
        assert_eq!(date_and_time("", Tz::UTC), Ok(None));
    }

    #[test]
    fn a_field_shows_what_it_reads() {
        let at = utc("2026-11-23T13:05:00Z");
        assert_eq!(date_and_time(&field_value(at, Tz::Asia__Kolkata), Tz::Asia__Kolkata), Ok(Some(at)));
    }
}
