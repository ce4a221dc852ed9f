//! Disputes and waivers as rows, and who may open, rule and waive. Pure.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::agreement::citations::Citation;
use crate::agreement::versions::Version;
use crate::handoffs::model::{Handoff, HandoffState};
use crate::handoffs::service_levels::{ClockState, Deadline};
use crate::kernel::ids::{DisputeId, HandoffId, LeadId};
use crate::kernel::people::Department;
use crate::scoring::CategoryKey;

/// A promise of one side that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Clock {
    Claim,
    Contact,
    Answer,
}

impl Clock {
    pub const ALL: [Self; 3] = [Self::Claim, Self::Contact, Self::Answer];

    pub fn key(self) -> &'static str {
        match self {
            Clock::Claim => "claim",
            Clock::Contact => "contact",
            Clock::Answer => "answer",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Clock::Claim => "Claim",
            Clock::Contact => "First contact",
            Clock::Answer => "Answer to the hand-back",
        }
    }

    /// Whose promise it is.
    pub fn side(self) -> Department {
        match self {
            Clock::Claim | Clock::Contact => Department::Sales,
            Clock::Answer => Department::Marketing,
        }
    }
}

/// What can be contested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum About {
    ClaimBreach,
    ContactBreach,
    AnswerBreach,
    Category,
    HandBack,
}

impl About {
    pub const ALL: [Self; 5] =
        [Self::ClaimBreach, Self::ContactBreach, Self::AnswerBreach, Self::Category, Self::HandBack];

    pub fn key(self) -> &'static str {
        match self {
            About::ClaimBreach => "claim_breach",
            About::ContactBreach => "contact_breach",
            About::AnswerBreach => "answer_breach",
            About::Category => "category",
            About::HandBack => "hand_back",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            About::ClaimBreach => "The claim came too late",
            About::ContactBreach => "The first contact came too late",
            About::AnswerBreach => "The answer to the hand-back came too late",
            About::Category => "The category",
            About::HandBack => "The hand-back",
        }
    }

    /// The clock whose breach is contested.
    pub fn clock(self) -> Option<Clock> {
        match self {
            About::ClaimBreach => Some(Clock::Claim),
            About::ContactBreach => Some(Clock::Contact),
            About::AnswerBreach => Some(Clock::Answer),
            About::Category | About::HandBack => None,
        }
    }

    pub fn breach_of(clock: Clock) -> About {
        match clock {
            Clock::Claim => About::ClaimBreach,
            Clock::Contact => About::ContactBreach,
            Clock::Answer => About::AnswerBreach,
        }
    }

    /// Whether it is for this department to contest: its own clocks, and what the other one gave back to it.
    pub fn is_for(self, department: Department) -> bool {
        match self {
            About::Category => true,
            About::HandBack => department == Department::Marketing,
            About::ClaimBreach | About::ContactBreach | About::AnswerBreach => {
                self.clock().is_some_and(|clock| clock.side() == department)
            }
        }
    }
}

/// How a dispute ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Ruling {
    Upheld,
    Dismissed,
}

impl Ruling {
    pub fn key(self) -> &'static str {
        match self {
            Ruling::Upheld => "upheld",
            Ruling::Dismissed => "dismissed",
        }
    }

    pub fn parse(key: &str) -> Option<Ruling> {
        [Ruling::Upheld, Ruling::Dismissed].into_iter().find(|ruling| ruling.key() == key)
    }
}

/// What is contested, as a form names it: `category`, or `claim_breach:` and the handoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matter {
    pub about: About,
    pub handoff: Option<HandoffId>,
}

impl fmt::Display for Matter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.handoff {
            Some(handoff) => write!(f, "{}:{handoff}", self.about.key()),
            None => f.write_str(self.about.key()),
        }
    }
}

impl FromStr for Matter {
    type Err = ();

