//! The one door for whatever changes what is known about a lead: store the fact, judge the lead, offer it
//! if due, record it all, in one transaction. One lead or two thousand take the same path.
//!
//! Nothing is locked ahead. An update names the revision that it started from; when somebody else was
//! faster the transaction is taken back and tried again on what is there now.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::judge::{self, Hold, Judgement, Verdict};
use super::model::NewHandoff;
use super::packet::{Packet, RECENT_EVENTS};
use super::queries;
use super::service_levels::Deadline;
use crate::agreement::facts::LeadFacts;
use crate::agreement::terms::Party;
use crate::agreement::versions::{Version, Versions};
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::error::{AppError, AppResult};
use crate::kernel::clock::Clock;
use crate::kernel::ids::{HandoffId, ImportId, LeadId};
use crate::leads::model::{NewEvent, NewLead};
use crate::leads::{Consent, Identity, Lead, queries as leads};
use crate::scoring::{Folded, Interest, ScoredEvent};

/// How often a transaction is tried again when others are faster.
const TRIES: u32 = 12;
/// How far ahead of ours the clock of a reporting system may be.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What intake needs of the application.
#[derive(Clone)]
pub struct Intake {
    pub db: PgPool,
    pub versions: Versions,
    pub clock: Clock,
}

/// A lead that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    pub id: LeadId,
    pub offered: Option<Offered>,
}

/// Where it was offered.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    pub lead: LeadId,
    pub handoff: HandoffId,
    pub queue: String,
}

/// Another lead has this identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    pub identity: Identity,
    pub lead: LeadId,
}

impl fmt::Display for Duplicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Another lead has the {} {}.", self.identity.kind.label(), self.identity.value)
    }
}

/// What a person changes of a lead.
#[derive(Debug, Clone)]
pub struct Change {
    pub facts: LeadFacts,
    pub consent: Consent,
    pub do_not_contact: bool,
    /// E-mail and phone that go with the facts; other identities stay.
    pub identities: Vec<Identity>,
}

/// Why a change was not made.
#[derive(Debug)]
pub enum ChangeRefused {
    /// Somebody changed the lead meanwhile; how it is now.
    Stale(Box<Lead>),
    Duplicate(Duplicate),
}

/// How a lead is named by an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LeadKey {
    Id(LeadId),
    Identity(Identity),
}

/// What became of a row of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOutcome {
    Added(LeadId),
    /// It was there before; nothing was changed.
    Known(LeadId),
    Refused(String),
}

/// What became of a set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BulkOutcome {
    /// One for each row, in order.
    pub rows: Vec<RowOutcome>,
    pub offered: Vec<Offered>,
}

/// What a set leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    All,
    /// A trial: everything is judged as it would be, and taken back.
    Nothing,
}

impl Keep {
    async fn end(self, tx: Transaction<'_, Postgres>) -> sqlx::Result<()> {
        match self {
            Keep::All => tx.commit().await,
            Keep::Nothing => tx.rollback().await,
        }
    }
}

/// Why a transaction did not go through.
enum Fault {
    /// Somebody else was faster: try again.
    Beaten,
    Sql(sqlx::Error),
    Other(anyhow::Error),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Fault {
        // Serialization failure, deadlock.
        let again = error
            .as_database_error()
            .and_then(|e| e.code())
            .is_some_and(|code| code == "40001" || code == "40P01");
        if again { Fault::Beaten } else { Fault::Sql(error) }
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Fault {
        Fault::Other(error)
    }
}

/// Runs a transaction until nobody else is faster.
macro_rules! until_first {
    ($body:expr) => {{
        let mut tries = 0;
        loop {
            match $body {
                Ok(done) => break Ok(done),
                Err(Fault::Beaten) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(u64::from(tries * tries))).await;
                }
                Err(Fault::Beaten) => {
                    break Err(anyhow::anyhow!(
                        "this lead is being changed by many at once; {TRIES} tries failed"
                    ));
                }
                Err(Fault::Sql(error)) => break Err(error.into()),
                Err(Fault::Other(error)) => break Err(error),
            }
        }
    }};
}

