//! No status changes but along the matrix of the agreement in force, whichever way somebody comes.

use baton::agreement::terms::{Department, Party, Terms, Transition};
use baton::agreement::versions;
use baton::audit::Actor;
use baton::auth::User;
use baton::deals::actions::{self as deals, Ending};
use baton::deals::model::DealForm;
use baton::error::AppError;
use baton::handoffs::actions::{self, HandBack, NewActivity};
use baton::handoffs::intake;
use baton::kernel::ids::{DealId, HandoffId, LeadId};
use uuid::Uuid;

use crate::support::{self, TestApp, good_fit, monday};

/// A matrix unlike the default one: moves taken away, added, and asking for more.
fn terms() -> Terms {
    let mut terms = Terms::default_agreement();
    let moves = &mut terms.jurisdictions.transitions;
    let gone = [("closed_lost", "handed_off"), ("recycled", "disqualified"), ("nurturing", "new")];
    moves.retain(|known| !gone.contains(&(known.from.as_str(), known.to.as_str())));
    let claim = |known: &&mut Transition| known.from == "handed_off" && known.to == "accepted";
    moves.iter_mut().find(claim).expect("the move").requires = vec!["phone".into()];
    let fresh = |from: &str, to: &str, who: &[Party], requires: &[&str], reason| Transition {
        from: from.into(),
        to: to.into(),
        who: who.to_vec(),
        requires: requires.iter().map(|field| (*field).to_owned()).collect(),
        reason,
    };
    moves.extend([
        fresh("new", "recycled", &[Party::Marketing, Party::Sales], &["phone"], true),
        fresh("customer", "nurturing", &[Party::Sales], &[], false),
        fresh("working", "accepted", &[Party::Marketing], &[], false),
        fresh("recycled", "accepted", &[Party::Sales], &[], false),
        fresh("disqualified", "handed_off", &[Party::System], &["phone"], false),
        fresh("closed_lost", "customer", &[Party::Sales], &["phone"], true),
    ]);
    terms
}

async fn started(app: &TestApp) -> Terms {
    let terms = terms();
    assert_ne!(terms.jurisdictions, Terms::default_agreement().jurisdictions);
    let mut conn = app.pool().acquire().await.expect("a connection");
    versions::put_in_force(&mut conn, &terms, &Actor::Rule("test".into()), monday())
        .await
        .expect("sound terms");
    terms
}

/// What the matrix says of a move by a party, a lead with or without a phone number, a reason given or not.
#[derive(Debug, PartialEq, Eq)]
enum Says {
    Go,
    Refused,
    ReasonWanted,
}

fn says(terms: &Terms, from: &str, to: &str, party: Party, has_phone: bool, has_reason: bool) -> Says {
    let listed = terms.jurisdictions.transitions.iter().find(|known| known.from == from && known.to == to);
    match listed {
        Some(known) if known.who.contains(&party) => {
            let lacks = known.requires.iter().any(|field| field == "phone" && !has_phone);
            match (lacks, known.reason && !has_reason) {
                (true, _) => Says::Refused,
                (false, true) => Says::ReasonWanted,
                (false, false) => Says::Go,
            }
        }
        _ => Says::Refused,
    }
}

async fn run(app: &TestApp, sql: &'static str, lead: LeadId, text: Option<&str>) {
    sqlx::query(sql).bind(lead.0).bind(text).execute(app.pool()).await.expect("the statement");
}

async fn place(app: &TestApp, lead: LeadId, status: &str, phone: Option<&str>) {
    run(app, "update leads set status = $2, cycles = 0, rest_until = null where id = $1", lead, Some(status))
        .await;
    run(app, "update leads set phone = $2 where id = $1", lead, phone).await;
}

const PHONES: [Option<&str>; 2] = [None, Some("+4930123456")];

