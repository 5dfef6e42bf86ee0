//! Requests to the provider's endpoints: handed over whole, bounded and in time.

use std::sync::Arc;
use std::time::Duration;

use super::harness::{NOW, TestGateway};
use super::support::store;
use crate::clock::ManualClock;
use crate::gateway::{ToldBy, TrustedProxies, TrustedProxy};
use crate::jose::{KeyRing, SigningAlgorithm, TokenVerifier};
use crate::model::Issuer;
use crate::provider::{self, Provider};
use crate::store::AttemptLimits;
use crate::telemetry::Metrics;
use crate::users::{self, SignIn, SignInLimits};

async fn provider() -> Provider {
    let store = store().await;
    let attempts = SignInLimits {
        attempts: AttemptLimits {
            failures_before_pause: 5,
            pause: Duration::from_secs(60),
            ceiling: None,
            reserved_for_known_devices: 0,
        },
        failures_per_address: 10_000,
        address_window: Duration::from_secs(600),
        checks_at_once: 4,
        checks_waiting: 100,
        refusal_step: Duration::ZERO,
    };
    let nobody = users::directory(&users::Settings::Static(vec![])).unwrap();
    let metrics = Arc::new(Metrics::new());
    let parts = provider::Parts {
        clock: Arc::new(ManualClock::at(NOW)),
        store: store.clone(),
        keys: Arc::new(KeyRing::default()),
        verifier: Arc::new(TokenVerifier::new(None, &[], 0).unwrap()),
        sign_in: SignIn::new(nobody, store, attempts),
        upstream_sessions: None,
        clients: Arc::new(provider::ClientMemory::new(&metrics).unwrap()),
        metrics,
    };
    let minute = Duration::from_secs(60);
    let settings = provider::Settings {
        issuer: Issuer::parse("https://op.test/oidc/").unwrap(),
        clients: vec![],
        access_token_algorithm: SigningAlgorithm::Es256,
        access_token_lifetime: minute,
        id_token_algorithm: SigningAlgorithm::Es256,
        id_token_lifetime: minute,
        refresh_tokens: provider::RefreshTokenPolicy {
            idle_lifetime: minute,
            absolute_lifetime: minute,
            reuse_window: minute,
            outage_grace: minute,
        },
        code_lifetime: minute,
        session_lifetime: minute,
        session_idle_lifetime: minute,
        key_rotation: provider::KeyRotation::default(),
        client_authentication: provider::ClientAuthenticationPolicy::default(),
        back_channel_logout: provider::BackChannelLogout::default(),
        interaction_lifetime: minute,
        known_device_lifetime: Duration::from_secs(86_400),
        backend_page: None,
        interactions: provider::Interactions::default(),
        display_name: "Cellgate".to_owned(),
        registration: provider::Registration::default(),
        application_passwords: provider::ApplicationPasswords::default(),
        language: crate::model::Language::parse("en").unwrap(),
        templates: None,
    };
    Provider::new(settings, parts).unwrap()
}

/// A gateway that is its own provider at `https://op.test/oidc/`.
async fn gateway() -> TestGateway {
    let provider = Arc::new(provider().await);
    let mut gateway = TestGateway::start().await;
    gateway.reload(|_, parts| parts.provider = Some(provider));
    gateway
}

fn get(host: &str, target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
}

#[tokio::test]
async fn endpoints_are_served_on_the_issuers_host_only() {
    let gateway = gateway().await;
    let discovery = "/oidc/.well-known/openid-configuration";
    for (row, host, status) in [
        ("the issuer's host", "op.test", 200),
        ("another spelling of it", "OP.test.:443", 200),
        ("another host", "a.test", 404),
    ] {
        let answer = gateway.send(get(host, discovery)).await;
        assert_eq!(answer.status, status, "{row}");
        assert!(answer.field("x-request-id").is_some(), "{row}");
    }
    let document = gateway.send(get("op.test", discovery)).await.json();
    assert_eq!(document["issuer"], "https://op.test/oidc/");
}

