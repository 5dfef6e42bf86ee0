//! Links of a client that users are shown: its logo, its home page, its policies.

use url::Url;

use super::is_loopback;

/// An `https` address, or an `http` one on this machine, for a page of ours to link to.
///
/// Never one that a browser would execute, and never one whose host is disguised by a user name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebLink(Url);

/// Why a text cannot be a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebLinkError {
    /// Not an absolute URL with a host, or longer than 2048 bytes.
    #[error("is not an absolute URL of at most 2048 characters")]
    NotAUrl,
    /// Neither `https` nor `http` on this machine.
    #[error("must begin with https:// (http:// is accepted for a loopback address only)")]
    Scheme,
    /// `user@host` is how a reader is misled about the host.
    #[error("must not have a user name")]
    UserInformation,
}

impl WebLink {
    /// Checks an address.
    ///
    /// # Errors
    ///
    /// [`WebLinkError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, WebLinkError> {
        const MAX_BYTES: usize = 2048;
        if text.len() > MAX_BYTES {
            return Err(WebLinkError::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| WebLinkError::NotAUrl)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(WebLinkError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WebLinkError::UserInformation);
        }
        Ok(Self(url))
    }

    /// The address, normalized.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port, as a Content-Security-Policy names them.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_web_and_nowhere_else() {
        use WebLinkError as E;
        for (text, expected) in [
            ("https://app.example/logo.png", Ok(())),
            ("http://localhost:3000/logo.png", Ok(())),
            ("http://app.example/logo.png", Err(E::Scheme)),
            ("javascript:alert(1)", Err(E::Scheme)),
            ("data:image/png;base64,AA", Err(E::Scheme)),
            ("https://good@evil.example/", Err(E::UserInformation)),
            ("/logo.png", Err(E::NotAUrl)),
            ("", Err(E::NotAUrl)),
        ] {
            assert_eq!(WebLink::parse(text).map(drop), expected, "{text}");
        }
    }

    #[test]
    fn a_policy_names_the_origin_without_path_and_default_port() {
        let link = WebLink::parse("https://app.example:443/a/logo.png?x=1").unwrap();

        assert_eq!(link.origin(), "https://app.example");
    }
}
