//! `cells-client`, the command line (D.1).

use super::{LISTENER, SCOPE, assert_reaches_cells, authorize, code, site, text, whole};

/// D.1, version 4: scope, no PKCE, no nonce; refreshed by its daemon, which stores what comes.
#[tokio::test(flavor = "multi_thread")]
async fn cells_client_signs_in_refreshes_and_reads_a_file() {
    let (_cells, edge) = site().await;
    let request = [
        ("response_type", "code"),
        ("client_id", "cells-client"),
        ("state", "abcdefghijklmnop"),
        ("redirect_uri", LISTENER),
        ("scope", SCOPE),
    ];
    let code = code(&edge, &request, LISTENER).await;
    let first = edge
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", LISTENER),
            ("client_id", "cells-client"),
        ])
        .await;
    let first = whole(&first);
    assert_reaches_cells(&edge, &first).await;

    let mut held = first;
    for _ in 0..2 {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "cells-client")
            .append_pair("refresh_token", text(&held, "refresh_token"))
            .append_pair("scope", SCOPE)
            .finish();
        let refresh = edge
            .http
            .post(edge.url("/oidc/oauth2/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cache-control", "no-cache")
            .body(form);
        held = whole(&edge.send(refresh).await);
        assert_reaches_cells(&edge, &held).await;
    }
}

/// D.1, version 2: no scope, a secret that its user typed, and the page to copy the code from.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_cells_client_without_a_browser_signs_in_by_copying_the_code() {
    let (_cells, edge) = site().await;
    let page = edge.url("/oauth2/oob");
    let request = [
        ("response_type", "code"),
        ("client_id", "cells-client"),
        ("client_secret", "typed"),
        ("state", "abcdefghijklmnop"),
        ("redirect_uri", &page),
    ];
    let answer = authorize(&edge, &request).submit().await;
    let shown = edge.send(edge.http.get(answer.location())).await;
    let shown = shown.assert_status(200);
    assert_eq!(shown.header("cache-control"), "no-store");
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    let code = shown.body.split_once("<code id=\"code\">").expect("a code");
    let code = code.1.split_once("</code>").expect("it ends").0.to_owned();

    let exchange = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", &page),
        ("client_id", "cells-client"),
        ("client_secret", "typed"),
    ];
    let tokens = whole(&edge.token(&exchange).await);
    assert_eq!(tokens["scope"], "email offline openid profile pydio");
    assert_reaches_cells(&edge, &tokens).await;
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "cells-client"),
        ("refresh_token", text(&tokens, "refresh_token")),
    ];
    whole(&edge.token(&refresh).await);
}

/// D.1: it looks at `status_code` in the body, and not at the status.
#[tokio::test(flavor = "multi_thread")]
async fn cells_client_is_told_in_the_body_that_a_request_failed() {
    let (_cells, edge) = site().await;
    for (row, form, status) in [
        (
            "a code that was never issued",
            [
                ("grant_type", "authorization_code"),
                ("code", "never-issued"),
                ("redirect_uri", LISTENER),
                ("client_id", "cells-client"),
            ],
            400,
        ),
        (
            "a client that is not registered",
            [
                ("grant_type", "refresh_token"),
                ("refresh_token", "never-issued"),
                ("scope", SCOPE),
                ("client_id", "cells-other"),
            ],
            401,
        ),
    ] {
        let answer = edge.token(&form).await.assert_status(status).json();
        assert_eq!(answer["status_code"], status, "{row}: {answer}");
        assert!(answer["error_description"].is_string(), "{row}: {answer}");
    }
}
