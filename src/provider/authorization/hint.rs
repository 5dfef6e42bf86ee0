//! `id_token_hint`: an ID token of ours that names the user a client expects.

use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKey, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{ClientId as AnyClientId, IdToken, IssuerUrl, Nonce};

use super::AuthorizationRequest;
use crate::model::{SessionId, SigningAlgorithm, Subject, Timestamp};
use crate::provider::Provider;
use crate::provider::error::AuthorizationError;
use crate::provider::token::SessionClaims;

/// An ID token as this provider issues it.
type HintedToken = IdToken<
    SessionClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// What a hint tells, after its signature was verified.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedHint {
    /// `sub`.
    pub(crate) subject: Subject,
    /// `aud`: the one client it was issued to.
    pub(crate) client_id: String,
    /// `sid`.
    pub(crate) session_id: Option<SessionId>,
}

impl Provider {
    /// The verified hint of an authorization request.
    pub(crate) fn hint_of(
        &self,
        authorization: &AuthorizationRequest,
        now: Timestamp,
    ) -> Result<Option<VerifiedHint>, AuthorizationError> {
        authorization
            .id_token_hint
            .as_deref()
            .map(|token| {
                self.verify_hint(token, now)
                    .ok_or(AuthorizationError::Invalid("id_token_hint"))
            })
            .transpose()
    }

    /// Verifies an ID token that was issued here, however long ago: a hint may have expired
    /// (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). Algorithms are the ones we sign
    /// with, so neither `none` nor an HMAC under some public key is ever considered, and an
    /// access token is told apart by its `typ`.
    pub(crate) fn verify_hint(&self, token: &str, now: Timestamp) -> Option<VerifiedHint> {
        const MAX_HINT_BYTES: usize = 8192;
        if token.len() > MAX_HINT_BYTES {
            return None;
        }
        let token: HintedToken = token.parse().ok()?;
        let verifier = self.hint_verifier(now)?;
        let claims = token
            .claims(&verifier, |_: Option<&Nonce>| Ok(()))
            .inspect_err(|error| tracing::debug!(%error, "an ID token hint was not accepted"))
            .ok()?;
        let [audience] = claims.audiences().as_slice() else {
            return None;
        };
        Some(VerifiedHint {
            subject: Subject::parse(claims.subject()).ok()?,
            client_id: audience.to_string(),
            session_id: claims.additional_claims().sid.clone().map(SessionId::new),
        })
    }

    fn hint_verifier(&self, now: Timestamp) -> Option<CoreIdTokenVerifier<'static>> {
        let keys: Vec<CoreJsonWebKey> = self
            .parts
            .keys
            .keys()
            .iter()
            .filter(|ring| ring.published_until.is_none_or(|until| now < until))
            .filter_map(|ring| serde_json::from_value(ring.key.public_jwk().clone()).ok())
            .collect();
        let issuer = IssuerUrl::new(self.settings.issuer.as_str().to_owned()).ok()?;
        // The audience is read, not compared: the hint itself tells which client it is of.
        let verifier = CoreIdTokenVerifier::new_public_client(
            AnyClientId::new(String::new()),
            issuer,
            CoreJsonWebKeySet::new(keys),
        );
        Some(
            verifier
                .require_audience_match(false)
                .set_allowed_algs(SigningAlgorithm::ALL.map(CoreJwsSigningAlgorithm::from))
                // Every expiry lies after the epoch.
                .set_time_fn(|| chrono::DateTime::UNIX_EPOCH),
        )
    }
}
