//! What ends a session, and how soon.

use std::time::Duration;

use tokio::net::TcpListener;

use super::{Browser, Site};
use crate::gateway::tests::harness::Protocol;
use crate::gateway::tests::played::{begin_events, send_event};
use crate::model::Subject;
use crate::provider::tests::support::{START, profile};
use crate::telemetry::log::testing::Captured;
use crate::users::{BackendError, Standing};

const HOUR: u64 = 3600;

async fn is_signed_in(browser: &Browser) -> bool {
    let mut browser = browser.clone();
    let answer = browser
        .send(
            "GET",
            "https://app.test/x",
            "Accept: application/json\r\n",
            "",
        )
        .await;
    match answer.status {
        200 => true,
        401 => false,
        _ => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    site.advance_s(HOUR - 1);
    assert!(is_signed_in(&browser).await);
    site.advance_s(HOUR - 1);
    assert!(is_signed_in(&browser).await, "its use was noted");
    site.advance_s(HOUR);
    assert!(!is_signed_in(&browser).await);
}

#[tokio::test]
async fn a_session_ends_however_much_it_is_used() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    for n in 1..24 {
        site.advance_s(HOUR / 2);
        assert!(is_signed_in(&browser).await, "{n}");
    }
    site.advance_s(HOUR / 2 - 1);
    assert!(is_signed_in(&browser).await, "one second is left");
    site.advance_s(1);
    assert!(!is_signed_in(&browser).await);
}

/// The session at the provider goes on, so nobody types a password.
#[tokio::test]
async fn an_ended_session_is_followed_by_another_without_a_password() {
    let site = Site::speaking(Protocol::Http1, |settings| {
        settings.sign_in.idle_lifetime = Duration::from_secs(600);
    })
    .await;
    let mut browser = site.signed_in().await;
    let before = browser.cookie("__Host-cellgate-app").unwrap().to_owned();
    site.advance_s(600);
    assert!(!is_signed_in(&browser).await);

    browser.open("https://app.test/x").await.assert_ok();

    assert_ne!(browser.cookie("__Host-cellgate-app"), Some(&*before));
}

/// F09: what is under way ends with the session it was begun in.
#[tokio::test]
async fn a_stream_of_events_ends_when_its_user_signs_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = Site::speaking(Protocol::Http1, |settings| {
        settings.upstreams[0].servers = vec![address.to_string()];
    })
    .await;
    let mut browser = site.browser();
    let page = browser.open("https://app.test/x").await;
    let callback = browser.submit(&page, "alice").await;
    browser.get(&callback).await;
    let mut client = site.gateway.connect().await;
    let cookies = browser.cookie_header("app.test");
    let head = format!("GET /events HTTP/1.1\r\nHost: app.test\r\n{cookies}\r\n");
    client.write(head).await;
    let mut upstream = begin_events(&listener).await;
    send_event(&mut upstream, "data: 1\n\n").await;
    client.until(b"data: 1\n\n").await;

    browser
        .post("https://app.test/.cellgate/sign-out", &[])
        .await;

    assert_eq!(client.everything().await, "\r\n", "cut off");
}

#[tokio::test]
async fn signing_out_at_the_provider_ends_it_at_the_next_request() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    assert!(is_signed_in(&browser).await, "remembered by now");
    let subject = Subject::parse("uuid-of-alice").unwrap();
    let now = START;
    let sessions = site.store.sessions_of(&subject, now).await.unwrap();
    site.store.end_session(&sessions[0].id, now).await.unwrap();

    assert!(!is_signed_in(&browser).await);
    let page = browser.clone().open("https://app.test/x").await;
    page.assert_asks_for_password();
}

#[tokio::test]
async fn signing_out_at_one_application_ends_all() {
    let lines = Captured::start();
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    browser.open("https://other.test/").await.assert_ok();

    let page = browser.open("https://app.test/.cellgate/sign-out").await;
    page.assert_says(200, "<button>Sign out</button>");
    assert!(is_signed_in(&browser).await, "only asked so far");
    let answer = browser
        .post("https://app.test/.cellgate/sign-out", &[])
        .await;

    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("You are signed out"), "{answer:?}");
    assert!(browser.cookie("__Host-cellgate-app").is_none());
    let page = browser.open("https://other.test/").await;
    page.assert_asks_for_password();
    let audit = lines.audit();
    let line = audit
        .iter()
        .find(|it| it["event"] == "application_sign_out");
    assert_eq!(line.unwrap()["user.subject"], "uuid-of-alice");
}

