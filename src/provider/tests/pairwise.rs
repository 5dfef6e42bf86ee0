//! Pairwise subjects (OpenID Connect Core §8).

use http::StatusCode;

use super::support::{
    Authorize, Browser, Poster, SERVICE_SECRET, TestProvider, Tokens, basic, encode, read_jwt,
};
use crate::model::{ClientEndpoint, Sector, SubjectType};
use crate::provider::Settings;

const OFFLINE: &str = "openid offline_access";

fn pairwise(settings: &mut Settings, client: usize, sector: &str) {
    let sector = Sector::of_identifier(&format!("https://{sector}/")).unwrap();
    settings.clients[client].subject_type = SubjectType::Pairwise(sector);
}

/// `app` and `service` are of the sectors named; `None`: public.
async fn provider(app: Option<&str>, service: Option<&str>) -> TestProvider {
    TestProvider::start_with(|settings| {
        for (n, sector) in [app, service].into_iter().enumerate() {
            if let Some(sector) = sector {
                pairwise(settings, n, sector);
            }
        }
    })
    .await
}

async fn sub_at_app(op: &TestProvider, login: &str) -> String {
    let tokens = op.tokens(login, "openid").await;
    let (_, claims) = read_jwt(tokens.id_token());
    claims["sub"].as_str().unwrap().to_owned()
}

async fn service_tokens(op: &TestProvider) -> Tokens {
    let request = Authorize::service().with("scope", OFFLINE);
    let code = request.code(op, "alice").await;
    Tokens::of(&op.exchange_as_service(&code).await)
}

async fn sub_at_service(op: &TestProvider) -> String {
    let tokens = service_tokens(op).await;
    let (_, claims) = read_jwt(tokens.id_token());
    claims["sub"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn clients_of_one_sector_know_a_user_by_one_name_and_others_by_another() {
    for (row, app, service, same) in [
        ("one sector", Some("s.example"), Some("s.example"), true),
        ("two sectors", Some("s.example"), Some("t.example"), false),
        ("one public", Some("s.example"), None, false),
        ("both public", None, None, true),
    ] {
        let op = provider(app, service).await;

        let at_app = sub_at_app(&op, "alice").await;

        assert_eq!(at_app == sub_at_service(&op).await, same, "{row}");
        assert_eq!(at_app, sub_at_app(&op, "alice").await, "{row}: stable");
        assert_ne!(at_app, sub_at_app(&op, "bob").await, "{row}: unique");
        assert_eq!(at_app == "uuid-of-alice", app.is_none(), "{row}");
    }
}

/// §5.3.2: `sub` at userinfo MUST be that of the ID token. So everywhere.
#[tokio::test]
async fn everything_that_a_client_gets_says_the_same_name() {
    let op = provider(None, Some("s.example")).await;
    let tokens = service_tokens(&op).await;
    let (_, id_token) = read_jwt(tokens.id_token());
    let name = id_token["sub"].clone();
    let service = basic("service", SERVICE_SECRET);

    assert_eq!(read_jwt(tokens.access_token()).1["sub"], name);
    let userinfo = op.userinfo(tokens.access_token()).await;
    assert_eq!(userinfo.json()["sub"], name);
    for token in [tokens.access_token(), tokens.refresh_token()] {
        let form = [("token", token)];
        let said = op
            .post("/oidc/oauth2/introspect", Some(&service), &form)
            .await;
        assert_eq!(said.json()["sub"], name);
        assert!(!said.body.contains("uuid-of-alice"), "{}", said.body);
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh_token()),
    ];
    let refreshed = op.post("/oidc/oauth2/token", Some(&service), &form).await;
    let refreshed = Tokens::of(&refreshed);
    assert_eq!(read_jwt(refreshed.id_token()).1["sub"], name);
}

async fn signed_in(op: &TestProvider) -> (Browser<'_>, Tokens) {
    let mut browser = op.browser();
    let code = Authorize::app().code_in(&mut browser, "alice").await;
    let tokens = Tokens::of(&op.exchange(&code).await);
    (browser, tokens)
}

#[tokio::test]
async fn a_hint_by_the_clients_own_name_finds_its_user_and_no_other() {
    let op = provider(Some("s.example"), None).await;
    let (mut alices, tokens) = signed_in(&op).await;
    let request = Authorize::app()
        .with("prompt", "none")
        .with("id_token_hint", tokens.id_token());

    request.code_of(&alices.get(&request.target()).await);

    let mut bobs = op.browser();
    Authorize::app().code_in(&mut bobs, "bob").await;
    let answer = bobs.get(&request.target()).await;
    answer.assert_sent_back("login_required");
}

#[tokio::test]
async fn a_client_signs_its_user_out_by_its_own_name() {
    let op = provider(Some("s.example"), None).await;
    let (mut browser, first) = signed_in(&op).await;
    // A second sign-in of the same user elsewhere: the hint names the user, not this session.
    let (_, other) = signed_in(&op).await;
    assert_ne!(
        read_jwt(first.id_token()).1["sid"],
        read_jwt(other.id_token()).1["sid"]
    );

    let query = encode(&[("id_token_hint", other.id_token())]);
    browser
        .get(&format!("/oidc/oauth2/sessions/logout?{query}"))
        .await;

    let again = Authorize::app().with("prompt", "none");
    let answer = browser.get(&again.target()).await;
    answer.assert_sent_back("login_required");
}

/// OpenID Connect Back-Channel Logout §2.4.
#[tokio::test]
async fn a_logout_token_names_the_user_as_the_id_token_did() {
    let op = TestProvider::start_with(|settings| {
        pairwise(settings, 0, "s.example");
        let uri = ClientEndpoint::register("https://app.example/backchannel").unwrap();
        settings.clients[0].logout.back_channel = Some(uri);
    })
    .await;
    let (mut browser, tokens) = signed_in(&op).await;
    let query = encode(&[("id_token_hint", tokens.id_token())]);
    browser
        .get(&format!("/oidc/oauth2/sessions/logout?{query}"))
        .await;

    let poster = Poster::answering(Ok(StatusCode::OK));
    op.provider.deliver_logouts(&poster).await.unwrap();

    let posted = poster.take();
    let [(_, _, token)] = posted.as_slice() else {
        panic!("{posted:?}");
    };
    assert_eq!(
        read_jwt(token).1["sub"],
        read_jwt(tokens.id_token()).1["sub"]
    );
}
