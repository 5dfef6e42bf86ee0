//! What is said to upstreams under our signature.
//!
//! It is none of what this provider says to clients: `typ` keeps it apart from access and ID tokens,
//! here and at everybody who looks at it (RFC 8725 §3.11). What it says, and to whom, is up to whoever
//! asks for it. It is signed with the algorithm of access tokens, so that there always is a key.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Provider;
use crate::jose::{KeyError, SigningKey};
use crate::model::{Issuer, Timestamp};

/// `typ` of what is signed for upstreams.
pub const ASSERTION_TYPE: &str = "cellgate-assertion+jwt";

/// Why nothing can be signed.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// Every key was withdrawn, and the next one is not active yet.
    #[error("no signing key is active")]
    NoKey,
    /// The library does not sign.
    #[error(transparent)]
    Signing(#[from] KeyError),
}

/// Signs for upstreams, at one moment.
#[derive(Debug)]
pub struct AssertionSigner<'a> {
    issuer: &'a Issuer,
    key: Arc<SigningKey>,
}

impl Provider {
    /// Who signs for upstreams at `now`.
    ///
    /// # Errors
    ///
    /// [`AssertionError::NoKey`]; nobody is to go on without.
    pub fn assertion_signer(&self, now: Timestamp) -> Result<AssertionSigner<'_>, AssertionError> {
        let algorithm = self.settings.access_token_algorithm;
        let key = self.parts.keys.signing_key(algorithm, now);
        Ok(AssertionSigner {
            issuer: &self.settings.issuer,
            key: key.ok_or(AssertionError::NoKey)?,
        })
    }
}

impl AssertionSigner<'_> {
    /// `kid` of what it signs.
    pub fn key_id(&self) -> &str {
        self.key.id()
    }

    /// Signs `claims`, and that they are ours (`iss`).
    ///
    /// # Errors
    ///
    /// [`AssertionError::Signing`]
    pub fn sign(&self, mut claims: Map<String, Value>) -> Result<String, AssertionError> {
        claims.insert("iss".to_owned(), self.issuer.as_str().into());
        Ok(self.key.sign_jwt(ASSERTION_TYPE, &claims)?)
    }
}
