//! A server of an upstream: `http://host:port` or `https://host:port`.

use url::{Host, Url};

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerAddress {
    /// Whether TLS is spoken.
    pub(super) is_https: bool,
    /// Name or address.
    pub(super) host: Host<String>,
    /// Never 0.
    pub(super) port: u16,
}

/// Why a text is not the address of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ServerAddressError {
    /// Another scheme, or none.
    #[error("does not begin with `http://` or `https://`")]
    Scheme,
    /// No host, or port 0.
    #[error("has no usable host and port")]
    Host,
    /// More than scheme, host and port.
    #[error("has more than scheme, host and port; paths are forwarded as they are")]
    Decorated,
}

impl ServerAddress {
    /// Reads a server of an upstream.
    pub(super) fn parse(text: &str) -> Result<Self, ServerAddressError> {
        let is_https = text.starts_with("https://");
        if !is_https && !text.starts_with("http://") {
            return Err(ServerAddressError::Scheme);
        }
        let url = Url::parse(text).map_err(|_| ServerAddressError::Host)?;
        let is_bare = matches!(url.path(), "" | "/")
            && !text.contains(['?', '#', '@', '\\'])
            && url.username().is_empty();
        if !is_bare {
            return Err(ServerAddressError::Decorated);
        }
        let port = url.port_or_known_default().filter(|port| *port > 0);
        match (url.host(), port) {
            (Some(host), Some(port)) => Ok(Self {
                is_https,
                host: host.to_owned(),
                port,
            }),
            _ => Err(ServerAddressError::Host),
        }
    }

    /// `host:port`, an IPv6 address in brackets.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_scheme_host_and_port() {
        use ServerAddressError as E;
        for (text, result) in [
            ("http://127.0.0.1:8080", Ok("127.0.0.1:8080")),
            ("http://app.internal", Ok("app.internal:80")),
            ("https://app.internal/", Ok("app.internal:443")),
            ("https://[::1]:8443", Ok("[::1]:8443")),
            ("app.internal:8080", Err(E::Scheme)),
            ("ftp://app.internal", Err(E::Scheme)),
            ("http://", Err(E::Host)),
            ("http://app:0", Err(E::Host)),
            ("http://app:99999", Err(E::Host)),
            ("http://app/base", Err(E::Decorated)),
            ("http://app/?x", Err(E::Decorated)),
            ("http://user@app", Err(E::Decorated)),
        ] {
            let parsed = ServerAddress::parse(text).map(|server| server.authority());
            assert_eq!(parsed.as_deref(), result.as_ref().copied(), "{text}");
        }
    }
}
