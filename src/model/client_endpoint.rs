//! Addresses of a client that are called with something for it, and never get an answer of ours.

use super::{RedirectUri, RedirectUriError};

/// An endpoint that a client registered: `https`, or `http` on a loopback address; no fragment,
/// no user name.
///
/// Unlike a redirection URI it is never compared with what a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientEndpoint(RedirectUri);

/// Why a text cannot be registered as an endpoint of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientEndpointError {
    /// Not even a redirection URI could be written so.
    #[error(transparent)]
    Uri(#[from] RedirectUriError),
    /// A scheme of an application's own, which only that application's machine could call.
    #[error("must begin with https://, or with http:// on a loopback address")]
    Scheme,
}

impl ClientEndpoint {
    /// Checks an address for registration and keeps it as written.
    ///
    /// # Errors
    ///
    /// [`ClientEndpointError`] says why it cannot be registered.
    pub fn register(text: &str) -> Result<Self, ClientEndpointError> {
        let uri = RedirectUri::register(text)?;
        if uri.csp_source().starts_with("http://") || uri.csp_source().starts_with("https://") {
            Ok(Self(uri))
        } else {
            Err(ClientEndpointError::Scheme)
        }
    }

    /// The exact string that was registered.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address with `params` after the query it was registered with.
    pub fn with_query(&self, params: &[(&str, &str)]) -> String {
        self.0.with_query(params)
    }

    /// Scheme, host and port, as a Content-Security-Policy names them.
    pub fn origin(&self) -> String {
        self.0.csp_source()
    }

    /// Whether it has scheme, host and port of one of `uris` (OpenID Connect Front-Channel Logout
    /// §2).
    pub fn is_on_origin_of(&self, uris: &[RedirectUri]) -> bool {
        let origin = self.origin();
        uris.iter().any(|uri| uri.csp_source() == origin)
    }

    /// Whether it is called over TLS.
    pub fn is_https(&self) -> bool {
        self.origin().starts_with("https:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_called_over_http_can_be_registered() {
        for (text, expected) in [
            ("https://app.example/logout?tenant=1", Ok(())),
            ("http://127.0.0.1:9482/logout", Ok(())),
            (
                "http://app.example/logout",
                Err(ClientEndpointError::Uri(RedirectUriError::Scheme)),
            ),
            ("cellsauth://logout", Err(ClientEndpointError::Scheme)),
            ("httpx://logout", Err(ClientEndpointError::Scheme)),
            (
                "https://app.example/#x",
                Err(ClientEndpointError::Uri(RedirectUriError::Fragment)),
            ),
            (
                "/logout",
                Err(ClientEndpointError::Uri(RedirectUriError::NotAUri)),
            ),
        ] {
            let registered = ClientEndpoint::register(text).map(drop);
            assert_eq!(registered, expected, "{text}");
        }
    }
}
