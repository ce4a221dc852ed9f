//! Back-tests: the replay is the engine, and the figures open their leads.

use std::collections::BTreeMap;
use std::ops::Range;

use baton::agreement::actions as agreement;
use baton::agreement::terms::{Route, Terms};
use baton::agreement::versions::Version;
use baton::audit::Actor;
use baton::auth::User;
use baton::back_tests::history::History;
use baton::back_tests::replay::{Pass, replay};
use baton::back_tests::run::Plan;
use baton::deals::{self, actions::Ending, model::DealForm};
use baton::demo::{self, Demo, Made};
use baton::handoffs::actions::{self, HandBack, NewActivity};
use baton::handoffs::intake::{self, Change, LeadKey};
use baton::jobs;
use baton::kernel::clock::Clock;
use baton::kernel::ids::{DealId, HandoffId, LeadId};
use baton::leads::model::NewEvent;
use baton::leads::{Identity, IdentityKind};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use crate::support::{self, TestApp, event, good_fit, monday};

/// A handoff as both the record and a replay tell it: lead, time, queue, rule, category, fast track.
type Told = (Uuid, DateTime<Utc>, String, Option<String>, String, Option<String>);

async fn plan(app: &TestApp, draft: Option<Terms>, window: Range<DateTime<Utc>>) -> Plan {
    let mut conn = app.pool().acquire().await.unwrap();
    let in_force = app.app.versions.in_force(&mut conn).await.unwrap();
    let draft = Version::of(99, draft.unwrap_or_else(|| in_force.terms.clone())).unwrap();
    Plan::of(&mut conn, &app.app.versions, draft, in_force, window).await.unwrap()
}

async fn histories(app: &TestApp, plan: &Plan) -> Vec<History> {
    let mut conn = app.pool().acquire().await.unwrap();
    plan.histories(&mut conn, Uuid::nil(), Uuid::max()).await.unwrap()
}

fn told(lead: LeadId, pass: Pass) -> Told {
    let category = pass.category.as_str().to_owned();
    (lead.0, pass.at, pass.queue, pass.routing_rule, category, pass.fast_track)
}

/// What the version in force makes of a window.
async fn replayed(app: &TestApp, window: &Range<DateTime<Utc>>) -> Vec<Told> {
    let plan = plan(app, None, window.clone()).await;
    assert!(!plan.in_force.judges_at_start, "it was in force when the window began");
    let mut all = vec![];
    for history in histories(app, &plan).await {
        let passes = replay(&plan.in_force, &history, plan.kinds(), window);
        all.extend(passes.into_iter().map(|pass| told(history.lead, pass)));
    }
    all.sort();
    all
}

async fn recorded(app: &TestApp, window: &Range<DateTime<Utc>>) -> Vec<Told> {
    let mut all: Vec<Told> = sqlx::query_as(
        "select lead_id, offered_at, queue, routing_rule, category, fast_track from handoffs where offered_at >= $1 and offered_at < $2",
    )
    .bind(window.start)
    .bind(window.end)
    .fetch_all(app.pool())
    .await
    .unwrap();
    all.sort();
    all
}

async fn assert_exact(app: &TestApp, window: Range<DateTime<Utc>>, at_least: usize) {
    let (recorded, replayed) = (recorded(app, &window).await, replayed(app, &window).await);
    let missing: Vec<&Told> = recorded.iter().filter(|told| !replayed.contains(told)).take(3).collect();
    let invented: Vec<&Told> = replayed.iter().filter(|told| !recorded.contains(told)).take(3).collect();
    assert_eq!(replayed, recorded, "missing: {missing:#?} invented: {invented:#?}");
    assert!(recorded.len() >= at_least, "{} handoffs prove little", recorded.len());
}

/// Chance that falls the same way every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}

