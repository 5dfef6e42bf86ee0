//! What an issuer says of a token when it is asked (RFC 7662 §2.2), held to what a JWT is held to.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::claims::{self, Claimed, Origin, Verified};
use super::error::JwtError;
use super::terms::Terms;
use crate::model::Timestamp;

/// Whom was asked, when, and what counts where the answer is silent.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The issuer that was asked, and no other, is the issuer of the token.
    pub issuer: &'a Arc<str>,
    /// On what terms its tokens are accepted; `types` does not apply.
    pub terms: &'a Terms,
    /// `aud` of an answer without one; empty: such an answer is refused.
    pub audience: &'a [String],
    /// When it was asked.
    pub now: Timestamp,
}

/// What an issuer said of a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Introspected {
    /// It is good, and is this.
    Active(Arc<Verified>),
    /// It is not good (any more).
    Inactive,
    /// It is good at the issuer, but not for us.
    Refused(JwtError),
}

/// The answer says neither that the token is good nor that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not that of an introspection endpoint")]
pub struct NotAnAnswer;

/// Members by which servers tell kinds of tokens apart, and what they call an access token.
const KINDS: [&str; 3] = ["token_type", "token_use", "typ"];
const ACCESS_TOKEN: [&str; 4] = ["bearer", "access_token", "access", "at+jwt"];

/// When a token ends whose issuer does not say: with the year 9999, which every calendar has. How
/// long the answer counts is another question, and not the token's.
const NEVER: Timestamp = Timestamp::from_secs(253_402_300_799);

impl Introspected {
    /// Reads the body of an answer.
    ///
    /// # Errors
    ///
    /// [`NotAnAnswer`] unless it is a JSON object with each member once, in which `active` is
    /// `true` or `false` and nothing else.
    pub fn read(body: &[u8], asked: &Asked<'_>) -> Result<Self, NotAnAnswer> {
        let mut claims = claims::parse_payload(body).map_err(|_| NotAnAnswer)?;
        match claims.remove("active") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok(Self::Inactive),
            _ => return Err(NotAnAnswer),
        }
        Ok(match read(claims, asked) {
            Ok(verified) => Self::Active(Arc::new(verified)),
            Err(error) => Self::Refused(error),
        })
    }
}

fn read(mut claims: Map<String, Value>, asked: &Asked<'_>) -> Result<Verified, JwtError> {
    if claims.contains_key("iss") && claims::issuer_claim(&claims)? != &**asked.issuer {
        return Err(JwtError::UnknownIssuer);
    }
    check_kind(&claims)?;
    asked.terms.map(&mut claims);
    let has_end = claims.contains_key("exp");
    complete(&mut claims, asked);
    let claimed = Claimed::read(Arc::clone(asked.issuer), Origin::Trusted, claims)?;
    asked.terms.check_audience(claimed.audience())?;
    claimed.check_time(asked.now, asked.terms.leeway)?;
    let mut verified = claimed.into_verified();
    if !has_end {
        // Nobody is told that the issuer said so.
        verified.claims.remove("exp");
    }
    Ok(verified)
}

/// Endpoints answer about refresh tokens and ID tokens as well (RFC 7662 §2.1).
fn check_kind(claims: &Map<String, Value>) -> Result<(), JwtError> {
    let is_access_token = |kind: &Value| {
        let text = kind.as_str();
        text.is_some_and(|text| ACCESS_TOKEN.iter().any(|it| it.eq_ignore_ascii_case(text)))
    };
    if KINDS
        .iter()
        .filter_map(|name| claims.get(*name))
        .all(is_access_token)
    {
        Ok(())
    } else {
        Err(JwtError::OtherPurpose)
    }
}

/// Adds what every token needs and RFC 7662 §2.2 leaves optional.
fn complete(claims: &mut Map<String, Value>, asked: &Asked<'_>) {
    let now = asked.now.as_secs();
    if !asked.audience.is_empty() && !claims.contains_key("aud") {
        claims.insert("aud".to_owned(), asked.audience.into());
    }
    // A client that asks for itself is its own subject, as in RFC 9068 §2.2.
    if !claims.contains_key("sub")
        && let Some(client_id) = claims.get("client_id").cloned()
    {
        claims.insert("sub".to_owned(), client_id);
    }
    let exp = claims
        .entry("exp")
        .or_insert_with(|| NEVER.as_secs().into());
    // Whenever it was issued, it was before it expires.
    let latest = exp
        .as_u64()
        .map_or(now, |exp| now.min(exp.saturating_sub(1)));
    claims.entry("iat").or_insert_with(|| latest.into());
}
