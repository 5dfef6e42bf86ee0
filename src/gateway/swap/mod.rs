//! A token of the users' backend in the place of ours, for a backend that is an application as well
//! and takes no token but its own (Pydio Cells).
//!
//! Whoever was admitted by an application password goes on with the token of a session that its user
//! has at the moment, in whichever browser, or is refused: there is no password of the backend behind
//! it that could open one.
//!
//! Whoever was admitted by a grant goes on with the token that the backend gave for the session in
//! which it was granted. It stands where ours stood, in as far as the backend looks there, and
//! nowhere else; what else of the request the backend could take for a token does not go on. Only
//! requests are looked at: what answers bring of the backend's own is no part of this, except that an
//! endpoint which gives out tokens is not reached by one of ours, and no answer to one sets the cookie
//! of a session there.
//!
//! *Invariant:* a request that was admitted with a token of ours goes on with one of the backend, or
//! not at all.

mod basic;
mod placed;
mod signature;

use std::time::Duration;

use http::header::{HeaderMap, HeaderName};

use super::authentication::{Principal, is_application_password, is_parameter};
use super::canonical::CanonicalRequest;
use super::context::Context;
use super::forward::remove_cookies;
use super::rejection::{PasswordError, Rejection};
use super::settings::{OtherTokens, Passwords, Route, TokenUse};
use super::snapshot::Snapshot;
use crate::jose::has_jwt_shape;
use crate::model::Timestamp;
use crate::users::{UpstreamToken, UpstreamTokenError};

pub(super) use basic::Basic;
pub(super) use placed::{Placed, PlacedInQuery, takes_field, takes_parameter, with_parameter};
use signature::{Presigned, Signed};

/// Where Cells looks for a token besides `Authorization`, on its file paths.
pub(super) const FIELD: HeaderName = HeaderName::from_static("x-pydio-bearer");

/// The same in a query: downloads and presigned URLs.
pub(super) const PARAMETER: &str = "pydio_jwt";

/// Where Cells gives out tokens of its own. A client that has one of ours must not come by them.
const GIVES_TOKENS: [&str; 3] = ["/a/frontend/session", "/a/auth/token", "/oidc"];

/// The cookie of a session at Cells, and those of its public links.
const COOKIE: &[u8] = b"pydio";

/// When somebody who could not be let in should come back.
const COME_BACK: Duration = Duration::from_secs(5);

/// The token that a request goes on with.
#[derive(Debug)]
pub(super) enum Found {
    /// There is none to be sent.
    NotNeeded,
    /// It is at hand.
    Ready(UpstreamToken),
    /// It has to be read or renewed: for [`wait`].
    Unread,
}

/// Finds the token that an admitted request goes on with, as far as that can be told at once.
///
/// # Errors
///
/// [`Rejection`] when there can be none for this principal, or none for this path.
pub(super) fn find(
    ctx: &Context,
    route: &Route,
    principal: Option<&Principal>,
) -> Result<Found, Rejection> {
    let (TokenUse::Swap(_), Some(principal)) = (route.token_use, principal) else {
        return Ok(Found::NotNeeded);
    };
    let canonical = ctx.canonical.as_ref();
    let canonical = canonical.ok_or(Rejection::Fault("the request was not made canonical"))?;
    let change = route.path_change.as_ref();
    let changed = change.map(|change| change.apply(&canonical.path));
    // As the upstream will see it.
    let changed = changed.transpose()?;
    let path = changed.as_ref().unwrap_or(&canonical.path);
    if gives_tokens(path.as_str()) {
        return Err(Rejection::GivesUpstreamTokens);
    }
    let verified = principal.verified();
    let grant = verified.grant_id.as_ref();
    let grant = grant.ok_or(Rejection::NoUpstreamUser)?;
    let sessions = ctx.snapshot.upstream_sessions.as_ref();
    let sessions = sessions.ok_or(Rejection::Fault("no sessions at the backend are kept"))?;
    Ok(match sessions.recall(grant, ctx.now) {
        Some(token) => Found::Ready(token),
        None => Found::Unread,
    })
}

/// Waits until the token is there.
///
/// # Errors
///
/// [`Rejection`] when there is none.
pub(super) async fn wait(
    ctx: &Context,
    principal: Option<&Principal>,
) -> Result<UpstreamToken, Rejection> {
    let principal = principal.ok_or(Rejection::Fault("there was nothing to wait for"))?;
    token_of(&ctx.snapshot, principal, ctx.now).await
}

