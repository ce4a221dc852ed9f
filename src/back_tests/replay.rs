//! What an agreement version would have made of one lead's past. Pure, and by the same functions that run live
//! leads: events are counted and the lead is judged whenever something became known, as intake does.
//!
//! The rules of a replay:
//! - What counts is when Baton heard of a thing: an event counts from `received_at`, a change from when it was saved.
//!   What became known in one instant is taken together and judged once.
//! - A replay begins with the recorded state at the start of the window: status, cycles, rest, open handoff. Interest
//!   and fast tracks are counted anew, under the replayed rules, from all that was heard before.
//! - A version that was not in force at that start judges every lead once then, as coming into force does.
//! - When the version offers a lead, people do what they did: the pass ends when the recorded handoff that was open
//!   then ended, or else the next recorded one, and as that one did. Status and rest after it follow the replayed
//!   terms; a day that the rep named stays. Without such a handoff the pass stays open, and its outcome is unknown.
//! - A status that a person gave the lead by hand is given while no pass is open, and the lead is judged. A deal that
//!   was won or lost counts for a lead that sales had qualified.

use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::history::{Closed, Ending, Heard, History, MovedBy, Nurture};
use crate::agreement::terms::{HandBackKind, Stage, Terms};
use crate::agreement::versions::Version;
use crate::audit::{Actor, Entry};
use crate::handoffs::actions::rest;
use crate::handoffs::intake::{Touched, move_to, settle};
use crate::handoffs::judge::{self, promise};
use crate::handoffs::service_levels::Deadline;
use crate::kernel::ids::HandoffId;
use crate::leads::Lead;
use crate::scoring::{CategoryKey, Folded, Interest, ScoredEvent};

/// What is replayed.
#[derive(Debug, Clone)]
pub struct Rules {
    pub version: Arc<Version>,
    /// Whether it comes into force at the start of the window, and judges every lead then.
    pub judges_at_start: bool,
}

/// A handoff that a version would have made.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    pub at: DateTime<Utc>,
    /// Made when the version came into force, not by something that the lead did.
    pub at_start: bool,
    pub queue: String,
    pub routing_rule: Option<String>,
    pub category: CategoryKey,
    pub fast_track: Option<String>,
    pub claim_due_at: DateTime<Utc>,
    /// When a rep claimed it then.
    pub contact_due_at: Option<DateTime<Utc>>,
    /// Place of the recorded handoff that says what became of it.
    pub recorded: Option<usize>,
}

/// Replays the window of a lead's past. `kinds` are those that the events are numbered by.
pub fn replay(
    rules: &Rules,
    history: &History,
    kinds: &[String],
    window: &Range<DateTime<Utc>>,
) -> Vec<Pass> {
    if history.created_at >= window.end {
        return vec![];
    }
    let mut walk = Walk::begin(&rules.version, history, kinds, window.start);
    if rules.judges_at_start && history.created_at < window.start && !walk.touched.has_open {
        walk.judge(window.start, true);
    }
    while let Some(at) = walk.next().filter(|at| *at < window.end) {
        walk.step(at);
    }
    walk.passes
}

/// The status of this version that a recorded one stands for.
fn status_of<'a>(terms: &'a Terms, recorded: &'a str) -> &'a str {
    if terms.status(recorded).is_some() {
        return recorded;
    }
    terms
        .retired_statuses
        .iter()
        .find(|retired| retired.key == recorded)
        .map_or(recorded, |retired| &retired.to)
}

/// A lead while its past is walked through.
struct Walk<'a> {
    version: &'a Version,
    history: &'a History,
    kinds: &'a [String],
    touched: Touched,
    /// How the open pass is going to end.
    closes: Option<&'a Closed>,
    /// The next of each.
    known: usize,
    event: usize,
    mover: usize,
    passes: Vec<Pass>,
    /// What the engine would record, which nobody reads here.
    entries: Vec<Entry>,
}

