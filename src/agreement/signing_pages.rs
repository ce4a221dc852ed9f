//! Propose, sign, send back, withdraw: the page of a version on its way into force. And: I have read it.

use std::net::SocketAddr;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use uuid::Uuid;

use super::difference::difference;
use super::find;
use super::prose::{self, Document};
use super::queries::{self, SignatureRow, VersionRow, VersionState};
use super::signing::{self, Proposal, Unsound};
use super::signing_query::{self, Happening};
use super::validate::TermsError;
use super::versions::{Broken, Version};
use crate::app::App;
use crate::auth::{self, Access, User, limits};
use crate::error::AppResult;
use crate::handoffs::into_force::{self, Signed};
use crate::kernel::fields::FieldErrors;
use crate::kernel::local_time;
use crate::kernel::people::{Department, Role};
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout, Routes};

pub fn pages() -> Routes {
    Routes::new()
        .get("/agreement/{number}/propose", Access::SignedIn, show)
        .post("/agreement/{number}/propose", Access::Manager, propose)
        .post("/agreement/{number}/sign", Access::Manager, sign)
        .post("/agreement/{number}/send-back", Access::Manager, send_back)
        .post("/agreement/{number}/withdraw", Access::Manager, withdraw)
        .post("/agreement/{number}/acknowledge", Access::SignedIn, acknowledge)
}

/// What was typed into one of the page's forms, and what is wrong with it.
#[derive(Debug, Default)]
struct Typed {
    proposal: ProposalForm,
    reason: String,
    errors: FieldErrors,
}

#[derive(Template, WebTemplate)]
#[template(path = "agreement/propose.html")]
struct ProposePage {
    layout: Layout,
    me: User,
    row: VersionRow,
    document: Document,
    in_force: i32,
    /// Clauses that differ from the version in force.
    count: usize,
    /// What stands against proposing a draft.
    unsound: Option<Unsound>,
    broken: Option<Broken>,
    signatures: Vec<SignatureRow>,
    /// The finished back-test that is or would be cited, and when it ended.
    back_test: Option<(Uuid, Option<DateTime<Utc>>)>,
    proposer: Option<String>,
    history: Vec<Happening>,
    typed: Typed,
}

/// As typed. Dates are those of the manager's zone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProposalForm {
    note: String,
    effective_from: String,
    review_on: String,
    revision: i64,
}

impl ProposalForm {
    fn of(row: &VersionRow, zone: Tz) -> ProposalForm {
        ProposalForm {
            note: row.note.clone(),
            effective_from: row
                .effective_from
                .map(|at| local_time::field_value(at, zone))
                .unwrap_or_default(),
            review_on: row.review_on.map(|day| day.to_string()).unwrap_or_default(),
            revision: row.revision,
        }
    }

    fn check(&self, zone: Tz, now: DateTime<Utc>) -> Result<Proposal, FieldErrors> {
        let mut errors = FieldErrors::default();
        let missing = "Write what this version is for; both departments read it before they sign.";
        let note = errors.check("note", signing::text(&self.note, missing));
        let effective_from =
            errors.check("effective_from", local_time::date_and_time(&self.effective_from, zone)).flatten();
        if effective_from.is_some_and(|at| at <= now) {
            errors.add(
                "effective_from",
                "This time has passed. Name a later one, or leave it blank for as soon as both have signed.",
            );
        }
        let review_on = errors.check("review_on", local_time::date(&self.review_on)).flatten();
        let begins = effective_from.unwrap_or(now).max(now).with_timezone(&zone).date_naive();
        if review_on.is_some_and(|day| day <= begins) {
            errors
                .add("review_on", format!("The review comes after {begins}, when the version is in force."));
        }
        errors.into_result()?;
        Ok(Proposal { note: note.unwrap_or_default(), effective_from, review_on, revision: self.revision })
    }
}

async fn show(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
) -> AppResult<ProposePage> {
    page(&app, layout, me, number, None).await
}

async fn page(
    app: &App,
    layout: Layout,
    me: User,
    number: i32,
    typed: Option<Typed>,
) -> AppResult<ProposePage> {
    let mut conn = app.db.acquire().await?;
    let (row, terms) = find::version(&mut conn, number).await?;
    let in_force = app.versions.in_force(&mut conn).await?;
    let signatures = queries::signatures(&mut conn, number).await?;
    let back_test = match row.back_test_id {
        Some(id) => Some((id, None)),
        None if row.state == VersionState::Draft => {
            let found = signing_query::back_test_of(&mut conn, number, row.revision).await?;
            found.map(|(id, at)| (id, Some(at)))
        }
        None => None,
    };
    let proposer = match row.proposed_by {
        Some(id) => auth::queries::user(&mut conn, id).await?.map(|user| user.name),
        None => None,
    };
    let history = signing_query::history(&mut conn, number).await?;
    let is_draft = row.state == VersionState::Draft;
    let typed =
        typed.unwrap_or_else(|| Typed { proposal: ProposalForm::of(&row, me.time_zone), ..Typed::default() });
    Ok(ProposePage {
        count: difference(&in_force.terms, &terms).count(),
        unsound: is_draft.then(|| signing::check(&terms, &in_force.terms).err()).flatten(),
        broken: Version::verified(&row, &signatures).err(),
        document: prose::document(&terms),
        in_force: in_force.number,
        layout,
        me,
        row,
        signatures,
        back_test,
        proposer,
        history,
        typed,
    })
}

