//! Each defect of Cells' own OpenID Provider (fact sheet A.8), shown at the stand-in and then repaired at the
//! edge: the same application signs in at either.

use serde_json::{Value, json};
use url::Url;

use crate::cells::stand_in::{StandIn, Switches, Version};
use crate::cells::yaml;
use crate::support::{Answer, Browser, Edge, SignIn, claims};

/// An application with a query in its address.
const REDIRECT_URI: &str = "https://reports.example/callback?tenant=1";
const VERIFIER: &str = "verifier-of-43-characters-that-says-nothing";
/// Everything that an address has to escape.
const STATE: &str = "a b&c=d/\u{e9}#?%2B+end";

async fn both(version: Version) -> (StandIn, Edge) {
    let switches = Switches {
        version,
        ..Switches::default()
    };
    let cells = StandIn::start(switches).await.expect("a port");
    let client = format!(
        "\n  clients:
    - id: reports
      name: Reports
      authentication: none
      redirect_uris: [\"{REDIRECT_URI}\"]
      scope: openid profile email groups roles offline_access demo.read\n"
    );
    let yaml = yaml(&cells, "", "").replace("\n  clients:\n", &client);
    let edge = Edge::start(&yaml);
    (cells, edge)
}

fn challenge() -> String {
    cellgate::secret::Digest::of(VERIFIER.as_bytes()).to_base64url()
}

/// The application's request, as the edge gets it.
fn request(edge: &Edge) -> SignIn<'_> {
    edge.sign_in("alice")
        .parameter("client_id", "reports")
        .parameter("redirect_uri", REDIRECT_URI)
        .scope("openid profile email groups roles offline_access")
        .parameter("state", STATE)
}

/// The same request at Cells, with `more`; where the browser would be sent after the password (A.6).
async fn redirect_of_cells(cells: &StandIn, edge: &Edge, more: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut url = Url::parse(&cells.url()).unwrap();
    url.set_path("/oidc/oauth2/auth");
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", "reports")
        .append_pair("redirect_uri", REDIRECT_URI)
        .append_pair("scope", "openid email profile pydio offline")
        .append_pair("state", STATE)
        .append_pair("nonce", "the-nonce")
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(more);
    let asked = edge.send(edge.http.get(url)).await.assert_status(302);
    let page = asked.header("location").to_owned();
    let (_, challenge) = page
        .split_once("/oauth2/login?login_challenge=")
        .unwrap_or_else(|| panic!("no sign-in page: {page}"));
    let credentials = json!({"AuthInfo": {"type": "credentials", "login": "alice",
        "password": "cells-demo-password", "challenge": challenge}});
    let session = format!("{}a/frontend/session", cells.url());
    let answer = edge.send(edge.http.post(session).json(&credentials)).await;
    let answer = answer.assert_status(200).json();
    answer["RedirectTo"].as_str().expect("a way").to_owned()
}

/// The code that Cells gave, which an application cannot find as it stands.
fn code_of_cells(location: &str) -> String {
    let (_, rest) = location.split_once("code=").expect("a code");
    rest.split('&').next().expect("a code").to_owned()
}

async fn tokens_of_cells(cells: &StandIn, edge: &Edge, form: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "reports")
        .extend_pairs(form)
        .finish();
    let request = edge
        .http
        .post(format!("{}oidc/oauth2/token", cells.url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    edge.send(request).await
}

fn code_form<'f>(code: &'f str, verifier: &'f str) -> Vec<(&'static str, &'f str)> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", verifier),
    ];
    form.into_iter().filter(|(_, it)| !it.is_empty()).collect()
}

/// What the application gets of the edge for a code.
async fn tokens_of_edge(edge: &Edge, code: &str) -> Value {
    let mut form = code_form(code, VERIFIER);
    form.push(("client_id", "reports"));
    edge.token(&form).await.assert_status(200).json()
}

