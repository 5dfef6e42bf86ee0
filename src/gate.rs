//! A bounded number at once, and a bounded number that wait: for work that is slow by nature.
//!
//! Without the second bound a slow backend collects everybody who ever asked; without the first
//! it is asked for more than it can do. Who finds no place is told at once and comes back later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long anybody waits for a turn before being told to come back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lets a few pass at once and a few more wait.
#[derive(Debug)]
pub(crate) struct Gate {
    turns: Arc<Semaphore>,
    n_waiting: AtomicUsize,
}

/// A turn; it lasts until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Gate {
    /// A gate for `at_once`; at least one.
    pub(crate) fn new(at_once: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
            n_waiting: AtomicUsize::new(0),
        }
    }

    /// Waits for a turn, unless `max_waiting` others do already; `None` when there is no place, or
    /// no turn for too long. Turns are given in the order they were asked for.
    pub(crate) async fn pass(&self, max_waiting: usize) -> Option<Turn> {
        if let Ok(permit) = Arc::clone(&self.turns).try_acquire_owned() {
            return Some(Turn { _permit: permit });
        }
        let _place = Place::take(&self.n_waiting, max_waiting)?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        let permit = timeout(PATIENCE, turn).await.ok()?.ok()?;
        Some(Turn { _permit: permit })
    }

    /// Gives no turn to anybody any more.
    #[cfg(test)]
    pub(crate) fn close(&self) {
        self.turns.close();
    }
}

/// A place among those who wait, given back when the wait ends, however it does.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(n_waiting: &'a AtomicUsize, max_waiting: usize) -> Option<Self> {
        n_waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                (n < max_waiting).then_some(n + 1)
            })
            .ok()?;
        Some(Self(n_waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether there is a turn at once; a wait is given up.
    async fn at_once(gate: &Gate, max_waiting: usize) -> bool {
        let turn = timeout(Duration::ZERO, gate.pass(max_waiting)).await;
        turn.is_ok_and(|turn| turn.is_some())
    }

    #[tokio::test]
    async fn who_finds_no_place_is_told_at_once() {
        let gate = Arc::new(Gate::new(1));
        let turn = gate.pass(0).await.unwrap();

        assert!(gate.pass(0).await.is_none(), "no place to wait");
        let waiting = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.pass(1).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(gate.pass(1).await.is_none(), "the one place is taken");
        drop(turn);

        assert!(waiting.await.unwrap(), "who waited has the turn");
    }

    #[tokio::test]
    async fn a_wait_that_was_given_up_leaves_its_place() {
        let gate = Gate::new(1);
        let turn = gate.pass(0).await;
        for _ in 0..3 {
            assert!(!at_once(&gate, 1).await);
        }
        assert_eq!(gate.n_waiting.load(Ordering::Relaxed), 0);

        drop(turn);

        assert!(at_once(&gate, 1).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever() {
        let gate = Gate::new(1);
        let _turn = gate.pass(0).await;

        assert!(gate.pass(1).await.is_none());
    }
}
