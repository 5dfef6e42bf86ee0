//! How often an address may fail before no token of it is verified any more.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::model::Timestamp;

/// Length of a counting window, seconds.
const WINDOW_S: u64 = 60;
/// Counters; 2 × 8192 × 8 bytes are 128 KiB, however many addresses there are.
const COUNTERS: usize = 8192;

/// Counts failed verifications for each address and minute, in constant memory.
///
/// A signature check costs a thousand times what it costs to send a bad token. The counters are
/// shared by hash (two independent ones for each address, the smaller counts), so an address may
/// be counted too high by chance, never too low; the hash is keyed, so nobody can aim at another
/// address. IPv6 addresses count by their /64, which one customer has whole.
#[derive(Debug)]
pub(super) struct FailureLimiter {
    limit: u32,
    keys: [RandomState; 2],
    rows: [Vec<AtomicU64>; 2],
}

impl FailureLimiter {
    /// At most `limit` failures a minute from one address.
    pub(super) fn new(limit: u32) -> Self {
        let row = || (0..COUNTERS).map(|_| AtomicU64::new(0)).collect();
        Self {
            limit,
            keys: [RandomState::new(), RandomState::new()],
            rows: [row(), row()],
        }
    }

    /// How long `address` has to wait before a token of it is looked at again; `None`: not at all.
    pub(super) fn wait(&self, address: IpAddr, now: Timestamp) -> Option<Duration> {
        let minute = now.as_secs() / WINDOW_S;
        let count = self
            .counters(address)
            .map(|counter| count_in(counter.load(Ordering::Relaxed), minute))
            .min()
            .unwrap_or_default();
        (count >= u64::from(self.limit))
            .then(|| Duration::from_secs(WINDOW_S - now.as_secs() % WINDOW_S))
    }

    /// Counts a failure of `address`.
    pub(super) fn count(&self, address: IpAddr, now: Timestamp) {
        let minute = now.as_secs() / WINDOW_S;
        for counter in self.counters(address) {
            // A lost race loses one count; a lock would cost every request.
            let count = count_in(counter.load(Ordering::Relaxed), minute);
            let next = (minute << 32) | (count + 1).min(u64::from(u32::MAX));
            counter.store(next, Ordering::Relaxed);
        }
    }

    fn counters(&self, address: IpAddr) -> impl Iterator<Item = &AtomicU64> {
        let address = counted_as(address);
        self.keys
            .iter()
            .zip(&self.rows)
            .filter_map(move |(key, row)| {
                let at = key.hash_one(address) % u64::try_from(row.len()).unwrap_or(u64::MAX);
                row.get(usize::try_from(at).ok()?)
            })
    }
}

/// The count that a counter holds for `minute`; a counter of another minute holds none.
const fn count_in(counter: u64, minute: u64) -> u64 {
    if counter >> 32 == minute & 0xffff_ffff {
        counter & 0xffff_ffff
    } else {
        0
    }
}

/// What an address is counted as: itself, IPv4 in IPv6 as IPv4, IPv6 as its /64.
fn counted_as(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_waits_for_the_next_minute_after_too_many_failures() {
        let limiter = FailureLimiter::new(3);
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
        let limiter = FailureLimiter::new(1);
        let now = Timestamp::from_secs(0);
        limiter.count(ip("2001:db8::1"), now);
        limiter.count(ip("::ffff:192.0.2.1"), now);

        assert!(limiter.wait(ip("2001:db8::ffff:1"), now).is_some());
        assert!(limiter.wait(ip("2001:db8:0:1::1"), now).is_none());
        assert!(limiter.wait(ip("192.0.2.1"), now).is_some());
    }

    #[test]
    fn many_addresses_take_no_more_memory_and_rarely_each_others_counts() {
        let limiter = FailureLimiter::new(10);
        let now = Timestamp::from_secs(60);
        for n in 0..2000 {
            limiter.count(IpAddr::from((n + 1_000_000_u32).to_be_bytes()), now);
        }

        assert!(limiter.wait(ip("192.0.2.1"), now).is_none());
    }
}
