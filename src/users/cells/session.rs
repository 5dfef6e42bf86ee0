//! `POST /a/frontend/session`: the password check, the same in Cells 2 to 5.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::http::{Http, Reply};
use crate::model::{Login, Timestamp};
use crate::secret::Secret;
use crate::users::SignInError;

/// When to come back if Cells limits the rate and does not say for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What right credentials bring.
pub(super) struct Session {
    /// Opaque; good for the user API of Cells for ten minutes.
    pub(super) access_token: Secret,
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
}

/// Checks credentials, once.
pub(super) async fn open(
    http: &Http,
    login: &Login,
    password: &Secret,
    now: Timestamp,
) -> Result<Session, SignInError> {
    let body = SessionRequest {
        auth_info: AuthInfo {
            kind: "credentials",
            login: login.as_str(),
            password: password.expose(),
        },
    };
    let request = http
        .request(Method::POST, "/a/frontend/session")
        .json(&body);
    let reply = http.send(request).await?;
    match reply.status {
        StatusCode::OK => read_session(&reply),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(refusal(&reply)),
        // Cells 5 does not know the user. Anybody else's 404 says that the URL is wrong.
        StatusCode::NOT_FOUND if reply.is_json_object() => Err(refusal(&reply)),
        StatusCode::NOT_FOUND => Err(SignInError::Unavailable("there is no Cells at its URL")),
        StatusCode::TOO_MANY_REQUESTS => {
            let wait = reply.retry_after().unwrap_or(DEFAULT_RETRY_AFTER);
            Err(SignInError::Throttled {
                until: Some(now.after(wait)),
            })
        }
        status if status.is_server_error() => Err(SignInError::Unavailable("it failed")),
        _ => Err(SignInError::Unavailable("it answered something unexpected")),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SessionRequest<'a> {
    auth_info: AuthInfo<'a>,
}

#[derive(Serialize)]
struct AuthInfo<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    login: &'a str,
    password: &'a str,
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
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TokenAnswer {
    access_token: Option<String>,
    #[serde(rename = "IDToken")]
    id_token: Option<String>,
}

fn read_session(reply: &Reply) -> Result<Session, SignInError> {
    let answer: SessionAnswer = serde_json::from_slice(&reply.body)
        .map_err(|_| SignInError::Unavailable("its answer is not the JSON of Cells"))?;
    if is_given(answer.error.as_ref()) {
        return Err(SignInError::Denied);
    }
    let (access_token, id_token) = answer
        .token
        .map_or((None, None), |token| (token.access_token, token.id_token));
    let access_token = [access_token, answer.jwt]
        .into_iter()
        .flatten()
        .find(|token| !token.is_empty());
    match access_token {
        Some(token) => Ok(Session {
            access_token: Secret::new(token),
            claims: id_token.as_deref().and_then(IdClaims::decode),
        }),
        None if is_given(answer.trigger.as_ref()) => Err(SignInError::StepUpRequired),
        None => Err(SignInError::Denied),
    }
}

fn is_given(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

impl IdClaims {
    fn decode(id_token: &str) -> Option<Self> {
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
