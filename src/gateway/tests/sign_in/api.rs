//! Who is no browser on its way to a page: challenged as on any route. And what both have in common.

use http::{HeaderMap, Method};

use super::Site;
use crate::gateway::tests::forward_auth::{ask, asking};
use crate::gateway::tests::harness::Protocol;
use crate::gateway::tests::support::ISSUER;
use crate::gateway::{Hypothetical, ProxyKind, Scheme, explain};
use crate::provider::tests::support::START;
use crate::secret::Digest;

const SCRIPT: &str = "Accept: application/json\r\nSec-Fetch-Mode: cors\r\n";

#[tokio::test]
async fn l21_a_script_without_a_session_gets_401_and_a_problem_document() {
    let site = Site::start().await;
    let mut browser = site.browser();
    for (row, method, fields) in [
        ("a script", "GET", SCRIPT),
        ("a program", "GET", "Accept: */*\r\n"),
        (
            "a form",
            "POST",
            "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\n",
        ),
        ("a WebSocket", "GET", "Sec-Fetch-Mode: websocket\r\n"),
    ] {
        let answer = browser
            .send(method, "https://app.test/api", fields, "")
            .await;
        assert_eq!(answer.status, 401, "{row}");
        let challenge = answer.field("www-authenticate");
        assert_eq!(challenge, Some("Bearer realm=\"cellgate\""), "{row}");
        assert_eq!(answer.fields("set-cookie").count(), 0, "{row}");
        if row != "a form" {
            assert_eq!(answer.json()["status"], 401, "{row}");
        }
    }
    site.gateway.assert_nothing_forwarded("nobody is signed in");
}

#[tokio::test]
async fn a_script_of_a_signed_in_browser_passes() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;

    let answer = browser
        .send("GET", "https://app.test/api", SCRIPT, "")
        .await;

    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_bearer_token_is_as_good_as_anywhere() {
    let site = Site::speaking(Protocol::Http1, |settings| {
        for route in &mut settings.routes {
            route.policy.issuers.push(ISSUER.into());
        }
    })
    .await;
    let token = site.gateway.token(|claims| {
        claims["iat"] = 1_799_999_990_u64.into();
        claims["exp"] = 1_800_000_500_u64.into();
    });
    let mut browser = site.browser();
    let fields = format!("Authorization: Bearer {token}\r\n");

    let answer = browser
        .send("GET", "https://app.test/api", &fields, "")
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let user = site.gateway.upstream.field("x-auth-user");
    assert_eq!(user.as_deref(), Some("alice"));

    let bad = format!("{fields}Accept: text/html\r\n").replace("Bearer e", "Bearer f");
    let answer = browser.send("GET", "https://app.test/api", &bad, "").await;
    assert_eq!(answer.status, 401, "a bad token is no reason to sign in");
}

/// A token counts alone: identities are never mixed, and a bad one is not replaced by a session.
#[tokio::test]
async fn beside_a_token_a_session_is_not_looked_at() {
    let site = Site::speaking(Protocol::Http1, |settings| {
        for route in &mut settings.routes {
            route.policy.issuers.push(ISSUER.into());
        }
    })
    .await;
    let mut browser = site.signed_in().await;
    let token = site.gateway.token(|claims| {
        claims["sub"] = "robot".into();
        claims["iat"] = 1_799_999_990_u64.into();
        claims["exp"] = 1_800_000_500_u64.into();
    });

    let fields = format!("Authorization: Bearer {token}\r\n");
    let answer = browser
        .send("GET", "https://app.test/api", &fields, "")
        .await;
    assert_eq!(answer.status, 200);
    let requests = site.gateway.upstream.requests();
    let last = requests.last().unwrap();
    assert!(last.contains("x-auth-user: robot"), "{last}");
    assert!(!last.contains("uuid-of-alice"), "{last}");

    let fields = "Authorization: Bearer not-a-token\r\n";
    let answer = browser
        .send("GET", "https://app.test/api", fields, "")
        .await;
    assert_eq!(answer.status, 401);
    let twice = format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n");
    let answer = browser
        .send("GET", "https://app.test/api", &twice, "")
        .await;
    assert_eq!(answer.status, 400, "two tokens");
}

/// L14.
#[tokio::test]
async fn l14_a_foreign_page_changes_nothing_in_the_name_of_its_visitor() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let n = site.gateway.upstream.requests().len();
    for (field, status) in [
        ("Sec-Fetch-Site: cross-site\r\n", 403),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Origin: https://evil.test\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Sec-Fetch-Site: same-origin\r\n", 200),
        ("Origin: https://app.test\r\n", 200),
    ] {
        for method in ["POST", "DELETE"] {
            let answer = browser.send(method, "https://app.test/x", field, "").await;
            assert_eq!(answer.status, status, "{method} {field}");
        }
    }
    let forwarded = site.gateway.upstream.requests().len() - n;
    assert_eq!(forwarded, 4);
}

#[tokio::test]
async fn a_foreign_page_opens_no_websocket_in_the_name_of_its_visitor() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let foreign = format!("{handshake}Origin: https://evil.test\r\n");
    let answer = browser
        .send("GET", "https://app.test/ws", &foreign, "")
        .await;
    assert_eq!(answer.status, 403);

    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                  Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    site.gateway.upstream.answers(switch.as_bytes());
    let own = format!("{handshake}Origin: https://app.test\r\n");
    let answer = browser.send("GET", "https://app.test/ws", &own, "").await;
    assert_eq!(answer.status, 101);
}

