//! B08 to B16: what a proxy in front of us says, and what others say in its place.

use super::{Fixture, field};

/// Where requests claim to begin.
const CALLER: &str = "192.0.2.7";

const FROM_CALLER: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n";

fn trusting(told_by: &str) -> String {
    format!("trusted_proxies: [{{networks: [127.0.0.0/8], told_by: {told_by}}}]\n")
}

async fn behind(told_by: &str) -> Fixture {
    Fixture::with(&trusting(told_by)).await
}

fn get(host: &str, fields: &str) -> Vec<u8> {
    format!("GET /public/x HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n").into_bytes()
}

#[tokio::test]
async fn a_trusted_proxys_fields_tell_the_upstream_where_a_request_began() {
    let fixture = behind("x_forwarded").await;

    let fields = "X-Forwarded-For: 10.9.9.9, 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\
                  X-Forwarded-Host: b.test\r\nForwarded: for=10.1.1.1\r\nX-Real-IP: 10.1.1.1\r\n";
    let answer = fixture.send_bytes(&get("a.test", fields)).await;

    assert_eq!(answer.status, 200);
    let head = fixture.upstream.take_one();
    assert_eq!(field(&head, "x-forwarded-for"), Some(CALLER), "{head}");
    assert_eq!(field(&head, "x-forwarded-proto"), Some("https"), "{head}");
    // The host is what the request is for, whatever somebody else says of it.
    assert_eq!(field(&head, "x-forwarded-host"), Some("a.test"), "{head}");
    assert!(!head.contains("10.1.1.1"), "{head}");
}

/// B09, B13.
#[tokio::test]
async fn what_a_trusted_proxy_says_with_two_meanings_is_refused() {
    let fixture = behind("x_forwarded").await;
    for fields in [
        "X-Forwarded-For: unknown\r\n",
        "X-Forwarded-For: _hidden\r\n",
        "X-Forwarded-Proto: https, http\r\n",
        "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n",
    ] {
        let answer = fixture.send_bytes(&get("a.test", fields)).await;

        fixture.assert_refused(fields, &answer, &[400]);
    }
}

#[tokio::test]
async fn a_proxy_header_tells_the_upstream_where_a_connection_began() {
    let fixture = behind("proxy_protocol").await;
    let version_2 = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".as_slice(),
        &[192, 0, 2, 7, 10, 0, 0, 1, 0x12, 0x67, 0x01, 0xbb],
    ]
    .concat();
    for (row, header) in [("version 1", FROM_CALLER), ("version 2", &version_2)] {
        let request = [header, &get("a.test", "X-Forwarded-For: 10.9.9.9\r\n")].concat();

        let answer = fixture.send_bytes(&request).await;

        assert_eq!(answer.status, 200, "{row}");
        let head = fixture.upstream.take_one();
        assert_eq!(
            field(&head, "x-forwarded-for"),
            Some(CALLER),
            "{row}: {head}"
        );
    }
}

/// B16: a health check of the load balancer speaks for itself.
#[tokio::test]
async fn a_local_connection_is_the_proxys_own() {
    let fixture = behind("proxy_protocol").await;
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".as_slice();

    let answer = fixture
        .send_bytes(&[local, &get("a.test", "")].concat())
        .await;

    assert_eq!(answer.status, 200);
    let head = fixture.upstream.take_one();
    assert_eq!(field(&head, "x-forwarded-for"), Some("127.0.0.1"), "{head}");
}

/// B16.
#[tokio::test]
async fn a_listed_proxy_without_a_proper_header_is_closed() {
    let fixture = behind("proxy_protocol").await;
    let huge = [
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".as_slice(),
        &vec![0; 65_535],
        &get("a.test", ""),
    ]
    .concat();
    for (row, bytes) in [
        ("none at all", get("a.test", "")),
        ("not addresses", b"PROXY TCP4 a b 1 2\r\n".to_vec()),
        ("version 3", b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c".to_vec()),
        ("65 kB of extensions", huge),
    ] {
        let mut wire = fixture.edge.wire().await;
        wire.write(&bytes).await;

        assert!(wire.is_closed().await, "{row}");
        fixture.upstream.assert_untouched(row);
    }
    // Others are still served.
    let whole = [FROM_CALLER, &get("a.test", "")].concat();
    assert_eq!(fixture.send_bytes(&whole).await.status, 200);
}

/// B16: whoever is not listed cannot introduce itself, in either language.
#[tokio::test]
async fn a_stranger_cannot_speak_for_others() {
    let fixture = Fixture::start().await;
    let version_2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x12\x67\x01\xbb";
    for (row, header) in [("version 1", FROM_CALLER), ("version 2", version_2)] {
        let request = [header, &get("a.test", "")].concat();

        let answer = fixture.send_bytes(&request).await;

        fixture.assert_refused(row, &answer, &[400]);
    }
}
