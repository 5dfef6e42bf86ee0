//! The provider's endpoints as a browser or a script meets them, over sockets.

use http::Method;

use crate::support::{Answer, Browser, Edge, form_fields};

const CALLBACK: &str = "http://127.0.0.1:9482/callback";
const ALICE: [(&str, &str); 2] = [("username", "alice"), ("password", "cells-demo-password")];

/// The origin of the demo application's redirection URI.
const APPLICATION: &str = "http://127.0.0.1:9482";

/// A browser's question before a call from another origin.
async fn preflight(edge: &Edge, path: &str, origin: &str) -> Answer {
    let request = edge
        .http
        .request(Method::OPTIONS, edge.url(path))
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    edge.send(request).await
}

#[tokio::test]
async fn scripts_of_registered_origins_may_call_what_looks_at_no_cookie() {
    let edge = Edge::demo();
    for path in [
        "/oidc/oauth2/token",
        "/oidc/oauth2/revoke",
        "/oidc/userinfo",
    ] {
        let other = preflight(&edge, path, "https://app.example").await;
        assert!(
            !other.headers.contains_key("access-control-allow-origin"),
            "{path}"
        );

        let answer = preflight(&edge, path, APPLICATION).await.assert_status(204);

        assert_eq!(
            answer.header("access-control-allow-origin"),
            APPLICATION,
            "{path}"
        );
        let allowed = answer.header("access-control-allow-headers");
        assert!(allowed.contains("Authorization"), "{path}: {allowed}");
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn public_documents_are_for_scripts_of_any_origin() {
    let edge = Edge::demo();
    for path in [
        "/oidc/.well-known/openid-configuration",
        "/oidc/.well-known/jwks.json",
    ] {
        let request = edge.http.get(edge.url(path));
        let request = request.header("origin", "https://app.example");
        let answer = edge.send(request).await.assert_status(200);

        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    }
}

/// RFC 9700 §2.6: where a user is asked, no script of another origin may ask.
#[tokio::test]
async fn no_other_origin_may_call_where_a_user_is_asked() {
    let edge = Edge::demo();
    for path in [
        "/oidc/oauth2/auth",
        "/oidc/sign-in",
        "/oidc/sign-out",
        "/oidc/oauth2/sessions/logout",
    ] {
        let asked = preflight(&edge, path, "https://app.example")
            .await
            .assert_status(405);
        let called = edge
            .send(
                edge.http
                    .get(edge.url(path))
                    .header("origin", "https://app.example"),
            )
            .await;

        for answer in [asked, called] {
            let names: Vec<_> = answer
                .headers
                .keys()
                .map(http::HeaderName::as_str)
                .collect();
            assert!(
                names.iter().all(|name| !name.starts_with("access-control")),
                "{path}: {names:?}"
            );
        }
    }
}

/// RFC 9110 §9.3.2: the fields of GET, and no body.
#[tokio::test]
async fn head_goes_wherever_get_does() {
    let edge = Edge::demo();
    for path in [
        "/oidc/.well-known/openid-configuration",
        "/oidc/.well-known/jwks.json",
        "/oidc/assets/style.css",
    ] {
        let get = edge.get(path).await.assert_status(200);
        let head = edge.send(edge.http.head(edge.url(path))).await;
        let head = head.assert_status(200);

        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!(head.body, "", "{path}");
    }
}

/// RFC 9110 §15.5.6.
#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let edge = Edge::demo();
    for (method, path, allowed) in [
        (Method::GET, "/oidc/oauth2/token", "POST, OPTIONS"),
        (Method::HEAD, "/oidc/oauth2/revoke", "POST, OPTIONS"),
        (
            Method::POST,
            "/oidc/.well-known/jwks.json",
            "GET, HEAD, OPTIONS",
        ),
        (Method::PUT, "/oidc/oauth2/auth", "GET, HEAD, POST"),
        (Method::DELETE, "/oidc/userinfo", "GET, HEAD, POST, OPTIONS"),
        (Method::GET, "/oidc/sign-out", "POST"),
    ] {
        let answer = edge
            .send(edge.http.request(method.clone(), edge.url(path)))
            .await
            .assert_status(405);

        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_not_read() {
    let edge = Edge::demo();
    let padding = "x".repeat(64 * 1024);
    for path in ["/oidc/oauth2/token", "/oidc/sign-in"] {
        let mut wire = edge.wire().await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
            edge.address,
            padding.len() + 1
        );
        // The length alone decides: the body need not come.
        wire.write(head).await;

        assert_eq!(wire.read().await.status, 413, "{path}");
    }
    // A little below the limit it is read, and found to name no client.
    let padding = padding.get(..60_000).expect("shorter");
    edge.token(&[("padding", padding)])
        .await
        .assert_refused(401, "invalid_client");
}

#[tokio::test]
async fn the_sign_in_page_is_kept_safe_by_its_headers() {
    let edge = Edge::demo();

    let page = edge
        .send(edge.http.get(edge.sign_in("alice").url()))
        .await
        .assert_status(200);

    let policy = page.header("content-security-policy");
    for directive in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' http: https:",
        "style-src 'self'",
    ] {
        assert!(policy.contains(directive), "{directive} in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
}

/// RFC 9700 §2.1: character by character. RFC 6749 §4.1.2.1: otherwise nobody is sent anywhere.
#[tokio::test]
async fn a_redirect_uri_that_differs_in_any_way_gets_a_page() {
    let edge = Edge::demo();
    for redirect_uri in [
        "http://127.0.0.1:9482/callback/",
        "http://127.0.0.1:9482/callback?",
        "http://127.0.0.1:9482/callback?x=1",
        "http://127.0.0.1:9482/callback#",
        "http://127.0.0.1:9482/callback#x",
        "http://127.0.0.1:9482/callback/../callback",
        "http://127.0.0.1:9482/./callback",
        "http://127.0.0.1:9482//callback",
        "http://127.0.0.1:9482/Callback",
        "http://127.0.0.1:9482/%63allback",
        "http://127.0.0.1:9482/callback%00",
        "http://127.0.0.1:9482/callback%0d%0aX: y",
        "http://127.0.0.1:9482/callback ",
        " http://127.0.0.1:9482/callback",
        "HTTP://127.0.0.1:9482/callback",
        "https://127.0.0.1:9482/callback",
        "//127.0.0.1:9482/callback",
        "/callback",
        "http://localhost:9482/callback",
        "http://127.1:9482/callback",
        "http://[::1]:9482/callback",
        "http://127.0.0.2:9482/callback",
        "http://127.0.0.1:9482@evil.example/callback",
        "http://evil.example@127.0.0.1:9482/callback",
        "http://127.0.0.1:9482.evil.example/callback",
        "http://127.0.0.1:9482\\@evil.example/callback",
        "http://evil.example/http://127.0.0.1:9482/callback",
        "http://127.0.0.1:9482/callback,http://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "",
    ] {
        let url = edge
            .sign_in("alice")
            .parameter("redirect_uri", redirect_uri)
            .url();

        let answer = edge.send(edge.http.get(url)).await;

        assert_eq!(answer.status, 400, "{redirect_uri:?}: {answer:#?}");
        assert!(!answer.headers.contains_key("location"), "{redirect_uri:?}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(!answer.body.contains("evil"), "{redirect_uri:?}");
    }
    edge.send(edge.http.get(edge.sign_in("alice").url()))
        .await
        .assert_status(200);
}

#[tokio::test]
async fn two_tabs_of_a_browser_wait_side_by_side() {
    let edge = Edge::demo();
    let mut browser = Browser::default();
    let first = edge.sign_in("alice").parameter("state", "first").url();
    let second = edge.sign_in("alice").parameter("state", "second").url();
    let first = browser.get(&edge, &first).await.assert_status(200);
    let second = browser.get(&edge, &second).await.assert_status(200);

    // The older one first, so that the younger one has not replaced it.
    for (page, state) in [(&first, "first"), (&second, "second")] {
        let answer = browser.submit(&edge, page, &ALICE).await.assert_status(303);

        assert!(answer.location().as_str().starts_with(CALLBACK));
        assert_eq!(answer.location_parameter("state").as_deref(), Some(state));
        assert!(answer.location_parameter("code").is_some());
    }
}

#[tokio::test]
async fn a_form_from_another_site_or_browser_is_refused() {
    let edge = Edge::demo();
    let mut browser = Browser::default();
    let url = edge.sign_in("alice").url();
    let page = browser.get(&edge, &url).await.assert_status(200);
    let (action, mut form) = form_fields(&page.body);
    form.extend(ALICE.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let post = |header: (&'static str, &'static str)| {
        edge.http
            .post(edge.url(&action))
            .header("content-type", "application/x-www-form-urlencoded")
            .header(header.0, header.1)
            .body(body.clone())
    };

    for header in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let answer = browser.send(&edge, post(header)).await;
        assert!(answer.status.is_client_error(), "{header:?}: {answer:#?}");
        assert_eq!(answer.header("location"), "", "{header:?}");
    }
    let stranger = edge.send(post(("sec-fetch-site", "same-origin"))).await;
    assert!(stranger.status.is_client_error(), "{stranger:#?}");
    let own = post(("sec-fetch-site", "same-origin"));
    browser.send(&edge, own).await.assert_status(303);
}

/// The fields of the session cookie that `answer` sets.
#[track_caller]
fn session_cookie(answer: &Answer) -> Vec<String> {
    let cookies = answer.headers.get_all("set-cookie");
    let cookie = cookies
        .iter()
        .map(|cookie| cookie.to_str().expect("text"))
        .find(|cookie| cookie.starts_with("cellgate-session="))
        .unwrap_or_else(|| panic!("no session cookie in {answer:#?}"));
    cookie.split("; ").map(str::to_owned).collect()
}

/// Nobody can be made to use a session that another chose.
#[tokio::test]
async fn each_sign_in_brings_another_session_cookie() {
    let edge = Edge::demo();
    let mut browser = Browser::default();
    let sign_in = edge.sign_in("alice");
    let first = sign_in.submit_in(&mut browser).await.assert_status(303);
    let again = edge.sign_in("alice").parameter("prompt", "login");
    let second = again.submit_in(&mut browser).await.assert_status(303);

    let (first, second) = (session_cookie(&first), session_cookie(&second));

    assert_ne!(first[0], second[0]);
    for cookie in [&first, &second] {
        for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.iter().any(|part| part == attribute), "{cookie:?}");
        }
        assert!(!cookie.iter().any(|part| part.starts_with("Domain")));
    }
    let silent = edge.url(sign_in.url().split_once(&edge.url("")).expect("ours").1);
    let (name, value) = first[0].split_once('=').expect("a pair");
    let old = edge
        .http
        .get(silent)
        .header("cookie", format!("{name}={value}"));
    edge.send(old).await.assert_status(200);
}
