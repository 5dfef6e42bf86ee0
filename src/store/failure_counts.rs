//! How often an address failed, counted by all processes together.
//!
//! In front is each process's own count in memory ([`FailureLimiter`]). An address that has failed
//! too often is refused by that alone, so a flood from it reaches the database no more. One that
//! failed before is looked up before each attempt, one that did not every two seconds. At most a few
//! look-ups are under way at once, and a few more wait; whoever finds no place, or no answer in time,
//! is judged by what is known here. So of one address the limit holds for the sum of all processes,
//! but for what is being checked in them at one moment, and however many addresses there are, the
//! database sees a few statements at a time.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::timeout;

use super::db::{Row, Rows, Statement};
use super::{Store, StoreError};
use crate::failures::{FailureCounts, FailureLimiter, counted_as};
use crate::gate::Gate;
use crate::model::Timestamp;
use crate::secret::Digest;

/// Statements at once, and those that wait for their turn.
const AT_ONCE: usize = 4;
const WAITING: usize = 64;

/// How long an attempt waits for the database on this account.
const PATIENCE: Duration = Duration::from_secs(1);

/// For how long an address without failures is believed to have none elsewhere.
const BELIEVED_S: u64 = 2;

/// Places in which it is remembered when an address was looked up; several may share one, and then
/// one of them is not looked up as often.
const PLACES: usize = 8192;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Wrong passwords.
    Passwords,
    /// Clients that did not prove who they are.
    Clients,
    /// Registrations of clients.
    Registrations,
}

impl Counted {
    const fn name(self) -> &'static str {
        match self {
            Self::Passwords => "passwords",
            Self::Clients => "clients",
            Self::Registrations => "registrations",
        }
    }
}

/// A [`FailureLimiter`] whose counts all processes over one database share.
#[derive(Debug)]
pub struct SharedLimiter {
    local: FailureLimiter,
    /// `None` where nobody shares the database.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    counted: Counted,
    gate: Gate,
    key: RandomState,
    looked_up: Vec<AtomicU64>,
}

impl SharedLimiter {
    /// At most `limit` failures from one address in each `window`, going on from what this process
    /// has counted.
    pub fn new(
        store: &Store,
        counted: Counted,
        counts: Arc<FailureCounts>,
        (limit, window): (u32, Duration),
    ) -> Self {
        let shared = store.is_shared().then(|| Shared {
            store: store.clone(),
            counted,
            gate: Gate::new(AT_ONCE),
            key: RandomState::new(),
            looked_up: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
        });
        Self {
            local: FailureLimiter::over(counts, limit, window),
            shared,
        }
    }

    /// How long `address` has to wait before anything is checked for it again; `None`: not at all.
    pub async fn wait(&self, address: IpAddr, now: Timestamp) -> Option<Duration> {
        let wait = self.local.wait(address, now);
        let shared = self.shared.as_ref();
        let (None, Some(shared)) = (wait, shared) else {
            return wait;
        };
        let has_failed = self.local.count_of(address, now) > 0;
        if shared.is_to_be_looked_up(address, now) || has_failed {
            let digest = shared.digest(&self.local, address, now);
            let looked_up = shared.ask(shared.store.failures_of(&digest)).await;
            self.local
                .learn(address, looked_up.unwrap_or_default(), now);
        }
        self.local.wait(address, now)
    }

    /// Counts a failure of `address`.
    pub async fn count(&self, address: IpAddr, now: Timestamp) {
        self.local.count(address, now);
        if let Some(shared) = &self.shared {
            let digest = shared.digest(&self.local, address, now);
            let until = now.after(self.local.window());
            let total = shared.ask(shared.store.count_failure(&digest, until)).await;
            self.local.learn(address, total.unwrap_or_default(), now);
        }
    }
}

impl Shared {
    /// What the database says; `None` when it does not in time, or too many ask.
    async fn ask(&self, question: impl Future<Output = Result<u64, StoreError>>) -> Option<u64> {
        let answered = timeout(PATIENCE, async {
            let _turn = self.gate.pass(WAITING).await?;
            Some(question.await)
        });
        match answered.await.ok()?? {
            Ok(count) => Some(count),
            Err(error) => {
                tracing::debug!(%error, "failures of other nodes are not known");
                None
            }
        }
    }

    fn digest(&self, limiter: &FailureLimiter, address: IpAddr, now: Timestamp) -> Digest {
        let mut name = Vec::with_capacity(64);
        name.extend_from_slice(self.counted.name().as_bytes());
        name.push(0);
        name.extend_from_slice(&counted_as(address).to_be_bytes());
        name.extend_from_slice(&limiter.window().as_secs().to_be_bytes());
        name.extend_from_slice(&limiter.window_of(now).to_be_bytes());
        Digest::of(&name)
    }

    /// Whether it was not looked up for a while; from now on it was.
    fn is_to_be_looked_up(&self, address: IpAddr, now: Timestamp) -> bool {
        let hash = self.key.hash_one(counted_as(address));
        let place = hash % u64::try_from(self.looked_up.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(place).unwrap_or_default();
        let Some(place) = self.looked_up.get(place) else {
            return true;
        };
        let last = place.load(Ordering::Relaxed);
        let is_due = now.as_secs() >= last.saturating_add(BELIEVED_S) || now.as_secs() < last;
        if is_due {
            place.store(now.as_secs(), Ordering::Relaxed);
        }
        is_due
    }
}

impl Store {
    /// Counts a failure under `digest` until `expires_at`; how many there are.
    async fn count_failure(
        &self,
        digest: &Digest,
        expires_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let count = Statement::new(
            "INSERT INTO failure_counts (digest, failures, expires_at) VALUES ($1, 1, $2)
             ON CONFLICT (digest) DO UPDATE SET failures = failure_counts.failures + 1
             RETURNING failures",
        );
        read_count(self.run(count.bind(digest).bind(expires_at)).await?)
    }

    /// How many failures are counted under `digest`.
    async fn failures_of(&self, digest: &Digest) -> Result<u64, StoreError> {
        let select = Statement::new("SELECT failures FROM failure_counts WHERE digest = $1");
        read_count(self.run(select.bind(digest)).await?)
    }
}

fn read_count(rows: Rows) -> Result<u64, StoreError> {
    let mut row = rows.first();
    let count = row.as_mut().map_or(Ok(0), Row::integer)?;
    Ok(u64::try_from(count).unwrap_or_default())
}
