//! Redirection URIs: where answers may go (RFC 6749 §3.1.2, RFC 9700 §2.1).

use url::Url;

use super::is_loopback;

/// A redirection URI its client registered, matched as an exact string (RFC 9700 §2.1).
///
/// Only [`Client::redirect_uri`](super::Client::redirect_uri) and
/// [`Client::post_logout_redirect_uri`](super::Client::post_logout_redirect_uri) hand one out,
/// so to hold it in a request is to have checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectUri {
    registered: String,
    url: Url,
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
        })
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

    /// The web origin of the page at the URI (RFC 6454 §6.2); `None` for an application's own scheme,
    /// whose pages have no origin that a script could speak for.
    pub fn origin(&self) -> Option<String> {
        let is_web = matches!(self.url.scheme(), "http" | "https");
        is_web.then(|| self.url.origin().ascii_serialization())
    }

    /// What a Content-Security-Policy calls the place a form may be sent on to: the origin, or
    /// the scheme where it has none.
    pub fn csp_source(&self) -> String {
        match self.url.origin() {
            origin @ url::Origin::Tuple(..) => origin.ascii_serialization(),
            url::Origin::Opaque(_) => format!("{}:", self.url.scheme()),
        }
    }
}

/// `https` anywhere, `http` on this machine (RFC 8252 §7.3), or a private-use scheme
/// (RFC 8252 §7.1). Schemes a browser acts upon by itself are nobody's own.
fn has_usable_scheme(url: &Url) -> bool {
    const DANGEROUS: [&str; 11] = [
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
