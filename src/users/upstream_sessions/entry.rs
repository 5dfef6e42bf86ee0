//! One session at the backend, as it is held in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use crate::model::Timestamp;
use crate::store::StoredUpstreamSession;

/// A token is renewed while it is still good for so long.
const AHEAD: Duration = Duration::from_secs(2 * 60);

/// What is known of a session at the backend.
#[derive(Debug)]
pub(super) struct Entry {
    stored: ArcSwap<StoredUpstreamSession>,
    /// When the token was got; 0 when another process, or an earlier one, got it.
    renewed_at: AtomicU64,
    /// Whether it has ended, or another one has taken its place.
    is_over: AtomicBool,
    /// Whether a renewal that nobody waits for is under way.
    in_background: AtomicBool,
    /// Held by who renews.
    pub(super) turn: Mutex<Attempts>,
}

/// What came of the attempts to renew.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Until then nobody asks again.
    pub(super) paused_until: Option<(Timestamp, &'static str)>,
    /// Whether an answer was lost, and with it perhaps what the next renewal is made with.
    pub(super) lost_answer: bool,
}

impl Entry {
    pub(super) fn new(stored: Arc<StoredUpstreamSession>) -> Self {
        Self {
            stored: ArcSwap::new(stored),
            renewed_at: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            in_background: AtomicBool::new(false),
            turn: Mutex::default(),
        }
    }

    /// What the backend gave last, as far as it is known here.
    pub(super) fn stored(&self) -> Arc<StoredUpstreamSession> {
        self.stored.load_full()
    }

    /// Takes over what is newer than what is known.
    pub(super) fn adopt(&self, found: &Arc<StoredUpstreamSession>) {
        self.stored
            .rcu(|known| match known.version < found.version {
                true => Arc::clone(found),
                false => Arc::clone(known),
            });
    }

    /// Whether the token should be renewed while it is good. Of one that lives for a moment only the
    /// last fifth counts, or it would be renewed all the time.
    pub(super) fn soon_ends(&self, now: Timestamp) -> bool {
        let ends_at = self.stored.load().upstream.token_expires_at;
        let lifetime = ends_at.since(self.renewed_at());
        now >= ends_at.before(AHEAD.min(lifetime / 5))
    }

    pub(super) fn renewed_at(&self) -> Timestamp {
        Timestamp::from_secs(self.renewed_at.load(Ordering::Relaxed))
    }

    pub(super) fn note_renewed(&self, now: Timestamp) {
        self.renewed_at.store(now.as_secs(), Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// From now on it is not what its session has.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Whether the caller is to renew in the background; nobody else is until it has.
    pub(super) fn begin_background(&self) -> bool {
        !self.in_background.swap(true, Ordering::Relaxed)
    }

    pub(super) fn end_background(&self) {
        self.in_background.store(false, Ordering::Relaxed);
    }
}
