//! Rows B08 to B14, C, D12 and part of E of the hostile-input corpus.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, Version};
use proptest::prelude::*;

use super::super::settings::{ClaimSource, IdentityHeaders};
use super::super::tests::support;
use super::{HeaderError, HeaderRules};

fn rules() -> HeaderRules {
    HeaderRules::new(&IdentityHeaders {
        mapping: Arc::new([
            (HeaderName::from_static("x-auth-user"), ClaimSource::Subject),
            (
                HeaderName::from_static("x-auth-groups"),
                ClaimSource::Claim("groups".to_owned()),
            ),
        ]),
        also_strip: vec![HeaderName::from_static("x-gw-assertion")],
        certificates: vec![],
    })
}

fn request(fields: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, value.parse().unwrap());
    }
    headers
}

/// The fields that are left, or why the request is refused.
fn cleaned(fields: &[(&str, &str)]) -> Result<Vec<(String, String)>, HeaderError> {
    let mut request = request(fields);
    rules().check(&request, &support::limits())?;
    rules().clean(&mut request, Version::HTTP_11);
    Ok(request
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect())
}

#[test]
fn fields_that_only_we_may_write_are_removed_under_every_spelling() {
    for (row, name) in [
        ("C01 identity", "X-Auth-User"),
        ("C02 underscores", "X_Auth_User"),
        ("C03 dots", "X.Auth.User"),
        ("C04 mixed", "x-auth_user"),
        ("C05 upper case", "X-AUTH-USER"),
        ("C06 groups", "X-Auth-Groups"),
        ("C07 also stripped", "X-Gw-Assertion"),
        ("C08 tilde", "X~Auth~User"),
        ("C08 exclamation mark", "X!Auth"),
        ("C08 apostrophe", "X'Auth'User"),
        ("C08 plus", "X+Auth"),
        ("the default family", "X-Auth-Request-Email"),
        ("A23 method override", "X-HTTP-Method-Override"),
        ("A23 method", "X-HTTP-Method"),
        ("B08 forwarded host", "X-Forwarded-Host"),
        ("B08 forwarded user", "X-Forwarded-User"),
        ("B10 forwarded", "Forwarded"),
        ("B12 forwarded for", "X-Forwarded-For"),
        ("B12 real address", "X-Real-IP"),
        ("B14 original URL", "X-Original-URL"),
        ("B14 rewrite URL", "X-Rewrite-URL"),
        ("B14 prefix", "X-Forwarded-Prefix"),
        ("B14 Envoy", "X-Envoy-Original-Path"),
        ("K13 client certificate", "X-Client-Cert"),
        ("K13 TLS terminators", "Ssl-Client-Verify"),
        ("D14 proxy credentials", "Proxy-Authorization"),
        ("F05 upgrade", "Upgrade"),
        ("httpoxy", "Proxy"),
        ("our request id", "X-Request-Id"),
    ] {
        let left = cleaned(&[(name, "evil"), ("Accept", "*/*"), (name, "")]);
        let expected = vec![("accept".to_owned(), "*/*".to_owned())];
        assert_eq!(left, Ok(expected), "{row}");
    }
}

#[test]
fn ordinary_fields_pass() {
    let fields = [
        ("authorization", "Bearer x"),
        ("content-type", "text/plain"),
        ("x-custom-1", "a"),
        ("sec-websocket-protocol", "bearer, jwt"),
        ("grpc-timeout", "1S"),
    ];
    let left = cleaned(&fields).unwrap();

    assert_eq!(left.len(), fields.len());
}

#[test]
fn connection_may_not_name_what_we_read_or_set() {
    for (row, value) in [
        ("C09 identity", "X-Auth-User, close"),
        ("C10 lower case", "x-auth-user"),
        ("C10 quoted", "\"X-Auth-User\""),
        ("C10 alias", "x_auth_user"),
        ("C11 authorization", "authorization"),
        ("C12 cookie", "close, Cookie"),
        ("C12 dpop", "dpop"),
        ("C12 content-length", "content-length"),
        ("C12 transfer-encoding", "transfer-encoding"),
        ("C12 host", "Host"),
        ("C12 destination", "destination"),
        ("C12 address", "x-real-ip"),
        ("C12 request id", "x-request-id"),
        ("C12 content-type", "content-type"),
        ("C12 forwarded", "X-Forwarded-For"),
        ("C13 pseudo field", ":authority"),
        ("C13 not a token", "a b"),
    ] {
        let refused = cleaned(&[("Connection", value)]);
        assert_eq!(refused, Err(HeaderError::Connection), "{row}");
    }
    let many = vec!["x-a"; 300].join(",");
    assert_eq!(
        cleaned(&[("Connection", &many)]),
        Err(HeaderError::Connection),
        "C13 many"
    );
    assert_eq!(
        cleaned(&[("Connection", "close"), ("Connection", "authorization")]),
        Err(HeaderError::Connection),
        "C10 second line"
    );
}

