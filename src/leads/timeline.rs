//! What happened on a lead, in sentences.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::model::outcomes;
use super::timeline_query::{Origin, TimelineRow};
use crate::agreement::citations::Citation;
use crate::agreement::facts::{event_label, lead_field};
use crate::agreement::terms::Terms;
use crate::agreement::versions::Version;
use crate::kernel::text::money;
use crate::scoring::CategoryKey;

/// An entry as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub symbol: &'static str,
    pub tone: &'static str,
    pub at: DateTime<Utc>,
    pub title: String,
    /// Further sentences, each a line of its own.
    pub details: Vec<String>,
    /// The version of the agreement that judged it, where one did.
    pub version: Option<i32>,
    /// The clause by which it did.
    pub cite: Option<Citation>,
}

/// Tells the entries, each in the words of the version that judged it then; what none judged in the words of `now`.
/// What happened at one instant is told in the order of the domain: a lead is added before it is offered.
pub fn tell(rows: &[TimelineRow], now: &Version, versions: &HashMap<i32, Arc<Version>>) -> Vec<Line> {
    let mut rows: Vec<&TimelineRow> = rows.iter().collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.at), rank(row)));
    rows.into_iter().map(|row| line(row, now, versions)).collect()
}

/// The latest step first.
fn rank(row: &TimelineRow) -> u8 {
    match (row.origin, row.kind.as_str()) {
        (Origin::Record, "created") => 4,
        (Origin::Event, _) => 3,
        (Origin::Record, "changed") => 2,
        (Origin::Record, "category_changed") => 1,
        _ => 0,
    }
}

fn line(row: &TimelineRow, now: &Version, versions: &HashMap<i32, Arc<Version>>) -> Line {
    let then = row.version.and_then(|number| versions.get(&number));
    let (symbol, tone, title, details) = match row.origin {
        Origin::Event => event(row),
        Origin::Activity => activity(row),
        Origin::Record => record(row, then.map_or(&now.terms, |version| &version.terms)),
    };
    let cite = then.and_then(|version| cite(row, version));
    Line { symbol, tone, at: row.at, title, details, version: row.version, cite }
}

/// The clause of the version that judged an entry.
fn cite(row: &TimelineRow, version: &Version) -> Option<Citation> {
    let (from, to) = (row.from_value.as_deref(), row.to_value.as_deref());
    let text = |field: &str| row.detail.get(field).and_then(Value::as_str);
    let act = |name: &str| version.cite(&format!("jurisdictions.acts.{name}"));
    match row.kind.as_str() {
        "created" => act("entered"),
        "status_changed" => version.cite_move(from?, to?),
        "category_changed" => version.cite_category(CategoryKey::parse(to?)?),
        "offered" => version.cite_routing(text("rule")),
        "claimed" => act("claimed"),
        "contacted" => act("contacted"),
        "converted" => act("converted"),
        "withdrawn" => act("withdrawn"),
        "handed_back" => version.cite_hand_back(to?),
        "contested" | "dispute_ruled" | "clock_waived" => version.cite(text("clause")?),
        _ => None,
    }
}

/// What was contested, in words.
fn matter(about: Option<&str>, contested: Option<String>, terms: &Terms) -> String {
    let contested = contested.unwrap_or_default();
    match about.unwrap_or_default() {
        "category" => {
            let label = CategoryKey::parse(&contested).map(|key| terms.category(key).label.clone());
            format!("the category {}", label.unwrap_or_default())
        }
        "hand_back" => {
            let label = terms.reason(&contested).map_or(contested.clone(), |reason| reason.label.clone());
            format!("the hand-back “{label}”")
        }
        "claim_breach" => "that the claim came too late".to_owned(),
        "contact_breach" => "that the first contact came too late".to_owned(),
        "answer_breach" => "that the answer to the hand-back came too late".to_owned(),
        other => other.replace('_', " "),
    }
}

/// A clock in words.
fn clock(key: Option<&str>) -> &'static str {
    match key {
        Some("claim") => "claim",
        Some("contact") => "first contact",
        _ => "answer to the hand-back",
    }
}

