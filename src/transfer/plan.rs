//! What a map makes of one file: a sound plan, or every reason why not.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use csv::StringRecord;

use super::bind::{self, Binder, RowCheck};
use super::event_plan::{EventPlan, EventRow};
use super::lead_plan::{CustomField, LeadPlan, LeadRow};
use super::map::{ImportMap, Kind};
use super::problem::{MapProblem, Problem};

/// How to make leads or events of the rows of one file.
#[derive(Debug, Clone)]
pub struct Plan {
    make: Make,
    /// Place of a column, and the values of it that are wanted, in lower case.
    only: Vec<(usize, HashSet<String>)>,
    /// Columns that nothing reads.
    pub unused: Vec<String>,
}

#[derive(Debug, Clone)]
enum Make {
    Leads(Box<LeadPlan>),
    Events(Box<EventPlan>),
}

/// What a row becomes.
#[derive(Debug)]
pub enum Made {
    Lead(Box<LeadRow>),
    Event(Box<EventRow>),
    /// The map does not want rows like it.
    PassedOver,
    Refused(Vec<Problem>),
}

impl Plan {
    /// Binds a map to the columns of a file. `now` is the time of the import.
    pub fn bind(
        map: &ImportMap,
        kind: Kind,
        columns: &[String],
        now: DateTime<Utc>,
    ) -> Result<Plan, Vec<MapProblem>> {
        let mut binder = Binder::new(columns, &map.file);
        let make = match (kind, &map.lead, &map.event) {
            (_, Some(_), Some(_)) => {
                binder.refuse("event", "", "a map is for leads or for events, not for both; write two maps and import the file twice");
                None
            }
            (Kind::Leads, Some(lead), None) => {
                Some(Make::Leads(Box::new(LeadPlan::bind(lead, &mut binder, now))))
            }
            (Kind::Events, None, Some(event)) => {
                Some(Make::Events(Box::new(EventPlan::bind(event, &mut binder, now))))
            }
            (Kind::Leads, None, _) => {
                binder.refuse(
                    "lead",
                    "",
                    "leads are imported, but the map has no [lead]; add it, or import events",
                );
                None
            }
            (Kind::Events, _, None) => {
                binder.refuse(
                    "event",
                    "",
                    "events are imported, but the map has no [event]; add it, or import leads",
                );
                None
            }
        };
        let mut only = vec![];
        for (column, values) in &map.file.only {
            let place = binder.place("file.only", column);
            only.extend(
                place.map(|place| (place, values.iter().map(|value| value.trim().to_lowercase()).collect())),
            );
        }
        let unused = binder.unused();
        match make {
            Some(make) if binder.problems.is_empty() => Ok(Plan { make, only, unused }),
            _ => Err(binder.problems),
        }
    }

    /// Makes something of a row. Values that it went in without are added to `left_out`.
    pub fn make(&self, row: &StringRecord, left_out: &mut Vec<Problem>) -> Made {
        let wanted = |(place, values): &(usize, HashSet<String>)| {
            row.get(*place).is_some_and(|value| values.contains(&value.trim().to_lowercase()))
        };
        if !self.only.iter().all(wanted) {
            return Made::PassedOver;
        }
        let mut check = RowCheck::default();
        let made = match &self.make {
            Make::Leads(plan) => plan.lead(row, &mut check).map(|lead| Made::Lead(Box::new(lead))),
            Make::Events(plan) => plan.event(row, &mut check).map(|event| Made::Event(Box::new(event))),
        };
        match made {
            Some(made) => {
                left_out.append(&mut check.left_out);
                made
            }
            None => Made::Refused(check.problems),
        }
    }

    /// The custom fields that the map fills.
    pub fn custom_fields(&self) -> Vec<CustomField> {
        match &self.make {
            Make::Leads(plan) => plan.custom_fields().cloned().collect(),
            Make::Events(_) => vec![],
        }
    }

    /// The column and value that name an event's lead.
    pub fn named_lead(&self, row: &StringRecord) -> (String, String) {
        match &self.make {
            Make::Events(plan) => plan.named_lead(row),
            Make::Leads(_) => Default::default(),
        }
    }
}

/// The separator of a map's file, when it names a sound one.
pub fn delimiter(map: &ImportMap) -> Option<u8> {
    bind::delimiter(&map.file.delimiter).ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_map_of_the_documentation_is_sound() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/maps");
        let mut seen = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let map = ImportMap::parse(&fs::read_to_string(&path).unwrap()).unwrap();
            let kind = if map.lead.is_some() { Kind::Leads } else { Kind::Events };
            let named = map.fields().into_iter().flat_map(|(_, field)| field.columns.clone());
            let mut columns: Vec<String> = named.chain(map.file.only.keys().cloned()).collect();
            columns.sort();
            columns.dedup();
            if let Err(problems) = Plan::bind(&map, kind, &columns, DateTime::UNIX_EPOCH) {
                panic!("{}: {problems:?}", path.display());
            }
            seen += 1;
        }
        assert!(seen > 0);
    }
}
