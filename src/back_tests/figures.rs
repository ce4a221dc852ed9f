//! What a back-test counts. Pure: leads are added one by one, and tallies of several threads are added up.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::history::{DealState, Ending, History, Recorded};
use super::lists::{Figure, Lists};
use super::replay::Pass;
use crate::agreement::versions::Version;
use crate::kernel::shares::wilson;
use crate::scoring::CategoryKey;

/// Below so many won and lost leads a rate says nothing.
pub const ENOUGH: u64 = 10;

/// The three that stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Draft,
    InForce,
    /// What happened.
    Recorded,
}

impl Side {
    pub const ALL: [Side; 3] = [Side::Draft, Side::InForce, Side::Recorded];

    pub fn key(self) -> &'static str {
        match self {
            Side::Draft => "draft",
            Side::InForce => "in_force",
            Side::Recorded => "recorded",
        }
    }
}

/// Everything that is counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub leads: u64,
    pub events: u64,
    /// How long it took.
    pub seconds: f64,
    /// Draft, in force, recorded.
    pub sides: [SideFigures; 3],
    /// Leads that both versions hand over, that only the draft does, that only the version in force does.
    pub both: u64,
    pub gained: u64,
    pub lost: u64,
    /// Leads that won a deal out of the window, those of them that the draft does not hand over in time, and those that
    /// it does and the version in force does not.
    pub won: u64,
    pub won_missed: u64,
    pub won_caught: u64,
    /// Leads that came back under the version in force and that the draft does not hand over.
    pub hand_backs_avoided: u64,
    /// Handoffs that were claimed and closed, and how long a rep held them, in seconds.
    pub held: u64,
    pub held_seconds: f64,
}

/// What is counted of one of the three.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SideFigures {
    pub handoffs: u64,
    /// Leads that were handed over at least once.
    pub leads: u64,
    /// Of the handoffs, those of the first instant, when all leads are judged.
    pub at_start: u64,
    /// The others, week by week.
    pub weeks: Vec<u64>,
    pub converted: u64,
    pub handed_back: u64,
    pub withdrawn: u64,
    /// Still open, or without a recorded handoff to tell.
    pub undecided: u64,
    /// Leads that won a deal and were handed over before it was opened.
    pub won: u64,
    /// In the order of [`CategoryKey::all`].
    pub categories: [Share; 4],
    /// Handoffs by queue, week by week, without those of the first instant.
    pub queues: BTreeMap<String, Vec<u64>>,
    pub claim: Punctual,
    pub contact: Punctual,
    /// Handoffs that were made within working hours.
    pub within_hours: u64,
}

/// Leads by their category when first offered, with what became of their deals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub leads: u64,
    pub won: u64,
    pub lost: u64,
}

/// Deadlines, and those that are due on the day on which they start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Punctual {
    pub same_day: u64,
    pub all: u64,
}

impl Share {
    pub fn decided(&self) -> u64 {
        self.won + self.lost
    }

    /// Won of those decided, with the 95 % interval of Wilson; none when too few are.
    pub fn win_rate(&self) -> Option<(f64, f64, f64)> {
        let (low, high) = wilson(self.won, self.decided());
        (self.decided() >= ENOUGH).then(|| (self.won as f64 / self.decided() as f64, low, high))
    }
}

/// A handoff of any of the three.
struct Handed<'a> {
    at: DateTime<Utc>,
    at_start: bool,
    queue: &'a str,
    category: CategoryKey,
    claim_due_at: DateTime<Utc>,
    /// From when to when.
    contact: Option<(DateTime<Utc>, DateTime<Utc>)>,
    recorded: Option<&'a Recorded>,
}

/// Figures and the leads behind them, in the making.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub figures: Figures,
    pub lists: Lists,
}

/// What a tally has to know of the two versions.
pub struct Frame<'a> {
    pub window: &'a Range<DateTime<Utc>>,
    /// The draft, and the version in force.
    pub versions: [&'a Version; 2],
}

