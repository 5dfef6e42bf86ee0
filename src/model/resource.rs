//! Resource indicators (RFC 8707): which resource server an access token is asked for.

use std::fmt;

use url::Url;

/// An absolute URI without a fragment (RFC 8707 §2), compared byte by byte with the audiences
/// that a client was registered for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource(String);

/// Why a text is no resource indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a resource is an absolute URI without a fragment, of at most 1024 characters")]
pub struct ResourceError;

impl Resource {
    /// Checks a resource indicator.
    ///
    /// # Errors
    ///
    /// [`ResourceError`], which is `invalid_target` on the wire.
    pub fn parse(text: &str) -> Result<Self, ResourceError> {
        // The parser of URLs would forgive spaces and control characters, and strip them.
        let is_plain = text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        if !is_plain || text.len() > 1024 || text.contains('#') || Url::parse(text).is_err() {
            return Err(ResourceError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The exact text, which becomes an audience.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8707 §2: an absolute URI as of RFC 3986 §4.3, without a fragment.
    #[test]
    fn only_an_absolute_uri_without_a_fragment_is_a_resource() {
        for text in [
            "https://api.example",
            "https://api.example/v1/?tenant=1",
            "urn:example:files",
        ] {
            assert_eq!(Resource::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "/v1",
            "//api.example/",
            "api.example",
            "https://api.example/#top",
            "https://api.example/#",
            " https://api.example/",
            "https://api.example/\n",
            "https://",
            "https://äpi.example/",
            &format!("https://api.example/{}", "a".repeat(1024)),
        ] {
            assert_eq!(Resource::parse(text), Err(ResourceError), "{text:?}");
        }
    }
}
