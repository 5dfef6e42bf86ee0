//! What only an issuer can answer, and how its answer is waited for.
//!
//! The way of a request whose token is remembered or can be verified never comes here.

use std::sync::Arc;
use std::time::Duration;

use super::{Authenticator, Presented, Principal};
use crate::gateway::rejection::Rejection;
use crate::gateway::settings::Policy;
use crate::issuers::{IntrospectionError, Issuer};
use crate::jose::{JwtError, PresentedError, Verified, claimed_issuer, names_key};
use crate::model::Timestamp;
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
    /// The token names a key that is not known, or no keys are known: the error says which.
    Keys(JwtError),
    /// The token names no key, and is not signed with the one that is known.
    NewerKey,
    /// The token is opaque.
    Meaning,
}

/// When to come back after an issuer did not answer: by then it is asked again.
const COME_BACK_AFTER: Duration = Duration::from_secs(10);

/// The shortest between two questions about one exchange, however short answers count.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10);

impl Inquiry {
    /// What is the opaque `token`?
    pub(super) fn meaning(issuer: &Arc<Issuer>, token: &str) -> Self {
        Self {
            issuer: Arc::clone(issuer),
            token: Secret::new(token),
            wanted: Wanted::Meaning,
        }
    }

    /// What is answered where the issuer has just been asked for its keys and nobody is asked
    /// about tokens.
    pub(in crate::gateway) const fn unasked(&self) -> Rejection {
        match self.wanted {
            Wanted::Keys(JwtError::UnknownKey) => Rejection::Token(JwtError::UnknownKey),
            Wanted::NewerKey => Rejection::Token(JwtError::Signature),
            Wanted::Keys(_) | Wanted::Meaning => unavailable(),
        }
    }

    /// Whether it is about what the token means, and not about keys.
    pub(in crate::gateway) fn is_about_token(&self) -> bool {
        self.wanted == Wanted::Meaning
    }

    /// When an exchange that rests on the answer is to be asked about again.
    pub(in crate::gateway) fn asked_again_after(&self) -> Duration {
        let counts_for = self.issuer.word_counts_for().unwrap_or_default();
        counts_for.max(ASKED_AGAIN_AFTER)
    }

    /// Asks again what the token is; `None` when the issuer does not say.
    pub(in crate::gateway) async fn ask_again(
        &self,
        now: Timestamp,
    ) -> Option<Result<(), IntrospectionError>> {
        let answer = self.issuer.introspect(self.token.expose(), now).await;
        match answer.outcome {
            Ok(_) => Some(Ok(())),
            Err(IntrospectionError::Unavailable | IntrospectionError::Unintelligible) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl Authenticator {
    /// The question to which `error` leads, if other keys of an issuer of the route could make the
    /// token good.
    pub(super) fn inquiry_about_keys(
        &self,
        token: &str,
        error: PresentedError,
        policy: &Policy,
    ) -> Option<Inquiry> {
        let wanted = match error {
            PresentedError::Token(error @ (JwtError::UnknownKey | JwtError::KeysUnavailable)) => {
                Wanted::Keys(error)
            }
            // Without a name the old key was tried.
            PresentedError::Token(JwtError::Signature) if !names_key(token) => Wanted::NewerKey,
            _ => return None,
        };
        let claimed = claimed_issuer(token)?;
        let issuer = self.issuers.find(&claimed)?;
        let is_accepted = policy.issuers.iter().any(|name| **name == *claimed);
        (is_accepted && issuer.has_changing_keys()).then(|| Inquiry {
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
    pub(super) async fn ask_issuer(
        &self,
        inquiry: Inquiry,
        presented: Presented,
    ) -> Result<Principal, Rejection> {
        if inquiry.is_about_token() {
            let verified = self.introspect(&inquiry, presented).await?;
            return self.unless_revoked(verified, Some(Arc::new(inquiry)));
        }
        let verified = self.verify_with_new_keys(&inquiry, presented).await?;
        self.unless_revoked(verified, None)
    }

    async fn verify_with_new_keys(
        &self,
        inquiry: &Inquiry,
        presented: Presented,
    ) -> Result<Arc<Verified>, Rejection> {
        let Presented { peer, now } = presented;
        let renewed = inquiry.issuer.renew_keys(now).await;
        let token = inquiry.token.expose();
        let verified = match inquiry.wanted {
            // A wrong signature was counted when it was found.
            Wanted::NewerKey => self.verifier.verify(token, now).map_err(Into::into),
            Wanted::Keys(_) | Wanted::Meaning => self.verifier.verify_from(peer, token, now),
        };
        match verified {
            Ok(verified) => Ok(verified),
            // Without the issuer nobody knows whether the key is one that it has made since.
            Err(PresentedError::Token(JwtError::UnknownKey)) if renewed.is_err() => {
                Err(unavailable())
            }
            Err(PresentedError::Token(JwtError::KeysUnavailable)) => Err(unavailable()),
            Err(error) => Err(error.into()),
        }
    }

    /// What was said before costs nobody anything, so it counts for addresses that failed too
    /// often as well.
    async fn introspect(
        &self,
        inquiry: &Inquiry,
        presented: Presented,
    ) -> Result<Arc<Verified>, Rejection> {
        let Presented { peer, now } = presented;
        let (issuer, token) = (&inquiry.issuer, inquiry.token.expose());
        let answer = match issuer.recall(token, now).await {
            Some(answer) => answer,
            None => {
                self.verifier.may_ask_about(peer, token, now)?;
                issuer.introspect(token, now).await
            }
        };
        answer.outcome.map_err(|error| {
            let is_peers_fault = error != IntrospectionError::Unavailable;
            if is_peers_fault && answer.was_asked {
                self.verifier.count_failure(peer, now);
            }
            match error {
                IntrospectionError::Inactive => Rejection::Inactive,
                IntrospectionError::Refused(error) => Rejection::Token(error),
                IntrospectionError::Unavailable | IntrospectionError::Unintelligible => {
                    unavailable()
                }
            }
        })
    }
}

const fn unavailable() -> Rejection {
    Rejection::IssuerUnavailable {
        wait: COME_BACK_AFTER,
    }
}
