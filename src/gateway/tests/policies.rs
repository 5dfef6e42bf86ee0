//! Conditions of routes over the wire: who passes `/admin/` of the corpus, and what the others are
//! told.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::harness::{Answer, NOW, TestGateway};
use crate::gateway::settings::Settings;
use crate::gateway::{
    ClaimCondition, ClaimPath, ClaimValue, Conditions, Expression, Resource, StepUp,
};
use crate::model::{ClientId, Scope};

/// `/admin/` of the corpus: group `admins`, `acr` `mfa`, a sign-in of the last 300 seconds.
pub(crate) fn admin_conditions() -> Conditions {
    Conditions {
        claims: vec![ClaimCondition {
            claim: ClaimPath::parse("groups").unwrap(),
            any: vec![ClaimValue::Text("admins".to_owned())],
            all: vec![],
            none: vec![],
        }],
        step_up: Some(StepUp {
            max_age: Some(Duration::from_secs(300)),
            acr: vec!["mfa".to_owned()],
        }),
        ..Conditions::default()
    }
}

fn condition_of(settings: &mut Settings, name: &str, conditions: &Conditions) {
    for route in &mut settings.routes {
        if route.name == name {
            route.policy.all_scopes = Scope::default();
            route.policy.conditions = Some(Arc::new(conditions.clone()));
        }
    }
}

pub(crate) async fn gateway(name: &str, conditions: Conditions) -> TestGateway {
    TestGateway::with(|settings| condition_of(settings, name, &conditions)).await
}

/// Sends a good token, after `change` to its claims.
async fn with_token(
    gateway: &TestGateway,
    target: &str,
    change: impl FnOnce(&mut Value),
) -> Answer {
    let bearer = format!("Bearer {}", gateway.token(change));
    gateway.get(target, &[("Authorization", &bearer)]).await
}

pub(crate) fn administrator(claims: &mut Value) {
    claims["groups"] = json!(["staff", "admins"]);
    claims["acr"] = json!("mfa");
    claims["auth_time"] = json!(NOW.as_secs() - 300);
}

#[tokio::test]
async fn an_administrator_who_signed_in_as_asked_passes() {
    let gateway = gateway("admin", admin_conditions()).await;

    let answer = with_token(&gateway, "/admin/x", administrator).await;

    assert_eq!(answer.status, 200, "{answer:?}");
}

/// H31, and J05: what was verified for one route is judged anew for another.
#[tokio::test]
async fn a_group_is_asked_of_every_request_and_compared_whole() {
    let gateway = gateway("admin", admin_conditions()).await;
    for (row, groups) in [
        ("absent", json!(null)),
        ("another", json!(["staff"])),
        ("part of a name", json!(["administrators"])),
        ("part of a text", json!("staff admins")),
        ("nested", json!([["admins"]])),
    ] {
        let change = |claims: &mut Value| {
            administrator(claims);
            claims["groups"] = groups;
        };
        let token = gateway.token(change);
        let bearer = format!("Bearer {token}");
        let fields = [("Authorization", bearer.as_str())];

        assert_eq!(gateway.get("/opt/x", &fields).await.status, 200, "{row}");
        let answer = gateway.get("/admin/x", &fields).await;
        assert_eq!(answer.status, 403, "{row}");
        assert_eq!(answer.field("www-authenticate"), None, "{row}");
    }
    for request in gateway.upstream.requests() {
        assert!(request.starts_with("GET /opt/x "), "{request}");
    }
}

/// RFC 9470 §3: 401, and what the new sign-in must be.
#[tokio::test]
async fn a_sign_in_that_is_too_old_or_too_weak_is_challenged_for() {
    let gateway = gateway("admin", admin_conditions()).await;
    for (row, claim, value) in [
        ("too old", "auth_time", json!(NOW.as_secs() - 301)),
        ("too weak", "acr", json!("pwd")),
        ("not said when", "auth_time", json!(null)),
        ("not said how", "acr", json!(null)),
    ] {
        let answer = with_token(&gateway, "/admin/x", |claims| {
            administrator(claims);
            claims[claim] = value;
        })
        .await;

        assert_eq!(answer.status, 401, "{row}");
        let challenge = answer.field("www-authenticate").unwrap();
        for part in [
            "error=\"insufficient_user_authentication\"",
            "acr_values=\"mfa\"",
            "max_age=\"300\"",
        ] {
            assert!(challenge.contains(part), "{row}: {challenge}");
        }
        gateway.assert_nothing_forwarded(row);
    }
}

