//! Claims that a client gets beside the standard ones, or instead of them.

use super::IdentityClaim;

/// Names that mean something in a token, at the token endpoint or in an introspection answer,
/// so that no rule may set them.
const RESERVED: [&str; 30] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "azp",
    "nonce",
    "auth_time",
    "acr",
    "amr",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "cnf",
    "act",
    "may_act",
    "scope",
    "client_id",
    "grant_id",
    "active",
    "username",
    "token_type",
    "token_introspection",
    "events",
    "sub_jwk",
    "_claim_names",
    "_claim_sources",
];

/// The name of a claim that a rule may set: 1 to 128 printable ASCII characters without spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimName(String);

/// Why a rule may not set a claim of some name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimNameError {
    /// Empty, too long, or not printable ASCII.
    #[error("a claim's name has 1 to 128 printable ASCII characters without spaces")]
    Form,
    /// It has a meaning that must stay ours to give.
    #[error("this claim has a meaning in tokens, and only Cellgate itself sets it")]
    Reserved,
}

impl ClaimName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`ClaimNameError`]: not a name, or one that is reserved.
    pub fn parse(text: &str) -> Result<Self, ClaimNameError> {
        if text.is_empty() || text.len() > 128 || !text.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(ClaimNameError::Form);
        }
        if RESERVED.contains(&text) {
            return Err(ClaimNameError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// The exact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the value of a claim is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimSource {
    /// Another claim about the user, told where the scope grants that one.
    Claim(IdentityClaim),
    /// An attribute of the users' backend, told where the scope has `profile`.
    Attribute(String),
    /// Always the same.
    Constant(ConstantClaim),
}

/// A value that is the same for every user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstantClaim {
    /// A JSON string.
    Text(String),
    /// A JSON number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A JSON array of strings.
    Texts(Vec<String>),
}

/// One claim that a client gets of its own. It takes the place of a standard claim of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    /// What it is called.
    pub name: ClaimName,
    /// What it says.
    pub source: ClaimSource,
    /// Whether ID tokens have it too, and not only the userinfo endpoint and access tokens.
    pub in_id_token: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_rule_may_set() {
        for (text, outcome) in [
            ("memberOf", Ok(())),
            ("https://app.example/claims/groups", Ok(())),
            ("email", Ok(())),
            ("", Err(ClaimNameError::Form)),
            ("two words", Err(ClaimNameError::Form)),
            ("groupé", Err(ClaimNameError::Form)),
            ("sub", Err(ClaimNameError::Reserved)),
            ("grant_id", Err(ClaimNameError::Reserved)),
            ("client_id", Err(ClaimNameError::Reserved)),
        ] {
            assert_eq!(ClaimName::parse(text).map(drop), outcome, "{text}");
        }
        assert_eq!(
            ClaimName::parse(&"a".repeat(129)),
            Err(ClaimNameError::Form)
        );
    }
}