/// The token of the backend for `principal`; waits if it has to be read or renewed.
///
/// # Errors
///
/// [`Rejection`] when there is none.
pub(super) async fn token_of(
    snapshot: &Snapshot,
    principal: &Principal,
    now: Timestamp,
) -> Result<UpstreamToken, Rejection> {
    let is_of_password = principal.is_of_password();
    let grant = principal.verified().grant_id.as_ref();
    let grant = grant.ok_or(Rejection::NoUpstreamUser)?;
    let sessions = snapshot.upstream_sessions.as_ref();
    let sessions = sessions.ok_or(Rejection::Fault("no sessions at the backend are kept"))?;
    if let Some(token) = sessions.recall(grant, now) {
        return Ok(token);
    }
    sessions
        .obtain(grant, now)
        .await
        .map_err(|error| match error {
            // Nobody can sign in again by a password, so there is nothing to challenge for.
            UpstreamTokenError::Ended if is_of_password => PasswordError::NoSession.into(),
            UpstreamTokenError::Ended => Rejection::UpstreamSessionEnded,
            UpstreamTokenError::Unavailable(_) => {
                Rejection::UpstreamSessionAway { wait: COME_BACK }
            }
            UpstreamTokenError::Store(error) => {
                tracing::error!(%error, "a session at the users' backend cannot be read");
                Rejection::StateUnavailable
            }
        })
}

/// Notes that the backend refused the token that a request went on with.
pub(super) fn doubt(ctx: &Context) {
    let Some(admission) = &ctx.admission else {
        return;
    };
    let principal = admission.principal.as_ref();
    let grant = principal.and_then(|principal| principal.verified().grant_id.as_ref());
    let sessions = ctx.snapshot.upstream_sessions.as_ref();
    if let (Some(sessions), Some(grant), Some(token)) = (sessions, grant, &admission.upstream_token)
    {
        sessions.doubt(grant, token, ctx.now);
    }
}

