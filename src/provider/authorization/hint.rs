//! The user a client expects: named by an ID token of ours (`id_token_hint`), or by `sub` in the
//! `claims` parameter.

use openidconnect::core::{
    CoreGenderClaim, CoreIdTokenVerifier, CoreJsonWebKey, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{ClientId as AnyClientId, IdToken, IssuerUrl, Nonce};

use super::AuthorizationRequest;
use crate::model::{Client, SessionId, SigningAlgorithm, Subject, Timestamp};
use crate::provider::Provider;
use crate::provider::error::AuthorizationError;
use crate::provider::subjects::SubjectNaming;
use crate::provider::token::SessionClaims;
use crate::store::StoreError;

/// An ID token as this provider issues it.
type HintedToken = IdToken<
    SessionClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// What an ID token says, as far as it matters here.
struct HintClaims {
    subject: Subject,
    client_id: String,
    session_id: Option<SessionId>,
}

/// What a hint tells, after its signature was verified.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedHint {
    /// `sub`: what its client calls the user. Compare it by [`Self::names`].
    pub(crate) subject: Subject,
    naming: SubjectNaming,
    /// `aud`: the one client it was issued to.
    pub(crate) client_id: String,
    /// `sid`.
    pub(crate) session_id: Option<SessionId>,
}

impl VerifiedHint {
    /// Whether it names `user`, by what its client calls the user.
    pub(crate) fn names(&self, user: &Subject) -> bool {
        self.naming.name(user) == self.subject
    }
}

/// Who may answer a request.
#[derive(Debug)]
pub(super) struct ExpectedUser {
    hinted: Option<VerifiedHint>,
    named: Option<NamedUsers>,
}

/// The users whom the `claims` parameter names, as its client calls them.
#[derive(Debug)]
struct NamedUsers {
    naming: SubjectNaming,
    lists: Vec<Vec<String>>,
}

impl NamedUsers {
    fn contain(&self, user: &Subject) -> bool {
        let name = self.naming.name(user);
        let mut lists = self.lists.iter();
        lists.all(|names| names.iter().any(|listed| listed == name.as_str()))
    }
}

impl ExpectedUser {
    /// Whether a client expects this user, or says nothing about who it expects.
    pub(super) fn is(&self, subject: &Subject) -> bool {
        self.hinted.as_ref().is_none_or(|hint| hint.names(subject))
            && self
                .named
                .as_ref()
                .is_none_or(|users| users.contain(subject))
    }
}

impl Provider {
    /// Who a client expects to answer its request. Nobody else's tokens may be its answer,
    /// whichever of the two ways it said so (OpenID Connect Core §3.1.2.2).
    pub(super) async fn expected_user(
        &self,
        authorization: &AuthorizationRequest,
        client: &Client,
        now: Timestamp,
    ) -> Result<ExpectedUser, AuthorizationError> {
        let hinted = match authorization.id_token_hint.as_deref() {
            Some(token) => {
                let hint = self.verify_hint(token, now).await?;
                Some(hint.ok_or(AuthorizationError::Invalid("id_token_hint"))?)
            }
            None => None,
        };
        let lists = &authorization.claims.subjects;
        let named = if lists.is_empty() {
            None
        } else {
            Some(NamedUsers {
                naming: self.naming(client).await?,
                lists: lists.clone(),
            })
        };
        Ok(ExpectedUser { hinted, named })
    }

    /// Verifies an ID token that was issued here, however long ago: a hint may have expired
    /// (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). Algorithms are the ones we sign
    /// with, so neither `none` nor an HMAC under some public key is ever considered, and an
    /// access token is told apart by its `typ`.
    pub(crate) async fn verify_hint(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<VerifiedHint>, StoreError> {
        self.know_key_of(token).await?;
        let Some(claims) = self.read_hint(token, now) else {
            return Ok(None);
        };
        // A client that is gone had a naming of its own that nobody knows any more; its user can
        // still be found by the session.
        let naming = match self.clients.find(&claims.client_id, now).await? {
            Some(client) => self.naming(&client).await?,
            None => SubjectNaming::Public,
        };
        Ok(Some(VerifiedHint {
            naming,
            subject: claims.subject,
            client_id: claims.client_id,
            session_id: claims.session_id,
        }))
    }

    fn read_hint(&self, token: &str, now: Timestamp) -> Option<HintClaims> {
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
        Some(HintClaims {
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
