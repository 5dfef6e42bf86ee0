//! Where the answer to an authorization request may go.

use std::sync::Arc;

use super::ResponseMode;
use crate::model::{Client, Issuer, RedirectUri};
use crate::provider::Provider;
use crate::provider::error::PageError;
use crate::provider::pages::Texts;
use crate::provider::params::Params;
use crate::provider::request::Request;

/// The longest `state` and `nonce` that are echoed.
pub(super) const MAX_ECHO_BYTES: usize = 2048;

/// A client and one of its redirection URIs, with the `state` it wants back.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) client: Arc<Client>,
    pub(crate) redirect_uri: RedirectUri,
    pub(super) response_mode: ResponseMode,
    /// The language of the pages on the way there.
    pub(crate) texts: Arc<Texts>,
    state: Option<String>,
}

impl Provider {
    /// Finds out where answers may go: the first stage.
    pub(crate) async fn destination(
        &self,
        params: &Params,
        request: &Request,
    ) -> Result<Destination, PageError> {
        let client_id = params
            .one("client_id")?
            .ok_or(PageError::Missing("client_id"))?;
        let client = self
            .clients
            .find(client_id, request.now)
            .await?
            .ok_or(PageError::UnknownClient)?;
        // Required even of a client that registered only one (OpenID Connect Core §3.1.2.1).
        let redirect_uri = params
            .one("redirect_uri")?
            .ok_or(PageError::Missing("redirect_uri"))?;
        let redirect_uri = client
            .redirect_uri(redirect_uri)
            .ok_or(PageError::UnregisteredRedirectUri)?;
        // A state that cannot be echoed is refused in the second stage, and then left out.
        let state = params
            .one("state")
            .ok()
            .flatten()
            .filter(|state| state.len() <= MAX_ECHO_BYTES)
            .map(str::to_owned);
        Ok(Destination {
            client,
            response_mode: response_mode(params, &redirect_uri).unwrap_or_default(),
            redirect_uri,
            texts: self.texts(params, request),
            state,
        })
    }
}

impl Destination {
    /// `answer`, the client's state, and who answers (RFC 9207).
    pub(super) fn params<'a>(
        &'a self,
        answer: &[(&'static str, &'a str)],
        issuer: &'a Issuer,
    ) -> Vec<(&'static str, &'a str)> {
        let mut params = answer.to_vec();
        if let Some(state) = &self.state {
            params.push(("state", state));
        }
        params.push(("iss", issuer.as_str()));
        params
    }
}

/// The mode a request asks for; `None` when there is no such mode, or when it cannot work with
/// `redirect_uri`. That is refused in the second stage, in the query like any other error.
pub(super) fn response_mode(params: &Params, redirect_uri: &RedirectUri) -> Option<ResponseMode> {
    let Some(text) = params.one("response_mode").ok()? else {
        return Some(ResponseMode::default());
    };
    // What is posted to a scheme of an application's own arrives without its body.
    ResponseMode::parse(text)
        .filter(|mode| *mode != ResponseMode::FormPost || redirect_uri.is_web())
}
