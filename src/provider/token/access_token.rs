//! Access tokens: JWTs of RFC 9068, known to the verifier from birth.

use std::sync::Arc;

use serde_json::Value;

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
        let verified = self.describe_access_token(grant, client, scope, now)?;
        let token = key.sign_jwt("at+jwt", &verified.claims)?;
        self.parts.verifier.remember(&token, verified, key.id());
        Ok(Secret::new(token))
    }

    /// What the token will say. The claims about the user follow the scope as at the userinfo
    /// endpoint (RFC 9068 §2.2.2), so that a resource server need not ask there.
    fn describe_access_token(
        &self,
        grant: &Grant,
        client: &Client,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Verified, TokenError> {
        let issuer = self.settings.issuer.as_str();
        let expires_at = now.after(self.settings.access_token_lifetime);
        let token_id = entropy::identifier()?;
        let audience = audience_of(client);
        let mut claims = claims::granted(scope, &grant.user);
        let registered: [(&str, Value); 10] = [
            ("iss", issuer.into()),
            ("sub", grant.user.subject.as_str().into()),
            ("aud", one_or_many(&audience)),
            ("client_id", client.id.as_str().into()),
            ("scope", scope.to_string().into()),
            ("exp", expires_at.as_secs().into()),
            ("iat", now.as_secs().into()),
            ("jti", token_id.as_str().into()),
            ("auth_time", grant.authenticated_at.as_secs().into()),
            // Ours: lets every token of a grant be refused at once.
            ("grant_id", grant.id.as_str().into()),
        ];
        claims.extend(registered.map(|(name, value)| (name.to_owned(), value)));
        Ok(Verified {
            issuer: Arc::from(issuer),
            subject: grant.user.subject.clone(),
            client_id: Some(client.id.clone()),
            scope: scope.clone(),
            audience,
            issued_at: now,
            not_before: None,
            expires_at,
            token_id: Some(token_id),
            grant_id: Some(grant.id.clone()),
            claims,
        })
    }
}

/// RFC 9068 §3: a client that was registered without an audience gets tokens for itself.
fn audience_of(client: &Client) -> Vec<String> {
    if client.audience.is_empty() {
        vec![client.id.as_str().to_owned()]
    } else {
        client.audience.clone()
    }
}

/// RFC 7519 §4.1.3: one audience may stand alone, which more software understands.
fn one_or_many(audience: &[String]) -> Value {
    match audience {
        [one] => Value::from(one.as_str()),
        many => Value::from(many),
    }
}
