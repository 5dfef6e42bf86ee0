//! A user who has just signed in, and a backend that does as it is told.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::super::*;
use crate::clock::ManualClock;
use crate::model::{
    AuthorizationCode, ClientId, Device, Grant, Login, RequestedClaims, Scope, Session, UserProfile,
};
use crate::secret::{Digest, Secret};
use crate::store::Settings;
use crate::users::{BackendError, RenewalError, SignInError, SignedIn};

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A backend whose renewals are numbered: each is got with the one before.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    /// What the next renewals come to; then they succeed.
    pub(crate) failures: Mutex<VecDeque<RenewalError>>,
    pub(crate) n_asked: AtomicUsize,
    pub(super) ended: Mutex<Vec<String>>,
    /// How often telling of an end fails.
    pub(super) n_deaf: AtomicUsize,
    /// Waited for before an answer, if set.
    pub(super) held: Mutex<Option<Arc<Notify>>>,
    pub(crate) renewed: Notify,
}

#[async_trait]
impl UserDirectory for Scripted {
    async fn check_password(
        &self,
        _login: &Login,
        _password: &Secret,
        _now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        Err(SignInError::Denied)
    }

    async fn renew(
        &self,
        upstream: &UpstreamSession,
        now: Timestamp,
    ) -> Result<UpstreamSession, RenewalError> {
        self.n_asked.fetch_add(1, Ordering::SeqCst);
        let held = self.held.lock().unwrap().clone();
        if let Some(held) = held {
            held.notified().await;
        }
        let failure = self.failures.lock().unwrap().pop_front();
        self.renewed.notify_one();
        if let Some(failure) = failure {
            return Err(failure);
        }
        let n: u32 = upstream.renewal.expose().parse().unwrap();
        Ok(given(n + 1, now))
    }

    async fn end(&self, upstream: &UpstreamSession) -> Result<(), BackendError> {
        let renewal = upstream.renewal.expose().to_owned();
        self.ended.lock().unwrap().push(renewal);
        let is_deaf = |n: usize| n.checked_sub(1);
        match self
            .n_deaf
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_deaf)
        {
            Ok(_) => Err(BackendError("down")),
            Err(_) => Ok(()),
        }
    }
}

/// The n-th of what the backend gives: a token for ten minutes, renewed within an hour.
pub(super) fn given(n: u32, now: Timestamp) -> UpstreamSession {
    UpstreamSession {
        access_token: Secret::new(format!("token-{n}")),
        token_expires_at: now.after(Duration::from_secs(600)),
        renewal: Secret::new(n.to_string()),
        renewal_expires_at: now.after(Duration::from_secs(3600)),
    }
}

/// A site with a user who has just signed in: in the session `session`, with the grant `grant`.
pub(crate) struct Site {
    pub(crate) backend: Arc<Scripted>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) sessions: UpstreamSessions,
}

impl Site {
    pub(super) async fn signed_in() -> Self {
        Self::signed_in_at(NOW).await
    }

    /// The sign-in was at `now`.
    pub(crate) async fn signed_in_at(now: Timestamp) -> Self {
        let settings = Settings::in_memory();
        let store = Store::open(&settings).await.unwrap();
        let backend = Arc::new(Scripted::default());
        let clock = Arc::new(ManualClock::at(now));
        let sessions = sessions(&backend, &store, &clock);
        let site = Self {
            backend,
            clock,
            store,
            sessions,
        };
        site.sign_in("session", "grant").await;
        let upstream = given(0, now);
        let id = SessionId::new("session");
        site.sessions.keep(&id, &upstream, now).await.unwrap();
        site
    }

    /// Another sign-in, of which nothing of the backend is kept.
    pub(crate) async fn sign_in(&self, session: &str, grant: &str) {
        let now = self.clock.now();
        let until = now.after(Duration::from_secs(86_400));
        let session = Session {
            id: SessionId::new(session),
            user: user(),
            authenticated_at: now,
            idle_until: until,
            expires_at: until,
            last_seen_at: now,
            device: Device::new(None, [192, 0, 2, 1].into()),
        };
        let digest = Digest::of(grant.as_bytes());
        self.store.save_session(&digest, &session).await.unwrap();
        let code = AuthorizationCode {
            grant: Grant {
                id: GrantId::new(grant),
                client_id: ClientId::parse("app").unwrap(),
                user: user(),
                session_id: session.id,
                scope: Scope::parse("openid").unwrap(),
                resources: vec![],
                claims: RequestedClaims::default(),
                authenticated_at: now,
                nonce: None,
                granted_at: now,
            },
            redirect_uri: "https://app.test/".to_owned(),
            code_challenge: None,
            expires_at: now.after(Duration::from_secs(60)),
        };
        self.store.save_code(&digest, &code).await.unwrap();
    }

    /// Moves the clock, and says the time.
    pub(super) fn after(&self, secs: u64) -> Timestamp {
        self.clock.advance(Duration::from_secs(secs));
        self.clock.now()
    }

    /// The token that a request gets.
    pub(super) async fn token(&self) -> Result<String, UpstreamTokenError> {
        token(&self.sessions, self.clock.now()).await
    }

    pub(super) fn n_asked(&self) -> usize {
        self.backend.n_asked.load(Ordering::SeqCst)
    }

    pub(super) fn fail(&self, failures: impl IntoIterator<Item = RenewalError>) {
        self.backend.failures.lock().unwrap().extend(failures);
    }

    /// Whether the session of ours, and what was granted in it, is over.
    pub(super) async fn is_over(&self) -> bool {
        let grant = self.store.find_grant(&GrantId::new("grant")).await.unwrap();
        grant.is_none()
    }

    pub(super) async fn keep(&self) {
        let keeper = UpstreamKeeper::new(self.sessions.clone());
        keeper.round().await.unwrap();
    }

    pub(super) fn ended(&self) -> Vec<String> {
        self.backend.ended.lock().unwrap().clone()
    }
}

pub(super) fn sessions(
    backend: &Arc<Scripted>,
    store: &Store,
    clock: &Arc<ManualClock>,
) -> UpstreamSessions {
    let directory: Arc<dyn UserDirectory> = Arc::<Scripted>::clone(backend);
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    UpstreamSessions::new(directory, store.clone(), clock, Arc::new(Metrics::new()))
}

pub(super) async fn token(
    sessions: &UpstreamSessions,
    now: Timestamp,
) -> Result<String, UpstreamTokenError> {
    let grant = GrantId::new("grant");
    if let Some(token) = sessions.recall(&grant, now) {
        return Ok(token.expose().to_owned());
    }
    let token = sessions.obtain(&grant, now).await?;
    Ok(token.expose().to_owned())
}

fn user() -> UserProfile {
    UserProfile::named("subject", "alice")
}
