//! What a token can be revoked by.

use super::{ClientId, GrantId, Timestamp};

/// What of an access token of ours a revocation may name.
#[derive(Clone, Copy, Debug)]
pub struct Revocable<'a> {
    /// `jti`.
    pub token_id: Option<&'a str>,
    /// What it was given for; a client's own token has none.
    pub grant_id: Option<&'a GrantId>,
    /// Who got it.
    pub client_id: Option<&'a ClientId>,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
}
