//! Token buckets: so many requests in a period, for each of any number of keys, in bounded memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::Rate;
use super::key::Key;

/// Buckets of one limit that are kept, about 200 bytes each. A bucket that has to make room is one
/// that nobody used for longest, so most likely full again. Whoever has more networks than this
/// gets more requests through than one has, which only `at_once` bounds; but nobody is ever refused
/// for what another one sent, as a table of shared counters would do when it is flooded.
const KEPT: u64 = 65_536;

/// The buckets of one limit.
///
/// Each is one number: when it will be full again, in nanoseconds of the clock (the theoretical
/// arrival time of the generic cell rate algorithm). So time fills it, and nothing has to run.
#[derive(Debug)]
pub(super) struct Buckets {
    rate: Rate,
    kept: Cache<Key, Arc<AtomicU64>>,
}

impl Buckets {
    /// Full buckets for everybody.
    pub(super) fn new(rate: Rate) -> Self {
        let kept = Cache::builder()
            .max_capacity(KEPT)
            .eviction_policy(EvictionPolicy::lru())
            // One that was not used for so long is full, as one that is not there.
            .time_to_idle(until_full(rate).saturating_add(Duration::from_secs(1)))
            .build();
        Self { rate, kept }
    }

    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes one from the bucket of `key`; if it is empty, how long until there is one.
    pub(super) fn spend(&self, key: Key, now: Duration) -> Result<(), Duration> {
        let bucket = match self.kept.get(&key) {
            Some(bucket) => bucket,
            // Of several that come first at once, all get the same one.
            None => self.kept.get_with(key, Arc::default),
        };
        let now = nanoseconds(now);
        let (one, all) = (
            nanoseconds(one(self.rate)),
            nanoseconds(until_full(self.rate)),
        );
        let spend = |full_at: u64| {
            let full_at = full_at.max(now).saturating_add(one);
            (full_at - now <= all).then_some(full_at)
        };
        bucket
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, spend)
            .map(drop)
            .map_err(|full_at| {
                let needed = full_at.max(now).saturating_add(one);
                Duration::from_nanos((needed - now).saturating_sub(all))
            })
    }
}

/// The time in which a bucket gets one request back.
fn one(rate: Rate) -> Duration {
    rate.period / rate.requests.get()
}

/// The time in which an empty bucket gets full.
fn until_full(rate: Rate) -> Duration {
    one(rate).saturating_mul(rate.burst.get())
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn buckets(requests: u32, period_s: u64, burst: u32) -> Buckets {
        Buckets::new(Rate {
            requests: NonZeroU32::new(requests).unwrap(),
            period: Duration::from_secs(period_s),
            burst: NonZeroU32::new(burst).unwrap(),
        })
    }

    const START: Duration = Duration::from_secs(1000);

    fn ms(ms: u64) -> Duration {
        START + Duration::from_millis(ms)
    }

    #[test]
    fn a_bucket_holds_its_burst_and_fills_evenly() {
        let buckets = buckets(10, 1, 3);
        for _ in 0..3 {
            assert_eq!(buckets.spend(1, START), Ok(()));
        }

        assert_eq!(buckets.spend(1, START), Err(Duration::from_millis(100)));
        assert_eq!(buckets.spend(1, ms(99)), Err(Duration::from_millis(1)));
        assert_eq!(buckets.spend(1, ms(100)), Ok(()));
        assert_eq!(buckets.spend(1, ms(100)), Err(Duration::from_millis(100)));
        // However long nobody comes, it holds no more than its burst.
        let passed = (0..9).filter(|_| buckets.spend(1, ms(60_000)).is_ok());
        assert_eq!(passed.count(), 3);
    }

    #[test]
    fn a_refused_request_costs_nothing() {
        let buckets = buckets(1, 10, 1);
        assert_eq!(buckets.spend(1, START), Ok(()));
        for _ in 0..100 {
            assert_eq!(buckets.spend(1, ms(1000)), Err(Duration::from_secs(9)));
        }

        assert_eq!(buckets.spend(1, ms(10_000)), Ok(()));
    }

    #[test]
    fn buckets_are_apart_and_of_bounded_number() {
        let buckets = buckets(1, 3600, 1);
        for key in 0..200_000 {
            assert_eq!(buckets.spend(key, START), Ok(()), "{key}");
        }
        buckets.kept.run_pending_tasks();

        assert!(buckets.kept.entry_count() <= KEPT);
        assert!(buckets.spend(199_999, START).is_err(), "the last is kept");
    }

    #[test]
    fn of_many_at_once_no_more_pass_than_the_bucket_holds() {
        let buckets = buckets(1, 3600, 50);
        let passed: usize = std::thread::scope(|scope| {
            let tries = || (0..100).filter(|_| buckets.spend(7, START).is_ok()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(tries)).collect();
            threads.into_iter().map(|it| it.join().unwrap()).sum()
        });

        assert_eq!(passed, 50);
    }
}