/// A password must not go over a connection without TLS only because there is one.
#[tokio::test]
async fn an_https_issuer_is_not_answered_without_tls_where_a_listener_has_it() {
    let discovery = get("op.test", "/oidc/.well-known/openid-configuration");
    for (row, has_tls, status) in [
        ("TLS ends in front of us", false, 200),
        ("a listener has TLS, this one has not", true, 421),
    ] {
        let mut gateway = gateway().await;
        gateway.reload(|settings, _| settings.has_tls = has_tls);
        assert_eq!(gateway.send(&discovery).await.status, status, "{row}");
    }
}

/// B11: where TLS ended is for a trusted proxy to say, and for nobody else.
#[tokio::test]
async fn a_trusted_proxy_says_whether_a_request_came_over_tls() {
    let proxy = TrustedProxy {
        networks: vec!["127.0.0.1/32".parse().unwrap()],
        told_by: ToldBy::ForwardedFields,
    };
    for (row, is_trusted, has_tls, proto, status) in [
        ("it did", true, true, "https", 200),
        ("it did not", true, false, "http", 421),
        ("nobody asked", false, true, "https", 421),
    ] {
        let mut gateway = gateway().await;
        gateway.reload(|settings, _| {
            settings.has_tls = has_tls;
            let trusted = is_trusted.then(|| proxy.clone());
            settings.trusted_proxies = TrustedProxies::new(trusted.into_iter().collect());
        });
        let request = format!(
            "GET /oidc/.well-known/openid-configuration HTTP/1.1\r\nHost: op.test\r\n\
             X-Forwarded-Proto: {proto}\r\n\r\n"
        );
        assert_eq!(gateway.send(request).await.status, status, "{row}");
    }
}

#[tokio::test]
async fn endpoints_see_the_canonical_request_only() {
    let gateway = gateway().await;
    for (row, target, status) in [
        ("A10", "/oidc/%2Ewell-known/openid-configuratio%6E", 200),
        ("A01", "/oidc/x/../.well-known/openid-configuration", 400),
        ("A04", "//oidc/.well-known/openid-configuration", 400),
    ] {
        assert_eq!(
            gateway.send(get("op.test", target)).await.status,
            status,
            "{row}"
        );
    }
}

#[tokio::test]
async fn a_body_is_bounded_whether_its_length_is_told_or_not() {
    let gateway = gateway().await;
    let head = "POST /oidc/oauth2/token HTTP/1.1\r\nHost: op.test\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n";
    let told = format!("{head}Content-Length: 70000\r\n\r\n");
    assert_eq!(gateway.send(told).await.status, 413);
    let chunk = format!("8000\r\n{}\r\n", "a".repeat(0x8000));
    let untold = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}{chunk}");
    assert_eq!(gateway.send(untold).await.status, 413);
    let broken = format!("{head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
    assert_eq!(gateway.send(broken).await.status, 400);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let mut gateway = gateway().await;
    gateway.reload(|settings, _| settings.limits.head_timeout = Duration::from_millis(300));
    let stalled = "POST /oidc/oauth2/token HTTP/1.1\r\nHost: op.test\r\n\
                   Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\na=1";
    let answer = gateway.send(stalled).await;

    assert_eq!(answer.status, 408);
    assert_eq!(answer.field("connection"), Some("close"));
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let gateway = gateway().await;
    let mut connection = gateway.connect().await;
    connection
        .write(
            "POST /oidc/oauth2/token HTTP/1.1\r\nHost: op.test\r\nExpect: 100-continue\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\n",
        )
        .await;
    assert!(connection.head().await.starts_with("HTTP/1.1 100"));
    let answer = connection.exchange("grant_type=x").await;

    assert!((400..500).contains(&answer.status), "{answer:?}");
    assert_eq!(
        answer.json()["error"],
        "invalid_client",
        "the endpoint's own answer"
    );
}

#[tokio::test]
async fn forged_identity_does_not_reach_endpoints_either() {
    let gateway = gateway().await;
    let request = "GET /oidc/userinfo HTTP/1.1\r\nHost: op.test\r\nX-Auth-User: admin\r\n\
                   Connection: authorization\r\nAuthorization: Bearer x\r\n\r\n";
    assert_eq!(gateway.send(request).await.status, 400, "C07, C11");
    let twice = "GET /oidc/userinfo HTTP/1.1\r\nHost: op.test\r\n\
                 Authorization: Bearer x\r\nAuthorization: Bearer y\r\n\r\n";
    assert_eq!(gateway.send(twice).await.status, 400, "D01");
}
