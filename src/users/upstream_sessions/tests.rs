use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::*;
use crate::clock::ManualClock;
use crate::model::{
    AuthorizationCode, ClientId, Device, Grant, Login, RequestedClaims, Scope, Session, Subject,
    UserDetails, UserProfile,
};
use crate::secret::{Digest, Secret};
use crate::store::{Settings, Synchronous};
use crate::users::{BackendError, RenewalError, SignInError, SignedIn};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// A backend whose renewals are numbered: each is got with the one before.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    /// What the next renewals come to; then they succeed.
    pub(crate) failures: Mutex<VecDeque<RenewalError>>,
    pub(crate) n_asked: AtomicUsize,
    ended: Mutex<Vec<String>>,
    /// How often telling of an end fails.
    n_deaf: AtomicUsize,
    /// Waited for before an answer, if set.
    held: Mutex<Option<Arc<Notify>>>,
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
fn given(n: u32, now: Timestamp) -> UpstreamSession {
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
    async fn signed_in() -> Self {
        Self::signed_in_at(NOW).await
    }

    /// The sign-in was at `now`.
    pub(crate) async fn signed_in_at(now: Timestamp) -> Self {
        let settings = Settings {
            path: None,
            key_file: None,
            synchronous: Synchronous::Normal,
        };
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
    fn after(&self, secs: u64) -> Timestamp {
        self.clock.advance(Duration::from_secs(secs));
        self.clock.now()
    }

    /// The token that a request gets.
    async fn token(&self) -> Result<String, UpstreamTokenError> {
        token(&self.sessions, self.clock.now()).await
    }

    fn n_asked(&self) -> usize {
        self.backend.n_asked.load(Ordering::SeqCst)
    }

    fn fail(&self, failures: impl IntoIterator<Item = RenewalError>) {
        self.backend.failures.lock().unwrap().extend(failures);
    }

    /// Whether the session of ours, and what was granted in it, is over.
    async fn is_over(&self) -> bool {
        let grant = self.store.find_grant(&GrantId::new("grant")).await.unwrap();
        grant.is_none()
    }

    async fn keep(&self) {
        let keeper = UpstreamKeeper::new(self.sessions.clone());
        keeper.round().await.unwrap();
    }

    fn ended(&self) -> Vec<String> {
        self.backend.ended.lock().unwrap().clone()
    }
}

fn sessions(backend: &Arc<Scripted>, store: &Store, clock: &Arc<ManualClock>) -> UpstreamSessions {
    let directory: Arc<dyn UserDirectory> = Arc::<Scripted>::clone(backend);
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(clock);
    UpstreamSessions::new(directory, store.clone(), clock, Arc::new(Metrics::new()))
}

async fn token(sessions: &UpstreamSessions, now: Timestamp) -> Result<String, UpstreamTokenError> {
    let grant = GrantId::new("grant");
    if let Some(token) = sessions.recall(&grant, now) {
        return Ok(token.expose().to_owned());
    }
    let token = sessions.obtain(&grant, now).await?;
    Ok(token.expose().to_owned())
}

fn user() -> UserProfile {
    UserProfile {
        subject: Subject::parse("subject").unwrap(),
        login: "alice".to_owned(),
        name: None,
        email: None,
        email_verified: None,
        groups: vec![],
        roles: vec![],
        details: UserDetails::default(),
    }
}

#[tokio::test]
async fn a_grant_of_the_session_brings_the_token_and_asks_nobody_for_it() {
    let site = Site::signed_in().await;

    assert_eq!(site.token().await.unwrap(), "token-0");
    assert_eq!(site.token().await.unwrap(), "token-0");

    assert_eq!(site.n_asked(), 0);
    let grant = GrantId::new("grant");
    assert!(site.sessions.recall(&grant, NOW).is_some(), "in memory");
}

#[tokio::test]
async fn another_process_finds_what_was_kept() {
    let site = Site::signed_in().await;

    let restarted = sessions(&site.backend, &site.store, &site.clock);

    assert_eq!(token(&restarted, NOW).await.unwrap(), "token-0");
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_before_the_request_goes_on() {
    let site = Site::signed_in().await;
    site.token().await.unwrap();

    site.after(600);

    assert_eq!(site.token().await.unwrap(), "token-1");
    site.after(600);
    assert_eq!(site.token().await.unwrap(), "token-2");
    assert_eq!(site.n_asked(), 2);
}

#[tokio::test]
async fn a_token_that_soon_ends_is_renewed_while_requests_go_on() {
    let site = Site::signed_in().await;
    site.token().await.unwrap();
    let held = Arc::new(Notify::new());
    *site.backend.held.lock().unwrap() = Some(Arc::clone(&held));

    site.after(480);
    for _ in 0..10 {
        assert_eq!(site.token().await.unwrap(), "token-0");
    }
    held.notify_one();
    site.backend.renewed.notified().await;
    // The turn is given back when all is stored.
    let stored = site.sessions.0.known(&GrantId::new("grant")).unwrap();
    drop(stored.turn.lock().await);

    assert_eq!(site.token().await.unwrap(), "token-1");
    assert_eq!(site.n_asked(), 1);
}

#[tokio::test]
async fn of_many_requests_in_two_processes_one_renews() {
    let site = Site::signed_in().await;
    let other = sessions(&site.backend, &site.store, &site.clock);
    let now = site.after(600);

    let requests: Vec<_> = (0..100)
        .map(|n| match n % 2 {
            0 => site.sessions.clone(),
            _ => other.clone(),
        })
        .map(|sessions| tokio::spawn(async move { token(&sessions, now).await.unwrap() }))
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), "token-1");
    }

    assert_eq!(site.n_asked(), 1);
}