/// The time of the request counts, not that of the verification.
#[tokio::test]
async fn a_sign_in_grows_too_old_while_its_token_is_remembered() {
    let gateway = gateway("admin", admin_conditions()).await;
    let bearer = format!("Bearer {}", gateway.token(administrator));
    let fields = [("Authorization", bearer.as_str())];

    assert_eq!(gateway.get("/admin/x", &fields).await.status, 200);
    gateway.clock.advance(Duration::from_secs(1));
    assert_eq!(gateway.get("/admin/x", &fields).await.status, 401);
}

/// B12: by the peer, whatever a header says; and on anonymous routes as well.
#[tokio::test]
async fn a_network_is_asked_of_the_connection_and_not_of_a_header() {
    let elsewhere = Conditions {
        networks: vec!["10.0.0.0/8".parse().unwrap()],
        ..Conditions::default()
    };
    let here = Conditions {
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..Conditions::default()
    };
    let gateway = TestGateway::with(|settings| {
        condition_of(settings, "public", &elsewhere);
        condition_of(settings, "admin", &elsewhere);
        condition_of(settings, "api-read", &here);
    })
    .await;
    let good = gateway.bearer();
    let forged = format!("Bearer {}", gateway.forged());
    for target in ["/public/x", "/admin/x"] {
        for authorization in [&good, &forged] {
            let fields = [
                ("X-Forwarded-For", "10.1.2.3"),
                ("Forwarded", "for=10.1.2.3"),
                ("X-Real-Ip", "10.1.2.3"),
                ("Authorization", authorization.as_str()),
            ];
            let answer = gateway.get(target, &fields).await;
            assert_eq!(answer.status, 403, "{target}");
            gateway.assert_nothing_forwarded(target);
        }
    }
    let fields = [("Authorization", good.as_str())];
    assert_eq!(gateway.get("/api/x", &fields).await.status, 200);
}

#[tokio::test]
async fn a_token_of_another_client_is_refused() {
    let only_cli = Conditions {
        clients: vec![ClientId::parse("cli").unwrap()],
        ..Conditions::default()
    };
    let gateway = gateway("admin", only_cli).await;
    for (client, status) in [("cli", 200), ("app", 403), ("CLI", 403)] {
        let answer = with_token(&gateway, "/admin/x", |claims| {
            claims["client_id"] = client.into();
        })
        .await;
        assert_eq!(answer.status, status, "{client}");
    }
}

#[tokio::test]
async fn an_expression_that_is_not_true_refuses() {
    let sales = "claims.department == 'sales' && request.path != '/admin/closed'";
    let of_sales = Conditions {
        expression: Some(Expression::parse(sales).unwrap()),
        ..Conditions::default()
    };
    let gateway = gateway("admin", of_sales).await;
    for (row, target, department, status) in [
        ("true", "/admin/x", json!("sales"), 200),
        ("false", "/admin/x", json!("law"), 403),
        ("false for this path", "/admin/closed", json!("sales"), 403),
        ("the canonical path", "/admin/%63losed", json!("sales"), 403),
        ("another type", "/admin/x", json!(7), 403),
    ] {
        let answer = with_token(&gateway, target, |claims| {
            claims["department"] = department;
        })
        .await;
        assert_eq!(answer.status, status, "{row}: {answer:?}");
    }
    let absent = with_token(&gateway, "/admin/x", |_| {}).await;
    assert_eq!(absent.status, 403, "absent");
}

/// RFC 9728: named in the challenge, published for everybody, and not for every method.
#[tokio::test]
async fn a_challenge_leads_to_the_metadata_of_the_resource() {
    let gateway = TestGateway::with(|settings| {
        for route in &mut settings.routes {
            if route.name.starts_with("api") {
                route.resource = Resource::parse("http://a.test/api/");
            }
        }
    })
    .await;

    let refused = gateway.get("/api/x", &[]).await;
    let challenge = refused.field("www-authenticate").unwrap();
    let url = "http://a.test/.well-known/oauth-protected-resource/api/";
    assert!(
        challenge.ends_with(&format!("resource_metadata=\"{url}\"")),
        "{challenge}"
    );
    let elsewhere = gateway.get("/admin/x", &[]).await;
    let challenge = elsewhere.field("www-authenticate").unwrap();
    assert!(!challenge.contains("resource_metadata"), "{challenge}");

    let path = "/.well-known/oauth-protected-resource/api/";
    let metadata = gateway.get(path, &[]).await;
    assert_eq!(metadata.status, 200);
    assert_eq!(metadata.field("access-control-allow-origin"), Some("*"));
    assert_eq!(metadata.json()["resource"], "http://a.test/api/");
    assert_eq!(
        metadata.json()["scopes_supported"],
        json!(["read", "write"])
    );
    let posted = format!("POST {path} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(gateway.send(posted).await.status, 405);
    gateway.assert_nothing_forwarded("metadata");
}
