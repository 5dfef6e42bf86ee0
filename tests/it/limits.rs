//! What nobody can exceed, and what that costs.

use std::fs;
use std::io::Write as _;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::{Edge, Wire};

/// Bad tokens sent before memory is first measured, and in all. A debug build checks signatures
/// and serves requests several times slower; there the shape counts, and fewer show it.
const BAD_TOKENS: (u64, u64) = if cfg!(debug_assertions) {
    (15_000, 60_000)
} else {
    (50_000, 200_000)
};

/// The demo with `limits`.
fn edge(limits: &str) -> Edge {
    Edge::start_in(
        tempfile::tempdir().unwrap(),
        &format!(
            "limits: {limits}\n{}",
            include_str!("../../config/demo.yaml")
        ),
        "info\n  access: false",
    )
}

/// A GET with further fields.
fn get(edge: &Edge, path: &str, fields: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
        edge.address
    )
}

/// `token` with the `n`th of many wrong signatures.
fn forged(token: &str, n: u64) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature[8..16].copy_from_slice(&n.to_be_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let edge = edge("{ head_timeout_s: 1 }");
    for begun in [
        "",
        "GET /public/x HT",
        "GET /public/x HTTP/1.1\r\nHost: x\r\nX-A: ",
    ] {
        let mut wire = edge.wire().await;
        wire.write(begun).await;

        let answer = wire.read().await;

        assert!([0, 408].contains(&answer.status), "{begun:?}: {answer:?}");
        assert!(wire.is_closed().await, "{begun:?}");
    }
}

#[tokio::test]
async fn a_head_too_large_or_of_too_many_fields_is_refused() {
    let edge = edge("{ head_bytes: 4096, head_fields: 20 }");
    let small = format!("X-A: {}\r\n", "a".repeat(3000));
    let large = format!("X-A: {}\r\n", "a".repeat(5000));
    for (row, fields, status) in [
        ("within both", small, 200),
        ("too large", large, 431),
        ("too many", "X-A: a\r\n".repeat(21), 431),
    ] {
        let mut wire = edge.wire().await;
        wire.write(get(&edge, "/public/x", &fields)).await;
        assert_eq!(wire.read().await.status, status, "{row}");
    }
}

#[tokio::test]
async fn connections_of_one_address_are_capped() {
    let edge = edge("{ connections_per_address: 2 }");
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut wire = edge.wire().await;
        wire.write(get(&edge, "/public/x", "")).await;
        assert_eq!(wire.read().await.status, 200);
        held.push(wire);
    }

    assert!(edge.wire().await.is_closed().await);

    let mut other = Wire::connect_from([127, 0, 0, 2], edge.address).await;
    other.write(get(&edge, "/public/x", "")).await;
    assert_eq!(other.read().await.status, 200, "another address");
    held[0].write(get(&edge, "/public/x", "")).await;
    assert_eq!(held[0].read().await.status, 200, "those that were there");
}

#[tokio::test]
async fn after_too_many_bad_tokens_an_address_has_to_wait() {
    let edge = edge("{ token_failures_per_minute: 3 }");
    let token = edge.sign_in("alice").tokens().await.access_token;
    let mut wire = edge.wire().await;
    let mut statuses = Vec::new();
    // A minute may begin in between: then it takes up to three more.
    let last = loop {
        let n = u64::try_from(statuses.len()).unwrap();
        let bearer = format!("Authorization: Bearer {}\r\n", forged(&token, n));
        wire.write(get(&edge, "/api/x", &bearer)).await;
        let answer = wire.read().await;
        statuses.push(answer.status);
        if answer.status != 401 || n == 7 {
            break answer;
        }
    };

    assert_eq!(last.status, 429, "{statuses:?}");
    assert!((4..=7).contains(&statuses.len()), "{statuses:?}");
    let wait: u64 = last
        .head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("retry-after: ")?.parse().ok())
        .expect("Retry-After in seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    wire.write(get(&edge, "/public/x", "")).await;
    assert_eq!(wire.read().await.status, 200, "an anonymous route");
    let mut other = Wire::connect_from([127, 0, 0, 2], edge.address).await;
    let bearer = format!("Authorization: Bearer {}\r\n", forged(&token, 99));
    other.write(get(&edge, "/api/x", &bearer)).await;
    assert_eq!(other.read().await.status, 401, "another address");
}

/// Sends the forgeries of `range`, dealt out to four connections.
async fn send_forgeries(wires: &mut [Wire], edge: &Edge, token: &str, range: std::ops::Range<u64>) {
    let mut next = range;
    while !next.is_empty() {
        for wire in &mut *wires {
            let n = next.next().expect("a multiple of the connections");
            let bearer = format!("Authorization: Bearer {}\r\n", forged(token, n));
            wire.write(get(edge, "/api/x", &bearer)).await;
        }
        for wire in &mut *wires {
            assert_eq!(wire.read().await.status, 401);
        }
    }
}

