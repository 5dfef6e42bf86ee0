//! How clients come to be registered.

use super::{GrantType, Reach};

/// Who registered a client that is not in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisteredBy {
    /// An administrator, by `cellgate clients add`.
    CommandLine,
    /// An administrator, from the static clients of Pydio Cells.
    Import,
    /// The client itself (RFC 7591).
    Itself,
}

impl RegisteredBy {
    const ALL: [Self; 3] = [Self::CommandLine, Self::Import, Self::Itself];

    /// The word for it in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CommandLine => "cli",
            Self::Import => "import",
            Self::Itself => "dynamic",
        }
    }

    /// Where its addresses may lead us: an administrator wrote down what is in our network, a
    /// stranger may not make us call it.
    pub const fn reach(self) -> Reach {
        match self {
            Self::CommandLine | Self::Import => Reach::Anywhere,
            Self::Itself => Reach::Public,
        }
    }

    /// Whether a client may be registered for `grant_type`.
    ///
    /// A token without a user is for machines that an administrator knows: who registers itself
    /// would otherwise hold one that every route takes which asks for nothing more than a token.
    pub const fn may_use(self, grant_type: GrantType) -> bool {
        match (self, grant_type) {
            (Self::Itself, GrantType::ClientCredentials) => false,
            (Self::Itself, GrantType::AuthorizationCode | GrantType::RefreshToken)
            | (Self::CommandLine | Self::Import, _) => true,
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == text)
    }
}
