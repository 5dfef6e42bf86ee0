//! `prompt`: what the client wants its user to be asked (OpenID Connect Core §3.1.2.1).
//!
//! With `none`, two things can be missing, and each has its error (§3.1.2.6): a session of the
//! right user that is recent enough (`login_required`), and the user's yes (`consent_required`).
//! `account_selection_required` is never sent, since a browser has one session and so nothing to
//! choose among; nor is `interaction_required`, which is for what no other code says.

use crate::provider::error::AuthorizationError;

/// A value of the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PromptValue {
    /// No page at all.
    None,
    /// The sign-in page in any case.
    Login,
    /// The consent page in any case.
    Consent,
    /// The page that asks which account to go on with, in any case.
    SelectAccount,
}

impl PromptValue {
    /// All of them, in the order the discovery document lists them.
    pub(crate) const ALL: [Self; 4] = [Self::None, Self::Login, Self::Consent, Self::SelectAccount];

    /// As it is sent.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Login => "login",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }
}

/// What to do about pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Show those that are needed, and these in any case.
    Show(Wanted),
    /// `none`: show none, fail instead.
    Never,
}

/// The pages a client wants shown even if nothing here needs them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// `login`.
    pub(crate) sign_in: bool,
    /// `select_account`.
    pub(crate) account: bool,
    /// `consent`.
    pub(crate) consent: bool,
}

impl Prompt {
    /// Reads the space-separated list.
    pub(super) fn parse(text: &str) -> Result<Self, AuthorizationError> {
        let mut wanted = Wanted::default();
        let mut values = 0_usize;
        let mut none = false;
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            values += 1;
            match PromptValue::parse(value).ok_or(AuthorizationError::Invalid("prompt"))? {
                PromptValue::None => none = true,
                PromptValue::Login => wanted.sign_in = true,
                PromptValue::SelectAccount => wanted.account = true,
                PromptValue::Consent => wanted.consent = true,
            }
        }
        match (none, values) {
            (false, _) => Ok(Self::Show(wanted)),
            (true, 1) => Ok(Self::Never),
            (true, _) => Err(AuthorizationError::PromptNoneCombined),
        }
    }

    /// The pages to show in any case.
    pub(crate) const fn wanted(self) -> Wanted {
        match self {
            Self::Show(wanted) => wanted,
            Self::Never => Wanted {
                sign_in: false,
                account: false,
                consent: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_prompt_asks_for() {
        for (text, sign_in, account, consent) in [
            ("", false, false, false),
            ("consent", false, false, true),
            ("login", true, false, false),
            ("consent login", true, false, true),
            ("select_account", false, true, false),
            ("select_account login consent", true, true, true),
        ] {
            let wanted = Wanted {
                sign_in,
                account,
                consent,
            };
            let prompt = Prompt::parse(text).ok();
            assert_eq!(prompt, Some(Prompt::Show(wanted)), "{text}");
        }
        assert_eq!(Prompt::parse("none").ok(), Some(Prompt::Never));
    }

    #[test]
    fn what_is_not_a_prompt() {
        for text in [
            "none login",
            "login none",
            "none none",
            "None",
            "create",
            "login,consent",
        ] {
            assert!(Prompt::parse(text).is_err(), "{text}");
        }
    }
}
