//! The one place where a password is tried.

use std::sync::Arc;

use super::turnstile::Turnstile;
use super::{BackendError, SignInError, Standing, UserDirectory};
use crate::model::{Login, Timestamp, UserProfile};
use crate::secret::{Digest, Secret};
use crate::store::{Attempt, AttemptLimits, Store};

/// Longer passwords are refused without asking anybody: no backend of ours takes them, and some
/// hash all that they are sent.
const MAX_PASSWORD_BYTES: usize = 1024;

/// The one place where a password is tried, whichever way it came: counts under the canonical
/// login, asks the directory, clears or keeps the count.
#[derive(Clone, Debug)]
pub struct SignIn {
    directory: Arc<dyn UserDirectory>,
    store: Store,
    limits: AttemptLimits,
    turnstile: Arc<Turnstile>,
}

impl SignIn {
    /// The sign-in over `directory`.
    pub fn new(directory: Arc<dyn UserDirectory>, store: Store, limits: AttemptLimits) -> Self {
        Self {
            directory,
            store,
            limits,
            turnstile: Arc::default(),
        }
    }

    /// Tries `password` for `login`.
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
        login: &Login,
        password: &Secret,
        now: Timestamp,
    ) -> Result<UserProfile, SignInError> {
        let key = attempts_key(login);
        let _turn = self.turnstile.pass(&key).await;
        self.reserve(&key, now).await?;
        let outcome = self.check(login, password, now).await;
        self.settle(&key, &outcome).await?;
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

    async fn reserve(&self, key: &Digest, now: Timestamp) -> Result<(), SignInError> {
        let until = match self.store.reserve_attempt(key, &self.limits, now).await? {
            Attempt::Reserved => return Ok(()),
            Attempt::PausedUntil(moment) => Some(moment),
            Attempt::Exhausted => None,
        };
        Err(SignInError::Throttled { until })
    }

    async fn check(
        &self,
        login: &Login,
        password: &Secret,
        now: Timestamp,
    ) -> Result<UserProfile, SignInError> {
        let length = password.expose().len();
        // Some directories take an empty password for an anonymous sign-in (RFC 4513 §5.1.2).
        if length == 0 || length > MAX_PASSWORD_BYTES {
            return Err(SignInError::Denied);
        }
        self.directory.check_password(login, password, now).await
    }

    async fn settle(
        &self,
        key: &Digest,
        outcome: &Result<UserProfile, SignInError>,
    ) -> Result<(), SignInError> {
        match outcome {
            Ok(_) => self.store.clear_attempts(key).await?,
            Err(SignInError::Denied | SignInError::Locked | SignInError::Unanswered(_)) => {}
            Err(
                SignInError::StepUpRequired
                | SignInError::Throttled { .. }
                | SignInError::Unavailable(_)
                | SignInError::Store(_),
            ) => self.store.return_attempt(key).await?,
        }
        Ok(())
    }
}

/// What the attempts of a login are counted under in the store, and what an administrator clears
/// ([`Store::clear_attempts`]).
pub fn attempts_key(login: &Login) -> Digest {
    Digest::of(login.counting_key().as_bytes())
}

#[cfg(test)]
mod tests;
