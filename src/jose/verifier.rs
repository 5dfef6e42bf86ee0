//! Strict verification of access tokens (RFC 9068 §4, RFC 8725).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::claims::{self, Verified};
use super::compact::{Compact, MAX_TOKEN_BYTES};
use super::error::{JwtError, KeyError, PresentedError};
use super::header::Header;
use super::issuer::{AcceptedIssuer, TrustedIssuer, VerifiedWith};
use super::key_ring::KeyRing;
use super::verdicts::{Forgery, Verdict, VerdictCache};
use crate::failures::FailureLimiter;
use crate::model::Timestamp;
use crate::secret::Digest;

/// Verifies access tokens of our own and of trusted issuers, and remembers what it verified.
#[derive(Debug)]
pub struct TokenVerifier {
    own: Option<Arc<AcceptedIssuer>>,
    issuers: HashMap<Arc<str>, Arc<AcceptedIssuer>>,
    verdicts: VerdictCache,
    /// `None`: nobody is limited.
    limiter: Option<FailureLimiter>,
    /// By how much the clocks of those who issue our tokens may differ.
    clocks_apart: Duration,
    hits: AtomicU64,
    verifications: AtomicU64,
    failures: AtomicU64,
}

impl TokenVerifier {
    /// A verifier for our own tokens (`own`: exact issuer and key ring) and those of `trusted`.
    ///
    /// `capacity`: how many verified tokens of up to 1 KiB are remembered (a longer one counts
    /// once per KiB); 0 remembers nothing.
    ///
    /// # Errors
    ///
    /// [`KeyError::DuplicateIssuer`] when two issuers have one name.
    pub fn new(
        own: Option<(String, Arc<KeyRing>)>,
        trusted: &[TrustedIssuer],
        capacity: u64,
    ) -> Result<Self, KeyError> {
        let own = own.map(|(name, ring)| Arc::new(AcceptedIssuer::own(&name, ring)));
        let mut issuers = HashMap::new();
        if let Some(own) = &own {
            issuers.insert(Arc::clone(own.name()), Arc::clone(own));
        }
        for settings in trusted {
            let issuer = Arc::new(AcceptedIssuer::trusted(settings));
            let name = Arc::clone(issuer.name());
            if issuers.insert(name, issuer).is_some() {
                return Err(KeyError::DuplicateIssuer(settings.issuer.clone()));
            }
        }
        Ok(Self {
            own,
            issuers,
            verdicts: VerdictCache::new(capacity),
            limiter: None,
            clocks_apart: Duration::ZERO,
            hits: AtomicU64::new(0),
            verifications: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        })
    }

    /// Whether tokens of our own are among those it verifies.
    pub const fn has_own(&self) -> bool {
        self.own.is_some()
    }

    /// The same, with at most `per_minute` wrong signatures from one address.
    #[must_use]
    pub fn limiting_failures(self, per_minute: u32) -> Self {
        let minute = Duration::from_secs(60);
        Self {
            limiter: Some(FailureLimiter::new(per_minute, minute)),
            ..self
        }
    }

    /// The same where other machines issue tokens of ours too, whose clocks are up to `apart` ahead:
    /// such a token is not from the future. When it expires stays as it is.
    #[must_use]
    pub fn allowing_clocks_apart(self, apart: Duration) -> Self {
        Self {
            clocks_apart: apart,
            ..self
        }
    }

