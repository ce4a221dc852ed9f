//! Lives as the text that COPY reads.

use std::io::Write;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::life::{Life, Pass};

/// The tables and columns, in the order in which they are filled.
pub const TABLES: [(&str, &str); 7] = [
    (
        "leads",
        "id, name, email, phone, title, seniority, company, domain, industry, employees, country, city, source, campaign_id, persona_id, \
         first_touch, last_touch, custom, may_store, may_contact, consent_basis, consent_source, consent_at, do_not_contact, status, stage, \
         status_since, owner_id, cycles, rest_until, fit, good_fit, interest, hot_until, fast_track, fast_track_at, judged_version, revision, \
         created_at, updated_at",
    ),
    ("identities", "kind, value, lead_id"),
    ("events", "lead_id, occurred_at, id, kind, properties, source, idempotency_key, received_at"),
    (
        "handoffs",
        "lead_id, id, cycle, state, version, queue, routing_rule, category, fast_track, packet, owner_id, qualified_at, offered_at, claimed_at, \
         contacted_at, closed_at, claim_risk_at, claim_due_at, contact_risk_at, contact_due_at, hot_until, hand_back_reason, hand_back_kind, \
         hand_back_note, nurture_until, answer_due_at, answered_at, answered_by",
    ),
    (
        "deals",
        "lead_id, id, handoff_id, name, amount, currency, expected_close, state, reason, owner_id, opened_at, closed_at",
    ),
    ("activities", "lead_id, id, kind, outcome, body, user_id, handoff_id, at"),
    (
        "audit_entries",
        "subject_id, id, subject_kind, at, actor_kind, actor_id, actor_name, verb, from_value, to_value, version, detail",
    ),
];

/// The rows of a number of lives, table by table.
#[derive(Default)]
pub struct Rows {
    pub lives: u64,
    pub count: u64,
    pub text: [Vec<u8>; TABLES.len()],
}

impl Rows {
    pub fn push(&mut self, life: &Life) {
        self.lives += 1;
        self.lead(life);
        let id = life.lead.id.0;
        for identity in &life.identities {
            self.row(1).text(identity.kind.key()).text(&identity.value).uuid(id);
        }
        for happening in &life.events {
            let event = &happening.event;
            let row = self.row(2).uuid(id).time(event.occurred_at).uuid(event.id()).text(&event.kind);
            row.json(&event.properties)
                .text(&event.source)
                .text(&event.idempotency_key)
                .time(happening.received_at);
        }
        for pass in &life.passes {
            self.pass(pass);
        }
        for deal in &life.deals {
            let row =
                self.row(4).uuid(id).uuid(deal.id.0).uuid(deal.handoff.0).text(&deal.name).plain(deal.amount);
            let row =
                row.text(deal.currency).plain(deal.expected_close).text(deal.state).maybe_text(deal.reason);
            row.uuid(deal.owner.0).time(deal.opened_at).maybe_time(deal.closed_at);
        }
        for act in &life.activities {
            let row = self.row(5).uuid(id).uuid(act.id).text(act.kind).text(act.outcome).text(act.body);
            row.uuid(act.user.0).uuid(act.handoff.0).time(act.at);
        }
        for stamped in &life.entries {
            let entry = &stamped.entry;
            let row =
                self.row(6).uuid(entry.subject_id).uuid(stamped.id).text(entry.subject_kind).time(stamped.at);
            let row = row
                .text(entry.actor.kind())
                .maybe_uuid(entry.actor.id())
                .text(entry.actor.name())
                .text(entry.verb);
            let row = row.maybe_text(entry.from.as_deref()).maybe_text(entry.to.as_deref());
            row.maybe_plain(entry.version).json(&entry.detail);
        }
    }

    fn lead(&mut self, life: &Life) {
        let (lead, facts, consent) = (&life.lead, &life.lead.facts, &life.lead.consent);
        let mut row = self.row(0).uuid(lead.id.0);
        for text in [
            &facts.name,
            &facts.email,
            &facts.phone,
            &facts.title,
            &facts.seniority,
            &facts.company,
            &facts.domain,
            &facts.industry,
        ] {
            row = row.maybe_text(text.as_deref());
        }
        row = row.maybe_plain(facts.employees);
        for text in [&facts.country, &facts.city, &facts.source] {
            row = row.maybe_text(text.as_deref());
        }
        row = row.maybe_uuid(facts.campaign).maybe_uuid(facts.persona);
        row = row.json(&facts.first_touch).json(&facts.last_touch).json(&facts.custom);
        row = row.bool(consent.may_store).bool(consent.may_contact);
        row = row
            .maybe_text(consent.basis.as_deref())
            .maybe_text(consent.source.as_deref())
            .maybe_time(consent.at);
        row = row.bool(lead.do_not_contact).text(&lead.status).text(lead.stage.key()).time(lead.status_since);
        row = row.maybe_uuid(lead.owner.map(|owner| owner.0)).plain(lead.cycles).maybe_time(lead.rest_until);
        row = row.plain(lead.fit).bool(lead.good_fit);
        row = if lead.interest.is_none() { row.null() } else { row.json(&lead.interest) };
        row = row.maybe_time(lead.hot_until);
        row = row.maybe_text(lead.fast_track.as_ref().map(|(track, _)| track.as_str()));
        row = row.maybe_time(lead.fast_track.as_ref().map(|(_, at)| *at));
        row.plain(lead.judged_version).plain(lead.revision).time(lead.created_at).time(lead.updated_at);
    }

