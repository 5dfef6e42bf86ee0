//! Users listed in the configuration, for demonstrations and small sites.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZero;
use std::thread::available_parallelism;

use async_trait::async_trait;
use tokio::task::spawn_blocking;

use super::{BackendError, SignInError, SignedIn, Standing, StaticUser, UserDirectory};
use crate::gate::Gate;
use crate::model::{Login, SecretHash, Timestamp, UserProfile};
use crate::secret::Secret;

/// How many attempts wait for a core before one is told to come back.
const MAX_WAITING: usize = 256;

/// A hash that an unknown user's password is checked against when there is no user at all; of
/// the usual costs.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y2VsbGdhdGUtbm9ib2R5$\
                            ANmNo4dUQ5FtnTd5b1xkkW1y7l9F7lS3mYd0sB3o2pY";

/// The users of the list.
pub(super) struct StaticDirectory {
    users: HashMap<String, StaticUser>,
    /// Checked instead of an unknown user's: a real user's, so that it costs the same.
    decoy: SecretHash,
    /// One check takes a core for tens of milliseconds. Half of the cores is left to everything
    /// else that goes on, so that a flood of sign-ins does not slow tokens and traffic down.
    cores: Gate,
}

impl StaticDirectory {
    pub(super) fn new(users: &[StaticUser]) -> Self {
        let decoy = users.first().map_or_else(
            || SecretHash::Argon2id(NOBODYS_HASH.to_owned()),
            |user| user.password.clone(),
        );
        let n_cores = available_parallelism().map_or(1, NonZero::get);
        Self {
            users: users
                .iter()
                .map(|user| (user.profile.login.clone(), user.clone()))
                .collect(),
            decoy,
            cores: Gate::new(n_cores / 2),
        }
    }
}

#[async_trait]
impl UserDirectory for StaticDirectory {
    async fn check_password(
        &self,
        login: &Login,
        password: &Secret,
        _now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let user = self.users.get(login.as_str());
        let hash = user.map_or(&self.decoy, |user| &user.password).clone();
        let matches = self.matches(hash, password.clone()).await?;
        match user {
            Some(user) if matches => Ok(user.profile.clone().into()),
            _ => Err(SignInError::Denied),
        }
    }

    async fn find_standing(&self, user: &UserProfile) -> Result<Standing, BackendError> {
        let found = self.users.get(&user.login).map(|user| &user.profile);
        Ok(match found {
            Some(found) if found.subject == user.subject => Standing::Active(found.clone()),
            // The login may have been given to somebody else.
            _ => Standing::Ended("the user is not in the list any more"),
        })
    }
}

impl StaticDirectory {
    async fn matches(&self, hash: SecretHash, password: Secret) -> Result<bool, SignInError> {
        let core = self.cores.pass(MAX_WAITING).await;
        let core = core.ok_or(SignInError::Busy)?;
        spawn_blocking(move || {
            // Given back when the work is done, not when the caller stops waiting.
            let _core = core;
            hash.matches(&password)
        })
        .await
        .map_err(|_| SignInError::Unavailable("a password check stopped"))
    }
}

impl fmt::Debug for StaticDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticDirectory")
            .field("n_users", &self.users.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::SaltString;
    use argon2::{Argon2, PasswordHash, PasswordHasher as _};

    use super::*;
    use crate::model::Subject;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn user(login: &str, password: &str) -> StaticUser {
        let salt = SaltString::from_b64("c29tZXNhbHRzb21l").unwrap();
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
        StaticUser {
            profile: UserProfile::named(login, login),
            password: SecretHash::parse(&hash.unwrap().to_string()).unwrap(),
        }
    }

    async fn check(users: &[StaticUser], login: &str, password: &str) -> Option<String> {
        let directory = StaticDirectory::new(users);
        let login = Login::parse(login).unwrap();
        let password = Secret::new(password);
        match directory.check_password(&login, &password, NOW).await {
            Ok(signed_in) => Some(signed_in.user.login),
            Err(SignInError::Denied) => None,
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn only_the_users_own_password_is_right() {
        let users = [user("alice", "one"), user("bob", "two")];

        assert_eq!(check(&users, "alice", "one").await.unwrap(), "alice");
        assert_eq!(check(&users, "bob", "two").await.unwrap(), "bob");
        assert_eq!(check(&users, "alice", "two").await, None);
        assert_eq!(check(&users, "alice", "").await, None);
        assert_eq!(check(&users, "Alice", "one").await, None);
    }

    #[tokio::test]
    async fn a_user_goes_on_as_long_as_the_list_has_it() {
        let before = user("alice", "one").profile;
        let mut renamed = user("alice", "two");
        renamed.profile.name = Some("Alice".to_owned());
        let mut somebody_else = user("alice", "one");
        somebody_else.profile.subject = Subject::parse("another").unwrap();

        for (row, list, goes_on) in [
            ("as before", vec![user("alice", "one")], true),
            ("another profile", vec![renamed], true),
            ("another user of this login", vec![somebody_else], false),
            ("nobody", vec![], false),
        ] {
            let standing = StaticDirectory::new(&list).find_standing(&before).await;

            match standing.unwrap() {
                Standing::Active(profile) => {
                    assert!(goes_on, "{row}");
                    assert_eq!(profile, list[0].profile, "{row}");
                }
                Standing::Ended(_) => assert!(!goes_on, "{row}"),
                Standing::Untold => panic!("{row}"),
            }
        }
    }

    /// The decoy is somebody's hash, and must open nothing.
    #[tokio::test]
    async fn an_unknown_user_is_denied_with_any_password() {
        let users = [user("alice", "one")];

        assert_eq!(check(&users, "mallory", "one").await, None);
        assert_eq!(check(&[], "mallory", "one").await, None);
    }

    #[test]
    fn the_decoy_of_an_empty_list_costs_as_much_as_a_real_hash() {
        let directory = StaticDirectory::new(&[]);

        let SecretHash::Argon2id(text) = &directory.decoy else {
            panic!("{:?}", directory.decoy);
        };
        let decoy = PasswordHash::new(text).unwrap();
        assert!(decoy.hash.is_some_and(|hash| hash.len() == 32));
        let SecretHash::Argon2id(real) = user("alice", "one").password else {
            panic!();
        };
        assert_eq!(decoy.params, PasswordHash::new(&real).unwrap().params);
    }
}