type Told = (&'static str, &'static str, String, Vec<String>);

fn event(row: &TimelineRow) -> Told {
    let symbol = match row.kind.as_str() {
        "page_view" | "website_behaviour" => "eye",
        "pricing_view" => "coin",
        "form_submit" | "demo_request" => "forms",
        "content_download" => "download",
        "email_open" => "mail-opened",
        "email_click" => "click",
        "reply" => "message",
        "webinar_attended" | "event_attended" => "presentation",
        "meeting_booked" => "calendar-event",
        "unsubscribe" => "mail-off",
        _ => "activity",
    };
    let properties = row
        .detail
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{}: {}", name.replace('_', " "), plain(value)));
    let source =
        if row.actor == super::BY_HAND { "added by hand".to_owned() } else { format!("from {}", row.actor) };
    let details = properties.chain([source]).collect::<Vec<_>>().join(" · ");
    (symbol, "blue", event_label(&row.kind).into_owned(), vec![details])
}

fn activity(row: &TimelineRow) -> Told {
    let outcome = row.to_value.as_deref().unwrap_or_default();
    let said = outcomes(&row.kind)
        .iter()
        .find(|(key, _)| *key == outcome)
        .map_or(outcome, |(_, label)| label)
        .to_lowercase();
    let (symbol, title) = match row.kind.as_str() {
        "call" => ("phone", format!("{} called: {said}", row.actor)),
        "email" => ("mail", format!("{} wrote an e-mail: {said}", row.actor)),
        "meeting" => ("users", format!("{} had a meeting: {said}", row.actor)),
        _ => ("note", format!("Note by {}", row.actor)),
    };
    let body = row.detail.as_str().unwrap_or_default();
    (symbol, "violet", title, body.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect())
}

fn record(row: &TimelineRow, terms: &Terms) -> Told {
    let who = &row.actor;
    let status = |value: &Option<String>| {
        value.as_deref().map_or_else(|| "none".to_owned(), |key| terms.status_label(key).to_owned())
    };
    let category = |value: &Option<String>| {
        value
            .as_deref()
            .and_then(CategoryKey::parse)
            .map_or_else(String::new, |key| terms.category(key).label.clone())
    };
    let text = |field: &str| row.detail.get(field).and_then(Value::as_str).map(str::to_owned);
    match row.kind.as_str() {
        "created" => ("user-plus", "neutral", format!("Added by {who}"), vec![]),
        "changed" => ("edit", "neutral", format!("Changed by {who}"), changes(&row.detail)),
        "status_changed" => {
            let reason = text("reason").map(|reason| format!("Reason: {reason}"));
            (
                "flag",
                "neutral",
                format!("{} → {}, by {who}", status(&row.from_value), status(&row.to_value)),
                reason.into_iter().collect(),
            )
        }
        "category_changed" => (
            "chart-dots",
            "amber",
            format!("{} → {}", category(&row.from_value), category(&row.to_value)),
            vec![],
        ),
        "offered" => {
            let key = row.to_value.as_deref().unwrap_or_default();
            let queue = terms.queue(key).map_or(key, |queue| &queue.label);
            let rule = text("rule").map(|key| {
                terms.routing.rules.iter().find(|rule| rule.key == key).map_or(key, |rule| rule.label.clone())
            });
            let track = text("fast_track")
                .map(|key| terms.fast_track(&key).map_or(key.clone(), |track| track.label.clone()));
            let why = [
                track.map(|track| format!("Fast track: {track}")),
                rule.map(|rule| format!("Routed by the rule “{rule}”")),
            ];
            (
                "send",
                "amber",
                format!("Offered to Sales in the queue {queue}"),
                why.into_iter().flatten().collect(),
            )
        }
        "claimed" => ("hand-grab", "green", format!("Claimed by {who}"), vec![]),
        "contacted" => ("phone", "green", format!("First contact by {who}"), vec![]),
        "converted" => ("trophy", "green", format!("Qualified by {who}"), vec![]),
        "handed_back" => {
            let key = row.to_value.as_deref().unwrap_or_default();
            let reason = terms.reason(key).map_or(key, |reason| &reason.label);
            (
                "arrow-back-up",
                "red",
                format!("Handed back by {who}: {reason}"),
                text("note").into_iter().collect(),
            )
        }
        "withdrawn" => {
            let reason = text("reason").map(|reason| format!("Reason: {reason}"));
            ("hand-stop", "red", format!("Offer withdrawn by {who}"), reason.into_iter().collect())
        }
        "contested" => {
            let what = matter(row.to_value.as_deref(), text("contested"), terms);
            ("scale", "amber", format!("{who} contests {what}"), text("body").into_iter().collect())
        }
        "dispute_ruled" => {
            let what = matter(row.from_value.as_deref(), text("contested"), terms);
            let ruling = row.to_value.as_deref().unwrap_or_default();
            let title = format!("{who} ruled on the dispute about {what}: {ruling}");
            ("scale", "violet", title, text("note").into_iter().collect())
        }
        "clock_waived" => {
            let title = format!("{who} waived the clock of the {}", clock(row.to_value.as_deref()));
            let reason = text("reason").map(|reason| format!("Reason: {reason}"));
            ("clock-pause", "violet", title, reason.into_iter().collect())
        }
        "hand_back_answered" => ("check", "neutral", format!("Hand-back answered by {who}"), vec![]),
        "deal_opened" => ("briefcase", "green", format!("Deal opened by {who}"), deal(&row.detail)),
        "deal_won" => ("trophy", "green", format!("Deal won by {who}"), deal(&row.detail)),
        "deal_lost" => ("circle-x", "red", format!("Deal lost, says {who}"), deal(&row.detail)),
        verb => ("history", "neutral", format!("{} by {who}", verb.replace('_', " ")), vec![]),
    }
}

