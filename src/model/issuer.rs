//! The issuer identifier (OpenID Connect Discovery §3, RFC 8414 §2).

use std::fmt;

use url::Url;

use super::is_loopback;

/// Our identifier: an exact string, compared byte by byte, and the URL it is.
///
/// `https`, or `http` on a loopback address; no query, fragment or user information.
#[derive(Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

/// Why a text is not an issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Not an absolute URL with a host.
    #[error("is not an absolute URL")]
    NotAUrl,
    /// Neither `https` nor `http`.
    #[error("must begin with https://")]
    Scheme,
    /// `http` on an address that others can reach.
    #[error("must begin with https:// (http:// is accepted for a loopback address only)")]
    PlainHttp,
    /// Has a query, a fragment or user information.
    #[error("must not have a query, a fragment or a user name")]
    Decorated,
    /// Would be another string once a browser has normalised it.
    #[error(
        "must be written as a browser normalises it (lower-case host, no default port, no dot segments)"
    )]
    NotNormal,
}

impl Issuer {
    /// Takes `text` exactly as it will stand in `iss`.
    ///
    /// # Errors
    ///
    /// [`IssuerError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text).map_err(|_| IssuerError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(IssuerError::PlainHttp),
            _ => return Err(IssuerError::Scheme),
        }
        let decorated = url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some();
        if decorated {
            return Err(IssuerError::Decorated);
        }
        // "https://host" and "https://host/" are one URL; both spellings are legal identifiers.
        if url.as_str() != text && url.as_str() != format!("{text}/") {
            return Err(IssuerError::NotNormal);
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }

    /// The exact string for `iss`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of the endpoint at `path` (without a leading slash) under the issuer.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}/{path}", self.text.trim_end_matches('/'))
    }

    /// The issuer's path without a trailing slash: `/oidc`, or the empty string.
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// Scheme, host and port, as a browser sends them in `Origin`.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The origin of another host that is reached in the same way: with our scheme and our port.
    pub fn origin_beside(&self, host: &str) -> String {
        let scheme = self.url.scheme();
        match self.url.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }

    /// The host in canonical form: lower case, IPv6 in brackets.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether browsers reach us over TLS, so that cookies may be `Secure`.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.text)
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_is_reached_in_the_same_way() {
        for (issuer, host, origin) in [
            (
                "https://op.example/oidc/",
                "app.example",
                "https://app.example",
            ),
            (
                "https://op.example:8443",
                "app.example",
                "https://app.example:8443",
            ),
            ("http://127.0.0.1:9480/", "[::1]", "http://[::1]:9480"),
        ] {
            let issuer = Issuer::parse(issuer).unwrap();
            assert_eq!(issuer.origin_beside(host), origin);
        }
    }

    #[test]
    fn the_trailing_slash_of_cells_is_kept() {
        let issuer = Issuer::parse("https://files.example/oidc/").unwrap();

        assert_eq!(issuer.as_str(), "https://files.example/oidc/");
        assert_eq!(
            issuer.endpoint("oauth2/auth"),
            "https://files.example/oidc/oauth2/auth"
        );
        assert_eq!(issuer.path(), "/oidc");
    }

    #[test]
    fn an_issuer_may_be_a_bare_origin() {
        let issuer = Issuer::parse("https://op.example").unwrap();

        assert_eq!(issuer.as_str(), "https://op.example");
        assert_eq!(issuer.path(), "");
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        for ours in [
            "http://127.0.0.1:9480/oidc/",
            "http://[::1]:8080/",
            "http://localhost:9480/",
        ] {
            assert!(Issuer::parse(ours).is_ok(), "{ours}");
        }
        assert_eq!(
            Issuer::parse("http://files.example/oidc/"),
            Err(IssuerError::PlainHttp)
        );
        assert_eq!(
            Issuer::parse("http://localhost.example/"),
            Err(IssuerError::PlainHttp)
        );
    }

    #[test]
    fn what_a_browser_would_rewrite_is_refused() {
        for text in [
            "https://A.example/",
            "https://a.example:443/",
            "https://a.example/x/../y",
        ] {
            assert_eq!(Issuer::parse(text), Err(IssuerError::NotNormal), "{text}");
        }
        for text in [
            "https://a.example/?x",
            "https://a.example/#f",
            "https://u@a.example/",
        ] {
            assert_eq!(Issuer::parse(text), Err(IssuerError::Decorated), "{text}");
        }
        assert_eq!(Issuer::parse("ftp://a.example/"), Err(IssuerError::Scheme));
        assert_eq!(Issuer::parse("a.example"), Err(IssuerError::NotAUrl));
    }
}
