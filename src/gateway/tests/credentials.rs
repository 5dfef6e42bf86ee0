//! Rows of D of the corpus, and what RFC 6750 wants said.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::harness::{NOW, TestGateway};

#[tokio::test]
async fn a_good_token_passes_and_is_not_handed_on() {
    let gateway = TestGateway::start().await;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let authorization = format!("{scheme} {}", gateway.token(|_| {}));
        let answer = gateway
            .get("/api/x", &[("authorization", &authorization)])
            .await;
        assert_eq!(answer.status, 200, "D04 {scheme}");
    }
    for request in gateway.upstream.requests() {
        assert!(
            !request.to_lowercase().contains("authorization"),
            "{request}"
        );
        assert!(request.contains("x-auth-user: alice"), "{request}");
    }
}

#[tokio::test]
async fn a_route_can_hand_the_token_on() {
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    gateway.get("/pass/x", &[("Authorization", &bearer)]).await;

    assert_eq!(gateway.upstream.field("authorization"), Some(bearer));
}

#[tokio::test]
async fn malformed_and_ambiguous_credentials_are_refused() {
    let gateway = TestGateway::start().await;
    let good = gateway.bearer();
    let token = good.strip_prefix("Bearer ").unwrap();
    for (row, authorization, status, error) in [
        (
            "D02 two tokens",
            format!("{good}, {good}"),
            400,
            Some("invalid_request"),
        ),
        (
            "D04 two spaces",
            format!("Bearer  {token}"),
            400,
            Some("invalid_request"),
        ),
        (
            "D04 tab",
            format!("Bearer\t{token}"),
            400,
            Some("invalid_request"),
        ),
        ("D05 no token", "Bearer".to_owned(), 401, None),
        ("D05 comma", "Bearer ,".to_owned(), 401, None),
        ("D05 no scheme", token.to_owned(), 401, None),
        ("D05 empty", String::new(), 401, None),
        ("D06 Basic", format!("Basic {token}"), 401, None),
        ("D08 Negotiate", "Negotiate YII".to_owned(), 401, None),
        (
            "D15 16 kB",
            format!("Bearer {}", "a".repeat(16_300)),
            401,
            Some("invalid_token"),
        ),
    ] {
        for target in ["/api/x", "/opt/x"] {
            let answer = gateway
                .get(target, &[("Authorization", &authorization)])
                .await;
            assert_eq!(answer.status, status, "{row} {target}: {answer:?}");
            let challenge = answer.field("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer realm=\""), "{row}");
            match error {
                Some(error) => assert!(challenge.contains(error), "{row}: {challenge}"),
                None => assert!(!challenge.contains("error"), "{row}: {challenge}"),
            }
            assert_eq!(answer.field("cache-control"), Some("no-store"), "{row}");
            gateway.assert_nothing_forwarded(row);
        }
    }
}

#[tokio::test]
async fn two_credentials_are_one_too_many() {
    let gateway = TestGateway::start().await;
    let good = gateway.bearer();
    let forged = "Bearer aaaa.bbbb.cccc";
    for (row, first, second) in [
        ("D01 good first", good.as_str(), forged),
        ("D01 good last", forged, &good),
    ] {
        let fields = [("Authorization", first), ("Authorization", second)];
        let answer = gateway.get("/api/x", &fields).await;
        assert_eq!(answer.status, 400, "{row}");
    }
    let token = good.strip_prefix("Bearer ").unwrap();
    for target in [
        format!("/api/x?access_token={token}"),
        format!("/opt/x?%61ccess_token={token}"),
    ] {
        let answer = gateway.get(&target, &[("Authorization", &good)]).await;
        assert_eq!(answer.status, 400, "D03");
        let answer = gateway.get(&target, &[]).await;
        assert_eq!(answer.status, 400, "D09");
        assert!(
            answer
                .field("www-authenticate")
                .unwrap()
                .contains("invalid_request")
        );
        assert!(
            !answer.body.contains(token) && !answer.head.contains(token),
            "D09 not repeated"
        );
    }
    gateway.assert_nothing_forwarded("D01 to D09");
}

