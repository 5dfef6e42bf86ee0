//! Stock clients: the example application in a real browser, and the `openidconnect` crate.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, Locator};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AuthorizationCode, ClientId, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse as _,
};

use crate::support::{Browser, Chromium, Edge, free_port};

/// The example `relying_party`, stopped when dropped.
struct Application {
    process: Child,
    home: String,
}

impl Application {
    /// Starts it as an application of `edge`, which must know its redirect URIs at `port`.
    fn start(edge: &Edge, port: u16) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_cellgate"))
            .parent()
            .expect("it is in a folder")
            .join("examples/relying_party");
        let listen = format!("127.0.0.1:{port}");
        let mut process = Command::new(program)
            .args(["--listen", &listen])
            .args(["--issuer", &edge.url("/oidc/")])
            .args(["--api", &edge.url("/api/hello")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built with the tests");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let line = lines.next().expect("it says where it is").expect("text");
        assert!(line.contains(&listen), "{line}");
        Self {
            process,
            home: format!("http://{listen}/"),
        }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The demo, with its applications at `port`.
fn demo_for(port: u16) -> Edge {
    let yaml = include_str!("../../config/demo.yaml")
        .replace("127.0.0.1:9482", &format!("127.0.0.1:{port}"));
    Edge::start(&yaml)
}

async fn text(page: &Client, selector: &str) -> String {
    let element = page
        .wait()
        .for_element(Locator::Css(selector))
        .await
        .unwrap_or_else(|error| panic!("{selector}: {error}"));
    element.text().await.unwrap()
}

async fn click(page: &Client, selector: &str) {
    let element = page.wait().for_element(Locator::Css(selector)).await;
    element.unwrap().click().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_to_the_example_application_and_out_again() {
    let Some(programs) = Chromium::find() else {
        return;
    };
    let port = free_port();
    let edge = demo_for(port);
    let application = Application::start(&edge, port);
    let chromium = Chromium::start(programs, true).await;
    let page = &chromium.page;

    page.goto(&application.home).await.unwrap();
    click(page, "#begin").await;
    for (name, value) in [("username", "alice"), ("password", "cells-demo-password")] {
        let selector = format!("input[name={name}]");
        let input = page.wait().for_element(Locator::Css(&selector)).await;
        input.unwrap().send_keys(value).await.unwrap();
    }
    click(page, "#sign-in").await;

    let subject = "6f0c1f5e-3c7b-4a53-9a0f-6d0f0e1b7a01";
    assert_eq!(text(page, "#subject").await, subject);
    assert!(text(page, "#claims").await.contains(subject));
    assert!(text(page, "#userinfo").await.contains("alice@example.com"));
    assert!(
        text(page, "h2:last-of-type")
            .await
            .ends_with("answered 200")
    );
    assert!(text(page, "#api").await.contains(subject));

    click(page, "#end").await;
    text(page, "#begin").await;
    assert_eq!(page.current_url().await.unwrap().as_str(), application.home);
    click(page, "#begin").await;
    let password = Locator::Css("input[name=password]");
    let asked = page.wait().for_element(password).await;
    asked.expect("the session is over");
    chromium.page.clone().close().await.unwrap();
}

/// Lends `reqwest` to `openidconnect`.
async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(request.try_into()?).await?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().await?.to_vec();
    Ok(response)
}

const SCOPES: [&str; 5] = ["profile", "email", "groups", "offline_access", "demo.read"];
const ALICE: &str = "6f0c1f5e-3c7b-4a53-9a0f-6d0f0e1b7a01";

/// Signs alice in at the authorization request `url`; the code that comes back beside `state`.
async fn code_of_a_browser(edge: &Edge, url: &str, state: &str) -> String {
    let mut browser = Browser::default();
    let page = browser.get(edge, url).await.assert_status(200);
    let fields = [("username", "alice"), ("password", "cells-demo-password")];
    let answer = browser
        .submit(edge, &page, &fields)
        .await
        .assert_status(303);
    let returned = answer.location_parameter("state").expect("the state");
    assert_eq!(returned, state);
    answer.location_parameter("code").expect("a code")
}

#[tokio::test]
async fn a_stock_client_discovers_signs_in_and_refreshes() {
    let edge = Edge::demo();
    let send = |request| send(edge.http.clone(), request);
    let issuer = IssuerUrl::new(edge.url("/oidc/")).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &send)
        .await
        .expect("the discovery document is as it should be");
    let redirect_uri = RedirectUrl::new("http://127.0.0.1:9482/callback".to_owned()).unwrap();
    let client =
        CoreClient::from_provider_metadata(metadata, ClientId::new("demo-app".to_owned()), None)
            .set_redirect_uri(redirect_uri);

    // The browser's part.
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let code = code_of_a_browser(&edge, url.as_str(), state.secret()).await;

    // The application's part; the crate takes nothing but RS256 unless told.
    let tokens = client
        .exchange_code(AuthorizationCode::new(code))
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&send)
        .await
        .expect("the code is good for tokens");
    let claims = tokens
        .id_token()
        .expect("an ID token")
        .claims(&client.id_token_verifier(), &nonce)
        .expect("the ID token verifies");
    assert_eq!(claims.subject().as_str(), ALICE);
    let userinfo: CoreUserInfoClaims = client
        .user_info(
            tokens.access_token().clone(),
            Some(claims.subject().clone()),
        )
        .unwrap()
        .request_async(&send)
        .await
        .expect("userinfo answers");
    assert_eq!(userinfo.email().unwrap().as_str(), "alice@example.com");

    let refreshed = client
        .exchange_refresh_token(
            tokens
                .refresh_token()
                .expect("offline_access was asked for"),
        )
        .unwrap()
        .request_async(&send)
        .await
        .expect("the refresh token is good for tokens");
    let again = refreshed.id_token().expect("an ID token");
    assert!(again.claims(&client.id_token_verifier(), &nonce).is_ok());
    let access_token = refreshed.access_token().secret();
    edge.get_with("/api/hello", access_token)
        .await
        .assert_status(200);
}