fn gives_tokens(path: &str) -> bool {
    GIVES_TOKENS.iter().any(|prefix| {
        let rest = path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Whether `token` may be one of the backend's own, which it judges itself, on a route that lets
/// those pass. All that looks like a JWT was made by somebody else: those of the backend are opaque.
pub(super) fn passes(route: &Route, token: &[u8]) -> bool {
    route.token_use == TokenUse::Swap(OtherTokens::Pass) && is_opaque(token)
}

/// Whether `Authorization` has a signature by a token of the backend's own, on such a route.
pub(super) fn passes_signature(route: &Route, headers: &HeaderMap) -> bool {
    let signed = Signed::find(headers);
    signed.is_some_and(|signed| passes(route, signed.key.as_bytes()))
}

/// A credential in a place that only Cells has.
#[derive(Debug)]
pub(super) struct Special {
    /// What stands for a token of ours; `None` for what the backend is to judge.
    pub(super) token: Option<String>,
    /// Whether it stands in `Authorization`.
    pub(super) is_in_authorization: bool,
}

/// The credential of a request in a place that only Cells has, on a route to it.
///
/// # Errors
///
/// [`Rejection`]: two, one that is malformed, or one that is neither ours nor may pass.
pub(super) fn special(
    route: &Route,
    headers: &HeaderMap,
    canonical: &CanonicalRequest,
) -> Result<Option<Special>, Rejection> {
    let TokenUse::Swap(_) = route.token_use else {
        return Ok(None);
    };
    let presigned = Presigned::find(canonical.query.as_deref());
    let key = presigned.as_ref().map(Presigned::key);
    let in_query = key.filter(|key| has_jwt_shape(key)).map(|key| Special {
        token: Some(key.to_owned()),
        is_in_authorization: false,
    });
    let in_authorization = in_authorization(route, headers)?;
    match (in_authorization, in_query) {
        (Some(_), Some(_)) => Err(Rejection::MalformedCredential),
        (Some(found), None) | (None, Some(found)) => Ok(Some(found)),
        (None, None) => {
            let is_parameter = |parameter| is_parameter(parameter, PARAMETER);
            let query = canonical.query.as_deref().unwrap_or_default();
            // With a token beside it the key is nobody's but the backend's.
            let is_alone = !query.split('&').any(is_parameter);
            match key {
                Some(key) if is_alone && !passes(route, key.as_bytes()) => {
                    Err(Rejection::OtherScheme)
                }
                _ => Ok(None),
            }
        }
    }
}

fn in_authorization(route: &Route, headers: &HeaderMap) -> Result<Option<Special>, Rejection> {
    let found = |token: Option<&str>| Special {
        token: token.map(str::to_owned),
        is_in_authorization: true,
    };
    if let Some(signed) = Signed::find(headers) {
        return Ok(match has_jwt_shape(signed.key) {
            true => Some(found(Some(signed.key))),
            false => passes_signature(route, headers).then(|| found(None)),
        });
    }
    if route.passwords != Passwords::Basic {
        return Ok(None);
    }
    let basic = Basic::find(headers)?;
    Ok(basic.map(|basic| {
        let password = basic.password.expose();
        found(has_jwt_shape(password).then_some(password))
    }))
}

/// A login with a password that is to be tried, on a route that takes such.
///
/// # Errors
///
/// As [`special`].
pub(super) fn password(route: &Route, headers: &HeaderMap) -> Result<Option<Basic>, Rejection> {
    if route.passwords != Passwords::Basic {
        return Ok(None);
    }
    let basic = Basic::find(headers)?;
    if basic.as_ref().is_some_and(is_application_password) {
        return Err(PasswordError::Wrong.into());
    }
    Ok(basic)
}

/// Neither empty nor a JWT, which has three parts (RFC 7515 §7.1).
fn is_opaque(token: &[u8]) -> bool {
    let n_dots = token.iter().filter(|byte| **byte == b'.').count();
    let is_text = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    !token.is_empty() && token.iter().all(is_text) && n_dots < 2
}

/// Takes the cookies of sessions at the backend out of an answer to a token of ours.
pub(super) fn clean_response(headers: &mut HeaderMap) {
    remove_cookies(headers, |cookie| cookie.starts_with(COOKIE));
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::gateway::tests::support::{request, route};

    fn swapping(others: OtherTokens) -> Route {
        let mut route = route("cells").path("/").build();
        route.token_use = TokenUse::Swap(others);
        route
    }

    #[test]
    fn only_opaque_tokens_pass_and_only_where_the_route_says_so() {
        for (token, is_one) in [
            ("K4d8.x_-9", true),
            ("aWFtYXBhdA==", true),
            ("a.b.c", false),
            ("a.b.c.d.e", false),
            ("", false),
            ("a b", false),
            ("a\u{e9}", false),
        ] {
            let passes = |others| passes(&swapping(others), token.as_bytes());
            assert_eq!(passes(OtherTokens::Pass), is_one, "{token}");
            assert!(!passes(OtherTokens::Refuse), "{token}");
        }
    }

    #[test]
    fn a_signature_passes_if_its_key_does() {
        let end = "/20240101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";
        for (row, fields, is_one) in [
            (
                "a token of Cells",
                vec![format!("AWS4-HMAC-SHA256 Credential=a.b{end}")],
                true,
            ),
            (
                "a JWT",
                vec![format!("AWS4-HMAC-SHA256 Credential=a.b.c{end}")],
                false,
            ),
            (
                "no key",
                vec![format!("AWS4-HMAC-SHA256 Credential={end}")],
                false,
            ),
            (
                "no credential",
                vec!["AWS4-HMAC-SHA256 Signature=00".to_owned()],
                false,
            ),
            (
                "two keys",
                vec![format!(
                    "AWS4-HMAC-SHA256 Credential=a.b{end},Credential=c.d/x"
                )],
                false,
            ),
            (
                "two fields",
                vec![
                    format!("AWS4-HMAC-SHA256 Credential=a.b{end}"),
                    "Bearer x".to_owned(),
                ],
                false,
            ),
            ("a password", vec!["Basic YTpi".to_owned()], false),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(AUTHORIZATION, field.parse().unwrap());
            }
            let route = swapping(OtherTokens::Pass);
            assert_eq!(passes_signature(&route, &headers), is_one, "{row}");
            let strict = swapping(OtherTokens::Refuse);
            assert!(!passes_signature(&strict, &headers), "{row}");
        }
    }

    #[test]
    fn endpoints_that_give_tokens_are_known_in_any_spelling() {
        for (target, is_one) in [
            ("/a/frontend/session", true),
            ("/a/frontend/session/", true),
            ("/a/frontend/%73ession", true),
            ("/a/frontend/session?x=1", true),
            ("/a/auth/token/document", true),
            ("/oidc/oauth2/token", true),
            ("/a/frontend/sessions", false),
            ("/a/frontend/state", false),
            ("/a/user/session", false),
        ] {
            let request = request("GET", target);
            let is_given = gives_tokens(request.path.as_str());
            assert_eq!(is_given, is_one, "{target}");
        }
    }
}
