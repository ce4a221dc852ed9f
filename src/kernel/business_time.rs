//! Business time: the time that passes while a calendar is open.
//!
//! Working spans are given in local time; time passes in instants. An hour of the local day that a change
//! of the clock skips is no working time, and one that it repeats counts twice.

use std::collections::HashSet;
use std::ops::Range;

use chrono::{DateTime, Datelike, Duration, NaiveDate, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

/// When an organisation works: spans by weekday in a time zone, without its holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessCalendar {
    time_zone: Tz,
    /// Minutes of the day, sorted and apart from each other; Monday first.
    week: [Vec<Range<u16>>; 7],
    holidays: HashSet<NaiveDate>,
}

/// A calendar without a single open minute, by which no deadline could ever come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the calendar is never open")]
pub struct NeverOpen;

/// A stretch of time with one offset from UTC.
type Stretch = Range<DateTime<Utc>>;

/// How far ahead a deadline is looked for.
const HORIZON_DAYS: i64 = 200 * 366;

impl BusinessCalendar {
    /// A calendar of working spans in minutes of the local day (0..=1440), Monday first. Spans may come in
    /// any order and overlap; an empty one counts for nothing.
    pub fn new(
        time_zone: Tz,
        week: [Vec<Range<u16>>; 7],
        holidays: impl IntoIterator<Item = NaiveDate>,
    ) -> Result<Self, NeverOpen> {
        let week = week.map(merged);
        if week.iter().all(Vec::is_empty) {
            return Err(NeverOpen);
        }
        Ok(Self { time_zone, week, holidays: holidays.into_iter().collect() })
    }

    /// Whether work is done at this instant. A span's first instant belongs to it, its end does not.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.time_zone);
        let minute = local.hour() * 60 + local.minute();
        self.spans(local.date_naive())
            .iter()
            .any(|span| (u32::from(span.start)..u32::from(span.end)).contains(&minute))
    }

    /// The instant by which so much business time has passed since `start`: `start` itself when none is asked
    /// for, and never the opening after a closing time that is just reached. Saturates some 200 years ahead.
    pub fn add(&self, start: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
        if time <= TimeDelta::zero() {
            return start;
        }
        let mut left = time;
        let mut reached = start;
        for stretch in
            self.stretches(start).take_while(|stretch| stretch.start - start < Duration::days(HORIZON_DAYS))
        {
            for open in self.open_within(&stretch) {
                let length = open.end - open.start;
                if length >= left {
                    return open.start + left;
                }
                left -= length;
            }
            reached = stretch.end;
        }
        reached
    }

    /// [`add`](Self::add) for business minutes, the unit of the agreement.
    pub fn add_minutes(&self, start: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
        self.add(start, TimeDelta::minutes(i64::from(minutes)))
    }

    /// The business time that passes from one instant to another; none when `to` is not after `from`.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        self.stretches(from)
            .take_while(|stretch| stretch.start < to)
            .flat_map(|stretch| self.open_within(&(stretch.start..stretch.end.min(to))))
            .map(|open| open.end - open.start)
            .sum()
    }

    /// Working spans of a local date.
    fn spans(&self, date: NaiveDate) -> &[Range<u16>] {
        if self.holidays.contains(&date) {
            &[]
        } else {
            &self.week[date.weekday().num_days_from_monday() as usize]
        }
    }

    fn offset(&self, at: DateTime<Utc>) -> TimeDelta {
        let seconds = self.time_zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
        TimeDelta::seconds(i64::from(seconds))
    }

    /// All time from an instant on, in consecutive stretches of a day at most, cut where the offset changes,
    /// up to the end of the calendar that chrono keeps.
    fn stretches(&self, start: DateTime<Utc>) -> impl Iterator<Item = Stretch> {
        let mut from = start;
        std::iter::from_fn(move || {
            let mut to = from.checked_add_signed(TimeDelta::days(1))?;
            let offset = self.offset(from);
            if self.offset(to) != offset {
                // No zone changes its clock twice a day, so the change can be searched by halves.
                let mut before = from;
                while to - before > TimeDelta::seconds(1) {
                    let middle = before + TimeDelta::seconds((to - before).num_seconds() / 2);
                    if self.offset(middle) == offset { before = middle } else { to = middle }
                }
                // The search went in whole seconds from an instant that may lie between two.
                to -= TimeDelta::nanoseconds(i64::from(to.timestamp_subsec_nanos()));
            }
            Some(std::mem::replace(&mut from, to)..to)
        })
    }

    /// The open time within a stretch, in order.
    fn open_within(&self, stretch: &Stretch) -> Vec<Stretch> {
        let offset = self.offset(stretch.start);
        let local_start = stretch.start.naive_utc() + offset;
        let local_end = stretch.end.naive_utc() + offset;
        let mut open = Vec::new();
        for date in local_start.date().iter_days().take_while(|date| *date <= local_end.date()) {
            let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc() - offset;
            for span in self.spans(date) {
                let from = (midnight + TimeDelta::minutes(i64::from(span.start))).max(stretch.start);
                let to = (midnight + TimeDelta::minutes(i64::from(span.end))).min(stretch.end);
                if from < to {
                    open.push(from..to);
                }
            }
        }
        open
    }
}

