//! Assertions under a MAC with the client's secret (`client_secret_jwt`, OpenID Connect Core §9).
//!
//! Here and not in `jose`, where no code that checks signatures knows what a shared secret is.

use aws_lc_rs::hmac;

use crate::jose::{Assertion, JwtError};
use crate::secret::Secret;

/// The one algorithm (RFC 7518 §3.2).
const ALGORITHM: &str = "HS256";

/// Checks that `assertion` was made by who knows `secret`.
///
/// # Errors
///
/// [`JwtError`] when it was not, or with another algorithm.
pub(super) fn verify(assertion: &Assertion<'_>, secret: &Secret) -> Result<(), JwtError> {
    if assertion.algorithm() != ALGORITHM {
        return Err(JwtError::Algorithm);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    // In constant time.
    hmac::verify(&key, assertion.signing_input(), &assertion.signature())
        .map_err(|_| JwtError::Signature)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn token(alg: &str, algorithm: hmac::Algorithm, secret: &str) -> String {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"iss": "a", "sub": "a", "aud": "b", "jti": "c", "exp": 1});
        let input = format!("{}.{}", part(json!({"alg": alg})), part(claims));
        let key = hmac::Key::new(algorithm, secret.as_bytes());
        let tag = hmac::sign(&key, input.as_bytes());
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    #[test]
    fn only_who_knows_the_secret_makes_one() {
        use hmac::{HMAC_SHA256, HMAC_SHA512};
        let good = token("HS256", HMAC_SHA256, SECRET);
        let (input, _) = good.rsplit_once('.').unwrap();
        for (row, token, expected) in [
            ("good", good.clone(), Ok(())),
            (
                "another secret",
                token("HS256", HMAC_SHA256, "another"),
                Err(JwtError::Signature),
            ),
            (
                "no secret",
                token("HS256", HMAC_SHA256, ""),
                Err(JwtError::Signature),
            ),
            (
                "another hash under its name",
                token("HS256", HMAC_SHA512, SECRET),
                Err(JwtError::Signature),
            ),
            (
                "another hash",
                token("HS512", HMAC_SHA512, SECRET),
                Err(JwtError::Algorithm),
            ),
            (
                "a public key's algorithm",
                token("ES256", HMAC_SHA256, SECRET),
                Err(JwtError::Algorithm),
            ),
            (
                "none",
                token("none", HMAC_SHA256, SECRET),
                Err(JwtError::Algorithm),
            ),
            (
                "a short MAC",
                format!("{input}.AAAA"),
                Err(JwtError::Signature),
            ),
        ] {
            let assertion = Assertion::parse(&token).unwrap();
            let verified = verify(&assertion, &Secret::new(SECRET));
            assert_eq!(verified, expected, "{row}");
        }
    }
}
