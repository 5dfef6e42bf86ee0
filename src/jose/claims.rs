//! The claims of an access token (RFC 7519 §4.1, RFC 9068 §2.2), each with one accepted form.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::error::JwtError;
use super::json::{self, Limits};
use super::kept::Kept;
use crate::model::{ClientId, GrantId, Revocable, Scope, Subject, Timestamp};
use crate::secret::Digest;

/// What verification established about an access token. Never a decision: policy is evaluated on
/// every request.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// `iss`.
    pub issuer: Arc<str>,
    /// Whether that is us, and no trusted issuer.
    pub is_own: bool,
    /// `sub`.
    pub subject: Subject,
    /// `client_id`.
    pub client_id: Option<ClientId>,
    /// `scope`; empty when the token has none.
    pub scope: Scope,
    /// `aud`: at least one.
    pub audience: Vec<String>,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `nbf`.
    pub not_before: Option<Timestamp>,
    /// `exp`: from this second on the token is refused.
    pub expires_at: Timestamp,
    /// `jti`.
    pub token_id: Option<String>,
    /// Our private claim `grant_id`, or what stands for a session here that no token stands for;
    /// `None` on tokens of others, whatever they claim.
    pub grant_id: Option<GrantId>,
    /// The SHA-256 of the certificate that it counts with alone, `x5t#S256` of `cnf` (RFC 8705 §3.1).
    /// Whoever takes the token has to have this proven.
    pub bound_to: Option<Digest>,
    /// All claims, for the mapping to identity headers.
    pub claims: Map<String, Value>,
    /// What the gateway made of them.
    pub kept: Kept,
}

impl Verified {
    /// What verification will establish about the token that we, as `issuer`, sign with `claims`:
    /// for [`TokenVerifier::remember`](super::TokenVerifier::remember).
    ///
    /// It is the same reading of the same claims, so that a token remembered at birth and one
    /// parsed later cannot differ.
    ///
    /// # Errors
    ///
    /// [`JwtError`] when the token could never be accepted; a fault of who made the claims.
    pub fn from_claims(issuer: &str, claims: Map<String, Value>) -> Result<Self, JwtError> {
        let claims = json::within(claims, LIMITS)?;
        if issuer_claim(&claims)? != issuer {
            return Err(JwtError::UnknownIssuer);
        }
        let claimed = Claimed::read(Arc::from(issuer), Origin::Own, claims)?;
        Ok(claimed.into_verified())
    }

    /// Whether the client itself is the subject, and no user (RFC 9068 §2.2).
    pub fn is_of_client(&self) -> bool {
        let client_id = self.client_id.as_ref();
        self.grant_id.is_none() && client_id.is_some_and(|id| id.as_str() == self.subject.as_str())
    }

    /// What it can be revoked by. The clients of another issuer are none of ours, though one may
    /// have the same identifier.
    pub fn revocable(&self) -> Revocable<'_> {
        Revocable {
            token_id: self.token_id.as_deref(),
            grant_id: self.grant_id.as_ref(),
            client_id: self.client_id.as_ref().filter(|_| self.is_own),
            issued_at: self.issued_at,
            expires_at: self.expires_at,
        }
    }

    /// Whether `now` lies in the token's time, by a clock that may differ by `leeway` from the
    /// issuer's.
    ///
    /// The second named by `exp` is already too late (RFC 7519 §4.1.4).
    pub(super) fn check_time(&self, now: Timestamp, leeway: Duration) -> Result<(), JwtError> {
        if now >= self.expires_at.after(leeway) {
            return Err(JwtError::Expired);
        }
        let latest = now.after(leeway);
        if self.not_before.is_some_and(|start| latest < start) {
            return Err(JwtError::NotYetValid);
        }
        if latest < self.issued_at {
            return Err(JwtError::IssuedInFuture);
        }
        Ok(())
    }
}

/// 2048 values leave room for the largest group lists that fit a header, and bound what one token
/// costs in memory.
const LIMITS: Limits = Limits {
    depth: 16,
    values: 2048,
};

/// Whose claims are read: private claims of ours mean something on our tokens only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// We issued the token.
    Own,
    /// A trusted issuer did.
    Trusted,
}

/// Well-formed claims whose signature has not been checked.
///
/// They may lead to a refusal, never to an acceptance: only the verifier takes the content out,
/// after the signature.
#[derive(Debug)]
pub(super) struct Claimed(Verified);

