//! Application passwords that come with requests: whose they are, and what the upstream is told.
//!
//! What was read of one is believed for a minute, so that the many requests of a `WebDAV` client cost
//! the store next to nothing; whoever admits a request asks besides whether it was revoked, which
//! ends it at once. As often as an access token would have to be refreshed, the users' backend is
//! asked whether the user may go on.
//!
//! Wrong ones are counted for each address and each login, in memory and apart from the passwords
//! that people sign in with: nobody guesses 150 random bits, so what is kept small here is the work,
//! and a telephone with a password that was revoked must not keep its owner from signing in. A
//! wrong one that comes again is no other guess. One that was good a while ago is read again whatever
//! others did in the name of its user.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::{Provider, audit};
use crate::jose::Verified;
use crate::model::{ApplicationPassword, ApplicationSecret, Login, Scope, Timestamp, UserProfile};
use crate::secret::{Digest, Secret};
use crate::store::StoreError;
use crate::users::Standing;

/// How long what was read of a password is believed.
const BELIEVED: Duration = Duration::from_secs(60);
/// How long a wrong one is refused without being looked for.
const REFUSED_FOR: Duration = Duration::from_secs(60);
/// How many are remembered, of each kind.
const MAX_REMEMBERED: u64 = 10_000;
/// What nobody brought for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);

/// A route that takes application passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPlace {
    /// Its name.
    pub route: String,
    /// What users call it.
    pub title: String,
    /// What passwords may there.
    pub scope: Scope,
    /// `aud` of what they are good for.
    pub audience: Vec<String>,
}

/// A user name and a password that came with a request.
#[derive(Clone, Debug)]
pub struct PresentedPassword {
    place: Arc<PasswordPlace>,
    login: String,
    password: Secret,
    digest: Digest,
}

impl PresentedPassword {
    /// What came on the route of `place`.
    pub fn new(place: &Arc<PasswordPlace>, login: &str, password: &Secret) -> Self {
        let text = [&place.route, login, password.expose()].join("\0");
        Self {
            digest: Secret::new(text).digest(),
            place: Arc::clone(place),
            login: login.to_owned(),
            password: password.clone(),
        }
    }
}

/// What is remembered of a password.
#[derive(Clone, Debug)]
pub enum RecalledPassword {
    /// Whose it is, unless it was revoked since.
    Good(Arc<Verified>),
    /// It was wrong a moment ago.
    Wrong,
    /// It has to be read.
    Unread,
}

/// Why a password lets nobody in.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationPasswordError {
    /// There is none such, for this login or on this route; nobody is told which.
    #[error("the application password is wrong")]
    Wrong,
    /// Too many were wrong.
    #[error("too many application passwords were wrong")]
    Throttled {
        /// How long to wait.
        wait: Duration,
    },
    /// The users' backend does not answer, and has not for too long.
    #[error("the user cannot be confirmed at the moment")]
    Unconfirmed,
    /// What is known of the user cannot be said in claims.
    #[error("the claims cannot be made")]
    Claims,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was found out lately.
#[derive(Debug)]
pub(super) struct KnownPasswords {
    good: Cache<Digest, Known>,
    wrong: Cache<Digest, Timestamp>,
}

#[derive(Clone, Debug)]
struct Known {
    verified: Arc<Verified>,
    read_at: Timestamp,
}

impl Default for KnownPasswords {
    fn default() -> Self {
        Self {
            good: Cache::builder()
                .max_capacity(MAX_REMEMBERED)
                .time_to_idle(FORGOTTEN)
                .build(),
            wrong: Cache::builder()
                .max_capacity(MAX_REMEMBERED)
                .time_to_live(REFUSED_FOR)
                .build(),
        }
    }
}

impl Provider {
    /// What is remembered of a password. Whether it was revoked since is the caller's to ask.
    pub fn recall_application_password(
        &self,
        presented: &PresentedPassword,
        now: Timestamp,
    ) -> RecalledPassword {
        let known = &self.application_passwords;
        if let Some(known) = known.good.get(&presented.digest)
            && now.since(known.read_at) < BELIEVED
            && now < known.verified.expires_at
        {
            return RecalledPassword::Good(known.verified);
        }
        match known.wrong.get(&presented.digest) {
            Some(until) if now < until => RecalledPassword::Wrong,
            _ => RecalledPassword::Unread,
        }
    }

