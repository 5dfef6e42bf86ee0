//! The applications that Cells brings along, unmodified: what each of them sends, as section D of the
//! fact sheet has it, from the sign-in to a file; and what only they are let off.
//!
//! The real program stands in front of a stand-in for Cells, which takes no tokens but its own.

use reqwest::Method;
use serde_json::{Value, json};

use crate::cells::stand_in::{StandIn, Switches};
use crate::cells::yaml;
use crate::support::{Answer, Edge, SignIn, claims, exchange};

const ROUTES: &str = "
routes:
  - { name: sign-in, path: /a/frontend/session, upstream: cells, authentication: anonymous, token: pass }
  - { name: api, path: /a/, upstream: cells, authentication: optional, token: swap, other_tokens: pass }
  - name: files
    path: /io/
    upstream: cells
    authentication: optional
    token: swap
    other_tokens: pass
    token_from: { header: X-Pydio-Bearer, query: pydio_jwt }
";

const LISTENER: &str = "http://localhost:3000/servers/callback";
const SYNC_UI: &str = "http://localhost:3640";
const SCOPE: &str = "openid email profile pydio offline";
/// 43 characters, and what RFC 7636 makes of them.
const VERIFIER: &str = "verifier-of-43-characters-that-says-nothing";

fn configuration(cells: &StandIn, clients: &str) -> String {
    let yaml = yaml(cells, "", ", timeout_s: 2");
    let (before, _) = yaml.split_once("\nroutes:").expect("it has routes");
    let before = before.replace(
        "\n  clients:\n",
        &format!("\n  cells_clients: [{clients}]\n  clients:\n"),
    );
    let server = cells.url();
    let server = server.trim_end_matches('/');
    format!("{before}\nupstreams: [{{ name: cells, servers: [\"{server}\"] }}]\n{ROUTES}")
}

async fn site_with(clients: &str) -> (StandIn, Edge) {
    let cells = StandIn::start(Switches::default()).await.expect("a port");
    let edge = Edge::start(&configuration(&cells, clients));
    (cells, edge)
}

async fn site() -> (StandIn, Edge) {
    site_with("sync, client, mobile").await
}

/// An authorization request with these parameters and no others.
fn authorize<'e>(edge: &'e Edge, parameters: &[(&str, &str)]) -> SignIn<'e> {
    let usual = [
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    ];
    let bare = usual.iter().fold(edge.sign_in("alice"), |request, name| {
        request.parameter(name, "")
    });
    parameters.iter().fold(bare, |request, (name, value)| {
        request.parameter(name, value)
    })
}

/// What comes of signing in, which is a redirection to `expected` with the state that was sent.
async fn code(edge: &Edge, parameters: &[(&str, &str)], expected: &str) -> String {
    let answer = authorize(edge, parameters).submit().await;
    let answer = answer.assert_status(303);
    let location = answer.location().to_string();
    assert!(location.starts_with(&format!("{expected}?")), "{location}");
    let state = parameters.iter().find(|(name, _)| *name == "state");
    let state = state.map(|(_, state)| (*state).to_owned());
    assert_eq!(answer.location_parameter("state"), state, "{location}");
    answer.location_parameter("code").expect("a code")
}

/// A token response, in which all is there that these clients take over.
#[track_caller]
fn whole(answer: &Answer) -> Value {
    assert_eq!(answer.status.as_u16(), 200, "{answer:#?}");
    let tokens = answer.json();
    for name in ["access_token", "refresh_token", "id_token", "scope"] {
        let text = tokens[name].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{name}: {tokens}");
    }
    assert!(
        tokens["expires_in"].as_u64().is_some_and(|left| left > 60),
        "{tokens}"
    );
    tokens
}

fn text<'t>(tokens: &'t Value, name: &str) -> &'t str {
    tokens[name].as_str().expect("a text")
}

/// D.1, "Identity" and "Files": who Cells says it is, and a file by the older of the two ways.
async fn assert_reaches_cells(edge: &Edge, tokens: &Value) {
    let token = text(tokens, "access_token");
    let state = edge.get_with("/a/frontend/state", token).await;
    let state = state.assert_status(200);
    assert!(state.body.contains("<user id=\"alice\">"), "{}", state.body);
    let file = edge.http.get(edge.url("/io/a.txt"));
    let file = edge.send(file.header("X-Pydio-Bearer", token)).await;
    assert_eq!(file.assert_status(200).json()["user"], "alice");
}

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

