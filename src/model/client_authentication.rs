//! How a client proves who it is, and what is kept of its secret.

use std::fmt;

use argon2::{Argon2, PasswordHash, PasswordVerifier as _};

use super::ClientKeys;
use crate::secret::{Digest, Secret};

/// How a client authenticates (`token_endpoint_auth_method`, OpenID Connect Core §9).
#[derive(Clone, Debug)]
pub enum ClientAuthentication {
    /// `none`: a public client.
    None,
    /// `client_secret_basic`: HTTP Basic, both parts form-encoded first (RFC 6749 §2.3.1).
    SecretBasic(SecretHash),
    /// `client_secret_post`: in the form.
    SecretPost(SecretHash),
    /// `private_key_jwt`: an assertion, signed with a key that only the client has (RFC 7523).
    PrivateKeyJwt(ClientKeys),
    /// `client_secret_jwt`: an assertion under a MAC with the secret, which must be known for
    /// that and not only be recognized.
    SecretJwt(Secret),
    /// By being this process: an application behind the gateway, whose codes are redeemed in here.
    /// The token endpoint takes nobody for it.
    InProcess,
}

/// What is kept of a secret or a password, and how a presented one is checked against it.
#[derive(Clone)]
pub enum SecretHash {
    /// `sha256:` and 43 characters of base64url, for generated secrets of 256 bits.
    Sha256(Digest),
    /// A PHC string `$argon2id$…`, for what a person chose. Checking it costs tens of
    /// milliseconds: never on a runtime thread.
    Argon2id(String),
}

/// Why a text is not a secret's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither `sha256:…` nor `$argon2id$…`; `cellgate hash-secret` prints both")]
pub struct SecretHashError;

impl SecretHash {
    /// Reads what `cellgate hash-secret` printed.
    ///
    /// # Errors
    ///
    /// [`SecretHashError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SecretHashError> {
        if let Some(digest) = text.strip_prefix("sha256:") {
            return Digest::from_base64url(digest)
                .map(Self::Sha256)
                .ok_or(SecretHashError);
        }
        let hash = PasswordHash::new(text).map_err(|_| SecretHashError)?;
        if hash.algorithm.as_str() != "argon2id" || hash.hash.is_none() {
            return Err(SecretHashError);
        }
        Ok(Self::Argon2id(text.to_owned()))
    }

    /// Writes what [`Self::parse`] reads.
    pub fn to_text(&self) -> String {
        match self {
            Self::Sha256(digest) => format!("sha256:{}", digest.to_base64url()),
            Self::Argon2id(text) => text.clone(),
        }
    }

    /// Whether `presented` is the secret. Slow for argon2id, by design.
    pub fn matches(&self, presented: &Secret) -> bool {
        match self {
            Self::Sha256(digest) => presented.digest().matches(digest),
            Self::Argon2id(text) => PasswordHash::new(text).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(presented.expose().as_bytes(), &hash)
                    .is_ok()
            }),
        }
    }

    /// Whether checking is slow enough to need a thread of its own.
    pub const fn is_slow(&self) -> bool {
        matches!(self, Self::Argon2id(_))
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256(_) => "Sha256(..)",
            Self::Argon2id(_) => "Argon2id(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_secret_is_checked_by_its_digest() {
        let secret = Secret::new("0123456789abcdef0123456789abcdef0123456789a");
        let hash =
            SecretHash::parse(&format!("sha256:{}", secret.digest().to_base64url())).unwrap();

        assert!(hash.matches(&secret));
        assert!(!hash.matches(&Secret::new("0123456789abcdef0123456789abcdef0123456789b")));
    }

    #[test]
    fn other_hashes_are_refused() {
        for text in [
            "",
            "secret",
            "sha256:short",
            "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA",
            "$2b$10$x",
        ] {
            assert!(SecretHash::parse(text).is_err(), "{text}");
        }
    }
}
