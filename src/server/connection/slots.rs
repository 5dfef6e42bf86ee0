//! How many connections there may be at once, in total and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Counts open connections.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    open: Mutex<Open>,
    closed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Which limit a connection would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// All connections together.
    Total,
    /// Those from one address.
    Address,
}

impl Full {
    /// The word in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Address => "address",
        }
    }
}

/// A place taken by a connection; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
}

impl Slots {
    /// Takes a place for a connection from `peer`.
    pub(crate) fn take(
        self: &Arc<Self>,
        peer: IpAddr,
        total: usize,
        per_address: usize,
    ) -> Result<Slot, Full> {
        let address = counted_address(peer);
        let mut open = self.open();
        if open.total >= total {
            return Err(Full::Total);
        }
        open.count(address, per_address)?;
        open.total += 1;
        Ok(Slot {
            slots: Arc::clone(self),
            address,
        })
    }

    /// Returns once no connection is open.
    pub(crate) async fn all_free(&self) {
        loop {
            let closed = self.closed.notified();
            if self.open().total == 0 {
                return;
            }
            closed.await;
        }
    }

    /// How many connections are open.
    pub(crate) fn taken(&self) -> usize {
        self.open().total
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Two numbers are changed under the lock, by code that cannot panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Counts one more from `address`, unless there are enough.
    fn count(&mut self, address: IpAddr, per_address: usize) -> Result<(), Full> {
        let from_address = self.by_address.get(&address).copied().unwrap_or(0);
        if from_address >= per_address {
            return Err(Full::Address);
        }
        self.by_address.insert(address, from_address + 1);
        Ok(())
    }

    /// Counts one less from `address`.
    fn discount(&mut self, address: IpAddr) {
        if let Some(from_address) = self.by_address.get_mut(&address) {
            *from_address -= 1;
            if *from_address == 0 {
                self.by_address.remove(&address);
            }
        }
    }
}

impl Slot {
    /// Counts the connection for `peer` instead, on whose behalf it turns out to be.
    pub(super) fn move_to(&mut self, peer: IpAddr, per_address: usize) -> Result<(), Full> {
        let address = counted_address(peer);
        let mut open = self.slots.open();
        open.count(address, per_address)?;
        open.discount(self.address);
        drop(open);
        self.address = address;
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.open();
        open.total = open.total.saturating_sub(1);
        open.discount(self.address);
        let is_last = open.total == 0;
        drop(open);
        if is_last {
            self.slots.closed.notify_waiters();
        }
    }
}

/// What counts as one address: an IPv6 site has 2^64 of them, so its /64 is one.
fn counted_address(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_the_places_of_others() {
        let slots = Arc::new(Slots::default());
        let _first = slots.take(peer("192.0.2.1"), 10, 2).unwrap();
        let second = slots.take(peer("192.0.2.1"), 10, 2).unwrap();

        assert_eq!(
            slots.take(peer("192.0.2.1"), 10, 2).unwrap_err(),
            Full::Address
        );
        assert!(slots.take(peer("192.0.2.2"), 10, 2).is_ok());

        drop(second);
        assert!(slots.take(peer("192.0.2.1"), 10, 2).is_ok());
    }

    #[test]
    fn the_total_holds_whoever_asks() {
        let slots = Arc::new(Slots::default());
        let _first = slots.take(peer("192.0.2.1"), 1, 10).unwrap();

        assert_eq!(
            slots.take(peer("192.0.2.2"), 1, 10).unwrap_err(),
            Full::Total
        );
    }

    #[test]
    fn addresses_that_one_site_can_make_up_count_as_one() {
        for (name, one, other, same) in [
            ("one /64", "2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true),
            ("two /64", "2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("mapped IPv4", "::ffff:192.0.2.1", "192.0.2.1", true),
            ("two mapped", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ] {
            assert_eq!(
                counted_address(peer(one)) == counted_address(peer(other)),
                same,
                "{name}"
            );
        }
    }

    #[test]
    fn nothing_is_kept_of_connections_that_are_gone() {
        let slots = Arc::new(Slots::default());

        drop(slots.take(peer("192.0.2.1"), 10, 2).unwrap());
        // A refused one leaves nothing behind either.
        assert!(slots.take(peer("192.0.2.2"), 10, 0).is_err());

        assert_eq!(slots.taken(), 0);
        assert!(slots.open().by_address.is_empty());
    }

    #[test]
    fn a_connection_on_behalf_of_another_counts_for_that_one() {
        let slots = Arc::new(Slots::default());
        let proxy = peer("10.0.0.1");
        let mut first = slots.take(proxy, 10, usize::MAX).unwrap();
        let mut second = slots.take(proxy, 10, usize::MAX).unwrap();

        first.move_to(peer("192.0.2.1"), 1).unwrap();

        assert_eq!(second.move_to(peer("192.0.2.1"), 1), Err(Full::Address));
        assert!(slots.take(peer("192.0.2.1"), 10, 1).is_err());
        // Refused, it still counts for the proxy, until it is closed.
        assert_eq!(slots.open().by_address.get(&proxy), Some(&1));
        drop((first, second));
        assert!(slots.open().by_address.is_empty());
    }

    #[tokio::test]
    async fn waiting_ends_with_the_last_connection() {
        let slots = Arc::new(Slots::default());
        let slot = slots.take(peer("192.0.2.1"), 10, 2).unwrap();
        let waiting = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.all_free().await }
        });

        drop(slot);

        waiting.await.unwrap();
    }
}
