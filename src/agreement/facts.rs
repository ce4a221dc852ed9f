//! What is known about a lead, as the agreement's rules see it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::scoring::{CategoryKey, Fact, Facts, json_fact};

/// The facts about a lead. Rules name them by [`LEAD_FIELDS`] and `custom.<key>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadFacts {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub title: Option<String>,
    pub seniority: Option<String>,
    pub company: Option<String>,
    pub domain: Option<String>,
    pub industry: Option<String>,
    pub employees: Option<i64>,
    pub country: Option<String>,
    pub city: Option<String>,
    pub source: Option<String>,
    pub campaign: Option<Uuid>,
    pub persona: Option<Uuid>,
    pub first_touch: Utm,
    pub last_touch: Utm,
    /// Typed custom fields by key.
    pub custom: Map<String, Value>,
}

/// How a visit was tagged: the nine campaign parameters of Google, without their `utm_`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Utm {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creative_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marketing_tactic: Option<String>,
}

impl Utm {
    /// A parameter by its name without `utm_`.
    pub fn get(&self, parameter: &str) -> Option<&str> {
        match parameter {
            "source" => &self.source,
            "medium" => &self.medium,
            "campaign" => &self.campaign,
            "id" => &self.id,
            "term" => &self.term,
            "content" => &self.content,
            "source_platform" => &self.source_platform,
            "creative_format" => &self.creative_format,
            "marketing_tactic" => &self.marketing_tactic,
            _ => &None,
        }
        .as_deref()
    }
}

impl LeadFacts {
    /// Whether a field is known.
    pub fn has(&self, field: &str) -> bool {
        self.fact(field).is_some()
    }
}

impl Facts for LeadFacts {
    fn fact(&self, field: &str) -> Option<Fact<'_>> {
        let text = match field {
            "name" => &self.name,
            "email" => &self.email,
            "phone" => &self.phone,
            "title" => &self.title,
            "seniority" => &self.seniority,
            "company" => &self.company,
            "domain" => &self.domain,
            "industry" => &self.industry,
            "country" => &self.country,
            "city" => &self.city,
            "source" => &self.source,
            "employees" => return self.employees.map(|employees| Fact::Number(employees as f64)),
            "campaign" => return self.campaign.map(id_fact),
            "persona" => return self.persona.map(id_fact),
            _ => {
                let (group, name) = field.split_once('.')?;
                return match group {
                    "custom" => json_fact(self.custom.get(name)?),
                    "first_touch" => self.first_touch.get(name).map(Fact::from),
                    "last_touch" => self.last_touch.get(name).map(Fact::from),
                    _ => None,
                };
            }
        };
        text.as_deref().map(Fact::from)
    }
}

fn id_fact(id: Uuid) -> Fact<'static> {
    Fact::Text(Cow::Owned(id.to_string()))
}

/// The facts about a lead together with why it is handed off, which routing rules may test too.
#[derive(Debug, Clone, Copy)]
pub struct RoutingFacts<'a> {
    pub lead: &'a LeadFacts,
    /// Tested as `category`, by its key.
    pub category: CategoryKey,
    /// Tested as `fast_track`: the key of the fast track that applies, blank when none does.
    pub fast_track: Option<&'a str>,
}

impl Facts for RoutingFacts<'_> {
    fn fact(&self, field: &str) -> Option<Fact<'_>> {
        match field {
            "category" => Some(Fact::from(self.category.as_str())),
            "fast_track" => self.fast_track.map(Fact::from),
            field => self.lead.fact(field),
        }
    }
}

/// What a field holds, which decides how rules may test it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    Number,
}

/// A fact about a lead that rules may test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadField {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: FieldKind,
}

const fn text(name: &'static str, label: &'static str) -> LeadField {
    LeadField { name, label, kind: FieldKind::Text }
}

