//! What verification found, remembered under the token's digest.
//!
//! No token is kept, and nothing here is believed for being here: what depends on time or keys is
//! asked again by the verifier on every hit, with the caller's clock. The clock inside the cache
//! only frees memory early.

use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;
use moka::Expiry;
use moka::sync::Cache;

use super::claims::Verified;
use super::issuer::{AcceptedIssuer, VerifiedWith};
use crate::model::Timestamp;
use crate::secret::Digest;

/// A verified token, and what to ask again.
#[derive(Debug)]
pub(super) struct Verdict {
    /// What was established.
    pub(super) verified: Arc<Verified>,
    /// By whose terms.
    pub(super) issuer: Arc<AcceptedIssuer>,
    /// With which key.
    pub(super) key: VerifiedWith,
    /// The length of the token, which bounds what its claims take.
    pub(super) token_bytes: usize,
}

/// The verified tokens, and for some seconds those with a wrong signature.
#[derive(Debug)]
pub(super) struct VerdictCache {
    // The keys are digests, and the hash is seeded: nobody can choose what falls together, so that a
    // quick one does.
    verdicts: Cache<Digest, Arc<Verdict>, RandomState>,
    forgeries: Cache<Digest, Forgery, RandomState>,
}

/// A token with a wrong signature.
#[derive(Clone, Debug)]
pub(super) struct Forgery {
    /// When it was found wrong.
    pub(super) found_at: Timestamp,
    /// The key it was compared with for want of a name, and whose: once that one is replaced, the
    /// signature may be right. `None`: the token names its key.
    pub(super) key: Option<(Arc<AcceptedIssuer>, Arc<VerifiedWith>)>,
}

/// How long a wrong signature is remembered. A signature does not become right, except that a
/// key may be replaced; short enough for that not to matter.
const FORGERY_LIFETIME: Duration = Duration::from_secs(10);
const MAX_FORGERIES: u64 = 10_000;

impl VerdictCache {
    /// Room for `capacity` tokens of up to 1 KiB; longer ones take the place of several, so that
    /// memory is bounded whatever is signed. With 0 nothing is remembered.
    pub(super) fn new(capacity: u64) -> Self {
        let forgeries = if capacity == 0 { 0 } else { MAX_FORGERIES };
        Self {
            verdicts: Cache::builder()
                .max_capacity(capacity)
                .weigher(|_, verdict: &Arc<Verdict>| weight(verdict.token_bytes))
                .expire_after(TokenLifetime)
                .build_with_hasher(RandomState::default()),
            forgeries: Cache::builder()
                .max_capacity(forgeries)
                .time_to_live(FORGERY_LIFETIME)
                .build_with_hasher(RandomState::default()),
        }
    }

    pub(super) fn find(&self, token: &Digest) -> Option<Arc<Verdict>> {
        self.verdicts.get(token)
    }

    pub(super) fn remember(&self, token: Digest, verdict: Verdict) {
        self.verdicts.insert(token, Arc::new(verdict));
    }

    pub(super) fn forget(&self, token: &Digest) {
        self.verdicts.invalidate(token);
    }

    /// What is known of a token whose signature was found wrong just before `now`.
    pub(super) fn find_forgery(&self, token: &Digest, now: Timestamp) -> Option<Forgery> {
        self.forgeries.get(token).filter(|forgery| {
            forgery.found_at <= now && now.since(forgery.found_at) < FORGERY_LIFETIME
        })
    }

    pub(super) fn remember_forgery(&self, token: Digest, forgery: Forgery) {
        self.forgeries.insert(token, forgery);
    }

    /// How many (verified tokens, forgeries) are held, once pending evictions are done.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (u64, u64) {
        self.verdicts.run_pending_tasks();
        self.forgeries.run_pending_tasks();
        (self.verdicts.entry_count(), self.forgeries.entry_count())
    }
}

/// One for each KiB begun.
fn weight(token_bytes: usize) -> u32 {
    u32::try_from(token_bytes.div_ceil(1024))
        .unwrap_or(u32::MAX)
        .max(1)
}

/// Frees the place of a token when it must have expired, by the machine's monotonic clock.
struct TokenLifetime;

impl Expiry<Digest, Arc<Verdict>> for TokenLifetime {
    fn expire_after_create(
        &self,
        _: &Digest,
        verdict: &Arc<Verdict>,
        _: Instant,
    ) -> Option<Duration> {
        // A token that lives for years is verified again once a day.
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let Verified {
            issued_at,
            expires_at,
            ..
        } = *verdict.verified;
        let lifetime = expires_at.since(issued_at) + verdict.issuer.leeway();
        Some(lifetime.min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    #[test]
    fn a_forgery_is_known_for_ten_seconds_of_the_callers_clock() {
        let cache = VerdictCache::new(1);
        let (forged, other) = (Digest::of(b"forged"), Digest::of(b"other"));
        let forgery = Forgery {
            found_at: NOW,
            key: None,
        };
        cache.remember_forgery(forged, forgery);
        let is_forgery = |token, now| cache.find_forgery(token, now).is_some();
        let known_after = |s| is_forgery(&forged, NOW.after(Duration::from_secs(s)));

        assert!(known_after(0));
        assert!(known_after(9));
        assert!(!known_after(10));
        assert!(!is_forgery(&forged, NOW.before(Duration::from_secs(1))));
        assert!(!is_forgery(&other, NOW));
    }

    #[test]
    fn a_token_weighs_one_for_each_kibibyte_begun() {
        for (bytes, expected) in [(0, 1), (1, 1), (1024, 1), (1025, 2), (16 * 1024, 16)] {
            assert_eq!(weight(bytes), expected, "{bytes}");
        }
    }
}