/// The same minutes as sorted spans that neither overlap nor touch.
fn merged(mut spans: Vec<Range<u16>>) -> Vec<Range<u16>> {
    spans.retain(|span| span.start < span.end);
    spans.sort_by_key(|span| span.start);
    let mut merged: Vec<Range<u16>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Europe};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// One span as a day of a calendar.
    fn one(from: u16, to: u16) -> Vec<Range<u16>> {
        std::iter::once(from..to).collect()
    }

    /// Monday to Friday, 9 to 17.
    fn office(time_zone: Tz, holidays: &[&str]) -> BusinessCalendar {
        let week = std::array::from_fn(|weekday| if weekday < 5 { one(540, 1020) } else { vec![] });
        BusinessCalendar::new(time_zone, week, holidays.iter().map(|date| day(date))).unwrap()
    }

    fn always(time_zone: Tz) -> BusinessCalendar {
        BusinessCalendar::new(time_zone, std::array::from_fn(|_| one(0, 1440)), []).unwrap()
    }

    #[test]
    fn a_calendar_without_an_open_minute_is_refused() {
        let empty = || std::array::from_fn(|_| [one(600, 600), one(700, 650)].concat());
        assert_eq!(BusinessCalendar::new(Tz::UTC, empty(), []), Err(NeverOpen));
    }

    #[test]
    fn time_stands_still_while_the_calendar_is_closed() {
        let office = office(Tz::UTC, &[]);
        // Friday 16:30 and an hour is Monday 9:30.
        assert_eq!(office.add_minutes(at("2026-03-06T16:30:00Z"), 60), at("2026-03-09T09:30:00Z"));
        // What fits exactly ends at the closing time.
        assert_eq!(office.add_minutes(at("2026-03-06T16:30:00Z"), 30), at("2026-03-06T17:00:00Z"));
        // A start on Saturday counts from Monday on.
        assert_eq!(office.add_minutes(at("2026-03-07T12:00:00Z"), 15), at("2026-03-09T09:15:00Z"));
        assert_eq!(office.add_minutes(at("2026-03-07T12:00:00Z"), 0), at("2026-03-07T12:00:00Z"));
        assert_eq!(
            office.between(at("2026-03-06T16:00:00Z"), at("2026-03-09T10:00:00Z")),
            TimeDelta::hours(2)
        );
        assert_eq!(office.between(at("2026-03-09T10:00:00Z"), at("2026-03-06T16:00:00Z")), TimeDelta::zero());
    }

    #[test]
    fn an_opening_time_is_open_and_a_closing_time_is_not() {
        let office = office(Europe::Berlin, &["2026-03-10"]);
        assert!(office.is_open(at("2026-03-09T08:00:00Z")));
        assert!(office.is_open(at("2026-03-09T15:59:59.999Z")));
        assert!(!office.is_open(at("2026-03-09T07:59:59.999Z")));
        assert!(!office.is_open(at("2026-03-09T16:00:00Z")));
        assert!(!office.is_open(at("2026-03-10T10:00:00Z")), "a holiday");
    }

    #[test]
    fn holidays_and_leap_days_are_days_of_their_own() {
        let with_holiday = office(Tz::UTC, &["2028-02-29"]);
        let without = office(Tz::UTC, &[]);
        let monday_evening = at("2028-02-28T16:00:00Z");
        assert_eq!(without.add_minutes(monday_evening, 120), at("2028-02-29T10:00:00Z"));
        assert_eq!(with_holiday.add_minutes(monday_evening, 120), at("2028-03-01T10:00:00Z"));
    }

    #[test]
    fn spans_are_sorted_and_overlaps_count_once() {
        let mut week = std::array::from_fn(|_| vec![]);
        week[0] = vec![780..1020, 540..720, 700..730];
        let calendar = BusinessCalendar::new(Tz::UTC, week, []).unwrap();
        let (monday, tuesday) = (at("2026-03-09T00:00:00Z"), at("2026-03-10T00:00:00Z"));
        assert_eq!(calendar.between(monday, tuesday), TimeDelta::minutes(190 + 240));
        assert_eq!(calendar.add_minutes(monday, 200), at("2026-03-09T13:10:00Z"));
    }

    #[test]
    fn an_hour_that_the_clock_skips_is_no_working_time() {
        // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
        let night = always(Europe::Berlin);
        assert_eq!(
            night.between(at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")),
            TimeDelta::hours(23)
        );
        let mut week = std::array::from_fn(|_| vec![]);
        week[6] = one(90, 210);
        let sunday = BusinessCalendar::new(Europe::Berlin, week, []).unwrap();
        // 01:30 to 03:30 lasts an hour that day.
        assert_eq!(
            sunday.between(at("2026-03-28T00:00:00Z"), at("2026-03-30T00:00:00Z")),
            TimeDelta::hours(1)
        );
        assert_eq!(sunday.add_minutes(at("2026-03-28T00:00:00Z"), 40), at("2026-03-29T01:10:00Z"));
    }

    #[test]
    fn an_hour_that_the_clock_repeats_counts_twice() {
        // New York, 1 November 2026: 02:00 becomes 01:00 at 06:00 UTC.
        let mut week = std::array::from_fn(|_| vec![]);
        week[6] = vec![60..90, 100..180];
        let sunday = BusinessCalendar::new(America::New_York, week, []).unwrap();
        let (start, end) = (at("2026-10-31T12:00:00Z"), at("2026-11-02T12:00:00Z"));
        // 01:00 to 01:30 twice, 01:40 to 02:00 twice, 02:00 to 03:00 once.
        assert_eq!(sunday.between(start, end), TimeDelta::minutes(30 + 20 + 30 + 20 + 60));
        assert!(!sunday.is_open(at("2026-11-01T05:35:00Z")) && !sunday.is_open(at("2026-11-01T06:35:00Z")));
        assert_eq!(sunday.add_minutes(start, 60), at("2026-11-01T06:10:00Z"));
    }

    #[test]
    fn a_deadline_beyond_all_holidays_saturates() {
        let holidays = day("2026-01-01").iter_days().take(210 * 366);
        let calendar =
            BusinessCalendar::new(Tz::UTC, std::array::from_fn(|_| one(0, 1440)), holidays).unwrap();
        let start = at("2026-01-01T00:00:00Z");
        assert!(calendar.add_minutes(start, 1) - start >= TimeDelta::days(HORIZON_DAYS));
    }

    /// Zones with changes of one hour, of half an hour, at midnight, a minute after it, and none.
    const ZONES: [Tz; 7] = [
        Europe::Berlin,
        America::New_York,
        chrono_tz::Australia::Lord_Howe,
        America::Havana,
        America::St_Johns,
        America::Sao_Paulo,
        Tz::UTC,
    ];

    prop_compose! {
        fn calendars()(
            zone in prop::sample::select(&ZONES[..]),
            week in prop::array::uniform7(prop::collection::vec((0u16..1440, 1u16..600), 0..3)),
            holidays in prop::collection::vec(0i64..800, 0..12),
        ) -> BusinessCalendar {
            let span = |(from, length): (u16, u16)| from..(from + length).min(1440);
            let mut week = week.map(|spans| spans.into_iter().map(span).collect::<Vec<_>>());
            week[2].push(0..1440);
            BusinessCalendar::new(zone, week, holidays.into_iter().map(|n| day("2009-12-20") + TimeDelta::days(n))).unwrap()
        }
    }

    prop_compose! {
        /// Two years that begin in winter, down to the millisecond.
        fn instants()(millis in 0i64..2 * 366 * 86_400_000) -> DateTime<Utc> {
            at("2009-12-24T00:00:00Z") + TimeDelta::milliseconds(millis)
        }
    }

    proptest! {
        #[test]
        fn what_is_added_is_measured_again(calendar in calendars(), start in instants(), minutes in 0u32..20_000) {
            let due = calendar.add_minutes(start, minutes);
            prop_assert_eq!(calendar.between(start, due), TimeDelta::minutes(i64::from(minutes)));
            // And it is the first such instant.
            if minutes > 0 {
                prop_assert!(calendar.is_open(due - TimeDelta::milliseconds(1)));
            }
        }

        #[test]
        fn more_time_is_never_due_earlier(calendar in calendars(), start in instants(), a in 0u32..9000, b in 0u32..9000) {
            prop_assert!(calendar.add_minutes(start, a) <= calendar.add_minutes(start, a + b));
            let later = start + TimeDelta::minutes(i64::from(b));
            prop_assert!(calendar.add_minutes(start, a) <= calendar.add_minutes(later, a));
        }

        #[test]
        fn time_between_adds_up(calendar in calendars(), mut instants in prop::array::uniform3(instants())) {
            instants.sort();
            let [a, b, c] = instants;
            prop_assert_eq!(calendar.between(a, b) + calendar.between(b, c), calendar.between(a, c));
        }

        #[test]
        fn the_measure_agrees_with_counting_open_minutes(calendar in calendars(), start in instants(), hours in 0i64..80) {
            let start = start - TimeDelta::milliseconds(start.timestamp_millis() % 60_000);
            let open = (0..hours * 60).filter(|minute| calendar.is_open(start + TimeDelta::minutes(*minute))).count();
            let measured = calendar.between(start, start + TimeDelta::hours(hours));
            prop_assert_eq!(measured.num_seconds(), 60 * i64::try_from(open).unwrap());
        }

        #[test]
        fn the_clock_of_the_zone_never_moves_office_hours(start in instants(), zone in prop::sample::select(&ZONES[..])) {
            let due = office(zone, &[]).add_minutes(start, 480).with_timezone(&zone);
            let minute = due.hour() * 60 + due.minute();
            prop_assert!((540..=1020).contains(&minute), "{due}");
        }
    }
}