/// Every built-in field, in the order in which people read them. Custom fields come on top.
pub const LEAD_FIELDS: &[LeadField] = &[
    text("name", "Name"),
    text("email", "E-mail"),
    text("phone", "Phone"),
    text("title", "Title"),
    text("seniority", "Seniority"),
    text("company", "Company"),
    text("domain", "Domain"),
    text("industry", "Industry"),
    LeadField { name: "employees", label: "Employees", kind: FieldKind::Number },
    text("country", "Country"),
    text("city", "City"),
    text("source", "Source"),
    text("campaign", "Campaign"),
    text("persona", "Persona"),
    text("first_touch.source", "First touch: source"),
    text("first_touch.medium", "First touch: medium"),
    text("first_touch.campaign", "First touch: campaign"),
    text("first_touch.id", "First touch: campaign id"),
    text("first_touch.term", "First touch: term"),
    text("first_touch.content", "First touch: content"),
    text("first_touch.source_platform", "First touch: source platform"),
    text("first_touch.creative_format", "First touch: creative format"),
    text("first_touch.marketing_tactic", "First touch: marketing tactic"),
    text("last_touch.source", "Last touch: source"),
    text("last_touch.medium", "Last touch: medium"),
    text("last_touch.campaign", "Last touch: campaign"),
    text("last_touch.id", "Last touch: campaign id"),
    text("last_touch.term", "Last touch: term"),
    text("last_touch.content", "Last touch: content"),
    text("last_touch.source_platform", "Last touch: source platform"),
    text("last_touch.creative_format", "Last touch: creative format"),
    text("last_touch.marketing_tactic", "Last touch: marketing tactic"),
];

/// The built-in field of this name.
pub fn lead_field(name: &str) -> Option<&'static LeadField> {
    LEAD_FIELDS.iter().find(|field| field.name == name)
}

/// The kinds of event that come with a label, by key. Any other slug is a kind too.
pub const EVENT_KINDS: &[(&str, &str)] = &[
    ("page_view", "Page view"),
    ("pricing_view", "Pricing page view"),
    ("form_submit", "Form submitted"),
    ("content_download", "Content download"),
    ("email_open", "E-mail opened"),
    ("email_click", "E-mail link clicked"),
    ("reply", "Reply"),
    ("webinar_attended", "Webinar attended"),
    ("event_attended", "Event attended"),
    ("demo_request", "Demo request"),
    ("meeting_booked", "Meeting booked"),
    ("website_behaviour", "Website behaviour"),
    ("unsubscribe", "Unsubscribed"),
];

/// What people call a kind of event; a kind without a label is named by its key.
pub fn event_label(kind: &str) -> Cow<'_, str> {
    match EVENT_KINDS.iter().find(|(key, _)| *key == kind) {
        Some((_, label)) => Cow::Borrowed(label),
        None => Cow::Owned(kind.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_listed_field_is_read_from_the_facts_that_bear_its_name() {
        for field in LEAD_FIELDS {
            let value = match (field.name, field.kind) {
                ("campaign" | "persona", _) => json!("6f1f9c3a-6a64-4f5e-9d43-0d9b7f7a1c11"),
                (_, FieldKind::Number) => json!(7),
                (name, FieldKind::Text) => json!(format!("the {name}")),
            };
            let given = match field.name.split_once('.') {
                Some((group, name)) => json!({ group: { name: value } }),
                None => json!({ field.name: value }),
            };
            let facts: LeadFacts = serde_json::from_value(given).unwrap();
            assert_eq!(facts.known(field.name), json_fact(&value), "{}", field.name);
            assert_eq!(LeadFacts::default().known(field.name), None, "{}", field.name);
            assert_eq!(LEAD_FIELDS.iter().filter(|known| facts.known(known.name).is_some()).count(), 1);
        }
    }

    #[test]
    fn custom_fields_are_facts_of_their_type() {
        let facts: LeadFacts =
            serde_json::from_value(json!({ "custom": { "plan": "team", "seats": 12, "trial": true } }))
                .unwrap();
        assert_eq!(facts.fact("custom.plan"), Some(Fact::from("team")));
        assert_eq!(facts.fact("custom.seats"), Some(Fact::Number(12.0)));
        assert_eq!(facts.fact("custom.trial"), Some(Fact::Bool(true)));
        assert_eq!(facts.fact("custom.colour"), None);
        assert_eq!(facts.fact("plan"), None);
    }

    #[test]
    fn routing_sees_the_category_and_the_fast_track_beside_the_lead() {
        let lead = LeadFacts { country: Some("AT".into()), ..LeadFacts::default() };
        let category = CategoryKey::HighInterestLowFit;
        let facts = RoutingFacts { lead: &lead, category, fast_track: Some("demo") };
        assert_eq!(facts.fact("category"), Some(Fact::from("high_interest_low_fit")));
        assert_eq!(facts.fact("fast_track"), Some(Fact::from("demo")));
        assert_eq!(facts.fact("country"), Some(Fact::from("AT")));
        assert_eq!(RoutingFacts { fast_track: None, ..facts }.known("fast_track"), None);
    }
}
