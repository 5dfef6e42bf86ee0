//! How answers travel (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form
//! Post Response Mode §2, RFC 9207 §2).

use super::support::{Authorize, ISSUER, TestProvider};

#[tokio::test]
async fn an_answer_travels_in_the_query_unless_asked_otherwise() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    for request in [
        Authorize::app(),
        Authorize::app().with("response_mode", "query"),
    ] {
        let page = browser.get(&request.with("prompt", "login").target()).await;
        let answer = browser.sign_in(&page, "alice").await;
        assert_eq!(answer.location().fragment(), None);
        assert_eq!(answer.params()["code"].len(), 43);
    }
}

#[tokio::test]
async fn an_answer_may_travel_in_the_fragment() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let request = Authorize::service()
        .with("response_mode", "fragment")
        .with("state", "a b&c#d");

    let page = browser.get(&request.target()).await;
    let answer = browser.sign_in(&page, "alice").await;

    assert_eq!(answer.location().query(), Some("tenant=1"));
    let params = answer.fragment();
    assert_eq!(params.len(), 3, "{params:?}");
    assert_eq!(params["state"], "a b&c#d");
    assert_eq!(params["iss"], ISSUER);
    assert_eq!(params["code"].len(), 43);
}

#[tokio::test]
async fn an_answer_may_be_posted_by_the_browser() {
    let op = TestProvider::start().await;
    let mut browser = op.browser();
    let request = Authorize::app().with("response_mode", "form_post");

    let page = browser.get(&request.target()).await;
    let answer = browser.sign_in(&page, "alice").await;

    assert_eq!(answer.form_action(), "https://app.example/callback");
    let params = answer.posted();
    assert_eq!(params.len(), 3, "{params:?}");
    assert_eq!(params["state"], "the-state");
    assert_eq!(params["iss"], ISSUER);
    assert_eq!(params["code"].len(), 43);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("location"), None);
    let session = answer.cookies();
    assert!(session[0].starts_with("__Host-cellgate-session="));
}

/// The page sends itself by the one script its policy names, and by its button without it.
#[tokio::test]
async fn the_posting_page_works_with_and_without_scripts() {
    let op = TestProvider::start().await;
    let request = Authorize::app()
        .with("response_mode", "form_post")
        .with("prompt", "none");

    let page = request.send(&op).await;

    let script = "<script>document.forms[0].submit()</script>";
    assert!(page.body.contains(script), "{}", page.body);
    assert!(page.body.contains(r#"<button type="submit""#));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(policy.contains("form-action 'self' https:;"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), Some("strict-origin"));
}

#[tokio::test]
async fn an_error_travels_as_a_code_would() {
    let op = TestProvider::start().await;
    let refused = Authorize::app().with("prompt", "none");

    let fragment = refused.clone().with("response_mode", "fragment");
    let params = fragment.send(&op).await.fragment();
    assert_eq!(params["error"], "login_required");
    assert_eq!(params["state"], "the-state");
    assert_eq!(params["iss"], ISSUER);

    let posted = refused.clone().with("response_mode", "form_post");
    let params = posted.send(&op).await.posted();
    assert_eq!(params["error"], "login_required");
    assert_eq!(params["state"], "the-state");
    assert_eq!(params["iss"], ISSUER);
}

/// Whatever a client sends as its state stays text in the page.
#[tokio::test]
async fn a_posted_state_cannot_become_markup() {
    let op = TestProvider::start().await;
    let state = r#""><script>alert(1)</script>'&amp;"#;
    let request = Authorize::app()
        .with("response_mode", "form_post")
        .with("prompt", "none")
        .with("state", state);

    let page = request.send(&op).await;

    assert!(!page.body.contains("alert(1)</script>"), "{}", page.body);
    assert_eq!(page.posted()["state"], state);
}

/// What is posted to a scheme of an application's own arrives without its body.
#[tokio::test]
async fn nothing_is_posted_to_a_private_use_scheme() {
    let op = TestProvider::start().await;
    let request = Authorize::app()
        .with("client_id", "mobile")
        .with("redirect_uri", "cellsauth://callback")
        .with("response_mode", "form_post");

    request.send(&op).await.assert_sent_back("invalid_request");
}
