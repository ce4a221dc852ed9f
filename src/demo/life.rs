//! The life of one lead, walked through in time by the same pure functions that run live leads: events are
//! counted, the lead is judged at each, and what the agreement offers is claimed, worked and ended by reps.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::dice::Dice;
use super::engagement::{self, Happening};
use super::facts;
use super::world::{Story, World};
use crate::agreement::terms::Party;
use crate::audit::{Actor, Entry};
use crate::handoffs::intake::{Touched, move_to, settle};
use crate::handoffs::judge;
use crate::handoffs::model::{HandoffState, NewHandoff};
use crate::handoffs::packet::{Packet, RECENT_EVENTS};
use crate::handoffs::service_levels::Deadline;
use crate::kernel::ids::{DealId, HandoffId, LeadId, UserId};
use crate::leads::model::NewLead;
use crate::leads::queries::EventRow;
use crate::leads::{Identity, Lead};
use crate::scoring::{CategoryKey, Folded, Interest, ScoredEvent};

/// Everything that is written about one lead.
pub struct Life {
    pub lead: Lead,
    pub identities: Vec<Identity>,
    pub events: Vec<Happening>,
    pub passes: Vec<Pass>,
    pub deals: Vec<DealRow>,
    pub activities: Vec<Activity>,
    pub entries: Vec<Stamped>,
}

/// A handoff with what became of it.
pub struct Pass {
    pub new: NewHandoff,
    pub state: HandoffState,
    pub owner: Option<UserId>,
    pub claimed_at: Option<DateTime<Utc>>,
    pub contacted_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub contact: Option<Deadline>,
    pub hand_back: Option<HandedBack>,
}

pub struct HandedBack {
    pub reason: String,
    pub kind: &'static str,
    pub note: String,
    pub nurture_until: Option<DateTime<Utc>>,
    pub answer_due_at: DateTime<Utc>,
    pub answered: Option<(DateTime<Utc>, UserId)>,
}

pub struct DealRow {
    pub id: DealId,
    pub handoff: HandoffId,
    pub name: String,
    pub amount: Decimal,
    pub currency: &'static str,
    pub expected_close: chrono::NaiveDate,
    /// open, won or lost.
    pub state: &'static str,
    pub reason: Option<&'static str>,
    pub owner: UserId,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

pub struct Activity {
    pub id: Uuid,
    pub kind: &'static str,
    pub outcome: &'static str,
    pub body: &'static str,
    pub user: UserId,
    pub handoff: HandoffId,
    pub at: DateTime<Utc>,
}

/// An entry of the record with its id and time.
pub struct Stamped {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub entry: Entry,
}

/// A life while it is walked through.
pub struct Walk<'a> {
    pub world: &'a World,
    pub story: Story,
    pub dice: Dice,
    pub life: Life,
    /// What people are going to do, in no order.
    pub agenda: Vec<(DateTime<Utc>, super::work::Step)>,
    ids: u16,
}

/// The life of the lead of a number, up to now.
pub fn live(world: &World, number: u64) -> Life {
    let mut dice = Dice::new(world.seed, number);
    let story = world.story(number);
    let created_at = engagement::created_at(world, story, &mut dice);
    let new = facts::lead(world, number, story, created_at, &mut dice);
    let happenings = match super::work::due_at(world, story, &mut dice) {
        None => engagement::natural(world, number, created_at, &mut dice),
        Some((due_at, fast)) => engagement::arranged(number, created_at, due_at, fast, &mut dice),
    };
    let mut walk = Walk::enter(world, story, dice, new);
    walk.plan_marketing();
    for happening in happenings {
        walk.work_until(happening.received_at);
        walk.hear(happening);
    }
    walk.work_until(world.base);
    walk.life
}

