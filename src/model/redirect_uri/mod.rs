//! Redirection URIs: where answers may go (RFC 6749 §3.1.2, RFC 9700 §2.1).

mod loopback;

use std::ops::RangeInclusive;

use url::Url;

use super::is_loopback;
use loopback::{port, split_loopback};

pub use loopback::LoopbackPorts;

/// A redirection URI its client registered, matched as an exact string (RFC 9700 §2.1); only the
/// port may differ, and only on this machine (RFC 8252 §7.3).
///
/// Only [`Client::redirect_uri`](super::Client::redirect_uri) and
/// [`Client::post_logout_redirect_uri`](super::Client::post_logout_redirect_uri) hand one out,
/// so to hold it in a request is to have checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    registered: String,
    url: Url,
    /// Any of these loopback ports, where the text has `[min-max]`.
    ports: Option<RangeInclusive<u16>>,
}

/// Why a text cannot be registered as a redirection URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Not an absolute URI.
    #[error("is not an absolute URI")]
    NotAUri,
    /// RFC 6749 §3.1.2.
    #[error("must not have a fragment")]
    Fragment,
    /// `user@host` is how a reader is misled about the host.
    #[error("must not have a user name")]
    UserInformation,
    /// A scheme a browser would execute or read from, or one without a dot that is nobody's.
    #[error(
        "must begin with https://, with a scheme of the application's own, or with http:// on a loopback address"
    )]
    Scheme,
    /// Matching is exact; a pattern would never match, or would match too much.
    #[error("must not have a wildcard: redirect URIs are compared character by character")]
    Wildcard,
    /// RFC 8252 §7.1: a scheme of its own is for an installed application, and has a dot.
    #[error(
        "has a scheme of its own, which a native application may have that registers itself, and only if it is the reversed name of a domain (com.example.app:/)"
    )]
    PrivateScheme,
    /// `[min-max]` anywhere else than as the port of a loopback address.
    #[error("has a range of ports that is empty, or not on a loopback address with http://")]
    Ports,
    /// Spaces, control characters, backslashes: read differently by different parsers.
    #[error(
        "must not contain spaces, control characters, quotes, backslashes or other than ASCII characters"
    )]
    Character,
}

impl RedirectUri {
    /// Checks a URI for registration and keeps it as written.
    ///
    /// # Errors
    ///
    /// [`RedirectUriError`] says why it cannot be registered.
    pub fn register(text: &str) -> Result<Self, RedirectUriError> {
        let is_plain = |b: u8| {
            b.is_ascii_graphic()
                && !matches!(
                    b,
                    b'\\' | b'"' | b'<' | b'>' | b'`' | b'^' | b'{' | b'}' | b'|'
                )
        };
        if !text.bytes().all(is_plain) {
            return Err(RedirectUriError::Character);
        }
        if text.contains('*') {
            return Err(RedirectUriError::Wildcard);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAUri)?;
        if text.contains('#') {
            return Err(RedirectUriError::Fragment);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::UserInformation);
        }
        if !has_usable_scheme(&url) {
            return Err(RedirectUriError::Scheme);
        }
        Ok(Self {
            registered: text.to_owned(),
            url,
            ports: None,
        })
    }

    /// Checks a URI that may have a range of loopback ports, as Pydio Cells writes them:
    /// `http://localhost:[3636-3666]/servers/callback`.
    ///
    /// # Errors
    ///
    /// [`RedirectUriError`] says why it cannot be registered.
    pub fn register_ports(text: &str) -> Result<Self, RedirectUriError> {
        let Some((before, rest)) = text.split_once(":[") else {
            return Self::register(text);
        };
        let (range, after) = rest.split_once(']').ok_or(RedirectUriError::Ports)?;
        let (first, last) = range.split_once('-').ok_or(RedirectUriError::Ports)?;
        let (first, last) = port(first).zip(port(last)).ok_or(RedirectUriError::Ports)?;
        let uri = Self::register(&format!("{before}:{first}{after}"))?;
        if first > last || split_loopback(text).is_none() {
            return Err(RedirectUriError::Ports);
        }
        Ok(Self {
            registered: text.to_owned(),
            url: uri.url,
            ports: Some(first..=last),
        })
    }

    /// The URI that `requested` is, if it is this one or differs from it in nothing but a port
    /// that `ports` or its own range accepts.
    pub(super) fn matched(&self, requested: &str, ports: LoopbackPorts) -> Option<Self> {
        let accepted = match (&self.ports, ports) {
            (None, _) if self.registered == requested => return Some(self.clone()),
            (None, LoopbackPorts::AsRegistered) => return None,
            (None, LoopbackPorts::Any) => 1..=u16::MAX,
            (Some(range), _) => range.clone(),
        };
        let (host, _, rest) = split_loopback(&self.registered)?;
        let (same_host, port, same_rest) = split_loopback(requested)?;
        if host != same_host || rest != same_rest || !accepted.contains(&port) {
            return None;
        }
        Some(Self {
            registered: requested.to_owned(),
            url: Url::parse(requested).ok()?,
            ports: None,
        })
    }

    /// The scheme, if it is one of the application's own (RFC 8252 §7.1).
    pub fn private_scheme(&self) -> Option<&str> {
        let scheme = self.url.scheme();
        (!matches!(scheme, "http" | "https")).then_some(scheme)
    }

    /// The exact string that was registered.
    pub fn as_str(&self) -> &str {
        &self.registered
    }

    /// The URI with `params` after the query it was registered with (RFC 6749 §3.1.2).
    pub fn with_query(&self, params: &[(&str, &str)]) -> String {
        if params.is_empty() {
            return self.registered.clone();
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(params);
        let joint = match self.registered.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{}{joint}{}", self.registered, query.finish())
    }

    /// The web origins of the pages at the URI (RFC 6454 §6.2), one for each port that it may have;
    /// none for an application's own scheme, whose pages have no origin that a script could speak for.
    pub fn origins(&self) -> impl Iterator<Item = String> {
        let ports = self.ports.clone().map(|ports| ports.map(Some));
        let ports = ports.into_iter().flatten();
        let as_written = self.ports.is_none().then_some(None);
        let all = ports.chain(as_written).filter(|_| self.is_web());
        all.filter_map(|port| {
            let mut url = self.url.clone();
            if port.is_some() {
                // Only a URL without a host cannot have one, and a web server has a host.
                url.set_port(port).ok()?;
            }
            Some(url.origin().ascii_serialization())
        })
    }

    /// The URI with `params` as its fragment, which registered URIs do not have.
    pub fn with_fragment(&self, params: &[(&str, &str)]) -> String {
        let mut fragment = form_urlencoded::Serializer::new(String::new());
        fragment.extend_pairs(params);
        format!("{}#{}", self.registered, fragment.finish())
    }

    /// Whether it leads to a web server, and not to an application by a scheme of its own.
    pub fn is_web(&self) -> bool {
        matches!(self.url.scheme(), "https" | "http")
    }

    /// What a Content-Security-Policy calls the place: the origin, or the scheme where it has none.
    pub fn csp_source(&self) -> String {
        match self.url.origin() {
            origin @ url::Origin::Tuple(..) => origin.ascii_serialization(),
            url::Origin::Opaque(_) => format!("{}:", self.url.scheme()),
        }
    }

    /// The sources that `form-action` of a Content-Security-Policy must have on a page whose form
    /// ends at this URI.
    ///
    /// Chromium holds every further redirection against that list, also those that the
    /// application makes once it has its answer, and nobody here knows where they lead: to name
    /// the URI's own origin would strand the users of every application that sends them on to
    /// another one. So it is the scheme that is held: nothing leads from TLS to plain HTTP.
    pub fn form_action(&self) -> String {
        match self.url.scheme() {
            "https" => "https:".to_owned(),
            "http" => "http: https:".to_owned(),
            own => format!("{own}:"),
        }
    }
}

