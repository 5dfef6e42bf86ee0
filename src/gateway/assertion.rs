//! A signed word about who asks: a JWT for one upstream, which need not believe the network that
//! requests come over.
//!
//! It lives for about a minute, and no longer than what it rests on. One is kept with the remembered
//! token and sent until half of its life is over, so that most requests pay for no signature; a key
//! that does not sign any more takes what it signed along at once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use super::authentication::Principal;
use super::rejection::Rejection;
use super::settings::Route;
use super::snapshot::Snapshot;
use crate::entropy;
use crate::jose::Verified;
use crate::model::Timestamp;
use crate::provider::{AssertionError, AssertionSigner};

/// What an upstream is told under our signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// The header that it stands in, which no request may bring to any route.
    pub header: HeaderName,
    /// `aud`.
    pub audience: String,
    /// From `iat` to `exp` (default 60 s).
    pub lifetime: Duration,
    /// Claims of the token that it repeats, besides those it has in any case.
    pub claims: Vec<String>,
}

impl Assertion {
    /// Claims that it has in any case, or that would say something else than in the token.
    pub const OWN_CLAIMS: [&'static str; 8] =
        ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id"];
}

/// How many are kept with one token: one for each route that it is used on, as a rule.
const MAX_KEPT: usize = 4;

/// The most that one claim may take up; a longer one is left out, as it is of identity headers.
const MAX_CLAIM_BYTES: usize = 4096;

/// The assertions that were made of one token.
#[derive(Default)]
pub(super) struct KeptAssertions(Mutex<Vec<Kept>>);

struct Kept {
    /// What it was made for, known by where it is: a reload makes all anew.
    made_for: Arc<Assertion>,
    key_id: String,
    value: HeaderValue,
    until: Timestamp,
}

/// What the upstream of `route` is told about `principal`, in which header; `None` where it is told
/// nothing under a signature.
///
/// # Errors
///
/// [`Rejection::Fault`] when it cannot be signed: a request does not go on without.
pub(super) fn of<'r>(
    snapshot: &Snapshot,
    route: &'r Route,
    principal: Option<&Principal>,
    now: Timestamp,
) -> Result<Option<(&'r HeaderName, HeaderValue)>, Rejection> {
    let (Some(assertion), Some(principal)) = (&route.assertion, principal) else {
        return Ok(None);
    };
    let provider = snapshot.provider();
    let provider = provider.ok_or(Rejection::Fault("there is nobody to sign assertions"))?;
    let signer = provider.assertion_signer(now).map_err(unsigned)?;
    let kept = snapshot.identity.assertions(principal.verified());
    if let Some(value) = kept.and_then(|kept| kept.find(assertion, signer.key_id(), now)) {
        return Ok(Some((&assertion.header, value)));
    }
    let ends_at = snapshot.authenticator.expires_at(principal);
    let expires_at = now.after(assertion.lifetime).min(ends_at);
    let claims = claims(assertion, principal.verified(), (now, expires_at))?;
    let value = sign(&signer, claims)?;
    if let Some(kept) = kept {
        kept.keep(Kept {
            made_for: Arc::clone(assertion),
            key_id: signer.key_id().to_owned(),
            value: value.clone(),
            until: now.after(expires_at.since(now) / 2),
        });
    }
    Ok(Some((&assertion.header, value)))
}

fn sign(
    signer: &AssertionSigner<'_>,
    claims: Map<String, Value>,
) -> Result<HeaderValue, Rejection> {
    let signed = signer.sign(claims).map_err(unsigned)?;
    let mut value = HeaderValue::try_from(signed)
        .map_err(|_| Rejection::Fault("an assertion cannot be written"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unsigned(error: AssertionError) -> Rejection {
    tracing::error!(%error, "an assertion for an upstream cannot be signed");
    Rejection::Fault("an assertion cannot be signed")
}

/// What is said of whoever asks. A client that asks for itself is named as such and is no `sub`, so
/// that no upstream takes it for a user.
fn claims(
    assertion: &Assertion,
    verified: &Verified,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<Map<String, Value>, Rejection> {
    let mut claims = Map::new();
    for name in &assertion.claims {
        if let Some(value) = verified.claims.get(name) {
            repeat(&mut claims, name, value);
        }
    }
    let id = entropy::frequent_identifier();
    let id = id.map_err(|_| Rejection::Fault("no randomness for an assertion"))?;
    let of_user = (!verified.is_of_client()).then(|| verified.subject.as_str());
    let client_id = verified.client_id.as_ref().map(|id| id.as_str());
    let own: [(&str, Option<Value>); 6] = [
        ("aud", Some(assertion.audience.as_str().into())),
        ("sub", of_user.map(Value::from)),
        ("client_id", client_id.map(Value::from)),
        ("iat", Some(now.as_secs().into())),
        ("exp", Some(expires_at.as_secs().into())),
        ("jti", Some(id.into())),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            claims.insert(name.to_owned(), value);
        }
    }
    Ok(claims)
}

/// Says what the token says. A head with too much in it would be refused by the upstream as a whole.
fn repeat(claims: &mut Map<String, Value>, name: &str, value: &Value) {
    let bytes = value.to_string().len();
    if bytes > MAX_CLAIM_BYTES {
        tracing::warn!(
            claim = name,
            bytes,
            "claim too long for an assertion, left out"
        );
        return;
    }
    claims.insert(name.to_owned(), value.clone());
}

impl KeptAssertions {
    fn find(
        &self,
        assertion: &Arc<Assertion>,
        key_id: &str,
        now: Timestamp,
    ) -> Option<HeaderValue> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|it| Arc::ptr_eq(&it.made_for, assertion));
        let found = found.filter(|it| now < it.until && it.key_id == key_id);
        found.map(|it| it.value.clone())
    }

    fn keep(&self, new: Kept) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|it| !Arc::ptr_eq(&it.made_for, &new.made_for));
        if kept.len() >= MAX_KEPT {
            kept.remove(0);
        }
        kept.push(new);
    }
}

impl fmt::Debug for KeptAssertions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAssertions").finish_non_exhaustive()
    }
}