/// D.2: the browser fetches discovery, keys and tokens from the pages of the daemon.
#[tokio::test(flavor = "multi_thread")]
async fn cells_sync_signs_in_from_its_own_pages_and_takes_the_login_from_the_id_token() {
    let (_cells, edge) = site().await;
    let from_ui = |request: reqwest::RequestBuilder| edge.send(request.header("origin", SYNC_UI));
    let path = "/oidc/.well-known/openid-configuration";
    let document = from_ui(edge.http.get(edge.url(path)))
        .await
        .assert_status(200);
    assert_readable(&document);
    let document = document.json();
    let token_endpoint = text(&document, "token_endpoint");
    let keys = from_ui(edge.http.get(text(&document, "jwks_uri"))).await;
    assert_readable(&keys);

    let callback = format!("{SYNC_UI}/servers/callback");
    let challenge = cellgate::secret::Digest::of(VERIFIER.as_bytes()).to_base64url();
    let request = [
        ("client_id", "cells-sync"),
        ("redirect_uri", &callback),
        ("response_type", "code"),
        ("scope", SCOPE),
        ("state", "0123456789abcdef0123456789abcdef"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("response_mode", "query"),
    ];
    let code = code(&edge, &request, &callback).await;
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "cells-sync")
        .append_pair("code", &code)
        .append_pair("redirect_uri", &callback)
        .append_pair("code_verifier", VERIFIER)
        .append_pair("grant_type", "authorization_code")
        .finish();
    let exchange = edge
        .http
        .post(token_endpoint)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = from_ui(exchange).await;
    assert_readable(&answer);
    let tokens = whole(&answer);

    let told = claims(text(&tokens, "id_token"));
    assert_eq!(told["iss"], document["issuer"]);
    assert_eq!(told["name"], "alice", "the login, not the display name");
    assert_eq!(told["email"], "alice@example.com");
    assert_eq!(told["aud"], json!(["cells-sync"]));
    let header = cellgate_header(text(&tokens, "id_token"));
    assert_eq!(header["alg"], "RS256");
    assert_reaches_cells(&edge, &tokens).await;

    // The daemon, which is no browser.
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "cells-sync"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("scope", SCOPE),
    ];
    let refreshed = whole(&edge.token(&refresh).await);
    assert_eq!(claims(text(&refreshed, "id_token"))["name"], "alice");
    edge.get("/a/frontend/bootconf").await.assert_status(200);
}

fn cellgate_header(token: &str) -> Value {
    let (header, _) = token.split_once('.').expect("three parts");
    // The same encoding as the payload's.
    claims(&format!(".{header}."))
}

#[track_caller]
fn assert_readable(answer: &Answer) {
    let origin = answer.header("access-control-allow-origin");
    assert!(["*", SYNC_UI].contains(&origin), "{answer:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_at_the_ports_of_cells_sync_may_ask_for_tokens() {
    let (_cells, edge) = site().await;
    for (origin, may) in [
        ("http://localhost:3000", true),
        ("http://localhost:3636", true),
        ("http://localhost:3666", true),
        ("http://localhost:3635", false),
        ("http://localhost:3667", false),
        ("https://localhost:3640", false),
        ("http://evil.example:3640", false),
    ] {
        let preflight = edge
            .http
            .request(Method::OPTIONS, edge.url("/oidc/oauth2/token"))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let answer = edge.send(preflight).await;
        let allowed = answer.headers.get("access-control-allow-origin");
        let allowed = allowed.and_then(|origin| origin.to_str().ok());
        assert_eq!(allowed, may.then_some(origin), "{answer:#?}");
        assert!(
            answer
                .headers
                .get("access-control-allow-credentials")
                .is_none()
        );
    }
}

/// D.4: discovery is required, the secret is empty, the redirection goes to its own scheme.
#[tokio::test(flavor = "multi_thread")]
async fn cells_mobile_signs_in_with_what_it_requires_of_discovery() {
    let (_cells, edge) = site().await;
    let path = "/oidc/.well-known/openid-configuration";
    let document = edge.get(path).await.assert_status(200).json();
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
    ] {
        assert!(
            text(&document, name).starts_with(&edge.url("/oidc/")),
            "{document}"
        );
    }
    let request = [
        ("response_type", "code"),
        ("client_id", "cells-mobile"),
        ("redirect_uri", "cellsauth://callback"),
        ("scope", "openid email offline profile pydio"),
        ("state", "qwertyuiop"),
    ];
    for with_header in [false, true] {
        let code = code(&edge, &request, "cellsauth://callback").await;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", &code)
            .append_pair("redirect_uri", "cellsauth://callback")
            .append_pair("client_id", "cells-mobile")
            .append_pair("client_secret", "")
            .finish();
        let exchange = edge
            .http
            .post(text(&document, "token_endpoint"))
            .header("content-type", "application/x-www-form-urlencoded");
        let exchange = match with_header {
            true => exchange
                .basic_auth("cells-mobile", Some(""))
                .body(form.replace("&client_secret=", "")),
            false => exchange.body(form),
        };
        let tokens = whole(&edge.send(exchange).await);
        assert_eq!(text(&tokens, "id_token").split('.').count(), 3);
        assert_eq!(claims(text(&tokens, "id_token"))["name"], "alice");
        assert_reaches_cells(&edge, &tokens).await;

        let refresh_token = text(&tokens, "refresh_token");
        let form = [("token", refresh_token), ("client_id", "cells-mobile")];
        edge.post_form("/oidc/oauth2/revoke", &form)
            .await
            .assert_status(200);
        let refresh = [
            ("grant_type", "refresh_token"),
            ("client_id", "cells-mobile"),
            ("refresh_token", refresh_token),
        ];
        edge.token(&refresh)
            .await
            .assert_refused(400, "invalid_grant");
    }
}

