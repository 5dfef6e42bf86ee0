//! Signing in at another issuer by a key of ours.

use super::{Row, assert_refused_at, folder, whole};
use crate::config::Config;
use crate::issuers::{AssertionAudience, SignInAuthentication};
use crate::jose::SigningAlgorithm;

/// A key of P-256, and what is none.
fn files() -> tempfile::TempDir {
    let pair = rcgen::KeyPair::generate().unwrap();
    let pem = pair.serialize_pem();
    let public = pair.public_key_pem();
    folder(&[
        ("key", &pem),
        ("public", &public),
        (
            "sec1",
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        ),
        ("secret", "s3cret"),
    ])
}

/// Lines 2 to 5, with the client in line 4.
macro_rules! with_client {
    ($client:literal) => {
        concat!(
            "state: {path: s, key_file: k}\n",
            "trusted_issuers: [{issuer: 'https://i.example/', algorithms: [ES256], discovery: openid, sign_in_clients:\n",
            "  [{name: web, client_id: c, ",
            $client,
            "}]}]\n",
            "browser_sessions: {reached_as: 'https://any.example/'}\n",
        )
    };
}

const AT: &str = "trusted_issuers[0].sign_in_clients[0]";

const ROWS: &[Row] = &[
    (
        "no key",
        with_client!("authentication: private_key_jwt"),
        &[(
            "trusted_issuers[0].sign_in_clients[0].private_key_file",
            4,
            "is missing",
        )],
    ),
    (
        "a key that is none, and one in another form",
        with_client!("authentication: private_key_jwt, private_key_file: public"),
        &[(
            "trusted_issuers[0].sign_in_clients[0].private_key_file",
            4,
            "names a file without a private key",
        )],
    ),
    (
        "a key in another form",
        with_client!("authentication: private_key_jwt, private_key_file: sec1"),
        &[(
            "trusted_issuers[0].sign_in_clients[0].private_key_file",
            4,
            "without a key that can sign",
        )],
    ),
    (
        "a key for something else",
        with_client!(
            "authentication: private_key_jwt, private_key_file: key, token_endpoint_auth_signing_alg: PS256"
        ),
        &[(
            "trusted_issuers[0].sign_in_clients[0].private_key_file",
            4,
            "without a key for PS256",
        )],
    ),
    (
        "a secret besides",
        with_client!(
            "authentication: private_key_jwt, private_key_file: key, client_secret_file: secret"
        ),
        &[(
            "trusted_issuers[0].sign_in_clients[0].client_secret_file",
            4,
            "is of no use with",
        )],
    ),
    (
        "a key where a secret is shown",
        with_client!(
            "client_secret_file: secret, private_key_file: key, private_key_id: x, assertion_audience: token_endpoint"
        ),
        &[
            (
                "trusted_issuers[0].sign_in_clients[0].private_key_file",
                4,
                "is of no use without `authentication: private_key_jwt`",
            ),
            (
                "trusted_issuers[0].sign_in_clients[0].private_key_id",
                4,
                "is of no use without",
            ),
            (
                "trusted_issuers[0].sign_in_clients[0].assertion_audience",
                4,
                "is of no use without",
            ),
        ],
    ),
];

#[test]
fn keys_that_cannot_be_shown_are_refused() {
    let files = files();
    for (sentence, text, expected) in ROWS {
        assert!(expected.iter().all(|(key, _, _)| key.starts_with(AT)));
        assert_refused_at(sentence, &whole(text), files.path(), expected);
    }
}

#[test]
fn a_key_says_what_it_signs_with_and_the_issuer_is_named_unless_told_otherwise() {
    let files = files();
    let key = |text: &str| {
        let config = Config::parse(&whole(text), files.path()).unwrap();
        let client = &config.trusted_issuers[0].sign_in_clients[0];
        match &client.authentication {
            SignInAuthentication::PrivateKeyJwt(key) => key.clone(),
            other => panic!("{other:?}"),
        }
    };

    let usual = key(with_client!(
        "authentication: private_key_jwt, private_key_file: key"
    ));
    let other = key(with_client!(
        "authentication: private_key_jwt, private_key_file: key, private_key_id: web-1, assertion_audience: token_endpoint, token_endpoint_auth_signing_alg: ES256"
    ));

    assert_eq!(usual.key.algorithm(), SigningAlgorithm::Es256);
    assert_eq!(usual.key.id().len(), 43);
    assert_eq!(usual.audience, AssertionAudience::Issuer);
    assert_eq!(other.key.id(), "web-1");
    assert_eq!(other.audience, AssertionAudience::TokenEndpoint);
}
