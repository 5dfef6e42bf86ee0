//! How users prove who they are, in the words that clients know it by.

/// A way to sign in: what clients learn of it, and may ask for.
///
/// Cellgate knows what it asked for itself, a password, over TLS. Of a second factor it would
/// have to learn from the users' backend, and a backend that asks for one refuses the sign-in
/// here; so there is nothing stronger to state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthenticationContext {
    /// A password, over a protected connection.
    #[default]
    Password,
}

impl AuthenticationContext {
    /// All of them, in the order the discovery document lists them.
    pub const ALL: [Self; 1] = [Self::Password];

    /// The value of `acr`: the name that the SAML 2.0 authentication contexts have for it, which
    /// other providers use as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        }
    }

    /// The values of `amr` (RFC 8176 §2).
    pub const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
        }
    }
}