    /// Verifies a `token` that came from `address`: what every endpoint that takes tokens of
    /// strangers calls.
    ///
    /// Only a wrong signature counts against the address. Every other refusal costs no more than
    /// reading the token, and the commonest, an expired token, is an honest client's. An address
    /// that failed too often gets nothing verified any more, but what was verified already still
    /// counts: users behind one address must not lose the tokens they work with because of one
    /// among them.
    ///
    /// # Errors
    ///
    /// [`PresentedError`] says whether the token was looked at, and why it was not accepted.
    pub fn verify_from(
        &self,
        address: IpAddr,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Verified>, PresentedError> {
        let Some(limiter) = &self.limiter else {
            return Ok(self.verify(token, now)?);
        };
        if let Some(wait) = limiter.wait(address, now) {
            return self
                .recall(token.as_bytes(), now)
                .ok_or(PresentedError::TooManyFailures { wait });
        }
        self.verify(token, now).map_err(|error| {
            if error == JwtError::Signature {
                limiter.count(address, now);
            }
            error.into()
        })
    }

    /// Verifies `token` or finds it remembered.
    ///
    /// A remembered token is checked again for its times and that its key is still published.
    /// Revocation and policy (audience, scope, subject) are the caller's to check, each time.
    /// A hit costs a SHA-256 of the token and a look-up, a verification the signature.
    ///
    /// # Errors
    ///
    /// [`JwtError`] says why the token is not accepted at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, JwtError> {
        let (outcome, counter) = self.find_or_verify(token, now);
        counter.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    /// What is remembered of `token` if it is still good at `now`; `None` when only [`Self::verify`]
    /// can tell. Counted as a hit.
    ///
    /// For whoever must not pay for a verification: it costs what a hit costs, whatever is sent.
    pub fn recall(&self, token: &[u8], now: Timestamp) -> Option<Arc<Verified>> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let verdict = self.verdicts.find(&Digest::of(token))?;
        self.check_again(&verdict, now).ok()?;
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(Arc::clone(&verdict.verified))
    }

    /// From when on a token is too old to be accepted: when it expires, and the leeway of its issuer
    /// after that.
    pub fn accepts_until(&self, verified: &Verified) -> Timestamp {
        let issuer = self.issuers.get(&*verified.issuer);
        let leeway = issuer.map_or(Duration::ZERO, |issuer| issuer.leeway());
        verified.expires_at.after(leeway)
    }

    /// Remembers a token minted here, so that it is never verified by signature.
    ///
    /// `verified` comes from [`Verified::from_claims`] with the claims that were signed, `key_id`
    /// from the key that signed them. What claims to come from another issuer is not remembered.
    pub fn remember(&self, token: &str, verified: Verified, key_id: &str) {
        let Some(own) = &self.own else { return };
        if verified.issuer != *own.name() {
            return;
        }
        let verdict = Verdict {
            verified: Arc::new(verified),
            issuer: Arc::clone(own),
            key: VerifiedWith::Own(Box::from(key_id)),
            token_bytes: token.len(),
        };
        self.verdicts
            .remember(Digest::of(token.as_bytes()), verdict);
    }

    /// Counts a token against `address` that had to be asked about elsewhere and was no good: as
    /// with a wrong signature, making one up costs nothing and finding out does.
    pub fn count_failure(&self, address: IpAddr, now: Timestamp) {
        if let Some(limiter) = &self.limiter {
            limiter.count(address, now);
        }
    }

