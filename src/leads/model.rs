//! Leads, their identities, consent and events.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::agreement::facts::LeadFacts;
use crate::agreement::terms::Stage;
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::{LeadId, UserId};
use crate::kernel::text::{self, Domain, Email, Phone};
use crate::scoring::Interest;

/// A way to recognise a lead. The same identity never belongs to two leads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    pub kind: IdentityKind,
    /// Normalised, so that equal identities are equal strings.
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum IdentityKind {
    Email,
    Phone,
    /// The lead's key in another system.
    External,
    /// A browser that the lead was seen with.
    Visitor,
}

impl IdentityKind {
    pub fn key(self) -> &'static str {
        match self {
            IdentityKind::Email => "email",
            IdentityKind::Phone => "phone",
            IdentityKind::External => "external",
            IdentityKind::Visitor => "visitor",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            IdentityKind::Email => "e-mail address",
            IdentityKind::Phone => "phone number",
            IdentityKind::External => "external id",
            IdentityKind::Visitor => "visitor",
        }
    }
}

impl Identity {
    pub fn email(email: &Email) -> Identity {
        Identity { kind: IdentityKind::Email, value: email.as_str().to_owned() }
    }

    pub fn phone(phone: &Phone) -> Identity {
        Identity { kind: IdentityKind::Phone, value: phone.as_str().to_owned() }
    }

    /// A key of another system, kept as it is but for surrounding space.
    pub fn external(key: &str) -> Result<Identity, String> {
        match text::line(key, 200)? {
            Some(value) => Ok(Identity { kind: IdentityKind::External, value }),
            None => Err("the external id is blank; give the lead's key in the other system".into()),
        }
    }
}

/// What the person agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Consent {
    pub may_store: bool,
    pub may_contact: bool,
    /// Legal basis, such as “consent” or “legitimate interest”.
    pub basis: Option<String>,
    /// Where it was given.
    pub source: Option<String>,
    pub at: Option<DateTime<Utc>>,
}

/// A lead as the engine holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lead {
    pub id: LeadId,
    pub facts: LeadFacts,
    pub consent: Consent,
    pub do_not_contact: bool,
    /// A status key of the vocabulary.
    pub status: String,
    pub stage: Stage,
    pub status_since: DateTime<Utc>,
    /// The rep who holds the lead.
    pub owner: Option<UserId>,
    /// How often the lead was offered.
    pub cycles: i32,
    /// Not offered again before this.
    pub rest_until: Option<DateTime<Utc>>,
    /// 0..=100.
    pub fit: u8,
    pub good_fit: bool,
    pub interest: Interest,
    /// When interest falls below the threshold; none without interest.
    pub hot_until: Option<DateTime<Utc>>,
    /// The last fast-track event: the track's key, and when.
    pub fast_track: Option<(String, DateTime<Utc>)>,
    /// The agreement version that judged it last.
    pub judged_version: i32,
    /// Counts changes; an update names the revision it started from.
    pub revision: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a lead is called, by the best that is known.
pub fn display_name<'a>(name: Option<&'a str>, email: Option<&'a str>, company: Option<&'a str>) -> &'a str {
    name.or(email).or(company).unwrap_or("Unnamed lead")
}

/// What comes in for a new lead, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLead {
    pub facts: LeadFacts,
    pub consent: Consent,
    pub do_not_contact: bool,
    /// E-mail, phone and external id, as far as given.
    pub identities: Vec<Identity>,
    /// When the lead came to be known; now, unless history is brought in.
    pub created_at: DateTime<Utc>,
}

/// One engagement, checked. Append-only.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Such as `demo_request`: a slug of at most 60 characters.
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
    pub properties: Map<String, Value>,
    /// The system that reports it.
    pub source: String,
    /// The same source and key count once.
    pub idempotency_key: String,
}

impl NewEvent {
    /// The id that source and key make: the same event always gets the same one.
    pub fn id(&self) -> Uuid {
        Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("{}\u{1f}{}", self.source, self.idempotency_key).as_bytes(),
        )
    }
}

/// The outcomes that an activity of a kind can have, with their labels.
pub fn outcomes(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "call" => {
            &[("connected", "Connected"), ("left_message", "Left a message"), ("no_answer", "No answer")]
        }
        "email" => &[("sent", "Sent"), ("replied", "Replied"), ("bounced", "Bounced")],
        "meeting" => &[("held", "Held"), ("no_show", "No show")],
        _ => &[],
    }
}

/// Whether a word can be the kind of an event.
pub fn event_kind(kind: &str) -> Result<String, String> {
    let kind = kind.trim();
    let slug = kind.starts_with(|c: char| c.is_ascii_lowercase())
        && kind.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !slug || kind.len() > 60 {
        return Err(format!(
            "“{}” is not a kind of event; use lower-case letters, digits and _, as in demo_request",
            text::excerpt(kind)
        ));
    }
    Ok(kind.to_owned())
}

/// Facts as they come from a form or a file: text by field name.
#[derive(Debug, Clone, Default)]
pub struct RawFacts {
    pub name: String,
    pub email: String,
    pub phone: String,
    pub title: String,
    pub seniority: String,
    pub company: String,
    pub domain: String,
    pub industry: String,
    pub employees: String,
    pub country: String,
    pub city: String,
    pub source: String,
}

impl RawFacts {
    /// Checks and normalises every field; touches, campaign, persona and custom fields are the caller's.
    pub fn check(&self) -> Result<(LeadFacts, Vec<Identity>), FieldErrors> {
        let mut errors = FieldErrors::default();
        let mut identities = vec![];
        let email = text::filled(&self.email).and_then(|email| errors.check("email", Email::parse(&email)));
        let phone = text::filled(&self.phone)
            .and_then(|phone| errors.check("phone", Phone::parse(&phone, Some(&self.country))));
        identities.extend(email.as_ref().map(Identity::email));
        identities.extend(phone.as_ref().map(Identity::phone));
        let domain =
            text::filled(&self.domain).and_then(|domain| errors.check("domain", Domain::parse(&domain)));
        let employees = text::filled(&self.employees).and_then(|n| errors.check("employees", employees(&n)));
        let mut line = |field: &str, value: &str, max| errors.check(field, text::line(value, max)).flatten();
        let facts = LeadFacts {
            name: line("name", &self.name, 200),
            title: line("title", &self.title, 200),
            seniority: line("seniority", &self.seniority, 100).map(|s| s.to_lowercase()),
            company: line("company", &self.company, 200),
            industry: line("industry", &self.industry, 100),
            country: line("country", &self.country, 100),
            city: line("city", &self.city, 100),
            source: line("source", &self.source, 100),
            email: email.map(|email| email.as_str().to_owned()),
            phone: phone.map(|phone| phone.as_str().to_owned()),
            domain: domain.map(|domain| domain.as_str().to_owned()),
            employees,
            ..LeadFacts::default()
        };
        if facts.name.is_none() && identities.is_empty() && facts.company.is_none() && errors.is_empty() {
            errors.add("", "A lead needs at least a name, an e-mail address, a phone number or a company.");
        }
        errors.into_result()?;
        Ok((facts, identities))
    }
}

fn employees(text: &str) -> Result<i64, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '\'' | ' ' | '\u{a0}')).collect();
    match digits.parse::<i64>() {
        Ok(n) if (0..=10_000_000).contains(&n) => Ok(n),
        _ => Err(format!(
            "“{}” is not a number of employees; write a whole number such as 250",
            text::excerpt(text)
        )),
    }
}