fn id_token(tokens: &Value) -> Value {
    claims(tokens["id_token"].as_str().expect("an ID token"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nonce_that_cells_loses_is_in_the_id_token() {
    let (cells, edge) = both(Version::V4).await;

    let location = redirect_of_cells(&cells, &edge, &[]).await;
    let code = code_of_cells(&location);
    let form = code_form(&code, "");
    let lost = tokens_of_cells(&cells, &edge, &form).await.json();
    assert!(id_token(&lost)["nonce"].is_null(), "the stand-in does it");

    let code = request(&edge)
        .parameter("nonce", "n-0S6_WzA2Mj")
        .code()
        .await;
    let tokens = tokens_of_edge(&edge, &code).await;
    assert_eq!(id_token(&tokens)["nonce"], "n-0S6_WzA2Mj");
    // And none where none was asked for.
    let code = request(&edge).parameter("nonce", "").code().await;
    let tokens = tokens_of_edge(&edge, &code).await;
    assert!(id_token(&tokens)["nonce"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_challenge_that_cells_forgets_binds_the_code() {
    let (cells, edge) = both(Version::V5).await;

    // Cells: the challenge binds nothing, and who shows the verifier is refused.
    for (verifier, status) in [("", 200), (VERIFIER, 400)] {
        let location = redirect_of_cells(&cells, &edge, &[]).await;
        let code = code_of_cells(&location);
        let answer = tokens_of_cells(&cells, &edge, &code_form(&code, verifier)).await;
        answer.assert_status(status);
    }

    let other = "another-verifier-of-43-characters-for-nobody";
    for (verifier, status) in [("", 400), (other, 400), (VERIFIER, 200)] {
        let code = request(&edge).code().await;
        let mut form = code_form(&code, verifier);
        form.push(("client_id", "reports"));
        edge.token(&form).await.assert_status(status);
    }
    let bare = request(&edge)
        .parameter("code_challenge", "")
        .parameter("code_challenge_method", "");
    let refused = edge.send(edge.http.get(bare.url())).await;
    let error = refused.location_parameter("error");
    assert_eq!(error.as_deref(), Some("invalid_request"));
    let document = discovery(&edge).await;
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
}

async fn discovery(edge: &Edge) -> Value {
    let path = "/oidc/.well-known/openid-configuration";
    edge.get(path).await.assert_status(200).json()
}

async fn discovery_of_cells(cells: &StandIn, edge: &Edge) -> Value {
    let path = format!("{}oidc/.well-known/openid-configuration", cells.url());
    edge.send(edge.http.get(path))
        .await
        .assert_status(200)
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_in_discovery_is_whole_and_of_something_that_is_there() {
    let (cells, edge) = both(Version::V2).await;
    let broken = discovery_of_cells(&cells, &edge).await;
    assert_eq!(broken["userinfo_endpoint"], "/oauth2/userinfo");
    assert!(broken["registration_endpoint"].is_string());

    let document = discovery(&edge).await;
    let addresses = document.as_object().expect("an object").iter();
    let addresses =
        addresses.filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut n = 0;
    for (name, address) in addresses {
        let address = address.as_str().expect("a text");
        assert!(
            address.starts_with(&edge.url("/oidc/")),
            "{name}: {address}"
        );
        let answer = edge.send(edge.http.get(address)).await;
        assert_ne!(answer.status.as_u16(), 404, "{name}: {address}");
        n += 1;
    }
    assert!(n >= 6, "{document}");
    assert!(document["registration_endpoint"].is_null(), "{document}");
    let code = request(&edge).code().await;
    let tokens = tokens_of_edge(&edge, &code).await;
    let userinfo = document["userinfo_endpoint"].as_str().expect("a text");
    let told = edge
        .http
        .get(userinfo)
        .bearer_auth(tokens["access_token"].as_str().expect("a token"));
    let told = edge.send(told).await.assert_status(200).json();
    assert_eq!(told["sub"], id_token(&tokens)["sub"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issuer_is_one_string_wherever_it_stands() {
    let (cells, edge) = both(Version::V5).await;
    let location = redirect_of_cells(&cells, &edge, &[]).await;
    let code = code_of_cells(&location);
    let tokens = tokens_of_cells(&cells, &edge, &code_form(&code, ""))
        .await
        .json();
    let said = discovery_of_cells(&cells, &edge).await["issuer"].clone();
    let said = said.as_str().expect("a text");
    assert_eq!(id_token(&tokens)["iss"], format!("{said}/"), "the slash");

    let issuer = discovery(&edge).await["issuer"].clone();
    assert_eq!(issuer, edge.url("/oidc/"), "that of Cells 2 and 3");
    let answer = request(&edge).submit().await.assert_status(303);
    let iss = answer.location_parameter("iss");
    assert_eq!(iss.as_deref(), issuer.as_str());
    let code = answer.location_parameter("code").expect("a code");
    let tokens = tokens_of_edge(&edge, &code).await;
    assert_eq!(id_token(&tokens)["iss"], issuer);
    let access_token = tokens["access_token"].as_str().expect("a token");
    assert_eq!(claims(access_token)["iss"], issuer);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_a_query_and_any_state_come_back_as_they_were() {
    let (cells, edge) = both(Version::V4).await;
    let broken = redirect_of_cells(&cells, &edge, &[]).await;
    let broken = Url::parse(&broken).expect("a URL");
    let found = |name: &str| broken.query_pairs().find(|(key, _)| key == name);
    assert!(found("code").is_none(), "{broken}");
    assert_ne!(
        found("state")
            .map(|(_, state)| state.into_owned())
            .as_deref(),
        Some(STATE)
    );
    assert!(found("iss").is_none());

    let answer = request(&edge).submit().await.assert_status(303);
    let location = answer.location();
    assert_eq!(location.host_str(), Some("reports.example"));
    for (name, expected) in [
        ("tenant", "1"),
        ("state", STATE),
        ("iss", &edge.url("/oidc/")),
    ] {
        let found = answer.location_parameter(name);
        assert_eq!(found.as_deref(), Some(expected), "{name}: {location}");
    }
    let code = answer.location_parameter("code").expect("a code");
    tokens_of_edge(&edge, &code).await;
    // An error finds its way as well.
    let refused = request(&edge).parameter("response_type", "token");
    let refused = edge.send(edge.http.get(refused.url())).await;
    assert_eq!(refused.location_parameter("tenant").as_deref(), Some("1"));
    assert_eq!(refused.location_parameter("state").as_deref(), Some(STATE));
    assert!(refused.location_parameter("error").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_claims_say_who_the_user_is_and_where_it_belongs() {
    let (cells, edge) = both(Version::V4).await;
    let location = redirect_of_cells(&cells, &edge, &[]).await;
    let code = code_of_cells(&location);
    let poor = tokens_of_cells(&cells, &edge, &code_form(&code, ""))
        .await
        .json();
    let poor = id_token(&poor);
    assert_eq!(poor["name"], "alice", "the login");
    for name in ["preferred_username", "groups", "roles"] {
        assert!(poor[name].is_null(), "{poor}");
    }

    let code = request(&edge).code().await;
    let tokens = tokens_of_edge(&edge, &code).await;
    let token = tokens["access_token"].as_str().expect("a token");
    let told = edge.get_with("/oidc/userinfo", token).await;
    let told = told.assert_status(200).json();
    assert_eq!(told["name"], "Alice Ångström");
    assert_eq!(told["preferred_username"], "alice");
    assert_eq!(told["email"], "alice@example.com");
    assert_eq!(told["groups"], json!(["/staff", "/staff/ops"]));
    assert_eq!(told["roles"], json!(["Administrators"]));
    assert_eq!(told["sub"], poor["sub"], "the same user");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_brings_tokens_for_the_same_audience_and_is_no_sign_out() {
    let (cells, edge) = both(Version::V4).await;
    // Everything of Cells ends at once, as after its ten minutes.
    cells.set(Switches {
        token_lifetime_s: 1,
        ..Switches::default()
    });
    let code = request(&edge).code().await;
    let mut held = tokens_of_edge(&edge, &code).await;
    let audience = |tokens: &Value| {
        let access_token = tokens["access_token"].as_str().expect("a token");
        (
            claims(access_token)["aud"].clone(),
            id_token(tokens)["aud"].clone(),
        )
    };
    let first = audience(&held);
    assert_eq!(first.1, json!(["reports"]));
    assert!(!first.0.is_null());

    for _ in 0..3 {
        let refresh_token = held["refresh_token"].as_str().expect("a token").to_owned();
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", "reports"),
            ("refresh_token", &refresh_token),
        ];
        held = edge.token(&form).await.assert_status(200).json();
        assert_eq!(audience(&held), first);
        let token = held["access_token"].as_str().expect("a token");
        edge.get_with("/oidc/userinfo", token)
            .await
            .assert_status(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_signed_in_is_asked_nothing_and_only_as_long_as_the_application_wants() {
    let (cells, edge) = both(Version::V4).await;
    // Cells shows its page to anybody: who has signed in is never remembered.
    for _ in 0..2 {
        redirect_of_cells(&cells, &edge, &[("prompt", "none")]).await;
    }

    let mut browser = Browser::default();
    let silent = request(&edge).parameter("prompt", "none");
    let nobody = browser.get(&edge, &silent.url()).await;
    let error = nobody.location_parameter("error");
    assert_eq!(error.as_deref(), Some("login_required"));
    request(&edge)
        .submit_in(&mut browser)
        .await
        .assert_status(303);

    let recent = silent.parameter("max_age", "3600");
    let answer = browser.get(&edge, &recent.url()).await.assert_status(303);
    let code = answer.location_parameter("code").expect("a code");
    let tokens = tokens_of_edge(&edge, &code).await;
    assert!(id_token(&tokens)["auth_time"].is_u64(), "{tokens}");
    let too_old = request(&edge)
        .parameter("prompt", "none")
        .parameter("max_age", "0");
    let answer = browser.get(&edge, &too_old.url()).await;
    let error = answer.location_parameter("error");
    assert_eq!(error.as_deref(), Some("login_required"), "{answer:#?}");
}
