//! Assertions by which clients prove who they are (RFC 7523 §3, OpenID Connect Core §9).
//!
//! What one says is checked here, and its signature against public keys. Which keys those are,
//! and that it is used once, is the caller's to see to; so is a shared secret, because no HMAC
//! exists in this module.

use std::time::Duration;

use super::claims::{self, audience, moment, text};
use super::compact::{Compact, MAX_TOKEN_BYTES, decode_segment};
use super::error::{AssertionError, JwtError};
use super::header::{AnyHeader, Header, without_prefix};
use super::key_set::KeySet;
use crate::model::Timestamp;

/// By how much the clock of a client may differ from ours.
const LEEWAY: Duration = Duration::from_secs(10);

/// The longest `jti`, in bytes; libraries send 20 to 40.
const MAX_IDENTIFIER_BYTES: usize = 256;

/// An assertion that can be read. Until both [`Self::check`] and [`Self::verify`] have passed it
/// is anybody's word.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    compact: Compact<'a>,
    header: AnyHeader,
    claims: Claims,
}

/// The claims that are acted upon.
#[derive(Debug)]
struct Claims {
    issuer: String,
    subject: String,
    audience: Vec<String>,
    expires_at: Timestamp,
    not_before: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    identifier: String,
}

/// What an assertion must say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AssertionTerms<'a> {
    /// Whose it must be.
    pub(crate) client_id: &'a str,
    /// What `aud` may have; nothing else, so that what was made for us is of use nowhere else,
    /// and what was made for others not here.
    pub(crate) audience: &'a [String],
    /// How far away `exp` may be.
    pub(crate) longest: Duration,
    /// When it came.
    pub(crate) now: Timestamp,
}

impl<'a> Assertion<'a> {
    /// Reads an assertion.
    ///
    /// # Errors
    ///
    /// [`AssertionError`] when it is none, or lacks a claim that it must have.
    pub(crate) fn parse(token: &'a str) -> Result<Self, AssertionError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwtError::TooLong.into());
        }
        let compact = Compact::parse(token)?;
        let header = AnyHeader::parse(&compact.header)?;
        let claims = Claims::parse(&compact.payload)?;
        Ok(Self {
            compact,
            header,
            claims,
        })
    }

    /// Whose it says it is.
    pub(crate) fn subject(&self) -> &str {
        &self.claims.subject
    }

    /// `jti`, by which it is known when it comes again.
    pub(crate) fn identifier(&self) -> &str {
        &self.claims.identifier
    }

    /// The moment from which on [`Self::check`] refuses it, whatever else.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.claims.expires_at.after(LEEWAY)
    }

    /// `alg`, whatever it is.
    pub(crate) fn algorithm(&self) -> &str {
        &self.header.algorithm
    }

    /// Whether it names the key that it is signed with.
    pub(crate) const fn names_key(&self) -> bool {
        self.header.key_id.is_some()
    }

    /// What was signed.
    pub(crate) fn signing_input(&self) -> &[u8] {
        self.compact.signing_input.as_bytes()
    }

    /// The signature.
    pub(crate) fn signature(&self) -> Vec<u8> {
        // It could be decoded when the assertion was read.
        decode_segment(self.compact.signature).unwrap_or_default()
    }

    /// Checks what it says (RFC 7523 §3, OpenID Connect Core §9).
    ///
    /// # Errors
    ///
    /// [`AssertionError`]: the first rule that is broken.
    pub(crate) fn check(&self, terms: &AssertionTerms<'_>) -> Result<(), AssertionError> {
        self.check_type()?;
        let claims = &self.claims;
        if claims.issuer != terms.client_id || claims.subject != terms.client_id {
            return Err(AssertionError::Client);
        }
        if !claims
            .audience
            .iter()
            .all(|aud| terms.audience.contains(aud))
        {
            return Err(AssertionError::Audience);
        }
        if terms.now >= self.expires_at() {
            return Err(JwtError::Expired.into());
        }
        let latest = terms.now.after(LEEWAY);
        if claims.not_before.is_some_and(|start| latest < start) {
            return Err(JwtError::NotYetValid.into());
        }
        if claims.issued_at.is_some_and(|issued| latest < issued) {
            return Err(JwtError::IssuedInFuture.into());
        }
        if latest.after(terms.longest) < claims.expires_at {
            return Err(AssertionError::Lifetime);
        }
        Ok(())
    }

    /// Keeps tokens for other purposes apart from assertions (RFC 8725 §3.11). Most libraries
    /// write `JWT` or nothing.
    fn check_type(&self) -> Result<(), AssertionError> {
        const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];
        let found = self.header.token_type.as_deref().map(without_prefix);
        match found {
            Some(found) if !TYPES.iter().any(|own| own.eq_ignore_ascii_case(found)) => {
                Err(AssertionError::Type)
            }
            _ => Ok(()),
        }
    }

    /// Checks that one of `keys` signed it, with the algorithm that the key is for.
    ///
    /// # Errors
    ///
    /// [`JwtError`] when none did.
    pub(crate) fn verify(&self, keys: &KeySet) -> Result<(), JwtError> {
        let header = Header::of(&self.header)?;
        let key = keys.find(&header)?;
        key.verify(self.compact.signing_input, self.compact.signature)
    }
}

impl Claims {
    fn parse(payload: &[u8]) -> Result<Self, AssertionError> {
        let claims = claims::parse_payload(payload)?;
        let required = |name, error| {
            let text = text(&claims, name, error)?.ok_or(error)?;
            Ok::<_, JwtError>(text.to_owned())
        };
        let identifier = required("jti", JwtError::Identifier);
        let identifier = identifier
            .ok()
            .filter(|jti| (1..=MAX_IDENTIFIER_BYTES).contains(&jti.len()));
        Ok(Self {
            issuer: required("iss", JwtError::IssuerClaim)?,
            subject: required("sub", JwtError::Subject)?,
            audience: audience(&claims)?,
            expires_at: moment(&claims, "exp", JwtError::Expiry)?.ok_or(JwtError::Expiry)?,
            not_before: moment(&claims, "nbf", JwtError::NotBefore)?,
            issued_at: moment(&claims, "iat", JwtError::IssuedAt)?,
            identifier: identifier.ok_or(AssertionError::Identifier)?,
        })
    }
}
