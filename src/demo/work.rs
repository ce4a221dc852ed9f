//! What people do with a lead: marketing sorts it, reps claim, contact, convert or hand it back.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;

use super::company::Colleague;
use super::dice::Dice;
use super::life::{Activity, DealRow, HandedBack, Walk};
use super::words;
use super::world::{Story, World};
use crate::agreement::terms::{HandBackKind, Party, Promise, Route};
use crate::audit::Entry;
use crate::handoffs::actions::rest;
use crate::handoffs::judge::promise;
use crate::handoffs::model::HandoffState;
use crate::handoffs::service_levels::Deadline;
use crate::kernel::ids::DealId;
use crate::kernel::people::Department;
use crate::scoring::CategoryKey;

/// Something that a person is going to do.
pub enum Step {
    Claim(Plan),
    Contact(Plan),
    Touch(Colleague),
    Convert(Colleague),
    HandBack(Colleague),
    /// Of the handoff of this place.
    Answer(usize),
    Close(usize, Colleague),
    Withdraw,
    Nurture,
    Disqualify,
}

/// What a rep makes of an offer. Times that lie ahead do not come.
pub struct Plan {
    rep: Colleague,
    claim_at: DateTime<Utc>,
    /// None when the rep gives the lead back without a word to it.
    contact_at: Option<DateTime<Utc>>,
    /// None while it is in the making.
    end_at: Option<DateTime<Utc>>,
    converts: bool,
}

/// When an arranged lead is due, and whether by a fast track.
pub fn due_at(world: &World, story: Story, dice: &mut Dice) -> Option<(DateTime<Utc>, bool)> {
    let fast = story != Story::Lacking && dice.percent(40);
    let promise = arranged_promise(world, fast);
    let minutes = match story {
        Story::Natural => return None,
        Story::Waits { share } => part(promise.claim_within_minutes, share),
        Story::Claimed { share } => part(promise.first_contact_within_minutes, share) + 8,
        Story::HandedBack { share } => part(answer_within(world), share) + 600,
        Story::Lacking => dice.between(60, 2_000),
    };
    Some((world.ago(minutes), fast))
}

fn arranged_promise(world: &World, fast: bool) -> &Promise {
    let terms = &world.version.terms;
    promise(terms, &terms.routing.fallback_queue, CategoryKey::HighInterestGoodFit, fast)
}