/// L10: a cookie that was copied before is worth nothing afterwards.
#[tokio::test]
async fn l10_a_copied_cookie_ends_with_the_session() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let copy = browser.clone();
    assert!(is_signed_in(&copy).await);
    browser
        .post("https://app.test/.cellgate/sign-out", &[])
        .await;

    assert!(!is_signed_in(&copy).await);
}

/// L15: neither an image nor a form of another site signs anybody out.
#[tokio::test]
async fn l15_another_site_signs_nobody_out() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    for (method, fields) in [
        (
            "GET",
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
        ),
        ("POST", "Sec-Fetch-Site: cross-site\r\n"),
        ("POST", "Origin: https://evil.test\r\n"),
        ("POST", "Origin: null\r\n"),
    ] {
        let url = "https://app.test/.cellgate/sign-out";
        let answer = browser.send(method, url, fields, "").await;
        assert!(matches!(answer.status, 200 | 403), "{method} {fields}");
        assert!(is_signed_in(&browser).await, "{method} {fields}");
    }
}

/// As when an access token has to be refreshed: the users' backend is asked every ten minutes.
#[tokio::test]
async fn a_user_who_is_locked_is_signed_out_when_a_token_would_have_been() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    site.users.say(Some(Ok(Standing::Ended("locked"))));
    site.advance_s(599);
    assert!(is_signed_in(&browser).await);
    site.advance_s(1);
    assert!(is_signed_in(&browser).await, "believed for a minute");
    site.advance_s(60);

    assert!(!is_signed_in(&browser).await);
    site.users.say(None);
    assert!(!is_signed_in(&browser).await, "ended for good");
}

#[tokio::test]
async fn a_backend_that_is_down_signs_nobody_out_for_a_day() {
    let site = Site::speaking(Protocol::Http1, |settings| {
        settings.sign_in.lifetime = Duration::from_secs(72 * HOUR);
        settings.sign_in.idle_lifetime = Duration::from_secs(72 * HOUR);
    })
    .await;
    let browser = site.signed_in().await;
    site.users
        .say(Some(Err(BackendError("connection refused"))));
    site.advance_s(24 * HOUR);
    assert!(is_signed_in(&browser).await);
    site.advance_s(61);
    let answer = browser.clone().get("https://app.test/x").await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.field("retry-after").is_some());

    site.users.say(None);
    assert!(is_signed_in(&browser).await);
}

/// R05: a database that does not answer is no reason to let anybody in, or to say that a session
/// has ended.
#[tokio::test]
async fn r05_a_database_that_is_away_is_503_and_signs_nobody_out() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    let n_forwarded = site.gateway.upstream.requests().len();
    site.store.break_down().await;
    site.advance_s(61);

    let answer = browser.clone().get("https://app.test/x").await;

    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.field("retry-after").is_some());
    assert_eq!(answer.field("set-cookie"), None, "the cookie stays");
    assert_eq!(site.gateway.upstream.requests().len(), n_forwarded);
}

/// The groups of the user are those of today.
#[tokio::test]
async fn what_the_backend_says_of_the_user_is_what_the_policy_sees() {
    let site = Site::start().await;
    let mut browser = site.signed_in().await;
    let answer = browser.get("https://app.test/bosses/").await;
    assert_eq!(answer.status, 403, "{answer:?}");
    let mut user = profile("alice");
    user.groups = vec!["/bosses".to_owned()];
    site.users.say(Some(Ok(Standing::Active(user))));
    site.advance_s(661);

    browser.open("https://app.test/bosses/").await.assert_ok();
}

/// Another user signs in in the same browser: nothing of the first is left.
#[tokio::test]
async fn another_user_ends_the_session_of_the_one_before() {
    let site = Site::start().await;
    let first = site.signed_in().await;
    let mut browser = first.clone();
    browser.cookies.retain(|(host, _), _| host == "app.test");
    let asked = {
        let mut fresh = browser.clone();
        let key = ("app.test".to_owned(), "__Host-cellgate-app".to_owned());
        fresh.cookies.remove(&key);
        fresh.get("https://app.test/x").await.location().unwrap()
    };
    let page = browser.open(&asked).await;
    browser.sign_in(&page, "bob").await.assert_ok();

    let requests = site.gateway.upstream.requests();
    assert!(
        requests
            .last()
            .unwrap()
            .contains("x-auth-user: uuid-of-bob")
    );
    assert!(!is_signed_in(&first).await);
}
