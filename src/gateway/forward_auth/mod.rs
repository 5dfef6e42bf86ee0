//! Forward authentication: a proxy in front forwards by itself and asks here who may pass.
//!
//! The question is about a request that the proxy got, which it describes: in fields
//! (`X-Forwarded-Method`, `-Proto`, `-Host`, `-Uri`, `-For`), or by sending it here under a path of
//! ours. The described request is brought into its one form and decided about by exactly what
//! decides about requests that come to us directly; what differs is the answer.
//!
//! *Invariant:* only listed proxies are answered, since whoever describes a request also says where
//! it came from. *Invariant:* an answer that lets pass has every identity header, empty where there
//! is nothing to say, so that the proxy cannot go on with one that its client made up.

mod answer;
mod description;

use std::net::IpAddr;

use ipnet::IpNet;
use pingora::proxy::Session;

use super::canonical::CanonicalRequest;
use super::trusted_proxies::TrustedProxies;

pub(super) use answer::{adapt, let_pass};
pub(super) use description::Description;
pub use description::DescriptionError;

/// Where proxies in front ask, and which may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardAuth {
    /// The canonical path they ask at, on any host and without a slash at its end. Nothing at or
    /// below it is ever routed.
    pub path: String,
    /// The proxies; never empty.
    pub proxies: Vec<AskingProxy>,
}

/// A proxy that may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskingProxy {
    /// Its addresses; never empty.
    pub networks: Vec<IpNet>,
    /// What it is, which says how it asks and what it understands.
    pub kind: ProxyKind,
}

/// The proxies whose way of asking is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// nginx, `auth_request`: describes in fields; understands 2xx, 401 and 403, and takes everything
    /// else for a failure of ours.
    Nginx,
    /// Traefik, `forwardAuth`: describes in fields, passes any refusal on.
    Traefik,
    /// Caddy, `forward_auth`: describes in fields, passes any refusal on.
    Caddy,
    /// HAProxy with a script that asks: describes in fields, passes any refusal on.
    Haproxy,
    /// Envoy, `ext_authz` over HTTP: sends method, host and fields of the request itself, to the
    /// path it asks at with the target of the request behind it.
    Envoy,
}

impl ForwardAuth {
    /// Whether a request is a question, rightly asked or not.
    pub(super) fn is_asked(&self, request: &CanonicalRequest) -> bool {
        request
            .path
            .as_str()
            .strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What the other end of the connection, `peer`, describes. It has to be read before its fields
    /// are cleaned, which is before it is known whether this is a question.
    ///
    /// # Errors
    ///
    /// [`DescriptionError`] when it describes nothing, or may not ask.
    pub(super) fn description(
        &self,
        session: &Session,
        peer: IpAddr,
        proxies: &TrustedProxies,
    ) -> Result<Description, DescriptionError> {
        let kind = self.kind_of(peer).ok_or(DescriptionError::Stranger)?;
        Description::read(session, (kind, &self.path), (peer, proxies))
    }

    fn kind_of(&self, peer: IpAddr) -> Option<ProxyKind> {
        let peer = peer.to_canonical();
        let covers = |it: &&AskingProxy| it.networks.iter().any(|it| it.contains(&peer));
        self.proxies.iter().find(covers).map(|it| it.kind)
    }
}
