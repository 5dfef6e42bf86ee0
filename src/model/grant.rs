//! What a user granted, and the artefacts that come of it.

use std::fmt;
use std::time::Duration;

use super::{ClientId, Device, RequestedClaims, Resource, Scope, Timestamp, UserProfile};
use crate::secret::Digest;

/// Names a grant; in every token that comes of it, so that all can be revoked at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantId(String);

impl GrantId {
    /// Wraps an identifier made by [`crate::entropy::identifier`] or read from the store.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a session to clients (`sid`); not the cookie, which is a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// Wraps an identifier made by [`crate::entropy::identifier`] or read from the store.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A signed-in browser at the provider.
#[derive(Clone, Debug)]
pub struct Session {
    /// `sid`.
    pub id: SessionId,
    /// Who signed in, as the backend told at that moment.
    pub user: UserProfile,
    /// When the password was checked: `auth_time`.
    pub authenticated_at: Timestamp,
    /// When it ends unless used again.
    pub idle_until: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// What it was begun with.
    pub device: Device,
}

/// A browser that is signed in to an application behind the gateway, which knows it by a cookie of
/// that host.
#[derive(Clone, Debug)]
pub struct ApplicationSession {
    /// The application, by its host.
    pub host: String,
    /// Who signed in, and in which session at the provider. The session ends with it.
    pub grant: Grant,
    /// When it ends unless used again.
    pub idle_until: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it was last certain that the user may go on: the sign-in, or a later answer of the
    /// users' backend.
    pub user_confirmed_at: Timestamp,
}

/// What a user granted to a client: the parent of codes and tokens.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its name.
    pub id: GrantId,
    /// To whom.
    pub client_id: ClientId,
    /// By whom.
    pub user: UserProfile,
    /// The session it was granted in.
    pub session_id: SessionId,
    /// What for.
    pub scope: Scope,
    /// Where (RFC 8707); none: at the client's usual audience.
    pub resources: Vec<Resource>,
    /// What the client asked for beside the claims of the scope.
    pub claims: RequestedClaims,
    /// `auth_time` of the session at that moment.
    pub authenticated_at: Timestamp,
    /// `nonce` of the authorization request, repeated in ID tokens.
    pub nonce: Option<String>,
    /// When it was made.
    pub granted_at: Timestamp,
}

/// One use, bound to client, redirection URI and challenge (RFC 6749 §4.1.2). Stored under its
/// digest.
#[derive(Clone, Debug)]
pub struct AuthorizationCode {
    /// What it stands for.
    pub grant: Grant,
    /// `redirect_uri` of the authorization request.
    pub redirect_uri: String,
    /// `code_challenge`, always S256; `None` only for a confidential client that sent none.
    pub code_challenge: Option<CodeChallenge>,
    /// From this second on it is refused.
    pub expires_at: Timestamp,
}

/// A refresh token's record (RFC 6749 §6). Stored under its digest.
#[derive(Clone, Debug)]
pub struct RefreshToken {
    /// What it refreshes.
    pub grant: Grant,
    /// From this second on it is refused.
    pub expires_at: Timestamp,
    /// When and how its successor took its place, if one did.
    pub spent: Option<Spent>,
    /// When it was last certain that the user may go on: the sign-in, or a later answer of the
    /// users' backend.
    pub user_confirmed_at: Timestamp,
}

impl RefreshToken {
    /// Whether it is the token of its grant that may be used at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.spent.is_none() && now < self.expires_at
    }

    /// Whether presenting it at `now` shows that two parties have held it: it was spent, and
    /// either longer ago than an answer is retried for, or its successor arrived and was used.
    pub fn is_replay(&self, reuse_window: Duration, now: Timestamp) -> bool {
        self.spent
            .is_some_and(|spent| spent.is_successor_used || now.before(reuse_window) >= spent.at)
    }
}

/// A refresh token that has a successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// When.
    pub at: Timestamp,
    /// Whether somebody has used the successor.
    pub is_successor_used: bool,
}

/// An S256 `code_challenge` (RFC 7636 §4.2): the SHA-256 of the verifier.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeChallenge(Digest);

impl CodeChallenge {
    /// Reads 43 characters of base64url.
    pub fn parse(text: &str) -> Option<Self> {
        Digest::from_base64url(text).map(Self)
    }

    /// The challenge of a verifier that was made here.
    pub fn of_verifier(verifier: &str) -> Self {
        Self(Digest::of(verifier.as_bytes()))
    }

    /// The challenge as it was sent.
    pub fn to_base64url(self) -> String {
        self.0.to_base64url()
    }

    /// Whether `verifier` is well formed (RFC 7636 §4.1: 43 to 128 unreserved characters) and
    /// is what the challenge was made from.
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
            return false;
        }
        Digest::of(verifier.as_bytes()).matches(&self.0)
    }
}

impl fmt::Debug for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeChallenge(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn the_example_of_the_rfc_is_met() {
        let challenge =
            CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();

        assert!(challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert!(!challenge.is_met_by("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"));
    }

    /// RFC 7636 §4.1: 43 to 128 unreserved characters.
    #[test]
    fn a_malformed_verifier_never_meets_a_challenge() {
        for verifier in [
            "",
            "a",
            &"a".repeat(42),
            &"a".repeat(129),
            &"ä".repeat(43),
            &" ".repeat(43),
        ] {
            let challenge = CodeChallenge(Digest::of(verifier.as_bytes()));
            assert!(!challenge.is_met_by(verifier), "{verifier:?}");
        }
    }
}
