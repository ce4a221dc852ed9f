//! Parts 6 to 10: offers that find a queue, promises that can be kept, ways back, open hours.

use super::conditions::About;
use super::{Check, MOST, choices};
use crate::agreement::terms::{HandBackKind, Party, Promise, ServiceLevel, Span, Stage, Weekday};
use crate::kernel::text::Email;

/// A year of minutes.
const YEAR: i64 = 366 * 24 * 60;

pub(super) fn handoff(check: &mut Check) {
    let handoff = &check.terms.handoff;
    let tracks = &handoff.fast_tracks;
    check.lead_fields("handoff.packet_fields", &handoff.packet_fields);
    check.within("handoff.cool_off_days", handoff.cool_off_days, 0..=3650);
    check.within("handoff.max_cycles", handoff.max_cycles, 1..=1000);
    check.named("handoff.fast_tracks", tracks.iter().map(|track| (track.key.as_str(), track.label.as_str())));
    for (at, track) in tracks.iter().enumerate() {
        let path = format!("handoff.fast_tracks[{at}]");
        check.key(&format!("{path}.event"), &track.event);
        check.condition(&path, &track.when, About::Event);
        check.within(&format!("{path}.valid_days"), track.valid_days, 1..=365);
    }
}

impl Check<'_> {
    /// People by their e-mail addresses. Whether they work here is checked where people are known.
    fn members(&mut self, path: &str, members: &[String]) {
        self.at_most(path, members.len(), MOST);
        for (at, member) in members.iter().enumerate() {
            let path = format!("{path}[{at}]");
            match Email::parse(member) {
                Ok(email) if email.as_str() == member => {}
                Ok(email) => {
                    self.wrong(&path, member, "is not written plainly", format!("write {}", email.as_str()))
                }
                Err(why) => self.wrong(&path, member, "is not an e-mail address", why),
            }
            if members[..at].contains(member) {
                self.wrong(&path, member, "is named twice", "name each rep once");
            }
        }
    }

    fn queue(&mut self, path: &str, key: &str) {
        let terms = self.terms;
        if terms.queue(key).is_none() {
            let remedy = choices(terms.routing.queues.iter().map(|queue| queue.key.as_str()));
            self.wrong(path, key, "is not a queue of this agreement", remedy);
        }
    }

    fn promise(&mut self, path: &str, promise: &Promise) {
        self.within(&format!("{path}.claim_within_minutes"), promise.claim_within_minutes, 1..=YEAR);
        self.within(
            &format!("{path}.first_contact_within_minutes"),
            promise.first_contact_within_minutes,
            1..=YEAR,
        );
        self.within(&format!("{path}.attempts"), promise.attempts, 1..=100);
        self.within(&format!("{path}.attempts_over_days"), promise.attempts_over_days, 1..=365);
        self.within(&format!("{path}.at_risk_percent"), promise.at_risk_percent, 1..=99);
        for (at, rung) in promise.escalation.iter().enumerate() {
            if promise.escalation[..at].contains(rung) {
                let path = format!("{path}.escalation[{at}]");
                self.wrong(&path, at + 1, "repeats an earlier rung", "remove it");
            }
        }
    }
}

pub(super) fn routing(check: &mut Check) {
    let routing = &check.terms.routing;
    check.named(
        "routing.queues",
        routing.queues.iter().map(|queue| (queue.key.as_str(), queue.label.as_str())),
    );
    for (at, queue) in routing.queues.iter().enumerate() {
        check.members(&format!("routing.queues[{at}].members"), &queue.members);
    }
    check.named("routing.rules", routing.rules.iter().map(|rule| (rule.key.as_str(), rule.label.as_str())));
    for (at, rule) in routing.rules.iter().enumerate() {
        let path = format!("routing.rules[{at}]");
        check.some_condition(&path, &rule.when, About::Offer);
        check.queue(&format!("{path}.queue"), &rule.queue);
    }
    check.queue("routing.fallback_queue", &routing.fallback_queue);
    if let Some(capacity) = routing.capacity_per_rep {
        check.within("routing.capacity_per_rep", capacity, 1..=100_000);
    }
}

pub(super) fn service_levels(check: &mut Check) {
    let service = &check.terms.service_levels;
    let levels = &service.levels;
    check.named(
        "service_levels.levels",
        levels.iter().map(|level| (level.key.as_str(), level.label.as_str())),
    );
    for (at, level) in levels.iter().enumerate() {
        let path = format!("service_levels.levels[{at}]");
        if let Some(queue) = &level.queue {
            check.queue(&format!("{path}.queue"), queue);
        }
        if let Some(earlier) = levels[..at].iter().find(|earlier| covers(earlier, level)) {
            let problem = format!("never holds, for “{}” before it fits every such lead", earlier.key);
            check.wrong(&path, &level.key, problem, "put it first, or remove it");
        }
        check.promise(&format!("{path}.promise"), &level.promise);
    }
    check.promise("service_levels.default", &service.default);
    let marketing = &service.marketing;
    check.within("service_levels.marketing.answer_within_minutes", marketing.answer_within_minutes, 1..=YEAR);
    check.within("service_levels.marketing.offered_per_month", marketing.offered_per_month, 0..=100_000_000);
}