/// What the command line and the mobile applications are let off, nobody else is.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_does_without_a_challenge() {
    let (_cells, edge) = site().await;
    for (client, redirect_uri) in [
        ("cells-sync", "http://localhost:3640/servers/callback"),
        ("demo-app", "http://127.0.0.1:9482/callback"),
    ] {
        let request = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", redirect_uri),
            ("scope", "openid"),
            ("state", "s"),
        ];
        let refused = edge
            .send(edge.http.get(authorize(&edge, &request).url()))
            .await;
        let error = refused.location_parameter("error");
        assert_eq!(error.as_deref(), Some("invalid_request"), "{refused:#?}");
    }
}

/// D.5: a challenge that was sent is held against the verifier, of these clients as of any.
#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_cells_client_sends_binds_it() {
    let (_cells, edge) = site().await;
    let challenge = cellgate::secret::Digest::of(VERIFIER.as_bytes()).to_base64url();
    let request = [
        ("response_type", "code"),
        ("client_id", "cells-client"),
        ("redirect_uri", LISTENER),
        ("state", "s"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (verifier, status) in [
        ("", 400),
        ("another-verifier-of-43-characters-for-nobody", 400),
        (VERIFIER, 200),
    ] {
        let code = code(&edge, &request, LISTENER).await;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", LISTENER),
            ("client_id", "cells-client"),
        ];
        if !verifier.is_empty() {
            form.push(("code_verifier", verifier));
        }
        edge.token(&form).await.assert_status(status);
    }
}

/// A public client of anybody else that sends a secret is refused, as it always was.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_ignored_of_the_command_line_alone() {
    let (_cells, edge) = site().await;
    let code = edge.sign_in("alice").code().await;
    let mut form = exchange(&code).to_vec();
    form.push(("client_secret", "typed"));
    edge.token(&form)
        .await
        .assert_refused(401, "invalid_client");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "x"),
        ("client_id", "cells-mobile"),
        ("client_secret", "typed"),
    ];
    edge.token(&form)
        .await
        .assert_refused(401, "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_go_to_no_other_port_or_address() {
    let (_cells, edge) = site().await;
    for (client, redirect_uri) in [
        ("cells-sync", "http://localhost:3635/servers/callback"),
        ("cells-sync", "http://127.0.0.1:3640/servers/callback"),
        ("cells-client", "http://localhost:3001/servers/callback"),
        ("cells-client", "https://evil.example/oauth2/oob"),
        ("cells-mobile", "cellsauth://callback/other"),
    ] {
        let request = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", redirect_uri),
        ];
        let url = authorize(&edge, &request).url();
        let refused = edge.send(edge.http.get(url)).await.assert_status(400);
        assert!(refused.headers.get("location").is_none(), "{redirect_uri}");
    }
}

/// What is no code is not shown: the page has no words of others.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_for_codes_shows_codes_alone_and_is_there_for_cells_client_alone() {
    let (_cells, edge) = site().await;
    for query in [
        "",
        "?code=",
        "?code=Call+555+and+tell+your+password",
        "?code=%3Cb%3Ex%3C%2Fb%3E",
        "?code=a&code=b",
        "?error=access_denied&state=s",
        &format!("?code={}", "a".repeat(129)),
    ] {
        let page = edge.get(&format!("/oauth2/oob{query}")).await;
        let page = page.assert_status(400);
        assert!(!page.body.contains("<code"), "{query}: {}", page.body);
    }
    let posted = edge.post_form("/oauth2/oob", &[("code", "a")]).await;
    assert_eq!(posted.assert_status(405).header("allow"), "GET, HEAD");

    let (_cells, without) = site_with("sync, mobile").await;
    without.get("/oauth2/oob?code=a").await.assert_status(404);
}

/// An application that is none of Cells' keeps what the standard says: a name is a name.
#[tokio::test(flavor = "multi_thread")]
async fn the_claims_of_other_clients_are_those_of_the_standard() {
    let (_cells, edge) = site().await;
    let tokens = edge.sign_in("alice").tokens().await;

    let id_token = claims(tokens.id_token.as_deref().expect("asked for"));
    assert!(id_token["name"].is_null(), "{id_token}");
    let told = edge.get_with("/oidc/userinfo", &tokens.access_token).await;
    let told = told.assert_status(200).json();
    assert_eq!(told["name"], "Alice Ångström");
    assert_eq!(told["preferred_username"], "alice");
}
