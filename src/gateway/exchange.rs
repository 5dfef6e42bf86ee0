//! Requests that end here: a body read whole and bounded, an answer written.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{self, CONTENT_LENGTH, EXPECT};
use http::{Method, Request, Response, StatusCode};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

use super::canonical::CanonicalRequest;
use super::rejection::Rejection;

/// The most that a provider endpoint takes.
const MAX_BODY: usize = 64 * 1024;

/// The request as `http` knows it, its body whole; `deadline` is for all of the body.
///
/// # Errors
///
/// [`Rejection`] for a body that is too large, too slow or broken.
pub(super) async fn read(
    session: &mut Session,
    canonical: &CanonicalRequest,
    deadline: Duration,
) -> Result<Request<Bytes>, Rejection> {
    let body = read_body(session, deadline).await?;
    let head = session.req_header();
    let mut request = Request::builder()
        .method(canonical.method.clone())
        .uri(canonical.target())
        .body(body)
        .map_err(|_| Rejection::Fault("a canonical request is no request"))?;
    *request.headers_mut() = head.headers.clone();
    // What is about the connection, not about the request.
    for name in [header::TRANSFER_ENCODING, header::TE, EXPECT] {
        request.headers_mut().remove(name);
    }
    let authority = canonical.authority.to_string();
    let host = authority
        .parse()
        .map_err(|_| Rejection::Fault("a canonical host is no field value"))?;
    request.headers_mut().insert(header::HOST, host);
    Ok(request)
}

async fn read_body(session: &mut Session, deadline: Duration) -> Result<Bytes, Rejection> {
    if session.is_body_empty() {
        return Ok(Bytes::new());
    }
    let announced = session.req_header().headers.get(CONTENT_LENGTH);
    let announced: Option<usize> = announced
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(Rejection::BodyTooLarge);
    }
    // A timeout of our own: Pingora's is for each read, and does nothing in HTTP/2.
    tokio::time::timeout(deadline, collect(session))
        .await
        .unwrap_or(Err(Rejection::BodyTimeout))
}

async fn collect(session: &mut Session) -> Result<Bytes, Rejection> {
    // Nobody else answers the expectation of a request that is not proxied.
    if session.req_header().headers.contains_key(EXPECT) && !session.is_http2() {
        session
            .write_continue_response()
            .await
            .map_err(|_| Rejection::Gone)?;
    }
    let mut body = BytesMut::new();
    loop {
        match session.read_request_body().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_BODY => {
                return Err(Rejection::BodyTooLarge);
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(error) => return Err(super::failure::of_body(&error)),
        }
    }
}

/// Writes `response` whole.
///
/// # Errors
///
/// Pingora's, when downstream is gone.
pub(super) async fn write(session: &mut Session, response: Response<Bytes>) -> pingora::Result<()> {
    let (parts, body) = response.into_parts();
    let mut head = ResponseHeader::build(parts.status, Some(parts.headers.len() + 2))?;
    for (name, value) in &parts.headers {
        head.append_header(name, value)?;
    }
    let bodiless = parts.status == StatusCode::NO_CONTENT
        || parts.status == StatusCode::NOT_MODIFIED
        || parts.status.is_informational();
    let is_head = session.req_header().method == Method::HEAD;
    // Of an answer to `HEAD` that has no body any more, the length is not known.
    let has_length = !(bodiless || is_head && body.is_empty());
    if has_length {
        // Without it, HTTP/1 would end the body by closing the connection.
        head.insert_header(CONTENT_LENGTH, body.len())?;
    }
    let head_only = bodiless || is_head || body.is_empty();
    session
        .write_response_header(Box::new(head), head_only)
        .await?;
    if !head_only {
        session.write_response_body(Some(body), true).await?;
    }
    Ok(())
}