/// Brings in one lead with its first events.
pub async fn create(
    app: &App,
    new: NewLead,
    events: Vec<NewEvent>,
    actor: &Actor,
) -> AppResult<Result<Created, Duplicate>> {
    let intake = app.intake();
    let now = app.clock.now();
    let row = (new, events);
    let outcome: anyhow::Result<BulkOutcome> =
        until_first!(try_leads(&intake, std::slice::from_ref(&row), None, actor, now, Keep::All).await);
    let mut outcome = outcome?;
    announce(app, &outcome.offered);
    match outcome.rows.pop() {
        Some(RowOutcome::Added(id)) => Ok(Ok(Created { id, offered: outcome.offered.pop() })),
        Some(RowOutcome::Known(lead)) => {
            let mut conn = app.db.acquire().await?;
            let owners = leads::owners_of(&mut conn, &row.0.identities.iter().collect::<Vec<_>>()).await?;
            match row.0.identities.iter().find(|identity| owners.get(identity) == Some(&lead)) {
                Some(identity) => Ok(Err(Duplicate { identity: identity.clone(), lead })),
                None => {
                    Err(AppError::Conflict("Another lead had this identity a moment ago. Try again.".into()))
                }
            }
        }
        _ => Err(AppError::Internal(anyhow::anyhow!("a new lead had no outcome"))),
    }
}

/// Brings in a set of leads, without telling the open pages.
pub async fn bulk_leads(
    intake: &Intake,
    rows: Vec<NewLead>,
    import: Option<ImportId>,
    actor: &Actor,
) -> anyhow::Result<BulkOutcome> {
    let now = intake.clock.now();
    let rows: Vec<(NewLead, Vec<NewEvent>)> = rows.into_iter().map(|row| (row, vec![])).collect();
    until_first!(try_leads(intake, &rows, import, actor, now, Keep::All).await)
}

/// What `bulk_leads` would do with these rows. Keeps nothing.
pub async fn trial_leads(intake: &Intake, rows: Vec<NewLead>, actor: &Actor) -> anyhow::Result<BulkOutcome> {
    let now = intake.clock.now();
    let rows: Vec<(NewLead, Vec<NewEvent>)> = rows.into_iter().map(|row| (row, vec![])).collect();
    until_first!(try_leads(intake, &rows, None, actor, now, Keep::Nothing).await)
}

async fn try_leads(
    intake: &Intake,
    rows: &[(NewLead, Vec<NewEvent>)],
    import: Option<ImportId>,
    actor: &Actor,
    now: DateTime<Utc>,
    keep: Keep,
) -> Result<BulkOutcome, Fault> {
    let mut tx = intake.db.begin().await?;
    let version = intake.versions.in_force(&mut tx).await?;
    let identities: Vec<&Identity> = rows.iter().flat_map(|(new, _)| &new.identities).collect();
    let mut owners = leads::owners_of(&mut tx, &identities).await?;
    let mut outcome = BulkOutcome::default();
    let mut set = Set::new(&version, now, import);
    let (mut taken, mut events) = (vec![], vec![]);
    for (new, first_events) in rows {
        if let Some(known) = new.identities.iter().find_map(|identity| owners.get(identity)) {
            outcome.rows.push(RowOutcome::Known(*known));
            continue;
        }
        let lead = entering(&version, new, now);
        for identity in &new.identities {
            if owners.insert(identity.clone(), lead.id).is_none() {
                taken.push((identity, lead.id));
            }
        }
        events.extend(first_events.iter().map(|event| (lead.id, event)));
        outcome.rows.push(RowOutcome::Added(lead.id));
        set.entries.push(
            Entry::new("lead", lead.id.0, actor, "created")
                .change(None, Some(lead.status.clone()))
                .version(version.number),
        );
        set.leads.insert(lead.id, Touched { lead, is_new: true, has_open: false, qualified_at: now });
    }
    if set.leads.is_empty() {
        return Ok(outcome);
    }
    if leads::take_identities(&mut tx, &taken).await? < taken.len() as u64 {
        return Err(Fault::Beaten);
    }
    set.count(&mut tx, &events).await?;
    outcome.offered = set.judge_and_save(&mut tx).await?;
    keep.end(tx).await?;
    Ok(outcome)
}

