//! `prompt`: what the client wants its user to be asked (OpenID Connect Core §3.1.2.1).

use crate::provider::error::AuthorizationError;

/// What to do about pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Show one when it is needed.
    WhenNeeded,
    /// `login` or `select_account`: show one in any case. Whoever may choose an account does so
    /// by signing in to it, since one browser has one session.
    SignIn,
    /// `none`: show none, fail instead.
    Never,
}

impl Prompt {
    /// Reads the space-separated list. `consent` is met by signing in.
    pub(super) fn parse(text: &str) -> Result<Self, AuthorizationError> {
        let mut prompt = Self::WhenNeeded;
        let mut values = 0_usize;
        let mut none = false;
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            values += 1;
            match value {
                "none" => none = true,
                "login" | "select_account" => prompt = Self::SignIn,
                "consent" => {}
                _ => return Err(AuthorizationError::Invalid("prompt")),
            }
        }
        match (none, values) {
            (false, _) => Ok(prompt),
            (true, 1) => Ok(Self::Never),
            (true, _) => Err(AuthorizationError::PromptNoneCombined),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_prompt_asks_for() {
        for (text, prompt) in [
            ("", Prompt::WhenNeeded),
            ("consent", Prompt::WhenNeeded),
            ("login", Prompt::SignIn),
            ("consent login", Prompt::SignIn),
            ("select_account", Prompt::SignIn),
            ("none", Prompt::Never),
        ] {
            assert_eq!(Prompt::parse(text).ok(), Some(prompt), "{text}");
        }
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
