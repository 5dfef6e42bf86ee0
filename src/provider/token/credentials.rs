//! How a client presents itself in a request (RFC 6749 §2.3.1), before anything is checked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header;

use crate::provider::error::{AttemptedMethod, TokenError};
use crate::provider::params::{Params, decode_component};
use crate::provider::request::Request;
use crate::secret::Secret;

/// How an assertion is presented (RFC 7521 §4.2). No client is registered for one, so a request
/// that has one uses a method that is not its client's, or two at once.
const ASSERTION: [&str; 2] = ["client_assertion", "client_assertion_type"];

/// Who a request says it is from, and by which method it would prove it.
#[derive(Debug)]
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) method: PresentedMethod,
    /// Where they were, to answer a refusal.
    pub(super) attempted: AttemptedMethod,
}

/// The method of authentication a request uses.
#[derive(Debug)]
pub(super) enum PresentedMethod {
    /// `none`.
    None,
    /// `client_secret_basic`.
    Basic(Secret),
    /// `client_secret_post`.
    Post(Secret),
}

impl Credentials {
    /// Reads the credentials of a request.
    ///
    /// A header with an empty secret counts as none: that is how some clients of Cells say that
    /// they have none. It must not contradict the form.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClientAuthentication`] when there are none, or two (§2.3: "MUST NOT use
    /// more than one"), or they cannot be read.
    pub(super) fn parse(form: &Params, request: &Request) -> Result<Self, TokenError> {
        let attempted = AttemptedMethod::of(request);
        for name in ASSERTION {
            if form.one(name)?.is_some() {
                return Err(TokenError::ClientAuthentication(attempted));
            }
        }
        let client_id = form.one("client_id")?;
        let secret = form.one("client_secret")?;
        if !request.headers.contains_key(header::AUTHORIZATION) {
            let refused = TokenError::ClientAuthentication(attempted);
            return Ok(Self {
                client_id: client_id.ok_or(refused)?.to_owned(),
                method: secret.map_or(PresentedMethod::None, |secret| {
                    PresentedMethod::Post(Secret::new(secret))
                }),
                attempted,
            });
        }
        let refused = || TokenError::ClientAuthentication(attempted);
        let header = request.header(&header::AUTHORIZATION);
        let basic = header.and_then(Self::basic).ok_or_else(refused)?;
        let contradicts = client_id.is_some_and(|client_id| client_id != basic.client_id);
        if contradicts || secret.is_some() {
            return Err(refused());
        }
        Ok(basic)
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
            client_id: decode_component(client_id)?,
            method: if secret.expose().is_empty() {
                PresentedMethod::None
            } else {
                PresentedMethod::Basic(secret)
            },
            attempted: AttemptedMethod::Header,
        })
    }
}
