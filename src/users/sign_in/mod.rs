//! The one place where a password is tried, and what keeps guessers and floods from it.
//!
//! **Lanes.** A browser that has signed in as a login before ([`Lane::KnownDevice`]) is counted
//! apart from all others ([`Lane::Strangers`]), so that an attacker who uses up the attempts of a
//! login, or keeps it in pauses, does not lock its owner out. Cells locks a user for good after
//! ten wrong passwords in a row and knows no lanes. So the ceiling is one for all lanes of a login
//! together, and strangers may use all of it but a reserve. It is never exceeded, because
//!
//! - an attempt is counted before the backend is asked, by one statement that looks at all lanes;
//! - a success clears all lanes, as it resets the backend's count, and no other attempt of the
//!   login, of whatever lane, is between the two at that time (the turnstile);
//! - what may have been counted at the backend stays counted here (no answer, a caller that left);
//! - spellings that the backend may take for one user share their counts.
//!
//! Passwords that come to Cells' own interface through the gateway, or with each request of a DAV
//! client, are tried here as well. What remains: wrong passwords that are tried past Cellgate are not seen
//! here; the distance from the ceiling to ten is for them.
//!
//! **Addresses.** Wrong passwords of one address, over all logins, bring a wait: one password tried
//! on many logins leaves the counts of each login low. Counted in memory, and by all processes
//! together where they share a database; the counts that must survive a restart are those of the
//! logins. Known devices are exempt: a neighbor behind the same
//! address must not lock anybody out either.
//!
//! **Floods.** A few checks run at once, a few more wait, the rest is told to come back: never that
//! the password was wrong, and before the store is written to. No address takes more than half.
//!
//! **Time.** A refusal is sent at a whole multiple of a fixed step after its check began, so that it
//! does not tell whether the backend knew the user.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::turnstile::{OwnTurn, Turnstile};
use super::{
    BackendError, BasicSignIn, Relayed, SessionCall, SignInError, SignedIn, Standing, UserDirectory,
};
use crate::failures::{FailureCounts, FailureLimiter, counted_as};
use crate::gate::{Gate, Turn};
use crate::model::{ApplicationSecret, Login, Timestamp, UserProfile};
use crate::secret::{Digest, Secret};
use crate::store::{Attempt, AttemptKey, AttemptLimits, Counted, Lane, SharedLimiter, Store};

/// Longer passwords are refused without asking anybody: no backend of ours takes them, and some
/// hash all that they are sent.
const MAX_PASSWORD_BYTES: usize = 1024;

/// How many strangers wait for the turn of one login; known devices have as many places more.
const WAITING_FOR_LOGIN: usize = 8;

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInLimits {
    /// Wrong passwords of one login.
    pub attempts: AttemptLimits,
    /// Wrong passwords of one address in `address_window` (default 50).
    pub failures_per_address: u32,
    /// Default 10 min.
    pub address_window: Duration,
    /// Passwords that are checked at once (default 16).
    pub checks_at_once: usize,
    /// Sign-ins that wait for a check (default 64); known devices have as many places more.
    pub checks_waiting: usize,
    /// Refusals are sent at whole multiples of it (default 500 ms; zero: at once).
    pub refusal_step: Duration,
}

/// A password that somebody sent.
#[derive(Clone, Copy, Debug)]
pub struct PasswordAttempt<'a> {
    /// Whose it is said to be.
    pub login: &'a Login,
    /// The password.
    pub password: &'a Secret,
    /// The peer of the connection; never what a header says.
    pub address: IpAddr,
    /// Whether the browser has signed in as `login` before.
    pub lane: Lane,
}

/// The one place where a password is tried, whichever way it came: counts under the canonical
/// login, asks the directory, clears or keeps the count.
#[derive(Clone, Debug)]
pub struct SignIn {
    directory: Arc<dyn UserDirectory>,
    store: Store,
    limits: SignInLimits,
    guards: Arc<Guards>,
}

/// What stands between a flood and the backend.
#[derive(Debug)]
struct Guards {
    failures: SharedLimiter,
    logins: Turnstile,
    addresses: Turnstile,
    checks: Gate,
}

