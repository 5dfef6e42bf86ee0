//! What clients send to the provider in the benches.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, header};
use serde_json::Value;

use super::test_bed::{REDIRECT_URI, SECRET, VERIFIER};

pub(crate) fn code_request(code: &str) -> Request<Bytes> {
    token_request(&[
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ])
}

pub(crate) fn refresh_request(refresh_token: &str) -> Request<Bytes> {
    token_request(&[
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", refresh_token),
    ])
}

pub(crate) fn client_credentials_request() -> Request<Bytes> {
    let mut request = token_request(&[("grant_type", "client_credentials")]);
    let credentials = format!("Basic {}", STANDARD.encode(format!("service:{SECRET}")));
    let credentials = credentials.parse().expect("a header value");
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, credentials);
    request
}

/// What an access token says.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("the token has three parts");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

fn token_request(form: &[(&str, &str)]) -> Request<Bytes> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    Request::post("/oidc/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.into())
        .expect("the request is valid")
}

pub(crate) fn get_request(path: &str, authorization: Option<&str>) -> Request<Bytes> {
    let mut request = Request::get(path);
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Bytes::new()).expect("the request is valid")
}
