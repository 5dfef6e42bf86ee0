//! The web interface of Pydio Cells, for users who are signed in here: they open it without a second
//! password, and signing out of either ends both.
//!
//! The interface takes its token from the answer to a call of its own (`POST /a/frontend/session`), and one
//! of the things that it sends there is a code that came to its page `/login/callback`, which is how an
//! external provider signs users in. So it is an application of ours, `cells-frontend`, whose client we
//! are ourselves:
//!
//! 1. `entry`: a browser that opens the interface or its sign-in page is sent to the provider;
//! 2. the provider sends it to `/login/callback`, and the page that Cells has there sends the code;
//! 3. `calls`: the code is redeemed in this process, and the answer is one of Cells with a token of ours.
//!    What that is renewed with stays in a cookie that no script reads, and the calls by which the
//!    interface renews and signs out are answered by it.
//!
//! The token is swapped on the way to Cells like anybody's, so that what ends a session here ends it
//! there at once. The other way, a code of Cells relayed to its own page, would need Cells to give one
//! out without a password, leave its token with the browser, and have it go on when the session here is
//! over.
//!
//! Calls that are not about this are Cells' own to answer: a password in its form, a code of one of its
//! own connectors, whatever is of a public link.
//!
//! *Invariants:* a code is redeemed for the browser that asked for it, and nobody else; no token of Cells
//! is in an answer of ours.

mod calls;
mod entry;

use std::sync::Arc;

use http::HeaderMap;

use crate::provider::Provider;
use crate::secret::Secret;

use super::canonical::{CanonicalRequest, Scheme};
use super::settings::{Passwords, Route};
use super::sign_in::{Application, CookieKind, is_navigation, opaque_cookie};
use super::snapshot::Snapshot;

pub(super) use calls::{Answered, answer};
pub(super) use entry::enter;

/// Where Cells has the page that takes codes.
const CALLBACK_PATH: &str = "/login/callback";

/// The pages that have nothing to show to somebody who is signed in nowhere.
const ENTRIES: [&str; 2] = ["/", "/login"];

/// The interface at a host.
#[derive(Debug)]
pub(super) struct Interface {
    application: Application,
    /// Where codes come to.
    redirect_uri: String,
}

/// What of a request is about signing in to the interface.
#[derive(Debug, Default)]
pub(super) enum Seen {
    /// Nothing.
    #[default]
    Nothing,
    /// A browser opens it.
    Entry {
        /// What tells the browser from another one, if it has been here.
        browser: Option<Secret>,
        /// Whether it came without TLS, and its cookies would be lost.
        needs_tls: bool,
    },
    /// One of its calls.
    Call(Held),
}

/// The cookies of ours that come with a call.
#[derive(Debug)]
pub(super) struct Held {
    browser: Option<Secret>,
    /// What its token is renewed with.
    session: Option<Secret>,
}

impl Interface {
    /// The interface that browsers are led into by one of `routes`, if there is one, another that takes
    /// its calls, and who signs users in.
    pub(super) fn of(routes: &[Route], provider: Option<&Arc<Provider>>) -> Option<Self> {
        let route = routes.iter().find(|it| it.passwords == Passwords::Page)?;
        let takes_calls =
            |other: &Route| other.passwords == Passwords::Session && other.host == route.host;
        if !routes.iter().any(takes_calls) {
            return None;
        }
        let application = Application::new(route.host.as_deref()?, provider?.issuer());
        Some(Self {
            redirect_uri: application.url(CALLBACK_PATH)?,
            application,
        })
    }

    /// What of a request on `route` is about it. Asked before cookies of ours are taken out.
    pub(super) fn see(
        &self,
        route: &Route,
        (request, headers): (&CanonicalRequest, &HeaderMap),
        has_tls: bool,
    ) -> Seen {
        if request.authority.host() != self.application.host() {
            return Seen::Nothing;
        }
        let cookie = |kind| opaque_cookie(headers, kind, &self.application);
        match route.passwords {
            Passwords::Page if self.is_opened(request, headers) => Seen::Entry {
                browser: cookie(CookieKind::InterfaceBrowser),
                needs_tls: self.application.is_https() && has_tls && request.scheme == Scheme::Http,
            },
            Passwords::Session => Seen::Call(Held {
                browser: cookie(CookieKind::InterfaceBrowser),
                session: cookie(CookieKind::Interface),
            }),
            _ => Seen::Nothing,
        }
    }

    /// Whether a browser opens it to begin. With a query a page is meant as it is: Cells' own form is
    /// reached by one. One that was just let in is not led in again, if Cells should load its page anew.
    fn is_opened(&self, request: &CanonicalRequest, headers: &HeaderMap) -> bool {
        let just_came = || opaque_cookie(headers, CookieKind::InterfaceEntered, &self.application);
        ENTRIES.contains(&request.path.as_str())
            && request.query.is_none()
            && is_navigation(&request.method, headers)
            && just_came().is_none()
    }
}

/// The interface, where a request was found to be about it.
fn of(snapshot: &Snapshot) -> Option<(&Interface, &Provider)> {
    snapshot.interface.as_ref().zip(snapshot.provider())
}