    fn from_str(text: &str) -> Result<Matter, ()> {
        let (key, handoff) = text.split_once(':').map_or((text, None), |(key, id)| (key, Some(id)));
        let about = About::ALL.into_iter().find(|about| about.key() == key).ok_or(())?;
        let handoff = handoff.map(str::parse).transpose().map_err(|_| ())?;
        // Only a category is the lead's own.
        if (about == About::Category) == handoff.is_some() { Err(()) } else { Ok(Matter { about, handoff }) }
    }
}

/// A clock of a handoff, as a form names it: `claim:` and the handoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOf {
    pub clock: Clock,
    pub handoff: HandoffId,
}

impl fmt::Display for ClockOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.clock.key(), self.handoff)
    }
}

impl FromStr for ClockOf {
    type Err = ();

    fn from_str(text: &str) -> Result<ClockOf, ()> {
        let (key, handoff) = text.split_once(':').ok_or(())?;
        let clock = Clock::ALL.into_iter().find(|clock| clock.key() == key).ok_or(())?;
        Ok(ClockOf { clock, handoff: handoff.parse().map_err(|_| ())? })
    }
}

/// A dispute with what its page shows.
#[derive(Debug, Clone)]
pub struct Dispute {
    pub lead_id: LeadId,
    pub lead_name: String,
    pub id: DisputeId,
    pub about: About,
    pub handoff_id: Option<HandoffId>,
    /// The category, or the reason of the hand-back, by key.
    pub contested: String,
    pub version: i32,
    /// The side that contests.
    pub department: Department,
    pub opened_by: String,
    pub body: String,
    pub opened_at: DateTime<Utc>,
    pub ruling: Option<Ruling>,
    pub ruled_by: Option<String>,
    pub ruling_note: Option<String>,
    pub ruled_at: Option<DateTime<Utc>>,
    pub queue: Option<String>,
    pub category: Option<String>,
    pub fast_track: Option<String>,
}

impl Dispute {
    pub fn matter(&self) -> Matter {
        Matter { about: self.about, handoff: self.handoff_id }
    }

    /// What is contested, in the words of the version that decided it.
    pub fn title(&self, version: &Version) -> String {
        let terms = &version.terms;
        match self.about {
            About::Category => {
                let label = CategoryKey::parse(&self.contested).map(|key| &terms.category(key).label);
                format!("Category “{}”", label.unwrap_or(&self.contested))
            }
            About::HandBack => {
                let label = terms.reason(&self.contested).map_or(&self.contested, |reason| &reason.label);
                format!("Hand-back “{label}”")
            }
            about => about.label().to_owned(),
        }
    }

    /// The clause by which it was decided.
    pub fn cite(&self, version: &Version) -> Option<Citation> {
        version.cite(&self.path(version)?)
    }

    /// Where the terms of the version that decided it hold what is contested.
    pub fn path(&self, version: &Version) -> Option<String> {
        match self.about {
            About::Category => Some(format!("categories.{}", CategoryKey::parse(&self.contested)?)),
            About::HandBack => version.hand_back_path(&self.contested),
            about => {
                let category = CategoryKey::parse(self.category.as_deref()?)?;
                Some(about.clock()?.path(
                    version,
                    self.queue.as_deref()?,
                    category,
                    self.fast_track.is_some(),
                ))
            }
        }
    }
}

impl Clock {
    /// Where the terms hold the promise behind the clock of a handoff.
    pub fn path(self, version: &Version, queue: &str, category: CategoryKey, is_fast_track: bool) -> String {
        match self {
            Clock::Claim | Clock::Contact => version.promise_path(queue, category, is_fast_track),
            Clock::Answer => "service_levels.marketing.answer_within_minutes".to_owned(),
        }
    }
}

/// Who stopped a clock, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    pub by: String,
    pub reason: String,
    pub at: DateTime<Utc>,
}

