//! Who asks: from the credential of a request to its principal.
//!
//! Verification says what a token *is*; whether that is enough for the route is the
//! [`policy`](super::policy)'s business, asked anew on every request.

mod bearer;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use crate::jose::{PresentedError, TokenVerifier, Verified};
use crate::model::Timestamp;
use crate::store::Revocations;

use super::rejection::Rejection;
use super::settings::Authentication;

pub(super) use bearer::has_query_token;

/// The authenticated subject or client behind a request.
#[derive(Clone, Debug)]
pub(super) struct Principal(Arc<Verified>);

impl Principal {
    /// Whom `verified` says.
    #[cfg(test)]
    pub(super) fn of(verified: Verified) -> Self {
        Self(Arc::new(verified))
    }

    /// What its token says.
    pub(super) fn verified(&self) -> &Verified {
        &self.0
    }
}

/// Finds the principal of a request.
#[derive(Debug)]
pub(super) struct Authenticator {
    verifier: Arc<TokenVerifier>,
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

impl Authenticator {
    /// An authenticator that works with these parts.
    pub(super) const fn new(
        verifier: Arc<TokenVerifier>,
        revocations: Option<Arc<Revocations>>,
    ) -> Self {
        Self {
            verifier,
            revocations,
        }
    }

    /// The principal of a request with these fields and query; `None` where there need not be
    /// one and no credential was presented.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: no credential where one is required, or one that is not good; a bad
    /// credential is refused on optional routes as well, so that nobody is taken for anonymous
    /// who meant to be somebody.
    pub(super) fn principal(
        &self,
        wanted: Authentication,
        request: (&HeaderMap, Option<&str>),
        presented: Presented,
    ) -> Result<Option<Principal>, Rejection> {
        if wanted == Authentication::Anonymous {
            return Ok(None);
        }
        let (headers, query) = request;
        // RFC 6750 §2: one method for each request. §2.3 is not offered: URLs end up in logs.
        if query.is_some_and(has_query_token) {
            return Err(Rejection::TokenInQuery);
        }
        match (bearer::presented(headers)?, wanted) {
            (Some(token), _) => self.verify(token, presented).map(Some),
            (None, Authentication::Required) => Err(Rejection::NoCredential),
            (None, Authentication::Optional | Authentication::Anonymous) => Ok(None),
        }
    }

    /// What is remembered was well-formed and verified before, so it is looked up first.
    fn verify(&self, token: &[u8], presented: Presented) -> Result<Principal, Rejection> {
        let verified = match self.verifier.recall(token, presented.now) {
            Some(verified) => verified,
            None => self.verify_anew(bearer::token(token)?, presented)?,
        };
        let principal = Principal(verified);
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
        self.verifier.accepts_until(principal.verified())
    }

    fn verify_anew(&self, token: &str, presented: Presented) -> Result<Arc<Verified>, Rejection> {
        let Presented { peer, now } = presented;
        self.verifier
            .verify_from(peer, token, now)
            .map_err(|error| match error {
                PresentedError::TooManyFailures { wait } => Rejection::TooManyFailures { wait },
                PresentedError::Token(error) => Rejection::Token(error),
            })
    }
}
