//! The map of an import: which column of a file becomes which field of a lead or an event.
//!
//! Written as TOML. A map is taken as a whole or refused as a whole; see `plan` for what makes it sound.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::decode::EncodingName;

/// What a file holds: one lead a row, or one event a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Kind {
    Leads,
    Events,
}

impl Kind {
    pub const ALL: [Kind; 2] = [Kind::Leads, Kind::Events];

    pub fn key(self) -> &'static str {
        match self {
            Kind::Leads => "leads",
            Kind::Events => "events",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportMap {
    #[serde(default)]
    pub file: FileMap,
    pub lead: Option<LeadMap>,
    pub event: Option<EventMap>,
}

impl ImportMap {
    /// Reads a map. The error names the line, the key and what is allowed there.
    pub fn parse(toml: &str) -> Result<ImportMap, String> {
        toml::from_str(toml).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// Every field that the map fills, by its key within `[lead]` or `[event]`.
    pub fn fields(&self) -> Vec<(String, &Field)> {
        let mut fields = vec![];
        if let Some(lead) = &self.lead {
            let one = |key: &str, field| Option::map(field, |field| (key.to_owned(), field));
            fields.extend(lead.facts().into_iter().filter_map(|(key, field)| one(key, field.as_ref())));
            let consent = &lead.consent;
            let rest: [(&str, &Option<Field>); 10] = [
                ("phone_country", &lead.phone_country),
                ("external_id", &lead.external_id),
                ("created_at", &lead.created_at),
                ("campaign", &lead.campaign),
                ("do_not_contact", &lead.do_not_contact),
                ("consent.may_store", &consent.may_store),
                ("consent.may_contact", &consent.may_contact),
                ("consent.basis", &consent.basis),
                ("consent.source", &consent.source),
                ("consent.at", &consent.at),
            ];
            fields.extend(rest.into_iter().filter_map(|(key, field)| one(key, field.as_ref())));
            for (group, of_group) in [
                ("first_touch", &lead.first_touch),
                ("last_touch", &lead.last_touch),
                ("custom", &lead.custom),
            ] {
                fields.extend(of_group.iter().map(|(key, field)| (format!("{group}.{key}"), field)));
            }
        }
        if let Some(event) = &self.event {
            let rest = [
                ("lead.external_id", event.lead.external_id.as_ref()),
                ("lead.email", event.lead.email.as_ref()),
                ("lead.phone", event.lead.phone.as_ref()),
                ("kind", Some(&event.kind)),
                ("occurred_at", Some(&event.occurred_at)),
                ("source", event.source.as_ref()),
                ("key", event.key.as_ref()),
            ];
            fields.extend(rest.into_iter().filter_map(|(key, field)| Some((key.to_owned(), field?))));
            fields.extend(event.properties.iter().map(|(key, field)| (format!("properties.{key}"), field)));
        }
        fields
    }
}

/// How the file is written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileMap {
    /// `auto`, `tab`, or the character itself.
    pub delimiter: String,
    pub encoding: EncodingName,
    /// Formats of dates in chrono's notation, tried in order; ISO 8601 when there are none.
    pub dates: Vec<String>,
    /// Of times that name none.
    pub time_zone: String,
    /// Values that mean “unknown”, such as `Select`.
    pub blanks: Vec<String>,
    /// Only rows whose column has one of these values are imported; the others are passed over.
    pub only: BTreeMap<String, Vec<String>>,
}

impl Default for FileMap {
    fn default() -> Self {
        FileMap {
            delimiter: "auto".to_owned(),
            encoding: EncodingName::Auto,
            dates: vec![],
            time_zone: "UTC".to_owned(),
            blanks: vec![],
            only: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadMap {
    pub name: Option<Field>,
    pub email: Option<Field>,
    pub phone: Option<Field>,
    /// The country that numbers without a prefix were written in, where `country` is blank.
    pub phone_country: Option<Field>,
    pub title: Option<Field>,
    pub seniority: Option<Field>,
    pub company: Option<Field>,
    pub domain: Option<Field>,
    pub industry: Option<Field>,
    pub employees: Option<Field>,
    pub country: Option<Field>,
    pub city: Option<Field>,
    pub source: Option<Field>,
    /// The lead's key in the system that the file comes from.
    pub external_id: Option<Field>,
    /// When the lead came to be known; the time of the import when blank.
    pub created_at: Option<Field>,
    /// A campaign by its name; made when there is none of that name.
    pub campaign: Option<Field>,
    pub do_not_contact: Option<Field>,
    pub consent: ConsentMap,
    pub first_touch: BTreeMap<String, Field>,
    pub last_touch: BTreeMap<String, Field>,
    /// By key; the custom field is made when there is none of that key.
    pub custom: BTreeMap<String, Field>,
}

impl LeadMap {
    /// The facts that are plain text, by name.
    pub fn facts(&self) -> [(&'static str, &Option<Field>); 12] {
        [
            ("name", &self.name),
            ("email", &self.email),
            ("phone", &self.phone),
            ("title", &self.title),
            ("seniority", &self.seniority),
            ("company", &self.company),
            ("domain", &self.domain),
            ("industry", &self.industry),
            ("employees", &self.employees),
            ("country", &self.country),
            ("city", &self.city),
            ("source", &self.source),
        ]
    }
}

/// What the people of the file agreed to. `may_contact` has no default: it must be said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsentMap {
    /// Yes when absent; a row that says no is refused.
    pub may_store: Option<Field>,
    /// A blank counts as no.
    pub may_contact: Option<Field>,
    pub basis: Option<Field>,
    pub source: Option<Field>,
    pub at: Option<Field>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventMap {
    pub kind: Field,
    /// How the lead is found.
    pub lead: LeadKeyMap,
    /// `{ value = "now" }` is the time of the import, for a snapshot without dates.
    pub occurred_at: Field,
    /// The system that reports the event; `import` when absent.
    pub source: Option<Field>,
    /// What tells events apart; a digest of the row's mapped values when absent.
    pub key: Option<Field>,
    #[serde(default)]
    pub properties: BTreeMap<String, Field>,
}

/// The first that is not blank finds the lead.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeadKeyMap {
    pub external_id: Option<Field>,
    pub email: Option<Field>,
    pub phone: Option<Field>,
}

/// Where a field comes from. Just a text is the name of a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Field {
    /// Joined when several; none for a constant.
    pub columns: Vec<String>,
    pub constant: Option<String>,
    pub rest: FieldRest,
}

/// What a field may say beyond where it comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldRest {
    /// Between the values of several columns.
    pub separator: Option<String>,
    /// What a value is replaced by; compared without regard to case.
    pub values: BTreeMap<String, String>,
    /// What a blank is replaced by.
    pub otherwise: Option<String>,
    /// Values of this field alone that mean “unknown”.
    pub blanks: Vec<String>,
    /// Put before a value that is not blank.
    pub prefix: Option<String>,
    /// What becomes of a value that is not valid.
    pub invalid: Invalid,
    /// Of a date.
    pub format: Option<String>,
    /// Of a custom field or property.
    pub value_type: Option<ValueType>,
    /// Of a custom field.
    pub label: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invalid {
    /// The row is refused.
    #[default]
    Refuse,
    /// The row goes in without the value, which is noted among the refusals.
    LeaveOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    #[default]
    Text,
    Number,
    Bool,
    Date,
}

impl ValueType {
    pub fn key(self) -> &'static str {
        match self {
            ValueType::Text => "text",
            ValueType::Number => "number",
            ValueType::Bool => "bool",
            ValueType::Date => "date",
        }
    }
}

/// The table form of a field, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldTable {
    column: Option<String>,
    columns: Option<Vec<String>>,
    value: Option<Scalar>,
    separator: Option<String>,
    #[serde(default)]
    values: BTreeMap<String, Scalar>,
    otherwise: Option<Scalar>,
    #[serde(default)]
    blanks: Vec<Scalar>,
    prefix: Option<String>,
    #[serde(default)]
    invalid: Invalid,
    format: Option<String>,
    #[serde(rename = "type")]
    value_type: Option<ValueType>,
    label: Option<String>,
}

impl TryFrom<FieldTable> for Field {
    type Error = &'static str;

    fn try_from(table: FieldTable) -> Result<Field, &'static str> {
        let (columns, constant) = match (table.column, table.columns, table.value) {
            (Some(column), None, None) => (vec![column], None),
            (None, Some(columns), None) if !columns.is_empty() => (columns, None),
            (None, None, Some(value)) => (vec![], Some(value.0)),
            _ => return Err("a field names exactly one of column, columns (at least one) and value"),
        };
        let rest = FieldRest {
            separator: table.separator,
            values: table.values.into_iter().map(|(from, to)| (from, to.0)).collect(),
            otherwise: table.otherwise.map(|value| value.0),
            blanks: table.blanks.into_iter().map(|value| value.0).collect(),
            prefix: table.prefix,
            invalid: table.invalid,
            format: table.format,
            value_type: table.value_type,
            label: table.label,
        };
        Ok(Field { columns, constant, rest })
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Field, D::Error> {
        struct FieldVisitor;
        impl<'de> Visitor<'de> for FieldVisitor {
            type Value = Field;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column, as in “E-Mail”, or a table such as { column = \"E-Mail\" } or { value = \"Trade fair\" }")
            }

            fn visit_str<E: de::Error>(self, column: &str) -> Result<Field, E> {
                Ok(Field { columns: vec![column.to_owned()], ..Field::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Field, A::Error> {
                FieldTable::deserialize(MapAccessDeserializer::new(table))?
                    .try_into()
                    .map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(FieldVisitor)
    }
}

/// A value of a map, however TOML writes it: “yes”, true, 12, 2026-03-01.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(Scalar(text)),
            toml::Value::Array(_) | toml::Value::Table(_) => Err(de::Error::custom(
                "a single value is needed here, such as a text, a number, true or a date",
            )),
            single => Ok(Scalar(single.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(toml: &str) -> LeadMap {
        ImportMap::parse(toml).unwrap().lead.unwrap()
    }

    #[test]
    fn a_text_is_a_column_and_a_table_says_more() {
        let map = lead(
            r#"
            [lead]
            email = "E-Mail"
            name = { columns = ["First", "Last"], separator = " " }
            source = { value = "Fair" }
            [lead.consent]
            may_contact = { column = "Do Not Email", values = { Yes = false, No = true } }
            "#,
        );
        assert_eq!(map.email.unwrap().columns, ["E-Mail"]);
        assert_eq!(map.name.unwrap().columns, ["First", "Last"]);
        assert_eq!(map.source.unwrap().constant.as_deref(), Some("Fair"));
        assert_eq!(map.consent.may_contact.unwrap().rest.values["Yes"], "false");
    }

    #[test]
    fn constants_are_written_as_toml_writes_them() {
        let map = lead(
            "[lead]\nemployees = { value = 12 }\ncreated_at = { value = 2026-03-01 }\ndo_not_contact = { value = true }",
        );
        assert_eq!(map.employees.unwrap().constant.as_deref(), Some("12"));
        assert_eq!(map.created_at.unwrap().constant.as_deref(), Some("2026-03-01"));
        assert_eq!(map.do_not_contact.unwrap().constant.as_deref(), Some("true"));
    }

    #[test]
    fn what_a_map_does_not_know_is_refused_with_line_and_remedy() {
        for (toml, said) in [
            ("[lead]\nmail = \"E-Mail\"", "unknown field `mail`, expected one of `name`, `email`"),
            (
                "[lead]\nemail = { colum = \"x\" }",
                "unknown field `colum`, expected one of `column`, `columns`, `value`",
            ),
            (
                "[lead]\nemail = { column = \"x\", value = \"y\" }",
                "exactly one of column, columns (at least one) and value",
            ),
            ("[lead]\nemail = { prefix = \"y\" }", "exactly one of"),
            ("[lead]\nemail = 5", "the name of a column"),
            ("[file]\nencoding = \"latin\"\n[lead]", "expected one of `auto`, `utf-8`"),
            ("[event]\nkind = \"x\"", "missing field `lead`"),
            ("[lead]\nphone = { column = \"x\", invalid = \"drop\" }", "expected `refuse` or `leave_out`"),
            ("[lead]\nsource = { value = [1] }", "a single value is needed here"),
        ] {
            let problem = ImportMap::parse(toml).unwrap_err();
            assert!(problem.contains(said), "{toml}\n{problem}");
            assert!(problem.contains("line "), "{problem}");
        }
    }
}