impl Tally {
    /// Counts one lead.
    pub fn add(&mut self, frame: &Frame, history: &History, draft: &[Pass], in_force: &[Pass]) {
        self.figures.leads += 1;
        self.figures.events += history.events.len() as u64;
        let happened: Vec<&Recorded> =
            history.handoffs.iter().filter(|handoff| frame.window.contains(&handoff.offered_at)).collect();
        let sides = [
            handed_over(draft, history),
            handed_over(in_force, history),
            happened.iter().map(|handoff| Handed::of(handoff)).collect(),
        ];
        let lead = history.lead.0;
        for (side, handed) in Side::ALL.into_iter().zip(&sides) {
            self.add_side(frame, history, side, handed);
        }
        for handoff in happened {
            if let (Some(claimed), Some(closed)) = (handoff.claimed_at, &handoff.closed) {
                self.figures.held += 1;
                self.figures.held_seconds += (closed.at - claimed).as_seconds_f64();
            }
        }
        let [drafted, forced] = [!sides[0].is_empty(), !sides[1].is_empty()];
        self.note(drafted && forced, Figure::Both, lead, |f| &mut f.both);
        self.note(drafted && !forced, Figure::Gained, lead, |f| &mut f.gained);
        self.note(!drafted && forced, Figure::Lost, lead, |f| &mut f.lost);
        let came_back = sides[1].iter().any(|handed| handed.came_back());
        self.note(came_back && !drafted, Figure::HandBacksAvoided, lead, |f| &mut f.hand_backs_avoided);
        if let Some(opened_at) = won_from(frame.window, history) {
            let in_time = sides.each_ref().map(|handed| handed.iter().any(|handed| handed.at <= opened_at));
            self.note(true, Figure::Won, lead, |f| &mut f.won);
            for (side, in_time) in Side::ALL.into_iter().zip(in_time) {
                self.note(in_time, Figure::WonBy(side), lead, |f| &mut f.sides[side as usize].won);
            }
            self.note(!in_time[0], Figure::WonMissed, lead, |f| &mut f.won_missed);
            self.note(in_time[0] && !in_time[1], Figure::WonCaught, lead, |f| &mut f.won_caught);
        }
    }

    fn note(&mut self, counts: bool, figure: Figure, lead: Uuid, of: impl Fn(&mut Figures) -> &mut u64) {
        if counts {
            *of(&mut self.figures) += 1;
            self.lists.note(&figure, lead);
        }
    }

    fn add_side(&mut self, frame: &Frame, history: &History, side: Side, all: &[Handed]) {
        let lead = history.lead.0;
        let Some(first) = all.first() else { return };
        let figures = &mut self.figures.sides[side as usize];
        let version = frame.versions[usize::from(side != Side::Draft)];
        figures.leads += 1;
        self.lists.note(&Figure::Handed(side), lead);
        for handed in all {
            figures.handoffs += 1;
            let (count, figure) = match handed.recorded.and_then(|recorded| recorded.closed.as_ref()) {
                None => (&mut figures.undecided, Figure::Undecided(side)),
                Some(closed) => match closed.ending {
                    Ending::Converted => (&mut figures.converted, Figure::Converted(side)),
                    Ending::HandedBack { .. } => (&mut figures.handed_back, Figure::HandedBack(side)),
                    Ending::Withdrawn => (&mut figures.withdrawn, Figure::Withdrawn(side)),
                },
            };
            *count += 1;
            self.lists.note(&figure, lead);
            if handed.at_start {
                figures.at_start += 1;
                self.lists.note(&Figure::AtStart(side), lead);
            } else {
                let week = week_of(frame.window, handed.at);
                count_up(&mut figures.weeks, week);
                count_up(figures.queues.entry(handed.queue.to_owned()).or_default(), week);
                self.lists.note(&Figure::Week(week, side), lead);
                self.lists.note(&Figure::Queue(side, handed.queue.to_owned()), lead);
            }
            let within = version.calendar.is_open(handed.at);
            figures.within_hours += u64::from(within);
            if !within {
                self.lists.note(&Figure::OutsideHours(side), lead);
            }
            if !figures.claim.add(version, handed.at, handed.claim_due_at) {
                self.lists.note(&Figure::ClaimLater(side), lead);
            }
            if let Some((from, due)) = handed.contact
                && !figures.contact.add(version, from, due)
            {
                self.lists.note(&Figure::ContactLater(side), lead);
            }
        }
        let place = CategoryKey::all().iter().position(|key| *key == first.category).unwrap_or(3);
        let share = &mut figures.categories[place];
        share.leads += 1;
        self.lists.note(&Figure::Category(side, first.category), lead);
        let deals = || all.iter().filter_map(|handed| history.deal_of(handed.recorded?.id));
        if deals().any(|deal| deal == DealState::Won) {
            share.won += 1;
            self.lists.note(&Figure::CategoryWon(side, first.category), lead);
        } else if deals().any(|deal| deal == DealState::Lost) && !deals().any(|deal| deal == DealState::Open)
        {
            share.lost += 1;
            self.lists.note(&Figure::CategoryLost(side, first.category), lead);
        }
    }

    /// Adds what another thread counted.
    pub fn merge(&mut self, other: Tally) {
        let (mine, theirs) = (&mut self.figures, other.figures);
        mine.leads += theirs.leads;
        mine.events += theirs.events;
        mine.both += theirs.both;
        mine.gained += theirs.gained;
        mine.lost += theirs.lost;
        mine.won += theirs.won;
        mine.won_missed += theirs.won_missed;
        mine.won_caught += theirs.won_caught;
        mine.hand_backs_avoided += theirs.hand_backs_avoided;
        mine.held += theirs.held;
        mine.held_seconds += theirs.held_seconds;
        for (mine, theirs) in mine.sides.iter_mut().zip(theirs.sides) {
            mine.merge(theirs);
        }
        self.lists.merge(other.lists);
    }

