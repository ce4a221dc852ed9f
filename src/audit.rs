//! The append-only record of every change: who changed what, from which value to which, by which
//! rule or person. The lead page reads its timeline from here, and notices will read nothing else.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::kernel::ids::{UserId, new_id};

/// Who acts. An automation acts as itself and is held to the same rules as a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    Person {
        id: UserId,
        name: String,
    },
    /// A rule of the agreement, by its label.
    Rule(String),
    Import {
        id: Uuid,
        name: String,
    },
    /// Baton itself: set-up and scheduled work.
    System,
}

impl Actor {
    pub fn kind(&self) -> &'static str {
        match self {
            Actor::Person { .. } => "person",
            Actor::Rule(_) => "rule",
            Actor::Import { .. } => "import",
            Actor::System => "system",
        }
    }

    pub fn id(&self) -> Option<Uuid> {
        match self {
            Actor::Person { id, .. } => Some(id.0),
            Actor::Import { id, .. } => Some(*id),
            Actor::Rule(_) | Actor::System => None,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Actor::Person { name, .. } | Actor::Import { name, .. } | Actor::Rule(name) => name,
            Actor::System => "Baton",
        }
    }
}

/// One change, as it is recorded.
#[derive(Debug, Clone)]
pub struct Entry {
    /// `lead`, `user`, `agreement` or `import`.
    pub subject_kind: &'static str,
    pub subject_id: Uuid,
    pub actor: Actor,
    /// What happened, in the past tense: `status_changed`, `offered`, `claimed`.
    pub verb: &'static str,
    pub from: Option<String>,
    pub to: Option<String>,
    /// The agreement version that judged it.
    pub version: Option<i32>,
    pub detail: Value,
}

impl Entry {
    pub fn new(subject_kind: &'static str, subject_id: Uuid, actor: &Actor, verb: &'static str) -> Entry {
        Entry {
            subject_kind,
            subject_id,
            actor: actor.clone(),
            verb,
            from: None,
            to: None,
            version: None,
            detail: Value::Object(Default::default()),
        }
    }

    /// The value before and after.
    pub fn change(mut self, from: Option<String>, to: Option<String>) -> Entry {
        (self.from, self.to) = (from, to);
        self
    }

    pub fn version(mut self, version: i32) -> Entry {
        self.version = Some(version);
        self
    }

    pub fn detail(mut self, detail: Value) -> Entry {
        self.detail = detail;
        self
    }
}

/// Records changes in the caller's transaction, in their order.
pub async fn record(conn: &mut PgConnection, at: DateTime<Utc>, entries: &[Entry]) -> sqlx::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = entries.iter().map(|_| new_id(at)).collect();
    let subjects: Vec<Uuid> = entries.iter().map(|e| e.subject_id).collect();
    let subject_kinds: Vec<String> = entries.iter().map(|e| e.subject_kind.to_owned()).collect();
    let actor_kinds: Vec<String> = entries.iter().map(|e| e.actor.kind().to_owned()).collect();
    let actor_ids: Vec<Option<Uuid>> = entries.iter().map(|e| e.actor.id()).collect();
    let actor_names: Vec<String> = entries.iter().map(|e| e.actor.name().to_owned()).collect();
    let verbs: Vec<String> = entries.iter().map(|e| e.verb.to_owned()).collect();
    let froms: Vec<Option<String>> = entries.iter().map(|e| e.from.clone()).collect();
    let tos: Vec<Option<String>> = entries.iter().map(|e| e.to.clone()).collect();
    let versions: Vec<Option<i32>> = entries.iter().map(|e| e.version).collect();
    let details: Vec<Value> = entries.iter().map(|e| e.detail.clone()).collect();
    sqlx::query!(
        "insert into audit_entries (subject_id, id, subject_kind, at, actor_kind, actor_id, actor_name, verb, from_value, to_value, version, detail)
         select s, i, sk, $1, ak, ai, an, v, f, t, ver, d
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::int[], $12::jsonb[])
              as x (s, i, sk, ak, ai, an, v, f, t, ver, d)",
        at,
        &subjects,
        &ids,
        &subject_kinds,
        &actor_kinds,
        &actor_ids as &[Option<Uuid>],
        &actor_names,
        &verbs,
        &froms as &[Option<String>],
        &tos as &[Option<String>],
        &versions as &[Option<i32>],
        &details,
    )
    .execute(conn)
    .await?;
    Ok(())
}
