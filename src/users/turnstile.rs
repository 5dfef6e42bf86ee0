//! One attempt of a login at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError, Weak};

use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::secret::Digest;

/// Lets the attempts of each login through one after another.
///
/// A success resets the backend's count, and then ours. Were a wrong attempt to fail at the
/// backend between the two, ours would miss it, and a patient attacker who signs in beside the
/// user would reach the backend's lock after all.
#[derive(Debug, Default)]
pub(super) struct Turnstile(SyncMutex<HashMap<Digest, Weak<Mutex<()>>>>);

impl Turnstile {
    /// Waits for the turn of `login`; it lasts until the guard is dropped.
    pub(super) async fn pass(&self, login: &Digest) -> OwnedMutexGuard<()> {
        self.turn(login).lock_owned().await
    }

    fn turn(&self, login: &Digest) -> Arc<Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(login).and_then(Weak::upgrade) {
            return turn;
        }
        // Before the map would grow, those nobody waits for make room.
        if turns.len() == turns.capacity() {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::default();
        turns.insert(*login, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_login_waits_and_others_do_not() {
        let turnstile = Turnstile::default();
        let (alice, bob) = (Digest::of(b"alice"), Digest::of(b"bob"));

        let turn = turnstile.pass(&alice).await;

        assert!(
            timeout(Duration::ZERO, turnstile.pass(&alice))
                .await
                .is_err()
        );
        assert!(timeout(Duration::ZERO, turnstile.pass(&bob)).await.is_ok());
        drop(turn);
        assert!(
            timeout(Duration::ZERO, turnstile.pass(&alice))
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn logins_that_are_done_take_no_room() {
        let turnstile = Turnstile::default();

        for n in 0..10_000_u32 {
            drop(turnstile.pass(&Digest::of(&n.to_be_bytes())).await);
        }

        assert!(turnstile.0.lock().unwrap().capacity() < 100);
    }
}
