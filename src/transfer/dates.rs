//! Dates and times as files write them.

use chrono::format::{Item, Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::kernel::text::excerpt;

/// What is tried when a map names no format.
const ISO: [&str; 7] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
];

/// Formats tried in order, and the zone of times that name none.
#[derive(Debug, Clone)]
pub struct Dates {
    formats: Vec<(String, Vec<Item<'static>>)>,
    /// The map names no format.
    is_iso: bool,
    zone: Tz,
}

impl Dates {
    /// Checks the formats. Without any, ISO 8601 is read.
    pub fn new(formats: &[String], zone: Tz) -> Result<Dates, String> {
        let is_iso = formats.is_empty();
        let iso = ISO.map(str::to_owned);
        let formats = if is_iso { &iso[..] } else { formats };
        let parsed = formats.iter().map(|format| Ok((format.clone(), items(format)?)));
        Ok(Dates { formats: parsed.collect::<Result<_, String>>()?, is_iso, zone })
    }

    /// A moment. A date without a time is the beginning of that day.
    pub fn moment(&self, text: &str) -> Result<DateTime<Utc>, String> {
        let parsed = self.parse(text)?;
        let moment = match parsed.to_datetime() {
            Ok(moment) => moment.to_utc(),
            Err(_) => {
                let date = parsed.to_naive_date().map_err(|_| self.refusal(text))?;
                // A format without a time of day begins the day; a time that cannot be is refused.
                let time = match parsed.to_naive_time() {
                    Ok(time) => time,
                    Err(_) if parsed.hour_mod_12().is_none() => NaiveTime::MIN,
                    Err(_) => return Err(self.refusal(text)),
                };
                let local = date.and_time(time);
                // In the hour that a clock change skips, the clocks already show an hour more.
                let moment = self.zone.from_local_datetime(&local).earliest();
                moment
                    .or_else(|| self.zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest())
                    .ok_or_else(|| self.refusal(text))?
                    .to_utc()
            }
        };
        // A year of two digits read as four shows itself here.
        if moment < DateTime::UNIX_EPOCH {
            return Err(format!(
                "“{}” lies before 1970; check the format of the date in the map",
                excerpt(text)
            ));
        }
        Ok(moment)
    }

    /// A day of the calendar.
    pub fn day(&self, text: &str) -> Result<NaiveDate, String> {
        self.parse(text)?.to_naive_date().map_err(|_| self.refusal(text))
    }

    fn parse(&self, text: &str) -> Result<Parsed, String> {
        for (_, items) in &self.formats {
            let mut parsed = Parsed::new();
            if parse(&mut parsed, text, items.iter()).is_ok() {
                return Ok(parsed);
            }
        }
        Err(self.refusal(text))
    }

    fn refusal(&self, text: &str) -> String {
        let text = excerpt(text);
        if self.is_iso {
            return format!(
                "“{text}” is not a date; write it as 2026-03-31 or 2026-03-31 14:30, or name its format in the map"
            );
        }
        let formats: Vec<&str> = self.formats.iter().map(|(format, _)| format.as_str()).collect();
        format!(
            "“{text}” is not a date written as {}; correct it, or name its format in the map",
            formats.join(" or ")
        )
    }
}

fn items(format: &str) -> Result<Vec<Item<'static>>, String> {
    let items = StrftimeItems::new(format).parse_to_owned();
    items
        .map_err(|_| format!("“{}” is not a format of dates; write it as in %d.%m.%Y %H:%M", excerpt(format)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(formats: &[&str], zone: Tz, text: &str) -> String {
        let formats: Vec<String> = formats.iter().map(|&f| f.to_owned()).collect();
        Dates::new(&formats, zone)
            .unwrap()
            .moment(text)
            .map_or_else(|problem| problem, |moment| moment.to_rfc3339())
    }

    #[test]
    fn dates_of_every_system_are_read_in_their_zone() {
        let berlin = Tz::Europe__Berlin;
        assert_eq!(read(&[], berlin, "2026-03-01"), "2026-02-28T23:00:00+00:00");
        assert_eq!(read(&[], berlin, "2026-07-01 12:30"), "2026-07-01T10:30:00+00:00");
        assert_eq!(read(&[], berlin, "2026-07-01T12:30:00.000Z"), "2026-07-01T12:30:00+00:00");
        assert_eq!(read(&[], berlin, "2026-07-01T12:30:00-0300"), "2026-07-01T15:30:00+00:00");
        assert_eq!(
            read(&["%d %b, %Y %H:%M:%S"], Tz::UTC, "15 Apr, 2021 00:03:00"),
            "2021-04-15T00:03:00+00:00"
        );
        assert_eq!(read(&["%m/%d/%Y", "%d.%m.%Y"], Tz::UTC, "31.12.2025"), "2025-12-31T00:00:00+00:00");
    }

    #[test]
    fn an_hour_that_a_clock_change_skips_is_still_a_moment() {
        assert_eq!(read(&[], Tz::Europe__Berlin, "2026-03-29 02:30:00"), "2026-03-29T01:30:00+00:00");
    }

    #[test]
    fn what_is_no_date_is_refused_with_the_formats() {
        assert!(read(&["%d.%m.%Y"], Tz::UTC, "2026-03-01").contains("not a date written as %d.%m.%Y"));
        assert!(read(&[], Tz::UTC, "2026-02-30").contains("write it as 2026-03-31"));
        assert!(read(&[], Tz::UTC, "2026-03-01 25:00").contains("not a date"));
        assert!(read(&["%d.%m.%Y"], Tz::UTC, "01.03.26").contains("before 1970"));
        assert!(Dates::new(&["%Q".into()], Tz::UTC).unwrap_err().contains("is not a format"));
    }
}
