//! What an answer of the application means.

use std::time::Duration;

use serde_json::Value;

use crate::model::{Login, Subject, Timestamp, UserDetails, UserProfile};
use crate::users::http::Reply;
use crate::users::{ApiSettings, SignInError, UserPointers};

/// When to come back if the application limits the rate and does not say for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// More groups or roles of one user are more than any policy names; they would fill every token.
const MAX_NAMES: usize = 256;

/// The longest text that is taken from an answer.
const MAX_TEXT_BYTES: usize = 1024;

/// Whether the credentials are right.
pub(super) fn check_status(
    reply: &Reply,
    settings: &ApiSettings,
    now: Timestamp,
) -> Result<(), SignInError> {
    let status = reply.status;
    let is_in = |statuses: &[u16]| statuses.contains(&status.as_u16());
    if status.is_success() {
        return Ok(());
    }
    if is_in(&settings.denied) {
        return Err(SignInError::Denied);
    }
    if is_in(&settings.locked) {
        return Err(SignInError::Locked);
    }
    if status.as_u16() == 429 {
        let wait = reply.retry_after().unwrap_or(DEFAULT_RETRY_AFTER);
        return Err(SignInError::Throttled {
            until: Some(now.after(wait)),
        });
    }
    Err(SignInError::Unavailable(match status.is_server_error() {
        true => "it failed",
        false => "it answered with a status that is not among those written down",
    }))
}

/// Whose credentials they are.
pub(super) fn user(
    reply: &Reply,
    pointers: &UserPointers,
    login: &Login,
) -> Result<UserProfile, SignInError> {
    let body = match pointers.reads_anything() {
        true => serde_json::from_slice(&reply.body)
            .map_err(|_| SignInError::Unavailable("its answer is not JSON"))?,
        false => Value::Null,
    };
    let find = |pointer: &Option<String>| {
        let value = body.pointer(pointer.as_deref()?)?;
        text(value).filter(|text| !text.is_empty())
    };
    let spelled = find(&pointers.login).unwrap_or_else(|| login.as_str().to_owned());
    let subject = match pointers.subject {
        // Never anything else in its place: the same user would be somebody else tomorrow.
        Some(_) => find(&pointers.subject),
        None => Some(login.as_str().to_owned()),
    };
    let subject = subject.and_then(|subject| Subject::parse(&subject).ok());
    let verified = pointers.email_verified.as_deref();
    Ok(UserProfile {
        subject: subject.ok_or(SignInError::Unavailable("its user has no identifier"))?,
        name: find(&pointers.name),
        email: find(&pointers.email),
        email_verified: verified.and_then(|pointer| body.pointer(pointer)?.as_bool()),
        groups: names(&body, pointers.groups.as_deref()),
        roles: names(&body, pointers.roles.as_deref()),
        details: UserDetails::default(),
        login: spelled,
    })
}

/// A text, or a number as one: many applications count their users.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.len() <= MAX_TEXT_BYTES => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of texts, or a single one.
fn names(body: &Value, pointer: Option<&str>) -> Vec<String> {
    let found = pointer.and_then(|pointer| body.pointer(pointer));
    let items = match found {
        Some(Value::Array(items)) => items.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    items
        .iter()
        .filter_map(text)
        .filter(|name| !name.is_empty())
        .take(MAX_NAMES)
        .collect()
}
