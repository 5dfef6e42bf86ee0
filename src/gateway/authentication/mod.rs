//! Who asks: from the credential of a request to its principal.
//!
//! Verification says what a token *is*; whether that is enough for the route is the
//! [`policy`](super::policy)'s business, asked anew on every request.

mod bearer;
mod inquiry;
mod places;
mod same_site;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use crate::issuers::Issuers;
use crate::jose::{PresentedError, TokenVerifier, Verified, claimed_issuer, has_jwt_shape};
use crate::model::Timestamp;
use crate::store::Revocations;

use super::canonical::CanonicalRequest;
use super::rejection::Rejection;
use super::settings::{Authentication, Policy, Route, TokenPlaces};
use super::swap;

pub(super) use bearer::has_query_token;
pub(super) use inquiry::Inquiry;
pub(super) use places::{ACCESS_TOKEN, is_cookie, is_parameter};

/// The authenticated subject or client behind a request.
#[derive(Clone, Debug)]
pub(super) struct Principal {
    verified: Arc<Verified>,
    /// The question whose answer it is; `None` when nobody had to be asked.
    inquiry: Option<Arc<Inquiry>>,
}

impl Principal {
    /// Whom `verified` says.
    #[cfg(test)]
    pub(super) fn of(verified: Verified) -> Self {
        Self {
            verified: Arc::new(verified),
            inquiry: None,
        }
    }

    /// What its token says.
    pub(super) fn verified(&self) -> &Verified {
        &self.verified
    }

    /// What is to be asked again, since the answer counts for a while only.
    pub(super) const fn inquiry(&self) -> Option<&Arc<Inquiry>> {
        self.inquiry.as_ref()
    }
}

/// Finds the principal of a request.
#[derive(Debug)]
pub(super) struct Authenticator {
    verifier: Arc<TokenVerifier>,
    issuers: Arc<Issuers>,
    /// `None` without a store: then nothing of ours can be revoked.
    revocations: Option<Arc<Revocations>>,
}

/// Where and when a credential was presented.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presented {
    /// The peer of the connection; never what a header says.
    pub peer: IpAddr,
    /// The request's present.
    pub now: Timestamp,
}

/// Who asks, as far as it can be told at once.
#[derive(Debug)]
pub(super) enum Who {
    /// Nobody; a route that needs somebody does not come to this.
    Nobody,
    /// This one.
    Known(Principal),
    /// Whoever an issuer says: for [`Authenticator::ask`].
    Unsaid(Inquiry),
}

impl Authenticator {
    /// An authenticator that works with these parts.
    pub(super) const fn new(
        verifier: Arc<TokenVerifier>,
        issuers: Arc<Issuers>,
        revocations: Option<Arc<Revocations>>,
    ) -> Self {
        Self {
            verifier,
            issuers,
            revocations,
        }
    }

    /// The principal of a request on `route`.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: no credential where one is required, or one that is not good; a bad
    /// credential is refused on optional routes as well, so that nobody is taken for anonymous
    /// who meant to be somebody.
    pub(super) fn principal(
        &self,
        route: &Route,
        request: (&HeaderMap, &CanonicalRequest),
        presented: Presented,
    ) -> Result<Who, Rejection> {
        let wanted = route.policy.authentication;
        if wanted == Authentication::Anonymous {
            return Ok(Who::Nobody);
        }
        let (headers, canonical) = request;
        let credential = match places::credential(&route.token_places, headers, canonical) {
            Err(Rejection::OtherScheme) if swap::passes_signature(route, headers) => {
                return signed(route, headers, canonical);
            }
            credential => credential?,
        };
        match (credential, wanted) {
            (Some(credential), Authentication::Optional)
                if !credential.is_ambient && swap::passes(route, &credential.token) =>
            {
                Ok(Who::Nobody)
            }
            (Some(credential), _) => {
                if credential.is_ambient {
                    same_site::check(headers, canonical)?;
                }
                self.verify(&credential.token, &route.policy, presented)
            }
            (None, Authentication::Required) => Err(Rejection::NoCredential),
            (None, Authentication::Optional | Authentication::Anonymous) => Ok(Who::Nobody),
        }
    }

    /// What is remembered was well-formed and verified before, so it is looked up first. What is
    /// opaque is for its issuer to read and goes there: what that one said before is found there.
    fn verify(
        &self,
        token: &[u8],
        policy: &Policy,
        presented: Presented,
    ) -> Result<Who, Rejection> {
        let Presented { peer, now } = presented;
        let reader = self.issuers.introspecting(&policy.issuers);
        if let Some(issuer) = reader
            && let Ok(token) = bearer::token(token)
            && !has_jwt_shape(token)
        {
            return Ok(Who::Unsaid(Inquiry::meaning(issuer, token)));
        }
        if let Some(verified) = self.verifier.recall(token, now) {
            return self.unless_revoked(verified, None).map(Who::Known);
        }
        let token = bearer::token(token)?;
        if let Some(issuer) = reader
            && !issuer.has_keys()
            && claimed_issuer(token).is_some_and(|claimed| claimed == issuer.name())
        {
            return Ok(Who::Unsaid(Inquiry::meaning(issuer, token)));
        }
        match self.verifier.verify_from(peer, token, now) {
            Ok(verified) => self.unless_revoked(verified, None).map(Who::Known),
            Err(error) => match self.inquiry_about_keys(token, error, policy) {
                Some(inquiry) => Ok(Who::Unsaid(inquiry)),
                None => Err(error.into()),
            },
        }
    }

    fn unless_revoked(
        &self,
        verified: Arc<Verified>,
        inquiry: Option<Arc<Inquiry>>,
    ) -> Result<Principal, Rejection> {
        let principal = Principal { verified, inquiry };
        if self.is_revoked(&principal) {
            return Err(Rejection::Revoked);
        }
        Ok(principal)
    }

    /// Whether the token of `principal`, its grant or its client was revoked.
    pub(super) fn is_revoked(&self, principal: &Principal) -> bool {
        let verified = principal.verified();
        let revocations = self.revocations.as_ref();
        revocations.is_some_and(|revocations| revocations.covers(&verified.revocable()))
    }

    /// From when on the token of `principal` is not accepted any more.
    pub(super) fn expires_at(&self, principal: &Principal) -> Timestamp {
        let verified = principal.verified();
        match self.issuers.find(&verified.issuer) {
            Some(issuer) => verified.expires_at.after(issuer.leeway()),
            None => self.verifier.accepts_until(verified),
        }
    }
}

/// Who asks with a signature by a token of the backend's own: nobody, as far as we can tell. There
/// must not be another credential.
fn signed(
    route: &Route,
    headers: &HeaderMap,
    canonical: &CanonicalRequest,
) -> Result<Who, Rejection> {
    if route.policy.authentication != Authentication::Optional {
        return Err(Rejection::OtherScheme);
    }
    let elsewhere = TokenPlaces {
        authorization: false,
        ..route.token_places.clone()
    };
    match places::credential(&elsewhere, headers, canonical)? {
        None => Ok(Who::Nobody),
        Some(_) => Err(Rejection::MalformedCredential),
    }
}

impl From<PresentedError> for Rejection {
    fn from(error: PresentedError) -> Self {
        match error {
            PresentedError::TooManyFailures { wait } => Self::TooManyFailures { wait },
            PresentedError::Token(error) => Self::Token(error),
        }
    }
}
