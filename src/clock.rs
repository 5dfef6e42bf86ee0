//! The only reader of the system time.
//!
//! Everything else takes `now` as an argument, read once for each request, so that one request
//! sees one present and a test can choose it.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// Where the present comes from: the system, or a test that moves it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present, in whole seconds.
    fn now(&self) -> Timestamp;

    /// How long it has been running, to the nanosecond; it never goes back. For what needs finer
    /// steps than seconds and no date.
    fn uptime(&self) -> Duration;

    /// The present since 1970, as finely as it is known: for those who are told when something was.
    fn since_epoch(&self) -> Duration {
        Duration::from_secs(self.now().as_secs())
    }
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reader of the system time"
    )]
    fn since_epoch(&self) -> Duration {
        // A clock before 1970 reads as the epoch: every token is then "not yet valid", which refuses.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        since_epoch.unwrap_or(Duration::ZERO)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.since_epoch().as_secs())
    }

    fn uptime(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// A clock that moves only when told to, for tests and benches.
#[derive(Debug)]
pub struct ManualClock {
    now_s: AtomicU64,
    uptime_ns: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now_s: AtomicU64::new(now.as_secs()),
            uptime_ns: AtomicU64::new(0),
        }
    }

    /// Moves the present forward by `step`; dates by its whole seconds.
    pub fn advance(&self, step: Duration) {
        self.now_s.fetch_add(step.as_secs(), Ordering::SeqCst);
        let step_ns = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX);
        self.uptime_ns.fetch_add(step_ns, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.now_s.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Duration {
        Duration::from_nanos(self.uptime_ns.load(Ordering::SeqCst))
    }
}
