//! Rows A and B of the hostile-input corpus, as far as they are about one request's text.

use http::Method;
use proptest::prelude::*;

use super::{Authority, CanonicalError, CanonicalRequest, Claimed, PathError, Scheme};

fn parse(target: &[u8]) -> Result<CanonicalRequest, CanonicalError> {
    claim(&Method::GET, target, Some(b"a.test"))
}

fn claim(
    method: &Method,
    target: &[u8],
    authority: Option<&[u8]>,
) -> Result<CanonicalRequest, CanonicalError> {
    let claimed = Claimed {
        method,
        target,
        authority,
        scheme: Scheme::Http,
    };
    CanonicalRequest::parse(claimed, 8192)
}

fn path(target: &[u8]) -> Result<String, CanonicalError> {
    parse(target).map(|request| request.path.as_str().to_owned())
}

#[test]
fn a_path_with_one_reading_is_taken_in_its_canonical_form() {
    for (row, target, canonical) in [
        ("root", &b"/"[..], "/"),
        ("plain", b"/api/x", "/api/x"),
        ("trailing slash", b"/api/", "/api/"),
        (
            "A07 parameters stay literal",
            b"/admin;x=1/y",
            "/admin;x=1/y",
        ),
        ("A10 case is kept", b"/ADMIN/x", "/ADMIN/x"),
        ("A10 unreserved escape", b"/%61dm%69n/%7Ex", "/admin/~x"),
        (
            "A14 escaped hash",
            b"/api/x%23/public/y",
            "/api/x%23/public/y",
        ),
        (
            "A15 escaped question mark",
            b"/api/x%3f/public",
            "/api/x%3F/public",
        ),
        (
            "escaped slash, judged by the route",
            b"/api/a%2fb",
            "/api/a%2Fb",
        ),
        ("space", b"/a%20b", "/a%20b"),
        ("UTF-8", "/%c3%a9".as_bytes(), "/%C3%A9"),
        (
            "brackets as browsers send them",
            b"/[id]|{x}",
            "/%5Bid%5D%7C%7Bx%7D",
        ),
        ("a percent sign in a name", b"/100%25.txt", "/100%25.txt"),
        ("dots in a name", b"/a..b/...", "/a..b/..."),
        (
            "A20 full-width letters are not folded",
            b"/%ef%bc%8e%ef%bc%8e/",
            "/%EF%BC%8E%EF%BC%8E/",
        ),
    ] {
        assert_eq!(path(target).as_deref(), Ok(canonical), "{row}");
    }
}

#[test]
fn dot_segments_are_refused_however_they_are_written() {
    for (row, target) in [
        ("A01 dot segments", &b"/public/../admin/x"[..]),
        ("A01 at the end", b"/public/.."),
        ("A02 encoded dots", b"/public/%2e%2e/admin/x"),
        ("A02 mixed case", b"/public/%2E%2e/admin/x"),
        ("A02 half encoded", b"/public/.%2e/admin/x"),
        ("A02 other half", b"/public/%2e./admin/x"),
        ("A06 single dot", b"/./admin/x"),
        ("A06 inner single dot", b"/public/./../admin"),
        ("A07 parameters on a dot segment", b"/public/..;/admin/x"),
        ("A07 parameters, then dots", b"/public;/../admin"),
        ("A07 escaped semicolon", b"/public/..%3bx/admin"),
        ("A08 dots behind escaped slashes", b"/public%2f..%2fadmin"),
        ("A08 mixed", b"/public/x%2F..%2F..%2Fadmin"),
    ] {
        let refused = Err(PathError::DotSegment.into());
        assert_eq!(path(target), refused, "{row}");
    }
}

#[test]
fn a_path_with_two_readings_is_refused() {
    use PathError::{Backslash, DoubleEscape, EmptySegment};
    for (row, target, reason) in [
        (
            "A03 double escape",
            &b"/public/%252e%252e/admin"[..],
            DoubleEscape,
        ),
        ("A03 triple escape", b"/public/%25252e", DoubleEscape),
        (
            "A03 escape built of escapes",
            b"/public/%25%32%65",
            DoubleEscape,
        ),
        (
            "A03 escaped unicode escape",
            b"/public/%25u002e",
            DoubleEscape,
        ),
        ("A04 leading double slash", b"//admin/x", EmptySegment),
        ("A04 triple slash", b"///admin", EmptySegment),
        ("A04 inner double slash", b"/public//../admin", EmptySegment),
        (
            "A05 looks like an authority",
            b"//evil.test/admin",
            EmptySegment,
        ),
        (
            "A08 escaped empty segment",
            b"/public/%2Fadmin",
            EmptySegment,
        ),
        ("A09 backslash", b"/public\\..\\admin", Backslash),
        ("A09 escaped backslash", b"/public/%5c..%5cadmin", Backslash),
    ] {
        assert_eq!(path(target), Err(reason.into()), "{row}");
    }
}