/// `https` anywhere, `http` on this machine (RFC 8252 §7.3), or a private-use scheme
/// (RFC 8252 §7.1). Schemes a browser acts upon by itself are nobody's own.
fn has_usable_scheme(url: &Url) -> bool {
    const DANGEROUS: [&str; 20] = [
        "javascript",
        "data",
        "vbscript",
        "file",
        "blob",
        "about",
        "filesystem",
        "ftp",
        "ws",
        "wss",
        "view-source",
        "chrome",
        "chrome-extension",
        "intent",
        "jar",
        "livescript",
        "mailto",
        "mocha",
        "resource",
        "tel",
    ];
    match url.scheme() {
        "https" => url.host_str().is_some_and(|host| !host.is_empty()),
        "http" => is_loopback(url),
        other => !DANGEROUS.contains(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_registered() {
        for text in [
            "https://app.example/callback",
            "https://app.example/callback?tenant=1",
            "http://127.0.0.1:9482/callback",
            "http://[::1]/cb",
            "http://localhost:3000/servers/callback",
            "cellsauth://callback",
            "com.example.app:/oauth",
        ] {
            assert_eq!(
                RedirectUri::register(text).map(|uri| uri.registered),
                Ok(text.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_registered_and_why() {
        use RedirectUriError as E;
        for (text, error) in [
            ("/callback", E::NotAUri),
            ("https://app.example/#x", E::Fragment),
            ("https://app.example/#", E::Fragment),
            ("https://good@evil.example/", E::UserInformation),
            ("http://app.example/", E::Scheme),
            ("javascript:alert(1)", E::Scheme),
            ("JavaScript:alert(1)", E::Scheme),
            ("data:text/html,x", E::Scheme),
            ("https://*.app.example/", E::Wildcard),
            ("https://app.example\\@evil.example/", E::Character),
            ("https://app.example/ x", E::Character),
            ("https://app.example/\n", E::Character),
            ("https://äpp.example/", E::Character),
        ] {
            assert_eq!(RedirectUri::register(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_form_may_lead_on_from_the_uri_but_not_to_weaker_transport() {
        for (text, sources) in [
            ("https://app.example/cb", "https:"),
            ("http://127.0.0.1:8080/cb", "http: https:"),
            ("http://[::1]/cb", "http: https:"),
            ("cellsauth://callback", "cellsauth:"),
        ] {
            let uri = RedirectUri::register(text).unwrap();
            assert_eq!(uri.form_action(), sources, "{text}");
        }
    }

    #[test]
    fn parameters_follow_the_registered_query() {
        let with = |text: &str| {
            RedirectUri::register(text)
                .unwrap()
                .with_query(&[("code", "a b"), ("state", "&")])
        };

        assert_eq!(
            with("https://a.example/cb"),
            "https://a.example/cb?code=a+b&state=%26"
        );
        assert_eq!(
            with("https://a.example/cb?x=1"),
            "https://a.example/cb?x=1&code=a+b&state=%26"
        );
        assert_eq!(
            with("https://a.example/cb?"),
            "https://a.example/cb?code=a+b&state=%26"
        );
        assert_eq!(
            with("cellsauth://callback"),
            "cellsauth://callback?code=a+b&state=%26"
        );
    }
}
