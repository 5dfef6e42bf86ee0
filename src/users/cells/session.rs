//! `POST /a/frontend/session`: the password check, the same in Cells 2 to 5; and the session that it
//! opens, renewed and ended by the same call with its cookie.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::cookie;
use crate::model::{Login, Timestamp, UpstreamSession};
use crate::secret::Secret;
use crate::users::http::{Http, HttpError, Reply};
use crate::users::{BackendError, RenewalError, SignInError};

/// When to come back if Cells limits the rate and does not say for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// How long an access token is taken to be good at most. Cells says when it ends, but some versions
/// add that to the present twice.
const TOKEN_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Where sessions are opened, renewed and ended.
pub(super) const PATH: &str = "/a/frontend/session";

/// What right credentials bring.
pub(super) struct Session {
    /// Opaque; good for the user API of Cells for ten minutes.
    pub(super) access_token: Secret,
    /// When it ends.
    pub(super) expires_at: Timestamp,
    /// What it is renewed with, if anything, and until when that is good.
    pub(super) renewal: Option<(Secret, Timestamp)>,
    /// From the ID token. It is not verified: it came over our own connection to Cells, and
    /// names nobody but the one whose password Cells has just accepted (OpenID Connect Core
    /// §3.1.3.7, item 6).
    pub(super) claims: Option<IdClaims>,
}

/// The claims of an ID token of Cells; others are not there, whatever was asked for.
#[derive(Deserialize)]
pub(super) struct IdClaims {
    /// The UUID.
    pub(super) sub: String,
    #[serde(default)]
    pub(super) email: String,
    /// The login.
    #[serde(default)]
    pub(super) name: String,
}

/// Checks credentials, once.
pub(super) async fn open(
    http: &Http,
    login: &Login,
    password: &Secret,
    now: Timestamp,
) -> Result<Session, SignInError> {
    let asked = AuthInfo::credentials(login, password);
    let reply = ask(http, asked, None).await?;
    match refused(&reply, now) {
        Some(error) => Err(error),
        None => read_session(&reply, now),
    }
}

/// Where the answer to credentials with a challenge sends on to.
pub(super) fn redirection(reply: &Reply, now: Timestamp) -> Result<String, SignInError> {
    if let Some(error) = refused(reply, now) {
        return Err(error);
    }
    let answer: SessionAnswer = serde_json::from_slice(&reply.body)
        .map_err(|_| SignInError::Unavailable("its answer is not the JSON of Cells"))?;
    if is_given(answer.error.as_ref()) {
        return Err(SignInError::Denied);
    }
    match answer.redirect_to.filter(|location| !location.is_empty()) {
        Some(location) => Ok(location),
        None if is_given(answer.trigger.as_ref()) => Err(SignInError::StepUpRequired),
        None => Err(SignInError::Denied),
    }
}

/// What an answer says of the password in a call of Cells' own interface. That may also be for an
/// application (with a `challenge`), and then brings no token but the way there.
pub(super) fn verdict(reply: &Reply, now: Timestamp) -> Result<(), SignInError> {
    if let Some(error) = refused(reply, now) {
        return Err(error);
    }
    let answer: SessionAnswer = serde_json::from_slice(&reply.body)
        .map_err(|_| SignInError::Unavailable("its answer is not the JSON of Cells"))?;
    if is_given(answer.redirect_to.as_ref()) && !is_given(answer.error.as_ref()) {
        return Ok(());
    }
    read_session(reply, now).map(|_| ())
}

/// Why no session was opened, as far as the status says.
pub(super) fn refused(reply: &Reply, now: Timestamp) -> Option<SignInError> {
    Some(match reply.status {
        StatusCode::OK => return None,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => refusal(reply),
        // Cells 5 does not know the user. Anybody else's 404 says that the URL is wrong.
        StatusCode::NOT_FOUND if reply.is_json_object() => refusal(reply),
        StatusCode::NOT_FOUND => SignInError::Unavailable("there is no Cells at its URL"),
        StatusCode::TOO_MANY_REQUESTS => SignInError::Throttled {
            until: Some(now.after(reply.retry_after().unwrap_or(DEFAULT_RETRY_AFTER))),
        },
        status if status.is_server_error() => SignInError::Unavailable("it failed"),
        _ => SignInError::Unavailable("it answered something unexpected"),
    })
}

/// Gets another access token, and another cookie in the place of the one that it is got with.
pub(super) async fn renew(
    http: &Http,
    upstream: &UpstreamSession,
    now: Timestamp,
) -> Result<UpstreamSession, RenewalError> {
    let reply = ask(http, AuthInfo::of("refresh"), Some(&upstream.renewal)).await?;
    match reply.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(RenewalError::Refused("Cells refused to renew it"));
        }
        StatusCode::NOT_FOUND if reply.is_json_object() => {
            return Err(RenewalError::Refused("Cells has no such user any more"));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            return Err(RenewalError::Unavailable("too many requests"));
        }
        status if status.is_server_error() => return Err(RenewalError::Unavailable("it failed")),
        _ => {
            return Err(RenewalError::Unavailable(
                "it answered something unexpected",
            ));
        }
    }
    let renewed = read_session(&reply, now).map_err(|error| match error {
        SignInError::Denied | SignInError::StepUpRequired => {
            RenewalError::Refused("Cells gave no token for it")
        }
        _ => RenewalError::Unanswered("its answer is not the JSON of Cells"),
    })?;
    // Without another cookie the one there is stays good, as far as anybody can tell.
    let kept = || (upstream.renewal.clone(), upstream.renewal_expires_at);
    let (renewal, renewal_expires_at) = renewed.renewal.unwrap_or_else(kept);
    Ok(UpstreamSession {
        access_token: renewed.access_token,
        token_expires_at: renewed.expires_at,
        renewal,
        renewal_expires_at,
    })
}

