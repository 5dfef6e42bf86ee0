//! State that outlives a process: grants, codes, refresh tokens, sessions, keys, revocations.
//! CONTRACT STUB: bodies to be written.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::jose::{RingKey, SigningAlgorithm};
use crate::model::{
    AuthorizationCode, Grant, GrantId, RefreshToken, Session, SessionId, Timestamp,
};
use crate::secret::{Digest, Secret};

/// What the store runs on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The SQLite file; its folder is created. `None`: in memory, gone with the process (tests).
    pub path: Option<PathBuf>,
    /// The file with the 32-byte key (base64) that signing keys are encrypted under; created with
    /// mode 0600 when missing. `None` only together with `path: None`.
    pub key_file: Option<PathBuf>,
    /// Whether a commit waits for the disk (`synchronous=FULL`, default) or only for the kernel.
    pub synchronous: Synchronous,
}

/// How durable a commit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Survives power loss.
    #[default]
    Full,
    /// Survives a crash of the process.
    Normal,
}

/// The store could not answer; the request may well have been right.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// example
    #[error("the database failed: {0}")]
    Database(String),
}

/// What presenting a one-time artefact brought.
#[derive(Debug)]
pub enum Redemption<T> {
    /// Its first use.
    Fresh(T),
    /// A later use; what came of the first must go too.
    Replayed(GrantId),
    /// Never issued, expired or revoked.
    Unknown,
}

/// The state of this deployment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {}

impl Store {
    /// Opens (and creates, and migrates) the store.
    pub async fn open(_settings: &Settings) -> Result<Self, StoreError> {
        todo!()
    }
    /// Answers when the database answers (readiness).
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }

    /// Stores a grant together with its code, in one batch.
    pub async fn save_code(
        &self,
        _code: &Digest,
        _record: &AuthorizationCode,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// Marks the code used and returns it, as one statement: of any number of concurrent calls
    /// exactly one sees `Fresh`.
    pub async fn redeem_code(
        &self,
        _code: &Digest,
        _now: Timestamp,
    ) -> Result<Redemption<AuthorizationCode>, StoreError> {
        todo!()
    }

    /// Stores the first refresh token of a grant.
    pub async fn save_refresh_token(
        &self,
        _token: &Digest,
        _grant: &GrantId,
        _expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// The token's record without using it; `None` when unknown, spent, expired or its grant revoked.
    pub async fn find_refresh_token(
        &self,
        _token: &Digest,
        _now: Timestamp,
    ) -> Result<Option<RefreshToken>, StoreError> {
        todo!()
    }
    /// Spends `token` and stores `successor`, in one batch: exactly one of concurrent calls is `Fresh`.
    pub async fn rotate_refresh_token(
        &self,
        _token: &Digest,
        _successor: &Digest,
        _expires_at: Timestamp,
        _now: Timestamp,
    ) -> Result<Redemption<RefreshToken>, StoreError> {
        todo!()
    }

    /// Revokes a grant with all its tokens. Durable before it returns, and seen by
    /// [`Self::revocations`] at once.
    pub async fn revoke_grant(&self, _grant: &GrantId, _now: Timestamp) -> Result<(), StoreError> {
        todo!()
    }
    /// The grant, unless revoked or unknown.
    pub async fn find_grant(&self, _grant: &GrantId) -> Result<Option<Grant>, StoreError> {
        todo!()
    }
    /// Revokes one access token by `jti` until `expires_at`.
    pub async fn revoke_token(
        &self,
        _token_id: &str,
        _expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// What is revoked, in memory; consulted on every request.
    pub fn revocations(&self) -> &Arc<Revocations> {
        todo!()
    }

    /// Stores a new session under the digest of its cookie.
    pub async fn save_session(
        &self,
        _cookie: &Digest,
        _session: &Session,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// The session of a cookie if it has not ended at `now`.
    pub async fn find_session(
        &self,
        _cookie: &Digest,
        _now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        todo!()
    }
    /// Moves `idle_until` (called at most once a minute per session).
    pub async fn touch_session(
        &self,
        _cookie: &Digest,
        _idle_until: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// Ends a session and revokes every grant given in it, in one batch.
    pub async fn end_session(
        &self,
        _session: &SessionId,
        _now: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Counts an attempt for `key` (a digest of the login's counting key) *before* the password is
    /// checked. Atomic: parallel attempts cannot exceed the limits.
    pub async fn reserve_attempt(
        &self,
        _key: &Digest,
        _limits: &AttemptLimits,
        _now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        todo!()
    }
    /// The password was right: the count starts anew.
    pub async fn clear_attempts(&self, _key: &Digest) -> Result<(), StoreError> {
        todo!()
    }
    /// The backend could not answer: takes the reserved attempt back.
    pub async fn return_attempt(&self, _key: &Digest) -> Result<(), StoreError> {
        todo!()
    }

    /// All stored signing keys, decrypted.
    pub async fn load_keys(&self) -> Result<Vec<RingKey>, StoreError> {
        todo!()
    }
    /// Stores a new key, encrypted, and lets its predecessors of the same algorithm be published
    /// until `predecessors_until`, in one batch.
    pub async fn save_key(
        &self,
        _key: &RingKey,
        _predecessors_until: Timestamp,
    ) -> Result<(), StoreError> {
        todo!()
    }
    /// Makes sure that there is a key for each of `algorithms`; returns all keys.
    pub async fn ensure_keys(
        &self,
        _algorithms: &[SigningAlgorithm],
        _now: Timestamp,
    ) -> Result<Vec<RingKey>, StoreError> {
        todo!()
    }

    /// Deletes what has expired, at most `limit` rows of each kind; returns how many.
    pub async fn collect_garbage(&self, _now: Timestamp, _limit: u32) -> Result<u64, StoreError> {
        todo!()
    }
    /// A random 32-byte secret that is kept in the store under `name` (CSRF MAC key, ...).
    pub async fn secret(&self, _name: &str) -> Result<Secret, StoreError> {
        todo!()
    }
}

/// How many wrong passwords in a row a login has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Failures in a row before a pause (default 5).
    pub failures_before_pause: u32,
    /// How long the pause lasts; after it each further failure brings another pause.
    pub pause: Duration,
    /// Failures in a row that are never exceeded until a success clears the count or
    /// `memory` has passed since the last failure (default 8: below Cells' permanent lock at ten).
    pub ceiling: Option<u32>,
}

/// Whether a password may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Yes; the attempt is counted.
    Reserved,
    /// Not before this moment.
    PausedUntil(Timestamp),
    /// Not until an administrator clears the count.
    Exhausted,
}

/// Revoked tokens and grants, in memory.
#[derive(Debug, Default)]
pub struct Revocations {}

impl Revocations {
    /// Whether a token with this `jti` or grant is revoked. Nanoseconds when nothing is.
    pub fn covers(&self, _token_id: Option<&str>, _grant: Option<&GrantId>) -> bool {
        todo!()
    }
    /// How many entries there are.
    pub fn len(&self) -> usize {
        todo!()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
