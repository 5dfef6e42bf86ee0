//! The token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use crate::model::{Grant, Scope};
use crate::provider::reply::{self, Response};
use crate::secret::Secret;

/// What a successful token request brings.
#[derive(Debug)]
pub(super) struct TokenSet {
    /// What the tokens come of, wider than `scope` perhaps; `None` for a client's own.
    pub(super) grant: Option<Grant>,
    /// What the access token is good for.
    pub(super) scope: Scope,
    pub(super) access_token: Secret,
    pub(super) expires_in: Duration,
    pub(super) refresh_token: Option<Secret>,
    pub(super) id_token: Option<String>,
}

/// The response as it is sent. The response type of the `oauth2` crate would write `bearer`;
/// RFC 6750 §4 registers `Bearer`, and there are clients that compare letter by letter.
#[derive(Serialize)]
struct Body<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
}

impl TokenSet {
    /// The answer that carries the tokens.
    pub(super) fn into_response(self) -> Response {
        let body = Body {
            access_token: self.access_token.expose(),
            token_type: "Bearer",
            expires_in: self.expires_in.as_secs(),
            scope: self.scope.to_string(),
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
            id_token: self.id_token.as_deref(),
        };
        reply::json(StatusCode::OK, &body)
    }
}