/// Ends the session of a cookie, with its tokens.
pub(super) async fn end(http: &Http, upstream: &UpstreamSession) -> Result<(), BackendError> {
    let reply = ask(http, AuthInfo::of("logout"), Some(&upstream.renewal)).await;
    let reply = reply.map_err(|error| BackendError(error.as_str()))?;
    if reply.status.is_server_error() || reply.status == StatusCode::TOO_MANY_REQUESTS {
        return Err(BackendError("it did not end a session"));
    }
    // Anything else it will say again, whenever it is asked.
    Ok(())
}

pub(super) async fn ask(
    http: &Http,
    auth_info: AuthInfo<'_>,
    cookie: Option<&Secret>,
) -> Result<Reply, HttpError> {
    let mut request = http
        .request(Method::POST, PATH)
        .json(&SessionRequest { auth_info });
    if let Some(cookie) = cookie {
        let mut value = HeaderValue::from_str(cookie.expose()).map_err(|_| HttpError::Broken)?;
        value.set_sensitive(true);
        request = request.header(header::COOKIE, value);
    }
    http.send(request).await
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SessionRequest<'a> {
    auth_info: AuthInfo<'a>,
}

#[derive(Serialize)]
pub(super) struct AuthInfo<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    /// Of a sign-in for an application.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a str>,
}

impl<'a> AuthInfo<'a> {
    /// The same for the application whose sign-in waits under `challenge`.
    pub(super) const fn answering(self, challenge: &'a str) -> Self {
        Self {
            challenge: Some(challenge),
            ..self
        }
    }

    /// What checks a password.
    pub(super) fn credentials(login: &'a Login, password: &'a Secret) -> Self {
        Self {
            login: Some(login.as_str()),
            password: Some(password.expose()),
            ..Self::of("credentials")
        }
    }

    /// What asks about the session of the cookie that goes with it.
    const fn of(kind: &'static str) -> Self {
        Self {
            kind,
            login: None,
            password: None,
            challenge: None,
        }
    }
}

/// Members with a zero value may be absent.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SessionAnswer {
    /// The access token, under the name it had before Cells 2.
    #[serde(rename = "JWT")]
    jwt: Option<String>,
    token: Option<TokenAnswer>,
    /// What the web interface should show before there is a token, as for a second factor.
    trigger: Option<String>,
    /// Where the browser goes on to, after a sign-in for an application.
    redirect_to: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TokenAnswer {
    access_token: Option<String>,
    #[serde(rename = "IDToken")]
    id_token: Option<String>,
    /// A 64-bit number, which is a text in this JSON.
    expires_at: Option<String>,
}

fn read_session(reply: &Reply, now: Timestamp) -> Result<Session, SignInError> {
    let answer: SessionAnswer = serde_json::from_slice(&reply.body)
        .map_err(|_| SignInError::Unavailable("its answer is not the JSON of Cells"))?;
    if is_given(answer.error.as_ref()) {
        return Err(SignInError::Denied);
    }
    let (access_token, id_token, expires_at) = answer.token.map_or((None, None, None), |token| {
        (token.access_token, token.id_token, token.expires_at)
    });
    let access_token = [access_token, answer.jwt]
        .into_iter()
        .flatten()
        .find(|token| !token.is_empty());
    match access_token {
        Some(token) => Ok(Session {
            access_token: Secret::new(token),
            expires_at: token_end(expires_at.as_deref(), now),
            renewal: cookie::session(&reply.headers, now),
            claims: id_token.as_deref().and_then(IdClaims::decode),
        }),
        None if is_given(answer.trigger.as_ref()) => Err(SignInError::StepUpRequired),
        None => Err(SignInError::Denied),
    }
}

/// When a token ends, as far as what Cells says can be.
fn token_end(said: Option<&str>, now: Timestamp) -> Timestamp {
    let latest = now.after(TOKEN_LIFETIME);
    said.and_then(|text| text.parse().ok())
        .map(Timestamp::from_secs)
        .filter(|end| now < *end && *end < latest)
        .unwrap_or(latest)
}

fn is_given(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

impl IdClaims {
    pub(super) fn decode(id_token: &str) -> Option<Self> {
        let payload = id_token.split('.').nth(1)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

/// Why Cells refused. Only identifiers are looked at: sentences are translated, and some
/// versions have nothing else, so that a lock is told as a wrong password then.
fn refusal(reply: &Reply) -> SignInError {
    let error: RestError = serde_json::from_slice(&reply.body).unwrap_or_default();
    // Cells 2 puts the JSON of its internal error into this text.
    let inner: RestError = serde_json::from_str(&error.detail).unwrap_or_default();
    let is_locked = [&error.id, &error.code, &error.detail, &inner.id]
        .into_iter()
        .any(|text| names_lock(text));
    if is_locked {
        SignInError::Locked
    } else {
        SignInError::Denied
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RestError {
    id: String,
    #[serde(rename = "Code")]
    code: String,
    #[serde(rename = "Detail")]
    detail: String,
}

/// `user.locked`, `UserLocked` and the like.
fn names_lock(identifier: &str) -> bool {
    let mut letters = identifier
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase());
    "userlocked"
        .chars()
        .all(|letter| letters.next() == Some(letter))
        && letters.next().is_none()
}
