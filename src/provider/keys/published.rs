//! The JWK Set document (RFC 7517 §5): the public halves of every key that signs, will sign soon,
//! or signed what may still be presented.

use std::time::Duration;

use http::StatusCode;

use crate::model::Timestamp;
use crate::provider::Provider;
use crate::provider::reply::{self, Response};

/// How long others may keep the document: less than a new key is published before it signs, so
/// that no copy is old enough to lack the key of a token.
pub(super) const MAX_AGE: Duration = Duration::from_secs(20);

/// [`MAX_AGE`], as it is said.
const CACHE_CONTROL: &str = "public, max-age=20";

impl Provider {
    /// Publishes the keys.
    pub(crate) fn publish_keys(&self, now: Timestamp) -> Response {
        let mut response = reply::json(StatusCode::OK, &self.parts.keys.jwks(now));
        reply::cache(&mut response, CACHE_CONTROL);
        response
    }
}
