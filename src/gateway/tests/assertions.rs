//! Signed assertions: what upstreams get, for how long, and what they are worth here.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::forward_auth::{ask, asking};
use super::harness::{Answer, NOW, TestGateway};
use super::issuers;
use super::support::{policy, route};
use crate::gateway::settings::{Action, Authentication, Policy, Route, Settings};
use crate::gateway::{Assertion, ProxyKind};
use crate::issuers::tests::script;
use crate::jose::{JwtError, KeyRing, RingKey, SigningAlgorithm, SigningKey, TokenVerifier};
use crate::model::Timestamp;
use crate::provider::tests::support::{ISSUER, TestProvider, read_jwt};
use crate::provider::{ASSERTION_TYPE, Provider};

/// One that the fixture removes from every request.
const HEADER: &str = "x-gw-assertion";

fn asserting(name: &str, audience: &str) -> Route {
    Route {
        policy: Policy {
            authentication: Authentication::Optional,
            issuers: vec![Arc::from(ISSUER), Arc::from(super::support::ISSUER)],
            ..policy()
        },
        action: Action::Upstream("u".to_owned()),
        assertion: Some(Arc::new(Assertion {
            header: http::HeaderName::from_static(HEADER),
            audience: audience.to_owned(),
            lifetime: Duration::from_secs(60),
            claims: vec!["email".to_owned(), "groups".to_owned()],
        })),
        ..route(name).path(&format!("/{name}/")).build()
    }
}

fn routes(settings: &mut Settings) {
    settings
        .routes
        .push(asserting("wiki", "https://wiki.internal/"));
    settings.routes.push(asserting("mail", "mail"));
}

/// A gateway with a provider behind it, whose key is active at the gateway's present.
struct Site {
    gateway: TestGateway,
    keys: Arc<KeyRing>,
}

fn ring_key() -> RingKey {
    RingKey {
        key: Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap()),
        created_at: Timestamp::from_secs(0),
        active_from: Timestamp::from_secs(0),
        published_until: None,
    }
}

async fn provider() -> (Arc<Provider>, Arc<KeyRing>) {
    let op = TestProvider::start().await;
    op.keys.replace(vec![ring_key()]);
    (Arc::new(op.provider), op.keys)
}

impl Site {
    async fn start() -> Self {
        Self::with(routes).await
    }

    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut gateway = TestGateway::with(change).await;
        let (provider, keys) = provider().await;
        gateway.reload(|_, parts| parts.provider = Some(provider));
        Self { gateway, keys }
    }

    async fn get(&self, target: &str, token: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let fields = [("Authorization", authorization.as_str())];
        self.gateway.get(target, &fields).await
    }

    /// The assertion that the upstream gets with a request for `target`.
    async fn asserted(&self, target: &str, token: &str) -> String {
        let answer = self.get(target, token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.last_field().expect("an assertion")
    }

    fn last_field(&self) -> Option<String> {
        field(&self.gateway.upstream.requests().pop().unwrap())
    }

    fn advance_s(&self, seconds: u64) {
        self.gateway.clock.advance(Duration::from_secs(seconds));
    }
}

/// What stands in the header, once.
fn field(request: &str) -> Option<String> {
    let lines = request.split("\r\n\r\n").next().unwrap().lines().skip(1);
    let values: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(field, _)| field.eq_ignore_ascii_case(HEADER))
        .map(|(_, value)| value.to_owned())
        .collect();
    assert!(values.len() <= 1, "{values:?}");
    values.into_iter().next()
}

fn claims(assertion: &str) -> Map<String, Value> {
    read_jwt(assertion).1
}

#[tokio::test]
async fn the_upstream_is_told_who_asks_by_a_key_of_the_key_set() {
    let site = Site::start().await;
    let token = site.gateway.token(|claims| claims["email"] = "a@b".into());

    let assertion = site.asserted("/wiki/x", &token).await;

    let (header, claims) = read_jwt(&assertion);
    assert_eq!(header["typ"], ASSERTION_TYPE);
    assert_eq!(header["alg"], "ES256");
    let published = site.keys.jwks(NOW);
    assert_eq!(published["keys"][0]["kid"], header["kid"]);
    assert!(claims["jti"].as_str().unwrap().len() >= 20);
    let mut others = claims;
    others.remove("jti");
    assert_eq!(
        Value::Object(others),
        json!({
            "iss": ISSUER,
            "aud": "https://wiki.internal/",
            "sub": "alice",
            "client_id": "app",
            "email": "a@b",
            "groups": ["staff"],
            "iat": NOW.as_secs(),
            "exp": NOW.as_secs() + 60,
        }),
        "and not scope, which nobody asked for"
    );
}

