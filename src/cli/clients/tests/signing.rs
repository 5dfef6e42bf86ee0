//! Clients that prove who they are by a signature or a MAC, and what is signed for them.

use super::{ADD, Desk, value};
use crate::cli::clients::ClientsError;
use crate::cli::error::CliError;

const PUBLIC_KEY: &str = r#"{"kty": "EC", "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

const ADD_SIGNER: [&str; 7] = [
    "add",
    "--id",
    "reports",
    "--grant-type",
    "client_credentials",
    "--authentication",
    "private-key-jwt",
];

impl Desk {
    fn add_signer(&self, more: &[&str]) -> Result<String, CliError> {
        self.type_in(&[&ADD_SIGNER, more].concat())
    }
}

#[test]
fn a_client_that_signs_is_registered_with_its_keys_and_no_secret() {
    let desk = Desk::new();
    let file = desk.file("jwks.json", &format!("{{\"keys\": [{PUBLIC_KEY}]}}"));

    let printed = desk
        .add_signer(&["--jwks", &file, "--authentication-alg", "ES256"])
        .unwrap();

    assert!(!printed.contains("client_secret"), "{printed}");
    let record = desk.record("reports").unwrap();
    assert!(record.secret_hash.is_none());
    assert!(
        record
            .metadata
            .contains("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
    );
    let shown = desk.json(&["show", "reports", "--json"]);
    assert_eq!(shown["token_endpoint_auth_method"], "private_key_jwt");
    assert_eq!(shown["token_endpoint_auth_signing_alg"], "ES256");
    assert!(matches!(
        desk.type_in(&["rotate-secret", "reports"]),
        Err(CliError::Clients(ClientsError::NoSecret(_)))
    ));
}

#[test]
fn keys_may_be_where_the_client_publishes_them() {
    let desk = Desk::new();
    let uri = "https://reports.example/jwks.json";

    desk.add_signer(&["--jwks-uri", uri]).unwrap();

    assert_eq!(desk.json(&["show", "reports", "--json"])["jwks_uri"], uri);
    let shown = desk.type_in(&["show", "reports"]).unwrap();
    assert!(shown.contains(uri), "{shown}");
}

#[test]
fn what_is_signed_for_a_client_may_be_said() {
    let desk = Desk::new();

    let algorithms = ["--id-token-alg", "ES256", "--userinfo-alg", "EdDSA"];
    desk.type_in(&[&ADD[..], &algorithms].concat()).unwrap();

    let shown = desk.json(&["show", "grafana", "--json"]);
    assert_eq!(shown["id_token_signed_response_alg"], "ES256");
    assert_eq!(shown["userinfo_signed_response_alg"], "EdDSA");
}

#[test]
fn keys_that_cannot_be_used_are_refused_with_their_reason() {
    let desk = Desk::new();
    let private = PUBLIC_KEY.replace('}', r#", "d": "AA"}"#);
    let private = desk.file("private.json", &format!("{{\"keys\": [{private}]}}"));
    let good = desk.file("good.json", &format!("{{\"keys\": [{PUBLIC_KEY}]}}"));
    let pem = desk.file("key.pem", "-----BEGIN PUBLIC KEY-----");
    for (sentence, line, reason) in [
        ("no keys", &[][..], "private_key_jwt needs jwks or jwks_uri"),
        ("a private key", &["--jwks", &private], "only public keys"),
        ("no key set", &["--jwks", &pem], "is no JSON"),
        ("no file", &["--jwks", "/nonexistent"], "cannot be read"),
        (
            "an address that anybody could answer for",
            &["--jwks-uri", "http://reports.example/"],
            "jwks_uri must begin with https",
        ),
        (
            "another algorithm than the key's",
            &["--jwks", &good, "--authentication-alg", "RS256"],
            "no key of the JWK Set can be used",
        ),
        (
            "an algorithm nobody checks",
            &["--jwks", &good, "--authentication-alg", "HS256"],
            "token_endpoint_auth_signing_alg cannot be",
        ),
    ] {
        let error = desk.add_signer(line).unwrap_err().to_string();
        assert!(error.contains(reason), "{sentence}: {error}");
    }
    let line = [&ADD[..], &["--jwks", &good]].concat();
    let error = desk.type_in(&line).unwrap_err().to_string();
    assert!(error.contains("of no use without"), "{error}");
}

/// A MAC can only be checked by who knows the secret: kept encrypted, and only where allowed.
#[test]
fn a_client_with_a_shared_secret_is_registered_where_that_is_turned_on() {
    let desk = Desk::new();
    let add = [
        "add",
        "--id",
        "mac",
        "--authentication",
        "client-secret-jwt",
    ];
    let add = [&add[..], &["--redirect-uri", "https://mac.example/"]].concat();
    let error = desk.type_in(&add).unwrap_err().to_string();
    assert!(error.contains("turned off here"), "{error}");
    let text = std::fs::read_to_string(&desk.config).unwrap();
    let on = "provider:\n  client_authentication: {client_secret_jwt: true}";
    std::fs::write(&desk.config, text.replace("provider:", on)).unwrap();

    let printed = desk.type_in(&add).unwrap();

    let kept = |desk: &Desk| desk.record("mac").unwrap();
    let secret = value(&printed, "client_secret:");
    assert_eq!(kept(&desk).shared_secret.unwrap().expose(), secret);
    assert!(kept(&desk).secret_hash.is_none());
    let printed = desk.type_in(&["rotate-secret", "mac"]).unwrap();
    let second = value(&printed, "client_secret:");
    assert_ne!(second, secret);
    assert_eq!(kept(&desk).shared_secret.unwrap().expose(), second);
    assert!(kept(&desk).secret_hash.is_none());
}
