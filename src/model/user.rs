//! End-users: how they sign in and what is known of them.

use std::fmt;

use super::{UserDetails, folded};

/// What a user types to say who they are, trimmed, with the one key its attempts are counted by.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    text: String,
}

/// Why a text cannot be a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Nothing but white space.
    #[error("the user name is empty")]
    Empty,
    /// More than 256 bytes.
    #[error("the user name is longer than 256 bytes")]
    TooLong,
    /// Control characters have no place in a name and would forge log lines elsewhere.
    #[error("the user name has a control character")]
    ControlCharacter,
}

impl Login {
    /// Takes what was typed, without the white space around it.
    ///
    /// # Errors
    ///
    /// [`LoginError`]; the page answers as for a wrong password.
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LoginError::Empty);
        }
        if text.len() > 256 {
            return Err(LoginError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(LoginError::ControlCharacter);
        }
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// The login as the users' backend gets it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key that attempts are counted by: spellings that a backend may take for one user
    /// (other letter case, other width of space) share it.
    ///
    /// Folds letter case and white space, as Cells' `loginCI` option does and more: two users who
    /// differ in case only share a counter, which is the safe side. So are compatibility forms (full
    /// width, ligatures) and characters that nobody sees, because the collation of the database
    /// behind Cells decides whether those are one user. Look-alikes of other scripts are other
    /// logins, as they are to every collation.
    pub fn counting_key(&self) -> String {
        folded(&self.text)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({:?})", self.text)
    }
}

/// `sub`: the end-user as clients see it, at most 255 ASCII characters
/// (OpenID Connect Core §2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(String);

/// Why a text cannot be a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subject has 1 to 255 printable ASCII characters without spaces around it")]
pub struct SubjectError;

impl Subject {
    /// Checks a subject from a users' backend or from a token.
    ///
    /// # Errors
    ///
    /// [`SubjectError`]: empty, too long, not printable ASCII, or padded with spaces.
    pub fn parse(text: &str) -> Result<Self, SubjectError> {
        let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if text.is_empty() || text.len() > 255 || !printable || text.trim() != text {
            return Err(SubjectError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The exact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the users' backend told of a user at sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserProfile {
    /// `sub`: stable, never given to another user.
    pub subject: Subject,
    /// `preferred_username`: the login as the backend spells it.
    pub login: String,
    /// `name`: the display name.
    pub name: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `email_verified`; `None` when the backend does not say.
    pub email_verified: Option<bool>,
    /// `groups`.
    pub groups: Vec<String>,
    /// `roles`.
    pub roles: Vec<String>,
    /// The rest.
    pub details: UserDetails,
}

#[cfg(test)]
impl UserProfile {
    /// Somebody of whom nothing else is known.
    pub(crate) fn named(subject: &str, login: &str) -> Self {
        Self {
            subject: Subject::parse(subject).unwrap(),
            login: login.to_owned(),
            name: None,
            email: None,
            email_verified: None,
            groups: Vec::new(),
            roles: Vec::new(),
            details: UserDetails::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_login_share_their_counter() {
        let key = |text: &str| Login::parse(text).unwrap().counting_key();

        assert_eq!(key("alice"), key(" Alice\u{a0}"));
        assert_eq!(key("alice  smith"), key("ALICE\u{2003}smith"));
        assert_eq!(key("alice"), key("\u{ff21}\u{ff4c}ice"), "full width");
        assert_eq!(key("office"), key("o\u{fb03}ce"), "ligature");
        assert_eq!(key("ali\u{200b}ce\u{fe0f}"), key("alice"), "invisible");
        assert_eq!(key("zo\u{eb}"), key("zoe\u{308}"), "composed");
        assert_ne!(key("alice"), key("\u{430}lice"), "Cyrillic");
        assert_ne!(key("alice"), key("bob"));
    }

    #[test]
    fn a_subject_is_printable_ascii() {
        for text in ["", " a", "a ", "\u{200b}", "zoë", "a\nb", &"x".repeat(256)] {
            assert_eq!(Subject::parse(text), Err(SubjectError), "{text:?}");
        }
        assert!(Subject::parse("6b2ff3f0-2b1c-4a0d-9d3c-0d8b8f1f5f00").is_ok());
    }
}
