//! The canonical authority: host and port.

use std::fmt;
use std::net::Ipv6Addr;

/// Host and port a request is addressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    host: String,
    port: Option<u16>,
}

/// Why a text is not the authority of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// No `Host` and no `:authority`. RFC 9112 §3.2 asks for 400 in HTTP/1.1; an HTTP/1.0
    /// request without one has no host to be routed by and is refused as well.
    #[error("the request names no host")]
    Missing,
    /// Target and `Host` differ.
    #[error("the request target and the Host field differ")]
    Conflicting,
    /// Not `name`, `name:port`, `[IPv6]` or `[IPv6]:port`.
    #[error("the host is malformed")]
    Malformed,
}

impl Authority {
    /// Reads `uri-host [":" port]` (RFC 9110 §7.2): lower case, without the dot of a
    /// fully-qualified name, IPv6 in its shortest spelling.
    ///
    /// Stricter than RFC 3986 §3.2.2: no escapes, no `sub-delims`, no user information.
    ///
    /// # Errors
    ///
    /// [`AuthorityError::Malformed`].
    pub fn parse(text: &[u8]) -> Result<Self, AuthorityError> {
        let text = str::from_utf8(text).map_err(|_| AuthorityError::Malformed)?;
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']').ok_or(AuthorityError::Malformed)?;
                (ipv6(address)?, port)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                let (name, port) = text.split_at_checked(end).unwrap_or((text, ""));
                (registered_name(name)?, port)
            }
        };
        Ok(Self {
            host,
            port: parse_port(port)?,
        })
    }

    /// The host: lower case, no trailing dot, IPv6 in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if it was named.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether `origin`, as browsers write it in `Origin` (RFC 6454 §6.2), is of this host and port.
    ///
    /// The scheme only says which port goes without saying, on either side: TLS may have ended in
    /// front of us.
    pub fn is_of_origin(&self, origin: &str) -> bool {
        let (authority, usual_port) = match origin.split_once("://") {
            Some(("https", authority)) => (authority, 443),
            Some(("http", authority)) => (authority, 80),
            _ => return false,
        };
        Self::parse(authority.as_bytes()).is_ok_and(|authority| {
            let port = |authority: &Self| authority.port.unwrap_or(usual_port);
            authority.host == self.host && port(&authority) == port(self)
        })
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// An IPv6 address, in brackets and its one spelling (RFC 5952). Zones mean nothing to others.
fn ipv6(address: &str) -> Result<String, AuthorityError> {
    address
        .parse::<Ipv6Addr>()
        .map(|address| format!("[{address}]"))
        .map_err(|_| AuthorityError::Malformed)
}

/// A name or IPv4 address, lower case and without its final dot.
fn registered_name(name: &str) -> Result<String, AuthorityError> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return Err(AuthorityError::Malformed);
    }
    Ok(name.to_ascii_lowercase())
}

/// Nothing, or `:` and one to five digits.
fn parse_port(text: &str) -> Result<Option<u16>, AuthorityError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(':').ok_or(AuthorityError::Malformed)?;
    if digits.len() > 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AuthorityError::Malformed);
    }
    digits
        .parse()
        .map(Some)
        .map_err(|_| AuthorityError::Malformed)
}
