//! `prompt`: what the client wants its user to be asked (OpenID Connect Core §3.1.2.1).

use crate::provider::error::AuthorizationError;

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
            match value {
                "none" => none = true,
                "login" => wanted.sign_in = true,
                "select_account" => wanted.account = true,
                "consent" => wanted.consent = true,
                _ => return Err(AuthorizationError::Invalid("prompt")),
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
