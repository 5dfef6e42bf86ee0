//! The life of codes and tokens: used once, refreshed, revoked, ended with their session.

use crate::support::{Answer, Browser, Edge, Tokens, claims, exchange};

fn refresh<'a>(token: &'a str, scope: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("client_id", "demo-app"),
        ("refresh_token", token),
    ];
    form.extend(scope.map(|scope| ("scope", scope)));
    form
}

/// RFC 6749 §4.1.2: a code used twice is denied, and what the first use brought is revoked.
#[tokio::test]
async fn a_replayed_code_is_denied_and_takes_the_first_tokens_with_it() {
    let edge = Edge::demo();
    let code = edge.sign_in("alice").code().await;
    let first = Tokens::read(&edge.token(&exchange(&code)).await.assert_status(200));
    edge.get_with("/api/hello", &first.access_token)
        .await
        .assert_status(200);

    edge.token(&exchange(&code))
        .await
        .assert_refused(400, "invalid_grant");

    edge.get_with("/api/hello", &first.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let refreshed = edge
        .token(&refresh(&first.refresh_token.unwrap(), None))
        .await;
    refreshed.assert_refused(400, "invalid_grant");
}

/// Of any number of concurrent redemptions exactly one succeeds.
#[tokio::test]
async fn a_hundred_redemptions_at_once_bring_one_success() {
    let edge = Edge::demo();
    let code = edge.sign_in("alice").code().await;
    let form = exchange(&code);

    let answers: Vec<Answer> = futures_of(100, || edge.token(&form)).await;

    let successes = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(successes, 1);
}

/// Runs `n` of the futures that `make` makes, at once.
async fn futures_of<F: Future<Output = Answer>>(n: usize, make: impl Fn() -> F) -> Vec<Answer> {
    let mut running: Vec<_> = (0..n).map(|_| Box::pin(make())).collect();
    let mut answers = Vec::new();
    std::future::poll_fn(|context| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(answer) => {
                answers.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if running.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    answers
}

/// RFC 6749 §6, RFC 9700 §4.14.2: rotation; the successor comes again for who did not get it,
/// and a spent token whose successor was used ends the family.
#[tokio::test]
async fn a_lost_answer_comes_again_and_a_replay_ends_the_grant() {
    let edge = Edge::demo();
    let first = edge.sign_in("alice").tokens().await;
    let spent = first.refresh_token.unwrap();

    let lost = Tokens::read(&edge.token(&refresh(&spent, None)).await.assert_status(200));
    let second = Tokens::read(&edge.token(&refresh(&spent, None)).await.assert_status(200));
    assert_eq!(lost.refresh_token, second.refresh_token);
    edge.get_with("/api/hello", &second.access_token)
        .await
        .assert_status(200);
    assert_eq!(
        claims(&second.id_token.clone().unwrap())["nonce"],
        "the-nonce"
    );
    let next = refresh(second.refresh_token.as_deref().unwrap(), None);
    let third = Tokens::read(&edge.token(&next).await.assert_status(200));

    edge.token(&refresh(&spent, None))
        .await
        .assert_refused(400, "invalid_grant");
    edge.token(&refresh(&third.refresh_token.unwrap(), None))
        .await
        .assert_refused(400, "invalid_grant");
    edge.get_with("/api/hello", &third.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
}

#[tokio::test]
async fn a_refresh_may_narrow_the_scope_and_not_widen_it() {
    let edge = Edge::demo();
    let tokens = edge
        .sign_in("alice")
        .scope("openid offline_access demo.read")
        .tokens()
        .await;
    let token = tokens.refresh_token.unwrap();

    edge.token(&refresh(&token, Some("demo.write")))
        .await
        .assert_refused(400, "invalid_scope");
    let narrowed = edge
        .token(&refresh(&token, Some("openid")))
        .await
        .assert_status(200);
    let access_token = Tokens::read(&narrowed).access_token;
    edge.get_with("/api/hello", &access_token)
        .await
        .assert_challenged(403, Some("insufficient_scope"));
}

/// RFC 7009 §2.2: revoked is revoked on the next request, and an unknown token is no error.
#[tokio::test]
async fn a_revoked_token_is_refused_on_the_next_request() {
    let edge = Edge::demo();
    let tokens = edge.sign_in("alice").tokens().await;
    edge.get_with("/api/hello", &tokens.access_token)
        .await
        .assert_status(200);

    edge.post_form(
        "/oidc/oauth2/revoke",
        &[("client_id", "demo-app"), ("token", &tokens.access_token)],
    )
    .await
    .assert_status(200);

    edge.get_with("/api/hello", &tokens.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    edge.post_form(
        "/oidc/oauth2/revoke",
        &[("client_id", "demo-app"), ("token", "unknown")],
    )
    .await
    .assert_status(200);
}

/// OpenID Connect RP-Initiated Logout §2: the session ends, and every token granted in it.
#[tokio::test]
async fn signing_out_ends_the_session_and_its_tokens() {
    let edge = Edge::demo();
    let mut browser = Browser::default();
    let sign_in = edge.sign_in("alice");
    let answer = sign_in.submit_in(&mut browser).await.assert_status(303);
    let code = answer.location_parameter("code").unwrap();
    let tokens = Tokens::read(&edge.token(&exchange(&code)).await.assert_status(200));
    let silent = sign_in.submit_in(&mut browser).await.assert_status(303);
    assert!(
        silent.location_parameter("code").is_some(),
        "the session signs in silently"
    );

    let hint = tokens.id_token.as_deref().unwrap();
    let url = edge.url(&format!(
        "/oidc/oauth2/sessions/logout?id_token_hint={hint}"
    ));
    browser.get(&edge, &url).await.assert_status(200);

    edge.get_with("/api/hello", &tokens.access_token)
        .await
        .assert_challenged(401, Some("invalid_token"));
    let page = browser.get(&edge, &sign_in.url()).await;
    assert!(
        page.status.is_redirection() || page.body.contains("name=\"password\""),
        "{page:?}"
    );
    assert!(!page.header("location").contains("code="), "{page:?}");
}