/// The page again with what was typed.
async fn again(app: &App, layout: Layout, me: User, number: i32, typed: Typed) -> AppResult<Response> {
    let page = page(app, layout, me, number, Some(typed)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn to_page(number: i32) -> Response {
    Redirect::to(&format!("/agreement/{number}/propose")).into_response()
}

async fn propose(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<ProposalForm>,
) -> AppResult<Response> {
    let errors = match form.check(me.time_zone, layout.now) {
        Ok(proposal) => match signing::propose(&app, &me, number, &proposal).await? {
            Ok(()) => {
                flashes.add(
                    FlashKind::Success,
                    format!("Version {number} is proposed. Its terms stand still until both managers have signed or one sends it back."),
                );
                return Ok(to_page(number));
            }
            Err(_) => FieldErrors::one(
                "",
                "The draft is not sound yet. What is listed below has to be put right first.",
            ),
        },
        Err(errors) => errors,
    };
    again(&app, layout, me, number, Typed { proposal: form, errors, ..Typed::default() }).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SignForm {
    password: String,
    /// The hash of the terms that the person read.
    sha256: String,
}

async fn sign(
    State(app): State<App>,
    (ConnectInfo(peer), headers): (ConnectInfo<SocketAddr>, HeaderMap),
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<SignForm>,
) -> AppResult<Response> {
    let address = limits::client_address(peer, &headers, &app.config.trusted_proxies);
    app.sign_in_limits.check(address, &me.email)?;
    if !auth::actions::is_password(&app.db, &me, &form.password).await? {
        let errors = FieldErrors::one("password", "This is not your password. Nothing was signed.");
        return again(&app, layout, me, number, Typed { errors, ..Typed::default() }).await;
    }
    let (to, text) = match into_force::sign(&app, &me, number, &form.sha256).await? {
        Signed::First => (
            format!("/agreement/{number}/propose"),
            format!(
                "You signed version {number} for {}. The other department signs next.",
                me.department.label()
            ),
        ),
        Signed::Waits => (
            format!("/agreement/{number}/propose"),
            format!("Both departments have signed version {number}. It comes into force on its day."),
        ),
        Signed::InForce => (
            "/agreement".to_owned(),
            format!(
                "Both departments have signed, and version {number} is in force. All leads are being judged anew."
            ),
        ),
    };
    flashes.add(FlashKind::Success, text);
    Ok(Redirect::to(&to).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReasonForm {
    reason: String,
}

async fn send_back(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<ReasonForm>,
) -> AppResult<Response> {
    if let Err(errors) = signing::send_back(&app, &me, number, &form.reason).await? {
        let typed = Typed { reason: form.reason, errors, ..Typed::default() };
        return again(&app, layout, me, number, typed).await;
    }
    flashes
        .add(FlashKind::Success, format!("Version {number} is a draft again, with your reason on its page."));
    Ok(to_page(number))
}

async fn withdraw(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    layout: Layout,
    flashes: Flashes,
    Form(form): Form<ReasonForm>,
) -> AppResult<Response> {
    if let Err(errors) = signing::withdraw(&app, &me, number, &form.reason).await? {
        let typed = Typed { reason: form.reason, errors, ..Typed::default() };
        return again(&app, layout, me, number, typed).await;
    }
    flashes.add(
        FlashKind::Success,
        format!(
            "Version {number} does not come into force. It is a draft again, with your reason on its page."
        ),
    );
    Ok(to_page(number))
}

async fn acknowledge(
    State(app): State<App>,
    Path(number): Path<i32>,
    me: User,
    flashes: Flashes,
) -> AppResult<Redirect> {
    signing::acknowledge(&app, &me, number).await?;
    flashes.add(FlashKind::Success, format!("Thank you. It is noted that you have read version {number}."));
    Ok(Redirect::to("/agreement#acknowledged"))
}

impl ProposePage {
    fn is_manager(&self) -> bool {
        self.me.role == Role::Manager
    }

    fn is_in(&self, state: VersionState) -> bool {
        self.row.state == state
    }

    fn tone(&self) -> &'static str {
        match self.row.state {
            VersionState::Draft => "neutral",
            VersionState::Proposed => "amber",
            VersionState::Signed => "blue",
            VersionState::InForce => "green",
            VersionState::Superseded => "neutral",
        }
    }

    /// Who signed for each department, if somebody did.
    fn signed(&self) -> [(&'static str, Option<&SignatureRow>); 2] {
        Department::ALL.map(|department| {
            (department.label(), self.signatures.iter().find(|s| s.department == department))
        })
    }

    /// Why the reader does not sign; none when they may.
    fn why_not_sign(&self) -> Option<String> {
        signing::may_sign(&self.me, &self.signatures).err()
    }

    /// The clause of the document that a problem is about: its number and anchor.
    fn clause_of(&self, problem: &TermsError) -> Option<(String, String)> {
        self.document.clause(&problem.path).map(|clause| (clause.number.clone(), clause.anchor()))
    }

    fn day(&self) -> Option<String> {
        self.row.review_on.map(|day| day.format("%-d %b %Y").to_string())
    }
}

impl Happening {
    /// Icon, tone and words.
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        match self.verb.as_str() {
            "draft_begun" => ("edit", "neutral", "began the draft"),
            "proposed" => ("send", "amber", "proposed it"),
            "signed" => ("signature", "green", "signed"),
            "sent_back" => ("arrow-back-up", "red", "sent it back"),
            "withdrawn" => ("arrow-back-up", "red", "withdrew it"),
            _ => ("file-certificate", "green", "put it in force"),
        }
    }

    /// What was said with it.
    fn said(&self) -> &str {
        self.detail["reason"].as_str().or(self.detail["note"].as_str()).unwrap_or_default()
    }
}
