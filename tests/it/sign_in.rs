//! Signing in, sessions, set-up, users.

use baton::auth::actions;
use chrono::TimeDelta;

use crate::support::{self, PASSWORD};

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let app = support::app().await;
    let person = app.person("sales", "member").await;
    let mut nobody = app.nobody();
    let wrong = nobody.post("/sign-in", &[("email", &person.email), ("password", "not the password")]).await;
    let unknown = nobody.post("/sign-in", &[("email", "who@example.com"), ("password", PASSWORD)]).await;
    assert_eq!((wrong.status, unknown.status), (422, 422));
    assert_eq!(wrong.text("[role=alert]"), unknown.text("[role=alert]"));
    assert!(wrong.body.contains(&person.email), "what was typed is kept");
    assert!(!wrong.body.contains("not the password"));
}

#[tokio::test]
async fn signing_in_leads_back_to_the_wanted_page_and_never_elsewhere() {
    let app = support::app().await;
    let person = app.person("sales", "member").await;
    let mut nobody = app.nobody();
    assert_eq!(nobody.get("/queues?x=1").await.location(), "/sign-in?next=%2Fqueues%3Fx%3D1");
    let form = |next| {
        [("email", person.email.clone()), ("password", PASSWORD.to_owned()), ("next", String::from(next))]
    };
    for (next, leads_to) in
        [("/queues?x=1", "/queues?x=1"), ("https://evil.example", "/"), ("//evil.example", "/")]
    {
        let form = form(next);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(app.nobody().post("/sign-in", &form).await.location(), leads_to);
    }
}

#[tokio::test]
async fn a_session_planted_before_sign_in_is_worth_nothing() {
    let app = support::app().await;
    let person = app.person("sales", "member").await;
    let mut victim = app.nobody();
    victim.set_cookie("baton", "AAAAAAAAAAAAAAAAAAAAAA");
    victim.post("/sign-in", &[("email", &person.email), ("password", PASSWORD)]).await;
    assert_ne!(victim.cookie("baton"), Some("AAAAAAAAAAAAAAAAAAAAAA"));
    assert_eq!(victim.get("/account").await.status, 200);
    let mut attacker = app.nobody();
    attacker.set_cookie("baton", "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(attacker.get("/account").await.status, 303);
}

#[tokio::test]
async fn signing_out_ends_the_session_itself() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    let cookie = rep.cookie("baton").unwrap().to_owned();
    rep.post("/sign-out", &[]).await;
    let mut thief = app.nobody();
    thief.set_cookie("baton", &cookie);
    assert_eq!(thief.get("/account").await.status, 303);
}

#[tokio::test]
async fn signing_out_everywhere_ends_the_other_sessions_only() {
    let app = support::app().await;
    let person = app.person("sales", "member").await;
    let (mut here, mut there) = (app.sign_in(&person).await, app.sign_in(&person).await);
    assert_eq!(here.post("/account/sign-out-everywhere", &[]).await.status, 303);
    assert_eq!(there.get("/account").await.status, 303);
    assert_eq!(here.get("/account").await.status, 200);
}

#[tokio::test]
async fn changing_the_password_needs_the_current_one_and_ends_other_sessions() {
    let app = support::app().await;
    let person = app.person("sales", "member").await;
    let (mut here, mut there) = (app.sign_in(&person).await, app.sign_in(&person).await);
    let new = "a fresh set of words";
    let refused = here.post("/account/password", &[("current", "wrong"), ("new", new)]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text("#f-current-error").contains("not your current password"));
    assert_eq!(here.post("/account/password", &[("current", PASSWORD), ("new", new)]).await.status, 303);
    assert_eq!(there.get("/account").await.status, 303);
    assert_eq!(here.get("/account").await.status, 200);
    assert_eq!(
        app.nobody().post("/sign-in", &[("email", &person.email), ("password", PASSWORD)]).await.status,
        422
    );
    assert_eq!(
        app.nobody().post("/sign-in", &[("email", &person.email), ("password", new)]).await.status,
        303
    );
}

#[tokio::test]
async fn an_old_session_ends_however_much_it_is_used() {
    let app = support::app().await;
    let mut rep = app.rep().await;
    sqlx::query("update sessions set started_at = started_at - interval '13 days 23 hours', expires_at = expires_at + interval '10 years'").execute(app.pool()).await.unwrap();
    assert_eq!(rep.get("/account").await.status, 200);
    app.advance(TimeDelta::hours(2));
    assert_eq!(rep.get("/account").await.status, 303);
}

#[tokio::test]
async fn a_deactivated_user_is_out_at_once() {
    let app = support::app().await;
    let (mut admin, mut rep) = (app.admin().await, app.rep().await);
    let me = rep.me().clone();
    let form = [
        ("name", me.name.as_str()),
        ("email", &me.email),
        ("department", "sales"),
        ("role", "member"),
        ("time_zone", "Europe/Berlin"),
    ];
    assert_eq!(admin.post(&format!("/users/{}", me.id), &form).await.status, 303);
    assert_eq!(rep.get("/account").await.status, 303);
    assert_eq!(
        app.nobody().post("/sign-in", &[("email", &me.email), ("password", PASSWORD)]).await.status,
        422
    );
}

#[tokio::test]
async fn the_last_active_admin_stays_one() {
    let app = support::app().await;
    let mut admin = app.admin().await;
    let me = admin.me().clone();
    let form = [
        ("name", me.name.as_str()),
        ("email", &me.email),
        ("department", "marketing"),
        ("role", "member"),
        ("time_zone", "Europe/Berlin"),
        ("active", "true"),
    ];
    let refused = admin.post(&format!("/users/{}", me.id), &form).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text("#f-role-error").contains("last active admin"));
    app.admin().await;
    assert_eq!(admin.post(&format!("/users/{}", me.id), &form).await.status, 303);
}

#[tokio::test]
async fn the_setup_link_makes_one_admin_and_then_is_used_up() {
    let app = support::app().await;
    let mut conn = app.pool().acquire().await.unwrap();
    let token = actions::new_setup_link(&mut conn, app.app.clock.now())
        .await
        .unwrap()
        .expect("a link, as nobody is here");
    let path = format!("/setup/{token}");
    let mut first = app.nobody();
    assert_eq!(first.get(&path).await.status, 200);
    let weak = [
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", "short"),
        ("department", "sales"),
        ("time_zone", "UTC"),
    ];
    let refused = first.post(&path, &weak).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text("#f-password-error").contains("at least 12"));
    let form = [
        ("name", "Ada"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("department", "sales"),
        ("time_zone", "UTC"),
    ];
    assert_eq!(first.post(&path, &form).await.status, 303);
    assert_eq!(first.get("/users").await.status, 200, "the first user is an admin and signed in");
    assert_eq!(app.nobody().get(&path).await.status, 404);
    assert_eq!(actions::new_setup_link(&mut conn, app.app.clock.now()).await.unwrap(), None);
}

#[tokio::test]
async fn a_setup_link_grows_old() {
    let app = support::app().await;
    let mut conn = app.pool().acquire().await.unwrap();
    let token = actions::new_setup_link(&mut conn, app.app.clock.now()).await.unwrap().unwrap();
    app.advance(TimeDelta::hours(25));
    assert_eq!(app.nobody().get(&format!("/setup/{token}")).await.status, 404);
}