/// A lead as it enters.
fn entering(version: &Version, new: &NewLead, now: DateTime<Utc>) -> Lead {
    let terms = &version.terms;
    let status = terms.jurisdictions.acts.entered.clone();
    Lead {
        id: LeadId::new(now),
        facts: new.facts.clone(),
        consent: new.consent.clone(),
        do_not_contact: new.do_not_contact,
        stage: terms.stage_of(&status),
        status,
        status_since: new.created_at,
        owner: None,
        cycles: 0,
        rest_until: None,
        fit: 0,
        good_fit: false,
        interest: Interest::none(),
        hot_until: None,
        fast_track: None,
        judged_version: version.number,
        revision: 0,
        created_at: new.created_at,
        updated_at: now,
    }
}

/// Adds one event; false when it was known.
pub async fn add_event(app: &App, lead: LeadId, event: NewEvent, actor: &Actor) -> AppResult<bool> {
    let mut outcome = bulk_events(&app.intake(), vec![(LeadKey::Id(lead), event)], None, actor).await?;
    announce(app, &outcome.offered);
    app.live.changed(format!("lead:{lead}"));
    match outcome.rows.pop() {
        Some(RowOutcome::Added(_)) => Ok(true),
        Some(RowOutcome::Known(_)) => Ok(false),
        Some(RowOutcome::Refused(why)) => Err(AppError::Conflict(why)),
        None => Err(AppError::Internal(anyhow::anyhow!("an event had no outcome"))),
    }
}

/// Adds a set of events, without telling the open pages.
pub async fn bulk_events(
    intake: &Intake,
    rows: Vec<(LeadKey, NewEvent)>,
    import: Option<ImportId>,
    actor: &Actor,
) -> anyhow::Result<BulkOutcome> {
    let now = intake.clock.now();
    until_first!(try_events(intake, &rows, import, actor, now, Keep::All).await)
}

/// What `bulk_events` would do with these rows. Keeps nothing.
pub async fn trial_events(
    intake: &Intake,
    rows: Vec<(LeadKey, NewEvent)>,
    actor: &Actor,
) -> anyhow::Result<BulkOutcome> {
    let now = intake.clock.now();
    until_first!(try_events(intake, &rows, None, actor, now, Keep::Nothing).await)
}

async fn try_events(
    intake: &Intake,
    rows: &[(LeadKey, NewEvent)],
    import: Option<ImportId>,
    actor: &Actor,
    now: DateTime<Utc>,
    keep: Keep,
) -> Result<BulkOutcome, Fault> {
    let mut tx = intake.db.begin().await?;
    let version = intake.versions.in_force(&mut tx).await?;
    let identities: Vec<&Identity> = rows
        .iter()
        .filter_map(|(key, _)| if let LeadKey::Identity(identity) = key { Some(identity) } else { None })
        .collect();
    let owners =
        if identities.is_empty() { HashMap::new() } else { leads::owners_of(&mut tx, &identities).await? };
    let lead_of = |key: &LeadKey| match key {
        LeadKey::Id(id) => Some(*id),
        LeadKey::Identity(identity) => owners.get(identity).copied(),
    };
    let mut ids: Vec<Uuid> = rows.iter().filter_map(|(key, _)| lead_of(key)).map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut set = Set::new(&version, now, import);
    set.load(&mut tx, &ids).await?;

    let mut outcome = BulkOutcome::default();
    let mut seen = HashSet::new();
    let mut events = vec![];
    for (key, event) in rows {
        let refused = |why: String| RowOutcome::Refused(why);
        outcome.rows.push(match lead_of(key).filter(|id| set.leads.contains_key(id)) {
            None => refused(match key {
                LeadKey::Identity(identity) => format!(
                    "No lead has the {} {}. Import the leads first.",
                    identity.kind.label(),
                    identity.value
                ),
                LeadKey::Id(_) => "There is no such lead.".into(),
            }),
            Some(_) if event.occurred_at > now + CLOCK_SKEW => refused(format!(
                "The event lies in the future ({}). Check its date and time zone.",
                event.occurred_at.to_rfc3339()
            )),
            Some(lead) if !seen.insert((lead, event.id())) => RowOutcome::Known(lead),
            Some(lead) => {
                events.push((lead, event));
                RowOutcome::Added(lead)
            }
        });
    }
    let added = set.count(&mut tx, &events).await?;
    let known: HashSet<(LeadId, Uuid)> =
        events.iter().map(|(lead, event)| (*lead, event.id())).filter(|pair| !added.contains(pair)).collect();
    for ((_, event), row) in rows.iter().zip(&mut outcome.rows) {
        if let RowOutcome::Added(lead) = *row
            && known.contains(&(lead, event.id()))
        {
            *row = RowOutcome::Known(lead);
        }
    }
    // Leads whose events were all known are as they were.
    let touched: HashSet<LeadId> = added.iter().map(|(lead, _)| *lead).collect();
    set.leads.retain(|id, _| touched.contains(id));
    if import.is_none() {
        for (lead, event) in events.iter().filter(|(lead, event)| added.contains(&(*lead, event.id()))) {
            set.entries.push(
                Entry::new("lead", lead.0, actor, "event_added").change(None, Some(event.kind.clone())),
            );
            if let Some(touched) = set.leads.get_mut(lead) {
                touched.qualified_at = event.occurred_at.min(now);
            }
        }
    }
    outcome.offered = set.judge_and_save(&mut tx).await?;
    keep.end(tx).await?;
    Ok(outcome)
}

