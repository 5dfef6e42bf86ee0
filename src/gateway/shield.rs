//! Passwords of the users' backend that come past our sign-in page: in calls of its own interface, or with
//! each request (`Authorization: Basic`). They are tried by the provider, which counts all of them
//! together, because the backend locks its users for good when too many were wrong.
//!
//! A call of the interface is read whole and sent by the users' backend's own client, written anew from
//! what was read: what is counted is what goes on.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use pingora::proxy::Session;
use serde_json::json;

use super::context::{Context, Outcome};
use super::interface::{self, Seen};
use super::rejection::{PasswordError, Rejection};
use super::swap::Basic;
use super::{admission, exchange, forward};
use crate::model::Timestamp;
use crate::provider::Provider;
use crate::users::{Recognized, SessionCall, SignInError};

/// When to come back if nobody can say.
const COME_BACK: Duration = Duration::from_secs(60);

/// Where the backend's interface signs in; nothing else is one of its calls.
const PATH: &str = "/a/frontend/session";

/// Fields that are about the connection, or would make the answer one that cannot be read here.
const NOT_PASSED_ON: [HeaderName; 3] = [
    header::CONTENT_LENGTH,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
];

/// The same of an answer.
const NOT_PASSED_BACK: [HeaderName; 3] = [
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
];

/// What goes upstream in the place of a password; `None` where it goes on as it came, because it is a
/// token of the backend's own.
///
/// # Errors
///
/// [`Rejection`] when it is not right, or nobody can tell.
pub(super) async fn try_basic(
    ctx: &Context,
    basic: &Basic,
) -> Result<Option<HeaderValue>, Rejection> {
    let provider = provider(ctx)?;
    let pair = (basic.login.as_str(), &basic.password);
    let recognized = Box::pin(provider.recognize_basic(pair, ctx.peer, ctx.now)).await;
    match recognized {
        Ok(Recognized::OwnToken) => Ok(None),
        Ok(Recognized::Token(token)) => basic.with_token(token.expose()).map(Some),
        Err(error) => Err(rejection(&error, ctx.now)),
    }
}

fn rejection(error: &SignInError, now: Timestamp) -> Rejection {
    match error {
        SignInError::Denied
        | SignInError::Locked
        | SignInError::StepUpRequired
        | SignInError::NewPasswordRequired => PasswordError::Wrong.into(),
        SignInError::Throttled { .. } | SignInError::AddressThrottled { .. } => {
            let wait = wait(error, now);
            PasswordError::Throttled { wait }.into()
        }
        SignInError::Busy | SignInError::Unavailable(_) | SignInError::Unanswered(_) => {
            let wait = wait(error, now);
            PasswordError::Unchecked { wait }.into()
        }
        SignInError::Store(error) => {
            tracing::error!(%error, "a password cannot be counted");
            Rejection::StateUnavailable
        }
    }
}

fn wait(error: &SignInError, now: Timestamp) -> Duration {
    match error {
        SignInError::Throttled { until: Some(until) } | SignInError::AddressThrottled { until } => {
            until.since(now)
        }
        SignInError::Throttled { until: None } => COME_BACK,
        _ => Duration::from_secs(5),
    }
}

/// Answers a call of the backend's interface to where it signs its users in.
///
/// # Errors
///
/// [`Rejection`] for what is no such call.
pub(super) async fn answer(
    session: &mut Session,
    ctx: &mut Context,
) -> Result<Response<Bytes>, Rejection> {
    if admission::canonical(ctx)?
        .path
        .as_str()
        .trim_end_matches('/')
        != PATH
    {
        return Err(Rejection::NoRoute);
    }
    let deadline = ctx.snapshot.limits.head_timeout;
    let request = exchange::read(session, admission::canonical(ctx)?, deadline).await?;
    let (mut parts, body) = request.into_parts();
    for name in NOT_PASSED_ON {
        parts.headers.remove(name);
    }
    let json = HeaderValue::from_static("application/json");
    parts.headers.insert(header::CONTENT_TYPE, json);
    let headers = parts.headers.clone();
    let call = SessionCall::parse(parts.headers, &body).map_err(|_| Rejection::BodyMalformed)?;
    let ours = answer_here(ctx, (&headers, &call)).await?;
    let cookies = match ours {
        Some(ours) if !ours.is_relayed => {
            ctx.outcome = Outcome::SignIn;
            return Ok(ours.response);
        }
        Some(ours) => cookies_of(&ours.response),
        None => Vec::new(),
    };
    let provider = provider(ctx)?;
    let relayed = Box::pin(provider.relay_session(call, ctx.peer, ctx.now)).await;
    let response = match (relayed.response, relayed.verdict) {
        (Some(response), _) => response,
        (None, Err(error)) => refusal(&error, ctx.now),
        (None, Ok(())) => return Err(Rejection::Fault("a call was answered by nobody")),
    };
    ctx.status = response.status().as_u16();
    ctx.outcome = Outcome::Relayed;
    let mut response = clean(response, ctx)?;
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What is answered without the backend, because it is about a session of ours.
async fn answer_here(
    ctx: &Context,
    asked: (&HeaderMap, &SessionCall),
) -> Result<Option<interface::Answered>, Rejection> {
    match &ctx.interface {
        Seen::Call(held) => Box::pin(interface::answer(ctx, held, asked)).await,
        Seen::Nothing | Seen::Entry { .. } => Ok(None),
    }
}

fn cookies_of(response: &Response<Bytes>) -> Vec<HeaderValue> {
    let cookies = response.headers().get_all(header::SET_COOKIE);
    cookies.iter().cloned().collect()
}

/// What is passed back of an answer, as of any of this upstream's.
fn clean(response: Response<Bytes>, ctx: &Context) -> Result<Response<Bytes>, Rejection> {
    let admission = ctx.admission.as_ref();
    let admission = admission.ok_or(Rejection::Fault("a call was not admitted"))?;
    let (mut head, body) = response.into_parts();
    for name in NOT_PASSED_BACK {
        head.headers.remove(name);
    }
    forward::clean_response(&mut head, admission, &ctx.snapshot.not_an_upstreams)?;
    Ok(Response::from_parts(head, body))
}

/// A refusal of ours in the form of Cells (fact sheet, section F), so that its interface can show it.
fn refusal(error: &SignInError, now: Timestamp) -> Response<Bytes> {
    let (status, title) = match error {
        SignInError::Denied
        | SignInError::Locked
        | SignInError::StepUpRequired
        | SignInError::NewPasswordRequired => (StatusCode::UNAUTHORIZED, "Login failed"),
        SignInError::Throttled { .. } | SignInError::AddressThrottled { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts. Please try again later.",
        ),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Signing in is not possible at the moment.",
        ),
    };
    let body = json!({"Title": title, "Detail": error.reason()}).to_string();
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers: &mut HeaderMap = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status != StatusCode::UNAUTHORIZED {
        let seconds = wait(error, now).as_secs().max(1);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn provider(ctx: &Context) -> Result<&Provider, Rejection> {
    let provider = ctx.snapshot.provider();
    provider.ok_or(Rejection::Fault("there is nobody to try passwords"))
}
