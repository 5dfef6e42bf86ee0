//! More claims about who signed in (OpenID Connect Core §5.3).

use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::{RelyingParty, RelyingPartyError};
use crate::jose::json::{self, Limits};
use crate::model::Timestamp;
use crate::outbound::Call;

const LIMITS: Limits = Limits {
    depth: 16,
    values: 2048,
};

/// Claims that say what was signed, and are said by the ID token or not at all.
const OF_THE_TOKEN: [&str; 10] = [
    "iss",
    "aud",
    "azp",
    "exp",
    "nbf",
    "iat",
    "nonce",
    "acr",
    "amr",
    "auth_time",
];

/// The most that an answer may have, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

impl RelyingParty {
    /// What the userinfo endpoint says of `subject`. Signed answers are not asked for: what is said
    /// comes over TLS.
    pub(super) async fn userinfo(
        &self,
        access_token: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<Map<String, Value>, RelyingPartyError> {
        let metadata = self.metadata(now).await?;
        let endpoint = metadata.userinfo_endpoint.clone();
        let (url, reach) = endpoint.ok_or(RelyingPartyError::NoMetadata)?;
        let bearer = HeaderValue::from_str(&format!("Bearer {access_token}"));
        let mut bearer = bearer.map_err(|_| RelyingPartyError::Unreadable)?;
        bearer.set_sensitive(true);
        let reply = self.issuer.caller.call(Call {
            authorization: Some(bearer),
            max_bytes: MAX_ANSWER_BYTES,
            ..Call::get(url, reach)
        });
        let reply = reply.await?;
        if reply.status != StatusCode::OK {
            let status = reply.status.as_u16();
            return Err(RelyingPartyError::Unavailable(format!(
                "status {status} of the userinfo endpoint"
            )));
        }
        let mut claims =
            json::parse_object(&reply.body, LIMITS).map_err(|_| RelyingPartyError::Unreadable)?;
        // Of somebody else, it must not be used (§5.3.2).
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(RelyingPartyError::OtherUser);
        }
        for name in OF_THE_TOKEN {
            claims.remove(name);
        }
        Ok(claims)
    }
}
