//! `private_key_jwt` (OpenID Connect Core §9, RFC 7521 §4.2, RFC 7523 §3).

use std::sync::{Arc, LazyLock};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::support::clients::client;
use super::support::{
    Answer, Authorize, ISSUER, SERVICE_SECRET, START, TestProvider, Tokens, basic, join_all,
};
use crate::jose::{SigningAlgorithm, SigningKey};
use crate::model::{ClientAuthentication, ClientKeys, KeySource};
use crate::provider::Settings;
use crate::secret::Secret;

const TOKEN: &str = "/oidc/oauth2/token";
const TOKEN_URL: &str = "https://op.example/oidc/oauth2/token";
const TYPE: (&str, &str) = (
    "client_assertion_type",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
);
const FOR_ITSELF: (&str, &str) = ("grant_type", "client_credentials");

static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(new_key);

fn new_key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(SigningAlgorithm::Es256).unwrap())
}

/// A provider that has the client `signer`, whose key is [`KEY`].
async fn provider() -> TestProvider {
    provider_with(|_| {}).await
}

async fn provider_with(change: impl FnOnce(&mut Settings)) -> TestProvider {
    TestProvider::start_with(|settings| {
        let keys = ClientKeys {
            source: KeySource::Inline(json!({"keys": [KEY.public_jwk()]}).to_string()),
            algorithm: Some(SigningAlgorithm::Es256),
        };
        settings.clients.push(client(
            "signer",
            ClientAuthentication::PrivateKeyJwt(keys),
            "https://signer.example/callback",
        ));
        change(settings);
    })
    .await
}

/// The claims of an assertion of `signer`.
fn claims(jti: &str) -> Value {
    json!({
        "iss": "signer",
        "sub": "signer",
        "aud": ISSUER,
        "jti": jti,
        "exp": START.as_secs() + 60,
    })
}

fn with(jti: &str, name: &str, value: &str) -> Value {
    let mut claims = claims(jti);
    claims[name] = value.into();
    claims
}

fn sign(key: &SigningKey, claims: &Value) -> String {
    key.sign_jwt("JWT", claims).unwrap()
}

/// Asks for a token for itself with this assertion.
async fn ask(op: &TestProvider, assertion: &str) -> Answer {
    let form = [FOR_ITSELF, TYPE, ("client_assertion", assertion)];
    op.post(TOKEN, None, &form).await
}

#[tokio::test]
async fn a_client_that_signs_is_served_at_every_endpoint() {
    let op = provider().await;
    let code = Authorize::service()
        .with("client_id", "signer")
        .with("redirect_uri", "https://signer.example/callback")
        .with("scope", "openid offline_access")
        .code(&op, "alice")
        .await;
    let assertions = ["1", "2", "3", "4"].map(|jti| sign(&KEY, &claims(jti)));
    let ask = async |path: &str, n: usize, form: &[(&str, &str)]| {
        let mut form = form.to_vec();
        form.extend([TYPE, ("client_assertion", assertions[n].as_str())]);
        op.post(path, None, &form).await
    };

    let tokens = Tokens::of(&ask(TOKEN, 0, &code.form()).await);
    let token = tokens.refresh_token();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
    Tokens::of(&ask(TOKEN, 1, &refresh).await);
    let told = ask("/oidc/oauth2/introspect", 2, &[("token", token)]).await;
    assert_eq!(told.json()["active"], true, "{told:?}");
    let revoked = ask("/oidc/oauth2/revoke", 3, &[("token", token)]).await;
    assert_eq!(revoked.status, 200, "{revoked:?}");
}

/// RFC 7523 §3: whichever endpoint the first one went to.
#[tokio::test]
async fn an_assertion_is_used_once() {
    let op = provider().await;
    let assertion = sign(&KEY, &claims("once"));
    Tokens::of(&ask(&op, &assertion).await);

    ask(&op, &assertion)
        .await
        .assert_refused(401, "invalid_client");
    let form = [("token", "x"), TYPE, ("client_assertion", &assertion)];
    op.post("/oidc/oauth2/revoke", None, &form)
        .await
        .assert_refused(401, "invalid_client");
    // Another signature is another text, but the same assertion.
    let again = sign(&KEY, &claims("once"));
    ask(&op, &again).await.assert_refused(401, "invalid_client");
    Tokens::of(&ask(&op, &sign(&KEY, &claims("another"))).await);
}