/// L27: whatever the upstream says.
#[tokio::test]
async fn l27_no_shared_cache_keeps_what_a_signed_in_browser_gets() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    for (said, expected) in [
        ("", "private"),
        (
            "Cache-Control: public, max-age=60\r\n",
            "private, max-age=60",
        ),
        ("Cache-Control: s-maxage=60\r\n", "private"),
        (
            "Cache-Control: Private, max-age=1\r\n",
            "Private, max-age=1",
        ),
        ("Cache-Control: no-store\r\n", "no-store"),
        (
            "Cache-Control: private=\"x\", max-age=1\r\n",
            "private, max-age=1",
        ),
        (
            "Cache-Control: public\r\nCache-Control: max-age=9\r\nCDN-Cache-Control: max-age=9\r\n",
            "private, max-age=9",
        ),
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\n{said}Content-Length: 2\r\n\r\nok");
        site.gateway.upstream.answers(answer.as_bytes());
        let answer = browser.get("https://app.test/me/x.css").await;
        assert_eq!(answer.field("cache-control"), Some(expected), "{said}");
        assert_eq!(answer.fields("cache-control").count(), 1, "{said}");
        assert_eq!(answer.field("vary"), Some("Cookie"), "{said}");
        assert_eq!(answer.field("cdn-cache-control"), None, "{said}");
    }
}

/// C22: an application cannot sign anybody in or out by a cookie.
#[tokio::test]
async fn c22_an_application_sets_no_cookie_of_ours() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    site.gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: __Host-cellgate-app=x; Path=/; Secure\r\n\
          Set-Cookie: cellgate-app=x\r\nSet-Cookie: own=y\r\nContent-Length: 2\r\n\r\nok",
    );
    let answer = browser.get("https://app.test/").await;
    let cookies: Vec<&str> = answer.fields("set-cookie").collect();
    assert_eq!(cookies, ["own=y"]);
}

#[tokio::test]
async fn what_is_reserved_never_reaches_an_application() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let n = site.gateway.upstream.requests().len();
    for (method, target, status) in [
        ("GET", "/.cellgate", 404),
        ("GET", "/.cellgate/x", 404),
        ("GET", "/%2Ecellgate/x", 404),
        ("GET", "/.cellgate%2Fcallback", 404),
        ("POST", "/.cellgate/callback", 405),
        ("DELETE", "/.cellgate/sign-out", 405),
    ] {
        let url = format!("https://app.test{target}");
        let answer = browser.send(method, &url, "", "").await;
        assert_eq!(answer.status, status, "{method} {target}");
    }
    assert_eq!(site.gateway.upstream.requests().len(), n);
}

/// What `cellgate explain` says is what happens.
#[tokio::test]
async fn an_explanation_says_who_would_be_sent_to_sign_in() {
    let site = Site::start().await;
    let explained = |target: &str, accept: Option<&str>, cookie: Option<&str>| {
        let mut headers = HeaderMap::new();
        for (name, value) in [("accept", accept), ("cookie", cookie)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let request = Hypothetical {
            method: Method::GET,
            scheme: Scheme::Https,
            authority: "app.test".to_owned(),
            target: target.to_owned(),
            headers,
            source: [127, 0, 0, 1].into(),
            certificate: None,
        };
        let explanation = explain(&site.gateway.gateway.snapshot(), request, START);
        let last = explanation.steps.last().unwrap().name;
        (explanation.refusal, last)
    };
    let cookie = format!(
        "__Host-cellgate-app={}",
        Digest::of(b"a session").to_base64url()
    );

    let browser = explained("/x", Some("text/html"), None);
    assert_eq!(browser, (Some((303, "sign_in")), "credential"));
    let script = explained("/x", None, None);
    assert_eq!(script, (Some((401, "no_credential")), "credential"));
    let session = explained("/x", Some("text/html"), Some(&cookie));
    assert_eq!(session, (Some((503, "issuer_unavailable")), "session"));
    let reserved = explained("/.cellgate/callback", None, None);
    assert_eq!(reserved, (None, "sign_in"));
}

/// A proxy that only asks sends the browser where it would have been sent here; nginx makes a
/// redirect of 401 itself.
#[tokio::test]
async fn a_proxy_that_asks_is_told_where_to_send_the_browser() {
    for (kind, status) in [
        (ProxyKind::Caddy, 303),
        (ProxyKind::Traefik, 303),
        (ProxyKind::Nginx, 401),
    ] {
        let site = Site::speaking(Protocol::Http1, |settings| {
            settings.forward_auth = asking(kind);
        })
        .await;
        let described = |target| ("GET", "app.test", target);
        let browser = "Accept: text/html\r\n";
        let answer = ask(&site.gateway, kind, described("/x?y"), browser).await;
        assert_eq!(answer.status, status, "{kind:?}");
        let location = answer.field("location").unwrap();
        assert!(location.starts_with("https://op.example/oidc/oauth2/auth?"));
        assert!(answer.field("set-cookie").is_some(), "{kind:?}");

        let mut browser = site.signed_in().await;
        let cookies = browser.cookie_header("app.test");
        let answer = ask(&site.gateway, kind, described("/x"), &cookies).await;
        assert_eq!(answer.status, 200, "{kind:?}");
        assert_eq!(answer.field("x-auth-user"), Some("uuid-of-alice"));
        let answer = ask(&site.gateway, kind, described("/.cellgate/callback"), "").await;
        assert_eq!(answer.status, 403, "comes here by itself");
        let answer = browser.get("https://app.test/.cellgate/sign-out").await;
        assert_eq!(answer.status, 200);
    }
}