fn deal(detail: &Value) -> Vec<String> {
    let text = |field: &str| detail.get(field).map(plain);
    let amount = text("amount")
        .and_then(|amount| amount.parse().ok())
        .zip(text("currency"))
        .map(|(amount, currency)| money(amount, &currency));
    let named = [text("name"), amount].into_iter().flatten().collect::<Vec<_>>().join(", ");
    [Some(named), text("reason").map(|reason| format!("Reason: {reason}"))]
        .into_iter()
        .flatten()
        .filter(|line| !line.is_empty())
        .collect()
}

/// The fields that a change touched, each with what it was and what it is. Groups are taken apart.
fn changes(detail: &Value) -> Vec<String> {
    let mut lines = vec![];
    for (field, change) in detail.as_object().into_iter().flatten() {
        let (Some(before), Some(after)) = (change.get(0), change.get(1)) else { continue };
        if !before.is_object() && !after.is_object() {
            lines.push(change_text(field, before, after));
            continue;
        }
        let keys = [before, after].into_iter().filter_map(Value::as_object).flat_map(|group| group.keys());
        for key in keys.collect::<std::collections::BTreeSet<_>>() {
            let of = |group: &Value| group.get(key).cloned().unwrap_or(Value::Null);
            if of(before) != of(after) {
                lines.push(change_text(&format!("{field}.{key}"), &of(before), &of(after)));
            }
        }
    }
    lines.sort();
    lines
}

fn change_text(field: &str, before: &Value, after: &Value) -> String {
    let label =
        lead_field(field).map_or_else(|| field.replace(['_', '.'], " "), |field| field.label.to_owned());
    format!("{label}: {} → {}", plain(before), plain(after))
}