/// Changes what is known of a lead, if it is still the revision that the person saw.
pub async fn change(
    app: &App,
    id: LeadId,
    revision: i64,
    change: Change,
    actor: &Actor,
) -> AppResult<Result<(), ChangeRefused>> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let version = app.versions.in_force(&mut tx).await?;
    let loaded =
        leads::load(&mut tx, id).await?.ok_or_else(|| AppError::NotFound("There is no such lead.".into()))?;
    if loaded.lead.revision != revision {
        return Ok(Err(ChangeRefused::Stale(Box::new(loaded.lead))));
    }
    let before = leads::identities(&mut tx, id).await?;
    use crate::leads::IdentityKind::{Email, Phone};
    let released: Vec<&Identity> =
        before.iter().filter(|i| matches!(i.kind, Email | Phone) && !change.identities.contains(i)).collect();
    leads::release_identities(&mut tx, id, &released).await?;
    let fresh: Vec<(&Identity, LeadId)> =
        change.identities.iter().filter(|i| !before.contains(i)).map(|i| (i, id)).collect();
    if leads::take_identities(&mut tx, &fresh).await? < fresh.len() as u64 {
        tx.rollback().await?;
        let mut conn = app.db.acquire().await?;
        let owners =
            leads::owners_of(&mut conn, &fresh.iter().map(|(identity, _)| *identity).collect::<Vec<_>>())
                .await?;
        let duplicate = owners
            .into_iter()
            .find(|(_, lead)| *lead != id)
            .map(|(identity, lead)| Duplicate { identity, lead });
        return duplicate.map(|d| Err(ChangeRefused::Duplicate(d))).ok_or_else(|| {
            AppError::Conflict("The address was free again a moment later. Save once more.".into())
        });
    }
    let mut set = Set::new(&version, now, None);
    set.entries.push(Entry::new("lead", id.0, actor, "changed").detail(difference(&loaded.lead, &change)));
    let mut lead = loaded.lead;
    (lead.facts, lead.consent, lead.do_not_contact) = (change.facts, change.consent, change.do_not_contact);
    set.leads
        .insert(id, Touched { lead, is_new: false, has_open: loaded.has_open_handoff, qualified_at: now });
    match set.judge_and_save(&mut tx).await {
        Ok(offered) => {
            tx.commit().await?;
            announce(app, &offered);
            app.live.changed(format!("lead:{id}"));
            Ok(Ok(()))
        }
        Err(Fault::Beaten) => {
            tx.rollback().await?;
            let now_stored = leads::load(&mut *app.db.acquire().await?, id)
                .await?
                .ok_or_else(|| AppError::NotFound("There is no such lead.".into()))?;
            Ok(Err(ChangeRefused::Stale(Box::new(now_stored.lead))))
        }
        Err(Fault::Sql(error)) => Err(error.into()),
        Err(Fault::Other(error)) => Err(error.into()),
    }
}

