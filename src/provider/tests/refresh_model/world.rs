//! A provider over a database file, which can crash; and grants as sign-ins leave them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::oracle::Backend;
use crate::clock::ManualClock;
use crate::entropy;
use crate::model::{
    AuthorizationCode, ClientId, Device, Grant, GrantId, RequestedClaims, Scope, Session,
    SessionId, Timestamp,
};
use crate::provider::tests::support::{
    Answer, Ground, NoWeb, SERVICE_SECRET, START, TestProvider, TestUsers, Tokens, basic,
    clients_in, profile, settings,
};
use crate::secret::Secret;
use crate::store::{self, Store, Synchronous};
use crate::users::{BackendError, Standing};

/// The machine, its disk, and the backend beside it.
#[derive(Debug)]
pub(super) struct World {
    folder: TempDir,
    clock: Arc<ManualClock>,
    users: Arc<TestUsers>,
    backend: Backend,
    pub(super) op: TestProvider,
    /// Other processes over the same database.
    others: [TestProvider; 2],
    /// How many requests were sent, and so which process is next.
    n_sent: AtomicUsize,
    n_crashes: usize,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, users) = (Arc::new(ManualClock::at(START)), Arc::default());
        let op = provider(&folder, &clock, &users).await;
        let others = [
            provider(&folder, &clock, &users).await,
            provider(&folder, &clock, &users).await,
        ];
        Self {
            others,
            n_sent: AtomicUsize::new(0),
            n_crashes: 0,
            folder,
            clock,
            users,
            backend: Backend::Active,
            op,
        }
    }

    /// A process ends at once, and another begins where it stopped.
    pub(super) async fn crash(&mut self) {
        let begun = provider(&self.folder, &self.clock, &self.users).await;
        let [second, third] = &mut self.others;
        *[&mut self.op, second, third][self.n_crashes % 3] = begun;
        self.n_crashes += 1;
    }

    /// The process that the next request goes to.
    fn next(&self) -> &TestProvider {
        let [second, third] = &self.others;
        [&self.op, second, third][self.n_sent.fetch_add(1, Ordering::Relaxed) % 3]
    }

    pub(super) const fn backend(&self) -> Backend {
        self.backend
    }

    pub(super) fn set_backend(&mut self, backend: Backend) {
        self.backend = backend;
        self.users.say(match backend {
            Backend::Active => None,
            Backend::Locked => Some(Ok(Standing::Ended("locked"))),
            Backend::Silent => Some(Err(BackendError("no connection"))),
        });
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.op.now())
    }

    /// A session in which somebody has just signed in.
    pub(super) async fn session(&self) -> SessionId {
        let now = self.now();
        let id = SessionId::new(entropy::identifier().unwrap());
        let session = Session {
            id: id.clone(),
            user: profile("alice"),
            authenticated_at: now,
            idle_until: now.after(self.op.provider.settings.session_lifetime),
            expires_at: now.after(self.op.provider.settings.session_lifetime),
            last_seen_at: now,
            device: Device::default(),
        };
        let cookie = entropy::opaque_token().unwrap().digest();
        self.op.store.save_session(&cookie, &session).await.unwrap();
        id
    }

    /// What a client gets for a grant given in `session`.
    pub(super) async fn grant(&self, client: &str, session: &SessionId) -> (GrantId, Tokens) {
        let now = self.now();
        let grant = Grant {
            id: GrantId::new(entropy::identifier().unwrap()),
            client_id: ClientId::parse(client).unwrap(),
            user: profile("alice"),
            session_id: session.clone(),
            scope: Scope::parse("offline_access demo.read").unwrap(),
            resources: Vec::new(),
            claims: RequestedClaims::default(),
            authenticated_at: now,
            nonce: None,
            granted_at: now,
        };
        let id = grant.id.clone();
        let record = AuthorizationCode {
            grant,
            redirect_uri: "https://app.example/callback".to_owned(),
            code_challenge: None,
            expires_at: now.after(self.op.provider.settings.code_lifetime),
        };
        let code = entropy::opaque_token().unwrap();
        self.op
            .store
            .save_code(&code.digest(), &record)
            .await
            .unwrap();
        let answer = self
            .send(
                client,
                "token",
                &[
                    ("grant_type", "authorization_code"),
                    ("code", code.expose()),
                    ("redirect_uri", "https://app.example/callback"),
                ],
            )
            .await;
        (id, Tokens::of(&answer))
    }

    pub(super) async fn refresh(&self, client: &str, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.send(client, "token", &form).await
    }

    pub(super) async fn revoke(&self, client: &str, token: &str) -> Answer {
        self.send(client, "revoke", &[("token", token)]).await
    }

    async fn send(&self, client: &str, endpoint: &str, form: &[(&str, &str)]) -> Answer {
        let path = format!("/oidc/oauth2/{endpoint}");
        let op = self.next();
        if client == "service" {
            let authorization = basic("service", SERVICE_SECRET);
            op.post(&path, Some(&authorization), form).await
        } else {
            let form = [&[("client_id", client)], form].concat();
            op.post(&path, None, &form).await
        }
    }

    /// Whether an access token still opens something: one without `openid` is told so.
    pub(super) async fn is_good(&self, access_token: &Secret) -> bool {
        let op = self.next();
        // As it does when it hears of a change.
        op.store.refresh_revocations().await.unwrap();
        op.userinfo(access_token.expose()).await.status == 403
    }
}

async fn provider(
    folder: &TempDir,
    clock: &Arc<ManualClock>,
    users: &Arc<TestUsers>,
) -> TestProvider {
    // Each history is about the order of commits; what the disk makes of them is asked in the tests
    // of the store.
    let at = store::testing::settings_in(folder.path(), Synchronous::Normal);
    let store = Store::open(&at).await.unwrap();
    let ground = Ground {
        store,
        clock: Arc::clone(clock),
        users: Arc::clone(users),
        clients: clients_in(Arc::new(NoWeb)),
    };
    TestProvider::over(ground, settings(), u32::MAX)
}
