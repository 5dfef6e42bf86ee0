//! Requests whose answers are read: to where keys and judgments about tokens come from.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use reqwest::Response;
use url::Url;

use super::{Outbound, OutboundError, reason};
use crate::model::Reach;

/// The most that an answer may have, in bytes: the keys of an issuer take a few KiB.
const MAX_BODY_BYTES: usize = 1 << 20;

/// A request of ours.
#[derive(Clone)]
pub(crate) struct Call {
    /// Whom to ask.
    pub(crate) url: Url,
    /// Where that may be.
    pub(crate) reach: Reach,
    /// Who we are.
    pub(crate) authorization: Option<HeaderValue>,
    /// A form to be posted; `None`: nothing is sent, and it is a GET.
    pub(crate) form: Option<String>,
    /// The most that the answer may have, in bytes.
    pub(crate) max_bytes: usize,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status; no redirection was followed.
    pub(crate) status: StatusCode,
    /// The fields.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Makes requests and reads their answers; what tests of issuers replace.
#[async_trait]
pub(crate) trait Caller: fmt::Debug + Send + Sync {
    /// Sends one request, once.
    async fn call(&self, call: Call) -> Result<Reply, OutboundError>;
}

impl Call {
    /// A GET of `url`, whose answer may have 1 MiB.
    pub(crate) const fn get(url: Url, reach: Reach) -> Self {
        Self {
            url,
            reach,
            authorization: None,
            form: None,
            max_bytes: MAX_BODY_BYTES,
        }
    }
}

#[async_trait]
impl Caller for Outbound {
    async fn call(&self, call: Call) -> Result<Reply, OutboundError> {
        let client = self.client(&call.url, call.reach)?;
        let mut request = match call.form {
            Some(form) => client
                .request(Method::POST, call.url)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form),
            None => client.request(Method::GET, call.url),
        };
        if let Some(authorization) = call.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.header(header::ACCEPT, "application/json, application/jwk-set+json");
        let response = request.send().await.map_err(|error| reason(&error))?;
        read(response, call.max_bytes).await
    }
}

impl Outbound {
    /// Sends `request` as it is to where the operator says; the answer may have 1 MiB.
    pub(crate) async fn send(&self, request: http::Request<Bytes>) -> Result<Reply, OutboundError> {
        let request = reqwest::Request::try_from(request).map_err(|_| OutboundError::Connect)?;
        let response = self.anywhere.execute(request).await;
        read(response.map_err(|error| reason(&error))?, MAX_BODY_BYTES).await
    }
}

/// The body up to its bound, whatever length was announced.
async fn read(mut response: Response, max_bytes: usize) -> Result<Reply, OutboundError> {
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        if body.len() + chunk.len() > max_bytes {
            return Err(OutboundError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply {
        status,
        headers,
        body,
    })
}

impl Reply {
    /// For how long the answer may be kept (`max-age`, RFC 9111 §5.2.2.1), if it says so.
    pub(crate) fn max_age(&self) -> Option<Duration> {
        let directives = self.headers.get_all(header::CACHE_CONTROL);
        directives
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|directive| directive.trim().split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("max-age"))
            .and_then(|(_, seconds)| seconds.trim_matches('"').parse().ok())
            .map(Duration::from_secs)
    }
}

/// Neither who we are nor what we say is printed: both hold secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("url", &self.url.as_str())
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}