/// Everybody of an office that does at random what the application permits, as the clock goes on.
struct Office<'a> {
    app: &'a TestApp,
    dice: Dice,
    rep: User,
    marketer: User,
    leads: Vec<LeadId>,
    /// How often each act went through.
    done: BTreeMap<&'static str, usize>,
}

impl Office<'_> {
    async fn act(&mut self) {
        let step = TimeDelta::minutes(self.dice.below(300) as i64 + 1) + TimeDelta::microseconds(7);
        self.app.advance(step);
        let lead = *self.dice.pick(&self.leads);
        let (act, went_through) = match self.dice.below(22) {
            0 => ("created", self.create().await),
            1..=8 => ("event", self.event(lead).await),
            9 => ("burst", self.burst(lead).await),
            10 => ("changed", self.change(lead).await),
            11 | 12 => ("claimed", self.claim().await),
            13 | 14 => ("contacted", self.contact().await),
            15 => ("handed back", self.hand_back().await),
            16 => ("withdrawn", self.withdraw().await),
            17 | 18 => ("moved by hand", self.move_by_hand(lead).await),
            19 | 20 => ("deal opened", self.open_deal().await),
            _ => ("deal closed", self.close_deal().await),
        };
        *self.done.entry(act).or_default() += usize::from(went_through);
    }

    fn new_event(&mut self) -> NewEvent {
        let kinds = [
            "page_view",
            "pricing_view",
            "form_submit",
            "reply",
            "content_download",
            "website_behaviour",
            "webinar_attended",
            "demo_request",
            "something_else",
        ];
        let kind = *self.dice.pick(&kinds);
        // Some are heard of long after they occurred.
        let late = if self.dice.below(4) == 0 { self.dice.below(9 * 1440) as i64 } else { 0 };
        let mut event = event(kind, self.app.app.clock.now() - TimeDelta::minutes(late));
        event.properties.insert("url".into(), json!(self.dice.pick(&["/", "/pricing"])));
        event.properties.insert("total_visits".into(), json!(self.dice.below(6)));
        event
    }

    async fn create(&mut self) -> bool {
        let mut new = good_fit(&format!("Lead {}", self.leads.len()));
        if self.dice.below(3) == 0 {
            (new.facts.seniority, new.facts.employees) = (None, Some(4));
        }
        if self.dice.below(3) == 0 {
            new.facts.company = None;
        }
        new.created_at = self.app.app.clock.now() - TimeDelta::days(self.dice.below(3) as i64);
        let events = (0..self.dice.below(3)).map(|_| self.new_event()).collect();
        let created = intake::create(&self.app.app, new, events, &Actor::System).await.unwrap().unwrap();
        self.leads.push(created.id);
        true
    }

    async fn event(&mut self, lead: LeadId) -> bool {
        let event = self.new_event();
        intake::add_event(&self.app.app, lead, event, &Actor::System).await.unwrap()
    }

    async fn burst(&mut self, lead: LeadId) -> bool {
        let rows = (0..3).map(|_| (LeadKey::Id(lead), self.new_event())).collect();
        intake::bulk_events(&self.app.app.intake(), rows, None, &Actor::System).await.unwrap();
        true
    }

    async fn change(&mut self, lead: LeadId) -> bool {
        let before = self.app.load(lead).await;
        let mut change = Change {
            facts: before.facts.clone(),
            consent: before.consent.clone(),
            do_not_contact: before.do_not_contact,
            identities: before
                .facts
                .email
                .iter()
                .map(|email| Identity { kind: IdentityKind::Email, value: email.clone() })
                .collect(),
        };
        match self.dice.below(5) {
            0 => change.facts.seniority = self.dice.pick(&[None, Some("director".to_owned())]).clone(),
            1 => change.facts.employees = Some(*self.dice.pick(&[4, 250, 2_000])),
            2 => change.facts.company = self.dice.pick(&[None, Some("Acme".to_owned())]).clone(),
            3 => {
                change.consent.may_contact = !change.consent.may_contact;
                change.consent.source = Some("by phone".into());
                change.facts.source = Some("trade fair".into());
            }
            _ => change.do_not_contact = !change.do_not_contact,
        }
        intake::change(&self.app.app, lead, before.revision, change, &self.marketer.actor())
            .await
            .unwrap()
            .is_ok()
    }

    async fn claim(&mut self) -> bool {
        actions::claim_next(&self.app.app, &self.rep, None).await.is_ok_and(|claimed| claimed.is_some())
    }

    async fn contact(&mut self) -> bool {
        let Some((lead, _)) = self.any(&["claimed"]).await else { return false };
        actions::log_activity(&self.app.app, &self.rep, lead, &call()).await.is_ok_and(|r| r.is_ok())
    }

    async fn hand_back(&mut self) -> bool {
        let Some((lead, handoff)) = self.any(&["claimed", "contacted"]).await else { return false };
        let reason = (*self.dice.pick(&["facts_wrong", "not_now", "no_budget", "not_a_buyer"])).to_owned();
        let in_days = self.app.app.clock.now() + TimeDelta::days(self.dice.below(20) as i64 + 2);
        let named = in_days.date_naive().to_string();
        let nurture_until = self.dice.pick(&[String::new(), named]).clone();
        let form = HandBack { reason, note: "Not now".into(), nurture_until };
        actions::hand_back(&self.app.app, &self.rep, lead, handoff, &form).await.is_ok_and(|r| r.is_ok())
    }

    async fn withdraw(&mut self) -> bool {
        let Some((lead, handoff)) = self.any(&["offered"]).await else { return false };
        actions::withdraw(&self.app.app, &self.marketer, lead, handoff, "Not now.").await.is_ok()
    }

    async fn move_by_hand(&mut self, lead: LeadId) -> bool {
        let to = *self.dice.pick(&["new", "nurturing", "recycled", "disqualified"]);
        actions::change_status(&self.app.app, &self.marketer, lead, to, "sorted")
            .await
            .is_ok_and(|r| r.is_ok())
    }

    async fn open_deal(&mut self) -> bool {
        let Some((lead, _)) = self.any(&["contacted"]).await else { return false };
        let form = DealForm {
            name: "Pilot".into(),
            amount: "100".into(),
            currency: "EUR".into(),
            expected_close: "2028-01-31".into(),
        };
        deals::actions::open(&self.app.app, &self.rep, lead, &form).await.is_ok_and(|r| r.is_ok())
    }

    async fn close_deal(&mut self) -> bool {
        let deal: Option<(Uuid, Uuid)> =
            sqlx::query_as("select id, lead_id from deals where state = 'open' order by id limit 1")
                .fetch_optional(self.app.pool())
                .await
                .unwrap();
        let Some((deal, lead)) = deal else { return false };
        let ending = *self.dice.pick(&[Ending::Won, Ending::Lost]);
        deals::actions::close(&self.app.app, &self.rep, LeadId(lead), DealId(deal), ending, "so it went")
            .await
            .is_ok_and(|r| r.is_ok())
    }

    /// Any handoff in one of these states, or in none.
    async fn any(&mut self, states: &[&str]) -> Option<(LeadId, HandoffId)> {
        let states: Vec<String> = states.iter().map(|state| (*state).to_owned()).collect();
        let found: Vec<(Uuid, Uuid)> =
            sqlx::query_as("select lead_id, id from handoffs where state = any($1) order by offered_at, id")
                .bind(states)
                .fetch_all(self.app.pool())
                .await
                .unwrap();
        (!found.is_empty()).then(|| *self.dice.pick(&found)).map(|(lead, id)| (LeadId(lead), HandoffId(id)))
    }
}

