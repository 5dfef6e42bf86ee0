//! Web origins: whose scripts may call us (RFC 6454).

use std::fmt;

use url::Url;

/// An origin as a browser writes it into the `Origin` field: `https://app.example`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(String);

/// Why a text is no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not an origin: scheme, host in lower case, and a port only where it is not the usual one"
)]
pub struct WebOriginError;

impl WebOrigin {
    /// Checks an origin, which must be written exactly as browsers write it: they are compared
    /// character by character.
    ///
    /// # Errors
    ///
    /// [`WebOriginError`] for a path, a wildcard, `null`, or a scheme other than `http` and `https`.
    pub fn parse(text: &str) -> Result<Self, WebOriginError> {
        let url = Url::parse(text).map_err(|_| WebOriginError)?;
        let is_web = matches!(url.scheme(), "http" | "https");
        if !is_web || text.contains('*') || url.origin().ascii_serialization() != text {
            return Err(WebOriginError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The exact text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for text in [
            "https://app.example",
            "https://app.example:8443",
            "http://localhost:5173",
            "https://[2001:db8::1]",
        ] {
            assert_eq!(WebOrigin::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "null",
            "*",
            "app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://APP.example",
            "https://app.example:443",
            "https://*.app.example",
            "https://user@app.example",
            "app://callback",
            "file:///",
        ] {
            assert_eq!(WebOrigin::parse(text), Err(WebOriginError), "{text}");
        }
    }
}