#[tokio::test]
async fn a_refused_renewal_ends_the_session_with_all_that_was_granted_in_it() {
    let site = Site::signed_in().await;
    site.fail([RenewalError::Refused("locked")]);
    site.after(600);

    let refused = site.token().await;

    assert!(
        matches!(refused, Err(UpstreamTokenError::Ended)),
        "{refused:?}"
    );
    assert!(site.is_over().await);
    assert!(matches!(site.token().await, Err(UpstreamTokenError::Ended)));
    assert_eq!(site.n_asked(), 1, "not asked again");
}

#[tokio::test]
async fn a_backend_that_is_away_ends_nothing_and_is_not_asked_all_the_time() {
    let site = Site::signed_in().await;
    site.fail([RenewalError::Unavailable("down")]);
    site.after(600);

    for _ in 0..5 {
        let away = site.token().await;
        assert!(
            matches!(away, Err(UpstreamTokenError::Unavailable("down"))),
            "{away:?}"
        );
    }
    assert_eq!(site.n_asked(), 1);
    assert!(!site.is_over().await);

    site.after(5);
    assert_eq!(site.token().await.unwrap(), "token-1");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again_and_ends_the_session_if_it_was_given() {
    for (row, then, is_over) in [
        ("it had not been given", None, false),
        ("it had", Some(RenewalError::Refused("spent")), true),
    ] {
        let site = Site::signed_in().await;
        site.fail([RenewalError::Unanswered("no answer in time")]);
        site.fail(then);
        site.after(600);

        site.token().await.unwrap_err();
        assert!(!site.is_over().await, "{row}");
        site.after(5);
        let again = site.token().await;

        assert_eq!(again.is_err(), is_over, "{row}");
        assert_eq!(site.is_over().await, is_over, "{row}");
    }
}

#[tokio::test]
async fn a_backend_that_stays_away_ends_the_session_when_nothing_can_renew_it() {
    let site = Site::signed_in().await;
    site.fail([RenewalError::Unavailable("down")]);
    site.after(3600);

    let ended = site.token().await;

    assert!(matches!(ended, Err(UpstreamTokenError::Ended)), "{ended:?}");
    assert!(site.is_over().await);
}

/// A session from before anything was kept: signing in again is the only way on.
#[tokio::test]
async fn a_session_without_one_at_the_backend_ends() {
    let site = Site::signed_in().await;
    site.sign_in("bare", "bare-grant").await;

    let refused = site.sessions.obtain(&GrantId::new("bare-grant"), NOW).await;

    assert!(matches!(refused, Err(UpstreamTokenError::Ended)));
    let grant = site.store.find_grant(&GrantId::new("bare-grant")).await;
    assert!(grant.unwrap().is_none());
    assert!(!site.is_over().await, "another session goes on");
}

#[tokio::test]
async fn a_token_that_the_backend_refused_is_renewed_once_in_a_while() {
    let site = Site::signed_in().await;
    let grant = GrantId::new("grant");
    site.token().await.unwrap();
    let now = site.after(60);

    let token = site.sessions.recall(&grant, now).unwrap();
    for _ in 0..10 {
        site.sessions.doubt(&grant, &token, now);
    }
    site.backend.renewed.notified().await;
    let entry = site.sessions.0.known(&grant).unwrap();
    drop(entry.turn.lock().await);

    assert_eq!(site.token().await.unwrap(), "token-1");
    site.sessions.doubt(&grant, &token, now);
    assert_eq!(site.n_asked(), 1);
}

#[tokio::test]
async fn a_new_sign_in_in_the_session_is_what_requests_go_on_with() {
    let site = Site::signed_in().await;
    site.token().await.unwrap();

    let again = given(7, NOW);
    let id = SessionId::new("session");
    site.sessions.keep(&id, &again, NOW).await.unwrap();

    assert_eq!(site.token().await.unwrap(), "token-7");
    site.keep().await;
    assert_eq!(site.ended(), ["0"], "what the first brought");
}

#[tokio::test]
async fn a_session_that_nobody_uses_is_kept_alive() {
    let site = Site::signed_in().await;

    site.after(1799);
    site.keep().await;
    assert_eq!(site.n_asked(), 0);
    site.after(1);
    site.keep().await;
    site.keep().await;

    assert_eq!(site.n_asked(), 1);
    assert_eq!(site.token().await.unwrap(), "token-1");
}

#[tokio::test]
async fn the_backend_is_told_of_sessions_that_ended_until_it_hears() {
    let site = Site::signed_in().await;
    site.backend.n_deaf.store(1, Ordering::SeqCst);
    let id = SessionId::new("session");

    site.store.end_session(&id, NOW).await.unwrap();
    site.keep().await;
    site.keep().await;
    assert_eq!(site.ended(), ["0"], "not at once again");
    for _ in 0..3 {
        site.after(150);
        site.keep().await;
    }

    assert_eq!(site.ended(), ["0", "0"], "heard the second time");
}

#[tokio::test]
async fn a_backend_that_never_hears_of_an_end_is_given_up() {
    let site = Site::signed_in().await;
    site.backend.n_deaf.store(100, Ordering::SeqCst);
    let id = SessionId::new("session");

    site.store.end_session(&id, NOW).await.unwrap();
    for _ in 0..6 {
        site.keep().await;
        site.after(150);
    }

    assert_eq!(site.ended().len(), 3);
}

#[tokio::test]
async fn what_belongs_to_nothing_any_more_ends_at_the_backend() {
    let site = Site::signed_in().await;

    site.after(86_400);
    site.keep().await;

    assert_eq!(site.ended(), ["0"]);
    assert_eq!(site.n_asked(), 0, "not renewed first");
}

/// The bound of the design: as many upstream renewals as sessions, whoever asks.
#[tokio::test]
async fn a_thousand_sessions_are_renewed_once_each() {
    let site = Site::signed_in().await;
    for n in 0..1000 {
        let id = SessionId::new(format!("s{n}"));
        site.sign_in(id.as_str(), &format!("g{n}")).await;
        let upstream = given(0, NOW);
        site.sessions.keep(&id, &upstream, NOW).await.unwrap();
    }
    let now = site.after(600);

    let requests: Vec<_> = (0..3000)
        .map(|n| {
            let sessions = site.sessions.clone();
            let grant = GrantId::new(format!("g{}", n % 1000));
            tokio::spawn(async move { sessions.obtain(&grant, now).await.map(drop) })
        })
        .collect();
    for request in requests {
        request.await.unwrap().unwrap();
    }

    assert_eq!(site.n_asked(), 1000);
}