fn call() -> NewActivity {
    NewActivity { kind: "call".into(), outcome: "connected".into(), body: "Spoke".into() }
}

#[tokio::test]
async fn replaying_what_an_office_did_through_the_application_gives_the_recorded_handoffs_exactly() {
    let app = support::app().await;
    app.unlimited_capacity().await;
    app.advance(TimeDelta::days(1));
    let (rep, marketer) = (app.person("sales", "manager").await, app.person("marketing", "manager").await);
    let mut office = Office { app: &app, dice: Dice(5), rep, marketer, leads: vec![], done: BTreeMap::new() };
    for _ in 0..12 {
        office.create().await;
    }
    let began = app.app.clock.now();
    for _ in 0..2_000 {
        office.act().await;
    }
    let done = office.done.clone();
    assert!(done.len() == 11 && done.values().all(|times| *times >= 8), "every act is tried: {done:?}");
    let ended = app.app.clock.now();
    assert_exact(&app, monday() + TimeDelta::hours(1)..ended + TimeDelta::seconds(1), 60).await;
    // From in the midst of it, with handoffs open and leads at rest, to long before its end.
    let part = (ended - began) / 5;
    for n in 1..4 {
        assert_exact(&app, began + part * n..began + part * (n + 1), 5).await;
    }
}

