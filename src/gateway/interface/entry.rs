//! The way into the interface: to the provider, which asks whoever is not signed in.

use std::time::Duration;

use bytes::Bytes;
use form_urlencoded::Serializer;
use http::Response;

use crate::entropy;
use crate::gateway::context::Context;
use crate::gateway::rejection::Rejection;
use crate::gateway::sign_in::{CookieKind, see_other, set_cookie};
use crate::model::{CellsClient, CodeChallenge};
use crate::secret::Secret;

use super::of;

/// How long a sign-in may take.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Sends a browser to the provider. The challenge is made of what only this browser has, so that it can
/// be led into no session but its own: Cells' page looks at no `state`.
///
/// # Errors
///
/// [`Rejection`] when it cannot be sent, which is our fault.
pub(in crate::gateway) fn enter(
    ctx: &Context,
    (browser, needs_tls): (Option<&Secret>, bool),
) -> Result<Response<Bytes>, Rejection> {
    let known = of(&ctx.snapshot);
    let (interface, provider) = known.ok_or(Rejection::Fault("there is no interface"))?;
    let application = &interface.application;
    if needs_tls {
        let request = ctx.canonical.as_ref();
        let target = request.map(|request| request.target()).unwrap_or_default();
        let here = application.url(&target);
        return see_other(&here.ok_or(Rejection::Fault("a canonical target is no path"))?);
    }
    // One for all tabs, any number of which may be on the way.
    let browser = match browser {
        Some(browser) => browser.clone(),
        None => entropy::opaque_token().map_err(|_| Rejection::Fault("no randomness"))?,
    };
    let challenge = CodeChallenge::of_verifier(browser.expose());
    // Without `scope` it is what the client is registered for (RFC 6749 §3.3).
    let query = Serializer::new(String::new())
        .append_pair("client_id", CellsClient::Frontend.id())
        .append_pair("redirect_uri", &interface.redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("code_challenge", &challenge.to_base64url())
        .append_pair("code_challenge_method", "S256")
        .finish();
    let endpoint = provider.authorization_endpoint();
    let mut response = see_other(&format!("{endpoint}?{query}"))?;
    let kind = (CookieKind::InterfaceBrowser, application);
    set_cookie(&mut response, kind, browser.expose(), Some(LIFETIME));
    Ok(response)
}
