//! Signing out at the provider, as all plans about logout do it.

use super::common_path::SignedIn;
use super::{Landing, Suite, User};
use crate::support::Answer;

/// 128 characters.
pub(super) const STATE: &str = "a1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zz\
                     a1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zza1-._~Zz";

/// Signs a user in.
pub(super) async fn signed_in(suite: &Suite) -> (User<'_>, SignedIn) {
    let mut user = suite.user();
    let signed_in = suite.sign_in(&mut user, &suite.request()).await;
    (user, signed_in)
}

/// Sends the user to the endpoint that ends sessions; a page that asks is answered with yes.
pub(super) async fn log_out(
    user: &mut User<'_>,
    suite: &Suite,
    parameters: &[(&str, &str)],
) -> Landing {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let endpoint = suite.endpoint("end_session_endpoint");
    let landing = user.open(&format!("{endpoint}?{query}")).await;
    match landing {
        Landing::Page(page) if page.body.contains("id=\"sign-out\"") => {
            Landing::Page(user.browser.submit(suite.edge(), &page, &[]).await)
        }
        landing => landing,
    }
}

/// Asserts by `prompt=none` that nobody is signed in any more.
pub(super) async fn assert_signed_out(user: &mut User<'_>, suite: &Suite) {
    let request = suite.request().with("prompt", "none");
    let landing = user.follow(&request).await;
    assert_eq!(suite.error(landing, &request), "login_required");
}

/// Asserts that the browser stays at the provider, which refuses or, having asked, says that the
/// user is signed out.
#[track_caller]
pub(super) fn assert_stays(landing: Landing) -> Answer {
    let page = landing.page();
    assert!(!page.status.is_redirection(), "{page:#?}");
    assert!(!page.status.is_server_error(), "{page:#?}");
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{page:#?}"
    );
    page
}