#[tokio::test]
async fn replaying_the_past_of_a_demo_company_gives_the_recorded_handoffs_exactly() {
    let app = support::app().await;
    let demo = Demo { seed: 11, leads: 700, base: monday() };
    let made = demo::make(&mut app.pool().acquire().await.unwrap(), demo, |_| ()).await.unwrap();
    assert!(matches!(made, Made::Rows(_)));
    for days in [365, 90, 30, 7] {
        let at_least = if days == 7 { 10 } else { 50 };
        assert_exact(&app, monday() - TimeDelta::days(days)..monday(), at_least).await;
    }
    // A window that ended long ago.
    assert_exact(&app, monday() - TimeDelta::days(120)..monday() - TimeDelta::days(45), 50).await;
}

/// A draft of other terms.
async fn draft(app: &TestApp, manager: &User, change: impl Fn(&mut Terms)) -> i32 {
    let number = agreement::begin_draft(&app.app, manager).await.unwrap();
    redraft(app, manager, number, change).await;
    number
}

async fn redraft(app: &TestApp, manager: &User, number: i32, change: impl Fn(&mut Terms)) {
    let changed = agreement::change_draft(&app.app, manager, number, &[], |terms| {
        let mut terms = terms.clone();
        change(&mut terms);
        Ok::<_, ()>(terms)
    });
    changed.await.unwrap().unwrap();
}

/// Hands over nobody but perfect fits.
fn strict(terms: &mut Terms) {
    terms.categories.fit_good = 100;
    terms.categories.high_interest_low_fit.route = Route::Park;
    terms.handoff.fast_tracks.iter_mut().for_each(|track| track.good_fit_only = true);
}

/// Hands over whoever did anything.
fn generous(terms: &mut Terms) {
    terms.categories.interest_high = 1.0;
}

async fn work_off(app: &TestApp) {
    jobs::worker(&app.working(), std::future::pending()).await.unwrap().run_once().await.unwrap();
}

/// An installation a week before the others here, so that its past ends where they begin.
async fn a_week_ago() -> TestApp {
    support::app_at(Clock::manual(monday() - TimeDelta::days(7))).await
}

