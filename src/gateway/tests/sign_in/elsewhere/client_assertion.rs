//! A signature in the place of a secret (RFC 7523 §2.2).

use std::collections::BTreeMap;

use super::*;
use crate::issuers::{AssertionAudience, AssertionKey};
use crate::jose::SigningAlgorithm;
use crate::provider::tests::support::read_jwt;
use crate::telemetry::log::testing::Captured;

fn by_key(audience: AssertionAudience) -> impl FnOnce(&mut SignInClient) {
    let key = SigningKey::generate(SigningAlgorithm::EdDsa).unwrap();
    move |client| {
        client.authentication = SignInAuthentication::PrivateKeyJwt(AssertionKey {
            key: Arc::new(key),
            audience,
        });
    }
}

/// What the token endpoint was asked last.
fn form(site: &Site) -> BTreeMap<String, String> {
    let call = site.world.script.last();
    assert_eq!(call.authorization, None);
    let form = call.form.unwrap();
    form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect()
}

/// RFC 7523 §3: whom it is by and for, for how long, and once.
#[tokio::test]
async fn the_issuer_is_shown_a_signature_that_is_new_each_time() {
    let lines = Captured::start();
    let site = Site::with(by_key(AssertionAudience::Issuer), |_| {}).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        site.signed_in().await;

        let form = form(&site);
        assert_eq!(form["grant_type"], "authorization_code");
        assert_eq!(form["client_id"], "cellgate");
        assert!(!form.contains_key("client_secret"));
        assert_eq!(
            form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let (header, mut claims) = read_jwt(&form["client_assertion"]);
        assert_eq!(header["alg"], "EdDSA");
        seen.push(claims.remove("jti").unwrap());
        assert_eq!(
            Value::Object(claims),
            json!({
                "iss": "cellgate",
                "sub": "cellgate",
                "aud": ISSUER,
                "iat": site.now(),
                "exp": site.now() + 60,
            })
        );
        assert!(!lines.text().contains(&form["client_assertion"]));
    }
    assert_ne!(seen[0], seen[1]);
}

/// OpenID Connect Core §9, for issuers that compare letter by letter.
#[tokio::test]
async fn the_token_endpoint_is_named_as_the_issuer_writes_it() {
    let written = "https://LOGIN.test:443/token";
    let site = Site::with(by_key(AssertionAudience::TokenEndpoint), |metadata| {
        metadata["token_endpoint"] = written.into();
        metadata["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"]);
        metadata["token_endpoint_auth_signing_alg_values_supported"] = json!(["ES256", "EdDSA"]);
    })
    .await;

    site.signed_in().await;

    let (_, claims) = read_jwt(&form(&site)["client_assertion"]);
    assert_eq!(claims["aud"], written);
}

/// Nobody signs in there for nothing.
#[tokio::test]
async fn a_browser_is_not_sent_to_an_issuer_that_takes_no_signature_of_ours() {
    for (name, list, said) in [
        (
            "token_endpoint_auth_methods_supported",
            json!(["client_secret_basic"]),
            "the issuer takes no private_key_jwt, but client_secret_basic",
        ),
        (
            "token_endpoint_auth_signing_alg_values_supported",
            json!(["RS256"]),
            "the issuer takes no EdDSA, but RS256",
        ),
    ] {
        let lines = Captured::start();
        let site = Site::with(by_key(AssertionAudience::Issuer), |metadata| {
            metadata[name] = list;
        })
        .await;
        let mut browser = site.browser();

        let answer = browser.get("https://app.test/x").await;

        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.location(), None);
        assert!(lines.text().contains(said), "{}", lines.text());
    }
}

/// What is wrong with our registration is no word about the user.
#[tokio::test]
async fn an_issuer_that_refuses_the_signature_signs_nobody_in_and_ends_no_session() {
    let site = Site::with(by_key(AssertionAudience::Issuer), |_| {}).await;
    let signed_in = site.signed_in().await;
    let mut browser = site.browser();
    let asked = site.begin(&mut browser, "https://app.test/x").await;
    site.refuse(401, "invalid_client");

    let answer = [("code", "c-1"), ("iss", ISSUER)];
    let answer = site.come_back(&mut browser, &asked["state"], &answer).await;

    assert_page(&answer, 503, "");
    assert_eq!(site.status(&browser).await, 401);
    assert_eq!(site.status(&signed_in).await, 200);
    site.advance_s(601);
    assert_ne!(site.status(&signed_in).await, 401, "it may go on later");
}
