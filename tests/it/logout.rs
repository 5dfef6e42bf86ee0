//! Signing out over sockets: every application learns of it, and nothing of the session is left.
//!
//! Waiting for a line of the log holds a thread; where an application has to answer meanwhile, the
//! test has more than one.

use crate::support::{Browser, Edge, Recorder, Tokens, claims, exchange};

/// The demo's configuration, with `demo-app` told of sign-outs at `recorder`.
fn told_at(recorder: &Recorder) -> String {
    let anchor = "      post_logout_redirect_uris: [\"http://127.0.0.1:9482/\"]\n";
    let uri = format!(
        "{anchor}      backchannel_logout_uri: http://{}/logout?tenant=1\n",
        recorder.address
    );
    include_str!("../../config/demo.yaml").replacen(anchor, &uri, 1)
}

/// The configuration of `edge`, with the application elsewhere.
fn moved(edge: &Edge, from: &Recorder, to: &Recorder) -> String {
    let yaml = std::fs::read_to_string(edge.folder.path().join("cellgate.yaml"));
    yaml.expect("it was written")
        .replace(&from.address.to_string(), &to.address.to_string())
}

/// Signs `alice` in to `demo-app` in `browser`.
async fn sign_in(edge: &Edge, browser: &mut Browser) -> Tokens {
    let answer = edge.sign_in("alice").submit_in(browser).await;
    let code = answer
        .assert_status(303)
        .location_parameter("code")
        .unwrap();
    Tokens::read(&edge.token(&exchange(&code)).await.assert_status(200))
}

async fn sign_out(edge: &Edge, browser: &mut Browser, tokens: &Tokens) {
    let hint = tokens.id_token.as_deref().unwrap();
    let url = edge.url(&format!(
        "/oidc/oauth2/sessions/logout?id_token_hint={hint}"
    ));
    browser.get(edge, &url).await.assert_status(200);
}

/// OpenID Connect Back-Channel Logout §2.5.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_told_by_us_that_its_user_signed_out() {
    let client = Recorder::start().await;
    let edge = Edge::start(&told_at(&client));
    let mut browser = Browser::default();
    let tokens = sign_in(&edge, &mut browser).await;

    sign_out(&edge, &mut browser, &tokens).await;

    edge.wait_for("a client was told that a session ended");
    let head = client.take_one();
    assert!(
        head.starts_with("POST /logout?tenant=1 HTTP/1.1\r\n"),
        "{head}"
    );
    let form = client.next_body().await;
    let token = form.strip_prefix("logout_token=").expect(&form);
    let (told, id) = (claims(token), claims(tokens.id_token.as_deref().unwrap()));
    for claim in ["iss", "aud", "sub", "sid"] {
        let aud = told[claim] == id[claim] || serde_json::json!([told[claim]]) == id[claim];
        assert!(aud, "{claim}: {told} {id}");
    }
    assert!(told.get("nonce").is_none(), "{told}");
    let metrics = edge.admin("/metrics").await.body;
    let delivered = "cellgate_logout_tokens_total{outcome=\"delivered\"} 1";
    assert!(metrics.contains(delivered), "{metrics}");
}

/// What was to be told outlives the process that could not tell it.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_was_down_is_told_after_a_crash() {
    let broken = Recorder::answering("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n").await;
    let well = Recorder::start().await;
    let edge = Edge::start(&told_at(&broken));
    let mut browser = Browser::default();
    let tokens = sign_in(&edge, &mut browser).await;
    sign_out(&edge, &mut browser, &tokens).await;
    edge.wait_for("it will be tried again");

    let yaml = moved(&edge, &broken, &well);
    let edge = Edge::start_again(edge.kill(), &yaml);

    edge.wait_for("a client was told that a session ended");
    let form = well.next_body().await;
    let told = claims(form.strip_prefix("logout_token=").unwrap());
    assert_eq!(told["sid"], claims(&tokens.id_token.unwrap())["sid"]);
}

/// The session, its refresh tokens, and its access tokens at the gateway: on the next request.
#[tokio::test]
async fn ending_a_session_on_the_account_page_ends_everything_that_came_of_it() {
    let edge = Edge::demo();
    let (mut browser, mut other) = (Browser::default(), Browser::default());
    let own = sign_in(&edge, &mut browser).await;
    let tokens = sign_in(&edge, &mut other).await;
    for tokens in [&own, &tokens] {
        edge.get_with("/api/hello", &tokens.access_token)
            .await
            .assert_status(200);
    }

    let page = browser.get(&edge, &edge.url("/oidc/account")).await;
    assert!(page.body.contains("Where you are signed in"), "{page:#?}");
    browser
        .submit(&edge, &page, &[("end-others", "1")])
        .await
        .assert_status(303);

    edge.get_with("/api/hello", &tokens.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "demo-app"),
        ("refresh_token", tokens.refresh_token.as_deref().unwrap()),
    ];
    edge.token(&refresh)
        .await
        .assert_refused(400, "invalid_grant");
    let silent = edge.sign_in("alice").parameter("prompt", "none");
    let refused = other.get(&edge, &silent.url()).await.assert_status(303);
    assert_eq!(
        refused.location_parameter("error").as_deref(),
        Some("login_required")
    );
    edge.get_with("/api/hello", &own.access_token)
        .await
        .assert_status(200);
}
