//! Application passwords: for clients that can send a user name and a password and nothing better.

use super::{GrantId, Scope, Timestamp, UserProfile};
use crate::entropy::{self, EntropyError};
use crate::secret::{Digest, Secret};

/// A password that a user had made for one application, bound to routes and scope.
#[derive(Clone, Debug)]
pub struct ApplicationPassword {
    /// Names it; revoked like a grant, so that what is open by it ends with it.
    pub id: GrantId,
    /// Whose it is.
    pub user: UserProfile,
    /// What the user calls it.
    pub name: String,
    /// The routes it is good on, by their names.
    pub routes: Vec<String>,
    /// What it may at most; a route may allow it less.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused; `None`: when it is revoked.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; `None`: never.
    pub last_used_at: Option<Timestamp>,
    /// When it was last certain that the user may go on.
    pub user_confirmed_at: Timestamp,
}

/// The secret of an application password, in its form.
///
/// 150 random bits: nobody guesses one, whatever the rate, and all that would be won by a slow hash
/// is time lost for each request. So its SHA-256 is what is stored. The form is one that people can
/// type, with nothing in it that looks like something else, and that no chosen password has; so it
/// is known for what it is wherever it turns up, and shown to no other backend.
#[derive(Clone, Debug)]
pub struct ApplicationSecret(Secret);

/// What every one begins with.
const PREFIX: &str = "cgap";
/// 32 characters are 5 bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const GROUPS: usize = 6;
const IN_GROUP: usize = 5;

impl ApplicationSecret {
    /// Makes a new one.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] when there is no randomness.
    pub fn generate() -> Result<Self, EntropyError> {
        let random = entropy::random::<{ GROUPS * IN_GROUP }>()?;
        let mut text = PREFIX.to_owned();
        for (n, byte) in random.iter().enumerate() {
            if n % IN_GROUP == 0 {
                text.push('-');
            }
            // 32 values fit a byte evenly, so that each is as likely as any other.
            let character = ALPHABET.get(usize::from(byte % 32)).copied();
            text.push(char::from(character.unwrap_or(b'0')));
        }
        Ok(Self(Secret::new(text)))
    }

    /// What came as a password, if it is of the form.
    pub fn parse(password: &Secret) -> Option<Self> {
        let mut groups = password.expose().strip_prefix(PREFIX)?.split('-');
        let is_first_empty = groups.next() == Some("");
        let is_group = |group: &str| {
            group.len() == IN_GROUP && group.bytes().all(|byte| ALPHABET.contains(&byte))
        };
        let mut n_groups = 0;
        let are_groups = groups.all(|group| {
            n_groups += 1;
            is_group(group)
        });
        let is_one = is_first_empty && are_groups && n_groups == GROUPS;
        is_one.then(|| Self(Secret::new(password.expose())))
    }

    /// To be shown to its user, once.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored instead of it.
    pub fn digest(&self) -> Digest {
        self.0.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_one_that_is_made_is_of_the_form() {
        let one = ApplicationSecret::generate().unwrap();
        let other = ApplicationSecret::generate().unwrap();

        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), 40);
        let read = ApplicationSecret::parse(&Secret::new(one.expose())).unwrap();
        assert_eq!(read.digest(), one.digest());
        assert!(!format!("{one:?}").contains(one.expose()));
    }

    #[test]
    fn nothing_else_is_of_the_form() {
        let good = "cgap-01234-56789-abcde-fghjk-mnpqr-stvwx";
        assert!(ApplicationSecret::parse(&Secret::new(good)).is_some());
        for text in [
            "",
            "cgap",
            "cgap-",
            "correct horse battery staple",
            "cgap-01234-56789-abcde-fghjk-mnpqr",
            "cgap-01234-56789-abcde-fghjk-mnpqr-stvwx-yz012",
            "cgap-01234-56789-abcde-fghjk-mnpqr-stvw",
            "cgap-01234-56789-abcde-fghjk-mnpqr-stvwl",
            "cgap-01234-56789-ABCDE-fghjk-mnpqr-stvwx",
            "cgapx-01234-56789-abcde-fghjk-mnpqr-stvwx",
            " cgap-01234-56789-abcde-fghjk-mnpqr-stvwx",
            "cgap-01234-56789-abcde-fghjk-mnpqr-stvwx\n",
        ] {
            assert!(
                ApplicationSecret::parse(&Secret::new(text)).is_none(),
                "{text:?}"
            );
        }
    }
}