/// A lead that was won, one that came back, and one that only looked around, each a day apart.
async fn a_little_past(app: &TestApp) -> [LeadId; 3] {
    let rep = app.person("sales", "manager").await;
    let mut leads = vec![];
    for name in ["Anna Won", "Ben Back"] {
        app.advance(TimeDelta::hours(1));
        let lead = app.offered(name).await;
        app.advance(TimeDelta::hours(1));
        let (_, handoff) = actions::claim_next(&app.app, &rep, None).await.unwrap().unwrap();
        app.advance(TimeDelta::minutes(5));
        actions::log_activity(&app.app, &rep, lead, &call()).await.unwrap().unwrap();
        app.advance(TimeDelta::days(1));
        if name == "Anna Won" {
            let form = DealForm {
                name: "Pilot".into(),
                amount: "100".into(),
                currency: "EUR".into(),
                expected_close: "2028-01-31".into(),
            };
            let deal = deals::actions::open(&app.app, &rep, lead, &form).await.unwrap().unwrap();
            app.advance(TimeDelta::days(1));
            deals::actions::close(&app.app, &rep, lead, deal, Ending::Won, "it fits").await.unwrap().unwrap();
        } else {
            let form =
                HandBack { reason: "not_now".into(), note: "Later".into(), nurture_until: String::new() };
            actions::hand_back(&app.app, &rep, lead, handoff, &form).await.unwrap().unwrap();
        }
        leads.push(lead);
    }
    let looker = app.good_fit("Cleo Looks").await;
    app.advance(TimeDelta::minutes(5));
    app.event(looker, "page_view").await;
    app.advance(TimeDelta::days(1));
    [leads[0], leads[1], looker]
}

#[tokio::test]
async fn a_manager_sees_what_a_draft_would_have_missed_and_every_figure_opens_its_leads() {
    let app = a_week_ago().await;
    let [won, back, _] = a_little_past(&app).await;
    let mut manager = app.client("marketing", "manager").await;
    let number = draft(&app, manager.me(), strict).await;
    let list = format!("/agreement/{number}/back-tests");
    assert!(manager.get(&list).await.text(".empty-title").contains("not been tried on the past"));
    let started = manager.post(&list, &[("days", "30")]).await;
    assert_eq!(started.status, 303, "{}", started.body);
    let path = started.location().to_owned();
    assert!(manager.get(&path).await.text(".work-label").contains("0 of 0 leads"));
    assert_eq!(manager.post(&list, &[("days", "30")]).await.status, 409, "one at a time");
    work_off(&app).await;

    let page = manager.get(&path).await;
    assert!(page.text("h1").contains("done") && !page.has("progress"));
    let highlights: Vec<String> = page.texts(".highlight");
    assert!(highlights.iter().any(|text| text.starts_with("leads lost 2")), "{highlights:?}");
    assert!(highlights.iter().any(|text| text.starts_with("won leads missed 1")), "{highlights:?}");
    assert!(highlights.iter().any(|text| text.starts_with("hand-backs avoided 1")), "{highlights:?}");
    for href in page.attributes("#back-test a[href*='figure=']", "href") {
        let leads = app.sign_in(manager.me()).await.get(&href).await;
        assert!(leads.status == 200 && leads.has("tbody tr"), "{href} is empty");
    }
    let missed = manager.get(&format!("{path}/leads?figure=won_missed")).await;
    assert_eq!(missed.attributes("tbody a", "href"), [format!("/leads/{won}")]);
    let avoided = manager.get(&format!("{path}/leads?figure=hand_backs_avoided")).await;
    assert_eq!(avoided.attributes("tbody a", "href"), [format!("/leads/{back}")]);
    assert_eq!(manager.get(&format!("{path}/leads?figure=luck")).await.status, 404);
    assert!(manager.get(&list).await.text("tbody tr").contains("done"));

    let mut rep = app.rep().await;
    assert_eq!(rep.get(&path).await.status, 200, "everybody may read it");
    assert!(!rep.get(&list).await.has("main form"));
    assert_eq!(rep.post(&list, &[("days", "30")]).await.status, 403);
}

