//! ID tokens (OpenID Connect Core §2).
//!
//! They say who signed in, when and how, and nothing else about the user unless the client asked
//! for it by name or its own rules say so: that is what the userinfo endpoint is for (§5.4), and an ID token travels through
//! browsers.

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AdditionalClaims, Audience, AuthenticationContextClass,
    AuthenticationMethodReference, IdToken, IdTokenClaims, IssuerUrl, Nonce, StandardClaims,
    SubjectIdentifier,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{AuthenticationContext, Client, Grant, Scope, Subject, Timestamp};
use crate::provider::Provider;
use crate::provider::claims;
use crate::provider::error::TokenError;
use crate::secret::Secret;

/// The claims beside those of the standard. `sid` names the session (OpenID Connect Front-Channel
/// Logout §3): by it a hint at sign-out finds the session it was issued in.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SessionClaims {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    /// What the client's request or its own rules tell of the user.
    #[serde(flatten)]
    told: Map<String, Value>,
}

impl AdditionalClaims for SessionClaims {}

/// What an ID token is to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdTokenTerms<'a> {
    pub(super) grant: &'a Grant,
    pub(super) client: &'a Client,
    /// What the client calls its user.
    pub(super) subject: &'a Subject,
    /// The scope of the access token it goes with.
    pub(super) scope: &'a Scope,
}

type ProviderIdToken = IdToken<
    SessionClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

impl Provider {
    /// Issues an ID token that goes with `access_token`.
    pub(super) async fn issue_id_token(
        &self,
        terms: &IdTokenTerms<'_>,
        access_token: &Secret,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let algorithm = self.id_token_algorithm(terms.client);
        let key = self.signing_keys.find(algorithm, now).await?;
        let token = ProviderIdToken::new(
            self.id_token_claims(terms, now)?,
            key.as_ref(),
            algorithm.into(),
            Some(&AccessToken::new(access_token.expose().to_owned())),
            None,
        )
        .map_err(|error| {
            tracing::error!(%error, "an ID token cannot be signed");
            TokenError::Signing
        })?;
        Ok(token.to_string())
    }

    fn id_token_claims(
        &self,
        terms: &IdTokenTerms<'_>,
        now: Timestamp,
    ) -> Result<IdTokenClaims<SessionClaims, CoreGenderClaim>, TokenError> {
        let issuer = IssuerUrl::new(self.settings.issuer.as_str().to_owned())
            .map_err(|_| TokenError::Signing)?;
        let grant = terms.grant;
        let subject = SubjectIdentifier::new(terms.subject.as_str().to_owned());
        let claims = IdTokenClaims::new(
            issuer,
            vec![Audience::new(grant.client_id.as_str().to_owned())],
            date(now.after(self.settings.id_token_lifetime))?,
            date(now)?,
            StandardClaims::new(subject),
            SessionClaims {
                sid: Some(grant.session_id.as_str().to_owned()),
                told: claims::for_id_token(terms.client, terms.scope, &grant.claims, &grant.user),
            },
        );
        let context = AuthenticationContext::default();
        let methods = context.methods().iter();
        let methods = methods.map(|name| AuthenticationMethodReference::new((*name).to_owned()));
        Ok(claims
            .set_auth_time(Some(date(grant.authenticated_at)?))
            .set_auth_context_ref(Some(AuthenticationContextClass::new(
                context.as_str().to_owned(),
            )))
            .set_auth_method_refs(Some(methods.collect()))
            .set_nonce(grant.nonce.clone().map(Nonce::new)))
    }
}

/// The library's form of a moment; fails only hundreds of thousands of years from now.
fn date(moment: Timestamp) -> Result<DateTime<Utc>, TokenError> {
    i64::try_from(moment.as_secs())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(TokenError::Signing)
}
