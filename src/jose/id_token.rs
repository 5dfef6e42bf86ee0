//! ID tokens of issuers at which we are a client (OpenID Connect Core §3.1.3.7), and what is common
//! to everything that an issuer signs for its clients.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::VerificationAlgorithm;
use super::claims::{self, audience, moment, text};
use super::compact::{Compact, MAX_TOKEN_BYTES};
use super::error::JwtError;
use super::header::{Header, without_prefix};
use super::trusted_keys::TrustedKeys;
use crate::model::Timestamp;

/// Whose token it must be, and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdTokenTerms<'a> {
    /// `iss`, byte by byte.
    pub(crate) issuer: &'a str,
    /// Our name there.
    pub(crate) client_id: &'a str,
    /// The issuer's keys, each with the one algorithm that it is used with.
    pub(crate) keys: &'a TrustedKeys,
    /// By how much the issuer's clock may differ from ours.
    pub(crate) leeway: Duration,
    /// The present.
    pub(crate) now: Timestamp,
}

/// What came along with an ID token, and went before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion<'a> {
    /// What it answers.
    pub(crate) answer_to: AnswerTo,
    /// `nonce` of the authorization request that the user signed in with.
    pub(crate) nonce: &'a str,
    /// The access token of the same answer.
    pub(crate) access_token: &'a str,
}

/// What an ID token answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerTo {
    /// An authorization request.
    SignIn,
    /// A refresh (§12.2); such a token need not have the nonce again.
    Refresh,
}

/// Why a token of an issuer says nothing about who signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// Its form, its header, its times or its signature.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// `iss` is another issuer, byte by byte.
    #[error("it is of another issuer")]
    OtherIssuer,
    /// `aud` has not us, or others without `azp` being us.
    #[error("it is for another client")]
    OtherClient,
    /// `nonce` is missing where it must be, or is another one.
    #[error("nonce is not the one of the request")]
    Nonce,
    /// `at_hash` does not fit the access token beside it.
    #[error("at_hash is of another access token")]
    AccessTokenHash,
    /// `sid` is not a text.
    #[error("sid is malformed")]
    SessionId,
    /// `events` is not that of a logout token.
    #[error("it has not the event of a logout token")]
    Event,
    /// `jti` is missing.
    #[error("jti is missing")]
    Identifier,
}

impl IdTokenError {
    /// The reason as a short label, for metrics and log fields.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Jwt(error) => error.reason(),
            Self::OtherIssuer => "other_issuer",
            Self::OtherClient => "other_client",
            Self::Nonce => "nonce",
            Self::AccessTokenHash => "at_hash",
            Self::SessionId => "sid",
            Self::Event => "event",
            Self::Identifier => "identifier",
        }
    }

    /// Whether other keys of the issuer could make it good. `token` is the one that was refused.
    pub(crate) fn wants_keys(&self, token: &str) -> bool {
        match self {
            Self::Jwt(JwtError::UnknownKey | JwtError::KeysUnavailable) => true,
            // Without a name, the key that was known was tried.
            Self::Jwt(JwtError::Signature) => !super::names_key(token),
            _ => false,
        }
    }
}

/// A verified ID token.
#[derive(Clone, Debug)]
pub(crate) struct IdToken {
    /// `sub`, as the issuer wrote it.
    pub(crate) subject: String,
    /// `sid`: the session at the issuer.
    pub(crate) session_id: Option<String>,
    /// Everything that it says.
    pub(crate) claims: Map<String, Value>,
}

/// Types that an ID token may have; most issuers write `JWT` or nothing. A token that says that it is
/// something else, an access token or a logout token, is not taken for one (RFC 8725 §3.11).
const TYPES: [&str; 1] = ["JWT"];

impl IdToken {
    /// Verifies an ID token.
    ///
    /// # Errors
    ///
    /// [`IdTokenError`]: the first rule that is broken.
    pub(crate) fn verify(
        token: &str,
        occasion: &Occasion<'_>,
        terms: &IdTokenTerms<'_>,
    ) -> Result<Self, IdTokenError> {
        let (claims, algorithm) = verify(token, &TYPES, terms)?;
        // A logout token is signed with the same keys for the same client.
        if claims.contains_key("events") {
            return Err(JwtError::OtherPurpose.into());
        }
        check_nonce(&claims, occasion)?;
        check_access_token(&claims, occasion.access_token, algorithm)?;
        Ok(Self {
            subject: subject(&claims)?.ok_or(JwtError::Subject)?,
            session_id: session_id(&claims)?,
            claims,
        })
    }
}