#[tokio::test]
async fn a_lead_that_only_the_draft_hands_over_is_gained_and_its_outcome_is_unknown() {
    let app = a_week_ago().await;
    let [.., looker] = a_little_past(&app).await;
    let now = app.app.clock.now();
    let mut generous_terms = Terms::default_agreement();
    generous(&mut generous_terms);
    // A window that begins after the page view: the draft comes into force then.
    let window = now - TimeDelta::hours(2)..now;
    let plan = plan(&app, Some(generous_terms), window.clone()).await;
    assert!(plan.draft.judges_at_start && !plan.in_force.judges_at_start);
    let histories = histories(&app, &plan).await;
    let history = histories.iter().find(|history| history.lead == looker).unwrap();
    let passes = replay(&plan.draft, history, plan.kinds(), &window);
    assert_eq!(passes.len(), 1);
    assert!(passes[0].at == window.start && passes[0].at_start && passes[0].recorded.is_none());
    assert!(replay(&plan.in_force, history, plan.kinds(), &window).is_empty());
}

#[tokio::test]
async fn a_back_test_says_when_its_draft_has_changed_since() {
    let app = support::app().await;
    let mut manager = app.client("sales", "manager").await;
    let number = draft(&app, manager.me(), generous).await;
    let path = manager
        .post(&format!("/agreement/{number}/back-tests"), &[("days", "90")])
        .await
        .location()
        .to_owned();
    work_off(&app).await;
    assert!(!manager.get(&path).await.body.contains("has changed since"));
    redraft(&app, manager.me(), number, strict).await;
    let page = manager.get(&path).await;
    assert!(
        page.text(".alert-warning").contains("this tried revision 1, and it is at revision 2 now"),
        "{}",
        page.text(".alert-warning")
    );
}

#[tokio::test]
async fn a_cancelled_back_test_keeps_nothing_and_one_that_was_interrupted_begins_anew() {
    let app = a_week_ago().await;
    a_little_past(&app).await;
    let mut manager = app.client("sales", "manager").await;
    let number = draft(&app, manager.me(), generous).await;
    let list = format!("/agreement/{number}/back-tests");
    let cancelled = manager.post(&list, &[("days", "30")]).await.location().to_owned();
    assert_eq!(manager.post(&format!("{cancelled}/cancel"), &[]).await.status, 303);
    assert_eq!(manager.post(&format!("{cancelled}/cancel"), &[]).await.status, 409);
    work_off(&app).await;
    assert!(manager.get(&cancelled).await.text("h1").contains("cancelled"));
    assert_eq!(app.value::<i64>("select count(*) from back_test_leads").await, 0);

    let again = manager.post(&list, &[("days", "30")]).await.location().to_owned();
    sqlx::query("update back_tests set state = 'running', done = 2 where state = 'waiting'")
        .execute(app.pool())
        .await
        .unwrap();
    work_off(&app).await;
    let page = manager.get(&again).await;
    assert!(page.text("h1").contains("done"));
    assert!(
        page.texts(".highlight").iter().any(|text| text.starts_with("leads gained 1")),
        "{:?}",
        page.texts(".highlight")
    );
}

#[tokio::test]
async fn what_cannot_be_replayed_is_refused_and_nothing_typed_is_lost() {
    let app = support::app().await;
    let mut manager = app.client("marketing", "manager").await;
    assert_eq!(
        manager.post("/agreement/1/back-tests", &[("days", "30")]).await.status,
        409,
        "it is in force"
    );
    let number = draft(&app, manager.me(), |terms| terms.categories.fit_good = 0).await;
    let list = format!("/agreement/{number}/back-tests");
    let unsound = manager.post(&list, &[("days", "30")]).await;
    assert_eq!(unsound.status, 422);
    assert!(unsound.text(".alert-danger").contains("fit_good"), "{}", unsound.text(".alert-danger"));
    let undated = manager.post(&list, &[("days", "dates"), ("from", "2026-11-01"), ("to", "soon")]).await;
    assert_eq!(undated.status, 422);
    assert!(undated.text("#f-to-error").contains("“soon” is not a date"));
    assert_eq!(undated.attributes("#f-from", "value"), ["2026-11-01"]);
    assert_eq!(undated.attributes("#f-days option[selected]", "value"), ["dates"]);
}