/// A signature for each request would cost more than all the rest.
#[tokio::test]
async fn one_is_sent_until_half_of_its_life_is_over() {
    let site = Site::start().await;
    let token = site.gateway.token(|_| {});

    let first = site.asserted("/wiki/x", &token).await;
    site.advance_s(29);
    assert_eq!(site.asserted("/wiki/y", &token).await, first);
    let of_mail = site.asserted("/mail/x", &token).await;
    assert_eq!(claims(&of_mail)["aud"], "mail");
    assert_eq!(site.asserted("/wiki/y", &token).await, first, "kept apart");
    site.advance_s(1);
    let second = site.asserted("/wiki/x", &token).await;

    let (first, second) = (claims(&first), claims(&second));
    assert_ne!(first["jti"], second["jti"]);
    assert_eq!(second["exp"], NOW.as_secs() + 90);
    // Another token of the same user gets its own.
    let other = site.gateway.token(|claims| claims["jti"] = "jti-2".into());
    let other = site.asserted("/wiki/x", &other).await;
    assert_ne!(claims(&other)["jti"], second["jti"]);
}

#[tokio::test]
async fn what_is_signed_for_one_setting_is_not_sent_for_another() {
    let mut site = Site::start().await;
    let token = site.gateway.token(|_| {});
    site.asserted("/wiki/x", &token).await;

    site.gateway.reload(|settings, _| {
        settings.routes.retain(|route| route.name != "wiki");
        settings.routes.push(asserting("wiki", "another"));
    });

    let assertion = site.asserted("/wiki/x", &token).await;
    assert_eq!(claims(&assertion)["aud"], "another");
}

/// Who withdrew a key wants nothing more of it, however fresh.
#[tokio::test]
async fn a_key_that_is_gone_takes_what_it_signed_along() {
    let site = Site::start().await;
    let token = site.gateway.token(|_| {});
    let first = site.asserted("/wiki/x", &token).await;

    site.keys.replace(vec![ring_key()]);
    let second = site.asserted("/wiki/x", &token).await;

    let id = |assertion: &str| read_jwt(assertion).0["kid"].clone();
    assert_ne!(id(&first), id(&second));
    assert_eq!(site.keys.jwks(NOW)["keys"][0]["kid"], id(&second));
}

#[tokio::test]
async fn none_outlives_the_token_it_rests_on() {
    let site = Site::start().await;
    let end = NOW.as_secs() + 20;
    let token = site.gateway.token(|claims| claims["exp"] = end.into());

    let first = site.asserted("/wiki/x", &token).await;
    site.advance_s(15);
    let second = site.asserted("/wiki/x", &token).await;

    assert_eq!(claims(&first)["exp"], end);
    assert_eq!(claims(&second)["exp"], end);
    assert_eq!(claims(&second)["iat"], NOW.as_secs() + 15);
}

/// A token of another issuer may be a little too old by our clock; what is said of it is not.
#[tokio::test]
async fn an_assertion_about_a_token_in_its_leeway_is_good() {
    let key = script::key();
    let mut settings = script::trusted(script::ISSUER);
    settings.terms.leeway = Duration::from_secs(30);
    let (mut gateway, world) = issuers::gateway(&[settings]).await;
    world.script.show(script::METADATA, &script::metadata());
    world.script.show(script::KEYS, &script::jwks(&[&key]));
    let (provider, keys) = provider().await;
    gateway.reload(|settings, parts| {
        settings.routes[0]
            .assertion
            .clone_from(&asserting("r", "wiki").assertion);
        parts.provider = Some(provider);
    });
    let site = Site { gateway, keys };
    let token = script::token(&key, script::ISSUER, |claims| {
        claims["exp"] = (NOW.as_secs() - 10).into();
        claims["iat"] = (NOW.as_secs() - 900).into();
    });

    let assertion = site.asserted("/0/x", &token).await;

    assert_eq!(claims(&assertion)["exp"], NOW.as_secs() + 20);
    assert_eq!(claims(&assertion)["iss"], ISSUER, "ours, of a foreign user");
}

#[tokio::test]
async fn a_client_is_no_user_and_nobody_gets_none() {
    let site = Site::start().await;
    let own = site.gateway.token(|claims| claims["sub"] = "app".into());

    let assertion = site.asserted("/wiki/x", &own).await;
    let nobody = site.gateway.get("/wiki/x", &[]).await;

    let claims = claims(&assertion);
    assert!(!claims.contains_key("sub"), "{claims:?}");
    assert_eq!(claims["client_id"], "app");
    assert_eq!(nobody.status, 200);
    assert_eq!(site.last_field(), None);
}

/// A head with more in it than the upstream takes would be refused there as a whole.
#[tokio::test]
async fn a_claim_that_is_too_long_is_left_out() {
    let site = Site::start().await;
    let token = site.gateway.token(|claims| {
        claims["email"] = "x".repeat(4095).into();
        claims["groups"] = json!(["y".repeat(4092)]);
    });

    let claims = claims(&site.asserted("/wiki/x", &token).await);

    assert!(!claims.contains_key("email"));
    assert_eq!(claims["groups"][0].as_str().unwrap().len(), 4092);
}

