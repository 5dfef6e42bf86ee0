//! The session that a user has with the users' backend, besides the one with us.

use crate::model::Timestamp;
use crate::secret::Secret;

/// What the users' backend gave at a sign-in, so that its user can be let in there as well.
#[derive(Clone, Debug)]
pub struct UpstreamSession {
    /// What the backend's API takes.
    pub access_token: Secret,
    /// From then on it does not.
    pub token_expires_at: Timestamp,
    /// What a new access token is got with, once: the answer brings another one of it too.
    pub renewal: Secret,
    /// From then on nothing is got with it.
    pub renewal_expires_at: Timestamp,
}
