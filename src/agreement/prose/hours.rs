//! Part 10: when the clocks run.

use super::Part;
use super::words::and;
use crate::agreement::terms::{Terms, Weekday};

pub(super) fn calendar(terms: &Terms) -> Part {
    let calendar = &terms.calendar;
    let mut part = Part::new(
        10,
        "calendar",
        "Calendar",
        "Every clock of this agreement runs only while this calendar is open.",
    );
    part.says(".time_zone", format!("Hours and days are those of the time zone {}.", calendar.time_zone));
    for day in Weekday::ALL {
        let spans = calendar.hours.get(&day).into_iter().flatten();
        let spans = and(spans.map(|span| format!("from {} to {}", span.from, span.to)));
        let text = if spans.is_empty() {
            format!("{} is free.", day.label())
        } else {
            format!("{}: {spans}.", day.label())
        };
        part.says(&format!(".hours.{}", day.key()), text);
    }
    let holidays = if calendar.holidays.is_empty() {
        "There are no holidays."
    } else {
        "No work is done on the holidays in the table."
    };
    part.says(".holidays", holidays.to_owned());
    part.with_table(
        &["Date", "Holiday"],
        calendar.holidays.iter().map(|holiday| vec![holiday.date.to_string(), holiday.name.clone()]),
    )
}