/// C07, for the one header that upstreams believe whoever sends it.
#[tokio::test]
async fn c07_a_forged_assertion_reaches_no_upstream_on_any_route() {
    let site = Site::start().await;
    let forged = "x.y.z";
    for target in ["/wiki/x", "/mail/x", "/public/x", "/opt/x", "/live/x"] {
        for name in [
            "X-Gw-Assertion",
            "x_gw_assertion",
            "X-Gw_Assertion",
            "X.Gw.Assertion",
            "X-GW-ASSERTION",
        ] {
            let answer = site.gateway.get(target, &[(name, forged)]).await;
            assert_eq!(answer.status, 200, "{target} {name}");
            let last = site.gateway.upstream.requests().pop().unwrap();
            assert!(!last.contains(forged), "{target} {name}: {last}");
        }
    }
    let bearer = site.gateway.bearer();
    let fields = [
        ("X-Gw-Assertion", forged),
        ("Authorization", bearer.as_str()),
        ("X-Gw-Assertion", forged),
    ];
    site.gateway.get("/wiki/x", &fields).await;
    let last = site.gateway.upstream.requests().pop().unwrap();
    assert!(!last.contains(forged), "{last}");
    assert!(field(&last).is_some(), "ours, and once");
}

/// D18, RFC 8725 §3.11: also where its issuer is one whose tokens are taken, ourselves or another
/// Cellgate.
#[tokio::test]
async fn d18_an_assertion_is_no_token_here() {
    let mut site = Site::start().await;
    let assertion = site.asserted("/wiki/x", &site.gateway.token(|_| {})).await;
    let own = Some((ISSUER.to_owned(), Arc::clone(&site.keys)));
    let verifier = TokenVerifier::new(own, &[], 100).unwrap();
    assert_eq!(
        verifier.verify(&assertion, NOW).unwrap_err(),
        JwtError::Type
    );
    site.gateway
        .reload(|_, parts| parts.verifier = Arc::new(verifier));
    let answer = site.get("/wiki/x", &assertion).await;
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_eq!(site.gateway.upstream.requests().len(), 1, "the first one");

    let (elsewhere, world) = issuers::gateway(&[script::trusted(script::ISSUER)]).await;
    let key = site.keys.keys().remove(0).key;
    world.script.show(script::METADATA, &script::metadata());
    world.script.show(script::KEYS, &script::jwks(&[&key]));
    let of_another = |typ: &str| {
        let mut claims = claims(&assertion);
        claims.insert("iss".to_owned(), script::ISSUER.into());
        claims.insert("aud".to_owned(), "api".into());
        key.sign_jwt(typ, &claims).unwrap()
    };
    let assertion = of_another(ASSERTION_TYPE);
    assert_eq!(issuers::status(&elsewhere, "/0/x", &assertion).await, 401);
    let token = of_another("at+jwt");
    assert_eq!(issuers::status(&elsewhere, "/0/x", &token).await, 200);
}

/// A request that should have had one does not go on without.
#[tokio::test]
async fn without_a_key_nothing_goes_on() {
    let site = Site::start().await;
    site.keys.replace(vec![]);

    let answer = site.get("/wiki/x", &site.gateway.token(|_| {})).await;

    assert_eq!(answer.status, 500);
    site.gateway.assert_nothing_forwarded("unsigned");
}

#[tokio::test]
async fn a_proxy_that_only_asks_gets_it_or_a_blank() {
    let kind = ProxyKind::Traefik;
    let site = Site::with(|settings| {
        routes(settings);
        settings.forward_auth = asking(kind);
    })
    .await;
    let target = ("GET", "a.test", "/wiki/x");
    let forged = "X-Gw-Assertion: forged\r\n";
    let fields = format!("{forged}Authorization: {}\r\n", site.gateway.bearer());

    let known = ask(&site.gateway, kind, target, &fields).await;
    let nobody = ask(&site.gateway, kind, target, forged).await;
    let elsewhere = ask(&site.gateway, kind, ("GET", "a.test", "/opt/x"), &fields).await;

    assert_eq!((known.status, nobody.status), (200, 200), "{known:?}");
    assert_eq!(claims(known.field(HEADER).unwrap())["sub"], "alice");
    assert_eq!(nobody.field(HEADER), Some(""));
    assert_eq!(elsewhere.field(HEADER), Some(""), "a route without");
}

/// Whoever asks is not to have what only the upstream may see.
#[tokio::test]
async fn the_built_in_answer_does_not_show_it() {
    let site = Site::with(|settings| {
        settings.routes.push(Route {
            action: Action::Whoami,
            ..asserting("me", "wiki")
        });
    })
    .await;

    let answer = site.get("/me/x", &site.gateway.token(|_| {})).await;

    assert_eq!(answer.status, 200);
    let shown = answer.body.to_ascii_lowercase();
    assert!(shown.contains("x-auth-user"), "{shown}");
    assert!(!shown.contains(HEADER), "{shown}");
}
