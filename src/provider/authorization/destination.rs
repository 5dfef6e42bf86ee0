//! Where the answer to an authorization request may go.

use std::sync::Arc;

use crate::model::{Client, Issuer, RedirectUri, Timestamp};
use crate::provider::Provider;
use crate::provider::error::PageError;
use crate::provider::params::Params;

/// The longest `state` and `nonce` that are echoed.
pub(super) const MAX_ECHO_BYTES: usize = 2048;

/// A client and one of its redirection URIs, with the `state` it wants back.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub(crate) client: Arc<Client>,
    pub(crate) redirect_uri: RedirectUri,
    state: Option<String>,
}

impl Provider {
    /// Finds out where answers may go: the first stage.
    pub(crate) async fn destination(
        &self,
        params: &Params,
        now: Timestamp,
    ) -> Result<Destination, PageError> {
        let client_id = params
            .one("client_id")?
            .ok_or(PageError::Missing("client_id"))?;
        let client = self
            .clients
            .find(client_id, now)
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
            redirect_uri,
            state,
        })
    }
}

impl Destination {
    /// The redirection URI with `answer`, the client's state, and who answers (RFC 9207).
    pub(crate) fn location(&self, answer: &[(&str, &str)], issuer: &Issuer) -> String {
        let mut params = answer.to_vec();
        if let Some(state) = &self.state {
            params.push(("state", state));
        }
        params.push(("iss", issuer.as_str()));
        self.redirect_uri.with_query(&params)
    }
}
