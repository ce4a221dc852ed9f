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
        time_zone: Tz, week: [Vec<Range<u16>>; 7], holidays: impl IntoIterator<Item = NaiveDate>,
    ) -> Result<Self, NeverOpen> {
        let week = week.map(merged);
        if week.iter().all(Vec::is_empty) {
            return Err(NeverOpen);
        }
        Ok(Self { time_zone, week, holidays: holidays.into_iter().collect() })
    }

    /// Whether work is done at this instant. A span's first instant belongs to it, its end does not.
    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let local = at.with_timezone(&self.time_zone);
        let minute = local.hour() * 60 + local.minute();
        self.spans(local.date_naive()).iter().any(|span| (u32::from(span.start)..u32::from(span.end)).contains(&minute))
    }

    /// The instant by which so much business time has passed since `start`: `start` itself when none is asked
    /// for, and never the opening after a closing time that is just reached. Saturates some 200 years ahead.
    #[must_use]
    pub fn add(&self, start: DateTime<Utc>, time: TimeDelta) -> DateTime<Utc> {
        if time <= TimeDelta::zero() {
            return start;
        }
        let mut left = time;
        let mut reached = start;
        for stretch in self.stretches(start).take_while(|stretch| stretch.start - start < Duration::days(HORIZON_DAYS)) {
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
    #[must_use]
    pub fn add_minutes(&self, start: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
        self.add(start, TimeDelta::minutes(i64::from(minutes)))
    }

    /// The business time that passes from one instant to another; none when `to` is not after `from`.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        self.stretches(from)
            .take_while(|stretch| stretch.start < to)
            .flat_map(|stretch| self.open_within(&(stretch.start..stretch.end.min(to))))
            .map(|open| open.end - open.start)
            .sum()
    }

    /// Working spans of a local date.
    fn spans(&self, date: NaiveDate) -> &[Range<u16>] {
        if self.holidays.contains(&date) { &[] } else { &self.week[date.weekday().num_days_from_monday() as usize] }
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
