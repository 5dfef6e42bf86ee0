//! How many tunnels one subject may have open at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::gateway::authentication::Principal;

/// A subject, as unique as its issuer makes it.
type Key = (Arc<str>, String);

/// The tunnels of each subject; a handle.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Arc<Mutex<HashMap<Key, usize>>>);

/// A place taken by a tunnel; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    key: Key,
}

impl Places {
    /// Takes a place for `principal`; `None` if it has `limit` already.
    pub(super) fn take(&self, principal: &Principal, limit: usize) -> Option<Place> {
        let verified = principal.verified();
        let key = (
            Arc::clone(&verified.issuer),
            verified.subject.as_str().to_owned(),
        );
        let mut taken = self.taken();
        let count = taken.get(&key).copied().unwrap_or(0);
        if count >= limit {
            return None;
        }
        taken.insert(key.clone(), count + 1);
        drop(taken);
        let places = self.clone();
        Some(Place { places, key })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Key, usize>> {
        // One number is changed under the lock, by code that cannot panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::support::verified;
    use crate::model::Subject;

    #[test]
    fn one_subject_cannot_take_the_places_of_another() {
        let places = Places::default();
        let alice = Principal::of(verified());
        let mut token = verified();
        token.subject = Subject::parse("bob").unwrap();
        let bob = Principal::of(token);
        let mut token = verified();
        token.issuer = "https://other.test/".into();
        let other_alice = Principal::of(token);

        let first = places.take(&alice, 2).unwrap();
        let second = places.take(&alice, 2).unwrap();
        assert!(places.take(&alice, 2).is_none(), "F11");
        assert!(places.take(&bob, 2).is_some());
        assert!(places.take(&other_alice, 2).is_some());

        drop(first);
        let third = places.take(&alice, 2);
        assert!(third.is_some());
        drop((second, third));
        assert!(places.taken().is_empty(), "nothing is kept of what is gone");
    }
}
