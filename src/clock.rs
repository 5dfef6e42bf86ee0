//! The only reader of the system time.
//!
//! Everything else takes `now` as an argument, read once for each request, so that one request
//! sees one present and a test can choose it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// Where the present comes from: the system, or a test that moves it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present, in whole seconds.
    fn now(&self) -> Timestamp;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reader of the system time"
    )]
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as the epoch: every token is then "not yet valid", which refuses.
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::from_secs(since_epoch.as_secs())
    }
}

/// A clock that moves only when told to, for tests and benches.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that stands at `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicU64::new(now.as_secs()))
    }

    /// Moves the present forward by `step`, whole seconds.
    pub fn advance(&self, step: Duration) {
        self.0.fetch_add(step.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }
}