/// The stopped clocks of one handoff.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waivers {
    pub claim: Option<Waiver>,
    pub contact: Option<Waiver>,
    pub answer: Option<Waiver>,
}

impl Waivers {
    pub fn of(&self, clock: Clock) -> Option<&Waiver> {
        match clock {
            Clock::Claim => self.claim.as_ref(),
            Clock::Contact => self.contact.as_ref(),
            Clock::Answer => self.answer.as_ref(),
        }
    }
}

impl Handoff {
    /// A clock that has been started, and when it was stopped by the act it waits for.
    pub fn clock(&self, clock: Clock) -> Option<(Deadline, Option<DateTime<Utc>>)> {
        match clock {
            Clock::Claim => {
                let deadline = Deadline { risk_at: self.claim_risk_at, due_at: self.claim_due_at };
                Some((deadline, self.claimed_at))
            }
            Clock::Contact => {
                let (risk_at, due_at) = self.contact_risk_at.zip(self.contact_due_at)?;
                Some((Deadline { risk_at, due_at }, self.contacted_at))
            }
            Clock::Answer => {
                let (closed_at, due_at) = self.closed_at.zip(self.answer_due_at)?;
                Some((Deadline::answer(closed_at, due_at), self.answered_at))
            }
        }
    }

    pub fn waiver(&self, clock: Clock) -> Option<&Waiver> {
        self.waivers.as_ref()?.of(clock)
    }

    /// How a clock stands; none when it was never started, or when the handoff was over before its time was.
    pub fn clock_state(&self, clock: Clock, now: DateTime<Utc>) -> Option<ClockState> {
        let (deadline, done_at) = self.clock(clock)?;
        if self.waiver(clock).is_some() {
            return Some(ClockState::Waived);
        }
        // The end of a handoff ends its clocks, but starts that of the answer.
        let over_at = self.closed_at.filter(|_| clock != Clock::Answer);
        let state = deadline.state(done_at, over_at.unwrap_or(now));
        let is_open_ended = matches!(state, ClockState::Running | ClockState::AtRisk);
        (over_at.is_none() || !is_open_ended).then_some(state)
    }

    /// The version that set a clock: sales' clocks by the version that offered, marketing's by that of the hand-back.
    pub fn version_of(&self, clock: Clock) -> i32 {
        match clock {
            Clock::Claim | Clock::Contact => self.version,
            Clock::Answer => self.returned_version.unwrap_or(self.version),
        }
    }

    /// What a department may contest about this handoff now.
    pub fn contestable(&self, department: Department, now: DateTime<Utc>) -> Vec<About> {
        let breached = Clock::ALL
            .into_iter()
            .filter(|clock| self.clock_state(*clock, now) == Some(ClockState::Breached))
            .map(About::breach_of);
        let handed_back = (self.state == HandoffState::HandedBack).then_some(About::HandBack);
        breached.chain(handed_back).filter(|about| about.is_for(department)).collect()
    }

