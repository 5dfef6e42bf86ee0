//! Requests at once: in all, of each address, of each subject.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::key::Key;
use super::{By, Exceeded};

/// The places of one route. What is kept is as much as there are requests at the moment.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of_address: HashMap<Key, usize>,
    of_subject: HashMap<Key, usize>,
}

/// A place that a request has; given back when dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Place {
    places: Arc<Places>,
    address: Option<Key>,
    subject: Option<Key>,
}

impl Places {
    /// Takes a place, if there are fewer than `all`, and fewer than each limit of that key.
    pub(super) fn take(
        places: &Arc<Self>,
        all: Option<usize>,
        address: Option<(Key, usize)>,
        subject: Option<(Key, usize)>,
    ) -> Result<Place, Exceeded> {
        let mut taken = places.taken();
        // Who has too many himself is told so, also when there is no room for anybody.
        let has_room = |counts: &HashMap<Key, usize>, of: Option<(Key, usize)>| {
            of.is_none_or(|(key, limit)| counts.get(&key).is_none_or(|count| *count < limit))
        };
        if !has_room(&taken.of_subject, subject) {
            return Err(Exceeded::AtOnce { by: By::Subject });
        }
        if !has_room(&taken.of_address, address) {
            return Err(Exceeded::AtOnce { by: By::Address });
        }
        if all.is_some_and(|limit| taken.all >= limit) {
            return Err(Exceeded::Full);
        }
        taken.all += 1;
        let address = address.map(|(key, _)| key);
        let subject = subject.map(|(key, _)| key);
        if let Some(key) = address {
            *taken.of_address.entry(key).or_default() += 1;
        }
        if let Some(key) = subject {
            *taken.of_subject.entry(key).or_default() += 1;
        }
        drop(taken);
        Ok(Place {
            places: Arc::clone(places),
            address,
            subject,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Numbers are changed under the lock, by code that cannot panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all = taken.all.saturating_sub(1);
        if let Some(key) = self.address {
            give_back(&mut taken.of_address, key);
        }
        if let Some(key) = self.subject {
            give_back(&mut taken.of_subject, key);
        }
    }
}

fn give_back(counts: &mut HashMap<Key, usize>, key: Key) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_and_nothing_is_kept() {
        let places = Arc::new(Places::default());
        let take = |address, subject| {
            Places::take(&places, Some(3), Some((address, 2)), Some((subject, 2)))
        };
        let first = take(1, 10).unwrap();
        let second = take(1, 10).unwrap();

        assert_eq!(
            take(2, 10).unwrap_err(),
            Exceeded::AtOnce { by: By::Subject }
        );
        assert_eq!(
            take(1, 11).unwrap_err(),
            Exceeded::AtOnce { by: By::Address }
        );
        let third = take(2, 11).unwrap();
        assert_eq!(take(3, 12).unwrap_err(), Exceeded::Full);
        drop(first);
        let fourth = take(1, 10).unwrap();
        drop((second, third, fourth));
        let taken = places.taken();
        assert!(taken.all == 0 && taken.of_address.is_empty() && taken.of_subject.is_empty());
    }
}
