//! Explanations agree with what happens, and hide what is secret.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use serde_json::json;

use super::*;
use crate::gateway::tests::harness::{NOW, TestGateway};
use crate::gateway::tests::policies::{admin_conditions, administrator, gateway};
use crate::gateway::tests::token_places;
use crate::gateway::{Assertion, CertificateConditions, CertificateUse, Rate, RouteLimits};
use crate::issuers::tests::script::{
    self, KEYS, METADATA, World, jwks, key, metadata, token, trusted,
};
use crate::jose::TokenVerifier;
use crate::store;

fn asked(method: &str, url_path: &str, token: Option<&str>) -> Hypothetical {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        headers.insert(AUTHORIZATION, value);
    }
    Hypothetical {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        scheme: Scheme::Http,
        authority: "a.test".to_owned(),
        target: url_path.to_owned(),
        headers,
        source: IpAddr::from([127, 0, 0, 1]),
        certificate: None,
    }
}

fn explained(gateway: &TestGateway, request: Hypothetical) -> Explanation {
    explain(&gateway.gateway.snapshot(), request, NOW)
}

fn text(explanation: &Explanation) -> String {
    let steps = explanation.steps.iter();
    steps
        .map(|step| format!("{}: {}\n", step.name, step.text))
        .collect()
}

/// The same status as over the wire, whatever becomes of the request.
#[tokio::test]
async fn an_explanation_agrees_with_what_happens() {
    let gateway = gateway("admin", admin_conditions()).await;
    let good = gateway.token(administrator);
    let weak = gateway.token(|claims| claims["groups"] = json!(["admins"]));
    let expired = gateway.token(|claims| {
        claims["iat"] = json!(NOW.as_secs() - 1000);
        claims["exp"] = json!(NOW.as_secs() - 900);
    });
    let forged = gateway.forged();
    for (target, token) in [
        ("/public/x", None),
        ("/public/../admin/x", None),
        ("/public/%2e%2e/admin", Some(&good)),
        ("/nowhere", None),
        ("/opt/x", None),
        ("/opt/x", Some(&forged)),
        ("/admin/x", None),
        ("/admin/x", Some(&good)),
        ("/admin/x", Some(&weak)),
        ("/admin/x", Some(&expired)),
        ("/admin/x%2Fy", Some(&good)),
        ("/api/x", Some(&good)),
        ("/api/x?access_token=1", Some(&good)),
        ("/slash/a%2Fb", None),
    ] {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let fields: Vec<(&str, &str)> = bearer
            .iter()
            .map(|bearer| ("Authorization", bearer.as_str()))
            .collect();
        let answer = gateway.get(target, &fields).await;

        let explanation = explained(&gateway, asked("GET", target, token.map(String::as_str)));

        let status = explanation.refusal.map_or(200, |(status, _)| status);
        assert_eq!(status, answer.status, "{target}: {}", text(&explanation));
        let last = explanation.steps.last().unwrap().outcome;
        let is_refused = explanation
            .steps
            .iter()
            .any(|step| matches!(step.outcome, Outcome::Refused(_)));
        assert_eq!(is_refused, !explanation.is_allowed(), "{target}: {last:?}");
        assert_eq!(explanation.forwarded.is_empty(), is_refused, "{target}");
    }
}

/// Who mends one condition wants to know of the next.
#[tokio::test]
async fn every_condition_is_shown_whether_it_is_met() {
    let gateway = gateway("admin", admin_conditions()).await;
    let token = gateway.token(|_| {});

    let explanation = explained(&gateway, asked("GET", "/admin/x", Some(&token)));

    assert_eq!(explanation.refusal, Some((403, "claim")));
    let policy: Vec<(Outcome, &str)> = explanation
        .steps
        .iter()
        .filter(|step| step.name == "policy")
        .map(|step| (step.outcome, step.text.as_str()))
        .collect();
    let [issuer, audience, _scope, groups, sign_in] = policy.as_slice() else {
        panic!("{policy:#?}");
    };
    assert_eq!((issuer.0, audience.0), (Outcome::Passed, Outcome::Passed));
    assert_eq!(groups.0, Outcome::Refused("claim"));
    assert!(
        groups.1.starts_with("claim groups: one of admins"),
        "{groups:?}"
    );
    assert_eq!(
        sign_in.0,
        Outcome::Refused("insufficient_user_authentication")
    );
    assert!(sign_in.1.contains("no auth_time and no acr"), "{sign_in:?}");
}

