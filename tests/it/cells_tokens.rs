//! Clients reach Pydio Cells with tokens of the edge: the real program in front of a stand-in for Cells,
//! which takes no tokens but its own (fact sheet 0.3 and E.1).

use std::time::{Duration, Instant};

use serde_json::json;

use crate::cells::stand_in::{SessionSwitch, StandIn, Switches};
use crate::cells::yaml;
use crate::support::{Answer, Browser, Edge, Tokens, claims, exchange};

/// Routes to Cells: its API, its files, and both for whoever Cells itself lets in.
const ROUTES: &str = "
routes:
  - { name: api, path: /a/, upstream: cells, token: swap }
  - name: files
    path: /io/
    upstream: cells
    token: swap
    token_from: { header: X-Pydio-Bearer, query: pydio_jwt }
  - name: data
    path: /data/
    upstream: cells
    authentication: optional
    token: swap
    other_tokens: pass
    token_from: { header: X-Pydio-Bearer, query: pydio_jwt }
  - { name: here, path: /api/, whoami: true }
";

fn configuration(cells: &StandIn) -> String {
    let yaml = yaml(cells, "", ", timeout_s: 2");
    let (before, _) = yaml.split_once("\nroutes:").expect("it has routes");
    let before = before.replace(
        "    - id: demo-service\n",
        "    - id: demo-service\n      grant_types: [authorization_code, refresh_token, client_credentials]\n",
    );
    let server = cells.url();
    let server = server.trim_end_matches('/');
    format!("{before}\nupstreams: [{{ name: cells, servers: [\"{server}\"] }}]\n{ROUTES}")
}

async fn site() -> (StandIn, Edge) {
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let edge = Edge::start(&configuration(&cells));
    (cells, edge)
}

/// Nothing that Cells gave stands in what the edge says.
#[track_caller]
fn assert_untold(cells: &StandIn, place: &str, text: &str) {
    for secret in cells.given() {
        assert!(!text.contains(&secret), "{place}: {text}");
    }
}

async fn profile(edge: &Edge, tokens: &Tokens) -> Answer {
    edge.get_with("/a/user/alice", &tokens.access_token).await
}

