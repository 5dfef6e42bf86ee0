//! How a client presents itself in a request (RFC 6749 §2.3.1, RFC 7521 §4.2), before anything is
//! checked.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;

use super::client_refusal::{ClientRefusal, Unproved};
use crate::jose::Assertion;
use crate::provider::params::{Params, decode_component};
use crate::provider::request::Request;
use crate::secret::Secret;

/// The one kind of assertion (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who a request says it is from, and by which method it would prove it.
#[derive(Debug)]
pub(super) struct Credentials<'a> {
    pub(super) client_id: Cow<'a, str>,
    pub(super) method: PresentedMethod<'a>,
}

/// The method of authentication a request uses.
#[derive(Debug)]
pub(super) enum PresentedMethod<'a> {
    /// `none`.
    None,
    /// `client_secret_basic`.
    Basic(Secret),
    /// `client_secret_post`.
    Post(Secret),
    /// `private_key_jwt` or `client_secret_jwt`.
    Assertion(Box<Assertion<'a>>),
}

impl<'a> Credentials<'a> {
    /// Reads the credentials of a request.
    ///
    /// A header with an empty secret counts as none: that is how some clients of Cells say that
    /// they have none. It must not contradict the form, and neither may an assertion.
    ///
    /// # Errors
    ///
    /// [`ClientRefusal::Credentials`] when there are none, or two (§2.3: "MUST NOT use more than
    /// one"), or they cannot be read; a reason of its own when an assertion cannot.
    pub(super) fn parse(form: &'a Params, request: &Request) -> Result<Self, Unproved> {
        let client_id = form.one("client_id")?;
        let secret = form.one("client_secret")?;
        let assertion = form.one("client_assertion")?;
        let assertion_type = form.one("client_assertion_type")?;
        let has_header = request.headers.contains_key(header::AUTHORIZATION);
        let credentials = match (has_header, secret, assertion, assertion_type) {
            (true, None, None, None) => {
                let header = request.header(&header::AUTHORIZATION);
                header.and_then(Self::basic)
            }
            (false, secret, None, None) => client_id.map(|client_id| Self {
                client_id: client_id.into(),
                method: secret.map_or(PresentedMethod::None, |secret| {
                    PresentedMethod::Post(Secret::new(secret))
                }),
            }),
            (false, None, Some(assertion), Some(ASSERTION_TYPE)) => {
                let assertion = Box::new(Assertion::parse(assertion)?);
                Some(Self {
                    client_id: assertion.subject().to_owned().into(),
                    method: PresentedMethod::Assertion(assertion),
                })
            }
            _ => None,
        };
        let credentials = credentials.ok_or(ClientRefusal::Credentials)?;
        if client_id.is_some_and(|client_id| client_id != credentials.client_id) {
            return Err(ClientRefusal::Credentials.into());
        }
        Ok(credentials)
    }

    /// The same without what would prove it, for a client that has no secret whatever it sends.
    pub(super) fn without_proof(self) -> Self {
        Self {
            method: PresentedMethod::None,
            ..self
        }
    }

    /// Reads a Basic header: both halves are form-encoded before they are joined.
    fn basic(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let joined = STANDARD.decode(encoded.trim_start_matches(' ')).ok()?;
        let joined = Secret::new(String::from_utf8(joined).ok()?);
        let (client_id, secret) = joined.expose().split_once(':')?;
        let secret = Secret::new(decode_component(secret)?);
        Some(Self {
            client_id: decode_component(client_id)?.into(),
            method: if secret.expose().is_empty() {
                PresentedMethod::None
            } else {
                PresentedMethod::Basic(secret)
            },
        })
    }
}
