//! Logout tokens of issuers at which we are a client (OpenID Connect Back-Channel Logout §2.6).

use std::time::Duration;

use serde_json::Value;

use super::claims::{moment, text};
use super::error::JwtError;
use super::id_token::{IdTokenError, IdTokenTerms, session_id, subject, verify};
use crate::model::Timestamp;

/// How long ago a logout token may have been made (default 5 min): it is sent at once.
const MAX_AGE: Duration = Duration::from_secs(300);

/// What `events` must have.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The type that it should have (§2.4); issuers that give every token the same write `JWT`.
const TYPES: [&str; 2] = ["logout+jwt", "JWT"];

/// A verified logout token: at least one of user and session is named.
#[derive(Clone, Debug)]
pub(crate) struct LogoutToken {
    /// `sub`: all sessions of this user, unless `sid` says which.
    pub(crate) subject: Option<String>,
    /// `sid`: the session at the issuer that ended.
    pub(crate) session_id: Option<String>,
    /// `jti`, by which it is known when it comes again.
    pub(crate) identifier: String,
    /// The moment from which on it is refused for its age.
    pub(crate) good_until: Timestamp,
}

impl LogoutToken {
    /// Verifies a logout token. That it comes once is the caller's to see to.
    ///
    /// # Errors
    ///
    /// [`IdTokenError`]: the first rule that is broken.
    pub(crate) fn verify(token: &str, terms: &IdTokenTerms<'_>) -> Result<Self, IdTokenError> {
        let (claims, _) = verify(token, &TYPES, terms)?;
        // An ID token must never pass for one: it is in the hands of browsers.
        if claims.contains_key("nonce") {
            return Err(JwtError::OtherPurpose.into());
        }
        let event = claims.get("events").and_then(|events| events.get(EVENT));
        if !event.is_some_and(Value::is_object) {
            return Err(IdTokenError::Event);
        }
        let identifier = text(&claims, "jti", JwtError::Identifier)?;
        let identifier = identifier.filter(|jti| !jti.is_empty());
        let issued_at = moment(&claims, "iat", JwtError::IssuedAt)?.ok_or(JwtError::IssuedAt)?;
        let good_until = issued_at.after(MAX_AGE).after(terms.leeway);
        if terms.now >= good_until {
            return Err(JwtError::Expired.into());
        }
        let (subject, session_id) = (subject(&claims)?, session_id(&claims)?);
        if subject.is_none() && session_id.is_none() {
            return Err(JwtError::Subject.into());
        }
        Ok(Self {
            subject,
            session_id,
            identifier: identifier.ok_or(IdTokenError::Identifier)?.to_owned(),
            good_until,
        })
    }
}