    /// Whether a token that is to be asked about elsewhere may be, for `address`.
    ///
    /// # Errors
    ///
    /// [`PresentedError`] says why not; nothing is known of the token.
    pub fn may_ask_about(
        &self,
        address: IpAddr,
        token: &str,
        now: Timestamp,
    ) -> Result<(), PresentedError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::TooLong.into());
        }
        let limiter = self.limiter.as_ref();
        match limiter.and_then(|limiter| limiter.wait(address, now)) {
            Some(wait) => Err(PresentedError::TooManyFailures { wait }),
            None => Ok(()),
        }
    }

    /// (hits, verifications, failures) since the start, for metrics: each call of
    /// [`Self::verify`] counts as one of them.
    pub fn counts(&self) -> (u64, u64, u64) {
        (
            self.hits.load(Ordering::Relaxed),
            self.verifications.load(Ordering::Relaxed),
            self.failures.load(Ordering::Relaxed),
        )
    }

    /// The outcome, and what it counts as.
    fn find_or_verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> (Result<Arc<Verified>, JwtError>, &AtomicU64) {
        if token.len() > MAX_TOKEN_BYTES {
            return (Err(JwtError::TooLong), &self.failures);
        }
        let digest = Digest::of(token.as_bytes());
        if let Some(verdict) = self.verdicts.find(&digest) {
            return match self.check_again(&verdict, now) {
                Ok(()) => (Ok(Arc::clone(&verdict.verified)), &self.hits),
                Err(error) => {
                    self.verdicts.forget(&digest);
                    (Err(error), &self.failures)
                }
            };
        }
        if let Some(forgery) = self.verdicts.find_forgery(&digest, now)
            && forgery
                .key
                .as_ref()
                .is_none_or(|(issuer, key)| issuer.check_key(key, now).is_ok())
        {
            return (Err(JwtError::Signature), &self.failures);
        }
        match self.verify_in_full(token, &digest, now) {
            Ok(verdict) => {
                let verified = Arc::clone(&verdict.verified);
                self.verdicts.remember(digest, verdict);
                (Ok(verified), &self.verifications)
            }
            Err(error) => (Err(error), &self.failures),
        }
    }

    /// The whole verification, cheapest checks first.
    ///
    /// Everything before the signature is said by whoever sent the token: it can only lead to a
    /// refusal, or to the key that the signature must then match.
    fn verify_in_full(
        &self,
        token: &str,
        digest: &Digest,
        now: Timestamp,
    ) -> Result<Verdict, JwtError> {
        let compact = Compact::parse(token)?;
        let header = Header::parse(&compact.header)?;
        let payload = claims::parse_payload(&compact.payload)?;

        let issuer = self
            .issuers
            .get(claims::issuer_claim(&payload)?)
            .ok_or(JwtError::UnknownIssuer)?;
        let claimed = issuer.read(&header, payload)?;
        self.check_time(issuer, now, |now| claimed.check_time(now, issuer.leeway()))?;
        let key = issuer.find_key(&header, now)?;

        if let Err(error) = key.verify(compact.signing_input, compact.signature) {
            // A token without `kid` was compared with the only key there is. With that one gone,
            // nothing is known of it any more.
            let is_named = header.key_id.is_some();
            let key =
                (!is_named).then(|| (Arc::clone(issuer), Arc::new(issuer.verified_with(key))));
            let forgery = Forgery { found_at: now, key };
            self.verdicts.remember_forgery(*digest, forgery);
            return Err(error);
        }

        Ok(Verdict {
            verified: Arc::new(claimed.into_verified()),
            issuer: Arc::clone(issuer),
            key: issuer.verified_with(key),
            token_bytes: token.len(),
        })
    }

    /// Asks of a remembered token what may have changed since it was verified.
    fn check_again(&self, verdict: &Verdict, now: Timestamp) -> Result<(), JwtError> {
        let (verified, issuer) = (&verdict.verified, &verdict.issuer);
        self.check_time(issuer, now, |now| verified.check_time(now, issuer.leeway()))?;
        issuer.check_key(&verdict.key, now)
    }

    /// Asks of a token of `issuer` whether this is its time, by `check`.
    fn check_time(
        &self,
        issuer: &Arc<AcceptedIssuer>,
        now: Timestamp,
        check: impl Fn(Timestamp) -> Result<(), JwtError>,
    ) -> Result<(), JwtError> {
        let is_own = || {
            self.own
                .as_ref()
                .is_some_and(|own| Arc::ptr_eq(own, issuer))
        };
        match check(now) {
            Err(JwtError::IssuedInFuture | JwtError::NotYetValid) if is_own() => {
                check(now.after(self.clocks_apart))
            }
            outcome => outcome,
        }
    }

    /// How many (verified tokens, forgeries) are held.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> (u64, u64) {
        self.verdicts.sizes()
    }
}

/// The issuer of a token as the token says it.
///
/// Nothing of it is verified: it may decide whom to ask, and nothing else.
pub fn claimed_issuer(token: &str) -> Option<String> {
    let claims = Compact::parse(token).ok()?.payload;
    let claims = claims::parse_payload(&claims).ok()?;
    claims::issuer_claim(&claims).ok().map(str::to_owned)
}

/// Whether a token says with which key it is signed; nothing of it is verified.
pub fn names_key(token: &str) -> bool {
    Compact::parse(token)
        .and_then(|compact| Header::parse(&compact.header))
        .is_ok_and(|header| header.key_id.is_some())
}
