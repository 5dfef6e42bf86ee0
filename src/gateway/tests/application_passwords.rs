//! Application passwords with requests: where they are good, what goes on, and when they end.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::{TcpListener, TcpStream};

use super::harness::{Answer, Connection, NOW, TestGateway};
use super::played::{begin_events, played_with, send_event};
use super::support::{policy, route};
use crate::gateway::settings::{
    Action, Authentication, OtherTokens, Passwords, Policy, Route, Settings, TokenPlaces, TokenUse,
};
use crate::model::{ApplicationPassword, ApplicationSecret, GrantId, Scope, Timestamp};
use crate::provider::PasswordPlace;
use crate::provider::tests::application_passwords::{mint, place, signed_in};
use crate::provider::tests::support::{
    Ground, ISSUER, NoWeb, START, TestProvider, clients_in, profile, settings,
};
use crate::store::Store;
use crate::users::UpstreamSite;

/// A gateway with a route for each use of passwords, its provider, and a password of alice's for the
/// routes `/dav/`, `/passing/` and `/page/`.
struct Site {
    gateway: TestGateway,
    store: Store,
    password: String,
}

fn taking(name: &str, scope: &str, change: impl FnOnce(&mut Route)) -> Route {
    let place: Arc<PasswordPlace> = place(name, "read");
    let mut route = Route {
        policy: Policy {
            issuers: vec![Arc::from(ISSUER)],
            all_scopes: Scope::parse(scope).unwrap(),
            ..policy()
        },
        action: Action::Upstream("u".to_owned()),
        application_passwords: Some(place),
        ..route(name).path(&format!("/{name}/")).build()
    };
    change(&mut route);
    route
}

fn routes(settings: &mut Settings) {
    settings.routes.extend([
        taking("dav", "read", |route| {
            route.token_places.header = Some(http::HeaderName::from_static("x-token"));
        }),
        taking("passing", "read", |route| route.token_use = TokenUse::Pass),
        taking("mail", "read", |_| {}),
        taking("page", "read", |route| {
            route.policy.authentication = Authentication::Optional;
        }),
        taking("admin-dav", "admin", |_| {}),
        Route {
            application_passwords: None,
            passwords: Passwords::Basic,
            token_use: TokenUse::Swap(OtherTokens::Pass),
            ..taking("cells", "", |route| {
                route.policy.authentication = Authentication::Optional;
                route.token_places = TokenPlaces::default();
            })
        },
    ]);
}

impl Site {
    async fn start() -> Self {
        Self::over(TestGateway::with(routes).await).await
    }

    async fn over(mut gateway: TestGateway) -> Self {
        let names = ["dav", "passing", "mail", "page", "admin-dav"];
        let op = TestProvider::start_with(|settings| {
            let places = names.map(|name| place(name, "read"));
            settings.application_passwords.places = places.to_vec();
        })
        .await;
        let password = {
            let mut browser = signed_in(&op, "alice").await;
            let fields = [
                ("name", "phone"),
                ("route", "dav"),
                ("route", "passing"),
                ("route", "page"),
                ("route", "admin-dav"),
                ("scope", "read"),
            ];
            mint(&mut browser, &fields).await
        };
        let TestProvider {
            provider, store, ..
        } = op;
        gateway.put_behind(provider, &store);
        Self {
            gateway,
            store,
            password,
        }
    }

    fn basic(&self) -> String {
        basic("alice", &self.password)
    }

    async fn get(&self, target: &str, authorization: &str) -> Answer {
        let fields = [("Authorization", authorization)];
        self.gateway.get(target, &fields).await
    }

    async fn revoke(&self) -> GrantId {
        let subject = profile("alice").subject;
        let now = Timestamp::from_secs(START.as_secs());
        let made = self.store.application_passwords_of(&subject, now).await;
        let id = made.unwrap().remove(0).id;
        let ended = self.store.end_application_password(&subject, &id, now);
        assert!(ended.await.unwrap());
        id
    }
}

fn basic(login: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{password}")))
}

fn challenges(answer: &Answer) -> Vec<String> {
    let lines = answer.head.lines();
    lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
        .map(|(_, value)| value.to_owned())
        .collect()
}

/// All that a refusal says, but for the id of the request.
fn said(answer: &Answer) -> (u16, Vec<String>, String) {
    let body = match answer.body.split_once("request_id") {
        Some((before, _)) => before.to_owned(),
        None => answer.body.clone(),
    };
    (answer.status, challenges(answer), body)
}

#[tokio::test]
async fn the_upstream_learns_who_it_is_and_nothing_of_the_password() {
    let site = Site::start().await;
    for target in ["/dav/x", "/passing/x", "/page/x"] {
        let answer = site.get(target, &site.basic()).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
    }
    for request in site.gateway.upstream.requests() {
        assert!(request.contains("x-auth-user: uuid-of-alice"), "{request}");
        assert!(request.contains("x-auth-groups: /staff"), "{request}");
        let lower = request.to_ascii_lowercase();
        assert!(!lower.contains("authorization"), "{request}");
        assert!(!request.contains(&site.password), "{request}");
    }
    assert_eq!(site.gateway.upstream.requests().len(), 3);
}

