//! The leads behind each figure, as many as are kept. Pure.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use super::figures::Side;
use crate::scoring::CategoryKey;

/// The most leads that are kept of one figure.
pub const MOST: usize = 10_000;

/// A figure that opens its list. Displays as the key that addresses and the database use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    Handed(Side),
    AtStart(Side),
    Week(usize, Side),
    Queue(Side, String),
    Converted(Side),
    HandedBack(Side),
    Withdrawn(Side),
    Undecided(Side),
    Category(Side, CategoryKey),
    CategoryWon(Side, CategoryKey),
    CategoryLost(Side, CategoryKey),
    OutsideHours(Side),
    ClaimLater(Side),
    ContactLater(Side),
    Both,
    Gained,
    Lost,
    HandBacksAvoided,
    Won,
    WonBy(Side),
    WonMissed,
    WonCaught,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Handed(side) => write!(f, "handed.{}", side.key()),
            Figure::AtStart(side) => write!(f, "at_start.{}", side.key()),
            Figure::Week(week, side) => write!(f, "week.{}.{week}", side.key()),
            Figure::Queue(side, queue) => write!(f, "queue.{}.{queue}", side.key()),
            Figure::Converted(side) => write!(f, "converted.{}", side.key()),
            Figure::HandedBack(side) => write!(f, "handed_back.{}", side.key()),
            Figure::Withdrawn(side) => write!(f, "withdrawn.{}", side.key()),
            Figure::Undecided(side) => write!(f, "undecided.{}", side.key()),
            Figure::Category(side, key) => write!(f, "category.{}.{key}", side.key()),
            Figure::CategoryWon(side, key) => write!(f, "category_won.{}.{key}", side.key()),
            Figure::CategoryLost(side, key) => write!(f, "category_lost.{}.{key}", side.key()),
            Figure::OutsideHours(side) => write!(f, "outside_hours.{}", side.key()),
            Figure::ClaimLater(side) => write!(f, "claim_later.{}", side.key()),
            Figure::ContactLater(side) => write!(f, "contact_later.{}", side.key()),
            Figure::Both => f.write_str("both"),
            Figure::Gained => f.write_str("gained"),
            Figure::Lost => f.write_str("lost"),
            Figure::HandBacksAvoided => f.write_str("hand_backs_avoided"),
            Figure::Won => f.write_str("won"),
            Figure::WonBy(side) => write!(f, "won_by.{}", side.key()),
            Figure::WonMissed => f.write_str("won_missed"),
            Figure::WonCaught => f.write_str("won_caught"),
        }
    }
}

impl Figure {
    /// The figure of a key.
    pub fn parse(key: &str) -> Option<Figure> {
        let (name, rest) = key.split_once('.').unwrap_or((key, ""));
        let (side, rest) = rest.split_once('.').unwrap_or((rest, ""));
        let side = Side::ALL.into_iter().find(|known| known.key() == side);
        let figure = match (name, side) {
            ("handed", Some(side)) => Figure::Handed(side),
            ("at_start", Some(side)) => Figure::AtStart(side),
            ("week", Some(side)) => Figure::Week(rest.parse().ok()?, side),
            ("queue", Some(side)) => Figure::Queue(side, rest.to_owned()),
            ("converted", Some(side)) => Figure::Converted(side),
            ("handed_back", Some(side)) => Figure::HandedBack(side),
            ("withdrawn", Some(side)) => Figure::Withdrawn(side),
            ("undecided", Some(side)) => Figure::Undecided(side),
            ("category", Some(side)) => Figure::Category(side, CategoryKey::parse(rest)?),
            ("category_won", Some(side)) => Figure::CategoryWon(side, CategoryKey::parse(rest)?),
            ("category_lost", Some(side)) => Figure::CategoryLost(side, CategoryKey::parse(rest)?),
            ("outside_hours", Some(side)) => Figure::OutsideHours(side),
            ("claim_later", Some(side)) => Figure::ClaimLater(side),
            ("contact_later", Some(side)) => Figure::ContactLater(side),
            ("won_by", Some(side)) => Figure::WonBy(side),
            ("both", None) => Figure::Both,
            ("gained", None) => Figure::Gained,
            ("lost", None) => Figure::Lost,
            ("hand_backs_avoided", None) => Figure::HandBacksAvoided,
            ("won", None) => Figure::Won,
            ("won_missed", None) => Figure::WonMissed,
            ("won_caught", None) => Figure::WonCaught,
            _ => return None,
        };
        (figure.to_string() == key).then_some(figure)
    }
}

/// Leads by figure, each once and in the order of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists(BTreeMap<String, Vec<Uuid>>);

impl Lists {
    /// Notes a lead, unless the list is full. Leads come in the order of their ids.
    pub fn note(&mut self, figure: &Figure, lead: Uuid) {
        let list = self.0.entry(figure.to_string()).or_default();
        if list.len() < MOST && list.last() != Some(&lead) {
            list.push(lead);
        }
    }

    /// Adds the lists of another thread, and keeps the first of both.
    pub fn merge(&mut self, other: Lists) {
        for (figure, theirs) in other.0 {
            let mine = self.0.entry(figure).or_default();
            mine.extend(theirs);
            mine.sort_unstable();
            mine.truncate(MOST);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Uuid])> {
        self.0.iter().map(|(figure, leads)| (figure.as_str(), leads.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_found_by_its_key() {
        let category = CategoryKey::HighInterestLowFit;
        for side in Side::ALL {
            let of_side = [
                Figure::Handed(side),
                Figure::AtStart(side),
                Figure::Week(12, side),
                Figure::Queue(side, "inbound".into()),
                Figure::Converted(side),
                Figure::HandedBack(side),
                Figure::Withdrawn(side),
                Figure::Undecided(side),
                Figure::Category(side, category),
                Figure::CategoryWon(side, category),
                Figure::CategoryLost(side, category),
                Figure::OutsideHours(side),
                Figure::ClaimLater(side),
                Figure::ContactLater(side),
                Figure::WonBy(side),
            ];
            let own = [
                Figure::Both,
                Figure::Gained,
                Figure::Lost,
                Figure::HandBacksAvoided,
                Figure::Won,
                Figure::WonMissed,
                Figure::WonCaught,
            ];
            for figure in of_side.into_iter().chain(own) {
                assert_eq!(Figure::parse(&figure.to_string()), Some(figure));
            }
        }
        for nonsense in ["", "week", "week.draft.x", "gained.draft", "handed.nobody", "both.x"] {
            assert_eq!(Figure::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn lists_of_two_threads_join_to_the_first_leads_of_both() {
        let id = |n: usize| Uuid::from_u128(n as u128);
        let (mut even, mut odd) = (Lists::default(), Lists::default());
        for n in 0..MOST {
            even.note(&Figure::Gained, id(2 * n));
            even.note(&Figure::Gained, id(2 * n));
            odd.note(&Figure::Gained, id(2 * n + 1));
        }
        even.merge(odd);
        let (figure, leads) = even.iter().next().unwrap();
        assert_eq!((figure, leads.len()), ("gained", MOST));
        assert!(leads.iter().enumerate().all(|(n, lead)| *lead == id(n)));
    }
}