/// A value without the marks of JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn row(origin: Origin, kind: &str, detail: Value) -> TimelineRow {
        let at = "2026-11-23T10:00:00Z".parse().unwrap();
        TimelineRow {
            origin,
            at,
            id: Uuid::nil(),
            kind: kind.into(),
            actor: "Lena Vogt".into(),
            from_value: None,
            to_value: None,
            version: None,
            detail,
        }
    }

    fn version() -> Version {
        Version::of(1, Terms::default_agreement()).unwrap()
    }

    #[test]
    fn an_entry_is_told_and_cited_as_it_was_judged_then() {
        let mut terms = Terms::default_agreement();
        terms.vocabulary.iter_mut().find(|status| status.key == "nurturing").unwrap().label = "Tended".into();
        let then = Arc::new(Version::of(3, terms).unwrap());
        let mut moved = row(Origin::Record, "status_changed", json!({}));
        (moved.from_value, moved.to_value) = (Some("new".into()), Some("nurturing".into()));
        moved.version = Some(3);
        let told = line(&moved, &version(), &HashMap::from([(3, then.clone())]));
        assert_eq!(told.title, "New → Tended, by Lena Vogt");
        assert_eq!(told.cite, then.cite_move("new", "nurturing"));
        let lost = line(&moved, &version(), &HashMap::new());
        assert_eq!((lost.title.as_str(), lost.version), ("New → Nurturing, by Lena Vogt", Some(3)));
    }

    #[test]
    fn what_happened_at_once_is_told_in_the_order_of_the_domain() {
        let rows = [
            row(Origin::Record, "created", json!({})),
            row(Origin::Record, "offered", json!({})),
            row(Origin::Event, "demo_request", json!({})),
        ];
        let told: Vec<String> =
            tell(&rows, &version(), &HashMap::new()).into_iter().map(|line| line.title).collect();
        assert_eq!(told, ["Offered to Sales in the queue ", "Demo request", "Added by Lena Vogt"]);
    }

    #[test]
    fn a_change_names_each_field_with_what_it_was_and_is() {
        let detail = json!({ "title": [null, "CTO"], "employees": [10, 250], "first_touch": [{ "source": "ads" }, { "source": "ads", "medium": "cpc" }], "may_contact": [true, false] });
        assert_eq!(
            changes(&detail),
            [
                "Employees: 10 → 250",
                "First touch: medium: none → cpc",
                "Title: none → CTO",
                "may contact: yes → no"
            ]
        );
    }

    #[test]
    fn an_activity_says_how_it_went_and_keeps_its_lines() {
        let mut call = row(Origin::Activity, "call", json!("Wants a demo.\n\nCalls back <b>Monday</b>."));
        call.to_value = Some("left_message".into());
        let line = line(&call, &version(), &HashMap::new());
        assert_eq!(line.title, "Lena Vogt called: left a message");
        assert_eq!(line.details, ["Wants a demo.", "Calls back <b>Monday</b>."]);
    }

    #[test]
    fn keys_are_told_in_the_words_of_the_agreement() {
        let mut moved = row(Origin::Record, "status_changed", json!({ "reason": "asked for it" }));
        (moved.from_value, moved.to_value) = (Some("new".into()), Some("gone_word".into()));
        let line = line(&moved, &version(), &HashMap::new());
        assert_eq!(line.title, "New → gone_word, by Lena Vogt");
        assert_eq!(line.details, ["Reason: asked for it"]);
    }

    #[test]
    fn every_symbol_is_in_the_sprite() {
        let sprite = include_str!("../../static/img/icons.svg");
        let kinds = [
            "page_view",
            "pricing_view",
            "form_submit",
            "content_download",
            "email_open",
            "email_click",
            "reply",
            "webinar_attended",
            "meeting_booked",
            "unsubscribe",
            "other",
        ];
        let verbs = [
            "created",
            "changed",
            "status_changed",
            "category_changed",
            "offered",
            "claimed",
            "contacted",
            "converted",
            "handed_back",
            "withdrawn",
            "hand_back_answered",
            "contested",
            "dispute_ruled",
            "clock_waived",
            "deal_opened",
            "deal_won",
            "deal_lost",
            "merged",
        ];
        let rows = kinds.map(|kind| row(Origin::Event, kind, json!({}))).into_iter();
        let rows = rows
            .chain(["call", "email", "meeting", "note"].map(|kind| row(Origin::Activity, kind, json!(""))));
        let rows: Vec<TimelineRow> =
            rows.chain(verbs.map(|verb| row(Origin::Record, verb, json!({})))).collect();
        for line in tell(&rows, &version(), &HashMap::new()) {
            assert!(sprite.contains(&format!("<symbol id=\"{}\"", line.symbol)), "{}", line.symbol);
        }
    }
}
