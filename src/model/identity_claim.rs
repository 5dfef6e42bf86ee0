//! Claims about who a user is.

use super::UserText;

/// A claim about who the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityClaim {
    /// The login as the users' backend spells it.
    PreferredUsername,
    /// The display name.
    Name,
    /// The e-mail address.
    Email,
    /// Whether that is known to be the user's.
    EmailVerified,
    /// Ours: the groups.
    Groups,
    /// Ours: the roles.
    Roles,
    /// One of the texts of the standard.
    Text(UserText),
    /// Whether the telephone number is known to be the user's.
    PhoneNumberVerified,
    /// The postal address, an object.
    Address,
    /// When anything about the user was changed last.
    UpdatedAt,
}

impl IdentityClaim {
    /// Those that are not a mere text.
    const OTHERS: [Self; 9] = [
        Self::PreferredUsername,
        Self::Name,
        Self::Email,
        Self::EmailVerified,
        Self::Groups,
        Self::Roles,
        Self::PhoneNumberVerified,
        Self::Address,
        Self::UpdatedAt,
    ];

    /// Its name in tokens and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreferredUsername => "preferred_username",
            Self::Name => "name",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::Groups => "groups",
            Self::Roles => "roles",
            Self::Text(text) => text.as_str(),
            Self::PhoneNumberVerified => "phone_number_verified",
            Self::Address => "address",
            Self::UpdatedAt => "updated_at",
        }
    }

    /// Finds the claim of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let text = UserText::parse(name).map(Self::Text);
        text.or_else(|| {
            Self::OTHERS
                .into_iter()
                .find(|claim| claim.as_str() == name)
        })
    }

    /// Whether resource servers decide by it, so that access tokens tell it. The rest would make
    /// every request longer and be seen by many who need not know it; the userinfo endpoint has
    /// it.
    pub const fn is_for_resource_servers(self) -> bool {
        match self {
            Self::PreferredUsername
            | Self::Name
            | Self::Email
            | Self::EmailVerified
            | Self::Groups
            | Self::Roles => true,
            Self::Text(_) | Self::PhoneNumberVerified | Self::Address | Self::UpdatedAt => false,
        }
    }
}
