//! Clients are told that a session ended (OpenID Connect Back-Channel Logout 1.0).

use http::StatusCode;
use serde_json::json;

use super::support::{Authorize, Browser, ISSUER, Poster, TestProvider, Tokens, encode, read_jwt};
use crate::model::{ClientEndpoint, Reach, SigningAlgorithm};
use crate::outbound::OutboundError;

const APP: &str = "https://app.example/backchannel-logout";
const SERVICE: &str = "https://service.example/logout?tenant=1";

/// A provider whose clients `app` and `service` have a back channel; `mobile` has none.
async fn provider() -> TestProvider {
    TestProvider::start_with(|settings| {
        for (id, uri) in [("app", APP), ("service", SERVICE)] {
            let mut clients = settings.clients.iter_mut();
            let client = clients.find(|client| client.id.as_str() == id).unwrap();
            client.logout.back_channel = Some(ClientEndpoint::register(uri).unwrap());
        }
    })
    .await
}

async fn signed_in<'a>(op: &'a TestProvider, login: &str) -> (Browser<'a>, Tokens) {
    let mut browser = op.browser();
    let code = Authorize::app().code_in(&mut browser, login).await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    (browser, tokens)
}

async fn sign_out(browser: &mut Browser<'_>, tokens: &Tokens) {
    let query = encode(&[("id_token_hint", tokens.id_token())]);
    let answer = browser
        .get(&format!("/oidc/oauth2/sessions/logout?{query}"))
        .await;
    answer.assert_page(200, "You are signed out");
}

/// A round of deliveries to clients that answer `answer`; where it went.
async fn deliver(op: &TestProvider, answer: Result<StatusCode, OutboundError>) -> Vec<String> {
    let poster = Poster::answering(answer);
    op.provider.deliver_logouts(&poster).await.unwrap();
    poster.take().into_iter().map(|(uri, ..)| uri).collect()
}

/// §2.4 and §2.5.
#[tokio::test]
async fn a_logout_token_says_who_signed_out_of_which_session() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    sign_out(&mut browser, &tokens).await;

    let poster = Poster::answering(Ok(StatusCode::OK));
    op.provider.deliver_logouts(&poster).await.unwrap();

    let posted = poster.take();
    let [(uri, _, token)] = posted.as_slice() else {
        panic!("{posted:?}");
    };
    assert_eq!(uri, APP);
    let (id_header, id) = read_jwt(tokens.id_token());
    let (header, mut claims) = read_jwt(token);
    assert_eq!(header["typ"], "logout+jwt");
    assert_eq!(header["alg"], id_header["alg"]);
    assert_eq!(header["kid"], id_header["kid"]);
    let jti = claims.remove("jti").unwrap();
    assert_eq!(jti.as_str().unwrap().len(), 22);
    assert_eq!(
        serde_json::Value::Object(claims),
        json!({
            "iss": ISSUER,
            "aud": "app",
            "iat": op.now(),
            "exp": op.now() + 120,
            "sub": id["sub"],
            "sid": id["sid"],
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        })
    );
}

/// §2.4: signed as the ID tokens of the client are.
#[tokio::test]
async fn a_logout_token_has_the_algorithm_of_the_clients_id_tokens() {
    let op = TestProvider::start_with(|settings| {
        let app = &mut settings.clients[0];
        app.logout.back_channel = Some(ClientEndpoint::register(APP).unwrap());
        app.signing.id_token = Some(SigningAlgorithm::Es256);
    })
    .await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    sign_out(&mut browser, &tokens).await;

    let poster = Poster::answering(Ok(StatusCode::OK));
    op.provider.deliver_logouts(&poster).await.unwrap();

    let posted = poster.take();
    assert_eq!(read_jwt(&posted[0].2).0["alg"], "ES256");
}

/// A logout token is no key to anything.
#[tokio::test]
async fn a_logout_token_is_neither_a_bearer_token_nor_a_hint() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    sign_out(&mut browser, &tokens).await;
    let poster = Poster::answering(Ok(StatusCode::OK));
    op.provider.deliver_logouts(&poster).await.unwrap();
    let (_, _, token) = poster.take().remove(0);

    op.userinfo(&token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let query = encode(&[("id_token_hint", token.as_str())]);
    browser
        .get(&format!("/oidc/oauth2/sessions/logout?{query}"))
        .await
        .assert_page(400, "sign-out request is not valid");
}

