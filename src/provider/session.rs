//! Sessions: signed-in browsers.
//!
//! The cookie is 256 random bits and is stored as its digest only. It is new after each sign-in,
//! whatever the browser came with, so nobody can be made to use a session chosen by another.

use http::header;

use super::Provider;
use super::cookies::{self, CookieKind};
use super::reply::Response;
use super::request::Request;
use crate::entropy::{self, EntropyError};
use crate::model::{Device, Session, SessionId, Timestamp, UserProfile};
use crate::secret::{Digest, Secret};
use crate::store::StoreError;
use crate::users::SignedIn;

/// A session and the cookie that names it.
#[derive(Debug)]
pub(crate) struct NewSession {
    pub(crate) session: Session,
    cookie: Secret,
}

/// Why no session could be begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    /// Our store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Provider {
    /// The live session of the browser, and the digest of its cookie. Using it keeps it alive.
    pub(crate) async fn session(
        &self,
        request: &Request,
    ) -> Result<Option<(Digest, Session)>, StoreError> {
        let name = CookieKind::Session.name(self.settings.issuer.is_https());
        let Some(cookie) = request.cookie(name) else {
            return Ok(None);
        };
        let digest = cookie.digest();
        let Some(session) = self.parts.store.find_session(&digest, request.now).await? else {
            return Ok(None);
        };
        self.keep_alive(&digest, &session, request.now).await?;
        Ok(Some((digest, session)))
    }

    /// Moves the idle limit, at most once a minute: a browser that is busy would otherwise make
    /// every request a write.
    async fn keep_alive(
        &self,
        cookie: &Digest,
        session: &Session,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const TOUCH_EVERY_S: u64 = 60;
        if now.since(session.last_seen_at).as_secs() < TOUCH_EVERY_S {
            return Ok(());
        }
        let idle_until = now
            .after(self.settings.session_idle_lifetime)
            .min(session.expires_at);
        let store = &self.parts.store;
        store.touch_session(cookie, idle_until, now).await
    }

    /// Begins a session for who has just signed in, and keeps what the users' backend gave for it.
    ///
    /// The browser gets a new cookie in any case. If it had a session of the same user, that one
    /// goes on under the new cookie, with all that was granted in it; one of another user ends.
    pub(super) async fn begin_session(
        &self,
        signed_in: SignedIn,
        request: &Request,
    ) -> Result<NewSession, SessionError> {
        let SignedIn { user, upstream } = signed_in;
        let new = self.begin_own_session(user, request).await?;
        if let (Some(upstreams), Some(upstream)) = (&self.parts.upstream_sessions, upstream) {
            upstreams
                .keep(&new.session.id, &upstream, request.now)
                .await?;
        }
        Ok(new)
    }

    async fn begin_own_session(
        &self,
        user: UserProfile,
        request: &Request,
    ) -> Result<NewSession, SessionError> {
        let store = &self.parts.store;
        let cookie = entropy::opaque_token()?;
        let previous = self.session(request).await?;
        if let Some((old_cookie, previous)) = &previous
            && previous.user.subject == user.subject
        {
            let session = self.new_session(previous.id.clone(), user.clone(), request);
            let new = cookie.digest();
            if store.renew_session(old_cookie, &new, &session).await? {
                return Ok(NewSession { session, cookie });
            }
        }
        let id = SessionId::new(entropy::identifier()?);
        let session = self.new_session(id, user, request);
        store.save_session(&cookie.digest(), &session).await?;
        if let Some((_, previous)) = previous {
            store.end_session(&previous.id, request.now).await?;
        }
        Ok(NewSession { session, cookie })
    }

    fn new_session(&self, id: SessionId, user: UserProfile, request: &Request) -> Session {
        let now = request.now;
        let expires_at = now.after(self.settings.session_lifetime);
        let idle_until = now.after(self.settings.session_idle_lifetime);
        Session {
            id,
            user,
            authenticated_at: now,
            idle_until: idle_until.min(expires_at),
            expires_at,
            last_seen_at: now,
            device: Device::new(request.header(&header::USER_AGENT), request.peer),
        }
    }

    /// Gives the browser the cookie of its new session.
    pub(super) fn hand_over(&self, new: &NewSession, response: &mut Response) {
        cookies::set(
            response,
            CookieKind::Session,
            &self.settings.issuer,
            &new.cookie,
        );
    }
}