impl<'a> Walk<'a> {
    fn enter(world: &'a World, story: Story, mut dice: Dice, new: NewLead) -> Walk<'a> {
        let terms = &world.version.terms;
        let status = terms.jurisdictions.acts.entered.clone();
        let at = new.created_at;
        let lead = Lead {
            id: LeadId(dice.id(at, 0)),
            facts: new.facts,
            consent: new.consent,
            do_not_contact: new.do_not_contact,
            stage: terms.stage_of(&status),
            status,
            status_since: at,
            owner: None,
            cycles: 0,
            rest_until: None,
            fit: 0,
            good_fit: false,
            interest: Interest::none(),
            hot_until: None,
            fast_track: None,
            judged_version: world.version.number,
            revision: 0,
            created_at: at,
            updated_at: at,
        };
        let (identities, events, entries) = (new.identities, vec![], vec![]);
        let life =
            Life { lead, identities, events, passes: vec![], deals: vec![], activities: vec![], entries };
        let mut walk = Walk { world, story, dice, life, agenda: vec![], ids: 0 };
        let created = Entry::new("lead", walk.life.lead.id.0, &Actor::System, "created")
            .change(None, Some(walk.life.lead.status.clone()))
            .version(world.version.number);
        walk.record(at, vec![created]);
        walk.judge(at, at, true);
        walk
    }

    pub fn new_id(&mut self, at: DateTime<Utc>) -> Uuid {
        self.ids += 1;
        self.dice.id(at, self.ids)
    }

    pub fn record(&mut self, at: DateTime<Utc>, entries: Vec<Entry>) {
        for entry in entries {
            let id = self.new_id(at);
            self.life.entries.push(Stamped { id, at, entry });
        }
    }

    /// The handoff that is open.
    pub fn open(&mut self) -> Option<&mut Pass> {
        self.life.passes.last_mut().filter(|pass| pass.closed_at.is_none())
    }

    /// Moves the lead by an act of a party, recorded after the act's own entries. The demo is made under the
    /// agreement that ships, so a move that it does not permit is a fault of the demo.
    pub fn act(&mut self, to: &str, party: Party, actor: &Actor, at: DateTime<Utc>, mut acts: Vec<Entry>) {
        let lead = &mut self.life.lead;
        if let Err(refusal) = self.world.version.terms.may_move(&lead.status, to, party) {
            panic!("{refusal}");
        }
        move_to(&self.world.version, lead, to, actor, at, &mut acts);
        lead.updated_at = at;
        lead.revision += 1;
        self.record(at, acts);
    }

    /// Counts an event and judges the lead.
    fn hear(&mut self, happening: Happening) {
        let world = self.world;
        let lead = &mut self.life.lead;
        judge::note_fast_track(&world.version.terms, lead, &happening.event);
        let properties = Value::Object(happening.event.properties.clone());
        let event = &happening.event;
        let scored =
            ScoredEvent { kind: &event.kind, properties: &properties, occurred_at: event.occurred_at };
        let folded = lead.interest.fold(&world.version.terms.interest.scoring(), &scored);
        debug_assert_ne!(folded, Folded::NeedsReplay, "events come in their order");
        let (occurred_at, received_at) = (event.occurred_at, happening.received_at);
        lead.revision += 1;
        self.life.events.push(happening);
        self.judge(received_at, occurred_at, false);
    }

    /// Judges the lead, and has reps look at what is offered.
    pub fn judge(&mut self, at: DateTime<Utc>, qualified_at: DateTime<Utc>, is_new: bool) {
        let version = &self.world.version;
        let has_open = self.open().is_some();
        let judgement = judge::judge(version, &self.life.lead, has_open, at);
        let category = judgement.category;
        self.ids += 1;
        let id = HandoffId(self.dice.id(at, self.ids));
        let mut touched = Touched { lead: self.life.lead.clone(), is_new, has_open, qualified_at };
        let mut entries = vec![];
        let offered = settle(version, &mut touched, judgement, at, || id, &mut entries);
        self.life.lead = touched.lead;
        self.record(at, entries);
        let hot_until = self.life.lead.hot_until;
        if let Some(pass) = self.open().filter(|pass| pass.state == HandoffState::Offered) {
            pass.new.hot_until = hot_until;
        }
        if let Some(new) = offered {
            self.offer(new, category, at);
        }
    }

    fn offer(&mut self, mut new: NewHandoff, category: CategoryKey, at: DateTime<Utc>) {
        let lead = &self.life.lead;
        // As the database orders them: by time, then by id.
        let mut heard: Vec<_> = self.life.events.iter().map(|happening| &happening.event).collect();
        heard.sort_by_key(|event| std::cmp::Reverse((event.occurred_at, event.id())));
        let recent = heard.iter().take(usize::try_from(RECENT_EVENTS).unwrap_or(10)).map(|event| EventRow {
            lead_id: lead.id,
            kind: event.kind.clone(),
            properties: Value::Object(event.properties.clone()),
            occurred_at: event.occurred_at,
        });
        let packet = Packet::freeze(&self.world.version, lead, category, recent.collect(), at);
        new.packet = serde_json::to_value(packet).expect("a packet holds nothing that JSON cannot write");
        self.life.passes.push(Pass {
            new,
            state: HandoffState::Offered,
            owner: None,
            claimed_at: None,
            contacted_at: None,
            closed_at: None,
            contact: None,
            hand_back: None,
        });
        self.plan_sales(at, category);
    }

    /// Does everything that people do before an instant, in its order.
    fn work_until(&mut self, until: DateTime<Utc>) {
        while let Some(next) = (0..self.agenda.len()).min_by_key(|place| self.agenda[*place].0) {
            if self.agenda[next].0 >= until {
                break;
            }
            let (at, step) = self.agenda.remove(next);
            self.take(at, step);
        }
    }

    /// A time of so many business minutes and some seconds after another.
    pub fn minutes_after(&mut self, at: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
        let seconds = TimeDelta::seconds(self.dice.between(0, 40).into());
        self.world.version.calendar.add_minutes(at, minutes) + seconds
    }
}
