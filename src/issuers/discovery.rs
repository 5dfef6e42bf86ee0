//! Where an issuer says its keys are (OpenID Connect Discovery §4, RFC 8414 §3).

use serde::Deserialize;
use url::{Host, Url};

use super::error::FetchError;
use crate::model::Reach;

/// The members of the metadata that we act upon; one that is there twice is an error.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Where the keys are, by the metadata that `issuer` shows at `shown_at`.
///
/// # Errors
///
/// [`FetchError`] unless the metadata is of exactly this issuer and leads somewhere safe.
pub(super) fn keys_of(
    issuer: &str,
    shown_at: &Url,
    metadata: &[u8],
) -> Result<(Url, Reach), FetchError> {
    let metadata: Metadata = serde_json::from_slice(metadata).map_err(|_| FetchError::Metadata)?;
    // Byte by byte: a document of another issuer would hand us that one's keys under this name.
    if metadata.issuer != issuer {
        return Err(FetchError::OtherIssuer);
    }
    let url = Url::parse(&metadata.jwks_uri).map_err(|_| FetchError::Location)?;
    let reach = reachable(&url, shown_at)?;
    Ok((url, reach))
}

/// Where an address may lead that the metadata shown at `shown_at` name.
///
/// # Errors
///
/// [`FetchError::Location`] when it is not to be called at all.
pub(super) fn reachable(url: &Url, shown_at: &Url) -> Result<Reach, FetchError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Location);
    }
    if url.origin() == shown_at.origin() {
        // The operator named this place; over plain http only if it is this machine.
        return Ok(Reach::Anywhere);
    }
    if url.scheme() == "https" {
        // Named by the issuer: it may be anywhere but inside our network.
        return Ok(Reach::Public);
    }
    Err(FetchError::Location)
}

/// Whether `url` is one that keys and secrets may travel to: TLS, or this very machine.
pub(crate) fn is_private(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

/// Which convention an issuer follows for the place of its metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Convention {
    /// After the issuer (OpenID Connect Discovery §4.1).
    OpenId,
    /// Between host and path of the issuer (RFC 8414 §3.1).
    OAuth,
}

impl Convention {
    /// Where the metadata of `issuer` is; `None` when it is not a URL that could have any.
    pub(crate) fn place(self, issuer: &str) -> Option<Url> {
        let mut url = Url::parse(issuer).ok()?;
        let is_plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !is_plain || !is_private(&url) {
            return None;
        }
        let path = url.path().trim_end_matches('/');
        let path = match self {
            Self::OpenId => format!("{path}/.well-known/openid-configuration"),
            Self::OAuth => format!("/.well-known/oauth-authorization-server{path}"),
        };
        url.set_path(&path);
        Some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metadata_is_where_the_convention_says() {
        for (issuer, openid, oauth) in [
            (
                "https://op.test",
                Some("https://op.test/.well-known/openid-configuration"),
                Some("https://op.test/.well-known/oauth-authorization-server"),
            ),
            (
                "https://op.test/realms/a/",
                Some("https://op.test/realms/a/.well-known/openid-configuration"),
                Some("https://op.test/.well-known/oauth-authorization-server/realms/a"),
            ),
            (
                "http://127.0.0.1:9480/oidc",
                Some("http://127.0.0.1:9480/oidc/.well-known/openid-configuration"),
                Some("http://127.0.0.1:9480/.well-known/oauth-authorization-server/oidc"),
            ),
            ("http://op.test", None, None),
            ("https://op.test/?a=1", None, None),
            ("https://op.test/#a", None, None),
            ("https://me@op.test/", None, None),
            ("op.test", None, None),
            ("urn:op", None, None),
        ] {
            let place = |convention: Convention| convention.place(issuer).map(String::from);
            assert_eq!(place(Convention::OpenId).as_deref(), openid, "{issuer}");
            assert_eq!(place(Convention::OAuth).as_deref(), oauth, "{issuer}");
        }
    }

    fn keys(issuer: &str, metadata: &str) -> Result<(String, Reach), FetchError> {
        let shown_at = Convention::OpenId.place(issuer).unwrap();
        keys_of(issuer, &shown_at, metadata.as_bytes()).map(|(url, reach)| (url.into(), reach))
    }

    #[test]
    fn i01_metadata_is_of_exactly_the_issuer_that_was_asked() {
        let metadata = |issuer: &str| {
            format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://op.test/keys","x":1}}"#)
        };
        assert!(keys("https://op.test/", &metadata("https://op.test/")).is_ok());
        for other in [
            "https://op.test",
            "https://OP.test/",
            "https://op.test//",
            "https://op.test/x",
            "https://evil.test/",
            "",
        ] {
            let refused = keys("https://op.test/", &metadata(other));
            assert_eq!(refused, Err(FetchError::OtherIssuer), "{other}");
        }
        for broken in [
            "",
            "<html>",
            "[]",
            r#"{"issuer":"https://op.test/"}"#,
            r#"{"issuer":["https://op.test/"],"jwks_uri":"https://op.test/keys"}"#,
            r#"{"issuer":"https://evil.test/","issuer":"https://op.test/","jwks_uri":"https://a/"}"#,
        ] {
            let refused = keys("https://op.test/", broken);
            assert_eq!(refused, Err(FetchError::Metadata), "{broken}");
        }
    }

    #[test]
    fn i02_keys_are_beside_the_metadata_or_on_the_public_internet_over_tls() {
        let secure = "https://op.test/";
        let local = "http://127.0.0.1:9480/";
        for (issuer, jwks_uri, expected) in [
            (secure, "https://op.test/keys", Ok(Reach::Anywhere)),
            (secure, "https://op.test:444/keys", Ok(Reach::Public)),
            (secure, "https://keys.test/", Ok(Reach::Public)),
            (secure, "https://169.254.169.254/", Ok(Reach::Public)),
            (secure, "http://op.test/keys", Err(FetchError::Location)),
            (secure, "http://127.0.0.1/keys", Err(FetchError::Location)),
            (secure, "file:///etc/passwd", Err(FetchError::Location)),
            (secure, "https://me@op.test/keys", Err(FetchError::Location)),
            (secure, "/keys", Err(FetchError::Location)),
            (local, "http://127.0.0.1:9480/keys", Ok(Reach::Anywhere)),
            (
                local,
                "http://127.0.0.1:9481/keys",
                Err(FetchError::Location),
            ),
        ] {
            let metadata = format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#);
            let found = keys(issuer, &metadata).map(|(_, reach)| reach);
            assert_eq!(found, expected, "{issuer} {jwks_uri}");
        }
    }
}