#[tokio::test]
async fn a_password_is_good_on_its_routes_and_nowhere_else() {
    let site = Site::start().await;
    let own = site.basic();
    let lines = crate::telemetry::log::testing::Captured::start();
    for (row, target, reason, challenge) in [
        (
            "another that takes some",
            "/mail/x",
            "wrong_password",
            "Basic ",
        ),
        ("one that takes none", "/api/x", "other_scheme", "Bearer "),
        (
            "one that takes those of Cells",
            "/cells/x",
            "wrong_password",
            "Basic ",
        ),
    ] {
        let answer = site.get(target, &own).await;
        assert_eq!(answer.status, 401, "{row}: {answer:?}");
        assert_eq!(lines.access().last().unwrap()["reason"], reason, "{row}");
        let challenges = challenges(&answer);
        assert!(
            challenges[0].starts_with(challenge),
            "{row}: {challenges:?}"
        );
    }
    let weak = site.get("/admin-dav/x", &own).await;
    assert_eq!(weak.status, 403, "it may too little: {weak:?}");
    site.gateway.assert_nothing_forwarded("refused");
}

#[tokio::test]
async fn nothing_tells_apart_why_a_password_is_wrong() {
    let site = Site::start().await;
    let unknown = "cgap-01234-56789-abcde-fghjk-mnpqr-stvwx";
    let other_route = site.get("/mail/x", &site.basic()).await;
    let expected = said(&other_route);
    assert_eq!(expected.0, 401);
    assert_eq!(
        expected.1,
        [r#"Basic realm="cellgate", charset="UTF-8""#],
        "{other_route:?}"
    );
    for (row, authorization) in [
        ("unknown", basic("alice", unknown)),
        ("of another", basic("bob", &site.password)),
        ("nobody's login", basic("nobody", unknown)),
        ("no password of this form", basic("alice", "hunter2")),
        ("empty", basic("", "")),
    ] {
        let first = site.get("/dav/x", &authorization).await;
        assert_eq!(said(&first), expected, "{row}");
        let again = site.get("/dav/x", &authorization).await;
        assert_eq!(said(&again), expected, "{row}, again");
    }
    assert_eq!(site.get("/dav/x", &site.basic()).await.status, 200);
    site.revoke().await;
    let revoked = site.get("/dav/x", &site.basic()).await;
    assert_eq!(said(&revoked), expected, "revoked");
}

#[tokio::test]
async fn what_is_no_password_or_not_alone_is_refused() {
    let site = Site::start().await;
    let own = site.basic();
    let token = site.gateway.token(|_| {});
    for (row, fields, status) in [
        ("no pair", vec![("Authorization", "Basic YWI=")], 400),
        ("two", vec![("Authorization", own.as_str()); 2], 400),
        (
            "beside a token",
            vec![("Authorization", &own), ("X-Token", &token)],
            400,
        ),
        (
            "beside a bearer token",
            vec![("Authorization", &own), ("Authorization", "Bearer x")],
            400,
        ),
    ] {
        let answer = site.gateway.get("/dav/x", &fields).await;
        assert_eq!(answer.status, status, "{row}: {answer:?}");
    }
    let in_query = site.get("/dav/x?access_token=x", &own).await;
    assert_eq!(in_query.status, 400, "{in_query:?}");
    site.gateway.assert_nothing_forwarded("refused");
}

/// Programs ask for nothing before they are challenged; a page in a browser is not to ask its user.
#[tokio::test]
async fn whoever_comes_without_is_told_that_a_password_would_do() {
    let site = Site::start().await;

    let program = site.gateway.get("/dav/x", &[]).await;
    let page = site.gateway.get("/dav/x", &[("Sec-Fetch-Mode", "cors")]);
    let page = page.await;
    let elsewhere = site.gateway.get("/api/x", &[]).await;

    assert_eq!((program.status, page.status), (401, 401));
    let both = challenges(&program);
    assert_eq!(both.len(), 2, "{program:?}");
    assert!(both[0].starts_with("Bearer ") && both[1].starts_with("Basic "));
    assert_eq!(challenges(&page).len(), 1, "{page:?}");
    assert_eq!(challenges(&elsewhere).len(), 1, "{elsewhere:?}");
}

/// A browser sends along what was typed once, whoever makes it ask.
#[tokio::test]
async fn another_site_cannot_use_a_password_that_a_browser_remembers() {
    let site = Site::start().await;
    let send = |fields: &'static str| {
        let head = format!(
            "POST /dav/x HTTP/1.1\r\nHost: a.test\r\nAuthorization: {}\r\n{fields}Content-Length: 0\r\n\r\n",
            site.basic()
        );
        site.gateway.send(head)
    };

    let cross_site = send("Sec-Fetch-Site: cross-site\r\n").await;
    let foreign = send("Origin: https://evil.test\r\n").await;
    let program = send("").await;

    assert_eq!((cross_site.status, foreign.status), (403, 403));
    assert_eq!(program.status, 200);
}

