//! The typed terms of a handoff agreement: the ten parts that run, explain and measure every lead.
//!
//! The same value is stored as JSON, exchanged as TOML and rendered as the readable document.

use serde::{Deserialize, Serialize};

pub use super::calendar::{Calendar, Holiday, Span, Weekday};
pub use crate::kernel::people::Department;
use crate::scoring::{CategoryKey, FitRule, InterestRule, Test};

/// Everything that two departments agree on. See `validate` for what makes it sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    pub title: String,
    /// Why this agreement exists, in prose.
    pub purpose: String,
    /// 1. The words for where a lead stands.
    pub vocabulary: Vec<Status>,
    /// Words that this version gives up, and where their leads go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired_statuses: Vec<RetiredStatus>,
    /// 2. Who may move a lead from where to where.
    pub jurisdictions: Jurisdictions,
    /// 3. What makes a lead a good fit.
    pub fit: FitTerms,
    /// 4. What shows interest.
    pub interest: InterestTerms,
    /// 5. The four categories and what happens to each.
    pub categories: Categories,
    /// 6. When a lead is offered to sales.
    pub handoff: HandoffTerms,
    /// 7. To which queue.
    pub routing: Routing,
    /// 8. How fast each side acts.
    pub service_levels: ServiceLevels,
    /// 9. How sales gives a lead back.
    pub hand_back: HandBackTerms,
    /// 10. When the clocks run.
    pub calendar: Calendar,
}

/// Who may make a transition: a department, or the system acting by rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    Marketing,
    Sales,
    System,
}

/// The fixed stage that logic and reports use; every status maps to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Stage {
    Inquiry,
    Mql,
    Sal,
    Sql,
    Customer,
    Lost,
    Disqualified,
}

/// A status: a word of the vocabulary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub key: String,
    pub label: String,
    pub definition: String,
    pub stage: Stage,
    pub owner: Department,
}

/// A status of an earlier version that is not used any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetiredStatus {
    pub key: String,
    pub label: String,
    /// The status that its leads get when this version comes into force.
    pub to: String,
}

/// Part 2.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jurisdictions {
    /// The status that each act of the product leads to.
    pub acts: Acts,
    pub transitions: Vec<Transition>,
}

/// The status that a lead gets by each act, by key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acts {
    /// A lead that has just come in. Stage inquiry.
    pub entered: String,
    /// Meets the handoff criteria, but cannot be offered yet. Stage mql.
    pub qualified: String,
    /// Offered to sales, waiting in a queue. Stage mql.
    pub offered: String,
    /// Claimed by a rep. Stage sal.
    pub claimed: String,
    /// First contact made or attempted. Stage sal.
    pub contacted: String,
    /// A deal was opened. Stage sql.
    pub converted: String,
    /// A deal was won. Stage customer.
    pub won: String,
    /// The last open deal was lost. Stage lost.
    pub lost: String,
    /// Marketing withdrew the offer. Stage inquiry.
    pub withdrawn: String,
}

/// A permitted move between two statuses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    pub from: String,
    pub to: String,
    pub who: Vec<Party>,
    /// Lead fields that must be filled in before the move.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// Whether a reason must be given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reason: bool,
}

/// Part 3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitTerms {
    pub rules: Vec<FitRule>,
}

/// Part 4.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestTerms {
    /// Days after which points count half. Above 0, at most 365.
    pub half_life_days: f64,
    pub rules: Vec<InterestRule>,
}

/// Part 5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Categories {
    /// Fit points from which a lead is a good fit, 1..=100.
    pub fit_good: u8,
    /// Interest points from which interest is high, above 0.
    pub interest_high: f64,
    pub high_interest_good_fit: Category,
    pub high_interest_low_fit: Category,
    pub low_interest_good_fit: Category,
    pub low_interest_bad_fit: Category,
}

/// One quarter of the plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    pub label: String,
    pub definition: String,
    pub route: Route,
}

/// What happens to the leads of a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    HandOff,
    Nurture,
    Review,
    Park,
}

/// Part 6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandoffTerms {
    #[serde(default)]
    pub fast_tracks: Vec<FastTrack>,
    /// Lead fields without which sales cannot work; an offer waits until they are filled in.
    pub packet_fields: Vec<String>,
    /// Days after a hand-back during which the lead is not offered again.
    pub cool_off_days: u16,
    /// How often one lead may be offered, at least 1.
    pub max_cycles: u16,
}

/// An event that hands a lead over at once, whatever its category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FastTrack {
    pub key: String,
    pub label: String,
    pub event: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Test>,
    /// Days that the event counts for when something else holds the offer up.
    pub valid_days: u16,
    /// Whether a lead below the fit threshold is kept back.
    pub good_fit_only: bool,
}

/// Part 7.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routing {
    pub queues: Vec<Queue>,
    /// Tried in order; the first match wins.
    pub rules: Vec<RoutingRule>,
    /// Where a lead goes that no rule matches.
    pub fallback_queue: String,
    /// Open claimed leads that one rep may hold; unlimited when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_per_rep: Option<u32>,
    /// Whether only those claim who have acknowledged the version in force.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub acknowledge_to_claim: bool,
}

/// A place where offered leads wait for a rep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub key: String,
    pub label: String,
    /// E-mail addresses of the reps who claim from it; everybody in Sales when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
}

/// Tests may also name `category` (a category key) and `fast_track` (a fast track's key).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    pub key: String,
    pub label: String,
    pub when: Vec<Test>,
    pub queue: String,
    pub assign: Assign,
}

/// How a queue's leads find their rep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assign {
    /// Reps claim.
    Pull,
}

/// Part 8. Minutes are business minutes of the calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevels {
    /// Tried in order; the first match wins.
    #[serde(default)]
    pub levels: Vec<ServiceLevel>,
    /// What holds where no level matches.
    pub default: Promise,
    /// Marketing's side.
    pub marketing: MarketingPromise,
}

/// Deadlines for handoffs that match every given selector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevel {
    pub key: String,
    pub label: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fast_track: Option<bool>,
    pub promise: Promise,
}

/// What sales promises for an offered lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    pub claim_within_minutes: u32,
    pub first_contact_within_minutes: u32,
    /// Contact attempts before giving up, at least 1.
    pub attempts: u16,
    pub attempts_over_days: u16,
    /// Share of a clock's time after which it is at risk, 1..=99.
    pub at_risk_percent: u8,
    #[serde(default)]
    pub escalation: Vec<Escalation>,
}

/// A rung of the escalation ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    pub when: EscalateWhen,
    pub act: EscalationAct,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalateWhen {
    AtRisk,
    Breached,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationAct {
    NotifyRep,
    NotifyManager,
    ReturnToPool,
}

/// What marketing promises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketingPromise {
    /// Business minutes to answer a hand-back.
    pub answer_within_minutes: u32,
    /// Leads offered a month.
    pub offered_per_month: u32,
}

/// Part 9.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandBackTerms {
    pub reasons: Vec<HandBackReason>,
    /// Unsuccessful contact attempts after which a lead goes back by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_return_after_attempts: Option<u16>,
}

/// Why sales gives a lead back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandBackReason {
    pub key: String,
    pub label: String,
    pub kind: HandBackKind,
    /// Days of nurture before the lead may come again; only for `recycle`, and required there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nurture_days: Option<u16>,
    pub target_status: String,
}

/// The three ways out of a handoff that did not convert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum HandBackKind {
    /// Not to the agreed standard.
    Reject,
    /// Right fit, wrong time.
    Recycle,
    /// Never.
    Disqualify,
}
