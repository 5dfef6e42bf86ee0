//! What browsers are sent to an issuer with.

use std::time::Duration;

use serde_json::json;

use super::{RelyingParty, SignInMetadata};
use crate::model::CodeChallenge;

/// What an authorization request says besides who we are (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthorizationRequest<'a> {
    /// `redirect_uri`.
    pub(crate) redirect_uri: &'a str,
    /// `state`.
    pub(crate) state: &'a str,
    /// `nonce`.
    pub(crate) nonce: &'a str,
    /// What `code_challenge` is made of (RFC 7636).
    pub(crate) verifier: &'a str,
    /// `max_age`.
    pub(crate) max_age: Option<Duration>,
    /// `acr_values`; empty: any.
    pub(crate) acr_values: &'a str,
}

/// What a request to sign out says (OpenID Connect RP-Initiated Logout §2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndSessionRequest<'a> {
    /// `id_token_hint`: whose session it is.
    pub(crate) id_token: &'a str,
    /// `post_logout_redirect_uri`, where browsers may come back.
    pub(crate) redirect_uri: &'a str,
}

/// An ID token that makes a URL longer than this is left out: servers refuse longer ones, and the
/// issuer then asks the user.
const MAX_HINT_BYTES: usize = 4096;

impl RelyingParty {
    /// Where a browser signs in.
    pub(crate) fn authorization_url(
        &self,
        metadata: &SignInMetadata,
        request: &AuthorizationRequest<'_>,
    ) -> String {
        let mut url = metadata.authorization_endpoint.clone();
        let challenge = CodeChallenge::of_verifier(request.verifier);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("client_id", self.client_id())
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("scope", &self.client.scope.to_string())
            .append_pair("state", request.state)
            .append_pair("nonce", request.nonce)
            .append_pair("code_challenge", &challenge.to_base64url())
            .append_pair("code_challenge_method", "S256");
        if let Some(max_age) = request.max_age {
            query.append_pair("max_age", &max_age.as_secs().to_string());
        }
        if !request.acr_values.is_empty() {
            query.append_pair("acr_values", request.acr_values);
            if metadata.takes_claims {
                // As essential: an answer without it would only lead here again.
                let values: Vec<&str> = request.acr_values.split(' ').collect();
                let claims = json!({"id_token": {"acr": {"essential": true, "values": values}}});
                query.append_pair("claims", &claims.to_string());
            }
        }
        drop(query);
        url.into()
    }

    /// Where a browser signs out of the issuer; `None` where that cannot be asked for.
    pub(crate) fn end_session_url(
        &self,
        metadata: &SignInMetadata,
        request: &EndSessionRequest<'_>,
    ) -> Option<String> {
        let mut url = metadata.end_session_endpoint.clone()?;
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", self.client_id());
        if request.id_token.len() <= MAX_HINT_BYTES {
            query.append_pair("id_token_hint", request.id_token);
        }
        if self.client.returns_after_sign_out {
            query.append_pair("post_logout_redirect_uri", request.redirect_uri);
        }
        drop(query);
        Some(url.into())
    }
}
