//! Requests to addresses that clients registered.
//!
//! Whoever registers an address makes us call it, so what is called is bounded: no redirection is
//! followed, no proxy of the environment is used, an answer has a time limit, and its body is not
//! read, or not beyond a size. A client that the operator did not write down leads to public addresses only, over TLS;
//! that is checked on the address that is then connected to, so a name that changes its mind
//! between check and use gains nothing.

mod address;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, retry};
use tokio::net::lookup_host;
use url::{Host, Url};

use crate::model::{ClientEndpoint, Reach};
use address::is_public;

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutboundError {
    /// The address is inside our network, or is not called over TLS.
    #[error("the address is not one of the public internet")]
    NotPublic,
    /// Nobody there, or not with a certificate that we trust.
    #[error("no connection")]
    Connect,
    /// Too slow.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended early, or what came is not HTTP.
    #[error("the connection broke")]
    Broken,
    /// An answer that is no document.
    #[error("the answer was {0}")]
    Status(StatusCode),
    /// A document larger than any of its kind.
    #[error("the document is larger than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    /// Bytes that are no text.
    #[error("the document is not UTF-8 text")]
    NotText,
}

/// The largest document that is read: a key set with a hundred keys has half of it.
const MAX_DOCUMENT_BYTES: usize = 128 * 1024;

/// Posts forms; the one thing that tests replace.
#[async_trait]
pub(crate) trait FormPoster: fmt::Debug + Send + Sync {
    /// Posts an encoded form to `to`, and returns the status of the answer.
    async fn post(
        &self,
        to: &ClientEndpoint,
        reach: Reach,
        form: String,
    ) -> Result<StatusCode, OutboundError>;
}

/// Fetches documents; the other thing that tests replace.
#[async_trait]
pub(crate) trait DocumentFetcher: fmt::Debug + Send + Sync {
    /// The text at `from`, if the answer is 200.
    async fn fetch(&self, from: &ClientEndpoint, reach: Reach) -> Result<String, OutboundError>;
}

/// Makes requests.
#[derive(Debug)]
pub(crate) struct Outbound {
    anywhere: Client,
    public: Client,
}

impl Outbound {
    /// Allows `timeout` for each whole answer.
    pub(crate) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("cellgate/", env!("CARGO_PKG_VERSION")))
                .timeout(timeout)
                .redirect(Policy::none())
                .no_proxy()
                .retry(retry::never())
        };
        Ok(Self {
            anywhere: builder().build()?,
            public: builder().dns_resolver(PublicOnly).build()?,
        })
    }

    fn client(&self, to: &Url, reach: Reach) -> Result<&Client, OutboundError> {
        match reach {
            Reach::Anywhere => Ok(&self.anywhere),
            // A host that is an address is never resolved.
            Reach::Public if to.scheme() == "https" && !is_internal(to) => Ok(&self.public),
            Reach::Public => Err(OutboundError::NotPublic),
        }
    }
}

#[async_trait]
impl FormPoster for Outbound {
    async fn post(
        &self,
        to: &ClientEndpoint,
        reach: Reach,
        form: String,
    ) -> Result<StatusCode, OutboundError> {
        let url = Url::parse(to.as_str()).map_err(|_| OutboundError::Connect)?;
        let request = self
            .client(&url, reach)?
            .post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        let response = request.send().await.map_err(|error| reason(&error))?;
        Ok(response.status())
    }
}

#[async_trait]
impl DocumentFetcher for Outbound {
    async fn fetch(&self, from: &ClientEndpoint, reach: Reach) -> Result<String, OutboundError> {
        let url = Url::parse(from.as_str()).map_err(|_| OutboundError::Connect)?;
        let request = self
            .client(&url, reach)?
            .get(url)
            .header(header::ACCEPT, "application/jwk-set+json, application/json");
        let mut response = request.send().await.map_err(|error| reason(&error))?;
        if response.status() != StatusCode::OK {
            return Err(OutboundError::Status(response.status()));
        }
        let mut document = Vec::new();
        // Piece by piece: what the peer says of the length binds it to nothing.
        while let Some(piece) = response.chunk().await.map_err(|error| reason(&error))? {
            if document.len() + piece.len() > MAX_DOCUMENT_BYTES {
                return Err(OutboundError::TooLarge);
            }
            document.extend_from_slice(&piece);
        }
        String::from_utf8(document).map_err(|_| OutboundError::NotText)
    }
}

/// Whether the host is an address inside our network; a name is found out when it is resolved.
fn is_internal(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(_)) => false,
        Some(Host::Ipv4(address)) => !is_public(address.into()),
        Some(Host::Ipv6(address)) => !is_public(address.into()),
        None => true,
    }
}

/// Resolves names to public addresses, and to no other.
#[derive(Clone, Copy, Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err(OutboundError::NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn reason(error: &reqwest::Error) -> OutboundError {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(OutboundError::NotPublic) = cause.downcast_ref() {
            return OutboundError::NotPublic;
        }
        source = cause.source();
    }
    if error.is_timeout() {
        OutboundError::Timeout
    } else if error.is_connect() {
        OutboundError::Connect
    } else {
        OutboundError::Broken
    }
}