/// Verifies what an issuer signed for us, and returns what it says. Form, issuer and client come
/// first: what is not ours is not worth a signature.
pub(super) fn verify(
    token: &str,
    types: &[&str],
    terms: &IdTokenTerms<'_>,
) -> Result<(Map<String, Value>, VerificationAlgorithm), IdTokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(JwtError::TooLong.into());
    }
    let compact = Compact::parse(token)?;
    let header = Header::parse(&compact.header)?;
    let found = header.token_type.as_deref().map(without_prefix);
    if found.is_some_and(|found| !types.iter().any(|own| own.eq_ignore_ascii_case(found))) {
        return Err(JwtError::Type.into());
    }
    let claims = claims::parse_payload(&compact.payload)?;
    if claims::issuer_claim(&claims)? != terms.issuer {
        return Err(IdTokenError::OtherIssuer);
    }
    check_client(&claims, terms.client_id)?;
    check_time(&claims, terms)?;
    let key = terms.keys.find(&header, terms.now)?;
    key.verify(compact.signing_input, compact.signature)?;
    Ok((claims, header.algorithm))
}

/// §3.1.3.7, 3 to 5: a token for several parties says which of them asked for it.
fn check_client(claims: &Map<String, Value>, client_id: &str) -> Result<(), IdTokenError> {
    let audience = audience(claims)?;
    let party = text(claims, "azp", JwtError::ClientId)?;
    let is_for_us = audience.iter().any(|aud| aud == client_id);
    let is_by_us = match party {
        Some(party) => party == client_id,
        None => audience.len() == 1,
    };
    if is_for_us && is_by_us {
        Ok(())
    } else {
        Err(IdTokenError::OtherClient)
    }
}

fn check_time(claims: &Map<String, Value>, terms: &IdTokenTerms<'_>) -> Result<(), IdTokenError> {
    let issued_at = moment(claims, "iat", JwtError::IssuedAt)?.ok_or(JwtError::IssuedAt)?;
    let expires_at = moment(claims, "exp", JwtError::Expiry)?.ok_or(JwtError::Expiry)?;
    let not_before = moment(claims, "nbf", JwtError::NotBefore)?;
    if terms.now >= expires_at.after(terms.leeway) {
        return Err(JwtError::Expired.into());
    }
    let latest = terms.now.after(terms.leeway);
    if latest < issued_at {
        return Err(JwtError::IssuedInFuture.into());
    }
    if not_before.is_some_and(|start| latest < start) {
        return Err(JwtError::NotYetValid.into());
    }
    Ok(())
}

fn check_nonce(claims: &Map<String, Value>, occasion: &Occasion<'_>) -> Result<(), IdTokenError> {
    match (claims.get("nonce"), occasion.answer_to) {
        (None, AnswerTo::Refresh) => Ok(()),
        (Some(Value::String(found)), _) if found == occasion.nonce => Ok(()),
        _ => Err(IdTokenError::Nonce),
    }
}

/// `at_hash` (§3.1.3.6), which an issuer may leave out: the code came over TLS with the tokens.
fn check_access_token(
    claims: &Map<String, Value>,
    access_token: &str,
    algorithm: VerificationAlgorithm,
) -> Result<(), IdTokenError> {
    let Some(found) = claims.get("at_hash") else {
        return Ok(());
    };
    let hash = digest::digest(hash_of(algorithm), access_token.as_bytes());
    let half = hash.as_ref().split_at(hash.as_ref().len() / 2).0;
    if found.as_str() == Some(&URL_SAFE_NO_PAD.encode(half)) {
        Ok(())
    } else {
        Err(IdTokenError::AccessTokenHash)
    }
}

/// The hash of an algorithm; with Ed25519 it is the one inside of it, SHA-512.
const fn hash_of(algorithm: VerificationAlgorithm) -> &'static digest::Algorithm {
    use VerificationAlgorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
    match algorithm {
        Es256 | Rs256 | Ps256 => &digest::SHA256,
        Es384 | Rs384 | Ps384 => &digest::SHA384,
        Rs512 | Ps512 | EdDsa => &digest::SHA512,
    }
}

/// `sub`, which is never empty.
pub(super) fn subject(claims: &Map<String, Value>) -> Result<Option<String>, IdTokenError> {
    let subject = text(claims, "sub", JwtError::Subject)?;
    if subject.is_some_and(str::is_empty) {
        return Err(JwtError::Subject.into());
    }
    Ok(subject.map(str::to_owned))
}

/// `sid` (OpenID Connect Back-Channel Logout §2.1).
pub(super) fn session_id(claims: &Map<String, Value>) -> Result<Option<String>, IdTokenError> {
    match claims.get("sid") {
        None => Ok(None),
        Some(Value::String(sid)) if !sid.is_empty() => Ok(Some(sid.clone())),
        Some(_) => Err(IdTokenError::SessionId),
    }
}