#[tokio::test]
async fn what_the_upstream_would_get_is_shown_without_credentials() {
    let gateway = TestGateway::start().await;
    let token = gateway.token(|_| {});
    let mut request = asked("GET", "/pass/%78?y=1", Some(&token));
    for (name, value) in [("x-auth-user", "admin"), ("cookie", "session=S3CR3T")] {
        request
            .headers
            .insert(name, HeaderValue::from_static(value));
    }

    let explanation = explained(&gateway, request);

    assert!(explanation.is_allowed(), "{}", text(&explanation));
    let forwarded = explanation.forwarded.join("\n");
    assert!(forwarded.starts_with("GET /pass/x?y=1\n"), "{forwarded}");
    assert!(forwarded.contains("x-auth-user: alice"), "{forwarded}");
    assert!(
        forwarded.contains("authorization: (as sent)"),
        "{forwarded}"
    );
    for secret in [token.as_str(), "S3CR3T"] {
        assert!(!forwarded.contains(secret), "{forwarded}");
        assert!(!text(&explanation).contains(secret));
    }
}

/// A token is hidden wherever the route takes it from.
#[tokio::test]
async fn a_token_in_another_place_is_not_shown_either() {
    let gateway = token_places::gateway().await;
    let token = gateway.token(|_| {});
    for route in ["strip", "pass-all"] {
        let target = format!("/{route}/x?a=1&access_token={token}");
        let in_query = asked("GET", &target, None);
        let in_field = |name, value: &str| {
            let mut request = asked("GET", &format!("/{route}/x?a=1"), None);
            let value = HeaderValue::try_from(value).unwrap();
            request.headers.insert(HeaderName::from_static(name), value);
            request
        };
        for (row, request) in [
            ("query", in_query),
            ("field", in_field("x-api-token", &token)),
            ("cookie", in_field("cookie", &format!("app_token={token}"))),
        ] {
            let explanation = explained(&gateway, request);

            assert!(explanation.is_allowed(), "{row}: {}", text(&explanation));
            let forwarded = explanation.forwarded.join("\n");
            assert!(!forwarded.contains(&token), "{row}: {forwarded}");
            let steps = text(&explanation);
            assert!(!steps.contains(&token), "{row}: {steps}");
        }
    }
}

/// A key that its issuer does not have is the token's fault, and no issuer's: its keys have just
/// been fetched.
#[tokio::test]
async fn a_key_that_nobody_has_is_401_and_only_no_keys_at_all_are_503() {
    let (known, foreign) = (key(), key());
    let mut gateway = TestGateway::start().await;
    let world = World::of(&[trusted(script::ISSUER)]);
    world.script.show(METADATA, &metadata());
    world.script.show(KEYS, &jwks(&[&known]));
    gateway.reload(|settings, parts| {
        let verifier = TokenVerifier::new(None, &world.issuers.verifiable(), 0);
        parts.verifier = Arc::new(verifier.unwrap());
        parts.issuers = Arc::clone(&world.issuers);
        for route in &mut settings.routes {
            route.policy.issuers = vec![Arc::from(script::ISSUER)];
        }
    });
    let token = token(&foreign, script::ISSUER, |_| {});
    let refusal = || {
        let explanation = explained(&gateway, asked("GET", "/api/x", Some(&token)));
        let step = explanation.steps.last().unwrap().name;
        (step, explanation.refusal.unwrap().0)
    };

    assert_eq!(refusal(), ("verification", 503));
    world.issuers.fetch_keys().await;

    assert_eq!(refusal(), ("verification", 401));
}

/// A revoked token is told from one that is not good.
#[tokio::test]
async fn a_revocation_is_a_step_of_its_own() {
    let mut gateway = TestGateway::start().await;
    let in_memory = store::Settings::in_memory();
    let store = store::Store::open(&in_memory).await.unwrap();
    gateway.reload(|_, parts| parts.revocations = Some(Arc::clone(store.revocations())));
    let token = gateway.token(|_| {});
    let until = NOW.after(Duration::from_secs(600));
    store.revoke_token("jti-1", until).await.unwrap();

    let explanation = explained(&gateway, asked("GET", "/api/x", Some(&token)));

    let last = explanation.steps.last().unwrap();
    assert_eq!(
        (last.name, last.outcome),
        ("revocation", Outcome::Refused("revoked"))
    );
}

