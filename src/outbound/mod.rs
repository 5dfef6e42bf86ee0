//! Requests to addresses that others wrote down: clients at their registration, issuers in their
//! metadata.
//!
//! Whoever gives us an address makes us call it, so what is called is bounded: no redirection is
//! followed, no proxy of the environment is used, an answer has a time limit, and its body is not
//! read or is read up to a bound. What the operator did not write down leads to public addresses
//! only, over TLS; that is checked on the address that is then connected to, so a name that changes
//! its mind between check and use gains nothing.

mod address;
mod call;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, retry};
use tokio::net::lookup_host;
use url::{Host, Url};

use crate::model::{ClientEndpoint, Reach};
use address::is_public;
pub(crate) use call::{Call, Caller, Reply};

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub(crate) enum OutboundError {
    /// The address is inside our network, or is not called over TLS.
    NotPublic,
    /// Nobody there, or not with a certificate that we trust.
    Connect,
    /// Too slow.
    Timeout,
    /// The connection ended early, or what came is not HTTP.
    Broken,
    /// An answer that is no document.
    #[error("the answer was {0}")]
    Status(StatusCode),
    /// More than anything of its kind.
    TooLarge,
    /// Bytes that are no text.
    NotText,
}

impl OutboundError {
    /// The reason, for the log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NotPublic => "the address is not one of the public internet",
            Self::Connect => "no connection",
            Self::Timeout => "no answer in time",
            Self::Broken => "the connection broke",
            Self::Status(_) => "the answer is no document",
            Self::TooLarge => "the answer is larger than any of its kind",
            Self::NotText => "the answer is not UTF-8 text",
        }
    }
}

/// The largest document of a client that is read: a key set with a hundred keys has half of it.
const MAX_DOCUMENT_BYTES: usize = 128 * 1024;

/// Posts forms; one of the things that tests replace.
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

/// Fetches documents of clients; another one.
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
        Self::trusting(timeout, &[])
    }

    /// The same, trusting the authorities in `ca_pem` besides the system's.
    pub(crate) fn trusting(timeout: Duration, ca_pem: &[u8]) -> Result<Self, reqwest::Error> {
        let authorities = Certificate::from_pem_bundle(ca_pem)?;
        let builder = || {
            Client::builder()
                .user_agent(concat!("cellgate/", env!("CARGO_PKG_VERSION")))
                .timeout(timeout)
                .redirect(Policy::none())
                .no_proxy()
                .retry(retry::never())
                .tls_certs_merge(authorities.clone())
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
        let call = Call {
            max_bytes: MAX_DOCUMENT_BYTES,
            ..Call::get(url, reach)
        };
        let reply = self.call(call).await?;
        if reply.status != StatusCode::OK {
            return Err(OutboundError::Status(reply.status));
        }
        String::from_utf8(reply.body).map_err(|_| OutboundError::NotText)
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
