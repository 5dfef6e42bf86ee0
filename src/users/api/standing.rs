//! Whether a user may still go on, asked of the application at an address of its own.
//!
//! Only what the operator has written down ends a session: a status, or a `false` where it is said. Anything
//! else is an application that cannot be asked, and nothing follows from that about the user.

use std::time::Duration;

use http::{Method, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

use super::answer;
use crate::model::{Login, UserProfile};
use crate::users::http::{Http, Reply};
use crate::users::{ApiStanding, BackendError, Standing};

/// A refresh waits no longer: it may go on without an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// All but the unreserved characters of RFC 3986 §2.3: a login is one part of a path or a query, whatever
/// is in it.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Asks about `user`; `locked` are statuses of a user who is locked.
pub(super) async fn find(
    http: &Http,
    (asked, locked): (&ApiStanding, &[u16]),
    user: &UserProfile,
) -> Result<Standing, BackendError> {
    let url = address(&asked.url, user).ok_or(BackendError("the user has no address there"))?;
    let mut request = http
        .request_at(Method::GET, &url)
        .header(header::ACCEPT, "application/json")
        .timeout(PATIENCE);
    if let Some(token) = &asked.token {
        request = request.bearer_auth(token.expose());
    }
    let reply = http.send(request).await;
    let reply = reply.map_err(|error| BackendError(error.as_str()))?;
    let status = reply.status.as_u16();
    if asked.ended.contains(&status) {
        return Ok(Standing::Ended("the application lets the user in no more"));
    }
    if locked.contains(&status) {
        return Ok(Standing::Ended("the application has locked the user"));
    }
    if !reply.status.is_success() {
        tracing::warn!(
            http.status = status,
            "an application cannot be asked about a user"
        );
        return Err(BackendError("its answer is none that is written down"));
    }
    read(&reply, asked, user)
}

/// What a success says.
fn read(reply: &Reply, asked: &ApiStanding, user: &UserProfile) -> Result<Standing, BackendError> {
    if let Some(pointer) = &asked.active {
        let body: Value = serde_json::from_slice(&reply.body)
            .map_err(|_| BackendError("its answer is not JSON"))?;
        match body.pointer(pointer).and_then(Value::as_bool) {
            Some(true) => {}
            Some(false) => {
                return Ok(Standing::Ended(
                    "the application says that the user is not active",
                ));
            }
            None => return Err(BackendError("it does not say whether the user is active")),
        }
    }
    if !asked.user.reads_anything() {
        return Ok(Standing::Active(user.clone()));
    }
    let login = Login::parse(&user.login)
        .map_err(|_| BackendError("the user has no login it could be asked for"))?;
    let found = answer::user(reply, &asked.user, &login)
        .map_err(|_| BackendError("its user has no identifier"))?;
    Ok(Standing::Active(UserProfile {
        // Who it is was said at the sign-in; another one only where the answer names one.
        subject: match asked.user.subject {
            Some(_) => found.subject,
            None => user.subject.clone(),
        },
        details: user.details.clone(),
        ..found
    }))
}

/// Where `user` is asked about. A name of dots alone would be another path (RFC 3986 §5.2.4).
fn address(template: &str, user: &UserProfile) -> Option<Url> {
    let parts = [
        ("{login}", &*user.login),
        ("{subject}", user.subject.as_str()),
    ];
    let mut address = template.to_owned();
    for (place, value) in parts {
        if address.contains(place) && value.bytes().all(|byte| byte == b'.') {
            return None;
        }
        let value = utf8_percent_encode(value, ESCAPED).to_string();
        address = address.replace(place, &value);
    }
    Url::parse(&address).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_one_part_of_the_address_whatever_it_is_called() {
        for (login, expected) in [
            ("alice", Some("https://a.test/users/alice?by=42")),
            ("a/../b", Some("https://a.test/users/a%2F..%2Fb?by=42")),
            ("a?b#c", Some("https://a.test/users/a%3Fb%23c?by=42")),
            (
                "zo\u{eb} m",
                Some("https://a.test/users/zo%C3%AB%20m?by=42"),
            ),
            (
                "{subject}",
                Some("https://a.test/users/%7Bsubject%7D?by=42"),
            ),
            ("..", None),
            (".", None),
        ] {
            let user = UserProfile::named("42", login);
            let found = address("https://a.test/users/{login}?by={subject}", &user);
            assert_eq!(found.as_ref().map(Url::as_str), expected, "{login}");
        }
    }
}
