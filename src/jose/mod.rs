//! JOSE: algorithms, keys, signing, and the strict verification of access tokens and assertions.
//!
//! [`SigningKey`] signs what the provider issues; [`KeyRing`] says which key signs now and which
//! are published; [`TokenVerifier`] decides whether a text is an access token of ours or of an
//! issuer we trust, and remembers what it established; `Assertion` is what a client signs to
//! prove who it is; `IdToken` and `LogoutToken` are what an issuer signs for us where we are its client.
//!
//! It refuses to know policy: which audience, scope or subject a route wants, and whether a grant
//! was revoked, is asked of every request by the caller. A remembered token is therefore a
//! remembered *verification*, never a remembered *decision*.
//!
//! Invariants: a key is used with exactly one algorithm, fixed when it is loaded and never by a
//! token; nothing is fetched, whatever a header says; unsigned text can only lead to a refusal;
//! no HMAC and no `none` exist here. `jsonwebtoken` is named in this module only.

mod algorithm;
mod error;

mod key_pair;
mod key_ring;
mod signing_key;

pub(crate) mod json;
mod jwk;
mod key_set;
mod trusted_keys;
mod verification_key;

mod claims;
mod compact;
mod header;
mod kept;

mod assertion;
mod id_token;
mod logout_token;

mod introspected;
mod issuer;
mod terms;
mod verdicts;
mod verifier;

#[cfg(test)]
mod tests;

pub use algorithm::VerificationAlgorithm;
pub(crate) use assertion::{Assertion, AssertionTerms};
pub use claims::Verified;
pub use compact::has_jwt_shape;
pub(crate) use error::AssertionError;
pub use error::{JwkSetError, JwtError, KeyError, PresentedError};
pub use id_token::IdTokenError;
pub(crate) use id_token::{AnswerTo, IdToken, IdTokenTerms, Occasion};
pub use introspected::{Asked, Introspected, NotAnAnswer};
pub use issuer::TrustedIssuer;
pub use kept::Kept;
pub use key_ring::{KeyRing, RingKey};
pub(crate) use key_set::KeySet;
pub(crate) use logout_token::LogoutToken;
pub use signing_key::SigningKey;
pub use terms::{ClaimPath, Terms};
pub use trusted_keys::TrustedKeys;
pub use verifier::{TokenVerifier, claimed_issuer, names_key};

pub use crate::model::SigningAlgorithm;
