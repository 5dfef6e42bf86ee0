//! Scope values of OpenID Connect Core §5.4: granted, and answered by userinfo.

use crate::conformance::common_path::SignedIn;
use crate::conformance::suite::Suite;

/// Signs in with `openid` and `scope`, of which every value must have been granted.
async fn granted(suite: &Suite, scope: &str) -> SignedIn {
    let scope = format!("openid {scope}");
    let request = suite.request().with("scope", &scope);
    let signed_in = suite.sign_in(&mut suite.user(), &request).await;
    for value in scope.split(' ') {
        let mut granted = signed_in.scope.split(' ');
        assert!(granted.any(|other| other == value), "{}", signed_in.scope);
    }
    signed_in
}

/// Asserts that userinfo has each of `claims` that the metadata says is to be had.
#[track_caller]
fn assert_claims(suite: &Suite, signed_in: &SignedIn, claims: &[&str]) {
    for claim in claims {
        assert_eq!(
            signed_in.userinfo.get(claim).is_some(),
            suite.lists("claims_supported", claim),
            "{claim}: {}",
            signed_in.userinfo
        );
    }
}

/// `profile` is granted and brings the name.
pub(crate) async fn oidcc_scope_profile(suite: &Suite) {
    let signed_in = granted(suite, "profile").await;

    assert_eq!(signed_in.userinfo["name"], "Buffy Example");
    assert_eq!(signed_in.userinfo["preferred_username"], "buffy");
    assert!(signed_in.userinfo.get("email").is_none());
}

/// `email` is granted and brings the address and whether it was verified.
pub(crate) async fn oidcc_scope_email(suite: &Suite) {
    let signed_in = granted(suite, "email").await;

    assert_eq!(signed_in.userinfo["email"], "buffy@example.com");
    assert_eq!(signed_in.userinfo["email_verified"], true);
    assert!(signed_in.userinfo.get("name").is_none());
}

/// `address` is granted; the claim is an object where the users' backend knows it.
pub(crate) async fn oidcc_scope_address(suite: &Suite) {
    let signed_in = granted(suite, "address").await;

    assert_claims(suite, &signed_in, &["address"]);
}

/// `phone` is granted; the claims are there where the users' backend knows them.
pub(crate) async fn oidcc_scope_phone(suite: &Suite) {
    let signed_in = granted(suite, "phone").await;

    assert_claims(suite, &signed_in, &["phone_number"]);
}

/// All of them at once.
pub(crate) async fn oidcc_scope_all(suite: &Suite) {
    let signed_in = granted(suite, "profile email address phone").await;

    let claims = ["name", "preferred_username", "email", "email_verified"];
    assert_claims(suite, &signed_in, &claims);
    assert_eq!(signed_in.userinfo["name"], "Buffy Example");
    assert_eq!(signed_in.userinfo["email"], "buffy@example.com");
}
