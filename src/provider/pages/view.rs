//! What a page is made of: a template, what it shows, and what the browser may do with it.

use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::policy::ContentSecurityPolicy;
use crate::provider::endpoint::Endpoint;

/// What one template shows; the template knows it as `page`.
pub(crate) trait View: Serialize {
    /// The file of the template.
    const TEMPLATE: &'static str;

    /// The status of the answer.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// Where its form goes, if that is to us; the template knows it as `action`.
    fn action(&self) -> Option<Endpoint> {
        None
    }

    /// What the page may load and where its form may lead.
    fn policy(&self) -> ContentSecurityPolicy<'_> {
        ContentSecurityPolicy::default()
    }

    /// Adds what this page needs beyond the headers of every page.
    fn add_headers(&self, _headers: &mut HeaderMap) {}
}
