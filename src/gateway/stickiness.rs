//! What a request is kept at one server by.
//!
//! The cookie is a random number and nothing else: it names no server, and everybody who has the same
//! servers finds the same one for it. So there is nothing to sign, to store or to learn from it, and
//! whoever makes one up has chosen one of the servers and nothing more.

use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderValue};

use super::authentication::Principal;
use super::canonical::Scheme;
use super::rejection::Rejection;
use super::upstream::Balance;
use crate::failures::counted_as;

/// The name of the cookie over TLS, where no other host can set it, and without.
const NAMES: (&str, &str) = ("__Host-cellgate-server", "cellgate-server");

/// By what a request is kept at one server.
#[derive(Debug)]
pub(super) struct Sticky {
    /// The same key leads to the same server.
    pub(super) key: Vec<u8>,
    /// The cookie that has to be set.
    pub(super) cookie: Option<HeaderValue>,
}

/// Who asks, as far as stickiness is concerned.
pub(super) struct Asking<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) scheme: Scheme,
    pub(super) address: IpAddr,
    pub(super) principal: Option<&'a Principal>,
}

impl Asking<'_> {
    /// What the request is kept by under `balance`; `None` where servers take turns.
    pub(super) fn sticky(&self, balance: Balance) -> Result<Option<Box<Sticky>>, Rejection> {
        let key = match (balance, self.principal) {
            (Balance::RoundRobin, _) => return Ok(None),
            (Balance::Cookie, _) => return self.by_cookie().map(Box::new).map(Some),
            (Balance::Subject, Some(principal)) => {
                let verified = principal.verified();
                [&*verified.issuer, " ", verified.subject.as_str()]
                    .concat()
                    .into_bytes()
            }
            (Balance::Address | Balance::Subject, _) => {
                counted_as(self.address).to_be_bytes().to_vec()
            }
        };
        Ok(Some(Box::new(Sticky { key, cookie: None })))
    }

    fn by_cookie(&self) -> Result<Sticky, Rejection> {
        let (name, attributes) = match self.scheme {
            Scheme::Https => (NAMES.0, "; Path=/; Secure; HttpOnly; SameSite=Lax"),
            Scheme::Http => (NAMES.1, "; Path=/; HttpOnly; SameSite=Lax"),
        };
        if let Some(key) = self.cookie(name) {
            return Ok(Sticky { key, cookie: None });
        }
        let number = crate::entropy::identifier()
            .map_err(|_| Rejection::Fault("no randomness for a cookie"))?;
        let cookie = [name, "=", &number, attributes].concat();
        let cookie = HeaderValue::try_from(cookie)
            .map_err(|_| Rejection::Fault("a cookie cannot be written"))?;
        Ok(Sticky {
            key: number.into_bytes(),
            cookie: Some(cookie),
        })
    }

    /// What the cookie has, if it could be one of ours.
    fn cookie(&self, name: &str) -> Option<Vec<u8>> {
        let lines = self.headers.get_all(header::COOKIE).into_iter();
        let crumbs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let value = crumbs
            .map(<[u8]>::trim_ascii)
            .find_map(|crumb| crumb.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
        let is_ours = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        ((16..=64).contains(&value.len()) && value.iter().all(is_ours)).then(|| value.to_vec())
    }
}
