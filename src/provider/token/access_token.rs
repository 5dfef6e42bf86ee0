//! Access tokens: JWTs of RFC 9068, known to the verifier from birth.

use serde_json::{Map, Value};

use crate::entropy;
use crate::jose::Verified;
use crate::model::{Client, Grant, Scope, Timestamp};
use crate::provider::Provider;
use crate::provider::claims;
use crate::provider::error::TokenError;
use crate::secret::Secret;

impl Provider {
    /// Issues an access token for `scope`, which the grant includes.
    pub(super) fn issue_access_token(
        &self,
        grant: &Grant,
        client: &Client,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Secret, TokenError> {
        let key = self
            .parts
            .keys
            .signing_key(self.settings.access_token_algorithm, now)
            .ok_or(TokenError::Signing)?;
        let claims = self.access_token_claims(grant, client, scope, now)?;
        let token = key.sign_jwt("at+jwt", &claims)?;
        let verified = Verified::from_claims(self.settings.issuer.as_str(), claims);
        let verified = verified.map_err(|error| {
            tracing::error!(%error, "an access token would not be accepted here");
            TokenError::Signing
        })?;
        self.parts.verifier.remember(&token, verified, key.id());
        Ok(Secret::new(token))
    }

    /// What the token says (RFC 9068 §2.2). The claims about the user follow the scope as at the
    /// userinfo endpoint, so that a resource server need not ask there.
    fn access_token_claims(
        &self,
        grant: &Grant,
        client: &Client,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Map<String, Value>, TokenError> {
        let expires_at = now.after(self.settings.access_token_lifetime);
        let mut claims = claims::granted(scope, &grant.user);
        let registered: [(&str, Value); 10] = [
            ("iss", self.settings.issuer.as_str().into()),
            ("sub", grant.user.subject.as_str().into()),
            ("aud", audience_of(client)),
            ("client_id", client.id.as_str().into()),
            ("scope", scope.to_string().into()),
            ("exp", expires_at.as_secs().into()),
            ("iat", now.as_secs().into()),
            ("jti", entropy::identifier()?.into()),
            ("auth_time", grant.authenticated_at.as_secs().into()),
            // Ours: lets every token of a grant be refused at once.
            ("grant_id", grant.id.as_str().into()),
        ];
        claims.extend(registered.map(|(name, value)| (name.to_owned(), value)));
        Ok(claims)
    }
}

/// RFC 9068 §3: a client that was registered without an audience gets tokens for itself. One
/// audience stands alone (RFC 7519 §4.1.3), which more software understands.
fn audience_of(client: &Client) -> Value {
    match client.audience.as_slice() {
        [] => client.id.as_str().into(),
        [one] => one.as_str().into(),
        many => many.into(),
    }
}