/// The changed fields, from and to.
fn difference(lead: &Lead, change: &Change) -> serde_json::Value {
    let before = json!({ "facts": lead.facts, "consent": consent_fields(&lead.consent), "do_not_contact": lead.do_not_contact });
    let after = json!({ "facts": change.facts, "consent": consent_fields(&change.consent), "do_not_contact": change.do_not_contact });
    let mut changes = serde_json::Map::new();
    for (group, fields) in before.as_object().into_iter().flatten() {
        let keys: HashSet<&String> = [fields, &after[group]]
            .into_iter()
            .filter_map(|v| v.as_object())
            .flat_map(|o| o.keys())
            .collect();
        for key in keys {
            if fields[key] != after[group][key] {
                changes.insert(key.clone(), json!([fields[key], after[group][key]]));
            }
        }
    }
    if before["do_not_contact"] != after["do_not_contact"] {
        changes.insert("do_not_contact".into(), json!([before["do_not_contact"], after["do_not_contact"]]));
    }
    serde_json::Value::Object(changes)
}

/// Consent by names that no fact bears, so that the record can be read backwards.
fn consent_fields(consent: &Consent) -> serde_json::Value {
    json!({
        "may_store": consent.may_store,
        "may_contact": consent.may_contact,
        "consent_basis": consent.basis,
        "consent_source": consent.source,
        "consent_at": consent.at,
    })
}

/// Judges leads again under the version in force, from all their events.
pub async fn rejudge(intake: &Intake, ids: &[Uuid]) -> anyhow::Result<Vec<Offered>> {
    rejudge_at(intake, ids, intake.clock.now()).await
}

/// The same as of the act that made it needed, so that the record tells one instant of both.
pub async fn rejudge_at(intake: &Intake, ids: &[Uuid], now: DateTime<Utc>) -> anyhow::Result<Vec<Offered>> {
    until_first!(try_rejudge(intake, ids, now).await)
}

async fn try_rejudge(intake: &Intake, ids: &[Uuid], now: DateTime<Utc>) -> Result<Vec<Offered>, Fault> {
    let mut tx = intake.db.begin().await?;
    let version = intake.versions.in_force(&mut tx).await?;
    let mut set = Set::new(&version, now, None);
    set.load(&mut tx, ids).await?;
    let all: Vec<LeadId> = set.leads.keys().copied().collect();
    set.replay(&mut tx, &all).await?;
    let offered = set.judge_and_save(&mut tx).await?;
    tx.commit().await?;
    Ok(offered)
}

/// Tells the open pages of a node what was offered.
pub fn announce(app: &App, offered: &[Offered]) {
    for queue in offered.iter().map(|offered| &offered.queue).collect::<HashSet<_>>() {
        app.live.changed(format!("queue:{queue}"));
    }
}

/// A lead in hand.
pub struct Touched {
    pub lead: Lead,
    pub is_new: bool,
    pub has_open: bool,
    /// The moment that speed-to-lead counts from, if this makes it due.
    pub qualified_at: DateTime<Utc>,
}

/// Leads that are judged and saved together.
struct Set<'a> {
    version: &'a Version,
    now: DateTime<Utc>,
    import: Option<ImportId>,
    leads: BTreeMap<LeadId, Touched>,
    entries: Vec<Entry>,
}