impl Claimed {
    /// Reads every claim that we act upon. `issuer` is what `iss` was found to be.
    pub(super) fn read(
        issuer: Arc<str>,
        origin: Origin,
        claims: Map<String, Value>,
    ) -> Result<Self, JwtError> {
        let bound_to = bound_to(&claims, origin)?;
        let issued_at = moment(&claims, "iat", JwtError::IssuedAt)?.ok_or(JwtError::IssuedAt)?;
        let expires_at = moment(&claims, "exp", JwtError::Expiry)?.ok_or(JwtError::Expiry)?;
        if expires_at <= issued_at {
            return Err(JwtError::Expiry);
        }
        let grant_id = match origin {
            Origin::Own => text(&claims, "grant_id", JwtError::Identifier)?.map(GrantId::new),
            Origin::Trusted => None,
        };
        Ok(Self(Verified {
            issuer,
            is_own: origin == Origin::Own,
            subject: subject(&claims)?,
            client_id: client_id(&claims)?,
            scope: scope(&claims)?,
            audience: audience(&claims)?,
            issued_at,
            not_before: moment(&claims, "nbf", JwtError::NotBefore)?,
            expires_at,
            token_id: text(&claims, "jti", JwtError::Identifier)?.map(str::to_owned),
            grant_id,
            bound_to,
            claims,
            kept: Kept::default(),
        }))
    }

    /// `aud`.
    pub(super) fn audience(&self) -> &[String] {
        &self.0.audience
    }

    /// Refuses a token out of its time before its signature is paid for.
    pub(super) fn check_time(&self, now: Timestamp, leeway: Duration) -> Result<(), JwtError> {
        self.0.check_time(now, leeway)
    }

    /// To be called once the signature was found to match, or by who is about to sign.
    pub(super) fn into_verified(self) -> Verified {
        self.0
    }
}

/// Reads the decoded payload as JSON.
pub(super) fn parse_payload(bytes: &[u8]) -> Result<Map<String, Value>, JwtError> {
    Ok(json::parse_object(bytes, LIMITS)?)
}

/// `iss` as a text; an array, even with the right member, is not one (RFC 7519 §4.1.1).
pub(super) fn issuer_claim(claims: &Map<String, Value>) -> Result<&str, JwtError> {
    text(claims, "iss", JwtError::IssuerClaim)?.ok_or(JwtError::IssuerClaim)
}

/// The certificate that `cnf` binds the token to (RFC 8705 §3.1).
///
/// A sender-constrained token shown without its proof may be a stolen one, so a plain bearer
/// presentation is a downgrade (RFC 9449 §7.1, RFC 8705 §3). A binding to anything but one
/// certificate is one that nobody here can prove, and we bind none of our own.
fn bound_to(claims: &Map<String, Value>, origin: Origin) -> Result<Option<Digest>, JwtError> {
    let Some(confirmation) = claims.get("cnf") else {
        return Ok(None);
    };
    let members = confirmation
        .as_object()
        .filter(|members| members.len() == 1);
    let thumbprint = members
        .and_then(|members| members.get("x5t#S256"))
        .and_then(Value::as_str)
        .and_then(Digest::from_base64url)
        .filter(|_| origin == Origin::Trusted);
    thumbprint.map(Some).ok_or(JwtError::SenderConstrained)
}

fn subject(claims: &Map<String, Value>) -> Result<Subject, JwtError> {
    let subject = text(claims, "sub", JwtError::Subject)?.ok_or(JwtError::Subject)?;
    Subject::parse(subject).map_err(|_| JwtError::Subject)
}

fn client_id(claims: &Map<String, Value>) -> Result<Option<ClientId>, JwtError> {
    text(claims, "client_id", JwtError::ClientId)?
        .map(|id| ClientId::parse(id).map_err(|_| JwtError::ClientId))
        .transpose()
}

/// A text by the grammar of RFC 6749 §3.3 (RFC 9068 §2.2.3, RFC 8693 §4.2); the array that some
/// issuers send is refused rather than guessed at.
fn scope(claims: &Map<String, Value>) -> Result<Scope, JwtError> {
    let scope = text(claims, "scope", JwtError::Scope)?.unwrap_or_default();
    Scope::parse(scope).map_err(|_| JwtError::Scope)
}

/// One text or a list of texts (RFC 7519 §4.1.3); stricter than there, neither may be empty.
pub(super) fn audience(claims: &Map<String, Value>) -> Result<Vec<String>, JwtError> {
    let listed = match claims.get("aud") {
        Some(single @ Value::String(_)) => std::slice::from_ref(single),
        Some(Value::Array(several)) => several.as_slice(),
        _ => &[],
    };
    if listed.is_empty() {
        return Err(JwtError::Audience);
    }
    listed
        .iter()
        .map(|value| match value {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            _ => Err(JwtError::Audience),
        })
        .collect()
}

/// A `NumericDate` in whole seconds. Fractions, exponents, negative numbers and those that a
/// reader with binary doubles would round (above 2^53) are refused.
pub(super) fn moment(
    claims: &Map<String, Value>,
    name: &str,
    error: JwtError,
) -> Result<Option<Timestamp>, JwtError> {
    const LATEST: u64 = 1 << 53;
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_u64()
            .filter(|seconds| *seconds <= LATEST)
            .map(|seconds| Some(Timestamp::from_secs(seconds)))
            .ok_or(error),
    }
}

/// A claim that is a text if it is there at all; `null` is not absence.
pub(super) fn text<'a>(
    claims: &'a Map<String, Value>,
    name: &str,
    error: JwtError,
) -> Result<Option<&'a str>, JwtError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(error),
    }
}
