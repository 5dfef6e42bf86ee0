//! `/io` and `/data`: files, by the protocol of S3, with a token in one of the places of the fact sheet
//! (E.1): the field `X-Pydio-Bearer`, the parameter `pydio_jwt`, or the key of a signature. Cells checks
//! the token and signs anew, so the signature itself is not looked at.

use hyper::header::AUTHORIZATION;
use hyper::http::request;
use hyper::{HeaderMap, StatusCode, Uri};
use serde_json::json;

use super::answers::{self, Answer};
use super::{Shared, lock};

pub(super) fn is_file(path: &str) -> bool {
    ["/io/", "/data/"].iter().any(|root| path.starts_with(root))
}

/// Tells whose file it would be, where the token stood, and how much came.
pub(super) fn answer(shared: &Shared, head: &request::Parts, n_bytes: usize) -> Answer {
    let Some((place, token)) = token(&head.headers, &head.uri) else {
        return answers::text(StatusCode::FORBIDDEN, "AccessDenied\n");
    };
    let mut state = lock(shared);
    let host = head.headers.get("host").and_then(|host| host.to_str().ok());
    state.last_host = host.unwrap_or_default().to_owned();
    match state.accounts.holder(&token) {
        Some(login) if n_bytes > 0 => {
            let stored = json!({"user": login, "place": place, "bytes": n_bytes});
            answers::json(StatusCode::OK, &stored)
        }
        Some(login) => answers::json(StatusCode::OK, &json!({"user": login, "place": place})),
        None => answers::text(StatusCode::FORBIDDEN, "InvalidAccessKeyId\n"),
    }
}

/// The token and its place; `Authorization: Bearer` is none of them.
fn token(headers: &HeaderMap, uri: &Uri) -> Option<(&'static str, String)> {
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(token) = field("x-pydio-bearer") {
        return Some(("X-Pydio-Bearer", token.to_owned()));
    }
    let parameters = uri.query().unwrap_or_default().split('&');
    let mut named = parameters.filter_map(|pair| pair.strip_prefix("pydio_jwt="));
    if let Some(token) = named.next() {
        return Some(("pydio_jwt", token.to_owned()));
    }
    let signature = field(AUTHORIZATION.as_str())?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let credential = signature.trim_start().strip_prefix("Credential=")?;
    let (key, _) = credential.split_once('/')?;
    Some(("Credential", key.to_owned()))
}