#[tokio::test]
async fn by_hand_every_pair_of_statuses_is_moved_as_the_matrix_says_for_each_department() {
    let app = support::app().await;
    let terms = started(&app).await;
    let lead = app.good_fit("Anna Meyer").await;
    let keys: Vec<String> = terms.vocabulary.iter().map(|status| status.key.clone()).collect();
    let path = format!("/leads/{lead}/status");
    let mut gone_through = 0;
    for department in Department::ALL {
        let mut client = app.client(department.key(), "member").await;
        for (from, to) in keys.iter().flat_map(|from| keys.iter().map(move |to| (from, to))) {
            for phone in PHONES {
                for reason in ["", "They asked for it"] {
                    place(&app, lead, from, phone).await;
                    let page = client.post(&path, &[("to", to), ("reason", reason)]).await;
                    let said = says(&terms, from, to, department.into(), phone.is_some(), !reason.is_empty());
                    let status: String = app.one("select status from leads where id = $1", lead).await;
                    let case = format!("{department}: {from} → {to}, {phone:?}, {reason:?}: {}", page.status);
                    match said {
                        Says::Go => {
                            gone_through += 1;
                            assert_eq!((page.status, &status), (303, to), "{case}");
                        }
                        Says::ReasonWanted => {
                            assert_eq!((page.status, &status), (422, from), "{case}");
                            assert!(page.text("#status-reason-error").contains("clause 2."), "{case}");
                        }
                        Says::Refused => {
                            assert_eq!((page.status, &status), (409, from), "{case}");
                            assert!(page.text(".refusal-message").contains("(clause 2."), "{case}");
                        }
                    }
                }
            }
        }
    }
    assert!(gone_through > 30, "{gone_through}");
}

/// Puts the lead's handoff into a state as if it had come there.
async fn rest_at(app: &TestApp, lead: LeadId, state: &str, owner: &User) {
    let owned = matches!(state, "claimed" | "contacted").then_some(owner.id.0);
    sqlx::query(
        "update handoffs set state = $2, owner_id = $3, claimed_at = case when $3 is not null then $4 end,
             contact_risk_at = $4, contact_due_at = $4, contacted_at = case when $2 = 'contacted' then $4 end, closed_at = null,
             hand_back_reason = null, hand_back_kind = null, hand_back_note = null, answer_due_at = null where lead_id = $1",
    )
    .bind(lead.0)
    .bind(state)
    .bind(owned)
    .bind(monday())
    .execute(app.pool())
    .await
    .expect("the statement");
}

/// Every act of the product that changes a status, with the state of the handoff that it starts from.
const ACTS: [(&str, &str); 7] = [
    ("claim", "offered"),
    ("contact", "claimed"),
    ("convert", "contacted"),
    ("hand back", "contacted"),
    ("withdraw", "offered"),
    ("win", ""),
    ("lose", ""),
];

/// Does an act and gives where it leads, by the agreement.
async fn act(
    app: &TestApp,
    name: &str,
    user: &User,
    lead: LeadId,
    handoff: HandoffId,
) -> Result<(), AppError> {
    let invalid = |result: Result<(), _>| result.map_err(AppError::Invalid);
    match name {
        "claim" => actions::claim(&app.app, user, lead, handoff).await,
        "contact" => {
            let call = NewActivity { kind: "call".into(), outcome: "connected".into(), body: "Spoke".into() };
            invalid(actions::log_activity(&app.app, user, lead, &call).await?)
        }
        "convert" => {
            let form = DealForm {
                name: "Pilot".into(),
                amount: "100".into(),
                currency: "EUR".into(),
                expected_close: "2027-01-31".into(),
            };
            invalid(deals::open(&app.app, user, lead, &form).await?.map(|_| ()))
        }
        "hand back" => {
            let form =
                HandBack { reason: "no_need".into(), note: "No need".into(), nurture_until: String::new() };
            invalid(actions::hand_back(&app.app, user, lead, handoff, &form).await?)
        }
        "withdraw" => invalid(actions::withdraw(&app.app, user, lead, handoff, "Wrong list").await?),
        _ => {
            let ending = if name == "win" { Ending::Won } else { Ending::Lost };
            let deal = DealId(app.one::<Uuid>("select id from deals where lead_id = $1", lead).await);
            invalid(deals::close(&app.app, user, lead, deal, ending, "Price").await?)
        }
    }
}

