//! The hosts where it matters which certificate downstream has.

use std::collections::HashSet;

use super::{CertificateError, ClientHandshake};
use crate::gateway::route::Routes;

/// Hosts with a route that looks at client certificates.
///
/// Browsers choose a certificate by the name of the host, and use one connection for several hosts
/// when its certificate is for all of them (RFC 9113 §9.1.1). So where it matters, a connection
/// serves the one host it was opened for, and 421 has a client open another one.
#[derive(Debug, Default)]
pub(in crate::gateway) struct AskingHosts {
    exact: HashSet<Box<str>>,
    /// By what follows the `*`.
    wildcard: Vec<Box<str>>,
    any: bool,
}

impl AskingHosts {
    /// Those of `routes`.
    pub(in crate::gateway) fn of(routes: &Routes) -> Self {
        let mut hosts = Self::default();
        let asking = routes
            .iter()
            .filter(|route| route.client_certificate.is_of_interest());
        for route in asking {
            match route.host.as_deref() {
                None => hosts.any = true,
                Some(host) => match host.strip_prefix('*') {
                    Some(suffix) => hosts.wildcard.push(suffix.into()),
                    None => drop(hosts.exact.insert(host.into())),
                },
            }
        }
        hosts
    }

    /// Whether a request for `host` may be served after this handshake.
    ///
    /// # Errors
    ///
    /// [`CertificateError::OtherHost`] when the handshake named another host, and one of the two
    /// asks for certificates.
    pub(in crate::gateway) fn check(
        &self,
        handshake: &ClientHandshake,
        host: &str,
    ) -> Result<(), CertificateError> {
        match handshake.server_name.as_deref() {
            Some(name) if name != host && (self.contains(host) || self.contains(name)) => {
                Err(CertificateError::OtherHost)
            }
            // Without a name the listener asked for the same certificates as with any.
            _ => Ok(()),
        }
    }

    fn contains(&self, host: &str) -> bool {
        let mut wildcard = self.wildcard.iter();
        self.any || self.exact.contains(host) || wildcard.any(|suffix| host.ends_with(&**suffix))
    }
}
