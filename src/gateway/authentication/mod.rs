//! Who asks: from the credential of a request to its principal.
//!
//! Verification says what a token *is*; whether that is enough for the route is the
//! [`policy`](super::policy)'s business, asked anew on every request.

mod application_password;
mod bearer;
mod inquiry;
mod places;
mod same_site;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use crate::issuers::Issuers;
use crate::jose::{
    JwtError, PresentedError, TokenVerifier, Verified, claimed_issuer, has_jwt_shape,
};
use crate::model::Timestamp;
use crate::provider::{PresentedPassword, Provider};
use crate::secret::Secret;
use crate::store::Revocations;

use super::canonical::CanonicalRequest;
use super::rejection::Rejection;
use super::settings::{Authentication, Policy, Route, TokenPlaces};
use super::sign_in::{Recalled, SessionKey, SignIns, session_cookie};
use super::swap::{self, Special};

pub(super) use application_password::is_one as is_application_password;
pub(super) use bearer::has_query_token;
pub(super) use inquiry::Inquiry;
pub(super) use places::{ACCESS_TOKEN, cookies as cookies_named, is_cookie, is_parameter};
pub(super) use same_site::check as check_same_site;

/// The authenticated subject or client behind a request.
#[derive(Clone, Debug)]
pub(super) struct Principal {
    verified: Arc<Verified>,
    /// The question whose answer it is; `None` when nobody had to be asked.
    inquiry: Option<Arc<Inquiry>>,
    source: Source,
}

/// What a principal was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Token,
    Session,
    Password,
}

impl Principal {
    /// Whom a token says.
    #[cfg(test)]
    pub(super) fn of(verified: Verified) -> Self {
        Self::of_token(Arc::new(verified), None)
    }

    const fn of_token(verified: Arc<Verified>, inquiry: Option<Arc<Inquiry>>) -> Self {
        Self {
            verified,
            inquiry,
            source: Source::Token,
        }
    }

    /// Who is signed in, as a token would say it.
    pub(super) fn of_session(verified: Verified) -> Self {
        Self {
            verified: Arc::new(verified),
            inquiry: None,
            source: Source::Session,
        }
    }

    /// What its token says.
    pub(super) fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Whether it is a browser that is signed in, and nobody with a token.
    pub(super) const fn is_of_session(&self) -> bool {
        matches!(self.source, Source::Session)
    }

    /// Whether it is somebody with an application password.
    pub(super) const fn is_of_password(&self) -> bool {
        matches!(self.source, Source::Password)
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
    sign_ins: Arc<SignIns>,
    /// Whose tokens are ours, and who knows application passwords.
    provider: Option<Arc<Provider>>,
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
    /// Whoever somebody else says: for [`Authenticator::ask`].
    Unsaid(Unsaid),
}

/// Who has to say who asks.
#[derive(Debug)]
pub(super) enum Unsaid {
    /// An issuer that the route accepts.
    Issuer(Inquiry),
    /// The store: whose session it is.
    Session(SessionKey),
    /// The store: whether another process made the key that this token of ours names.
    NewerKeys(Secret),
    /// The store: whose application password it is.
    Password(PresentedPassword),
}

impl Authenticator {
    /// An authenticator that works with these parts.
    pub(super) const fn new(
        verifier: Arc<TokenVerifier>,
        issuers: Arc<Issuers>,
        revocations: Option<Arc<Revocations>>,
        sign_ins: Arc<SignIns>,
        provider: Option<Arc<Provider>>,
    ) -> Self {
        Self {
            verifier,
            issuers,
            revocations,
            sign_ins,
            provider,
        }
    }