/// Turns that an attempt holds while it is made; the last one taken is given back first.
#[derive(Debug)]
struct Turns {
    _check: Turn,
    _address: OwnTurn,
    _login: OwnTurn,
}

impl SignIn {
    /// The sign-in over `directory`.
    pub fn new(directory: Arc<dyn UserDirectory>, store: Store, limits: SignInLimits) -> Self {
        let guards = Guards {
            failures: SharedLimiter::new(
                &store,
                Counted::Passwords,
                Arc::default(),
                (limits.failures_per_address, limits.address_window),
            ),
            logins: Turnstile::new(1),
            addresses: Turnstile::new(limits.checks_at_once.div_ceil(2)),
            checks: Gate::new(limits.checks_at_once),
        };
        Self {
            directory,
            store,
            limits,
            guards: Arc::new(guards),
        }
    }

    /// Tries a password.
    ///
    /// The attempt is counted before the backend is asked; a success clears the count, and an
    /// attempt that says nothing about the password is taken back. If the caller stops waiting, or
    /// no answer comes, the attempt stays counted, as the backend may have counted it.
    ///
    /// # Errors
    ///
    /// [`SignInError`] says why nobody was signed in; an unknown user and a wrong password
    /// cannot be told apart.
    pub async fn try_password(
        &self,
        attempt: &PasswordAttempt<'_>,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let check = self.check(attempt.login, attempt.password, now);
        self.attempt(attempt, now, check).await
    }

    /// The same for a password in a call of the backend's own interface, which goes on to it: also
    /// its answer, if it gave one.
    ///
    /// # Errors
    ///
    /// As [`Self::try_password`].
    pub async fn relay_password(
        &self,
        attempt: &PasswordAttempt<'_>,
        call: SessionCall,
        now: Timestamp,
    ) -> Relayed {
        let mut response = None;
        let check = async {
            check_form(attempt.password)?;
            let relayed = self.directory.relay(call, now).await;
            response = relayed.response;
            relayed.verdict
        };
        let verdict = self.attempt(attempt, now, check).await;
        Relayed { verdict, response }
    }

    /// Hands on a call without a password, of which nothing is counted.
    pub async fn relay(&self, call: SessionCall, now: Timestamp) -> Relayed {
        self.directory.relay(call, now).await
    }

    /// What tries passwords that come with each request.
    pub fn basic(&self) -> BasicSignIn {
        BasicSignIn::new(self.clone(), Arc::clone(&self.directory))
    }

    /// Counts an attempt, makes it by `check`, and clears or keeps the count.
    async fn attempt<T>(
        &self,
        attempt: &PasswordAttempt<'_>,
        now: Timestamp,
        check: impl Future<Output = Result<T, SignInError>>,
    ) -> Result<T, SignInError> {
        let key = AttemptKey {
            login: attempts_key(attempt.login),
            lane: attempt.lane,
        };
        self.check_address(attempt, now).await?;
        // Whoever is refused anyway must not stand in the way of those who are not.
        let foreseen = self.store.foresee_attempt(&key, &self.limits.attempts, now);
        foreseen.await?.map_or(Ok(()), permission)?;

        let turns = self.turns(&key, attempt.address).await?;
        self.check_address(attempt, now).await?;
        let began = Instant::now();
        let reserved = self.store.reserve_attempt(&key, &self.limits.attempts, now);
        permission(reserved.await?)?;
        let outcome = check.await;
        self.settle(&key, &outcome).await?;
        if matches!(outcome, Err(SignInError::Denied | SignInError::Locked)) {
            self.guards.failures.count(attempt.address, now).await;
            drop(turns);
            sleep_until(next_step(began, self.limits.refusal_step)).await;
        }
        outcome
    }

    /// Says whether a user who signed in before may go on. No password is tried, so nothing is
    /// counted.
    ///
    /// # Errors
    ///
    /// [`BackendError`] when the backend should know and cannot be asked.
    pub async fn find_standing(&self, user: &UserProfile) -> Result<Standing, BackendError> {
        self.directory.find_standing(user).await
    }

