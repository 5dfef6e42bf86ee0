//! Logout tokens (OpenID Connect Back-Channel Logout §2.4).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::entropy::{self, EntropyError};
use crate::jose::KeyError;
use crate::model::{Client, Timestamp};
use crate::provider::Provider;
use crate::provider::keys::NoSigningKey;
use crate::store::{LogoutNotice, StoreError};

/// The media type of the header (§2.4): such a token is no other kind of token.
const TYP: &str = "logout+jwt";

/// The one member of `events`.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Two minutes, as §4 advises: one delivery, and clocks that differ. Each attempt gets a token
/// of its own.
const LIFETIME: Duration = Duration::from_secs(120);

/// Why there is no logout token.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogoutTokenError {
    /// No key that may sign at this moment.
    #[error(transparent)]
    NoKey(#[from] NoSigningKey),
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What the client calls its user is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness for `jti`.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The claims; never a `nonce`, so that none can pass for an ID token.
#[derive(Serialize)]
struct LogoutClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
    sub: &'a str,
    sid: &'a str,
    events: BTreeMap<&'static str, BTreeMap<(), ()>>,
}

impl Provider {
    /// Issues a logout token for `client`, signed as its ID tokens are.
    pub(super) async fn issue_logout_token(
        &self,
        notice: &LogoutNotice,
        client: &Client,
        now: Timestamp,
    ) -> Result<String, LogoutTokenError> {
        let algorithm = self.id_token_algorithm(client);
        let key = self.signing_keys.find(algorithm, now).await?;
        let subject = self.naming(client).await?.name(&notice.subject);
        let claims = LogoutClaims {
            iss: self.settings.issuer.as_str(),
            aud: client.id.as_str(),
            iat: now.as_secs(),
            exp: now.after(LIFETIME).as_secs(),
            jti: &entropy::identifier()?,
            sub: subject.as_str(),
            sid: notice.session_id.as_str(),
            events: BTreeMap::from([(EVENT, BTreeMap::new())]),
        };
        Ok(key.sign_jwt(TYP, &claims)?)
    }
}