#[tokio::test]
async fn of_parallel_uses_one_succeeds() {
    let op = provider().await;
    let assertion = sign(&KEY, &claims("raced"));

    let answers = join_all((0..10).map(|_| ask(&op, &assertion)).collect()).await;

    let n_served = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(n_served, 1, "{answers:?}");
}

/// Or anybody who knows a `jti` could use it up.
#[tokio::test]
async fn what_is_refused_does_not_use_the_assertion_up() {
    let op = provider().await;
    let forged = sign(&new_key(), &claims("mine"));
    ask(&op, &forged)
        .await
        .assert_refused(401, "invalid_client");

    Tokens::of(&ask(&op, &sign(&KEY, &claims("mine"))).await);
}

/// The rules are tested one by one in `jose`; that they are asked, here.
#[tokio::test]
async fn an_assertion_that_is_not_for_us_or_not_for_now_is_refused() {
    let op = provider().await;
    for (row, claims) in [
        (
            "for another provider",
            with("1", "aud", "https://evil.example/"),
        ),
        ("of another client", with("2", "iss", "service")),
        ("under another client's name", with("3", "sub", "service")),
    ] {
        let answer = ask(&op, &sign(&KEY, &claims)).await;
        assert_eq!(answer.status, 401, "{row}: {answer:?}");
        answer.assert_refused(401, "invalid_client");
    }
    let typed = KEY.sign_jwt("at+jwt", &claims("4")).unwrap();
    ask(&op, &typed).await.assert_refused(401, "invalid_client");
    op.advance_s(70);
    let late = sign(&KEY, &claims("5"));
    ask(&op, &late).await.assert_refused(401, "invalid_client");
}

#[tokio::test]
async fn the_url_of_an_endpoint_is_an_audience_unless_that_is_turned_off() {
    let strict = provider_with(|settings| {
        settings.client_authentication.endpoint_audiences = false;
    })
    .await;
    let lax = provider().await;

    for (op, aud, accepted) in [
        (&lax, TOKEN_URL, true),
        (&lax, "https://op.example/oidc/oauth2/revoke", true),
        (&lax, "https://op.example/oidc/userinfo", false),
        (&strict, ISSUER, true),
        (&strict, TOKEN_URL, false),
    ] {
        let answer = ask(op, &sign(&KEY, &with(aud, "aud", aud))).await;
        assert_eq!(answer.status == 200, accepted, "{aud}: {answer:?}");
    }
}

#[tokio::test]
async fn an_assertion_may_live_as_long_as_is_configured() {
    let op = provider_with(|settings| {
        settings.client_authentication.longest_assertion = std::time::Duration::from_secs(30);
    })
    .await;

    let answer = ask(&op, &sign(&KEY, &claims("long"))).await;

    answer.assert_refused(401, "invalid_client");
}

/// RFC 6749 §2.3: "MUST NOT use more than one", and one half of a method is none.
#[tokio::test]
async fn credentials_beside_an_assertion_are_refused() {
    let op = provider().await;
    let service = basic("service", SERVICE_SECRET);
    for (row, header, more, accepted) in [
        ("nothing else", None, vec![TYPE], true),
        (
            "its own id",
            None,
            vec![TYPE, ("client_id", "signer")],
            true,
        ),
        (
            "another id",
            None,
            vec![TYPE, ("client_id", "service")],
            false,
        ),
        ("a secret", None, vec![TYPE, ("client_secret", "x")], false),
        ("a header", Some(service.as_str()), vec![TYPE], false),
        ("no type", None, vec![], false),
        (
            "the type of another assertion",
            None,
            vec![(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
            )],
            false,
        ),
    ] {
        let assertion = sign(&KEY, &claims(row));
        let mut form = vec![FOR_ITSELF, ("client_assertion", assertion.as_str())];
        form.extend(more);
        let answer = op.post(TOKEN, header, &form).await;
        let status = if accepted { 200 } else { 401 };
        assert_eq!(answer.status, status, "{row}: {answer:?}");
    }
    let twice = [
        FOR_ITSELF,
        TYPE,
        ("client_assertion", "a"),
        ("client_assertion", "a"),
    ];
    op.post(TOKEN, None, &twice)
        .await
        .assert_refused(400, "invalid_request");
}