/// Asks until the token of Cells has to be renewed, which is refused; what is answered then.
async fn refused_at_last(edge: &Edge, tokens: &Tokens) -> Answer {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = profile(edge, tokens).await;
        if answer.status.as_u16() != 200 {
            return answer;
        }
        assert!(Instant::now() < until, "it is never renewed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_the_edge_reaches_the_api_and_the_files_of_cells() {
    let (cells, edge) = site().await;
    let tokens = edge.sign_in("alice").tokens().await;

    let seen = profile(&edge, &tokens).await.assert_status(200).json();
    assert_eq!(seen["Login"], "alice");
    let email = &seen["Attributes"]["email"];
    assert_eq!(email, "alice@example.com", "as the user itself: {seen}");

    let token = &tokens.access_token;
    for path in ["/io/a.txt", "/data/a.txt"] {
        let field = edge
            .http
            .get(edge.url(path))
            .header("X-Pydio-Bearer", token);
        let by_field = edge.send(field).await.assert_status(200).json();
        assert_eq!(
            by_field,
            json!({"user": "alice", "place": "X-Pydio-Bearer"})
        );
        let by_query = edge.get(&format!("{path}?pydio_jwt={token}&a=1")).await;
        let by_query = by_query.assert_status(200).json();
        assert_eq!(by_query, json!({"user": "alice", "place": "pydio_jwt"}));
    }
    assert_eq!(cells.n_renewals(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_goes_on_as_itself() {
    let (_cells, edge) = site().await;
    let alice = edge.sign_in("alice").tokens().await;
    let bob = edge.sign_in("bob").tokens().await;

    let seen_by_bob = edge.get_with("/a/user/alice", &bob.access_token).await;
    let seen_by_alice = profile(&edge, &alice).await;

    let email = |answer: Answer| answer.assert_status(200).json()["Attributes"]["email"].clone();
    assert!(email(seen_by_bob).is_null(), "hidden from others");
    assert_eq!(email(seen_by_alice), "alice@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cells_gave_itself_passes_where_the_route_says_so() {
    let (cells, edge) = site().await;
    let credentials = json!({"AuthInfo":
        {"type": "credentials", "login": "bob", "password": "cells-demo-password"}});
    let session = edge
        .http
        .post(format!("{}a/frontend/session", cells.url()))
        .json(&credentials);
    let session = edge.send(session).await.json();
    let own = session["Token"]["AccessToken"].as_str().expect("a token");

    for (place, field) in [
        ("X-Pydio-Bearer", ("X-Pydio-Bearer", own.to_owned())),
        (
            "Credential",
            (
                "Authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={own}/20240101/us-east-1/s3/aws4_request, Signature=00"
                ),
            ),
        ),
    ] {
        let request = |path| edge.http.get(edge.url(path)).header(field.0, &field.1);
        let passed = edge.send(request("/data/x")).await.assert_status(200);
        assert_eq!(passed.json(), json!({"user": "bob", "place": place}));
        edge.send(request("/io/x")).await.assert_status(401);
    }
    // Cells judges it, and nobody takes it for anybody.
    let unknown = edge.get("/data/x?pydio_jwt=no.such").await;
    unknown.assert_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_user_gets_nothing_from_cells() {
    let (_cells, edge) = site().await;
    let answer = edge
        .http
        .post(edge.url("/oidc/oauth2/token"))
        .basic_auth("demo-service", Some("cells-demo-secret"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&scope=demo.read");
    let tokens = Tokens::read(&edge.send(answer).await.assert_status(200));

    profile(&edge, &tokens).await.assert_status(403);

    assert!(edge.wait_for("no_upstream_user").contains("demo-service"));
}

/// Fact sheet B.1: tokens live for minutes; the edge renews them by the cookie of the session.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_at_cells_is_renewed_and_no_request_fails() {
    let (cells, edge) = site().await;
    cells.set(Switches {
        token_lifetime_s: 1,
        ..Switches::default()
    });
    let tokens = edge.sign_in("alice").tokens().await;

    let until = Instant::now() + Duration::from_secs(30);
    while cells.n_renewals() < 3 {
        profile(&edge, &tokens).await.assert_status(200);
        assert!(
            Instant::now() < until,
            "renewed {} times",
            cells.n_renewals()
        );
    }

    assert_eq!(cells.n_sessions(), 1, "the session is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_renewal_ends_the_session_and_says_why() {
    let (cells, edge) = site().await;
    cells.set(Switches {
        token_lifetime_s: 1,
        ..Switches::default()
    });
    let tokens = edge.sign_in("alice").tokens().await;
    cells.set(Switches {
        session: SessionSwitch::RefusesRenewal,
        ..Switches::default()
    });

    let refused = refused_at_last(&edge, &tokens).await;

    refused.assert_challenged(401, Some("invalid_token"));
    let line = edge.wait_for("upstream_session_ended");
    assert!(line.contains("Cells refused to renew it"), "{line}");
    let elsewhere = edge.get_with("/api/x", &tokens.access_token).await;
    elsewhere.assert_challenged(401, Some("invalid_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cells_that_is_down_is_503_and_other_applications_go_on() {
    let (cells, edge) = site().await;
    cells.set(Switches {
        token_lifetime_s: 1,
        ..Switches::default()
    });
    let tokens = edge.sign_in("alice").tokens().await;
    cells.set(Switches {
        session: SessionSwitch::Unavailable,
        ..Switches::default()
    });

    let away = refused_at_last(&edge, &tokens).await.assert_status(503);
    assert!(!away.header("retry-after").is_empty());
    let elsewhere = edge.get_with("/api/x", &tokens.access_token).await;
    elsewhere.assert_status(200);
}

/// Signing out at the edge ends the session at Cells as well.
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_at_cells() {
    let (cells, edge) = site().await;
    let mut browser = Browser::default();
    let answer = edge.sign_in("alice").submit_in(&mut browser).await;
    let code = answer.location_parameter("code").expect("a code");
    let tokens = Tokens::read(&edge.token(&exchange(&code)).await);
    profile(&edge, &tokens).await.assert_status(200);
    assert_eq!(cells.n_sessions(), 1);

    let hint = tokens.id_token.as_deref().expect("it was asked for");
    let path = format!("/oidc/oauth2/sessions/logout?id_token_hint={hint}");
    browser
        .get(&edge, &edge.url(&path))
        .await
        .assert_status(200);

    profile(&edge, &tokens)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let until = Instant::now() + Duration::from_secs(30);
    while cells.n_sessions() > 0 {
        assert!(Instant::now() < until, "Cells is never told");
        edge.admin("/metrics").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_survive_a_restart_and_what_cells_revoked_is_noticed() {
    let (cells, edge) = site().await;
    let tokens = edge.sign_in("alice").tokens().await;
    let file = edge.folder.path().join("cellgate.yaml");
    let yaml = std::fs::read_to_string(file).expect("it was written");

    let edge = Edge::start_again(edge.kill(), &yaml);
    profile(&edge, &tokens).await.assert_status(200);

    cells.revoke_everything();
    // Cells says no, and the edge asks it about the session.
    profile(&edge, &tokens).await.assert_status(401);
    edge.wait_for("upstream_session_ended");
    profile(&edge, &tokens)
        .await
        .assert_challenged(401, Some("invalid_token"));
}

/// A client that has the tokens of the edge never has one of Cells.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_cells_gave_is_ever_told() {
    let (cells, edge) = site().await;
    cells.set(Switches {
        token_lifetime_s: 1,
        ..Switches::default()
    });
    let tokens = edge.sign_in("alice").tokens().await;
    assert_untold(&cells, "claims", &claims(&tokens.access_token).to_string());

    let until = Instant::now() + Duration::from_secs(30);
    while cells.n_renewals() < 2 {
        let answer = profile(&edge, &tokens).await.assert_status(200);
        assert_untold(&cells, "answer", &format!("{answer:?}"));
        assert!(Instant::now() < until);
    }
    for path in ["/a/frontend/session", "/a/auth/token/document"] {
        let request = edge
            .http
            .post(edge.url(path))
            .bearer_auth(&tokens.access_token);
        let body = json!({"AuthInfo": {"type": "exchange_pat"}});
        let answer = edge.send(request.json(&body)).await.assert_status(403);
        assert_untold(&cells, path, &format!("{answer:?}"));
    }
    let told = edge.get_with("/oidc/userinfo", &tokens.access_token).await;
    assert_untold(&cells, "userinfo", &format!("{told:?}"));
    let metrics = edge.admin("/metrics").await.assert_status(200);
    assert!(
        metrics
            .body
            .contains("cellgate_upstream_session_renewals_total")
    );
    assert_untold(&cells, "metrics", &metrics.body);
    assert_untold(&cells, "log", &edge.log());
    let folder = edge.kill();
    let state = std::fs::read(folder.path().join("data/cellgate.db")).expect("there is state");
    assert_untold(&cells, "state", &String::from_utf8_lossy(&state));
}

/// Signatures of Amazon's version 4 by clients that use their token as the key (fact sheet D.1 and E.1).
#[tokio::test(flavor = "multi_thread")]
async fn a_signature_goes_on_with_a_token_of_cells_for_its_key() {
    let (cells, edge) = site().await;
    let token = edge.sign_in("alice").tokens().await.access_token;

    let signature = |key: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential={key}/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
        )
    };
    for path in ["/io/x", "/data/x"] {
        let request = edge.http.get(edge.url(path));
        let request = request.header("authorization", signature(&token));
        let seen = edge.send(request).await.assert_status(200);
        assert_eq!(seen.json(), json!({"user": "alice", "place": "Credential"}));
        let came = cells.last_field("authorization").remove(0);
        assert!(!came.contains(&token), "{came}");
        let rest = came.split_once('/').expect("a scope").1;
        assert!(
            signature("k").ends_with(rest),
            "nothing else is changed: {came}"
        );
    }
    // Neither ours any more, nor anybody's.
    let forged = format!("{token}x");
    for key in [forged.as_str(), "a.b.c", ""] {
        let request = edge.http.get(edge.url("/io/x"));
        let request = request.header("authorization", signature(key));
        edge.send(request).await.assert_status(401);
    }
    let twice = edge.http.get(edge.url(&format!("/io/x?pydio_jwt={token}")));
    let twice = twice.header("authorization", signature(&token));
    edge.send(twice).await.assert_status(400);
    // A presigned URL that was not signed by its key is not signed by us.
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={token}%2F20240101%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20240101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
    );
    edge.get(&format!("/io/x?{query}")).await.assert_status(403);
    edge.get("/io/x?X-Amz-Credential=k.l%2Fs")
        .await
        .assert_status(401);
}
