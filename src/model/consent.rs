//! Consent: a user's yes to what an application asks for.

use super::{ClientId, Scope, Subject, Timestamp};

/// When users are asked whether an application may have what it asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsentPolicy {
    /// At every sign-in to it.
    Required,
    /// Until they said yes, and again when it asks for more or says `prompt=consent`.
    #[default]
    Remembered,
    /// Never: a first-party application, to which whoever runs the place said yes for everybody.
    Implicit,
}

impl ConsentPolicy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Required, Self::Remembered, Self::Implicit];

    /// Its name in configuration files and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Remembered => "remembered",
            Self::Implicit => "implicit",
        }
    }

    /// Reads such a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }
}

/// What a user allowed a client, over all the times it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// By whom.
    pub subject: Subject,
    /// To whom.
    pub client_id: ClientId,
    /// What for.
    pub scope: Scope,
    /// When the user said yes the last time.
    pub given_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_by_its_name() {
        for policy in ConsentPolicy::ALL {
            assert_eq!(ConsentPolicy::parse(policy.as_str()), Some(policy));
        }
        assert_eq!(ConsentPolicy::parse("never"), None);
    }

    #[test]
    fn who_says_nothing_about_consent_has_users_asked() {
        assert_eq!(ConsentPolicy::default(), ConsentPolicy::Remembered);
    }
}