#[test]
fn an_escape_that_is_none_or_hides_something_is_refused() {
    use PathError::{ControlCharacter, MalformedEscape, NotUtf8};
    for (row, target, reason) in [
        ("A11 NUL", &b"/admin%00/x"[..], ControlCharacter),
        ("A11 NUL at the end", b"/public/x%00", ControlCharacter),
        ("A11 line feed", b"/x%0d%0aSet-Cookie:x=y", ControlCharacter),
        ("A11 DEL", b"/x%7f", ControlCharacter),
        ("A19 overlong dots", b"/api/%c0%ae%c0%ae/admin", NotUtf8),
        ("A19 lone surrogate", b"/%ed%a0%80", NotUtf8),
        ("A20 unicode escape", b"/api/%uff0e%uff0e/", MalformedEscape),
        ("A21 bare percent", b"/api/%", MalformedEscape),
        ("A21 one digit", b"/api/%2", MalformedEscape),
        ("A21 no digits", b"/api/%zz", MalformedEscape),
        ("A21 sign", b"/api/%+1", MalformedEscape),
    ] {
        assert_eq!(path(target), Err(reason.into()), "{row}");
    }
}

#[test]
fn raw_bytes_that_other_parsers_cut_or_rewrite_are_refused() {
    for (row, target) in [
        ("A11 NUL", &b"/admin\0/x"[..]),
        ("A13 hash", b"/api/x#/public/y"),
        ("A13 hash in the query", b"/api/x?a#b"),
        ("A19 raw overlong dots", b"/api/\xc0\xae\xc0\xae/admin"),
        ("A20 raw full-width", "/api/％２ｅ".as_bytes()),
        ("A26 space", b"/a b"),
        ("A27 second request line", b"/public HTTP/1.1 /admin"),
        ("DEL", b"/x\x7f"),
        ("angle bracket", b"/<x>"),
        ("quotation mark in the query", b"/x?\"y\""),
        ("backtick", b"/`x`"),
        ("tab in the query", b"/x?a\tb"),
    ] {
        assert_eq!(path(target), Err(CanonicalError::RawByte), "{row}");
    }
}

#[test]
fn a_target_has_one_of_the_forms_of_the_rfc() {
    for (row, target) in [
        ("empty", &b""[..]),
        ("A24 asterisk with GET", b"*"),
        ("relative", b"admin"),
        ("opaque", b"foo:admin"),
        ("query only", b"?x"),
        ("other scheme", b"ftp://a.test/x"),
        ("scheme without slashes", b"http:a.test/x"),
        ("asterisk with a query", b"*?x"),
    ] {
        assert_eq!(path(target), Err(CanonicalError::TargetForm), "{row}");
    }
    let options = claim(&Method::OPTIONS, b"*", Some(b"a.test")).unwrap();
    assert_eq!(options.path.as_str(), "*");
}

/// A12: what stands in the query is no part of the path.
#[test]
fn the_query_is_kept_byte_for_byte_and_apart() {
    let request = parse(b"/api/private?x=/public/../%2e%2e/%zz&y=[1]|{}`^\\").unwrap();

    assert_eq!(request.path.as_str(), "/api/private");
    assert_eq!(
        request.query.as_deref(),
        Some("x=/public/../%2e%2e/%zz&y=[1]|{}`^\\")
    );
    assert_eq!(
        request.target(),
        "/api/private?x=/public/../%2e%2e/%zz&y=[1]|{}`^\\"
    );
}

#[test]
fn a22_methods_are_upper_case_and_neither_trace_nor_connect() {
    for method in ["get", "Get", "TRACE", "CONNECT", "GET1", "P$ST"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let refused = claim(&method, b"/", Some(b"a.test"));
        assert_eq!(refused, Err(CanonicalError::Method), "{method}");
    }
    for method in ["GET", "PROPFIND", "VERSION-CONTROL"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert!(claim(&method, b"/", Some(b"a.test")).is_ok(), "{method}");
    }
}

