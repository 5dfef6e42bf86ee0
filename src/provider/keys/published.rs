//! The JWK Set document (RFC 7517 §5): the public halves of every key that is or was signed with.

use http::StatusCode;

use crate::model::Timestamp;
use crate::provider::Provider;
use crate::provider::reply::{self, Response};

impl Provider {
    /// Publishes the keys. Kept by others for a few minutes only, so that a key may follow
    /// another without waiting long.
    pub(crate) fn publish_keys(&self, now: Timestamp) -> Response {
        let mut response = reply::json(StatusCode::OK, &self.parts.keys.jwks(now));
        reply::cache(&mut response, "public, max-age=300");
        response
    }
}
