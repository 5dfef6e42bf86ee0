//! Consent: a user's yes to what an application asks for.

use std::collections::BTreeSet;
use std::fmt;

use super::{ClientId, IdentityClaim, Scope, Subject, Timestamp};

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
    pub allowed: Allowance,
    /// When the user said yes the last time.
    pub given_at: Timestamp,
}

/// What a user may allow a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Scope values.
    pub scope: Scope,
    /// Claims that the client asks for one by one, and that no scope value it asks for grants.
    pub claims: BTreeSet<IdentityClaim>,
}

impl Allowance {
    /// Whether whoever allowed this has allowed `other`.
    pub fn includes(&self, other: &Self) -> bool {
        self.scope.includes(&other.scope) && self.claims.is_superset(&other.claims)
    }

    /// What either of the two allows.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            scope: self.scope.union(&other.scope),
            claims: self.claims.union(&other.claims).copied().collect(),
        }
    }
}

/// The scope values, then the claims in quotes, which no scope value has.
impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.scope.fmt(f)?;
        let mut claims = self.claims.iter();
        claims.try_for_each(|claim| write!(f, " \"{}\"", claim.as_str()))
    }
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
    fn a_claim_is_not_taken_for_a_scope_value_nor_the_other_way_round() {
        let scope = Allowance {
            scope: Scope::parse("openid email").unwrap(),
            ..Allowance::default()
        };
        let claim = Allowance {
            scope: Scope::parse("openid").unwrap(),
            claims: [IdentityClaim::Email].into(),
        };

        assert!(!scope.includes(&claim) && !claim.includes(&scope));
        assert_ne!(scope.to_string(), claim.to_string());
        let both = scope.union(&claim);
        assert!(both.includes(&scope) && both.includes(&claim));
    }

    #[test]
    fn who_says_nothing_about_consent_has_users_asked() {
        assert_eq!(ConsentPolicy::default(), ConsentPolicy::Remembered);
    }
}
