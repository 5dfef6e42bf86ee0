//! The ports of redirection URIs on this machine (RFC 8252 §7.3).

/// Which ports of a loopback redirection URI are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopbackPorts {
    /// Any: a native application takes the one it gets from the operating system (RFC 8252 §7.3).
    Any,
    /// Those that were registered.
    AsRegistered,
}

/// Takes an `http` URI on this machine apart: what comes before the port, the port (of a range the
/// first), what comes after it. It is read as text, so that nothing is taken for a port that
/// another parser reads as something else.
pub(super) fn split_loopback(uri: &str) -> Option<(&str, u16, &str)> {
    const HTTP: u16 = 80;
    let host = ["http://127.0.0.1", "http://[::1]", "http://localhost"]
        .into_iter()
        .find(|host| uri.starts_with(host))?;
    let after = uri.strip_prefix(host)?;
    let is_rest = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?']);
    let Some(written) = after.strip_prefix(':') else {
        return is_rest(after).then_some((host, HTTP, after));
    };
    let (digits, rest) = match written.strip_prefix('[') {
        Some(range) => {
            let (range, rest) = range.split_once(']')?;
            (range.split_once('-')?.0, rest)
        }
        None => {
            let rest = written.trim_start_matches(|c: char| c.is_ascii_digit());
            (written.strip_suffix(rest)?, rest)
        }
    };
    is_rest(rest).then_some((host, port(digits)?, rest))
}

/// A port as it is written, without a sign and without leading zeros.
pub(super) fn port(digits: &str) -> Option<u16> {
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::RedirectUri;
    use super::LoopbackPorts;

    #[test]
    fn a_native_application_chooses_its_loopback_port_and_nothing_else() {
        let any = |registered: &str, requested: &str| {
            let uri = RedirectUri::register(registered).unwrap();
            let matched = uri.matched(requested, LoopbackPorts::Any);
            matched.is_some_and(|uri| uri.as_str() == requested)
        };
        for (registered, requested) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb"),
            ("http://127.0.0.1:3000/cb", "http://127.0.0.1:1/cb"),
            ("http://127.0.0.1:3000/cb", "http://127.0.0.1/cb"),
            ("http://[::1]/cb?a=b", "http://[::1]:65535/cb?a=b"),
            ("http://localhost:3000/", "http://localhost:51004/"),
            ("http://localhost", "http://localhost:51004"),
        ] {
            assert!(any(registered, requested), "{registered} {requested}");
        }
        for requested in [
            "http://127.0.0.1:51004/cb/",
            "http://127.0.0.1:51004/cb?x",
            "http://127.0.0.1:51004/CB",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:080/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:+80/cb",
            "http://127.0.0.1:80:80/cb",
            "http://127.0.0.1:80@evil.example/cb",
            "http://127.0.0.1:51004@evil.example/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1evil.example/cb",
            "http://127.0.0.1:[1-2]/cb",
            "http://127.0.0.2:51004/cb",
            "http://127.1:51004/cb",
            "http://0x7f.0.0.1:51004/cb",
            "http://localhost:51004/cb",
            "http://[::1]:51004/cb",
            "http://[::ffff:127.0.0.1]:51004/cb",
            "https://127.0.0.1:51004/cb",
            "HTTP://127.0.0.1:51004/cb",
            "http://127.0.0.1:51004\\@evil.example/cb",
        ] {
            assert!(!any("http://127.0.0.1/cb", requested), "{requested}");
        }
        assert!(!any(
            "https://app.example/cb",
            "https://app.example:8443/cb"
        ));
        assert!(!any("https://localhost/cb", "https://localhost:8443/cb"));
    }

    #[test]
    fn a_range_of_ports_accepts_those_and_no_others() {
        let uri =
            RedirectUri::register_ports("http://localhost:[3636-3666]/servers/callback").unwrap();
        let matches = |requested: &str| uri.matched(requested, LoopbackPorts::Any).is_some();

        assert!(matches("http://localhost:3636/servers/callback"));
        assert!(matches("http://localhost:3666/servers/callback"));
        for requested in [
            "http://localhost:3635/servers/callback",
            "http://localhost:3667/servers/callback",
            "http://localhost/servers/callback",
            "http://localhost:03636/servers/callback",
            "http://localhost:[3636-3666]/servers/callback",
            "http://127.0.0.1:3640/servers/callback",
            "http://localhost:3640/servers/callback/",
        ] {
            assert!(!matches(requested), "{requested}");
        }
    }

    #[test]
    fn a_range_of_ports_is_for_loopback_addresses_only() {
        for text in [
            "https://app.example:[1-2]/cb",
            "http://app.example:[1-2]/cb",
            "https://localhost:[1-2]/cb",
            "http://localhost:[2-1]/cb",
            "http://localhost:[0-1]/cb",
            "http://localhost:[1-65536]/cb",
            "http://localhost:[1-2/cb",
            "http://localhost:[12]/cb",
            "http://localhost:[1-2]3/cb",
            "http://localhost:[-]/cb",
        ] {
            assert!(RedirectUri::register_ports(text).is_err(), "{text}");
        }
        // And never for those who do not ask for it.
        assert!(RedirectUri::register("http://localhost:[1-2]/cb").is_err());
    }
}
