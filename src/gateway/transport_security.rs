//! Strict Transport Security (RFC 6797): browsers that have seen one answer over TLS ask for nothing
//! without it any more.

use http::header::HeaderValue;

/// What browsers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportSecurity {
    /// Seconds that they remember it (§6.1.1); 0 has them forget it.
    pub max_age_s: u64,
    /// Whether it is for every host below as well (§6.1.2).
    pub include_subdomains: bool,
    /// Whether the host may be listed in browsers before they have seen it (hstspreload.org).
    pub preload: bool,
}

impl TransportSecurity {
    /// The field's value (§6.1).
    pub(super) fn value(self) -> Option<HeaderValue> {
        let mut text = format!("max-age={}", self.max_age_s);
        for (directive, is_given) in [
            ("; includeSubDomains", self.include_subdomains),
            ("; preload", self.preload),
        ] {
            if is_given {
                text.push_str(directive);
            }
        }
        HeaderValue::try_from(text).ok()
    }
}