impl<'a> Walk<'a> {
    fn begin(
        version: &'a Version,
        history: &'a History,
        kinds: &'a [String],
        from: DateTime<Utc>,
    ) -> Walk<'a> {
        let terms = &version.terms;
        let is_new = history.created_at >= from;
        let entered = terms.jurisdictions.acts.entered.as_str();
        let recorded = history.statuses.iter().take_while(|(at, _)| *at < from).last();
        let status = if is_new { entered } else { recorded.map_or(entered, |(_, to)| status_of(terms, to)) };
        let known = history.known.partition_point(|(at, _)| *at < from);
        let event = history.events.partition_point(|event| event.received_at < from);
        let handoffs = &history.handoffs[..history.handoffs.partition_point(|h| h.offered_at < from)];
        let is_over = |closed: &&Closed| closed.at < from;
        let last = handoffs.last();
        let ended = last.and_then(|handoff| handoff.closed.as_ref()).filter(is_over);
        let has_open = last.is_some() && ended.is_none();
        // A new lead takes what is known at the step of its creation.
        let first = &history.known[known.saturating_sub(1)].1;
        let lead = Lead {
            id: history.lead,
            facts: first.facts.clone(),
            consent: first.consent.clone(),
            do_not_contact: first.do_not_contact,
            stage: terms.stage_of(status),
            status: status.to_owned(),
            status_since: from,
            owner: None,
            cycles: i32::try_from(handoffs.len()).unwrap_or(i32::MAX),
            rest_until: ended.and_then(|closed| closed.rests_until),
            fit: 0,
            good_fit: false,
            interest: Interest::none(),
            hot_until: None,
            fast_track: None,
            judged_version: version.number,
            revision: 0,
            created_at: history.created_at,
            updated_at: from,
        };
        let mut walk = Walk {
            version,
            history,
            kinds,
            touched: Touched { lead, is_new, has_open, qualified_at: from },
            closes: last.filter(|_| has_open).and_then(|handoff| handoff.closed.as_ref()),
            known,
            event,
            mover: history.moves.partition_point(|moved| moved.at < from),
            passes: vec![],
            entries: vec![],
        };
        walk.count_again();
        walk.note_fast_tracks(from);
        walk
    }

    /// Fast tracks of what was heard before the start; each recorded offer used them up, and each way back to
    /// marketing let them lapse.
    fn note_fast_tracks(&mut self, from: DateTime<Utc>) {
        let history = self.history;
        let lapses = history.handoffs.iter().flat_map(|handoff| {
            let back = handoff.closed.as_ref().filter(|closed| closed.rests_until.is_some());
            [Some(handoff.offered_at), back.map(|closed| closed.at)]
        });
        let mut lapses = lapses.flatten().take_while(|at| *at < from).peekable();
        for event in &history.events[..self.event] {
            while lapses.next_if(|at| *at < event.received_at).is_some() {
                self.touched.lead.fast_track = None;
            }
            judge::note_scored_fast_track(
                &self.version.terms,
                &mut self.touched.lead,
                &scored(event, self.kinds),
            );
        }
        if lapses.next().is_some() {
            self.touched.lead.fast_track = None;
        }
    }

    /// The next instant at which something happens.
    fn next(&self) -> Option<DateTime<Utc>> {
        let known = self.history.known.get(self.known).map(|(at, _)| *at);
        let event = self.history.events.get(self.event).map(|event| event.received_at);
        let moved = self.history.moves.get(self.mover).map(|moved| moved.at);
        [known, event, moved, self.closes.map(|closed| closed.at)].into_iter().flatten().min()
    }

    /// Everything that happens in one instant, and one judgement of it.
    fn step(&mut self, at: DateTime<Utc>) {
        if let Some(closed) = self.closes.take_if(|closed| closed.at == at) {
            self.close(closed);
        }
        let learnt = self.learn(at);
        let heard = self.hear(at);
        let moved = self.follow(at);
        if (learnt || heard || moved) && !self.touched.has_open {
            self.judge(at, false);
        }
    }

    fn learn(&mut self, at: DateTime<Utc>) -> bool {
        let first = self.known;
        while let Some((_, known)) = self.history.known.get(self.known).filter(|(from, _)| *from == at) {
            let lead = &mut self.touched.lead;
            (lead.facts, lead.consent) = (known.facts.clone(), known.consent.clone());
            lead.do_not_contact = known.do_not_contact;
            self.known += 1;
        }
        self.known > first
    }

    fn hear(&mut self, at: DateTime<Utc>) -> bool {
        let (history, kinds, first) = (self.history, self.kinds, self.event);
        let rules = self.version.terms.interest.scoring();
        let mut is_late = false;
        while let Some(event) = history.events.get(self.event).filter(|event| event.received_at == at) {
            let scored = scored(event, kinds);
            judge::note_scored_fast_track(&self.version.terms, &mut self.touched.lead, &scored);
            is_late |= self.touched.lead.interest.fold(&rules, &scored) == Folded::NeedsReplay;
            self.event += 1;
        }
        if is_late {
            self.count_again();
        }
        self.event > first
    }

    /// Counts all events that were heard so far.
    fn count_again(&mut self) {
        let heard = &self.history.events[..self.event];
        let mut events: Vec<ScoredEvent> = heard.iter().map(|event| scored(event, self.kinds)).collect();
        self.touched.lead.interest = Interest::replay(&self.version.terms.interest.scoring(), &mut events);
    }

    /// Follows what people did to the status; whether the lead is judged after it.
    fn follow(&mut self, at: DateTime<Utc>) -> bool {
        let history = self.history;
        let terms = &self.version.terms;
        let mut by_hand = false;
        while let Some(moved) = history.moves.get(self.mover).filter(|moved| moved.at == at) {
            self.mover += 1;
            if self.touched.has_open {
                continue;
            }
            let is_qualified = matches!(self.touched.lead.stage, Stage::Sql | Stage::Customer | Stage::Lost);
            let to = match moved.by {
                MovedBy::Hand | MovedBy::Version => Some(status_of(terms, &moved.to)),
                MovedBy::DealWon => is_qualified.then_some(terms.jurisdictions.acts.won.as_str()),
                MovedBy::DealLost => is_qualified.then_some(terms.jurisdictions.acts.lost.as_str()),
            };
            if let Some(to) = to.filter(|to| terms.status(to).is_some()) {
                self.move_to(to, at);
            }
            by_hand |= moved.by == MovedBy::Hand;
        }
        by_hand
    }

    fn move_to(&mut self, to: &str, at: DateTime<Utc>) {
        move_to(self.version, &mut self.touched.lead, to, &Actor::System, at, &mut self.entries);
        self.entries.clear();
    }

    fn judge(&mut self, at: DateTime<Utc>, at_start: bool) {
        let judgement = judge::judge(self.version, &self.touched.lead, false, at);
        let category = judgement.category;
        let id = || HandoffId(Uuid::nil());
        let offered = settle(self.version, &mut self.touched, judgement, at, id, &mut self.entries);
        self.entries.clear();
        self.touched.is_new = false;
        let Some(new) = offered else { return };
        let goes_on = |closed: &Closed| closed.at > at;
        let place = self.history.handoffs.iter().position(|h| h.closed.as_ref().is_none_or(goes_on));
        let recorded = place.map(|place| &self.history.handoffs[place]);
        self.touched.has_open = true;
        self.closes = recorded.and_then(|handoff| handoff.closed.as_ref());
        let claimed_at = recorded.and_then(|handoff| handoff.claimed_at).filter(|claimed| *claimed >= at);
        let promise = promise(&self.version.terms, &new.queue, category, new.fast_track.is_some());
        let contact = claimed_at.map(|claimed| Deadline::contact(&self.version.calendar, promise, claimed));
        self.passes.push(Pass {
            at,
            at_start,
            contact_due_at: contact.map(|deadline| deadline.due_at),
            queue: new.queue,
            routing_rule: new.routing_rule,
            category,
            fast_track: new.fast_track,
            claim_due_at: new.claim_due_at,
            recorded: place,
        });
    }

    /// Ends the open pass as people ended it then, with what the replayed terms make of it.
    fn close(&mut self, closed: &Closed) {
        let version = self.version;
        let (terms, acts) = (&version.terms, &version.terms.jurisdictions.acts);
        let at = closed.at;
        self.touched.has_open = false;
        match &closed.ending {
            Ending::Converted => self.move_to(&acts.converted, at),
            Ending::Withdrawn => {
                self.move_to(&acts.withdrawn, at);
                rest(version, &mut self.touched.lead, None, at);
            }
            Ending::HandedBack { reason, kind, nurture } => {
                let same_kind = || terms.hand_back.reasons.iter().find(|other| other.kind == *kind);
                let reason = terms.reason(reason).or_else(same_kind);
                if let Some(reason) = reason {
                    self.move_to(&reason.target_status, at);
                }
                let agreed = reason.filter(|reason| reason.kind == HandBackKind::Recycle);
                let agreed = agreed.and_then(|reason| reason.nurture_days);
                let until = match nurture {
                    Nurture::None => None,
                    Nurture::Agreed => agreed.map(|days| at + TimeDelta::days(days.into())),
                    Nurture::Until(day) => Some(*day),
                };
                rest(version, &mut self.touched.lead, until, at);
            }
        }
    }
}

fn scored<'a>(event: &'a Heard, kinds: &'a [String]) -> ScoredEvent<'a> {
    let kind = event.kind.checked_sub(1).and_then(|place| kinds.get(place)).map_or("", String::as_str);
    let properties: &Value = &event.properties;
    ScoredEvent { kind, properties, occurred_at: event.occurred_at }
}