fn answer_within(world: &World) -> u32 {
    world.version.terms.service_levels.marketing.answer_within_minutes
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes of a deadline")]
fn part(minutes: u32, share: f64) -> u32 {
    (f64::from(minutes) * share) as u32
}

impl Walk<'_> {
    /// Marketing looks at what came in: it nurtures most, and sorts out what is none.
    pub fn plan_marketing(&mut self) {
        if self.story != Story::Natural {
            return;
        }
        let created_at = self.life.lead.created_at;
        let day = self.dice.between(120, 4_000);
        let at = self.minutes_after(created_at, day);
        match self.dice.below(100) {
            0..2 => self.agenda.push((at, Step::Disqualify)),
            2..60 => self.agenda.push((at, Step::Nurture)),
            _ => {}
        }
    }

    /// A rep looks at an offer.
    pub fn plan_sales(&mut self, offered_at: DateTime<Utc>, category: CategoryKey) {
        if self.story == Story::Natural && self.dice.percent(3) {
            let later = self.dice.between(300, 1_400);
            let at = self.minutes_after(offered_at, later);
            self.agenda.push((at, Step::Withdraw));
        } else if let Some(plan) = self.plan(offered_at, category) {
            self.agenda.push((plan.claim_at, Step::Claim(plan)));
        }
    }

    fn plan(&mut self, offered_at: DateTime<Utc>, category: CategoryKey) -> Option<Plan> {
        let world = self.world;
        let new = &self.life.passes.last()?.new;
        let promise = promise(&world.version.terms, &new.queue, category, new.fast_track.is_some());
        let rep = (*self.dice.pick(&world.company.members(Department::Sales))).clone();
        let mut plan = Plan { rep, claim_at: offered_at, contact_at: None, end_at: None, converts: false };
        match self.story {
            Story::Waits { .. } => return None,
            Story::Claimed { share } => {
                plan.claim_at = world
                    .ago(part(promise.first_contact_within_minutes, share))
                    .max(offered_at + TimeDelta::seconds(30));
                return Some(plan);
            }
            Story::HandedBack { share } => {
                let ended = part(answer_within(world), share);
                plan.claim_at = world.ago(ended + 560).max(offered_at + TimeDelta::seconds(30));
                plan.contact_at = Some(world.ago(ended + 400));
                plan.end_at = Some(world.ago(ended));
                return Some(plan);
            }
            Story::Natural | Story::Lacking => {}
        }
        let claim_in = self.in_time_mostly(promise.claim_within_minutes, 80);
        plan.claim_at = self.minutes_after(offered_at, claim_in);
        plan.converts = self.dice.percent(if category == CategoryKey::HighInterestGoodFit { 44 } else { 22 });
        let contact_in = self.in_time_mostly(promise.first_contact_within_minutes, 84);
        let contact_at = self.minutes_after(plan.claim_at, contact_in);
        let end_in = self.dice.between(90, 480 * 11);
        let end_at = self.minutes_after(contact_at, end_in);
        plan.contact_at = (plan.converts || self.dice.percent(92)).then_some(contact_at);
        plan.end_at = Some(end_at);
        let is_open_now = plan.claim_at < world.base && end_at >= world.base;
        (!is_open_now || world.has_room(&mut self.dice)).then_some(plan)
    }

    /// Minutes within a limit, or beyond it for the rest of a hundred.
    fn in_time_mostly(&mut self, limit: u32, percent: u32) -> u32 {
        if self.dice.percent(percent) {
            self.dice.between(1, limit * 9 / 10)
        } else {
            self.dice.between(limit + 1, limit * 6)
        }
    }

    /// Does one thing, if it can still be done.
    pub fn take(&mut self, at: DateTime<Utc>, step: Step) {
        match step {
            Step::Claim(plan) => self.claim(at, plan),
            Step::Contact(plan) => self.contact(at, plan),
            Step::Touch(rep) => self.log(at, &rep),
            Step::Convert(rep) => self.convert(at, &rep),
            Step::HandBack(rep) => self.hand_back(at, &rep),
            Step::Answer(place) => self.answer(at, place),
            Step::Close(place, rep) => self.close(at, place, &rep),
            Step::Withdraw => self.withdraw(at),
            Step::Nurture => self.sort(at, Route::Nurture),
            Step::Disqualify => self.sort(at, Route::Park),
        }
    }

    fn claim(&mut self, at: DateTime<Utc>, plan: Plan) {
        let version = self.world.version.clone();
        let Some(pass) = self.open().filter(|pass| pass.state == HandoffState::Offered) else { return };
        let category = CategoryKey::parse(pass.new.category).unwrap_or(CategoryKey::LowInterestBadFit);
        let promise = promise(&version.terms, &pass.new.queue, category, pass.new.fast_track.is_some());
        pass.state = HandoffState::Claimed;
        (pass.owner, pass.claimed_at) = (Some(plan.rep.id), Some(at));
        pass.contact = Some(Deadline::contact(&version.calendar, promise, at));
        let handoff = pass.new.id;
        let lead = self.life.lead.id.0;
        let actor = plan.rep.actor();
        self.act(&version.terms.jurisdictions.acts.claimed, Party::Sales, &actor, at, vec![]);
        let claimed =
            Entry::new("lead", lead, &actor, "claimed").change(None, Some(plan.rep.name.to_owned()));
        self.record(at, vec![claimed.version(version.number).detail(json!({ "handoff": handoff }))]);
        self.life.lead.owner = Some(plan.rep.id);
        match (plan.contact_at, plan.end_at) {
            (Some(contact_at), _) => self.agenda.push((contact_at, Step::Contact(plan))),
            (None, Some(end_at)) => self.agenda.push((end_at, Step::HandBack(plan.rep))),
            (None, None) => {}
        }
    }

    fn contact(&mut self, at: DateTime<Utc>, plan: Plan) {
        let version = self.world.version.clone();
        let Some(pass) = self.open().filter(|pass| pass.state == HandoffState::Claimed) else { return };
        pass.state = HandoffState::Contacted;
        pass.contacted_at = Some(at);
        let handoff = pass.new.id;
        self.log(at, &plan.rep);
        let entry = Entry::new("lead", self.life.lead.id.0, &plan.rep.actor(), "contacted");
        let entry = entry.version(version.number).detail(json!({ "handoff": handoff }));
        self.act(
            &version.terms.jurisdictions.acts.contacted,
            Party::Sales,
            &plan.rep.actor(),
            at,
            vec![entry],
        );
        let Some(end_at) = plan.end_at else { return };
        let span = (end_at - at).num_seconds().unsigned_abs();
        for _ in 0..self.dice.below(4) {
            let later = at + TimeDelta::seconds(self.dice.below(span).cast_signed());
            self.agenda.push((later, Step::Touch(plan.rep.clone())));
        }
        let end = if plan.converts { Step::Convert(plan.rep) } else { Step::HandBack(plan.rep) };
        self.agenda.push((end_at, end));
    }

    fn log(&mut self, at: DateTime<Utc>, rep: &Colleague) {
        let Some(handoff) = self.open().map(|pass| pass.new.id) else { return };
        let (kind, outcome, bodies) = self.dice.pick(words::CONTACT_NOTES);
        let (id, body) = (self.new_id(at), *self.dice.pick(bodies));
        self.life.activities.push(Activity { id, kind, outcome, body, user: rep.id, handoff, at });
    }

    fn convert(&mut self, at: DateTime<Utc>, rep: &Colleague) {
        let version = self.world.version.clone();
        let (actor, lead) = (rep.actor(), self.life.lead.id.0);
        let Some(pass) = self.open().filter(|pass| pass.state == HandoffState::Contacted) else { return };
        let handoff = pass.new.id;
        pass.state = HandoffState::Converted;
        pass.closed_at = Some(at);
        let converted = Entry::new("lead", lead, &actor, "converted").version(version.number);
        let converted = converted.detail(json!({ "handoff": handoff }));
        self.act(&version.terms.jurisdictions.acts.converted, Party::Sales, &actor, at, vec![converted]);
        let deal = self.deal(at, rep, handoff);
        let detail =
            json!({ "deal": deal.id, "name": deal.name, "amount": deal.amount, "currency": deal.currency });
        let opened = Entry::new("lead", lead, &actor, "deal_opened")
            .change(None, Some(deal.name.clone()))
            .detail(detail);
        self.record(at, vec![opened]);
        self.life.deals.push(deal);
        let close_in = self.dice.between(480 * 4, 480 * 45);
        let close_at = self.minutes_after(at, close_in);
        self.agenda.push((close_at, Step::Close(self.life.deals.len() - 1, rep.clone())));
    }

    fn deal(
        &mut self,
        at: DateTime<Utc>,
        rep: &Colleague,
        handoff: crate::kernel::ids::HandoffId,
    ) -> DealRow {
        let id = DealId(self.new_id(at));
        let facts = &self.life.lead.facts;
        let size = u32::try_from(facts.employees.unwrap_or(20).clamp(5, 4_000)).unwrap_or(20);
        let name = facts.company.as_deref().unwrap_or("Pilot").to_owned();
        let dollars = facts.country.as_deref() == Some("United States");
        let cents = i64::from(self.dice.between(60, 240)) * 100 * (40 + i64::from(size) / 2)
            + i64::from(self.dice.between(0, 1)) * 50;
        let days = TimeDelta::days(self.dice.between(14, 90).into());
        DealRow {
            id,
            handoff,
            name: format!(
                "{name}: {}",
                self.dice.pick(&["first year", "pilot", "two departments", "rollout"])
            ),
            amount: Decimal::new(cents, 2),
            currency: if dollars { "USD" } else { "EUR" },
            expected_close: (at + days).date_naive(),
            state: "open",
            reason: None,
            owner: rep.id,
            opened_at: at,
            closed_at: None,
        }
    }

    fn close(&mut self, at: DateTime<Utc>, place: usize, rep: &Colleague) {
        let version = self.world.version.clone();
        let acts = &version.terms.jurisdictions.acts;
        let won = self.dice.percent(46);
        let (state, verb, to, reasons) = match won {
            true => ("won", "deal_won", &acts.won, words::WON),
            false => ("lost", "deal_lost", &acts.lost, words::LOST),
        };
        let reason = *self.dice.pick(reasons);
        let deal = &mut self.life.deals[place];
        (deal.state, deal.reason, deal.closed_at) = (state, Some(reason), Some(at));
        let detail = json!({ "deal": deal.id, "name": deal.name, "amount": deal.amount, "currency": deal.currency, "reason": reason });
        let closed = Entry::new("lead", self.life.lead.id.0, &rep.actor(), verb);
        let closed = closed.change(Some("open".into()), Some(state.into())).detail(detail);
        self.act(to, Party::Sales, &rep.actor(), at, vec![closed]);
    }

    fn hand_back(&mut self, at: DateTime<Utc>, rep: &Colleague) {
        let version = self.world.version.clone();
        let (actor, lead) = (rep.actor(), self.life.lead.id.0);
        let is_worked = |pass: &&mut super::life::Pass| {
            matches!(pass.state, HandoffState::Claimed | HandoffState::Contacted)
        };
        let kind = *self.dice.weighed(
            &[(HandBackKind::Recycle, 55), (HandBackKind::Reject, 33), (HandBackKind::Disqualify, 12)],
            |(_, weight)| *weight,
        );
        let reasons: Vec<_> =
            version.terms.hand_back.reasons.iter().filter(|reason| reason.kind == kind.0).collect();
        let Some(reason) = (!reasons.is_empty()).then(|| *self.dice.pick(&reasons)) else { return };
        let notes = words::HAND_BACK_NOTES.iter().find(|(key, _)| *key == reason.kind.key());
        let note = (*self.dice.pick(notes.map_or(&["Not for us."], |(_, notes)| notes))).to_owned();
        // The agreed rest, or a nearer day that the lead named.
        let named = self.dice.percent(35).then(|| self.dice.between(15, 45));
        let days = reason.nurture_days.map(|agreed| named.unwrap_or(agreed.into()));
        let nurture_until = days.map(|days| at + TimeDelta::days(days.into()));
        let answer_within = answer_within(self.world);
        let place = self.life.passes.len().saturating_sub(1);
        let Some(pass) = self.open().filter(is_worked) else { return };
        let handoff = pass.new.id;
        pass.state = HandoffState::HandedBack;
        pass.closed_at = Some(at);
        pass.hand_back = Some(HandedBack {
            reason: reason.key.clone(),
            kind: reason.kind.key(),
            note: note.clone(),
            nurture_until,
            answer_due_at: version.calendar.add_minutes(at, answer_within),
            answered: None,
        });
        let detail = json!({ "handoff": handoff, "reason": reason.label, "kind": reason.kind, "note": note, "nurture_until": nurture_until });
        let entry = Entry::new("lead", lead, &actor, "handed_back").change(None, Some(reason.key.clone()));
        let entry = entry.version(version.number).detail(detail);
        self.act(&reason.target_status, Party::Sales, &actor, at, vec![entry]);
        rest(&version, &mut self.life.lead, nurture_until, at);
        if !matches!(self.story, Story::HandedBack { .. }) {
            let answer_in = self.in_time_mostly(answer_within, 85);
            let answer_at = self.minutes_after(at, answer_in);
            self.agenda.push((answer_at, Step::Answer(place)));
        }
    }

    fn answer(&mut self, at: DateTime<Utc>, place: usize) {
        let marketer = (*self.dice.pick(&self.world.company.members(Department::Marketing))).clone();
        let pass = &mut self.life.passes[place];
        let handoff = pass.new.id;
        if let Some(hand_back) = &mut pass.hand_back {
            hand_back.answered = Some((at, marketer.id));
        }
        let entry = Entry::new("lead", self.life.lead.id.0, &marketer.actor(), "hand_back_answered");
        self.record(at, vec![entry.detail(json!({ "handoff": handoff }))]);
    }

    fn withdraw(&mut self, at: DateTime<Utc>) {
        let version = self.world.version.clone();
        let marketer = (*self.dice.pick(&self.world.company.members(Department::Marketing))).clone();
        let lead = self.life.lead.id.0;
        let Some(pass) = self.open().filter(|pass| pass.state == HandoffState::Offered) else { return };
        pass.state = HandoffState::Withdrawn;
        pass.closed_at = Some(at);
        let detail = json!({ "handoff": pass.new.id, "reason": "They asked us to wait" });
        let entry =
            Entry::new("lead", lead, &marketer.actor(), "withdrawn").version(version.number).detail(detail);
        self.act(
            &version.terms.jurisdictions.acts.withdrawn,
            Party::Marketing,
            &marketer.actor(),
            at,
            vec![entry],
        );
        rest(&version, &mut self.life.lead, None, at);
    }

    /// Marketing gives a lead that nobody was offered a status by hand.
    fn sort(&mut self, at: DateTime<Utc>, route: Route) {
        let terms = &self.world.version.terms;
        let is_entered = self.life.lead.status == terms.jurisdictions.acts.entered;
        if !is_entered || self.open().is_some() {
            return;
        }
        let marketer = (*self.dice.pick(&self.world.company.members(Department::Marketing))).clone();
        let (to, reason) = match route {
            Route::Park => ("disqualified", Some(*self.dice.pick(words::DISQUALIFIED))),
            _ => ("nurturing", None),
        };
        self.act(to, Party::Marketing, &marketer.actor(), at, vec![]);
        if let (Some(stamped), Some(reason)) = (self.life.entries.last_mut(), reason) {
            stamped.entry.detail = json!({ "reason": reason });
        }
        self.judge(at, at, false);
    }
}
