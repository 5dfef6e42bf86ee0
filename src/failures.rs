//! How often an address may fail before nothing costly is done for it any more.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::Timestamp;
use crate::secret::Digest;

/// Counters; 2 × 8192 × 8 bytes are 128 KiB, however many addresses there are.
const COUNTERS: usize = 8192;

/// Counts failures for each address and window of time, in constant memory.
///
/// Used where sending costs the peer little and checking costs us much: signatures of tokens,
/// passwords, client secrets. The counts are in memory only: after a restart nobody gains more than
/// one window; where several processes must count together, `store/failure_counts.rs` does. The counters are
/// shared by hash (two independent ones for each address, the smaller counts), so an address may
/// be counted too high by chance, never too low; the hash is keyed, so nobody can aim at another
/// address. IPv6 addresses count by their /64, which one customer has whole.
#[derive(Debug)]
pub struct FailureLimiter {
    limit: u32,
    window_s: u64,
    counts: Arc<FailureCounts>,
}

/// What a limiter has counted. It can be kept for one with another limit; another window begins
/// anew.
#[derive(Debug)]
pub struct FailureCounts {
    keys: [RandomState; 2],
    rows: [Vec<AtomicU64>; 2],
}

impl Default for FailureCounts {
    fn default() -> Self {
        let row = || (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Self {
            keys: [RandomState::new(), RandomState::new()],
            rows: [row(), row()],
        }
    }
}

impl FailureLimiter {
    /// At most `limit` failures from one address in each `window` (a second at least).
    pub fn new(limit: u32, window: Duration) -> Self {
        Self::over(Arc::default(), limit, window)
    }

    /// The same, going on from what was counted.
    pub fn over(counts: Arc<FailureCounts>, limit: u32, window: Duration) -> Self {
        Self {
            limit,
            window_s: window.as_secs().max(1),
            counts,
        }
    }

    /// How long `address` has to wait before anything is checked for it again; `None`: not at all.
    pub fn wait(&self, address: IpAddr, now: Timestamp) -> Option<Duration> {
        self.wait_of(counted_as(address), now)
    }

    /// The same for something else than an address.
    pub fn wait_key(&self, key: &Digest, now: Timestamp) -> Option<Duration> {
        self.wait_of(shortened(key), now)
    }

    fn wait_of(&self, counted: u128, now: Timestamp) -> Option<Duration> {
        (self.known(counted, now) >= u64::from(self.limit))
            .then(|| Duration::from_secs(self.window_s - now.as_secs() % self.window_s))
    }

    /// Counts a failure of `address`.
    pub fn count(&self, address: IpAddr, now: Timestamp) {
        self.add(counted_as(address), now);
    }

    /// The same for something else than an address.
    pub fn count_key(&self, key: &Digest, now: Timestamp) {
        self.add(shortened(key), now);
    }

    fn add(&self, counted: u128, now: Timestamp) {
        let window = self.window_of(now);
        for counter in self.counts.of(counted) {
            // A lost race loses one count; a lock would cost every request.
            let count = count_in(counter.load(Ordering::Relaxed), window);
            let next = (window << 32) | (count + 1).min(u64::from(u32::MAX));
            counter.store(next, Ordering::Relaxed);
        }
    }

    /// How many failures of `address` are known.
    pub fn count_of(&self, address: IpAddr, now: Timestamp) -> u64 {
        self.known(counted_as(address), now)
    }

    fn known(&self, counted: u128, now: Timestamp) -> u64 {
        let window = self.window_of(now);
        let counters = self.counts.of(counted);
        counters
            .map(|counter| count_in(counter.load(Ordering::Relaxed), window))
            .min()
            .unwrap_or_default()
    }

    /// Takes over that there were `total` failures of `address`, whoever counted them.
    pub fn learn(&self, address: IpAddr, total: u64, now: Timestamp) {
        let window = self.window_of(now);
        for counter in self.counts.of(counted_as(address)) {
            let count = count_in(counter.load(Ordering::Relaxed), window);
            if count < total {
                let next = (window << 32) | total.min(u64::from(u32::MAX));
                counter.store(next, Ordering::Relaxed);
            }
        }
    }

    /// How long a window is.
    pub const fn window(&self) -> Duration {
        Duration::from_secs(self.window_s)
    }

    /// The number of the window that `now` lies in.
    pub const fn window_of(&self, now: Timestamp) -> u64 {
        now.as_secs() / self.window_s
    }
}

impl FailureCounts {
    fn of(&self, counted: u128) -> impl Iterator<Item = &AtomicU64> {
        self.keys
            .iter()
            .zip(&self.rows)
            .filter_map(move |(key, row)| {
                let at = key.hash_one(counted) % u64::try_from(row.len()).unwrap_or(u64::MAX);
                row.get(usize::try_from(at).ok()?)
            })
    }
}

/// The count that a counter holds for `window`; a counter of another window holds none.
const fn count_in(counter: u64, window: u64) -> u64 {
    if counter >> 32 == window & 0xffff_ffff {
        counter & 0xffff_ffff
    } else {
        0
    }
}

/// Half of a digest, which is as good as the whole of it where counters are shared by hash.
fn shortened(key: &Digest) -> u128 {
    let half = key.as_bytes().first_chunk().copied();
    u128::from_be_bytes(half.unwrap_or_default())
}

/// What an address is counted as: itself, IPv4 in IPv6 as IPv4, IPv6 as its /64.
pub fn counted_as(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_waits_for_the_next_minute_after_too_many_failures() {
        let limiter = FailureLimiter::new(3, MINUTE);
        let now = Timestamp::from_secs(6010);
        for _ in 0..3 {
            assert_eq!(limiter.wait(ip("192.0.2.1"), now), None);
            limiter.count(ip("192.0.2.1"), now);
        }

        let wait = limiter.wait(ip("192.0.2.1"), now).unwrap();

        assert_eq!(wait, Duration::from_secs(50));
        assert_eq!(limiter.wait(ip("192.0.2.1"), now.after(wait)), None);
        assert_eq!(limiter.wait(ip("192.0.2.2"), now), None);
    }

    #[test]
    fn addresses_that_one_customer_has_are_one() {
        let limiter = FailureLimiter::new(1, MINUTE);
        let now = Timestamp::from_secs(0);
        limiter.count(ip("2001:db8::1"), now);
        limiter.count(ip("::ffff:192.0.2.1"), now);

        assert!(limiter.wait(ip("2001:db8::ffff:1"), now).is_some());
        assert!(limiter.wait(ip("2001:db8:0:1::1"), now).is_none());
        assert!(limiter.wait(ip("192.0.2.1"), now).is_some());
    }

    #[test]
    fn many_addresses_take_no_more_memory_and_rarely_each_others_counts() {
        let limiter = FailureLimiter::new(10, MINUTE);
        let now = Timestamp::from_secs(60);
        for n in 0..2000 {
            limiter.count(IpAddr::from((n + 1_000_000_u32).to_be_bytes()), now);
        }

        assert!(limiter.wait(ip("192.0.2.1"), now).is_none());
    }
}