/// Whether every handoff that fits the later level fits the earlier one too.
fn covers(earlier: &ServiceLevel, later: &ServiceLevel) -> bool {
    (earlier.queue.is_none() || earlier.queue == later.queue)
        && (earlier.category.is_none() || earlier.category == later.category)
        && (earlier.fast_track.is_none() || earlier.fast_track == later.fast_track)
}

pub(super) fn hand_back(check: &mut Check) {
    let terms = check.terms;
    let reasons = &terms.hand_back.reasons;
    check.named(
        "hand_back.reasons",
        reasons.iter().map(|reason| (reason.key.as_str(), reason.label.as_str())),
    );
    if reasons.is_empty() {
        check.wrong("hand_back.reasons", "[]", "leaves sales no way to hand back", "add at least one reason");
    }
    for (at, reason) in reasons.iter().enumerate() {
        let path = format!("hand_back.reasons[{at}]");
        let stage = match reason.kind {
            HandBackKind::Reject | HandBackKind::Recycle => Stage::Inquiry,
            HandBackKind::Disqualify => Stage::Disqualified,
        };
        check.status(&format!("{path}.target_status"), &reason.target_status, Some(stage));
        let days = format!("{path}.nurture_days");
        match (reason.kind, reason.nurture_days) {
            (HandBackKind::Recycle, Some(number)) => check.within(&days, number, 1..=3650),
            (HandBackKind::Recycle, None) => {
                check.wrong(&days, "", "is missing", "say for how many days a recycled lead is nurtured");
            }
            (_, Some(number)) => check.wrong(
                &days,
                number,
                "is only for recycled leads",
                "remove it, or make the kind recycle",
            ),
            (_, None) => {}
        }
    }
    let Some(attempts) = terms.hand_back.auto_return_after_attempts else { return };
    check.within("hand_back.auto_return_after_attempts", attempts, 1..=100);
    let contacted = &terms.jurisdictions.acts.contacted;
    let returns = |reason: &&_| returns_by_itself(terms, contacted, reason);
    if !reasons.iter().any(|reason| returns(&reason)) {
        let remedy = "let the system move a lead from there to the status of a recycle reason, or remove it";
        check.wrong("hand_back.auto_return_after_attempts", attempts, "cannot be done by the system", remedy);
    }
}

fn returns_by_itself(
    terms: &crate::agreement::terms::Terms,
    contacted: &str,
    reason: &crate::agreement::terms::HandBackReason,
) -> bool {
    reason.kind == HandBackKind::Recycle
        && terms.may_move(contacted, &reason.target_status, Party::System).is_ok()
}

pub(super) fn calendar(check: &mut Check) {
    let calendar = &check.terms.calendar;
    let mut open = 0;
    for day in Weekday::ALL {
        let spans = calendar.hours.get(&day).map(Vec::as_slice).unwrap_or_default();
        let path = format!("calendar.hours.{}", day.key());
        check.at_most(&path, spans.len(), 12);
        for (at, span) in spans.iter().enumerate() {
            let shown = format!("{} to {}", span.from, span.to);
            if span.from >= span.to {
                check.wrong(
                    &format!("{path}[{at}]"),
                    shown,
                    "ends before it begins",
                    "end it later, at 24:00 at the latest",
                );
            } else if spans[..at].iter().any(|earlier| overlap(earlier, span)) {
                check.wrong(&format!("{path}[{at}]"), shown, "overlaps another span", "make them one");
            } else {
                open += u32::from(span.to.of_day() - span.from.of_day());
            }
        }
    }
    if open < 60 {
        let value = format!("{open} minutes");
        check.wrong("calendar.hours", value, "of work a week are too few", "open for an hour a week or more");
    }
    check.at_most("calendar.holidays", calendar.holidays.len(), 1000);
    for (at, holiday) in calendar.holidays.iter().enumerate() {
        check.text(&format!("calendar.holidays[{at}].name"), &holiday.name, 100);
        if calendar.holidays[..at].iter().any(|earlier| earlier.date == holiday.date) {
            let path = format!("calendar.holidays[{at}].date");
            check.wrong(&path, holiday.date, "is a holiday already", "name each date once");
        }
    }
}

fn overlap(a: &Span, b: &Span) -> bool {
    a.from < b.to && b.from < a.to
}