/// OpenID Connect Core §9: the method it was registered for, and no other.
#[tokio::test]
async fn each_client_has_one_method() {
    let op = provider().await;
    let id = [FOR_ITSELF, ("client_id", "signer")];
    for (row, header, more) in [
        ("a name alone", None, None),
        ("a secret", None, Some(("client_secret", "x"))),
        ("a header", Some(basic("signer", "x")), None),
    ] {
        let form: Vec<_> = id.into_iter().chain(more).collect();
        let answer = op.post(TOKEN, header.as_deref(), &form).await;
        assert_eq!(answer.json()["error"], "invalid_client", "{row}");
    }
    for other in ["service", "poster", "app"] {
        let claims = json!({
            "iss": other, "sub": other, "aud": ISSUER, "jti": other,
            "exp": START.as_secs() + 60,
        });
        let answer = ask(&op, &sign(&KEY, &claims)).await;
        assert_eq!(answer.json()["error"], "invalid_client", "{other}");
    }
}

#[tokio::test]
async fn an_unknown_client_and_a_wrong_signature_cannot_be_told_apart() {
    let op = provider().await;
    let mut unknown = claims("1");
    unknown["iss"] = "nobody".into();
    unknown["sub"] = "nobody".into();

    let unknown = ask(&op, &sign(&KEY, &unknown)).await;
    let forged = ask(&op, &sign(&new_key(), &claims("2"))).await;

    forged.assert_refused(401, "invalid_client");
    assert_eq!(unknown.body, forged.body);
    assert_eq!(unknown.headers, forged.headers);
}

/// Each costs us a signature and its sender nothing.
#[tokio::test]
async fn a_refused_assertion_counts_against_its_address() {
    let op = provider_with(|settings| {
        settings.client_authentication.failures_per_address = 2;
    })
    .await;
    for jti in ["1", "2"] {
        let forged = sign(&new_key(), &claims(jti));
        ask(&op, &forged)
            .await
            .assert_refused(401, "invalid_client");
    }

    let answer = ask(&op, &sign(&KEY, &claims("3"))).await;

    answer.assert_refused(429, "temporarily_unavailable");
}

const SHARED: &str = "0123456789abcdef0123456789abcdef";

/// A provider that has the client `mac`, which knows [`SHARED`].
async fn provider_sharing(is_allowed: bool) -> TestProvider {
    provider_with(|settings| {
        settings.client_authentication.secret_jwt = is_allowed;
        settings.clients.push(client(
            "mac",
            ClientAuthentication::SecretJwt(Secret::new(SHARED)),
            "https://mac.example/callback",
        ));
    })
    .await
}

/// An assertion of `mac` under a MAC with `secret`.
fn mac(secret: &str, jti: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut claims = claims(jti);
    claims["iss"] = "mac".into();
    claims["sub"] = "mac".into();
    let input = format!("{}.{}", part(json!({"alg": "HS256"})), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// `client_secret_jwt`: the secret itself is never sent, not even by the one who knows it.
#[tokio::test]
async fn a_client_proves_by_a_mac_that_it_knows_its_secret() {
    let op = provider_sharing(true).await;
    let good = mac(SHARED, "1");
    Tokens::of(&ask(&op, &good).await);

    for (row, assertion) in [
        ("the same again", good),
        (
            "another secret",
            mac("another secret of thirty-two bytes", "2"),
        ),
        ("a signature", {
            let mut claims = claims("3");
            claims["iss"] = "mac".into();
            claims["sub"] = "mac".into();
            sign(&KEY, &claims)
        }),
    ] {
        let answer = ask(&op, &assertion).await;
        assert_eq!(answer.json()["error"], "invalid_client", "{row}");
    }
    let sent = [FOR_ITSELF, ("client_id", "mac"), ("client_secret", SHARED)];
    op.post(TOKEN, None, &sent)
        .await
        .assert_refused(401, "invalid_client");
    let metadata = op
        .get("/oidc/.well-known/openid-configuration")
        .await
        .json();
    let (methods, algorithms) = (
        &metadata["token_endpoint_auth_methods_supported"],
        &metadata["token_endpoint_auth_signing_alg_values_supported"],
    );
    assert!(
        methods
            .as_array()
            .unwrap()
            .contains(&json!("client_secret_jwt"))
    );
    assert!(algorithms.as_array().unwrap().contains(&json!("HS256")));
}

/// A client of the state may be from when it was turned on.
#[tokio::test]
async fn a_mac_proves_nothing_where_that_is_turned_off() {
    let op = provider_sharing(false).await;

    ask(&op, &mac(SHARED, "1"))
        .await
        .assert_refused(401, "invalid_client");
    let metadata = op.get("/oidc/.well-known/openid-configuration").await;
    for name in ["client_secret_jwt", "HS256"] {
        assert!(!metadata.body.contains(name), "{name}");
    }
}
