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

/// How long ago the store may have been read for it. Whoever reads the document because of a token
/// that another node has just signed with a first key finds that key.
const STORE_AGE: Duration = Duration::from_secs(1);

/// [`MAX_AGE`], as it is said.
const CACHE_CONTROL: &str = "public, max-age=20";

impl Provider {
    /// Publishes the keys; those that other nodes made too, as long as the store answers.
    pub(crate) async fn publish_keys(&self, now: Timestamp) -> Response {
        if self.parts.store.is_shared()
            && let Err(error) = self.signing_keys.read_if_older(STORE_AGE).await
        {
            tracing::warn!(%error, "the keys that are published may lack one of another node");
        }
        let mut response = reply::json(StatusCode::OK, &self.parts.keys.jwks(now));
        reply::cache(&mut response, CACHE_CONTROL);
        response
    }
}