    fn pass(&mut self, pass: &Pass) {
        let (new, back) = (&pass.new, pass.hand_back.as_ref());
        let state = serde_json::to_value(pass.state).ok();
        let mut row = self.row(3).uuid(new.lead_id.0).uuid(new.id.0).plain(new.cycle);
        row = row
            .maybe_text(state.as_ref().and_then(|state| state.as_str()))
            .plain(new.version)
            .text(&new.queue);
        row = row
            .maybe_text(new.routing_rule.as_deref())
            .text(new.category)
            .maybe_text(new.fast_track.as_deref());
        row = row
            .json(&new.packet)
            .maybe_uuid(pass.owner.map(|owner| owner.0))
            .time(new.qualified_at)
            .time(new.offered_at);
        row = row.maybe_time(pass.claimed_at).maybe_time(pass.contacted_at).maybe_time(pass.closed_at);
        row = row.time(new.claim_risk_at).time(new.claim_due_at);
        row = row
            .maybe_time(pass.contact.map(|clock| clock.risk_at))
            .maybe_time(pass.contact.map(|clock| clock.due_at));
        row = row
            .maybe_time(new.hot_until)
            .maybe_text(back.map(|back| back.reason.as_str()))
            .maybe_text(back.map(|back| back.kind));
        row = row
            .maybe_text(back.map(|back| back.note.as_str()))
            .maybe_time(back.and_then(|back| back.nurture_until));
        row = row.maybe_time(back.map(|back| back.answer_due_at));
        let answered = back.and_then(|back| back.answered);
        row.maybe_time(answered.map(|(at, _)| at)).maybe_uuid(answered.map(|(_, user)| user.0));
    }

    fn row(&mut self, table: usize) -> Row<'_> {
        self.count += 1;
        Row { out: &mut self.text[table], is_first: true }
    }
}

/// One row; it ends when it is dropped.
struct Row<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl Row<'_> {
    fn column(&mut self) {
        if !std::mem::replace(&mut self.is_first, false) {
            self.out.push(b'\t');
        }
    }

    fn text(mut self, text: &str) -> Self {
        self.column();
        escape(self.out, text.as_bytes());
        self
    }

    fn json(mut self, value: &impl Serialize) -> Self {
        self.column();
        serde_json::to_writer(Escaping(self.out), value).expect("rows hold nothing that JSON cannot write");
        self
    }

    /// What is written in letters that COPY gives no meaning to.
    fn plain(mut self, value: impl std::fmt::Display) -> Self {
        self.column();
        write!(self.out, "{value}").expect("memory takes what is written");
        self
    }

    fn time(mut self, at: DateTime<Utc>) -> Self {
        self.column();
        // The debug form is RFC 3339 and much quicker than a format string.
        write!(self.out, "{at:?}").expect("memory takes what is written");
        self
    }

    fn uuid(mut self, id: Uuid) -> Self {
        self.column();
        let mut letters = Uuid::encode_buffer();
        self.out.extend_from_slice(id.hyphenated().encode_lower(&mut letters).as_bytes());
        self
    }

    fn bool(mut self, truth: bool) -> Self {
        self.column();
        self.out.push(if truth { b't' } else { b'f' });
        self
    }

    fn null(mut self) -> Self {
        self.column();
        self.out.extend_from_slice(b"\\N");
        self
    }

    fn maybe_text(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    fn maybe_plain(self, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.plain(value),
            None => self.null(),
        }
    }

    fn maybe_time(self, at: Option<DateTime<Utc>>) -> Self {
        match at {
            Some(at) => self.time(at),
            None => self.null(),
        }
    }

    fn maybe_uuid(self, id: Option<Uuid>) -> Self {
        match id {
            Some(id) => self.uuid(id),
            None => self.null(),
        }
    }
}

impl Drop for Row<'_> {
    fn drop(&mut self) {
        self.out.push(b'\n');
    }
}

/// Writes on, with what COPY gives a meaning to behind a backslash.
struct Escaping<'a>(&'a mut Vec<u8>);

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        escape(self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copy_gives_a_meaning_to_is_escaped() {
        let mut out = vec![];
        let row = Row { out: &mut out, is_first: true };
        row.text("a\tb\\N\r\nc")
            .null()
            .json(&serde_json::json!({ "k": "\"\n" }))
            .bool(true)
            .maybe_text(Some(""));
        assert_eq!(String::from_utf8(out).unwrap(), "a\\tb\\\\N\\r\\nc\t\\N\t{\"k\":\"\\\\\"\\\\n\"}\tt\t\n");
    }
}
