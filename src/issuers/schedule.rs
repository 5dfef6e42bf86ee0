//! When keys are fetched: often enough to be right, never so often that strangers could make us
//! flood the issuer.

use std::time::Duration;

use super::error::FetchError;
use super::settings::FetchedKeys;
use crate::model::Timestamp;

/// The least that keys are kept for, whatever the answer says (default 1 min).
const MIN_AGE: Duration = Duration::from_secs(60);

/// The longest pause between attempts while the issuer is down.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// What became of the attempts so far, and when the next one is due.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    last: Option<(Timestamp, Result<(), FetchError>)>,
    n_failures: u32,
    fetched_at: Option<Timestamp>,
    next: Timestamp,
}

impl Schedule {
    /// The outcome of the last attempt, if it is too early for another one.
    pub(super) fn recent(
        &self,
        settings: &FetchedKeys,
        now: Timestamp,
    ) -> Option<Result<(), FetchError>> {
        let (at, outcome) = self.last.as_ref()?;
        // A clock that was set back makes no attempt recent.
        let is_recent = *at <= now && now.since(*at) < settings.min_interval;
        is_recent.then(|| outcome.clone())
    }

    /// Whether keys are to be fetched, though nobody asks for them.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let was_set_back = self.last.as_ref().is_some_and(|(at, _)| now < *at);
        now >= self.next || was_set_back
    }

    /// Keys were fetched that may be kept for `max_age`.
    pub(super) fn succeeded(
        &mut self,
        settings: &FetchedKeys,
        max_age: Option<Duration>,
        now: Timestamp,
    ) {
        let age = max_age.unwrap_or(settings.interval);
        // `min` last: who wants keys to be fetched more often than once a minute may.
        self.next = now.after(age.max(MIN_AGE).min(settings.interval));
        self.last = Some((now, Ok(())));
        self.fetched_at = Some(now);
        self.n_failures = 0;
    }

    /// Keys could not be fetched. `jitter`, of 256, keeps many of us from coming at once.
    pub(super) fn failed(
        &mut self,
        settings: &FetchedKeys,
        error: FetchError,
        jitter: u8,
        now: Timestamp,
    ) {
        let doublings = self.n_failures.min(8);
        let pause = settings.min_interval * 2_u32.pow(doublings);
        let pause = pause.min(MAX_PAUSE.max(settings.min_interval));
        self.next = now.after(pause + pause * u32::from(jitter) / 1024);
        self.last = Some((now, Err(error)));
        self.n_failures = self.n_failures.saturating_add(1);
    }

    /// How old the keys are; `None` when there never were any.
    pub(super) fn age(&self, now: Timestamp) -> Option<Duration> {
        self.fetched_at.map(|at| now.since(at))
    }

    /// Whether the last attempt failed.
    pub(super) const fn is_failing(&self) -> bool {
        self.n_failures > 0
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::settings::KeyLocation;
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn settings() -> FetchedKeys {
        FetchedKeys {
            location: KeyLocation::Jwks(Url::parse("https://op.test/keys").unwrap()),
            interval: Duration::from_secs(900),
            min_interval: Duration::from_secs(10),
            outage_grace: Duration::from_secs(86_400),
        }
    }

    fn after(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    /// The first second in which keys are due again.
    fn due_after(schedule: &Schedule) -> Option<u64> {
        (0..100_000).find(|seconds| schedule.is_due(after(*seconds)))
    }

    #[test]
    fn i10_the_age_that_an_answer_allows_is_bounded() {
        for (max_age, expected) in [
            (None, 900),
            (Some(0), 60),
            (Some(300), 300),
            (Some(999_999_999), 900),
        ] {
            let mut schedule = Schedule::default();
            schedule.succeeded(&settings(), max_age.map(Duration::from_secs), NOW);
            assert_eq!(due_after(&schedule), Some(expected), "{max_age:?}");
        }
    }

    #[test]
    fn i08_an_issuer_that_is_down_is_asked_less_and_less() {
        let mut schedule = Schedule::default();
        assert!(schedule.is_due(NOW));
        for expected in [10, 20, 40, 80, 160, 300, 300] {
            schedule.failed(&settings(), FetchError::Status(503), 0, NOW);
            assert_eq!(due_after(&schedule), Some(expected));
        }
        schedule.failed(&settings(), FetchError::Status(503), 255, NOW);
        assert_eq!(due_after(&schedule), Some(374), "a quarter more at most");
        assert!(schedule.is_failing());

        schedule.succeeded(&settings(), None, NOW);

        assert!(!schedule.is_failing());
        assert_eq!(schedule.age(after(7)), Some(Duration::from_secs(7)));
    }

    #[test]
    fn i05_within_the_shortest_interval_the_last_outcome_counts() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.recent(&settings(), NOW), None);

        schedule.failed(&settings(), FetchError::Status(500), 0, NOW);

        let failed = Some(Err(FetchError::Status(500)));
        assert_eq!(schedule.recent(&settings(), after(9)), failed);
        assert_eq!(schedule.recent(&settings(), after(10)), None);
    }

    #[test]
    fn h36_a_clock_that_was_set_back_stops_nothing() {
        let mut schedule = Schedule::default();
        schedule.succeeded(&settings(), None, NOW);
        let earlier = NOW.before(Duration::from_secs(3600));

        assert_eq!(schedule.recent(&settings(), earlier), None);
        assert!(schedule.is_due(earlier));
        assert_eq!(schedule.age(earlier), Some(Duration::ZERO));
    }
}