/// They are shown, and nothing is counted for a request that nobody sent.
#[tokio::test]
async fn limits_are_shown_and_not_used_up() {
    let gateway = TestGateway::with(|settings| {
        let one = std::num::NonZeroU32::MIN;
        let rate = Rate {
            requests: one,
            period: Duration::from_secs(60),
            burst: one,
        };
        settings.routes[0].limits = Some(Arc::new(RouteLimits {
            per_address: Some(rate),
            at_once: Some(5),
            ..RouteLimits::default()
        }));
    })
    .await;
    for _ in 0..2 {
        let explanation = explained(&gateway, asked("GET", "/public/x", None));
        assert!(explanation.is_allowed(), "{}", text(&explanation));
        let expected = "limits: not counted here: 1 requests in 60 s per address, 5 at once\n";
        assert!(
            text(&explanation).contains(expected),
            "{}",
            text(&explanation)
        );
    }
    assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
    assert_eq!(gateway.get("/public/x", &[]).await.status, 429);
}

#[tokio::test]
async fn what_keeps_a_request_at_its_server_is_said() {
    let gateway = TestGateway::with(|settings| {
        settings.upstreams[0].balance = crate::gateway::Balance::Address;
    })
    .await;

    let explanation = explained(&gateway, asked("GET", "/public/x", None));

    let expected = "forwarding: to the upstream u, at the same server for the same address\n";
    assert!(
        text(&explanation).contains(expected),
        "{}",
        text(&explanation)
    );
}

/// A certificate decides in an explanation as on a connection.
#[tokio::test]
async fn an_explanation_says_what_becomes_of_a_certificate() {
    let gateway = TestGateway::with(|settings| {
        for route in &mut settings.routes {
            if route.name == "public" {
                let conditions = CertificateConditions {
                    organizational_units: vec!["backup".to_owned()],
                    ..CertificateConditions::default()
                };
                route.client_certificate = CertificateUse::Required(Arc::new(conditions));
            }
        }
    })
    .await;
    let shown = |unit: &str| {
        let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let subject = &mut params.distinguished_name;
        subject.push(rcgen::DnType::OrganizationalUnitName, unit);
        let key = rcgen::KeyPair::generate().unwrap();
        ClientCertificate::parse(params.self_signed(&key).unwrap().der())
    };
    for (row, certificate, expected) in [
        ("none", None, Some((403, "no_client_certificate"))),
        ("another", shown("sales"), Some((403, "client_certificate"))),
        ("the right one", shown("backup"), None),
    ] {
        let request = Hypothetical {
            certificate,
            ..asked("GET", "/public/x", None)
        };
        let explanation = explained(&gateway, request);
        assert_eq!(explanation.refusal, expected, "{row}");
        let steps = text(&explanation);
        assert!(steps.contains("client_certificate: "), "{row}: {steps}");
        let is_named = steps.contains("OU=backup (asked for: organizational unit backup)");
        assert_eq!(is_named, expected.is_none(), "{row}: {steps}");
    }
    // On a connection without TLS there is none.
    assert_eq!(gateway.get("/public/x", &[]).await.status, 403);
    gateway.assert_nothing_forwarded("without a certificate");
}

/// What is signed is worth something, and explanations end up in tickets.
#[tokio::test]
async fn an_assertion_is_described_and_not_made() {
    let mut gateway = TestGateway::start().await;
    let assertion = Assertion {
        header: HeaderName::from_static("x-gw-assertion"),
        audience: "https://wiki.internal/".to_owned(),
        lifetime: Duration::from_secs(60),
        claims: vec!["email".to_owned(), "groups".to_owned()],
    };
    gateway.reload(|settings, _| {
        for route in &mut settings.routes {
            route.assertion = Some(Arc::new(assertion.clone()));
        }
    });
    let of_client = gateway.token(|claims| claims["sub"] = json!("app"));

    for (token, said) in [
        (
            Some(gateway.token(|_| {})),
            "signed for https://wiki.internal/, good for 60 s, of this subject, with groups, in \
             x-gw-assertion",
        ),
        (
            Some(of_client),
            "without sub, since a client asks for itself",
        ),
        (None, ""),
    ] {
        let explanation = explained(&gateway, asked("GET", "/opt/x", token.as_deref()));
        let step = explanation.steps.iter().find(|it| it.name == "assertion");
        let stands_for = "x-gw-assertion: (signed when it is sent)".to_owned();
        match step {
            Some(step) => assert!(!said.is_empty() && step.text.contains(said), "{step:?}"),
            None => assert!(said.is_empty()),
        }
        assert_eq!(explanation.forwarded.contains(&stands_for), token.is_some());
    }
}