    /// Reads whose a password is, and notes its use.
    ///
    /// # Errors
    ///
    /// [`ApplicationPasswordError`] says why it lets nobody in.
    pub async fn read_application_password(
        &self,
        presented: &PresentedPassword,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<Arc<Verified>, ApplicationPasswordError> {
        let known = &self.application_passwords;
        if known.good.get(&presented.digest).is_none() {
            self.check_guessing(presented, peer, now).await?;
        }
        match self.read_password(presented, (peer, now)).await {
            Ok(verified) => {
                let verified = Arc::new(verified);
                let known_now = Known {
                    verified: Arc::clone(&verified),
                    read_at: now,
                };
                known.good.insert(presented.digest, known_now);
                Ok(verified)
            }
            Err(ApplicationPasswordError::Wrong) => {
                known.good.invalidate(&presented.digest);
                known.wrong.insert(presented.digest, now.after(REFUSED_FOR));
                self.parts.sign_in.count_failure(peer, now).await;
                let login = login_key(&presented.login);
                self.password_failures.count_key(&login, now);
                Err(ApplicationPasswordError::Wrong)
            }
            Err(error) => Err(error),
        }
    }

    /// Refuses to look anything up for an address or a login with too many wrong passwords.
    async fn check_guessing(
        &self,
        presented: &PresentedPassword,
        peer: IpAddr,
        now: Timestamp,
    ) -> Result<(), ApplicationPasswordError> {
        let of_address = self.parts.sign_in.wait_of_address(peer, now).await;
        let login = login_key(&presented.login);
        let wait = of_address.or_else(|| self.password_failures.wait_key(&login, now));
        wait.map_or(Ok(()), |wait| {
            Err(ApplicationPasswordError::Throttled { wait })
        })
    }

    async fn read_password(
        &self,
        presented: &PresentedPassword,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<Verified, ApplicationPasswordError> {
        let secret = ApplicationSecret::parse(&presented.password);
        let secret = secret.ok_or(ApplicationPasswordError::Wrong)?;
        let store = &self.parts.store;
        let found = store
            .find_application_password(&secret.digest(), now)
            .await?;
        let place = &presented.place;
        let password = found
            .filter(|found| login_key(&found.user.login) == login_key(&presented.login))
            .filter(|found| found.routes.contains(&place.route))
            .ok_or(ApplicationPasswordError::Wrong)?;
        let user = self.confirm_password(&password, (peer, now)).await?;
        let last_used_at = password.last_used_at;
        if last_used_at.is_none_or(|used| now.since(used) >= BELIEVED) {
            store.touch_application_password(&password.id, now).await?;
        }
        self.claims_of_password(&password, user.as_ref(), place)
            .map_err(|_| ApplicationPasswordError::Claims)
    }

    /// What the users' backend says of the user of a password; `None` when it need not be asked or
    /// says nothing. A user who is gone or locked loses all of them.
    async fn confirm_password(
        &self,
        password: &ApplicationPassword,
        (peer, now): (IpAddr, Timestamp),
    ) -> Result<Option<UserProfile>, ApplicationPasswordError> {
        let unconfirmed_for = now.since(password.user_confirmed_at);
        if unconfirmed_for < self.settings.access_token_lifetime {
            return Ok(None);
        }
        let (store, subject) = (&self.parts.store, &password.user.subject);
        let reason = match self.parts.sign_in.find_standing(&password.user).await {
            Ok(Standing::Active(user)) if user.subject == *subject => {
                store
                    .confirm_application_password(&password.id, &user, now)
                    .await?;
                return Ok(Some(user));
            }
            Ok(Standing::Untold) => return Ok(None),
            Err(_) if unconfirmed_for <= self.settings.refresh_tokens.outage_grace => {
                return Ok(None);
            }
            Err(_) => return Err(ApplicationPasswordError::Unconfirmed),
            Ok(Standing::Active(_)) => "the login belongs to another user by now",
            Ok(Standing::Ended(reason)) => reason,
        };
        store.end_application_passwords_of(subject, now).await?;
        audit::application_passwords_ended(subject, reason, peer);
        Err(ApplicationPasswordError::Wrong)
    }
}

/// What a login is compared and counted by; what is none counts as itself.
fn login_key(login: &str) -> Digest {
    let key = Login::parse(login).map_or_else(|_| login.to_owned(), |login| login.counting_key());
    Digest::of(key.as_bytes())
}
