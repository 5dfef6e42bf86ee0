//! What only an issuer can answer, and how its answer is waited for.
//!
//! The way of a request whose token is remembered or can be verified never comes here.

use std::sync::Arc;
use std::time::Duration;

use super::{Authenticator, Presented, Principal};
use crate::gateway::rejection::Rejection;
use crate::gateway::settings::Policy;
use crate::issuers::{IntrospectionError, Issuer};
use crate::jose::{JwtError, PresentedError, Verified, claimed_issuer};
use crate::secret::Secret;

/// A question to an issuer that the route accepts.
#[derive(Debug)]
pub(in crate::gateway) struct Inquiry {
    issuer: Arc<Issuer>,
    token: Secret,
    wanted: Wanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// The token names a key that is not known, or no keys are known.
    Keys,
    /// The token is opaque.
    Meaning,
}

/// When to come back after an issuer did not answer: by then it is asked again.
const COME_BACK_AFTER: Duration = Duration::from_secs(10);

impl Authenticator {
    /// The question to which `error` leads, if an issuer of the route could make the token good.
    pub(super) fn inquiry(
        &self,
        token: &str,
        error: PresentedError,
        policy: &Policy,
    ) -> Option<Inquiry> {
        let PresentedError::Token(error) = error else {
            return None;
        };
        let (issuer, wanted) = match error {
            JwtError::UnknownKey | JwtError::KeysUnavailable => {
                let claimed = claimed_issuer(token)?;
                let issuer = self.issuers.find(&claimed)?;
                let is_accepted = policy.issuers.iter().any(|name| **name == *claimed);
                let may_turn_up = is_accepted && issuer.has_changing_keys();
                (may_turn_up.then_some(issuer)?, Wanted::Keys)
            }
            _ => {
                let issuer = self.issuers.introspecting(&policy.issuers)?;
                // A JWT is for its own issuer to read, and for nobody else to see.
                let is_theirs = error == JwtError::Malformed
                    || (!issuer.has_keys()
                        && claimed_issuer(token).is_some_and(|claimed| claimed == issuer.name()));
                (is_theirs.then_some(issuer)?, Wanted::Meaning)
            }
        };
        Some(Inquiry {
            issuer: Arc::clone(issuer),
            token: Secret::new(token),
            wanted,
        })
    }

    /// Waits for the answer; the principal it leads to.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: the token is not good, or [`Rejection::IssuerUnavailable`] when that cannot
    /// be told without the issuer.
    pub(in crate::gateway) async fn ask(
        &self,
        inquiry: &Inquiry,
        presented: Presented,
    ) -> Result<Principal, Rejection> {
        let verified = match inquiry.wanted {
            Wanted::Keys => self.verify_with_new_keys(inquiry, presented).await?,
            Wanted::Meaning => self.introspect(inquiry, presented).await?,
        };
        self.unless_revoked(verified)
    }

    async fn verify_with_new_keys(
        &self,
        inquiry: &Inquiry,
        presented: Presented,
    ) -> Result<Arc<Verified>, Rejection> {
        let renewed = inquiry.issuer.renew_keys(presented.now).await;
        let token = inquiry.token.expose();
        match self
            .verifier
            .verify_from(presented.peer, token, presented.now)
        {
            Ok(verified) => Ok(verified),
            // Without the issuer nobody knows whether the key is one that it has made since.
            Err(PresentedError::Token(JwtError::UnknownKey)) if renewed.is_err() => {
                Err(unavailable())
            }
            Err(PresentedError::Token(JwtError::KeysUnavailable)) => Err(unavailable()),
            Err(error) => Err(error.into()),
        }
    }

    async fn introspect(
        &self,
        inquiry: &Inquiry,
        presented: Presented,
    ) -> Result<Arc<Verified>, Rejection> {
        let token = inquiry.token.expose();
        let answer = inquiry.issuer.introspect(token, presented.now).await;
        answer.outcome.map_err(|error| {
            let is_peers_fault = error != IntrospectionError::Unavailable;
            if is_peers_fault && answer.was_asked {
                self.verifier.count_failure(presented.peer, presented.now);
            }
            match error {
                IntrospectionError::Inactive => Rejection::Inactive,
                IntrospectionError::Refused(error) => Rejection::Token(error),
                IntrospectionError::Unavailable => unavailable(),
            }
        })
    }
}

const fn unavailable() -> Rejection {
    Rejection::IssuerUnavailable {
        wait: COME_BACK_AFTER,
    }
}