#[tokio::test]
async fn credentials_in_other_places_are_not_read() {
    let gateway = TestGateway::start().await;
    let good = gateway.bearer();
    let token = good.strip_prefix("Bearer ").unwrap();
    let subprotocol = format!("bearer, {token}");
    let cookie = format!("access_token={token}");
    for (row, name, value) in [
        (
            "D13 subprotocol",
            "Sec-WebSocket-Protocol",
            subprotocol.as_str(),
        ),
        ("D14 proxy", "Proxy-Authorization", &good),
        ("D11 cookie", "Cookie", &cookie),
    ] {
        assert_eq!(
            gateway.get("/api/x", &[(name, value)]).await.status,
            401,
            "{row}"
        );
    }
    let body = format!("access_token={token}");
    let form = format!(
        "POST /api/x HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(gateway.send(form).await.status, 401, "D10 form");
    gateway.assert_nothing_forwarded("D10 to D14");
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused_even_where_none_is_needed() {
    let gateway = TestGateway::start().await;
    let expired = gateway.token(|claims| {
        claims["iat"] = json!(NOW.as_secs() - 700);
        claims["exp"] = json!(NOW.as_secs() - 100);
    });
    let other_audience = gateway.token(|claims| claims["aud"] = json!("b"));
    let empty_subject = gateway.token(|claims| claims["sub"] = json!(""));
    let claims = json!({
        "iss": super::support::ISSUER, "sub": "alice", "aud": "api", "client_id": "app",
        "iat": NOW.as_secs(), "exp": NOW.as_secs() + 600, "jti": "1",
    });
    let typed = |typ: &str| gateway.key.sign_jwt(typ, &claims).unwrap();
    for (row, token) in [
        ("D16 expired", expired),
        ("H21 audience", other_audience),
        ("C21 empty subject", empty_subject),
        ("D17 ID token", typed("JWT")),
        ("D18 logout token", typed("logout+jwt")),
        ("D18 proof", typed("dpop+jwt")),
        ("forged", "aaaa.bbbb.cccc".to_owned()),
    ] {
        for target in ["/api/x", "/opt/x", "/whoami"] {
            let bearer = format!("Bearer {token}");
            let answer = gateway.get(target, &[("Authorization", &bearer)]).await;
            assert_eq!(answer.status, 401, "{row} {target}");
            let challenge = answer.field("www-authenticate").unwrap();
            assert!(
                challenge.contains("error=\"invalid_token\""),
                "{row}: {challenge}"
            );
        }
    }
    gateway.assert_nothing_forwarded("D16 to D18");
}

#[tokio::test]
async fn too_little_scope_is_forbidden_and_named() {
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    let request = format!(
        "POST /api/x HTTP/1.1\r\nHost: a.test\r\nAuthorization: {bearer}\r\nContent-Length: 0\r\n\r\n"
    );
    let answer = gateway.send(request).await;

    assert_eq!(answer.status, 403);
    let challenge = answer.field("www-authenticate").unwrap();
    assert!(
        challenge.contains("error=\"insufficient_scope\""),
        "{challenge}"
    );
    assert!(challenge.contains("scope=\"write\""), "{challenge}");
    gateway.assert_nothing_forwarded("scope");
}

/// J01: a remembered token is not good for longer than it lives.
#[tokio::test]
async fn a_remembered_token_ends_when_it_expires() {
    let gateway = TestGateway::start().await;
    let bearer = gateway.bearer();
    assert_eq!(
        gateway
            .get("/api/x", &[("Authorization", &bearer)])
            .await
            .status,
        200
    );

    gateway.clock.advance(Duration::from_secs(600));

    assert_eq!(
        gateway
            .get("/api/x", &[("Authorization", &bearer)])
            .await
            .status,
        401
    );
}

/// J02: a token that was good a moment ago is refused on the next request.
#[tokio::test]
async fn a_revoked_token_is_refused_although_it_is_remembered() {
    let mut gateway = TestGateway::start().await;
    let store = super::support::store().await;
    gateway.reload(|_, parts| parts.revocations = Some(Arc::clone(store.revocations())));
    let bearer = gateway.bearer();
    assert_eq!(
        gateway
            .get("/api/x", &[("Authorization", &bearer)])
            .await
            .status,
        200
    );

    store
        .revoke_token("jti-1", NOW.after(Duration::from_secs(600)))
        .await
        .unwrap();

    assert_eq!(
        gateway
            .get("/api/x", &[("Authorization", &bearer)])
            .await
            .status,
        401
    );
    let other = gateway.token(|claims| claims["jti"] = json!("jti-2"));
    let other = format!("Bearer {other}");
    assert_eq!(
        gateway
            .get("/api/x", &[("Authorization", &other)])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_address_with_too_many_bad_tokens_has_to_wait() {
    let gateway = TestGateway::with(|settings| settings.limits.token_failures_per_minute = 3).await;
    let bad = format!("Bearer {}", gateway.forged());
    let bad = [("Authorization", bad.as_str())];
    for _ in 0..3 {
        assert_eq!(gateway.get("/api/x", &bad).await.status, 401);
    }
    let limited = gateway.get("/api/x", &bad).await;
    assert_eq!(limited.status, 429);
    assert!(
        limited
            .field("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            <= 60
    );
    assert_eq!(
        gateway.get("/public/x", &[]).await.status,
        200,
        "others are served"
    );

    gateway.clock.advance(Duration::from_secs(60));

    assert_eq!(gateway.get("/api/x", &bad).await.status, 401);
}

/// What costs nothing to refuse is not held against anybody: the commonest bad token is one that
/// expired in an honest client's hands.
#[tokio::test]
async fn a_token_that_is_refused_before_its_signature_is_not_counted() {
    let gateway = TestGateway::with(|settings| settings.limits.token_failures_per_minute = 3).await;
    let expired = gateway.token(|claims| {
        let now = claims["iat"].as_u64().unwrap();
        claims["iat"] = json!(now - 700);
        claims["exp"] = json!(now - 100);
    });
    let foreign = gateway.token(|claims| claims["iss"] = json!("https://elsewhere.example/"));
    for token in [expired.as_str(), foreign.as_str(), "aaaa.bbbb.cccc"] {
        for _ in 0..4 {
            let token = format!("Bearer {token}");
            let answer = gateway.get("/api/x", &[("Authorization", &token)]).await;
            assert_eq!(answer.status, 401);
        }
    }

    let good = format!("Bearer {}", gateway.token(|_| {}));
    let answer = gateway.get("/api/x", &[("Authorization", &good)]).await;
    assert_eq!(answer.status, 200);
}

/// Many users share an address (an office, a load balancer), and one of them may be hostile.
#[tokio::test]
async fn an_address_that_has_to_wait_keeps_the_tokens_it_works_with() {
    let gateway = TestGateway::with(|settings| settings.limits.token_failures_per_minute = 3).await;
    let known = format!("Bearer {}", gateway.token(|_| {}));
    let known = [("Authorization", known.as_str())];
    assert_eq!(gateway.get("/api/x", &known).await.status, 200);
    let bad = format!("Bearer {}", gateway.forged());
    for _ in 0..4 {
        gateway.get("/api/x", &[("Authorization", &bad)]).await;
    }

    assert_eq!(gateway.get("/api/x", &known).await.status, 200);
    let new = gateway.token(|claims| claims["jti"] = json!("jti-2"));
    let new = format!("Bearer {new}");
    let limited = gateway.get("/api/x", &[("Authorization", &new)]).await;
    assert_eq!(limited.status, 429, "a signature is not checked any more");
}

#[tokio::test]
async fn a_browser_gets_a_page_and_a_program_gets_problem_details() {
    let gateway = TestGateway::start().await;
    let page = gateway
        .get("/api/x", &[("Accept", "text/html,*/*;q=0.8")])
        .await;
    assert!(page.field("content-type").unwrap().starts_with("text/html"));
    let problem = gateway
        .get("/api/x", &[("Accept", "application/json")])
        .await;
    assert_eq!(
        problem.field("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(problem.json()["status"], 401);
    assert_eq!(
        problem.field("x-request-id"),
        problem.json()["request_id"].as_str()
    );
}
