//! Part 10 of the terms: when the clocks run.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::kernel::business_time::{BusinessCalendar, NeverOpen};

/// Part 10.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    pub time_zone: Tz,
    /// Working spans by weekday; a weekday that is absent is free.
    pub hours: BTreeMap<Weekday, Vec<Span>>,
    #[serde(default)]
    pub holidays: Vec<Holiday>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A working span within one local day, written as `{ from = "09:00", to = "17:00" }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    pub from: Minute,
    /// After `from`; `24:00` is the end of the day.
    pub to: Minute,
}

/// A minute of the local day, from `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(u16);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    pub date: NaiveDate,
    pub name: String,
}

impl Weekday {
    /// Monday first.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The key in the terms.
    pub fn key(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }
}

impl Minute {
    /// Minutes after midnight, 0..=1440.
    pub fn of_day(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Minute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Not a time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of day: write it as 09:00, from 00:00 to 24:00")]
pub struct NotAMinute(String);

impl FromStr for Minute {
    type Err = NotAMinute;

    fn from_str(text: &str) -> Result<Self, NotAMinute> {
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split_once(':')
            .filter(|(hour, minute)| two_digits(hour) && two_digits(minute))
            .and_then(|(hour, minute)| Some((hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?)))
            .filter(|(hour, minute)| *minute < 60 && hour * 60 + minute <= 24 * 60)
            .map(|(hour, minute)| Self(hour * 60 + minute))
            .ok_or_else(|| NotAMinute(text.to_owned()))
    }
}

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Calendar {
    /// The calendar that counts business time. Fails when no span is open, which validated terms rule out.
    pub fn business(&self) -> Result<BusinessCalendar, NeverOpen> {
        let spans =
            |day| self.hours.get(&day).into_iter().flatten().map(|span: &Span| span.from.0..span.to.0);
        let week = Weekday::ALL.map(|day| spans(day).collect());
        BusinessCalendar::new(self.time_zone, week, self.holidays.iter().map(|holiday| holiday.date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_read_and_written_as_hours_and_minutes() {
        for text in ["00:00", "09:05", "23:59", "24:00"] {
            assert_eq!(text.parse::<Minute>().unwrap().to_string(), text);
        }
        for text in ["", "9:00", "09:60", "24:01", "25:00", "+9:00", "09:0", "0900", "09:00:00"] {
            assert_eq!(text.parse::<Minute>(), Err(NotAMinute(text.to_owned())));
        }
    }
}