    /// As many weeks on every side and in every queue as the window has.
    pub fn even_out(&mut self, window: &Range<DateTime<Utc>>) {
        let weeks = week_of(window, window.end - TimeDelta::microseconds(1)) + 1;
        for side in &mut self.figures.sides {
            side.weeks.resize(weeks, 0);
            side.queues.values_mut().for_each(|queue| queue.resize(weeks, 0));
        }
    }
}

impl SideFigures {
    fn merge(&mut self, other: SideFigures) {
        self.handoffs += other.handoffs;
        self.leads += other.leads;
        self.at_start += other.at_start;
        self.converted += other.converted;
        self.handed_back += other.handed_back;
        self.withdrawn += other.withdrawn;
        self.undecided += other.undecided;
        self.won += other.won;
        self.within_hours += other.within_hours;
        add_weeks(&mut self.weeks, &other.weeks);
        for (queue, weeks) in other.queues {
            add_weeks(self.queues.entry(queue).or_default(), &weeks);
        }
        for (mine, theirs) in self.categories.iter_mut().zip(other.categories) {
            mine.leads += theirs.leads;
            mine.won += theirs.won;
            mine.lost += theirs.lost;
        }
        for (mine, theirs) in [(&mut self.claim, other.claim), (&mut self.contact, other.contact)] {
            mine.same_day += theirs.same_day;
            mine.all += theirs.all;
        }
    }
}

impl Punctual {
    /// Counts a deadline; whether it is due on the day on which it starts.
    fn add(&mut self, version: &Version, from: DateTime<Utc>, due: DateTime<Utc>) -> bool {
        let day = |at: DateTime<Utc>| at.with_timezone(&version.terms.calendar.time_zone).date_naive();
        let same_day = day(from) == day(due);
        self.all += 1;
        self.same_day += u64::from(same_day);
        same_day
    }
}

impl<'a> Handed<'a> {
    fn of(handoff: &'a Recorded) -> Handed<'a> {
        Handed {
            at: handoff.offered_at,
            at_start: false,
            queue: &handoff.queue,
            category: handoff.category,
            claim_due_at: handoff.claim_due_at,
            contact: handoff.claimed_at.zip(handoff.contact_due_at),
            recorded: Some(handoff),
        }
    }

    fn came_back(&self) -> bool {
        let closed = self.recorded.and_then(|recorded| recorded.closed.as_ref());
        closed.is_some_and(|closed| matches!(closed.ending, Ending::HandedBack { .. }))
    }
}

fn handed_over<'a>(passes: &'a [Pass], history: &'a History) -> Vec<Handed<'a>> {
    passes.iter().map(|pass| handed(pass, history)).collect()
}

fn handed<'a>(pass: &'a Pass, history: &'a History) -> Handed<'a> {
    let recorded = pass.recorded.and_then(|place| history.handoffs.get(place));
    Handed {
        at: pass.at,
        at_start: pass.at_start,
        queue: &pass.queue,
        category: pass.category,
        claim_due_at: pass.claim_due_at,
        contact: recorded.and_then(|recorded| recorded.claimed_at).zip(pass.contact_due_at),
        recorded,
    }
}

/// When the first deal was opened that was won and that came of the window.
fn won_from(window: &Range<DateTime<Utc>>, history: &History) -> Option<DateTime<Utc>> {
    let began =
        |handoff| history.handoffs.iter().find(|known| known.id == handoff).map(|known| known.offered_at);
    let won = history.deals.iter().filter(|deal| deal.state == DealState::Won);
    let of_window =
        won.filter(|deal| window.contains(&deal.handoff.and_then(began).unwrap_or(deal.opened_at)));
    of_window.map(|deal| deal.opened_at).min()
}

/// The week of the window that an instant falls into, from 0.
pub fn week_of(window: &Range<DateTime<Utc>>, at: DateTime<Utc>) -> usize {
    usize::try_from((at - window.start).num_days() / 7).unwrap_or(0)
}

fn count_up(weeks: &mut Vec<u64>, week: usize) {
    if weeks.len() <= week {
        weeks.resize(week + 1, 0);
    }
    weeks[week] += 1;
}

fn add_weeks(mine: &mut Vec<u64>, theirs: &[u64]) {
    if mine.len() < theirs.len() {
        mine.resize(theirs.len(), 0);
    }
    for (mine, theirs) in mine.iter_mut().zip(theirs) {
        *mine += theirs;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nine_decided_leads_are_too_few_to_tell_a_rate() {
        assert_eq!(Share { leads: 40, won: 4, lost: 5 }.win_rate(), None);
        assert!(Share { leads: 40, won: 5, lost: 5 }.win_rate().is_some());
    }

    proptest! {
        #[test]
        fn an_interval_holds_its_share_and_stays_within_0_and_1(successes in 0u64..500, more in 0u64..500) {
            let trials = successes + more;
            prop_assume!(trials > 0);
            let (low, high) = wilson(successes, trials);
            let share = successes as f64 / trials as f64;
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
            prop_assert!(low <= share + 1e-12 && share <= high + 1e-12);
        }
    }
}
