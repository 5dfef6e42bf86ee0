//! The refresh of a session, L18 to L20.

use super::*;
use crate::outbound::OutboundError;
use crate::telemetry::log::testing::Captured;

/// L18.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l18_of_two_hundred_requests_one_refreshes_and_all_continue() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    site.advance_s(600);
    let id_token = site.id_token("", |it| {
        without(it, "nonce");
        it["groups"] = json!(["/bosses"]);
        it["at_hash"] = half_hash("at-2").into();
    });
    site.give(Some(&id_token), |answer| {
        answer["access_token"] = "at-2".into();
        answer["refresh_token"] = "rt-2".into();
    });

    let requests = (0..200).map(|_| site.status(&browser));
    let answers = futures_util::future::join_all(requests).await;

    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(
        site.world.script.n_asked(TOKEN),
        2,
        "the sign-in and one refresh"
    );
    let form = site.world.script.last().form.unwrap();
    assert_eq!(form, "grant_type=refresh_token&refresh_token=rt-1");
    let forwarded = site.gateway.upstream.requests();
    let says_so = |request: &String| request.contains("x-auth-groups: /bosses\r\n");
    assert!(forwarded.iter().all(says_so), "what it says now");

    site.advance_s(600);
    site.give(None, |answer| answer["refresh_token"] = Value::Null);
    assert_eq!(site.status(&browser).await, 200);
    let form = site.world.script.last().form.unwrap();
    assert!(
        form.ends_with("=rt-2"),
        "the one that took its place: {form}"
    );
    site.advance_s(600);
    assert_eq!(site.status(&browser).await, 200);
    let form = site.world.script.last().form.unwrap();
    assert!(
        form.ends_with("=rt-2"),
        "L19: without a new one the old one is kept: {form}"
    );
}

/// Before what is known counts no more nobody waits.
#[tokio::test]
async fn a_session_is_refreshed_in_the_background_in_time() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    site.advance_s(449);
    assert_eq!(site.status(&browser).await, 200);
    assert_eq!(
        site.world.script.n_asked(TOKEN),
        1,
        "three quarters are not over"
    );

    site.advance_s(61);
    site.world.script.hold();
    assert_eq!(site.status(&browser).await, 200, "nobody waits");
    site.world.script.until_asked(TOKEN, 2).await;
    site.world.script.go_on();
}

/// L19: an issuer that is down, or has a problem with us, ends nobody's session.
#[tokio::test]
async fn l19_an_issuer_that_is_down_ends_no_session() {
    let site = Site::start().await;
    let browser = site.signed_in().await;
    type Fail = fn(&Site);
    let rows: [(&str, Fail); 5] = [
        ("500", |site| site.refuse(500, "server_error")),
        ("timeout", |site| {
            site.world.script.answer(TOKEN, Err(OutboundError::Timeout));
        }),
        ("429", |site| site.refuse(429, "slow_down")),
        ("our registration", |site| {
            site.refuse(401, "invalid_client");
        }),
        ("no answer of its kind", |site| {
            site.world.script.show(TOKEN, &json!([]));
        }),
    ];
    for (n, (row, fail)) in rows.into_iter().enumerate() {
        site.advance_s(600);
        fail(&site);
        assert_eq!(site.status(&browser).await, 200, "{row}");
        assert_eq!(site.world.script.n_asked(TOKEN), n + 2, "{row}");
    }
    site.advance_s(29);
    assert_eq!(site.status(&browser).await, 200);
    assert_eq!(
        site.world.script.n_asked(TOKEN),
        6,
        "left alone for a moment"
    );

    site.advance_s(60);
    site.give(None, |_| {});
    assert_eq!(site.status(&browser).await, 200);
    assert_eq!(site.world.script.n_asked(TOKEN), 7, "and asked again");
}

/// L19: what the issuer refuses has ended.
#[tokio::test]
async fn l19_a_refused_refresh_ends_the_session() {
    let lines = Captured::start();
    let site = Site::start().await;
    let browser = site.signed_in().await;
    site.advance_s(600);
    site.refuse(400, "invalid_grant");

    assert_eq!(site.status(&browser).await, 401);

    site.give(None, |_| {});
    assert_eq!(site.status(&browser).await, 401, "for good");
    assert_eq!(site.world.script.n_asked(TOKEN), 2);
    let audit = lines.audit();
    let line = audit
        .iter()
        .find(|it| it["event"] == "application_session_ended");
    assert_eq!(line.unwrap()["reason"], "refused");
}

/// L19, L20: a refresh about somebody else, by the ID token or by the userinfo endpoint.
#[tokio::test]
async fn l20_a_refresh_of_another_user_ends_the_session_with_an_alarm() {
    type Change = fn(&mut Value);
    let rows: [(&str, Change); 4] = [
        ("sub", |it| it["sub"] = "mallory".into()),
        ("issuer", |it| it["iss"] = "https://other.test/".into()),
        ("client", |it| it["aud"] = "other".into()),
        ("nonce", |it| it["nonce"] = "of another sign-in".into()),
    ];
    for (row, change) in rows {
        let lines = Captured::start();
        let site = Site::start().await;
        let browser = site.signed_in().await;
        site.advance_s(600);
        let token = site.id_token("", |it| {
            without(it, "nonce");
            change(it);
        });
        site.give(Some(&token), |_| {});

        assert_eq!(site.status(&browser).await, 401, "{row}");

        let is_alarmed = lines.text().contains("a refresh brought another user");
        assert_eq!(is_alarmed, row == "sub", "{row}");
        let audit = lines.audit();
        let has_line = audit
            .iter()
            .any(|it| it["event"] == "application_session_ended");
        assert!(has_line, "{row}");
    }
}

/// Without a refresh token a session lives as long as sessions do here.
#[tokio::test]
async fn without_a_refresh_token_nobody_is_asked_again() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let asked = site.begin(&mut browser, "https://app.test/").await;
    let id_token = site.id_token(&asked["nonce"], |_| {});
    site.give(Some(&id_token), |answer| {
        answer["refresh_token"] = Value::Null;
    });
    let answer = [("code", "c-1"), ("iss", ISSUER)];
    site.come_back(&mut browser, &asked["state"], &answer).await;
    for _ in 0..12 {
        site.advance_s(3599);
        assert_eq!(site.status(&browser).await, 200);
    }
    assert_eq!(site.world.script.n_asked(TOKEN), 1);
    site.advance_s(12);
    assert_eq!(site.status(&browser).await, 401, "12 hours");
}
