//! When a user is asked, and when not.

use crate::conformance::suite::Suite;

/// Errors that say that the user would have to be asked.
const MUST_ASK: [&str; 4] = [
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
];

/// `prompt=login` asks for the password again, and the time of sign-in is later.
pub(crate) async fn oidcc_prompt_login(suite: &Suite) {
    let mut user = suite.user();
    let first = suite.sign_in(&mut user, &suite.request()).await;
    suite.let_pass(1);

    let request = suite.request().with("prompt", "login");
    let second = suite.sign_in(&mut user, &request).await;

    assert_eq!(user.passwords_typed, 2);
    assert_eq!(first.subject(), second.subject());
    assert!(second.auth_time() > first.auth_time());
}

/// `prompt=none` without a session is an error at the redirect URI; a state of 128 characters
/// survives.
pub(crate) async fn oidcc_prompt_none_not_logged_in(suite: &Suite) {
    let state = "a1-._~Zz".repeat(16);
    let request = suite.request().with("prompt", "none").with("state", &state);
    let mut user = suite.user();

    let landing = user.follow(&request).await;

    let error = suite.error(landing, &request);
    assert!(MUST_ASK.contains(&error.as_str()), "{error}");
    assert_eq!(user.passwords_typed, 0);
}

/// `prompt=none` with a session: nothing is asked, and user and time of sign-in are the same.
pub(crate) async fn oidcc_prompt_none_logged_in(suite: &Suite) {
    let mut user = suite.user();
    let first = suite.sign_in(&mut user, &suite.request()).await;

    let request = suite.request().with("prompt", "none");
    let second = suite.sign_in(&mut user, &request).await;

    assert_eq!(user.passwords_typed, 1);
    assert_eq!(first.subject(), second.subject());
    assert_eq!(first.auth_time(), second.auth_time());
}

/// `max_age=1` after more than a second asks for the password again; `auth_time` is there, later
/// and recent.
pub(crate) async fn oidcc_max_age_1(suite: &Suite) {
    let mut user = suite.user();
    let first = suite.sign_in(&mut user, &suite.request()).await;
    suite.let_pass(2);

    let request = suite.request().with("max_age", "1");
    let second = suite.sign_in(&mut user, &request).await;

    assert_eq!(user.passwords_typed, 2);
    assert_eq!(first.subject(), second.subject());
    assert!(second.auth_time() > first.auth_time());
    assert!(suite.now() - second.auth_time() < 60);
}

/// `max_age` of 15000 and then 10000: nothing is asked the second time, and `auth_time` stays.
pub(crate) async fn oidcc_max_age_10000(suite: &Suite) {
    let mut user = suite.user();
    let request = suite.request().with("max_age", "15000");
    let first = suite.sign_in(&mut user, &request).await;

    let request = suite.request().with("max_age", "10000");
    let second = suite.sign_in(&mut user, &request).await;

    assert_eq!(user.passwords_typed, 1);
    assert_eq!(first.auth_time(), second.auth_time());
}

/// `prompt=none` with an ID token of the user who is signed in succeeds silently.
pub(crate) async fn oidcc_id_token_hint(suite: &Suite) {
    let mut user = suite.user();
    let first = suite.sign_in(&mut user, &suite.request()).await;

    let request = suite
        .request()
        .with("prompt", "none")
        .with("id_token_hint", &first.raw_id_token);
    let second = suite.sign_in(&mut user, &request).await;

    assert_eq!(user.passwords_typed, 1);
    assert_eq!(first.subject(), second.subject());
}