#[tokio::test]
async fn every_act_moves_a_lead_from_every_status_only_as_the_matrix_says() {
    let app = support::app().await;
    let terms = started(&app).await;
    let mut new = good_fit("Anna Meyer");
    new.facts.phone = PHONES[1].map(str::to_owned);
    let lead = app.lead(new).await;
    app.event(lead, "demo_request").await;
    let handoff = HandoffId(app.one::<Uuid>("select id from handoffs where lead_id = $1", lead).await);
    let users = [app.person("marketing", "manager").await, app.person("sales", "manager").await];
    let acts = &terms.jurisdictions.acts;
    let mut gone_through = vec![];
    for (name, state) in ACTS {
        let to = match name {
            "claim" => &acts.claimed,
            "contact" => &acts.contacted,
            "convert" => &acts.converted,
            "hand back" => "nurturing",
            "withdraw" => &acts.withdrawn,
            "win" => &acts.won,
            _ => &acts.lost,
        };
        for user in &users {
            for from in terms.vocabulary.iter().map(|status| status.key.as_str()) {
                for phone in PHONES {
                    run(&app, "delete from deals where lead_id = $1 and $2::text is null", lead, None).await;
                    if state.is_empty() {
                        rest_at(&app, lead, "contacted", user).await;
                        sqlx::query(
                            "insert into deals (lead_id, id, name, amount, currency, expected_close, state, owner_id, opened_at)
                             values ($1, gen_random_uuid(), 'Pilot', 100, 'EUR', '2027-01-31', 'open', $2, now())",
                        )
                        .bind(lead.0)
                        .bind(user.id.0)
                        .execute(app.pool())
                        .await
                        .expect("the row");
                    } else {
                        rest_at(&app, lead, state, user).await;
                    }
                    place(&app, lead, from, phone).await;
                    let done = act(&app, name, user, lead, handoff).await;
                    let after: String = app.one("select status from leads where id = $1", lead).await;
                    let case = format!("{name} by {} from {from}, {phone:?}: {done:?}", user.department);
                    // A deal that ends where the lead is already moves nothing; nor does one lost by a customer.
                    let stays = state.is_empty() && (from == to || (name == "lose" && from == acts.won));
                    let said = says(&terms, from, to, user.department.into(), phone.is_some(), true);
                    if stays || said == Says::Go {
                        assert!(done.is_ok(), "{case}");
                        assert_eq!(after, if stays { from } else { to }, "{case}");
                        gone_through.push(name);
                    } else {
                        assert!(
                            matches!(&done, Err(AppError::Conflict(why)) if why.contains("(clause 2.")),
                            "{case}"
                        );
                        assert_eq!(after, from, "{case}");
                        let kept: String =
                            app.one("select state from handoffs where lead_id = $1", lead).await;
                        assert_eq!(kept, if state.is_empty() { "contacted" } else { state }, "{case}");
                    }
                }
            }
        }
    }
    gone_through.dedup();
    assert_eq!(gone_through, ACTS.map(|(name, _)| name), "each act goes through somewhere");
}

#[tokio::test]
async fn the_system_offers_and_qualifies_only_along_its_own_moves() {
    let app = support::app().await;
    let terms = started(&app).await;
    let lead = app.offered("Anna Meyer").await;
    let acts = &terms.jurisdictions.acts;
    for from in terms.vocabulary.iter().map(|status| status.key.as_str()) {
        for phone in PHONES {
            for company in [Some("Acme"), None] {
                run(&app, "delete from handoffs where lead_id = $1 and $2::text is null", lead, None).await;
                run(&app, "update leads set company = $2 where id = $1", lead, company).await;
                run(
                    &app,
                    "update leads set fast_track = 'demo_request', fast_track_at = now(), interest = interest where id = $1 and $2::text is null",
                    lead,
                    None,
                )
                .await;
                place(&app, lead, from, phone).await;
                intake::rejudge(&app.app.intake(), &[lead.0]).await.expect("the work");
                let after: String = app.one("select status from leads where id = $1", lead).await;
                let has_packet = terms.handoff.packet_fields.iter().all(|field| match field.as_str() {
                    "company" => company.is_some(),
                    "phone" => phone.is_some(),
                    _ => true,
                });
                let may = |to: &str| says(&terms, from, to, Party::System, phone.is_some(), true) == Says::Go;
                let case = format!("{from}, {phone:?}, {company:?} → {after}");
                match after.as_str() {
                    after if after == from => {
                        assert!(!(has_packet && may(&acts.offered)), "{case}: it was due");
                    }
                    after if after == acts.offered => assert!(has_packet && may(&acts.offered), "{case}"),
                    after if after == acts.qualified => assert!(may(&acts.qualified), "{case}"),
                    _ => panic!("{case}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_lead_that_comes_in_has_the_status_of_the_agreement_and_no_other() {
    let app = support::app().await;
    let terms = started(&app).await;
    let row = good_fit("Anna Meyer");
    let added =
        intake::bulk_leads(&app.app.intake(), vec![row], None, &Actor::System).await.expect("the work");
    let intake::RowOutcome::Added(lead) = added.rows[0] else { panic!("{:?}", added.rows) };
    assert_eq!(app.load(lead).await.status, terms.jurisdictions.acts.entered);
}
