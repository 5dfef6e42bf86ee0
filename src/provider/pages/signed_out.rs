//! The page that tells clients in frames that their user signed out.

use std::collections::BTreeSet;

use http::{StatusCode, header};
use serde::Serialize;

use super::{Pages, answer, leading_to};
use crate::provider::reply::{self, Response};

/// What the page loads, and where it goes on to.
#[derive(Debug, Serialize)]
pub(crate) struct SignedOutPage {
    pub(crate) frames: Vec<Frame>,
    pub(crate) next: Option<String>,
}

/// A client's page that is loaded in a frame nobody sees.
#[derive(Debug, Serialize)]
pub(crate) struct Frame {
    pub(crate) src: String,
    /// As the Content-Security-Policy names it.
    #[serde(skip)]
    pub(crate) origin: String,
}

impl Pages {
    /// The page; it may load frames of exactly these origins.
    pub(crate) fn signed_out(&self, page: &SignedOutPage) -> Response {
        let html = self.render("signed_out.html", "", page);
        let mut response = answer(StatusCode::OK, html, leading_to(None));
        // A policy cannot name an IPv6 address: its scheme has to do.
        let sources: BTreeSet<&str> = page
            .frames
            .iter()
            .map(|frame| match frame.origin.split_once("//[") {
                Some((scheme, _)) => scheme,
                None => frame.origin.as_str(),
            })
            .collect();
        let sources: Vec<&str> = sources.into_iter().collect();
        let policy = format!("{}; frame-src {}", leading_to(None), sources.join(" "));
        reply::set_header(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
        response
    }
}