#[test]
fn what_connection_names_otherwise_ends_here() {
    let left = cleaned(&[
        ("Connection", "keep-alive, TE, , X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("X-End", "2"),
    ]);

    assert_eq!(left, Ok(vec![("x-end".to_owned(), "2".to_owned())]));
}

#[test]
fn te_stays_in_http_2_where_grpc_needs_it() {
    let mut request = request(&[("te", "trailers")]);
    rules().clean(&mut request, Version::HTTP_2);

    assert!(request.contains_key("te"));
}

#[test]
fn what_may_stand_once_is_refused_when_it_stands_twice() {
    for name in [
        "Authorization",
        "Host",
        "Content-Length",
        "Content-Type",
        "Transfer-Encoding",
        "DPoP",
        "Destination",
        "Origin",
    ] {
        let refused = cleaned(&[(name, "1"), ("accept", "*/*"), (name, "1")]);
        assert_eq!(refused, Err(HeaderError::Duplicate), "D01/E07 {name}");
    }
    assert!(cleaned(&[("accept", "a"), ("accept", "b")]).is_ok());
}

#[test]
fn the_body_has_one_length() {
    for (row, fields, reason) in [
        (
            "E01 both",
            &[("content-length", "6"), ("transfer-encoding", "chunked")][..],
            HeaderError::ContentLength,
        ),
        (
            "E02 other coding",
            &[("transfer-encoding", "gzip, chunked")],
            HeaderError::TransferEncoding,
        ),
        (
            "E02 unknown coding",
            &[("transfer-encoding", "xchunked")],
            HeaderError::TransferEncoding,
        ),
        (
            "E03 identity",
            &[("transfer-encoding", "identity, chunked")],
            HeaderError::TransferEncoding,
        ),
        (
            "E06 sign",
            &[("content-length", "+1")],
            HeaderError::ContentLength,
        ),
        (
            "E06 empty",
            &[("content-length", "")],
            HeaderError::ContentLength,
        ),
        (
            "E06 too long",
            &[("content-length", "00000000000000000001")],
            HeaderError::ContentLength,
        ),
        (
            "E07 list",
            &[("content-length", "1, 1")],
            HeaderError::ContentLength,
        ),
        (
            "E15 expectation",
            &[("expect", "200-ok")],
            HeaderError::Expectation,
        ),
        (
            "E15 decorated",
            &[("expect", "y 100-continue")],
            HeaderError::Expectation,
        ),
    ] {
        assert_eq!(cleaned(fields), Err(reason), "{row}");
    }
    assert!(cleaned(&[("transfer-encoding", "Chunked")]).is_ok());
    assert!(cleaned(&[("content-length", "0"), ("expect", "100-Continue")]).is_ok());
}

#[test]
fn d12_cookie_crumbs_become_one_cookie() {
    let left = cleaned(&[("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")]);

    assert_eq!(
        left,
        Ok(vec![("cookie".to_owned(), "a=1; b=2; c=3".to_owned())])
    );
}

#[test]
fn size_is_limited_in_each_direction() {
    let large = "a".repeat(17 * 1024);
    assert_eq!(
        cleaned(&[("x-large", &large)]),
        Err(HeaderError::TooLarge),
        "D15 one field"
    );
    let half = "a".repeat(15 * 1024);
    let fields = [("x-1", half.as_str()), ("x-2", &half), ("x-3", &half)];
    assert_eq!(
        cleaned(&fields),
        Err(HeaderError::TooLarge),
        "E22 all fields"
    );
    let many = vec![("x-a", "1"); 101];
    assert_eq!(
        cleaned(&many),
        Err(HeaderError::TooManyFields),
        "E22 number"
    );
    assert_eq!(support::limits().head_timeout, Duration::from_secs(10));
}

proptest! {
    /// Whatever the spelling, no name that folds to an identity header is left.
    #[test]
    fn no_alias_of_an_identity_header_passes(
        separators in prop::collection::vec("[-_.~!'+^|`*#$%&]", 2),
        upper: bool,
    ) {
        let mut name = format!("x{}auth{}user", separators[0], separators[1]);
        if upper {
            name = name.to_ascii_uppercase();
        }
        prop_assert_eq!(cleaned(&[(&name, "admin")]), Ok(vec![]));
    }
}