#[tokio::test]
async fn every_client_of_the_session_is_told_and_no_other() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    let answer = browser.get(&Authorize::service().target()).await;
    Authorize::service().code_of(&answer);
    let mobile = Authorize::app()
        .with("client_id", "mobile")
        .with("redirect_uri", "cellsauth://callback");
    mobile.code_of(&browser.get(&mobile.target()).await);
    signed_in(&op, "bob").await;

    sign_out(&mut browser, &tokens).await;

    let mut told = deliver(&op, Ok(StatusCode::NO_CONTENT)).await;
    told.sort();
    assert_eq!(told, [APP, SERVICE]);
    assert_eq!(op.store.count_logout_notices().await.unwrap(), 0);
}

/// Signing in as somebody else ends the session of whoever was there before.
#[tokio::test]
async fn a_session_that_another_user_replaces_is_told_too() {
    let op = provider().await;
    let (mut browser, _) = signed_in(&op, "alice").await;

    let page = browser
        .get(&Authorize::app().with("prompt", "login").target())
        .await;
    browser.sign_in(&page, "bob").await;

    assert_eq!(deliver(&op, Ok(StatusCode::OK)).await, [APP]);
}

/// §2.8: 200 and 204 are success, 400 is final, everything else may pass.
#[tokio::test]
async fn what_becomes_of_a_notice_depends_on_the_answer() {
    for (answer, is_final, outcome) in [
        (Ok(StatusCode::OK), true, "delivered"),
        (Ok(StatusCode::NO_CONTENT), true, "delivered"),
        (Ok(StatusCode::BAD_REQUEST), true, "failed"),
        (Ok(StatusCode::FOUND), false, "postponed"),
        (Ok(StatusCode::NOT_FOUND), false, "postponed"),
        (Ok(StatusCode::SERVICE_UNAVAILABLE), false, "postponed"),
        (Err(OutboundError::Timeout), false, "postponed"),
        (Err(OutboundError::Connect), false, "postponed"),
    ] {
        let op = provider().await;
        let (mut browser, tokens) = signed_in(&op, "alice").await;
        sign_out(&mut browser, &tokens).await;

        assert_eq!(deliver(&op, answer).await, [APP], "{answer:?}");

        let pending = op.store.count_logout_notices().await.unwrap();
        assert_eq!(pending == 0, is_final, "{answer:?}");
        let counted = format!("logout_tokens_total{{outcome=\"{outcome}\"}} 1");
        let metrics = op.metrics.render();
        assert!(metrics.contains(&counted), "{answer:?}: {metrics}");
        let gauge = format!("cellgate_logout_tokens_pending {pending}");
        assert!(metrics.contains(&gauge), "{answer:?}: {metrics}");
    }
}

#[tokio::test]
async fn a_client_that_is_down_is_tried_again_and_given_up_after_a_day() {
    let op = provider().await;
    let (mut browser, tokens) = signed_in(&op, "alice").await;
    sign_out(&mut browser, &tokens).await;
    let down = Err(OutboundError::Connect);
    assert_eq!(deliver(&op, down).await, [APP]);

    for pause in [10, 20, 40, 80] {
        op.advance_s(pause - 1);
        assert!(deliver(&op, down).await.is_empty(), "before {pause}");
        op.advance_s(1);
        assert_eq!(deliver(&op, down).await, [APP], "after {pause}");
    }
    op.advance_s(24 * 3600);
    assert_eq!(deliver(&op, down).await, [APP]);

    assert_eq!(op.store.count_logout_notices().await.unwrap(), 0);
    let counted = r#"logout_tokens_total{outcome="failed"} 1"#;
    assert!(op.metrics.render().contains(counted));
}

/// The operator may write down an address inside; whoever registered itself may not, unless the
/// operator says so.
#[tokio::test]
async fn how_far_a_client_may_lead_us_depends_on_who_wrote_it_down() {
    for (reach, of_registered, expected) in [
        (Reach::Anywhere, Reach::Public, Reach::Anywhere),
        (Reach::Public, Reach::Public, Reach::Public),
        (Reach::Public, Reach::Anywhere, Reach::Anywhere),
    ] {
        let op = TestProvider::start_with(|settings| {
            settings.back_channel_logout.reach_of_registered = of_registered;
            let logout = &mut settings.clients[0].logout;
            logout.back_channel = Some(ClientEndpoint::register(APP).unwrap());
            logout.reach = reach;
        })
        .await;
        let (mut browser, tokens) = signed_in(&op, "alice").await;
        sign_out(&mut browser, &tokens).await;

        let poster = Poster::answering(Ok(StatusCode::OK));
        op.provider.deliver_logouts(&poster).await.unwrap();

        assert_eq!(poster.take()[0].1, expected);
    }
}