    /// Refuses an address that failed too often, unless the browser is known.
    pub(super) async fn check_address(
        &self,
        attempt: &PasswordAttempt<'_>,
        now: Timestamp,
    ) -> Result<(), SignInError> {
        let wait = match attempt.lane {
            Lane::Strangers => self.guards.failures.wait(attempt.address, now).await,
            Lane::KnownDevice(_) => None,
        };
        wait.map_or(Ok(()), |wait| {
            Err(SignInError::AddressThrottled {
                until: now.after(wait),
            })
        })
    }

    /// How long `address` has to wait for having sent too many wrong passwords; `None`: not at all.
    pub async fn wait_of_address(&self, address: IpAddr, now: Timestamp) -> Option<Duration> {
        self.guards.failures.wait(address, now).await
    }

    /// Counts a wrong password of `address` that was found to be wrong elsewhere.
    pub async fn count_failure(&self, address: IpAddr, now: Timestamp) {
        self.guards.failures.count(address, now).await;
    }

    /// A limiter like that of addresses, over counts of something else.
    pub fn limiter_over(&self, counts: Arc<FailureCounts>) -> FailureLimiter {
        let limits = &self.limits;
        FailureLimiter::over(counts, limits.failures_per_address, limits.address_window)
    }

    /// Waits until it is the attempt's turn: of its login, of its address, and of all.
    async fn turns(&self, key: &AttemptKey, address: IpAddr) -> Result<Turns, SignInError> {
        let factor = match key.lane {
            Lane::Strangers => 1,
            Lane::KnownDevice(_) => 2,
        };
        let waiting = self.limits.checks_waiting * factor;
        let guards = &self.guards;
        let login = guards.logins.pass(&key.login, WAITING_FOR_LOGIN * factor);
        let login = login.await.ok_or(SignInError::Busy)?;
        let address = Digest::of(&counted_as(address).to_be_bytes());
        let address = guards.addresses.pass(&address, waiting.div_ceil(2));
        let address = address.await.ok_or(SignInError::Busy)?;
        let check = guards.checks.pass(waiting).await.ok_or(SignInError::Busy)?;
        Ok(Turns {
            _check: check,
            _address: address,
            _login: login,
        })
    }

    async fn check(
        &self,
        login: &Login,
        password: &Secret,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        check_form(password)?;
        self.directory.check_password(login, password, now).await
    }

    async fn settle<T>(
        &self,
        key: &AttemptKey,
        outcome: &Result<T, SignInError>,
    ) -> Result<(), SignInError> {
        match outcome {
            Ok(_) => self.store.clear_attempts(&key.login).await?,
            Err(SignInError::Denied | SignInError::Locked | SignInError::Unanswered(_)) => {}
            Err(
                SignInError::StepUpRequired
                | SignInError::NewPasswordRequired
                | SignInError::Throttled { .. }
                | SignInError::AddressThrottled { .. }
                | SignInError::Busy
                | SignInError::Unavailable(_)
                | SignInError::Store(_),
            ) => self.store.return_attempt(key).await?,
        }
        Ok(())
    }
}

fn check_form(password: &Secret) -> Result<(), SignInError> {
    // It opens no account, and no backend is to learn it.
    if ApplicationSecret::parse(password).is_some() {
        return Err(SignInError::Denied);
    }
    let length = password.expose().len();
    // Some directories take an empty password for an anonymous sign-in (RFC 4513 §5.1.2).
    if length == 0 || length > MAX_PASSWORD_BYTES {
        return Err(SignInError::Denied);
    }
    Ok(())
}

/// Whether the attempt may be made.
const fn permission(attempt: Attempt) -> Result<(), SignInError> {
    let until = match attempt {
        Attempt::Reserved => return Ok(()),
        Attempt::PausedUntil(moment) => Some(moment),
        Attempt::Exhausted => None,
    };
    Err(SignInError::Throttled { until })
}

/// The next whole multiple of `step` after `began`, not before now.
fn next_step(began: Instant, step: Duration) -> Instant {
    let steps = began.elapsed().as_nanos().div_ceil(step.as_nanos().max(1));
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    began + step.saturating_mul(if step.is_zero() { 0 } else { steps })
}

/// What the attempts of a login are counted under in the store, and what an administrator clears
/// ([`Store::clear_attempts`]).
pub fn attempts_key(login: &Login) -> Digest {
    Digest::of(login.counting_key().as_bytes())
}

#[cfg(test)]
mod tests;
