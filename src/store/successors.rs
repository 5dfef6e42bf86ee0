//! How a spent refresh token makes its one successor again.
//!
//! Tokens are stored as digests, so a successor whose delivery failed cannot be read back. It is
//! derived instead: HMAC-SHA256 under a secret of the deployment, over a nonce of the spent
//! token's row and the spent token itself. None of the three is enough alone, and whoever has
//! any two of them (a stolen token and a copy of the database, say) still lacks the third.
//!
//! Sealing the successor in the row under a key made from its predecessor was the alternative:
//! it asks for no secret of the deployment, which is exactly its weakness. The nonce goes when
//! the successor is used, so that not even all secrets of a later day lead from an old token to
//! a live one.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::secret::Secret;

/// The secret of the deployment among the three.
pub(super) struct SuccessorKey(hmac::Key);

impl SuccessorKey {
    /// The name of the secret in the store.
    pub(super) const NAME: &str = "refresh-token-successors";

    /// Takes the stored secret.
    pub(super) fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(
            hmac::HMAC_SHA256,
            secret.expose().as_bytes(),
        ))
    }

    /// The successor of `token` under the nonce of its row: 256 bits, in the form of
    /// [`entropy::opaque_token`](crate::entropy::opaque_token).
    pub(super) fn successor(&self, token: &Secret, nonce: &[u8]) -> Secret {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(nonce);
        mac.update(token.expose().as_bytes());
        Secret::new(URL_SAFE_NO_PAD.encode(mac.sign().as_ref()))
    }
}

impl fmt::Debug for SuccessorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SuccessorKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_depends_on_secret_nonce_and_token_and_on_nothing_else() {
        let successor = |secret: &str, nonce: &[u8], token: &str| {
            SuccessorKey::new(&Secret::new(secret))
                .successor(&Secret::new(token), nonce)
                .expose()
                .to_owned()
        };

        let first = successor("secret", &[1; 32], "token");

        assert_eq!(first, successor("secret", &[1; 32], "token"));
        assert_ne!(first, successor("other", &[1; 32], "token"));
        assert_ne!(first, successor("secret", &[2; 32], "token"));
        assert_ne!(first, successor("secret", &[1; 32], "tokem"));
        assert_eq!(first.len(), 43);
    }
}
