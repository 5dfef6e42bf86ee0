//! Calls of the interface that are answered here and not by Cells, in the form of Cells (fact sheet B.1
//! and F).

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

use crate::gateway::authentication::{check_same_site, cookies_named};
use crate::gateway::context::Context;
use crate::gateway::rejection::Rejection;
use crate::gateway::sign_in::{CookieKind, clear_cookie, set_cookie};
use crate::provider::{InterfaceError, InterfaceGrant, InterfaceTokens};
use crate::secret::{Digest, Secret};
use crate::users::{CallPurpose, SessionCall};

use super::{Held, Interface, of};

/// What calls of a public link have.
const MINISITE: HeaderName = HeaderName::from_static("x-pydio-minisite");

/// The session of Cells' own that a browser may have besides.
const OWN_COOKIE: &str = "pydio";

/// In which a browser that was let in is not led in again.
const SETTLED: Duration = Duration::from_secs(10);

/// When to come back while it cannot be told.
const COME_BACK_S: u64 = 5;

/// What is answered here.
#[derive(Debug)]
pub(in crate::gateway) struct Answered {
    pub(in crate::gateway) response: Response<Bytes>,
    /// Whether Cells has to hear the call as well, and its answer counts; the cookies are ours.
    pub(in crate::gateway) is_relayed: bool,
}

/// Answers a call that is about a session of ours; `None` where it is Cells' to answer.
///
/// # Errors
///
/// [`Rejection`]: another site made the browser call, or the store failed.
pub(in crate::gateway) async fn answer(
    ctx: &Context,
    held: &Held,
    (headers, call): (&HeaderMap, &SessionCall),
) -> Result<Option<Answered>, Rejection> {
    let Some((interface, provider)) = of(&ctx.snapshot) else {
        return Ok(None);
    };
    if headers.contains_key(MINISITE) {
        return Ok(None);
    }
    let from = (ctx.peer, ctx.now);
    let tokens = match (call.purpose(), &held.session) {
        // Those of Cells are no digests.
        (CallPurpose::Code(code), _) if Digest::from_base64url(code).is_some() => {
            check(ctx, headers)?;
            let Some(verifier) = &held.browser else {
                return Ok(Some(interface.refuse(InterfaceError::SignInAgain)));
            };
            let grant = InterfaceGrant::Code {
                code,
                verifier,
                redirect_uri: &interface.redirect_uri,
            };
            provider.sign_in_to_interface(grant, from).await
        }
        (CallPurpose::Renewal, Some(renewal)) => {
            check(ctx, headers)?;
            let grant = InterfaceGrant::Renewal(renewal);
            provider.sign_in_to_interface(grant, from).await
        }
        (CallPurpose::SignOut, Some(renewal)) => {
            check(ctx, headers)?;
            let ended = provider.sign_out_of_interface(renewal, from).await;
            ended.map_err(|error| {
                tracing::error!(%error, "a session cannot be ended");
                Rejection::StateUnavailable
            })?;
            let has_own = cookies_named(headers, OWN_COOKIE).next().is_some();
            return Ok(Some(interface.signed_out(has_own)));
        }
        _ => return Ok(None),
    };
    Ok(Some(match tokens {
        Ok(tokens) => interface.signed_in(&tokens, held.session.as_ref()),
        Err(error) => interface.refuse(error),
    }))
}

/// Whether the interface itself calls: what decides here comes by a cookie.
fn check(ctx: &Context, headers: &HeaderMap) -> Result<(), Rejection> {
    let canonical = ctx.canonical.as_ref();
    let canonical = canonical.ok_or(Rejection::Fault("the request was not made canonical"))?;
    check_same_site(headers, canonical)
}

impl Interface {
    fn signed_in(&self, tokens: &InterfaceTokens, held: Option<&Secret>) -> Answered {
        let (token, ends) = (tokens.access_token.expose(), tokens.expires_at.as_secs());
        let body = json!({
            "JWT": token,
            "ExpireTime": ends,
            "Token": {
                "AccessToken": token,
                "IDToken": tokens.id_token.as_deref().unwrap_or_default(),
                // A 64-bit number is a text in this JSON.
                "ExpiresAt": ends.to_string(),
            },
        });
        let mut response = answer_of(StatusCode::OK, body.to_string());
        if let Some(renewal) = &tokens.renewal
            && held.is_none_or(|held| held.expose() != renewal.expose())
        {
            let kind = (CookieKind::Interface, &self.application);
            set_cookie(&mut response, kind, renewal.expose(), None);
            let kind = (CookieKind::InterfaceEntered, &self.application);
            let mark = Digest::of(b"entered").to_base64url();
            set_cookie(&mut response, kind, &mark, Some(SETTLED));
        }
        Answered {
            response,
            is_relayed: false,
        }
    }

    fn signed_out(&self, has_own: bool) -> Answered {
        let mut response = answer_of(StatusCode::OK, "{}".to_owned());
        self.forget(&mut response);
        Answered {
            response,
            is_relayed: has_own,
        }
    }

    fn refuse(&self, error: InterfaceError) -> Answered {
        let (status, title) = match error {
            InterfaceError::SignInAgain => (StatusCode::UNAUTHORIZED, "Please sign in again."),
            InterfaceError::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Signing in is not possible at the moment.",
            ),
        };
        let body = json!({"Title": title, "Detail": error.to_string()});
        let mut response = answer_of(status, body.to_string());
        match error {
            InterfaceError::SignInAgain => self.forget(&mut response),
            InterfaceError::Unavailable => {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, HeaderValue::from(COME_BACK_S));
            }
        }
        Answered {
            response,
            is_relayed: false,
        }
    }

    fn forget(&self, response: &mut Response<Bytes>) {
        for kind in [CookieKind::Interface, CookieKind::InterfaceEntered] {
            clear_cookie(response, kind, &self.application);
        }
    }
}

fn answer_of(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
