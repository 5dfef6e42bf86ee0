//! Host names: of routes, and to send to an upstream.

use url::Host;

/// Why a text is not a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HostError {
    /// With a scheme, a path or the like.
    #[error("is not a host name; write it without scheme, path and user name")]
    NotAHost,
    /// Routes match whatever the port.
    #[error("has a port; write the host name alone")]
    Port,
    /// A port that is none.
    #[error("has a port that is not a number from 1 to 65535")]
    BadPort,
    /// Requests are compared in canonical form only, so this would never match.
    #[error("would never match; write `{0}`")]
    NotCanonical(String),
    /// Anything but `*.` and a name.
    #[error("has a wildcard elsewhere than in a leading `*.`; write, for example, `*.example.com`")]
    Wildcard,
}

/// Checks the host of a route: canonical, without a port, exact or `*.` and a suffix.
pub(super) fn check_pattern(text: &str) -> Result<(), HostError> {
    if let Some(suffix) = text.strip_prefix("*.") {
        return match canonical(suffix)? {
            Host::Domain(_) => Ok(()),
            Host::Ipv4(_) | Host::Ipv6(_) => Err(HostError::Wildcard),
        };
    }
    canonical(text).map(|_| ())
}

/// Checks a `Host` to send: a canonical host, with or without a port.
pub(super) fn check_authority(text: &str) -> Result<(), HostError> {
    match split_port(text) {
        None => canonical(text).map(|_| ()),
        Some((host, port)) => {
            let is_port = !port.starts_with('+') && port.parse::<u16>().is_ok_and(|port| port > 0);
            if !is_port {
                return Err(HostError::BadPort);
            }
            canonical(host).map(|_| ())
        }
    }
}

/// Checks a name that a certificate must bear: a domain, not an address.
pub(super) fn is_domain(text: &str) -> bool {
    matches!(canonical(text), Ok(Host::Domain(_)))
}

fn canonical(text: &str) -> Result<Host<String>, HostError> {
    if text.contains('*') {
        return Err(HostError::Wildcard);
    }
    if split_port(text).is_some() {
        return Err(HostError::Port);
    }
    let plain = text.strip_suffix('.').unwrap_or(text);
    let host = Host::parse(plain).map_err(|_| HostError::NotAHost)?;
    let written = host.to_string();
    if written.is_empty() || written.split('.').any(str::is_empty) {
        return Err(HostError::NotAHost);
    }
    if written != text {
        return Err(HostError::NotCanonical(written));
    }
    Ok(host)
}

/// Host and port, when there is a colon outside the brackets of an IPv6 address.
fn split_port(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_has_a_canonical_host_without_a_port() {
        use HostError as E;
        let canonical = |text: &str| Err(E::NotCanonical(text.to_owned()));
        for (text, result) in [
            ("files.example", Ok(())),
            ("*.files.example", Ok(())),
            ("127.0.0.1", Ok(())),
            ("[::1]", Ok(())),
            ("localhost", Ok(())),
            ("xn--bcher-kva.example", Ok(())),
            ("bücher.example", canonical("xn--bcher-kva.example")),
            ("Files.Example", canonical("files.example")),
            ("files.example.", canonical("files.example")),
            ("127.1", canonical("127.0.0.1")),
            ("files.example:443", Err(E::Port)),
            ("[::1]:443", Err(E::Port)),
            ("https://files.example", Err(E::Port)),
            ("files.example/x", Err(E::NotAHost)),
            ("a@files.example", Err(E::NotAHost)),
            ("a..example", Err(E::NotAHost)),
            (".", Err(E::NotAHost)),
            ("*", Err(E::Wildcard)),
            ("*.", Err(E::NotAHost)),
            ("*.*.example", Err(E::Wildcard)),
            ("files.*", Err(E::Wildcard)),
            ("*.127.0.0.1", Err(E::Wildcard)),
        ] {
            assert_eq!(check_pattern(text), result, "{text}");
        }
    }

    #[test]
    fn a_host_to_send_may_have_a_port() {
        for text in [
            "app.internal",
            "app.internal:8080",
            "[::1]:8080",
            "10.0.0.1:80",
        ] {
            assert_eq!(check_authority(text), Ok(()), "{text}");
        }
        for text in ["app.internal:", "app.internal:0", "a:+1", "a:65536"] {
            assert_eq!(check_authority(text), Err(HostError::BadPort), "{text}");
        }
    }
}