#[tokio::test]
async fn a_revocation_ends_it_with_the_next_request() {
    let site = Site::start().await;
    assert_eq!(site.get("/dav/x", &site.basic()).await.status, 200);
    assert_eq!(site.get("/dav/x", &site.basic()).await.status, 200);

    site.revoke().await;

    assert_eq!(site.get("/dav/x", &site.basic()).await.status, 401);
    assert_eq!(site.gateway.upstream.requests().len(), 2);
}

async fn subscribe(site: &Site, listener: &TcpListener) -> (Connection, TcpStream) {
    let mut client = site.gateway.connect().await;
    let authorization = site.basic();
    let head =
        format!("GET /dav/events HTTP/1.1\r\nHost: a.test\r\nAuthorization: {authorization}");
    client.write(format!("{head}\r\n\r\n")).await;
    let mut upstream = begin_events(listener).await;
    send_event(&mut upstream, "data: 1\n\n").await;
    client.until(b"data: 1\n\n").await;
    (client, upstream)
}

#[tokio::test]
async fn a_revocation_ends_what_is_open() {
    let protocol = super::harness::Protocol::Http1;
    let (gateway, listener) = played_with(protocol, routes).await;
    let site = Site::over(gateway).await;
    let (mut client, _upstream) = subscribe(&site, &listener).await;

    site.revoke().await;

    assert_eq!(client.everything().await, "\r\n", "cut off");
}

/// A state that is too old to know of revocations lets nobody in by what it remembers.
#[tokio::test]
async fn passwords_wait_for_a_state_that_is_away() {
    let site = Site::start().await;
    assert_eq!(site.get("/dav/x", &site.basic()).await.status, 200);
    site.store.is_up_to_date(START);
    let late = START.after(std::time::Duration::from_secs(86_400));
    assert!(site.store.is_out_of_date(late));

    let answer = site.get("/dav/x", &site.basic()).await;

    assert_eq!(answer.status, 503, "{answer:?}");
}

/// An application password opens nothing at a backend with sessions of its own.
#[tokio::test]
async fn where_tokens_are_swapped_the_user_needs_a_session_there() {
    let site = UpstreamSite::signed_in_at(NOW).await;
    let ground = Ground {
        store: site.store.clone(),
        clock: Arc::clone(&site.clock),
        users: Arc::default(),
        clients: clients_in(Arc::new(NoWeb)),
    };
    let op = TestProvider::over(ground, settings(), u32::MAX);
    let swapping = taking("files", "read", |route| {
        route.token_use = TokenUse::Swap(OtherTokens::Refuse);
    });
    let mut gateway = TestGateway::with(|settings| settings.routes.push(swapping)).await;
    gateway.reload(|_, parts| {
        parts.provider = Some(Arc::new(op.provider));
        parts.revocations = Some(Arc::clone(site.store.revocations()));
        parts.upstream_sessions = Some(site.sessions.clone());
    });
    let grant = site.store.find_grant(&GrantId::new("grant")).await;
    let user = grant.unwrap().unwrap().user;
    let mut authorizations = Vec::new();
    for user in [user, profile("bob")] {
        let secret = ApplicationSecret::generate().unwrap();
        let password = ApplicationPassword {
            id: GrantId::new(format!("of {}", user.login)),
            name: "phone".to_owned(),
            routes: vec!["files".to_owned()],
            scope: Scope::parse("read").unwrap(),
            created_at: NOW,
            expires_at: None,
            last_used_at: None,
            user_confirmed_at: NOW,
            user: user.clone(),
        };
        let digest = secret.digest();
        let saved = site.store.save_application_password(&digest, &password, 5);
        saved.await.unwrap();
        authorizations.push((user.login.clone(), basic(&user.login, secret.expose())));
    }
    let (login, authorization) = &authorizations[0];
    let fields = [("Authorization", authorization.as_str())];
    let answer = gateway.get("/files/x", &fields).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let request = gateway.upstream.request();
    let swapped = format!("authorization: {}", basic(login, "token-0"));
    assert!(request.contains(&swapped), "{request}");

    let lines = crate::telemetry::log::testing::Captured::start();
    let fields = [("Authorization", authorizations[1].1.as_str())];
    let answer = gateway.get("/files/x", &fields).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert!(challenges(&answer).is_empty());
    assert_eq!(lines.access()[0]["reason"], "no_upstream_session");
    assert_eq!(gateway.upstream.requests().len(), 1);
}
