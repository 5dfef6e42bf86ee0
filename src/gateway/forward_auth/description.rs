//! The request that a question is about.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Method, header};
use pingora::proxy::Session;

use super::ProxyKind;
use crate::gateway::admission::{target, wire_head};
use crate::gateway::canonical::{CanonicalError, CanonicalRequest, Claimed, Scheme};
use crate::gateway::trusted_proxies::{ForwardedError, TrustedProxies};

const X_FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_URI: HeaderName = HeaderName::from_static("x-forwarded-uri");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A request that a proxy got, as it describes it.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Description {
    /// What describes it.
    pub(in crate::gateway) kind: ProxyKind,
    /// Where the request came from.
    pub(in crate::gateway) client: IpAddr,
    scheme: Scheme,
    method: Method,
    authority: Vec<u8>,
    target: Vec<u8>,
}

/// Why a question is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// Nobody who may ask.
    #[error("this peer is not one of the proxies that may ask for decisions")]
    Stranger,
    /// A field is not there, or there twice.
    #[error("a field that describes the request is missing, or there twice: {0}")]
    Field(&'static str),
    /// The method is none.
    #[error("X-Forwarded-Method is no method")]
    Method,
    /// Where the request came from has no single meaning.
    #[error(transparent)]
    Origin(#[from] ForwardedError),
    /// The request is for an endpoint of ours, which is answered here and nowhere else.
    #[error("the described request is for an endpoint of Cellgate and must be sent to it")]
    OwnEndpoint,
    /// The route swaps tokens, and a token of the backend leaves Cellgate to nobody but the backend.
    #[error("the route swaps tokens: the request must be sent to Cellgate")]
    Swapped,
}

impl Description {
    /// Reads what `session` describes: `asked` is what asks and the path it asks at.
    ///
    /// Each part has to be there, once. What is missing is never filled in: a request that nobody
    /// described is not one that could be let pass.
    pub(super) fn read(
        session: &Session,
        (kind, path): (ProxyKind, &str),
        (peer, proxies): (IpAddr, &TrustedProxies),
    ) -> Result<Self, DescriptionError> {
        let head = session.req_header();
        let headers = &head.headers;
        if !headers.contains_key(X_FORWARDED_FOR) {
            return Err(DescriptionError::Field("X-Forwarded-For"));
        }
        let origin = proxies.told(peer, headers)?;
        let scheme = origin
            .scheme
            .ok_or(DescriptionError::Field("X-Forwarded-Proto"))?;
        let (method, authority, target) = match kind {
            ProxyKind::Envoy => {
                let authority = match head.uri.authority() {
                    Some(authority) => authority.as_str().as_bytes(),
                    None => once(headers, &header::HOST, "Host")?,
                };
                let wire = wire_head(session);
                let target = target(head, wire.as_deref())
                    .strip_prefix(path.as_bytes())
                    .filter(|target| target.starts_with(b"/"))
                    .ok_or(DescriptionError::Field("the target"))?;
                (head.method.clone(), authority, target.to_vec())
            }
            ProxyKind::Nginx | ProxyKind::Traefik | ProxyKind::Caddy | ProxyKind::Haproxy => {
                let method = once(headers, &X_FORWARDED_METHOD, "X-Forwarded-Method")?;
                let method = Method::from_bytes(method).map_err(|_| DescriptionError::Method)?;
                let authority = once(headers, &X_FORWARDED_HOST, "X-Forwarded-Host")?;
                let target = once(headers, &X_FORWARDED_URI, "X-Forwarded-Uri")?;
                (method, authority, target.to_vec())
            }
        };
        Ok(Self {
            kind,
            client: origin.address,
            scheme,
            authority: authority.to_vec(),
            target,
            method,
        })
    }

    /// The request in its one form, by the rules for every request.
    ///
    /// # Errors
    ///
    /// [`CanonicalError`]: it has none.
    pub(in crate::gateway) fn canonical(
        &self,
        max_target: usize,
    ) -> Result<CanonicalRequest, CanonicalError> {
        let claimed = Claimed {
            method: &self.method,
            target: &self.target,
            authority: Some(&self.authority),
            scheme: self.scheme,
        };
        CanonicalRequest::parse(claimed, max_target)
    }
}

/// The value of a field that stands once; an empty one counts as none.
fn once<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    called: &'static str,
) -> Result<&'a [u8], DescriptionError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value.as_bytes()),
        _ => Err(DescriptionError::Field(called)),
    }
}
