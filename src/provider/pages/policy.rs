//! What a page may load and run, and where its form may lead.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Digest;

/// The one script there is: it sends the form of a page that has nothing to ask. The page works
/// by its button without it.
pub(super) const SEND_FORM: &str = "document.forms[0].submit()";

/// A Content-Security-Policy: our style, our form, framed by nobody, and what else one page
/// needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContentSecurityPolicy<'a> {
    /// Where the form of the page may lead beside ourselves.
    pub(super) form_action: Option<&'a str>,
    /// The one origin that images may come from beside ourselves.
    pub(super) image: Option<&'a str>,
    /// What may be loaded in frames.
    pub(super) frames: Vec<&'a str>,
    /// Whether [`SEND_FORM`] may run, known by its digest.
    pub(super) sends_form: bool,
}

impl fmt::Display for ContentSecurityPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("default-src 'none'; style-src 'self'; img-src 'self' data:")?;
        // A policy cannot name an IPv6 address: such a logo, on this machine, is left out.
        if let Some(origin) = self.image.filter(|origin| !origin.contains('[')) {
            write!(f, " {origin}")?;
        }
        if self.sends_form {
            let digest = STANDARD.encode(Digest::of(SEND_FORM.as_bytes()).as_bytes());
            write!(f, "; script-src 'sha256-{digest}'")?;
        }
        f.write_str("; form-action 'self'")?;
        if let Some(sources) = self.form_action {
            write!(f, " {sources}")?;
        }
        f.write_str("; base-uri 'none'; frame-ancestors 'none'")?;
        if !self.frames.is_empty() {
            write!(f, "; frame-src {}", self.frames.join(" "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_allows_what_the_page_needs_and_nothing_else() {
        let none = ContentSecurityPolicy::default();
        assert_eq!(
            none.to_string(),
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        );

        let all = ContentSecurityPolicy {
            form_action: Some("https:"),
            image: Some("https://app.example"),
            frames: vec!["https://a.example", "http:"],
            sends_form: true,
        };
        let digest = "ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE=";
        let policy = all.to_string();
        assert!(policy.contains("img-src 'self' data: https://app.example;"));
        assert!(policy.contains("form-action 'self' https:;"), "{policy}");
        assert!(
            policy.ends_with("; frame-src https://a.example http:"),
            "{policy}"
        );
        assert!(
            policy.contains(&format!("script-src 'sha256-{digest}';")),
            "{policy}"
        );
    }

    #[test]
    fn an_image_of_an_address_that_no_policy_can_name_is_not_allowed() {
        let policy = ContentSecurityPolicy {
            image: Some("http://[::1]:3000"),
            ..ContentSecurityPolicy::default()
        };

        assert!(policy.to_string().contains("img-src 'self' data:;"));
    }
}
