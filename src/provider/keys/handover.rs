//! When one signing key follows another.
//!
//! A new key is published before it signs, so that whoever keeps a copy of the key set has time to
//! read it anew; the old one is published until every token it signed has expired.

use std::time::Duration;

use super::published::MAX_AGE;
use crate::model::Timestamp;

/// How long a key that an administrator asked for is published before it signs: a copy of the key
/// set gets so old, and another process needs a few seconds to read the store.
const BY_HAND: Duration = Duration::from_secs(30);

const _: () = assert!(MAX_AGE.as_secs() + 10 <= BY_HAND.as_secs());

/// How long a key is published that signs no more: the longest lifetime that a configuration may
/// give a token, 24 hours, whatever it gives now, and an hour for clocks that go wrong.
const AFTER_USE: Duration = Duration::from_secs(25 * 3600);

/// How signing keys follow one another by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// How long a key signs (default 90 days).
    pub period: Duration,
    /// How long its successor is published before it signs (default 1 day).
    pub publish_before: Duration,
}

impl Default for KeyRotation {
    fn default() -> Self {
        Self {
            period: Duration::from_secs(90 * 86_400),
            publish_before: Duration::from_secs(86_400),
        }
    }
}

impl KeyRotation {
    /// Whether the successor of a key that signs since `active_from` is to be made.
    pub(super) fn is_due(&self, active_from: Timestamp, now: Timestamp) -> bool {
        active_from.after(self.period) <= now.after(self.publish_before)
    }
}

/// When a new key begins and its predecessors end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handover {
    /// When the new key is made, and published.
    pub made_at: Timestamp,
    /// When it begins to sign, and its predecessor ends.
    pub active_from: Timestamp,
    /// Until when its predecessors are published.
    pub predecessors_until: Timestamp,
}

impl Handover {
    /// One that an administrator wants now and nobody notices.
    pub const fn by_hand(now: Timestamp) -> Self {
        Self::after(now, BY_HAND)
    }

    /// One that nobody asked for.
    pub(super) const fn by_itself(rotation: &KeyRotation, now: Timestamp) -> Self {
        Self::after(now, rotation.publish_before)
    }

    /// One that ends every token signed so far.
    pub const fn at_once(now: Timestamp) -> Self {
        Self {
            made_at: now,
            active_from: now,
            predecessors_until: now,
        }
    }

    const fn after(now: Timestamp, published_before: Duration) -> Self {
        let active_from = now.after(published_before);
        Self {
            made_at: now,
            active_from,
            predecessors_until: active_from.after(AFTER_USE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn a_successor_is_made_in_time_to_be_published_first() {
        let rotation = KeyRotation {
            period: 10 * DAY,
            publish_before: DAY,
        };
        let second = Duration::from_secs(1);

        assert!(!rotation.is_due(NOW, NOW.after(9 * DAY).before(second)));
        assert!(rotation.is_due(NOW, NOW.after(9 * DAY)));
        let handover = Handover::by_itself(&rotation, NOW.after(9 * DAY));
        assert_eq!(handover.active_from, NOW.after(10 * DAY));
    }

    /// A process that was off for weeks publishes first, too.
    #[test]
    fn a_late_successor_waits_as_long() {
        let handover = Handover::by_itself(&KeyRotation::default(), NOW);

        assert_eq!(handover.active_from, NOW.after(DAY));
        assert_eq!(
            handover.predecessors_until,
            NOW.after(2 * DAY).after(DAY / 24)
        );
    }

    #[test]
    fn predecessors_outlive_every_token_they_may_have_signed() {
        let longest = Duration::from_secs(86_400);

        let handover = Handover::by_hand(NOW);

        assert!(handover.predecessors_until > handover.active_from.after(longest));
    }
}
