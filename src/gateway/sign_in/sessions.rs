//! Who a request with a session's cookie is of.
//!
//! What was read is remembered for a minute, and checked on every request for what ends a session in
//! between: its age here, a revocation by whoever admits it. Then it is read again, which is also when
//! its use is noted; and as often as an access token would have to be refreshed, the users' backend is
//! asked.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::gateway::authentication::Principal;
use crate::gateway::rejection::Rejection;
use crate::model::{ApplicationSession, Timestamp};
use crate::provider::ApplicationError;
use crate::secret::Digest;
use crate::store::StoreError;

use super::{Application, COME_BACK_AFTER, Parts, SignInFault, SignInSettings, SignIns};

/// How long what was read of a session is believed.
pub(super) const BELIEVED: Duration = Duration::from_secs(60);

/// The sessions that were read lately.
#[derive(Debug)]
pub(super) struct Sessions {
    known: Cache<Digest, Arc<Known>>,
    pub(super) idle_lifetime: Duration,
}

#[derive(Debug)]
struct Known {
    host: String,
    principal: Principal,
    read_at: Timestamp,
    expires_at: Timestamp,
}

/// A session that a request names.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct SessionKey {
    /// The digest of its cookie.
    pub(in crate::gateway) cookie: Digest,
    /// Where the request goes to.
    pub(in crate::gateway) application: Arc<Application>,
}

/// What is remembered of a session.
#[derive(Clone, Debug)]
pub(in crate::gateway) enum Recalled {
    /// Whose it is.
    Known(Principal),
    /// It has to be read: for [`SignIns::read`].
    Unread,
}

impl Sessions {
    pub(super) fn new(settings: &SignInSettings, capacity: u64) -> Self {
        Self {
            known: Cache::builder()
                .max_capacity(capacity)
                .time_to_live(BELIEVED * 2)
                .build(),
            idle_lifetime: settings.idle_lifetime,
        }
    }

    /// Forgets a session that was ended here.
    pub(super) fn forget(&self, cookie: &Digest) {
        self.known.invalidate(cookie);
    }

    /// Remembers what was read at a moment, until another one at most.
    pub(super) fn remember(
        &self,
        key: &SessionKey,
        principal: &Principal,
        (read_at, expires_at): (Timestamp, Timestamp),
    ) {
        let known = Known {
            host: key.application.host.clone(),
            principal: principal.clone(),
            read_at,
            expires_at,
        };
        self.known.insert(key.cookie, Arc::new(known));
    }

    fn recall(&self, key: &SessionKey, now: Timestamp) -> Recalled {
        let known = self.known.get(&key.cookie).filter(|known| {
            known.host == key.application.host
                && now < known.expires_at
                && now.since(known.read_at) < BELIEVED
        });
        known.map_or(Recalled::Unread, |known| {
            Recalled::Known(known.principal.clone())
        })
    }
}

impl SignIns {
    /// What is remembered of the session of a request.
    pub(in crate::gateway) fn recall(&self, key: &SessionKey, now: Timestamp) -> Recalled {
        match &self.parts {
            Some(parts) => parts.sessions.recall(key, now),
            None => Recalled::Unread,
        }
    }

    /// Whose session it is. Whether that was revoked is the caller's to ask, as of one that is
    /// remembered.
    ///
    /// # Errors
    ///
    /// [`Rejection::SessionEnded`] when it is nobody's any more; otherwise nobody can tell at the
    /// moment.
    pub(in crate::gateway) async fn read(
        &self,
        key: &SessionKey,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<Principal, Rejection> {
        if let Some(elsewhere) = key.application.issuer() {
            return self.read_elsewhere(key, elsewhere, now).await;
        }
        let parts = self.parts()?;
        let session = parts.find(&key.cookie, &key.application, now).await?;
        let mut session = session.ok_or(Rejection::SessionEnded)?;
        let provider = parts.provider()?;
        let confirmed = provider.confirm_for_application(&session, (peer, now));
        if let Some(user) = confirmed.await.map_err(refusal)? {
            let store = &parts.store;
            let noted = store.confirm_user(&session, &user, now).await;
            noted.map_err(SignInFault::from)?;
            session.grant.user = user;
        }
        let noted = parts.note_use(&key.cookie, &session, now).await;
        noted.map_err(SignInFault::from)?;
        let verified = provider.principal_of(&session, now).await;
        let principal = Principal::of_session(verified.map_err(refusal)?);
        let until = session.expires_at;
        parts.sessions.remember(key, &principal, (now, until));
        Ok(principal)
    }
}

impl Parts {
    /// The session of a cookie at this application.
    pub(super) async fn find(
        &self,
        cookie: &Digest,
        application: &Application,
        now: Timestamp,
    ) -> Result<Option<ApplicationSession>, SignInFault> {
        let found = self.store.find_application_session(cookie, now).await?;
        // L11: a cookie of one application is nothing at another.
        Ok(found.filter(|session| session.host == application.host))
    }

    /// Moves the idle limit, at most once a minute.
    async fn note_use(
        &self,
        cookie: &Digest,
        session: &ApplicationSession,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if now.since(session.last_seen_at) < BELIEVED {
            return Ok(());
        }
        let idle_until = now.after(self.sessions.idle_lifetime);
        let idle_until = idle_until.min(session.expires_at);
        let store = &self.store;
        store
            .touch_application_session(cookie, idle_until, now)
            .await
    }
}

fn refusal(error: ApplicationError) -> Rejection {
    match error {
        ApplicationError::Ended | ApplicationError::NotRedeemable => Rejection::SessionEnded,
        ApplicationError::Unconfirmed => Rejection::IssuerUnavailable {
            wait: COME_BACK_AFTER,
        },
        ApplicationError::Claims => SignInFault::Claims.into(),
        ApplicationError::Store(error) => SignInFault::from(error).into(),
    }
}