    /// The clocks that a manager of this department may stop: those of the other side that are not met.
    pub fn waivable(&self, department: Department, now: DateTime<Utc>) -> Vec<Clock> {
        let unmet = |clock: &Clock| {
            let state = self.clock_state(*clock, now);
            matches!(state, Some(ClockState::Running | ClockState::AtRisk | ClockState::Breached))
        };
        Clock::ALL.into_iter().filter(|clock| clock.side() != department && unmet(clock)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use sqlx::types::Json;

    fn at(minutes: i64) -> DateTime<Utc> {
        "2026-11-23T10:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
    }

    /// Offered at 0, to be claimed until 60.
    fn offered() -> Handoff {
        Handoff {
            lead_id: LeadId(uuid::Uuid::nil()),
            id: HandoffId(uuid::Uuid::nil()),
            cycle: 1,
            state: HandoffState::Offered,
            version: 1,
            queue: "smb".into(),
            routing_rule: None,
            category: "high_interest_good_fit".into(),
            fast_track: None,
            owner_id: None,
            owner_name: None,
            qualified_at: at(0),
            offered_at: at(0),
            claimed_at: None,
            contacted_at: None,
            closed_at: None,
            claim_risk_at: at(45),
            claim_due_at: at(60),
            contact_risk_at: None,
            contact_due_at: None,
            hand_back_reason: None,
            hand_back_note: None,
            nurture_until: None,
            answer_due_at: None,
            answered_at: None,
            returned_version: None,
            waivers: None,
            packet: None,
        }
    }

    #[test]
    fn a_department_contests_its_own_clocks_and_the_other_ones_managers_waive_them() {
        let late = offered();
        assert_eq!(late.contestable(Department::Sales, at(60)), []);
        assert_eq!(late.contestable(Department::Sales, at(61)), [About::ClaimBreach]);
        assert_eq!(late.contestable(Department::Marketing, at(61)), []);
        assert_eq!(late.waivable(Department::Marketing, at(61)), [Clock::Claim]);
        assert_eq!(late.waivable(Department::Sales, at(61)), []);
    }

    #[test]
    fn a_waived_clock_is_neither_breached_nor_waived_again() {
        let waiver = Waiver { by: "Ingrid Solberg".into(), reason: "Fair".into(), at: at(70) };
        let waivers = Some(Json(Waivers { claim: Some(waiver), ..Waivers::default() }));
        let waived = Handoff { waivers, ..offered() };
        assert_eq!(waived.clock_state(Clock::Claim, at(600)), Some(ClockState::Waived));
        assert_eq!(waived.contestable(Department::Sales, at(600)), []);
        assert_eq!(waived.waivable(Department::Marketing, at(600)), []);
    }

    #[test]
    fn a_met_clock_needs_no_waiver_and_an_offer_withdrawn_in_time_breaks_no_promise() {
        let met = Handoff { claimed_at: Some(at(50)), state: HandoffState::Claimed, ..offered() };
        assert_eq!(met.clock_state(Clock::Claim, at(600)), Some(ClockState::Met));
        assert_eq!(met.waivable(Department::Marketing, at(600)), []);
        let withdrawn = Handoff { closed_at: Some(at(50)), state: HandoffState::Withdrawn, ..offered() };
        assert_eq!(withdrawn.clock_state(Clock::Claim, at(600)), None);
        let too_late = Handoff { closed_at: Some(at(90)), ..withdrawn };
        assert_eq!(too_late.clock_state(Clock::Claim, at(600)), Some(ClockState::Breached));
    }

    #[test]
    fn marketing_contests_a_hand_back_and_its_own_answer_clock() {
        let back = Handoff {
            state: HandoffState::HandedBack,
            claimed_at: Some(at(10)),
            contact_risk_at: Some(at(100)),
            contact_due_at: Some(at(120)),
            closed_at: Some(at(30)),
            answer_due_at: Some(at(70)),
            ..offered()
        };
        assert_eq!(back.contestable(Department::Marketing, at(60)), [About::HandBack]);
        assert_eq!(back.contestable(Department::Marketing, at(71)), [About::AnswerBreach, About::HandBack]);
        assert_eq!(back.contestable(Department::Sales, at(200)), []);
        assert_eq!(back.waivable(Department::Sales, at(65)), [Clock::Answer]);
    }

    #[test]
    fn a_matter_is_read_as_it_is_written() {
        let handoff = Some(HandoffId(uuid::Uuid::from_u128(7)));
        for about in About::ALL {
            let matter = Matter { about, handoff: handoff.filter(|_| about != About::Category) };
            assert_eq!(matter.to_string().parse(), Ok(matter));
        }
        for wrong in ["", "claim_breach", "category:00000000-0000-0000-0000-000000000007", "claim_breach:7"] {
            assert_eq!(wrong.parse::<Matter>(), Err(()), "{wrong}");
        }
    }
}
