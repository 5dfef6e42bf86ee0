//! HTTP as `instant-acme` wants it, by the client that everything else uses.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::BodyExt as _;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use crate::outbound::{Outbound, Reply};

/// For one answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Speaks with a directory.
#[derive(Clone, Debug)]
pub(super) struct Http {
    outbound: Arc<Outbound>,
    /// Seconds that the last refusal asked to wait.
    wait_s: Arc<AtomicU64>,
}

impl Http {
    /// A client that believes those in `ca_pem` besides the system's.
    pub(super) fn new(ca_pem: Option<&[u8]>) -> Result<Self, reqwest::Error> {
        let outbound = Outbound::trusting(TIMEOUT, ca_pem.unwrap_or_default())?;
        Ok(Self {
            outbound: Arc::new(outbound),
            wait_s: Arc::default(),
        })
    }

    /// How long the directory asked to wait when it refused something (RFC 8555 §6.6), since this
    /// was asked last.
    pub(super) fn asked_to_wait(&self) -> Duration {
        Duration::from_secs(self.wait_s.swap(0, Ordering::Relaxed))
    }

    fn note(&self, reply: &Reply) {
        let wait = reply.headers.get(header::RETRY_AFTER);
        let wait = wait.and_then(|wait| wait.to_str().ok()?.trim().parse().ok());
        if let Some(wait_s) = wait
            && (reply.status.is_client_error() || reply.status.is_server_error())
        {
            self.wait_s.store(wait_s, Ordering::Relaxed);
        }
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let this = self.clone();
        Box::pin(async move {
            // RFC 8555 §6.1, also of addresses that the directory names.
            if request.uri().scheme_str() != Some("https") {
                return Err(Error::Str("the directory names an address without TLS"));
            }
            let (parts, body) = request.into_parts();
            let body = match body.collect().await {
                Ok(body) => body.to_bytes(),
                Err(never) => match never {},
            };
            let reply = this.outbound.send(Request::from_parts(parts, body)).await;
            let reply = reply.map_err(|error| Error::Other(Box::new(error)))?;
            this.note(&reply);
            let mut answer = http::Response::new(());
            *answer.status_mut() = reply.status;
            *answer.headers_mut() = reply.headers;
            Ok(BytesResponse {
                parts: answer.into_parts().0,
                body: Box::new(Bytes::from(reply.body)),
            })
        })
    }
}
