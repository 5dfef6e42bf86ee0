//! Requests to a users' backend: bounded in time and size, and never sent twice.

use std::fmt;
use std::time::Duration;

use http::header::{HOST, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder, Response, retry};
use url::Url;

use crate::users::{RenewalError, SignInError};

/// The answers used have a few KiB; a user with very many roles has more.
const MAX_BODY_BYTES: usize = 1 << 20;

/// An idle connection is given up long before the backend or a balancer in front of it would close it
/// under our next request, which could not be sent again.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// How a backend is reached.
#[derive(Clone, Copy, Debug)]
pub(in crate::users) struct Connection<'a> {
    pub(in crate::users) url: &'a Url,
    pub(in crate::users) host: Option<&'a str>,
    pub(in crate::users) ca_pem: Option<&'a [u8]>,
    pub(in crate::users) connect_timeout: Duration,
    pub(in crate::users) timeout: Duration,
}

/// Speaks HTTP with one backend.
pub(in crate::users) struct Http {
    client: Client,
    /// Without a slash at the end.
    root: String,
    host: Option<HeaderValue>,
}

/// A whole answer.
pub(in crate::users) struct Reply {
    pub(in crate::users) status: StatusCode,
    pub(in crate::users) headers: HeaderMap,
    pub(in crate::users) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.as_str())]
pub(in crate::users) enum HttpError {
    Connect,
    Timeout,
    Broken,
    TooLong,
}

impl HttpError {
    pub(in crate::users) const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "no connection",
            Self::Timeout => "no answer in time",
            Self::Broken => "the connection broke",
            Self::TooLong => "its answer is too long",
        }
    }
}

impl Http {
    pub(in crate::users) fn new(settings: &Connection<'_>) -> Result<Self, SignInError> {
        let unusable = |_| SignInError::Unavailable("no HTTP client can be made of its settings");
        let authorities = match settings.ca_pem {
            Some(pem) => Certificate::from_pem_bundle(pem).map_err(unusable)?,
            None => Vec::new(),
        };
        if settings.ca_pem.is_some() && authorities.is_empty() {
            return Err(SignInError::Unavailable("its CA file has no certificate"));
        }
        let client = Client::builder()
            .user_agent(concat!("cellgate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            // A password goes where the operator said, not where an answer or a variable of the
            // environment says.
            .redirect(Policy::none())
            .no_proxy()
            .retry(retry::never())
            // With HTTP/2 the authority would be the URL's, whatever `Host` we set.
            .http1_only()
            .tls_certs_merge(authorities)
            .build()
            .map_err(unusable)?;
        let host = settings
            .host
            .map(HeaderValue::from_str)
            .transpose()
            .map_err(|_| SignInError::Unavailable("its host is no header value"))?;
        Ok(Self {
            client,
            root: settings.url.as_str().trim_end_matches('/').to_owned(),
            host,
        })
    }

    /// A request for `path`, which begins with a slash and is encoded already.
    pub(in crate::users) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.addressed(self.client.request(method, format!("{}{path}", self.root)))
    }

    /// A request for exactly `url`.
    pub(in crate::users) fn request_at(&self, method: Method, url: &Url) -> RequestBuilder {
        self.addressed(self.client.request(method, url.clone()))
    }

    fn addressed(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.host {
            Some(host) => request.header(HOST, host),
            None => request,
        }
    }

    /// A request with these fields, of somebody who asked us with another `Host` than ours.
    pub(super) fn request_with(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
    ) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.root));
        request.headers(headers)
    }

    /// Sends a request. It is tried again only if there was no connection to send it on: Cells
    /// counts each wrong password it gets, and locks the user at ten; others may do the like.
    pub(in crate::users) async fn send(&self, request: RequestBuilder) -> Result<Reply, HttpError> {
        let again = request.try_clone();
        let response = match (request.send().await.map_err(reason), again) {
            (Err(HttpError::Connect), Some(again)) => again.send().await.map_err(reason)?,
            (response, _) => response?,
        };
        read(response).await
    }
}

async fn read(mut response: Response) -> Result<Reply, HttpError> {
    let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reason)? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(HttpError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply {
        status,
        headers,
        body,
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the error may name the URL, with a login in it: it goes no further than here"
)]
fn reason(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        HttpError::Timeout
    } else if error.is_connect() {
        HttpError::Connect
    } else {
        HttpError::Broken
    }
}

impl Reply {
    /// Whether the body is a JSON object, as from Cells and not from a web server beside it.
    pub(in crate::users) fn is_json_object(&self) -> bool {
        serde_json::from_slice::<serde_json::Map<_, _>>(&self.body).is_ok()
    }

    /// `Retry-After` in its form of seconds (RFC 9110 §10.2.3), at most an hour.
    pub(in crate::users) fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?;
        text.trim()
            .parse()
            .ok()
            .map(|secs: u64| Duration::from_secs(secs.min(3600)))
    }
}

impl From<HttpError> for SignInError {
    fn from(error: HttpError) -> Self {
        match error {
            // Nothing was sent, so nothing was counted.
            HttpError::Connect => Self::Unavailable(error.as_str()),
            HttpError::Timeout | HttpError::Broken | HttpError::TooLong => {
                Self::Unanswered(error.as_str())
            }
        }
    }
}

impl From<HttpError> for RenewalError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Connect => Self::Unavailable(error.as_str()),
            HttpError::Timeout | HttpError::Broken | HttpError::TooLong => {
                Self::Unanswered(error.as_str())
            }
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("root", &self.root)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
