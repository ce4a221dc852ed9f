//! Every page by the rules of axe-core: wide and narrow, light and dark, with everything unfolded.

use std::path::Path;

use axum::http::Method;
use baton::app;
use baton::auth::{Access, User};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::browser::Browser;
use crate::driver::Script;
use crate::site::Site;
use crate::support::Client;

/// Routes that answer with something else than a page.
const NO_PAGES: [&str; 6] = [
    "/healthz",
    "/readyz",
    "/live",
    "/imports/{id}/refusals.csv",
    "/agreement/{number}/document.md",
    "/agreement/{number}/terms.toml",
];
const WIDTHS: [u32; 2] = [1280, 360];
const SCHEMES: [&str; 2] = ["light", "dark"];

const CHECK: &str = r##"
const done = arguments[arguments.length - 1];
for (const animation of document.getAnimations()) animation.finish();
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const line = (rule) => `${rule.id}: ${rule.help}\n` + rule.nodes.map((node) => `    ${node.html}\n    ${node.failureSummary}`).join("\n");
axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] })
  .then((found) => done(found.violations.map(line)), (error) => done([`axe-core failed: ${error}`]));
"##;
const TOO_WIDE: &str =
    "return Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)";
const UNFOLD: &str = "for (const part of document.querySelectorAll('main details')) part.open = true";

/// Something of everything, so that no page is empty.
struct Installation {
    site: Site,
    rep: User,
    marketer: User,
    admin: User,
    manager: User,
    worked: Uuid,
    import: Uuid,
    dispute: Uuid,
    back_test: Uuid,
    suggestion: Uuid,
}

impl Installation {
    async fn new() -> Installation {
        let site = Site::start().await;
        let within = &site.within;
        let rep = within.person("sales", "member").await;
        let marketer = within.person("marketing", "member").await;
        let admin = within.person("marketing", "admin").await;
        let manager = within.person("marketing", "manager").await;
        let (back, worked) = (site.offered("Anna Meyer").await, site.offered("Bruno Keller").await);
        site.offered("Carla Neumann").await;
        let mut sales = within.sign_in(&rep).await;
        for lead in [back, worked] {
            let handoff: Uuid = within.one("select id from handoffs where lead_id = $1", lead).await;
            post(&mut sales, &format!("/leads/{lead}/handoffs/{handoff}/claim"), &[]).await;
            post(
                &mut sales,
                &format!("/leads/{lead}/activities"),
                &[("what", "call:connected"), ("body", "Wants a demo.")],
            )
            .await;
            if lead == back {
                post(
                    &mut sales,
                    &format!("/leads/{lead}/handoffs/{handoff}/hand-back"),
                    &[("reason", "not_now"), ("note", "Asked us to come back in spring.")],
                )
                .await;
            }
        }
        let deal = [
            ("name", "Forty seats"),
            ("amount", "48000"),
            ("currency", "EUR"),
            ("expected_close", "2027-03-01"),
        ];
        post(&mut sales, &format!("/leads/{worked}/deals"), &deal).await;
        let contest = [("what", "category"), ("body", "They asked for a price, not for a demo.")];
        post(&mut sales, &format!("/leads/{worked}/disputes"), &contest).await;
        let dispute = within.one("select id from disputes where lead_id = $1", worked).await;
        let import = upload(&mut within.sign_in(&marketer).await).await;
        let (back_test, suggestion) = negotiate(&site, &mut within.sign_in(&manager).await).await;
        Installation {
            rep,
            marketer,
            admin,
            manager,
            worked: worked.0,
            import,
            dispute,
            back_test,
            suggestion,
            site,
        }
    }

    /// The path with something real in place of its parameters.
    fn filled(&self, path: &str) -> String {
        let mut parts = path.split('/').collect::<Vec<_>>();
        let ids = [self.worked, self.admin.id.0, self.import, self.dispute, self.back_test, self.suggestion]
            .map(|id| id.to_string());
        for at in 1..parts.len() {
            if parts[at].starts_with('{') {
                parts[at] = match parts[at - 1] {
                    "leads" => &ids[0],
                    "users" => &ids[1],
                    "imports" => &ids[2],
                    "queues" => "inbound",
                    "disputes" => &ids[3],
                    "back-tests" => &ids[4],
                    "points" => &ids[5],
                    "agreement" => "2",
                    "clauses" => "fit.rules.decides",
                    "lists" => "routing.rules",
                    "retire" => "recycled",
                    "setup" => "a-link-that-was-used",
                    _ => panic!(
                        "{path} is new: say in tests/browser/accessibility.rs what stands for {}",
                        parts[at]
                    ),
                };
            }
        }
        parts.join("/")
    }

