//! A gate for each of many: logins, or addresses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::gate::{Gate, Turn};
use crate::secret::Digest;

/// Lets a few of each kind through at once, the others of that kind one after another.
///
/// For logins one: a success resets the backend's count, and then ours. Were a wrong attempt to
/// fail at the backend between the two, ours would miss it, and a patient attacker who signs in
/// beside the user would reach the backend's lock after all.
#[derive(Debug)]
pub(super) struct Turnstile {
    at_once: usize,
    gates: Mutex<HashMap<Digest, Weak<Gate>>>,
}

/// A turn of one kind; it lasts until it is dropped.
#[derive(Debug)]
pub(super) struct OwnTurn {
    // In this order: the gate outlives its turn.
    _turn: Turn,
    _gate: Arc<Gate>,
}

impl Turnstile {
    /// A turnstile for `at_once` of each kind.
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            at_once,
            gates: Mutex::default(),
        }
    }

    /// Waits for a turn of `key`, unless `max_waiting` others do; `None` when there is no place.
    pub(super) async fn pass(&self, key: &Digest, max_waiting: usize) -> Option<OwnTurn> {
        let gate = self.gate(key);
        let turn = gate.pass(max_waiting).await?;
        Some(OwnTurn {
            _turn: turn,
            _gate: gate,
        })
    }

    fn gate(&self, key: &Digest) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(key).and_then(Weak::upgrade) {
            return gate;
        }
        // Before the map would grow, those nobody waits for make room.
        if gates.len() == gates.capacity() {
            gates.retain(|_, gate| gate.strong_count() > 0);
        }
        let gate = Arc::new(Gate::new(self.at_once));
        gates.insert(*key, Arc::downgrade(&gate));
        gate
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_login_waits_and_others_do_not() {
        let turnstile = Turnstile::new(1);
        let (alice, bob) = (Digest::of(b"alice"), Digest::of(b"bob"));

        let turn = turnstile.pass(&alice, 1).await.unwrap();

        let second = timeout(Duration::ZERO, turnstile.pass(&alice, 1));
        assert!(second.await.is_err());
        assert!(turnstile.pass(&alice, 0).await.is_none(), "no place");
        assert!(turnstile.pass(&bob, 0).await.is_some());
        drop(turn);
        assert!(turnstile.pass(&alice, 0).await.is_some());
    }

    #[tokio::test]
    async fn logins_that_are_done_take_no_room() {
        let turnstile = Turnstile::new(1);

        for n in 0..10_000_u32 {
            drop(turnstile.pass(&Digest::of(&n.to_be_bytes()), 0).await);
        }

        assert!(turnstile.gates.lock().unwrap().capacity() < 100);
    }
}
