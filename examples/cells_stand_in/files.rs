//! `/io` and `/data`: files, by the protocol of S3, with a token in one of the places of the fact sheet
//! (E.1): the field `X-Pydio-Bearer`, the parameter `pydio_jwt`, or the key of a signature. Cells checks
//! the token and signs anew, so the signature itself is looked at by some versions only (section F).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, ETAG, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request;
use hyper::{HeaderMap, StatusCode, Uri};
use serde_json::json;

use super::answers::{self, Answer};
use super::{Shared, lock, signatures};

/// `/dav`: Basic with a token in the place of the password, or with a password that is checked without
/// a count (fact sheet, section F); the name must be that of the token's user (E.1).
pub(super) fn dav(shared: &Shared, head: &request::Parts) -> Answer {
    let mut state = lock(shared);
    let field = head
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let decoded = field
        .and_then(|text| text.strip_prefix("Basic "))
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((login, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        let mut answer = answers::text(StatusCode::UNAUTHORIZED, "Unauthorized.\n");
        let challenge = HeaderValue::from_static("Basic realm=\"Pydio\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        return answer;
    };
    let is_by_token = state.accounts.holder(secret) == Some(login);
    if !is_by_token {
        state.n_dav_passwords += 1;
    }
    if is_by_token || state.accounts.knows(login, secret) {
        if head.method.as_str() == "PROPFIND" {
            return listing(login);
        }
        return answers::json(
            StatusCode::OK,
            &json!({"user": login, "by_token": is_by_token}),
        );
    }
    // Cells 3: as if there were no such file.
    answers::text(StatusCode::NOT_FOUND, "Not found.\n")
}

/// A folder with one file, which is called like the user (RFC 4918 §9.1).
fn listing(login: &str) -> Answer {
    let file = |href: &str, kind: &str| {
        format!(
            "<D:response><D:href>{href}</D:href><D:propstat><D:prop><D:resourcetype>{kind}\
             </D:resourcetype></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )
    };
    let folder = file("/dav/", "<D:collection/>");
    let file = file(&format!("/dav/{login}"), "");
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:multistatus xmlns:D=\"DAV:\">{folder}{file}</D:multistatus>"
    );
    answers::answer(StatusCode::MULTI_STATUS, "application/xml", body)
}

pub(super) fn is_file(path: &str) -> bool {
    ["/io/", "/data/"].iter().any(|root| path.starts_with(root))
}

/// Tells whose file it would be, where the token stood, and how much came.
pub(super) fn answer(shared: &Shared, head: &request::Parts, n_bytes: usize) -> Answer {
    let Some((place, token)) = token(&head.headers, &head.uri) else {
        return answers::text(StatusCode::FORBIDDEN, "AccessDenied\n");
    };
    let mut state = lock(shared);
    let is_signed = ["Credential", "X-Amz-Credential"].contains(&place);
    if is_signed && state.switches.checks_signatures {
        if !signatures::is_right(head) {
            return answers::text(StatusCode::FORBIDDEN, "SignatureDoesNotMatch\n");
        }
        state.n_right_signatures += 1;
    }
    let host = head.headers.get("host").and_then(|host| host.to_str().ok());
    state.last_host = host.unwrap_or_default().to_owned();
    match state.accounts.holder(&token) {
        // As clients of S3 want it, which sign.
        Some(_) if n_bytes > 0 && place != "X-Pydio-Bearer" => {
            let mut stored = answers::answer(StatusCode::OK, "application/xml", "");
            let tag = HeaderValue::from_static("\"0\"");
            stored.headers_mut().insert(ETAG, tag);
            stored
        }
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
    let presigned = uri.query().unwrap_or_default().split('&');
    let mut presigned = presigned.filter_map(|pair| pair.strip_prefix("X-Amz-Credential="));
    if let Some(credential) = presigned.next() {
        // Cells 5: the key of a presigned URL is a token as well.
        let (key, _) = credential.split_once("%2F")?;
        return Some(("X-Amz-Credential", key.to_owned()));
    }
    let signature = field(AUTHORIZATION.as_str())?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let credential = signature.trim_start().strip_prefix("Credential=")?;
    let (key, _) = credential.split_once('/')?;
    Some(("Credential", key.to_owned()))
}