    /// The principal of a request on `route`.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: no credential where one is required, or one that is not good; a bad
    /// credential is refused on optional routes as well, so that nobody is taken for anonymous
    /// who meant to be somebody. For the same reason a token counts alone where browsers sign in:
    /// whether it is good or not, a session beside it is not looked at.
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
        if let Some(password) = application_password::find(route, headers, canonical)? {
            return self.password(password, presented);
        }
        if let Some(special) = swap::special(route, headers, canonical)? {
            check_is_alone(&special, route, (headers, canonical))?;
            return match (special.token, wanted) {
                (Some(token), _) => self.verify(token.as_bytes(), &route.policy, presented),
                (None, Authentication::Optional) => Ok(Who::Nobody),
                (None, _) => Err(Rejection::OtherScheme),
            };
        }
        let credential = places::credential(&route.token_places, headers, canonical)?;
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
            (None, Authentication::SignIn) => self.session(headers, canonical, presented.now),
            (None, Authentication::Optional | Authentication::Anonymous) => Ok(Who::Nobody),
        }
    }

    /// The principal of a token that a client of `route` has sent in a message.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: it is not good.
    pub(super) fn holder(
        &self,
        route: &Route,
        token: &str,
        presented: Presented,
    ) -> Result<Who, Rejection> {
        self.verify(token.as_bytes(), &route.policy, presented)
    }

    /// Waits for the answer; the principal it leads to.
    ///
    /// # Errors
    ///
    /// [`Rejection`]: the token is not good or the session has ended, or
    /// [`Rejection::IssuerUnavailable`] when that cannot be told at the moment.
    pub(super) async fn ask(
        &self,
        unsaid: Unsaid,
        presented: Presented,
    ) -> Result<Principal, Rejection> {
        match unsaid {
            Unsaid::Issuer(inquiry) => self.ask_issuer(inquiry, presented).await,
            Unsaid::Session(key) => {
                let from = (presented.peer, presented.now);
                let principal = self.sign_ins.read(&key, from).await?;
                self.unless_ended(principal)
            }
            Unsaid::NewerKeys(token) => {
                let provider = self.provider.as_ref().ok_or(Rejection::StateUnavailable)?;
                let from = (presented.peer, presented.now);
                let verified = provider.verify_token(token.expose(), from).await;
                let verified = verified.map_err(|error| {
                    tracing::warn!(%error, "whether a token names a newer key cannot be told");
                    Rejection::StateUnavailable
                })?;
                self.unless_revoked(verified?, None)
            }
            Unsaid::Password(password) => self.read_password(&password, presented).await,
        }
    }

    /// The browser that is signed in, if it is.
    fn session(
        &self,
        headers: &HeaderMap,
        canonical: &CanonicalRequest,
        now: Timestamp,
    ) -> Result<Who, Rejection> {
        let application = self.sign_ins.application(canonical.authority.host());
        let application = application.ok_or(Rejection::NoCredential)?;
        let cookie = session_cookie(headers, application).ok_or(Rejection::NoCredential)?;
        same_site::check(headers, canonical)?;
        let key = SessionKey {
            cookie,
            application: Arc::clone(application),
        };
        match self.sign_ins.recall(&key, now) {
            Recalled::Known(principal) => self.unless_ended(principal).map(Who::Known),
            Recalled::Unread => Ok(Who::Unsaid(Unsaid::Session(key))),
        }
    }

    fn unless_ended(&self, principal: Principal) -> Result<Principal, Rejection> {
        if self.is_revoked(&principal) {
            return Err(Rejection::SessionEnded);
        }
        Ok(principal)
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
            return Ok(Who::Unsaid(Unsaid::Issuer(Inquiry::meaning(issuer, token))));
        }
        if let Some(verified) = self.verifier.recall(token, now) {
            return self.unless_revoked(verified, None).map(Who::Known);
        }
        let token = bearer::token(token)?;
        if let Some(issuer) = reader
            && !issuer.has_keys()
            && claimed_issuer(token).is_some_and(|claimed| claimed == issuer.name())
        {
            return Ok(Who::Unsaid(Unsaid::Issuer(Inquiry::meaning(issuer, token))));
        }
        match self.verifier.verify_from(peer, token, now) {
            Ok(verified) => self.unless_revoked(verified, None).map(Who::Known),
            Err(PresentedError::Token(JwtError::UnknownKey)) if self.may_name_newer_key(token) => {
                Ok(Who::Unsaid(Unsaid::NewerKeys(Secret::new(token))))
            }
            Err(error) => match self.inquiry_about_keys(token, error, policy) {
                Some(inquiry) => Ok(Who::Unsaid(Unsaid::Issuer(inquiry))),
                None => Err(error.into()),
            },
        }
    }

    fn may_name_newer_key(&self, token: &str) -> bool {
        let provider = self.provider.as_ref();
        provider.is_some_and(|provider| provider.may_name_newer_key(token))
    }

    fn unless_revoked(
        &self,
        verified: Arc<Verified>,
        inquiry: Option<Arc<Inquiry>>,
    ) -> Result<Principal, Rejection> {
        let principal = Principal::of_token(verified, inquiry);
        if self.is_past_knowing(&principal) {
            return Err(Rejection::StateUnavailable);
        }
        if self.is_revoked(&principal) {
            return Err(Rejection::Revoked);
        }
        Ok(principal)
    }

    /// Whether it is not known any more what was revoked, and the token is one that could be.
    fn is_past_knowing(&self, principal: &Principal) -> bool {
        let revocations = self.revocations.as_ref();
        // Asked first: it is one look at memory, and hardly ever so.
        revocations.is_some_and(|revocations| revocations.is_stale())
            && self.issuers.find(&principal.verified().issuer).is_none()
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

/// Beside a credential in a place of its own there must not be another.
fn check_is_alone(
    special: &Special,
    route: &Route,
    (headers, canonical): (&HeaderMap, &CanonicalRequest),
) -> Result<(), Rejection> {
    let elsewhere = TokenPlaces {
        authorization: !special.is_in_authorization,
        ..route.token_places.clone()
    };
    match places::credential(&elsewhere, headers, canonical)? {
        None => Ok(()),
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
