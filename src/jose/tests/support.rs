//! Keys, a verifier, and tokens with one thing wrong.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::jose::{
    JwkSetError, JwtError, KeyRing, RingKey, SigningAlgorithm, SigningKey, Terms, TokenVerifier,
    TrustedIssuer, TrustedKeys, VerificationAlgorithm,
};
use crate::model::Timestamp;

pub(super) const ISSUER: &str = "https://files.example/oidc/";
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// One key for each algorithm; RSA keys take long to make.
pub(super) fn key(algorithm: SigningAlgorithm) -> Arc<SigningKey> {
    static KEYS: OnceLock<[Arc<SigningKey>; SigningAlgorithm::ALL.len()]> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        SigningAlgorithm::ALL.map(|algorithm| Arc::new(SigningKey::generate(algorithm).unwrap()))
    });
    keys.iter()
        .find(|key| key.algorithm() == algorithm)
        .map(Arc::clone)
        .unwrap()
}

/// The ES256 key, which most tests sign with.
pub(super) fn es256() -> Arc<SigningKey> {
    key(SigningAlgorithm::Es256)
}

/// A key that signs from the start and never retires.
pub(super) fn current(key: Arc<SigningKey>) -> RingKey {
    RingKey {
        key,
        created_at: Timestamp::from_secs(0),
        active_from: Timestamp::from_secs(0),
        published_until: None,
    }
}

/// A ring with one key for each algorithm.
pub(super) fn ring() -> Arc<KeyRing> {
    let keys = SigningAlgorithm::ALL.map(|algorithm| current(key(algorithm)));
    Arc::new(KeyRing::new(keys.to_vec()))
}

/// A verifier for our own tokens.
pub(super) fn verifier() -> TokenVerifier {
    TokenVerifier::new(Some((ISSUER.to_owned(), ring())), &[], 1000).unwrap()
}

/// A trusted issuer that publishes `jwks` and takes every algorithm.
pub(super) fn trusted(issuer: &str, jwks: &Value) -> TrustedIssuer {
    TrustedIssuer {
        issuer: issuer.to_owned(),
        keys: Arc::new(fixed(&jwks.to_string()).unwrap()),
        terms: Terms::default(),
    }
}

/// The keys of `jwks`, with every algorithm.
pub(super) fn fixed(jwks: &str) -> Result<TrustedKeys, JwkSetError> {
    TrustedKeys::fixed(jwks, &VerificationAlgorithm::ALL)
}

/// The claims of an access token of ours that is valid at [`NOW`].
pub(super) fn claims() -> Map<String, Value> {
    let claims = json!({
        "iss": ISSUER,
        "sub": "6b2ff3f0-2b1c-4a0d-9d3c-0d8b8f1f5f00",
        "aud": "api",
        "client_id": "demo-app",
        "scope": "openid demo.read",
        "iat": NOW.as_secs() - 10,
        "exp": NOW.as_secs() + 300,
        "jti": "kq3x",
        "grant_id": "g1",
        "groups": ["staff", "zoë"],
    });
    members(&claims)
}

pub(super) fn members(object: &Value) -> Map<String, Value> {
    object.as_object().unwrap().clone()
}

/// `object` in which `name` is `value`.
pub(super) fn with(object: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut members = members(object);
    members.insert(name.to_owned(), value.into());
    Value::Object(members)
}

/// `object` without `name`.
pub(super) fn without(object: &Value, name: &str) -> Value {
    let mut members = members(object);
    members.remove(name).unwrap();
    Value::Object(members)
}

/// Valid claims in which `name` is `value`.
pub(super) fn claims_with(name: &str, value: impl Into<Value>) -> Map<String, Value> {
    let mut claims = claims();
    claims.insert(name.to_owned(), value.into());
    claims
}

/// Valid claims without `name`.
pub(super) fn claims_without(name: &str) -> Map<String, Value> {
    let mut claims = claims();
    claims.remove(name).unwrap();
    claims
}

/// The header we write for `key`.
pub(super) fn header(key: &SigningKey) -> Map<String, Value> {
    members(&json!({
        "typ": "at+jwt",
        "alg": key.algorithm().as_str(),
        "kid": key.id(),
    }))
}

/// Our header in which `name` is `value`.
pub(super) fn header_with(key: &SigningKey, name: &str, value: impl Into<Value>) -> String {
    let mut header = header(key);
    header.insert(name.to_owned(), value.into());
    Value::Object(header).to_string()
}

/// A token of ours with these claims, rightly signed.
pub(super) fn token(claims: &Map<String, Value>) -> String {
    es256().sign_jwt("at+jwt", claims).unwrap()
}

/// A token with this header and valid claims, rightly signed with the ES256 key.
pub(super) fn with_header(header: &str) -> String {
    let payload = Value::Object(claims()).to_string();
    sign(&es256(), header, &payload)
}

/// Any two texts, signed.
pub(super) fn sign(key: &SigningKey, header: &str, payload: &str) -> String {
    key.sign_compact(header.as_bytes(), payload.as_bytes())
        .unwrap()
}

/// `token` with another signature.
pub(super) fn resigned(token: &str, signature: &[u8]) -> String {
    let (signing_input, _) = token.rsplit_once('.').unwrap();
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The signature of `token`.
pub(super) fn signature_of(token: &str) -> Vec<u8> {
    let (_, signature) = token.rsplit_once('.').unwrap();
    URL_SAFE_NO_PAD.decode(signature).unwrap()
}

/// Asserts what a new verifier of ours says about `token`.
#[track_caller]
pub(super) fn check(row: &str, token: &str, expected: Result<(), JwtError>) {
    let found = verifier().verify(token, NOW).map(drop);

    assert_eq!(found, expected, "{row}");
}
