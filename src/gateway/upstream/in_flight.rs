//! How many requests an upstream serves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One of the requests that an upstream serves; over when dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Served(Arc<AtomicUsize>);

/// Takes one place of `limit`; `None` when there is none.
pub(super) fn take(count: &Arc<AtomicUsize>, limit: usize) -> Option<Served> {
    let more = |count: usize| (count < limit).then_some(count + 1);
    let taken = count.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
    taken.ok().map(|_| Served(Arc::clone(count)))
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