    /// Who looks at a page and which, without those for anybody.
    fn pages(&self) -> Vec<(&User, Vec<String>)> {
        let table = app::routes().table;
        let pages =
            table.iter().filter(|route| route.method == Method::GET && !NO_PAGES.contains(&route.path));
        let of = |wanted: &[Access]| {
            pages
                .clone()
                .filter(|r| wanted.contains(&r.access))
                .map(|r| self.filled(r.path))
                .collect::<Vec<_>>()
        };
        let mut sales =
            vec!["/".into(), format!("/leads/{}", self.worked), "/queues/inbound".into(), "/users".into()];
        sales.extend(of(&[Access::Sales]));
        let mut marketing = of(&[Access::SignedIn, Access::Marketing]);
        marketing.extend([
            "/no-such-page".into(),
            format!("/leads/{}", Uuid::nil()),
            "/queues/enterprise".into(),
            "/leads?q=nobody".into(),
            "/leads?view=plane".into(),
            format!("/agreement/2/try?lead={}", self.worked),
        ]);
        let mut managers = of(&[Access::Manager]);
        let shown_otherwise =
            ["edit", "edit/jurisdictions", "propose", "checks", "thresholds", "points", "back-tests"];
        managers.extend(shown_otherwise.map(|page| format!("/agreement/2/{page}")));
        managers.extend([
            format!("/leads/{}/disputes/{}", self.worked, self.dispute),
            "/agreement".into(),
            "/agreement/2/clauses/routing.rules.enterprise".into(),
            "/agreement/2/clauses/calendar.hours".into(),
            "/agreement/2/clauses/service_levels.default".into(),
            "/agreement/2/lists/interest.rules".into(),
        ]);
        let admins = of(&[Access::Admin]);
        vec![
            (&self.rep, sales),
            (&self.marketer, marketing),
            (&self.manager, managers),
            (&self.admin, admins),
        ]
    }
}

async fn post(client: &mut Client, path: &str, form: &[(&str, &str)]) {
    let page = client.post(path, form).await;
    assert_eq!(page.status, 303, "{path}: {}", page.body);
}

/// Begins version 2, talks about it, and tries it on the past: the back-test and the suggested points.
async fn negotiate(site: &Site, manager: &mut Client) -> (Uuid, Uuid) {
    post(manager, "/agreement/drafts", &[]).await;
    let comment = [("place", "categories.fit_good"), ("body", "Can we be stricter here?")];
    post(manager, "/agreement/2/comments", &comment).await;
    let clause = "/agreement/2/clauses/categories.fit_good";
    let seen = manager.get(clause).await.attributes("input[name=seen]", "value").concat();
    post(manager, clause, &[("value", "60"), ("seen", &seen)]).await;
    post(manager, "/agreement/2/back-tests", &[("days", "30")]).await;
    post(manager, "/agreement/2/points", &[("outcome", "deals"), ("column", "seniority")]).await;
    let ended = "select (select state from back_tests) in ('done', 'failed') and (select state from point_suggestions) in ('done', 'failed')";
    for _ in 0..300 {
        if site.within.value::<bool>(ended).await {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    (
        site.within.value("select id from back_tests").await,
        site.within.value("select id from point_suggestions").await,
    )
}

/// Uploads a file that is not started, and says which import it is.
async fn upload(client: &mut Client) -> Uuid {
    let part = |name: &str, value: &str| {
        format!("--part\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "--part\r\nContent-Disposition: form-data; name=\"file\"; filename=\"fair.csv\"\r\nContent-Type: text/csv\r\n\r\nName,Email\r\nDora Lang,dora@fair.example.com\r\n\r\n";
    let body = [
        part("kind", "leads"),
        part("may_contact", "yes"),
        part("map", ""),
        file.into(),
        "--part--\r\n".into(),
    ]
    .concat();
    let headers = [("content-type", "multipart/form-data; boundary=part"), ("sec-fetch-site", "same-origin")];
    let page = client.send(Method::POST, "/imports", &headers, body.into()).await;
    page.location().rsplit('/').next().and_then(|id| id.parse().ok()).expect("the address of an import")
}

#[tokio::test]
async fn no_page_keeps_anybody_out() {
    let axe = axe();
    let installation = Installation::new().await;
    let mut findings = vec![];
    let nobody = installation.site.browser(Script::On).await;
    for path in ["/sign-in".to_owned(), installation.filled("/setup/{token}")] {
        check(&nobody, &axe, &path, &mut findings).await;
    }
    for (person, paths) in installation.pages() {
        let browser = installation.site.signed_in(person, Script::On).await;
        for path in paths {
            check(&browser, &axe, &path, &mut findings).await;
        }
    }
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

fn axe() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}. Run bin/setup test, which gets it from npm.", path.display())
    })
}

async fn check(browser: &Browser, axe: &str, path: &str, findings: &mut Vec<String>) {
    browser.open(path).await;
    browser.see("h1", "").await;
    browser.client.execute(axe, vec![]).await.expect("axe-core loads");
    browser.client.execute(UNFOLD, vec![]).await.expect("parts unfold");
    for width in WIDTHS {
        browser
            .devtools(
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false }),
            )
            .await;
        let over = browser.client.execute(TOO_WIDE, vec![]).await.expect("a width");
        if over != json!(0) {
            findings.push(format!("{path} at {width} px: {over} px wider than the screen"));
        }
        for scheme in SCHEMES {
            let features = json!([{ "name": "prefers-color-scheme", "value": scheme }, { "name": "prefers-reduced-motion", "value": "reduce" }]);
            browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
            let found = browser.client.execute_async(CHECK, vec![]).await.expect("axe-core runs");
            let found = found.as_array().expect("a list").iter().filter_map(Value::as_str);
            findings.extend(found.map(|finding| format!("{path} at {width} px, {scheme}: {finding}")));
        }
    }
    // An error page complains of its own status.
    let complaints = browser.complaints().await;
    findings.extend(
        complaints
            .into_iter()
            .filter(|c| !c.contains("the server responded with a status of 40"))
            .map(|c| format!("{path}: {c}")),
    );
}
