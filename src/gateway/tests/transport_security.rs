//! Strict Transport Security: RFC 6797 §7.

use super::harness::{Answer, TestGateway};
use crate::gateway::{ToldBy, TransportSecurity, TrustedProxies, TrustedProxy};

/// A gateway behind a proxy that says how requests came to it.
async fn gateway(is_asked: bool) -> TestGateway {
    TestGateway::with(|settings| {
        settings.trusted_proxies = TrustedProxies::new(vec![TrustedProxy {
            networks: vec!["127.0.0.1/32".parse().unwrap()],
            told_by: ToldBy::ForwardedFields,
        }]);
        settings.transport_security = is_asked.then_some(TransportSecurity {
            max_age_s: 31_536_000,
            include_subdomains: true,
            preload: false,
        });
    })
    .await
}

async fn over(gateway: &TestGateway, proto: &str, target: &str) -> Answer {
    let fields = [
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Proto", proto),
    ];
    gateway.get(target, &fields).await
}

fn said(answer: &Answer) -> Vec<&str> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(|(name, _)| name.eq_ignore_ascii_case("strict-transport-security"))
        .map(|(_, value)| value)
        .collect()
}

const ANSWERS: [(&str, u16); 5] = [
    ("/public/x", 200),
    ("/whoami", 200),
    ("/api/x", 401),
    ("/nowhere", 404),
    ("/public/../x", 400),
];

/// §7.1, and §8.1 on there being one.
#[tokio::test]
async fn every_answer_over_tls_says_it_once() {
    let gateway = gateway(true).await;
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\n\
          Strict-Transport-Security: max-age=2\r\nContent-Length: 0\r\n\r\n",
    );
    for (target, status) in ANSWERS {
        let answer = over(&gateway, "https", target).await;
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(
            said(&answer),
            ["max-age=31536000; includeSubDomains"],
            "{target}"
        );
    }
}

/// §7.2.
#[tokio::test]
async fn no_answer_without_tls_says_it() {
    let gateway = gateway(true).await;
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 0\r\n\r\n",
    );
    for (target, status) in ANSWERS {
        let answer = over(&gateway, "http", target).await;
        assert_eq!(answer.status, status, "{target}");
        assert_eq!(said(&answer), [""; 0], "{target}");
    }
}

#[tokio::test]
async fn unless_it_is_asked_for_it_is_the_upstreams_to_say() {
    let gateway = gateway(false).await;
    gateway.upstream.answers(
        b"HTTP/1.1 200 OK\r\nStrict-Transport-Security: max-age=1\r\nContent-Length: 0\r\n\r\n",
    );
    assert_eq!(
        said(&over(&gateway, "https", "/public/x").await),
        ["max-age=1"]
    );
    assert_eq!(said(&over(&gateway, "https", "/nowhere").await), [""; 0]);
}