#[test]
fn a25_an_absolute_target_is_routed_by_its_authority_and_becomes_origin_form() {
    for (row, target, host, target_out, host_out) in [
        (
            "with Host",
            &b"http://a.test/admin/x?y"[..],
            Some(&b"a.test"[..]),
            "/admin/x?y",
            "a.test",
        ),
        (
            "without Host",
            b"http://b.test/admin",
            None,
            "/admin",
            "b.test",
        ),
        ("no path", b"http://a.test", None, "/", "a.test"),
        (
            "query only",
            b"HTTPS://A.test:8443?x=1",
            None,
            "/?x=1",
            "a.test:8443",
        ),
    ] {
        let request = claim(&Method::GET, target, host).unwrap();
        assert_eq!(request.target(), target_out, "{row}");
        assert_eq!(request.authority.to_string(), host_out, "{row}");
    }
    assert!(
        claim(&Method::GET, b"http://a.test/x", Some(b"b.test")).is_err(),
        "B03"
    );
}

#[test]
fn a28_a_long_target_is_refused_before_anything_else() {
    let long = [b"/".as_slice(), &b"a".repeat(20_000)].concat();

    assert_eq!(path(&long), Err(CanonicalError::TargetTooLong));
}

#[test]
fn b01_spellings_of_one_host_are_one() {
    for (text, canonical) in [
        ("a.test", "a.test"),
        ("A.TEST", "a.test"),
        ("a.test.", "a.test"),
        ("a.test:443", "a.test"),
        ("a.test:80", "a.test"),
        ("A.test.:8080", "a.test"),
        ("127.0.0.1:9480", "127.0.0.1"),
        ("[::1]:9480", "[::1]"),
        ("[0:0::0001]", "[::1]"),
        ("my_service", "my_service"),
    ] {
        let authority = Authority::parse(text.as_bytes());
        assert_eq!(
            authority.as_ref().map(Authority::host),
            Ok(canonical),
            "{text}"
        );
    }
}

#[test]
fn what_is_not_one_host_is_refused() {
    for text in [
        "",
        ".",
        "a..test",
        "a.test, b.test",
        "a.test,b.test",
        "a.test@evil.test",
        "@a.test",
        "a.test/../b",
        "a.test#",
        "a.test?x",
        "a.test\\b",
        "[::1",
        "::1",
        "[::1]x",
        "[::g]",
        "[fe80::1%25eth0]",
        "[127.0.0.1]",
        "a.test:",
        "a.test:x",
        "a.test:+80",
        "a.test:80:80",
        "a.test:65536",
        "a.test:000080",
        "a\0.test",
        "a test",
        " a.test",
        "a.test ",
        "ä.test",
        "a%2etest",
        "*.test",
    ] {
        assert!(
            Authority::parse(text.as_bytes()).is_err(),
            "B02/B05 {text:?}"
        );
    }
    let without = claim(&Method::GET, b"/", None);
    assert!(without.is_err(), "B04");
}

/// Bytes as attackers mix them: separators, dots, escapes and ordinary letters.
fn hostile_target() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "/", ".", "..", "%2e", "%2F", "%5c", "%25", "%", ";", "?", "%c3%a9", "%41", "a", "[x]",
        "\\", "#", "%7e", "public", "2e",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| {
        let mut target = b"/".to_vec();
        target.extend(pieces.concat().bytes());
        target
    })
}

/// What an upstream that decodes once and resolves would serve.
fn resolved(path: &str) -> Vec<u8> {
    percent_encoding::percent_decode_str(path).collect()
}

proptest! {
    /// A30.
    #[test]
    fn the_canonical_form_is_its_own_canonical_form(target in hostile_target()) {
        if let Ok(once) = parse(&target) {
            let twice = parse(once.target().as_bytes()).unwrap();
            prop_assert_eq!(once, twice);
        }
    }

    #[test]
    fn a_canonical_path_decodes_to_no_dot_or_empty_segment(target in hostile_target()) {
        if let Ok(request) = parse(&target) {
            let decoded = resolved(request.path.as_str());
            let mut segments: Vec<&[u8]> = decoded.split(|byte| *byte == b'/').skip(1).collect();
            segments.pop_if(|last| last.is_empty());
            for segment in segments {
                prop_assert!(!segment.is_empty() && segment != b"." && segment != b"..");
                prop_assert!(!segment.contains(&b'\\'));
            }
        }
    }

    #[test]
    fn no_bytes_panic(target: Vec<u8>, host: Option<Vec<u8>>) {
        let parsed = claim(&Method::GET, &target, host.as_deref());
        prop_assert!(parsed.is_err() || target.iter().all(u8::is_ascii));
    }
}
