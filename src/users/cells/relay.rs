//! Calls of Cells' own interface to `POST /a/frontend/session`, and tokens that it gave itself.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Method, Response, StatusCode};

use super::session::{self, PATH};
use crate::model::Timestamp;
use crate::secret::Secret;
use crate::users::http::{Http, Reply};
use crate::users::{BackendError, Relayed, SessionCall};

/// Sends a call as it came, and reads from the answer what became of the password, if there was one.
pub(super) async fn send(http: &Http, call: SessionCall, now: Timestamp) -> Relayed {
    let (headers, body) = call.into_parts();
    let request = http.request_with(Method::POST, PATH, headers).body(body);
    match http.send(request).await {
        Err(error) => Relayed {
            verdict: Err(error.into()),
            response: None,
        },
        Ok(reply) => Relayed {
            verdict: session::verdict(&reply, now),
            response: Some(response(reply)),
        },
    }
}

fn response(reply: Reply) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

/// Asks Cells who holds a token: its own, given at a sign-in or by an administrator. `/a/frontend/state`
/// knows both kinds, and answers those of nobody as it answers nobody.
pub(super) async fn find_holder(
    http: &Http,
    token: &Secret,
) -> Result<Option<String>, BackendError> {
    let request = http.request(Method::GET, "/a/frontend/state");
    let request = request.bearer_auth(token.expose());
    let reply = http.send(request).await;
    let reply = reply.map_err(|error| BackendError(error.as_str()))?;
    match reply.status {
        StatusCode::OK => {
            let text = String::from_utf8(reply.body);
            let text = text.map_err(|_| BackendError("it shows no state"))?;
            Ok(user_id(&text))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(None),
        _ => Err(BackendError("it shows no state")),
    }
}

/// The attribute `id` of the element `user`, which is the login.
fn user_id(xml: &str) -> Option<String> {
    let (_, rest) = xml.split_once("<user ")?;
    let (attributes, _) = rest.split_once('>')?;
    let (_, rest) = [" ", attributes]
        .concat()
        .split_once(" id=\"")
        .map(|(before, rest)| (before.len(), rest.to_owned()))?;
    let (id, _) = rest.split_once('"')?;
    let id = unescaped(id);
    (!id.is_empty()).then(|| id.into_owned())
}

/// Text of an attribute (XML 1.0 §4.6).
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&apos;", "'"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    let replaced = entities
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| {
            text.replace(entity, character)
        });
    replaced.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_is_the_id_of_the_user() {
        for (xml, expected) in [
            (
                r#"<r><user id="alice"><x id="y"/></user></r>"#,
                Some("alice"),
            ),
            (
                r#"<r><user a="b" id="a &amp;&quot;b"/></r>"#,
                Some("a &\"b"),
            ),
            (r#"<r><users id="alice"/></r>"#, None),
            (r#"<r><user uid="alice"/><x id="y"/></r>"#, None),
            (r#"<r><user id=""/></r>"#, None),
            ("<r/>", None),
        ] {
            assert_eq!(user_id(xml).as_deref(), expected, "{xml}");
        }
    }
}