impl<'a> Set<'a> {
    fn new(version: &'a Version, now: DateTime<Utc>, import: Option<ImportId>) -> Set<'a> {
        Set { version, now, import, leads: BTreeMap::new(), entries: vec![] }
    }

    async fn load(&mut self, conn: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<()> {
        for loaded in leads::load_many(conn, ids).await? {
            let touched = Touched {
                lead: loaded.lead,
                is_new: false,
                has_open: loaded.has_open_handoff,
                qualified_at: self.now,
            };
            self.leads.insert(touched.lead.id, touched);
        }
        Ok(())
    }

    /// Appends events and counts those that were not known into the leads' interest.
    async fn count(
        &mut self,
        conn: &mut PgConnection,
        events: &[(LeadId, &NewEvent)],
    ) -> Result<HashSet<(LeadId, Uuid)>, Fault> {
        if events.is_empty() {
            return Ok(HashSet::new());
        }
        let added: HashSet<(LeadId, Uuid)> =
            leads::append_events(conn, events, self.import, self.now).await?.into_iter().collect();
        let mut fresh: Vec<&(LeadId, &NewEvent)> =
            events.iter().filter(|(lead, event)| added.contains(&(*lead, event.id()))).collect();
        fresh.sort_by_key(|(lead, event)| (*lead, event.occurred_at));
        let rules = self.version.terms.interest.scoring();
        let mut late = vec![];
        for (id, event) in fresh {
            let Some(touched) = self.leads.get_mut(id) else { continue };
            judge::note_fast_track(&self.version.terms, &mut touched.lead, event);
            let properties = serde_json::Value::Object(event.properties.clone());
            let scored =
                ScoredEvent { kind: &event.kind, properties: &properties, occurred_at: event.occurred_at };
            // A lead that an older version judged last has parts of that version's rules.
            let is_stale = touched.lead.judged_version != self.version.number;
            if is_stale || touched.lead.interest.fold(&rules, &scored) == Folded::NeedsReplay {
                late.push(*id);
            }
        }
        late.dedup();
        self.replay(conn, &late).await?;
        Ok(added)
    }

    /// Counts all events of these leads anew.
    async fn replay(&mut self, conn: &mut PgConnection, ids: &[LeadId]) -> sqlx::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let rows = leads::events_of(conn, &ids.iter().map(|id| id.0).collect::<Vec<_>>()).await?;
        let mut by_lead: HashMap<LeadId, Vec<ScoredEvent>> = HashMap::new();
        for row in &rows {
            by_lead.entry(row.lead_id).or_default().push(ScoredEvent {
                kind: &row.kind,
                properties: &row.properties,
                occurred_at: row.occurred_at,
            });
        }
        let rules = self.version.terms.interest.scoring();
        for id in ids {
            if let Some(touched) = self.leads.get_mut(id) {
                touched.lead.interest = Interest::replay(&rules, by_lead.entry(*id).or_default());
            }
        }
        Ok(())
    }

    /// Judges every lead, offers those that are due, and writes leads, handoffs and record.
    async fn judge_and_save(mut self, conn: &mut PgConnection) -> Result<Vec<Offered>, Fault> {
        let mut offers = vec![];
        let mut entries = std::mem::take(&mut self.entries);
        for touched in self.leads.values_mut() {
            retire_status(self.version, &mut touched.lead, self.now, &mut entries);
            let judgement = judge::judge(self.version, &touched.lead, touched.has_open, self.now);
            if let Some(handoff) =
                settle(self.version, touched, judgement, self.now, || HandoffId::new(self.now), &mut entries)
            {
                offers.push(handoff);
            }
        }
        let (new, old): (Vec<&Touched>, Vec<&Touched>) =
            self.leads.values().partition(|touched| touched.is_new);
        let new: Vec<&Lead> = new.into_iter().map(|touched| &touched.lead).collect();
        let changed: Vec<&Lead> = old.iter().map(|touched| &touched.lead).collect();
        if !new.is_empty() {
            leads::insert(conn, &new, self.import).await?;
        }
        if !changed.is_empty() && leads::update(conn, &changed).await? < changed.len() as u64 {
            return Err(Fault::Beaten);
        }
        let waiting: Vec<&Lead> =
            old.iter().filter(|touched| touched.has_open).map(|touched| &touched.lead).collect();
        queries::follow_heat(conn, &waiting).await?;
        let offered = self.offer(conn, offers).await?;
        audit::record(conn, self.now, &entries).await?;
        Ok(offered)
    }

    async fn offer(
        &self,
        conn: &mut PgConnection,
        mut offers: Vec<NewHandoff>,
    ) -> Result<Vec<Offered>, Fault> {
        if offers.is_empty() {
            return Ok(vec![]);
        }
        let ids: Vec<Uuid> = offers.iter().map(|offer| offer.lead_id.0).collect();
        let mut recent: HashMap<LeadId, Vec<leads::EventRow>> = HashMap::new();
        for event in leads::recent_events(conn, &ids, RECENT_EVENTS).await? {
            recent.entry(event.lead_id).or_default().push(event);
        }
        for offer in &mut offers {
            if let Some(touched) = self.leads.get(&offer.lead_id) {
                let category = crate::scoring::CategoryKey::parse(offer.category)
                    .unwrap_or(crate::scoring::CategoryKey::LowInterestBadFit);
                let packet = Packet::freeze(
                    self.version,
                    &touched.lead,
                    category,
                    recent.remove(&offer.lead_id).unwrap_or_default(),
                    self.now,
                );
                offer.packet = serde_json::to_value(packet).map_err(anyhow::Error::from)?;
            }
        }
        queries::insert(conn, &offers).await?;
        Ok(offers
            .into_iter()
            .map(|offer| Offered { lead: offer.lead_id, handoff: offer.id, queue: offer.queue })
            .collect())
    }
}

/// Moves a lead whose status the version gave up to where it says.
fn retire_status(version: &Version, lead: &mut Lead, now: DateTime<Utc>, entries: &mut Vec<Entry>) {
    let retired = version.terms.retired_statuses.iter().find(|retired| retired.key == lead.status);
    if let Some(retired) = retired {
        let rule = Actor::Rule(format!("Retired status “{}”", retired.label));
        move_to(version, lead, &retired.to, &rule, now, entries);
    }
}

/// Puts a judgement into effect on the lead in hand, and records what it changed. Returns the handoff to offer,
/// still without its packet.
pub fn settle(
    version: &Version,
    touched: &mut Touched,
    judgement: Judgement,
    now: DateTime<Utc>,
    new_id: impl FnOnce() -> HandoffId,
    entries: &mut Vec<Entry>,
) -> Option<NewHandoff> {
    let terms = &version.terms;
    let lead = &mut touched.lead;
    let before = crate::scoring::CategoryKey::of(
        &terms.categories.thresholds(),
        lead.fit,
        lead.hot_until.is_some_and(|until| until > now),
    );
    if !touched.is_new && before != judgement.category {
        let rule = Actor::Rule("Categories".into());
        entries.push(
            Entry::new("lead", lead.id.0, &rule, "category_changed")
                .change(Some(before.to_string()), Some(judgement.category.to_string()))
                .version(version.number),
        );
    }
    (lead.fit, lead.good_fit, lead.hot_until) = (judgement.fit, judgement.good_fit, judgement.hot_until);
    lead.judged_version = version.number;
    lead.updated_at = now;
    let rule = Actor::Rule("Handoff criteria".into());
    match judgement.verdict {
        Verdict::Offer(offer) => {
            let deadline = Deadline::claim(&version.calendar, &offer.promise, now);
            move_to(version, lead, &terms.jurisdictions.acts.offered, &rule, now, entries);
            lead.cycles += 1;
            lead.rest_until = None;
            // A fast track is used up by the offer that it made.
            lead.fast_track = None;
            let id = new_id();
            let detail = json!({ "handoff": id, "queue": offer.queue, "rule": offer.routing_rule, "fast_track": offer.fast_track, "cycle": lead.cycles });
            entries.push(
                Entry::new("lead", lead.id.0, &rule, "offered")
                    .change(None, Some(offer.queue.clone()))
                    .version(version.number)
                    .detail(detail),
            );
            Some(NewHandoff {
                lead_id: lead.id,
                id,
                cycle: lead.cycles,
                version: version.number,
                queue: offer.queue,
                routing_rule: offer.routing_rule,
                category: judgement.category.as_str(),
                fast_track: offer.fast_track,
                packet: serde_json::Value::Null,
                qualified_at: touched.qualified_at,
                offered_at: now,
                claim_risk_at: deadline.risk_at,
                claim_due_at: deadline.due_at,
                hot_until: lead.hot_until,
            })
        }
        // Nothing but missing fields keeps it back: it counts as qualified, and marketing sees what to fill in.
        Verdict::Held(holds) if holds.iter().all(|hold| matches!(hold, Hold::MissingFields(_))) => {
            let qualified = &terms.jurisdictions.acts.qualified;
            let permitted = terms.may_move(&lead.status, qualified, Party::System);
            if permitted.is_ok_and(|to| terms.is_filled_in(to, |field| lead.facts.has(field)).is_ok()) {
                move_to(version, lead, qualified, &rule, now, entries);
            }
            None
        }
        Verdict::Held(_) | Verdict::NotDue(_) | Verdict::AlreadyOpen => None,
    }
}

/// Gives the lead a status and records it. The caller has asked whether it may.
pub fn move_to(
    version: &Version,
    lead: &mut Lead,
    to: &str,
    actor: &Actor,
    now: DateTime<Utc>,
    entries: &mut Vec<Entry>,
) {
    entries.push(
        Entry::new("lead", lead.id.0, actor, "status_changed")
            .change(Some(lead.status.clone()), Some(to.to_owned()))
            .version(version.number),
    );
    lead.status = to.to_owned();
    lead.stage = version.terms.stage_of(to);
    lead.status_since = now;
}
