//! A person who uses Baton.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::audit::Actor;
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::UserId;
use crate::kernel::people::{Department, Role};
use crate::kernel::text::{self, Email};

/// A signed-in person, as a session carries them through a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: String,
    pub department: Department,
    pub role: Role,
    pub time_zone: Tz,
    pub away_until: Option<DateTime<Utc>>,
}

impl User {
    /// The person as the author of a change.
    pub fn actor(&self) -> Actor {
        Actor::Person { id: self.id, name: self.name.clone() }
    }

    /// First letters of first and last name.
    pub fn initials(&self) -> String {
        let mut words = self.name.split_whitespace().filter_map(|word| word.chars().next());
        let first = words.next();
        first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
    }

    pub fn is_sales(&self) -> bool {
        self.department == Department::Sales
    }
}

/// What an admin, or the set-up of a new installation, says about a person. As typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PersonForm {
    pub name: String,
    pub email: String,
    pub department: String,
    pub role: String,
    pub time_zone: String,
    /// Local date up to which, exclusive, the person is away; blank when here.
    pub away_until: String,
}

/// A person, checked.
#[derive(Debug, Clone)]
pub struct Person {
    pub name: String,
    pub email: Email,
    pub department: Department,
    pub role: Role,
    pub time_zone: Tz,
    pub away_until: Option<DateTime<Utc>>,
}

impl PersonForm {
    /// Checks every field.
    pub fn check(&self) -> Result<Person, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.check(
            "name",
            text::line(&self.name, 200)
                .and_then(|name| name.ok_or_else(|| "Write the person's name.".to_owned())),
        );
        let email = errors.check("email", Email::parse(&self.email));
        let department = errors.check("department", self.department.parse());
        let role = errors.check("role", self.role.parse());
        let time_zone = errors.check("time_zone", time_zone(&self.time_zone));
        let away_until =
            errors.check("away_until", local_midnight(&self.away_until, time_zone.unwrap_or(Tz::UTC)));
        match (name, email, department, role, time_zone, away_until) {
            (Some(name), Some(email), Some(department), Some(role), Some(time_zone), Some(away_until)) => {
                Ok(Person { name, email, department, role, time_zone, away_until })
            }
            _ => Err(errors),
        }
    }
}

/// A time zone by its IANA name.
pub fn time_zone(name: &str) -> Result<Tz, String> {
    name.trim().parse().map_err(|_| {
        format!("“{}” is not a time zone; choose one such as Europe/Berlin", text::excerpt(name))
    })
}

/// The start of a local day, or nothing for a blank.
fn local_midnight(date: &str, zone: Tz) -> Result<Option<DateTime<Utc>>, String> {
    let Some(date) = text::filled(date) else { return Ok(None) };
    let day: chrono::NaiveDate = date
        .parse()
        .map_err(|_| format!("“{}” is not a date; write it as 2027-01-31", text::excerpt(&date)))?;
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    // A day whose midnight a clock change skips begins with the first hour that exists.
    let start = (0..3)
        .find_map(|hour| (midnight + chrono::TimeDelta::hours(hour)).and_local_timezone(zone).earliest());
    Ok(start.map(|t| t.with_timezone(&Utc)))
}
