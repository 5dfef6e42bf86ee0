//! What checking an access token costs: by signature, for each algorithm; remembered; refused.
//!
//! The tokens with another issuer than ours were made by other software, see `tests/data/jose`.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot be set up is to stop"
)]

use std::hint::black_box;
use std::sync::Arc;

use cellgate::jose::{
    KeyRing, RingKey, SigningAlgorithm, SigningKey, Terms, TokenVerifier, TrustedIssuer,
    TrustedKeys, VerificationAlgorithm,
};
use cellgate::model::Timestamp;
use criterion::Criterion;
use serde_json::{Value, json};

const PYJWT: &str = include_str!("../tests/data/jose/pyjwt.json");
const ISSUER: &str = "https://files.example/oidc/";
const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    by_signature(&mut criterion);
    by_memory(&mut criterion);
    refused(&mut criterion);
    signing(&mut criterion);
    criterion.final_summary();
}

/// A verifier that remembers `capacity` tokens, of ours and of the issuer in the test data.
fn verifier(key: &Arc<SigningKey>, capacity: u64) -> TokenVerifier {
    let epoch = Timestamp::from_secs(0);
    let ring = KeyRing::new(vec![RingKey {
        key: Arc::clone(key),
        created_at: epoch,
        active_from: epoch,
        published_until: None,
    }]);
    let data = test_data();
    let jwks = data.get("jwks").expect("the data have keys").to_string();
    let keys = TrustedKeys::fixed(&jwks, &VerificationAlgorithm::ALL);
    let trusted = TrustedIssuer {
        issuer: "https://issuer.example".to_owned(),
        keys: Arc::new(keys.expect("the keys can be used")),
        terms: Terms::default(),
    };
    let own = Some((ISSUER.to_owned(), Arc::new(ring)));
    TokenVerifier::new(own, &[trusted], capacity).expect("the keys can be used")
}

fn test_data() -> Value {
    serde_json::from_str(PYJWT).expect("the data are JSON")
}

fn new_key(algorithm: SigningAlgorithm) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(algorithm).expect("there is randomness"))
}

/// A token of ours, of the usual size.
fn mint(key: &SigningKey, token_id: u32) -> String {
    let claims = claims(token_id);
    key.sign_jwt("at+jwt", &claims).expect("the key signs")
}

fn claims(token_id: u32) -> Value {
    json!({
        "iss": ISSUER,
        "sub": "6b2ff3f0-2b1c-4a0d-9d3c-0d8b8f1f5f00",
        "aud": ["files", "api"],
        "client_id": "demo-app",
        "scope": "openid profile email groups demo.read demo.write",
        "iat": NOW.as_secs() - 10,
        "exp": NOW.as_secs() + 300,
        "jti": format!("kq3xP0a7TtWm{token_id:010}"),
        "grant_id": "zv5yq8oJQ3W1YgLrq0sB2A",
        "preferred_username": "alice",
        "email": "alice@files.example",
        "groups": ["staff", "editors", "project-atlas"],
    })
}

fn by_signature(criterion: &mut Criterion) {
    let verifier = verifier(&new_key(SigningAlgorithm::Es256), 0);
    let data = test_data();
    let tokens = data.get("tokens").and_then(Value::as_object);
    let mut group = criterion.benchmark_group("verify/signature");
    for (algorithm, token) in tokens.expect("the data have tokens") {
        let token = token.as_str().expect("a token is a text");
        group.bench_function(algorithm, |bench| {
            bench.iter(|| {
                verifier
                    .verify(black_box(token), NOW)
                    .expect("the token is good")
            });
        });
    }
    group.finish();
}

fn by_memory(criterion: &mut Criterion) {
    let key = new_key(SigningAlgorithm::Es256);
    let verifier = verifier(&key, 20_000);
    let tokens: Vec<_> = (0..10_000).map(|n| mint(&key, n)).collect();
    for token in &tokens {
        verifier.verify(token, NOW).expect("the token is good");
    }
    let mut group = criterion.benchmark_group("verify/remembered");
    let hot = tokens.first().expect("there are tokens");
    group.bench_function("one hot token", |bench| {
        bench.iter(|| {
            verifier
                .verify(black_box(hot), NOW)
                .expect("the token is good")
        });
    });
    let mut rotating = tokens.iter().cycle();
    group.bench_function("10,000 rotating tokens", |bench| {
        bench.iter(|| {
            let token = rotating.next().expect("a cycle does not end");
            verifier.verify(token, NOW).expect("the token is good")
        });
    });
    group.finish();
}

fn refused(criterion: &mut Criterion) {
    let key = new_key(SigningAlgorithm::Es256);
    let forger = new_key(SigningAlgorithm::Es256);
    let good = mint(&key, 0);
    let (_, foreign_signature) = split(&mint(&forger, 1));
    let (signing_input, _) = split(&good);
    let forged = format!("{signing_input}.{foreign_signature}");
    let mut group = criterion.benchmark_group("verify/refused");
    for (row, token, capacity) in [
        ("wrong signature, first time", forged.as_str(), 0),
        ("wrong signature, again", forged.as_str(), 1),
        (
            "unknown issuer",
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.AAAA",
            1,
        ),
        ("no token at all", "6b2ff3f02b1c4a0d9d3c0d8b8f1f5f00", 1),
    ] {
        let verifier = verifier(&key, capacity);
        group.bench_function(row, |bench| {
            bench.iter(|| {
                verifier
                    .verify(black_box(token), NOW)
                    .expect_err("the token is bad")
            });
        });
    }
    group.finish();
}

fn split(token: &str) -> (String, String) {
    let (signing_input, signature) = token.rsplit_once('.').expect("a token has dots");
    (signing_input.to_owned(), signature.to_owned())
}

fn signing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sign");
    for algorithm in SigningAlgorithm::ALL {
        let key = new_key(algorithm);
        let claims = claims(0);
        group.bench_function(algorithm.as_str(), |bench| {
            bench.iter(|| key.sign_jwt("at+jwt", black_box(&claims)));
        });
    }
    group.finish();
}