/// N07, B12: behind a proxy, failures count for the caller that it saw, whatever that caller wrote.
#[tokio::test]
async fn failures_are_counted_for_the_caller_behind_a_proxy() {
    let edge = edge(
        "{ token_failures_per_minute: 3 }\n\
         trusted_proxies: [{networks: [127.0.0.0/8], told_by: x_forwarded}]",
    );
    let token = edge.sign_in("alice").tokens().await.access_token;
    let mut wire = edge.wire().await;
    let mut ask = async |n: u64, callers: &str| {
        let bearer = forged(&token, n);
        let fields = format!("X-Forwarded-For: {callers}\r\nAuthorization: Bearer {bearer}\r\n");
        wire.write(get(&edge, "/api/x", &fields)).await;
        wire.read().await.status
    };

    let mut statuses = Vec::new();
    // A minute may begin in between: then it takes up to three more.
    for n in 0..8 {
        statuses.push(ask(n, &format!("10.0.0.{n}, 192.0.2.7")).await);
    }

    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert_eq!(ask(99, "192.0.2.8").await, 401, "somebody else");
}

#[tokio::test]
async fn bad_tokens_leave_nothing_behind() {
    let edge = edge("{ token_failures_per_minute: 1000000 }");
    let token = edge.sign_in("alice").tokens().await.access_token;
    let mut wires = Vec::new();
    for _ in 0..4 {
        wires.push(edge.wire().await);
    }

    let (some, all) = BAD_TOKENS;
    send_forgeries(&mut wires, &edge, &token, 0..some).await;
    let before = edge.resident_kib();
    send_forgeries(&mut wires, &edge, &token, some..all).await;
    let after = edge.resident_kib();

    assert!(after < before + 8 * 1024, "{before} KiB became {after} KiB");
}

/// The figures are promises about release builds; a debug build only prints them.
#[tokio::test]
async fn it_starts_fast_and_idles_small() {
    let begun = Instant::now();
    let edge = edge("{}");
    edge.get("/public/x").await.assert_status(200);
    let (took, resident) = (begun.elapsed(), edge.resident_kib());

    drop(writeln!(
        std::io::stderr(),
        "start to first answer {took:?}, resident {resident} KiB"
    ));
    if !cfg!(debug_assertions) {
        assert!(took.as_millis() < 300, "{took:?}");
        assert!(resident < 40 * 1024, "{resident} KiB");
    }
}

/// What bare Pingora keeps for a connection that asks for nothing is more.
const IDLE_CONNECTION_KIB: u64 = 45;

#[tokio::test]
async fn connections_that_ask_for_nothing_cost_little() {
    let edge = edge("{ connections_per_address: 2000 }");
    let mut wires = Vec::new();
    let mut open = async |n: usize| {
        for _ in 0..n {
            let mut wire = edge.wire().await;
            wire.write(get(&edge, "/public/x", "")).await;
            assert_eq!(wire.read().await.status, 200);
            wires.push(wire);
        }
    };

    open(100).await;
    let before = edge.resident_kib();
    open(500).await;
    let each = edge.resident_kib().saturating_sub(before) / 500;

    assert!(each < IDLE_CONNECTION_KIB, "{each} KiB each");
}

/// A configuration with `n` routes, in files as they are written by hand, and `n / 100` issuers.
fn many_routes(n: usize) -> String {
    let key = r#"{"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let mut yaml = String::from(
        "listeners: [{name: edge, address: '127.0.0.1:9480'}]\n\
         admin: {address: '127.0.0.1:9481'}\ntrusted_issuers:\n",
    );
    for i in 0..n / 100 {
        yaml.push_str(&format!(
            "  - {{issuer: 'https://issuer-{i}.test', jwks: '{{\"keys\": [{key}]}}', algorithms: [EdDSA]}}\n"
        ));
    }
    yaml.push_str("routes:\n");
    for i in 0..n {
        yaml.push_str(&format!(
            "  # What the {i}th application is for, and whom to ask about it.\n  - name: application-{i}\n    \
             host: host-{}.test\n    path: /application-{i}/\n    whoami: true\n    \
             authentication: required\n    issuers: ['https://issuer-{}.test']\n    audience: [api]\n",
            i % 500,
            i % (n / 100),
        ));
    }
    yaml
}

#[tokio::test]
async fn five_thousand_routes_and_fifty_issuers_are_loaded_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::start_in(folder, &many_routes(5000), "info");
    let status = async |path: &str| {
        let mut wire = edge.wire().await;
        let ask = format!("GET {path} HTTP/1.1\r\nHost: host-499.test\r\n\r\n");
        wire.write(ask).await;
        wire.read().await.status
    };
    assert_eq!(status("/application-4999/").await, 401);
    let file = edge.folder.path().join("cellgate.yaml");
    let more = "  - {name: more, path: /more/, whoami: true, authentication: anonymous}\n";
    let yaml = fs::read_to_string(&file).unwrap();
    let yaml = yaml.replacen("routes:\n", &format!("routes:\n{more}"), 1);
    assert!(yaml.len() > 1024 * 1024, "{}", yaml.len());
    fs::write(&file, yaml).unwrap();

    let begun = Instant::now();
    edge.signal("HUP");
    edge.wait_for("configuration loaded");
    let took = begun.elapsed();

    assert_eq!(status("/application-4999/").await, 401);
    assert_eq!(status("/more/").await, 200);
    drop(writeln!(std::io::stderr(), "loaded in {took:?}"));
    if !cfg!(debug_assertions) {
        assert!(took.as_millis() < 1000, "{took:?}");
    }
}
