//! Claims that a client asks for one by one.

use std::collections::BTreeSet;

use super::ClaimName;

/// What the `claims` parameter of an authorization request asks for (OpenID Connect Core §5.5),
/// by where it is to be told. Whether it may be told is judged whenever it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedClaims {
    /// At the userinfo endpoint.
    pub userinfo: BTreeSet<ClaimName>,
    /// In ID tokens.
    pub id_token: BTreeSet<ClaimName>,
}

impl RequestedClaims {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// Everything asked for, wherever it is to be told.
    pub fn names(&self) -> BTreeSet<&ClaimName> {
        self.userinfo.union(&self.id_token).collect()
    }
}
