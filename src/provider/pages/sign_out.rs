//! The pages about signing out.

use std::collections::BTreeSet;

use serde::Serialize;

use super::interaction::FormAction;
use super::policy::ContentSecurityPolicy;
use super::view::View;
use crate::provider::endpoint::Endpoint;

/// What the page shows that asks before it signs out.
#[derive(Debug, Serialize)]
pub(crate) struct SignOutPage<'a> {
    pub(crate) user_name: &'a str,
    #[serde(skip)]
    pub(crate) form_action: FormAction,
}

impl View for SignOutPage<'_> {
    const TEMPLATE: &'static str = "sign_out.html";

    fn action(&self) -> Option<Endpoint> {
        Some(Endpoint::SignOut)
    }

    fn policy(&self) -> ContentSecurityPolicy<'_> {
        self.form_action.policy()
    }
}

/// What the page shows, and where it goes on to, that tells clients in frames that their user
/// signed out.
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

impl View for SignedOutPage {
    const TEMPLATE: &'static str = "signed_out.html";

    fn policy(&self) -> ContentSecurityPolicy<'_> {
        // A policy cannot name an IPv6 address: its scheme has to do.
        let sources: BTreeSet<&str> = self
            .frames
            .iter()
            .map(|frame| match frame.origin.split_once("//[") {
                Some((scheme, _)) => scheme,
                None => frame.origin.as_str(),
            })
            .collect();
        ContentSecurityPolicy {
            frames: sources.into_iter().collect(),
            ..ContentSecurityPolicy::default()
        }
    }
}
