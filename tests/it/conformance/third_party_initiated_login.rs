//! `oidcc-3rdparty-init-login-certification-test-plan`: sign-ins that begin outside the client
//! (OpenID Connect Core §4).

use serde_json::json;

use super::registration::metadata;
use super::{Delivery, Suite};

/// `initiate_login_uri` is echoed by the registration and by the client configuration endpoint.
#[tokio::test]
async fn oidcc_3rd_party_init_login() {
    let suite = Suite::start(Delivery::Query).await;
    let uri = "https://rp.example/test/a/cellgate/initiate_login";

    let registered = suite
        .registered(&json!({ "initiate_login_uri": uri }))
        .await;

    assert_eq!(registered.information["initiate_login_uri"], uri);
    let again = suite.configuration_of(&registered).await.assert_status(200);
    assert_eq!(again.json()["initiate_login_uri"], uri);
    suite.unregister(&registered).await;
}

/// One without TLS is refused.
#[tokio::test]
async fn oidcc_3rd_party_init_login_nohttps() {
    let suite = Suite::start(Delivery::Query).await;
    let uri = "http://rp.example/test/a/cellgate/initiate_login";

    let answer = suite
        .register(&metadata(&json!({ "initiate_login_uri": uri })))
        .await;

    answer.assert_refused(400, "invalid_client_metadata");
}
