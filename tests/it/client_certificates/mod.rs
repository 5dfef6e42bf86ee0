//! Certificates of those who connect, over real handshakes: whose are taken, where one is needed, and
//! what upstreams are told.

mod fixture;
mod pairs;
mod upstreams;

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::HandshakeKind;
use serde_json::{Value, json};

use crate::support::{ForeignIssuer, component};
use fixture::{Fixture, ask, connect};
use pairs::{Pair, authority};

#[tokio::test]
async fn a_listener_that_requires_certificates_ends_the_handshake_without_a_good_one() {
    let fixture = Fixture::start("required");
    let foreign = authority();
    let good = Pair::of_client(&fixture.client_authority, "backup");
    let expired = Pair::new(&fixture.client_authority, &["a.test"], |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let of_a_server = Pair::new(&fixture.client_authority, &["a.test"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let of_a_stranger = Pair::of_client(&foreign, "backup");
    for version in rustls::ALL_VERSIONS {
        for (row, shown, passes) in [
            ("good", Some(&good), true),
            ("none", None, false),
            ("expired", Some(&expired), false),
            ("of a server", Some(&of_a_server), false),
            ("of another authority", Some(&of_a_stranger), false),
        ] {
            let config = fixture.client(shown, &[version]);
            let got = async {
                let mut stream = connect(&fixture, config, "one.test").await?;
                ask(&mut stream, "one.test", "/ignores", "").await
            };
            let status = got.await.ok().map(|got| got.status);
            assert_eq!(status, passes.then_some(200), "{row}, {version:?}");
        }
    }
    let metrics = fixture.edge.admin("/metrics").await.body;
    let refused = metrics.lines().find(|line| {
        line.starts_with("cellgate_connections_refused_total") && line.contains("\"tls\"")
    });
    assert!(
        refused.is_some_and(|line| line.ends_with(" 8")),
        "{metrics}"
    );
}

/// Where the handshake only asks, the route refuses, and says why.
#[tokio::test]
async fn a_route_that_needs_a_certificate_refuses_with_a_reason() {
    let fixture = Fixture::start("optional");
    let backup = Pair::of_client(&fixture.client_authority, "backup");
    let sales = Pair::of_client(&fixture.client_authority, "sales");
    for (path, shown, status, detail) in [
        ("/ignores", None, 200, ""),
        ("/told", None, 200, ""),
        ("/closed", Some(&backup), 200, ""),
        ("/closed", Some(&sales), 200, ""),
        (
            "/closed",
            None,
            403,
            "A client certificate is required here, and none was presented.",
        ),
        ("/listed", Some(&backup), 200, ""),
        (
            "/listed",
            Some(&sales),
            403,
            "The client certificate presented is not accepted here.",
        ),
        (
            "/listed",
            None,
            403,
            "A client certificate is required here, and none was presented.",
        ),
    ] {
        let got = fixture
            .get("one.test", shown, "one.test", path)
            .await
            .unwrap();
        let row = format!("{path} {:?} {got:?}", shown.map(Pair::thumbprint));
        assert_eq!(got.status, status, "{row}");
        assert_eq!(
            got.body["detail"].as_str().unwrap_or_default(),
            detail,
            "{row}"
        );
        assert_eq!(
            got.head.contains("application/problem+json"),
            status == 403,
            "{row}"
        );
    }
    // A bad certificate is none that could be left out of account.
    let stranger = Pair::of_client(&authority(), "backup");
    let refused = fixture
        .get("one.test", Some(&stranger), "one.test", "/ignores")
        .await;
    assert!(refused.is_err(), "{refused:?}");
    let log = fixture.edge.log();
    assert!(
        log.contains("\"reason\":\"no_client_certificate\""),
        "{log}"
    );
}

/// K13: what the upstream is told is ours, whatever a client writes.
#[tokio::test]
async fn upstreams_are_told_of_the_certificate_and_of_no_other() {
    let fixture = Fixture::start("optional");
    let shown = Pair::of_client(&fixture.client_authority, "backup");
    let told = fixture
        .get("one.test", Some(&shown), "one.test", "/told")
        .await
        .unwrap();
    let whole = base64::engine::general_purpose::STANDARD.encode(shown.certificate.der());
    for (name, value) in [
        ("x-subject", "OU=backup,O=Example\\, Inc.,CN=Zo%C3%AB"),
        ("x-common-name", "Zo%C3%AB"),
        ("x-hosts", "laptop.clients.test"),
        ("x-print", &shown.thumbprint()),
        ("client-cert", &format!(":{whole}:")),
    ] {
        assert_eq!(told.header(name), Some(value), "{name}: {told:?}");
    }
    assert!(
        told.header("x-serial")
            .is_some_and(|serial| !serial.is_empty()),
        "{told:?}"
    );

    let forged = "X-Subject: CN=root\r\nX_Subject: CN=root\r\nClient-Cert: :AAAA:\r\n\
                  Client-Cert-Chain: :AAAA:\r\nX-Client-Cert: x\r\nX-Serial: 1\r\n";
    for (row, host, path, shown) in [
        ("nobody", "one.test", "/told", None),
        (
            "a route that does not look",
            "one.test",
            "/ignores",
            Some(&shown),
        ),
    ] {
        let mut stream = fixture.connect(host, shown).await.unwrap();
        let got = ask(&mut stream, host, path, forged).await.unwrap();
        assert_eq!(got.status, 200, "{row}");
        let headers = got.body["headers"].to_string();
        for name in ["subject", "client-cert", "x-serial", "x-print"] {
            assert!(!headers.contains(name), "{row}: {name} in {headers}");
        }
    }
}

/// B17, G16, M02: one connection is for one host where certificates matter.
#[tokio::test]
async fn a_request_for_another_host_than_the_handshakes_is_misdirected() {
    let fixture = Fixture::start("optional");
    let shown = Pair::of_client(&fixture.client_authority, "backup");
    for (name, host, path, status) in [
        ("one.test", "one.test", "/closed", 200),
        ("ONE.test", "one.test", "/closed", 200),
        ("one.test", "ONE.test.:443", "/closed", 200),
        ("two.test", "two.test", "/", 200),
        ("two.test", "one.test", "/closed", 421),
        ("two.test", "one.test", "/ignores", 421),
        ("one.test", "two.test", "/", 421),
        // Nothing was named, and everybody is asked for the same certificates.
        ("127.0.0.1", "one.test", "/closed", 200),
        ("127.0.0.1", "two.test", "/", 200),
    ] {
        let got = fixture.get(name, Some(&shown), host, path).await.unwrap();
        assert_eq!(got.status, status, "{name} {host}{path}: {got:?}");
    }

    let mut config = fixture.client(Some(&shown), rustls::ALL_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = connect(&fixture, config, "two.test").await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    for (url, status) in [("https://two.test/", 200), ("https://one.test/closed", 421)] {
        let request = http::Request::get(url).body(()).unwrap();
        let (answer, _) = client.send_request(request, true).unwrap();
        assert_eq!(answer.await.unwrap().status(), status, "{url}");
        client = client.ready().await.unwrap();
    }
}

/// M04: a session that is resumed would carry a certificate past its end.
#[tokio::test]
async fn no_session_is_resumed_where_certificates_are_asked_for() {
    let fixture = Fixture::start("optional");
    let shown = Pair::of_client(&fixture.client_authority, "backup");
    for version in rustls::ALL_VERSIONS {
        let config = fixture.client(Some(&shown), &[version]);
        for _ in 0..2 {
            // One configuration: its cache of sessions is the same.
            let mut stream = connect(&fixture, config.clone(), "one.test").await.unwrap();
            let got = ask(&mut stream, "one.test", "/closed", "").await.unwrap();
            assert_eq!(got.status, 200, "{version:?}");
            let kind = stream.get_ref().1.handshake_kind();
            assert_eq!(kind, Some(HandshakeKind::Full), "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_reload_takes_another_authority_and_drops_nobody() {
    let fixture = Fixture::start("required");
    let (old, next) = (&fixture.client_authority, authority());
    let (of_old, of_next) = (
        Pair::of_client(old, "backup"),
        Pair::of_client(&next, "backup"),
    );
    let mut open = fixture.connect("one.test", Some(&of_old)).await.unwrap();
    let config = fixture.edge.folder.path().join("clients.pem");

    fs::write(&config, next.pem()).unwrap();
    fixture.edge.signal("HUP");
    fixture.edge.wait_for("configuration loaded");

    let refused = fixture
        .get("one.test", Some(&of_old), "one.test", "/closed")
        .await;
    assert!(refused.is_err(), "{refused:?}");
    let taken = fixture
        .get("one.test", Some(&of_next), "one.test", "/closed")
        .await;
    assert_eq!(taken.unwrap().status, 200);
    let went_on = ask(&mut open, "one.test", "/closed", "").await.unwrap();
    assert_eq!(went_on.status, 200);

    // M03: never is nobody asked because the file cannot be used.
    fs::write(&config, "nothing").unwrap();
    fixture.edge.signal("HUP");
    fixture.edge.wait_for("configuration refused");
    let refused = fixture.get("one.test", None, "one.test", "/ignores").await;
    assert!(refused.is_err(), "{refused:?}");
}

/// The client that everybody has.
#[tokio::test]
async fn openssl_shows_its_certificate() {
    let Some(openssl) = component("openssl") else {
        return;
    };
    let fixture = Fixture::start("required");
    let folder = fixture.edge.folder.path();
    Pair::of_client(&fixture.client_authority, "backup").write(folder, "client");
    fs::write(folder.join("ca.pem"), fixture.server_authority.pem()).unwrap();
    let said = |arguments: &[&str]| {
        let mut process = Command::new(&openssl)
            .args([
                "s_client",
                "-quiet",
                "-verify_return_error",
                "-CAfile",
                "ca.pem",
            ])
            .args(["-servername", "one.test", "-connect"])
            .arg(fixture.edge.address.to_string())
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let request = b"GET /closed HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n";
        // It may have been refused already.
        drop(process.stdin.take().unwrap().write_all(request));
        let output = process.wait_with_output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };

    let with = said(&["-cert", "client.cert.pem", "-key", "client.key.pem"]);
    assert!(with.contains("HTTP/1.1 200"), "{with}");
    let without = said(&[]);
    assert!(!without.contains("HTTP/1.1"), "{without}");
    assert!(without.contains("certificate required"), "{without}");
}

/// RFC 8705 §3, K13: a token that is bound to a certificate counts with that one alone.
#[tokio::test]
async fn a_token_of_an_issuer_counts_only_with_the_certificate_it_is_bound_to() {
    let key = ForeignIssuer::key();
    let issuer = ForeignIssuer::with(&key).await;
    let routes = format!(
        "trusted_issuers:
  - {{issuer: '{}', discovery: openid, algorithms: [ES256], audience: [api]}}
routes:
  - {{name: api, path: /api, whoami: true}}
",
        issuer.name
    );
    let fixture = Fixture::start_with("optional", &routes, |_| {});
    let bound = Pair::of_client(&fixture.client_authority, "backup");
    let other = Pair::of_client(&fixture.client_authority, "backup");
    let print = bound.thumbprint();
    let now = u64::try_from(chrono::Utc::now().timestamp()).unwrap();
    let token = |cnf: Value| issuer.token_with(&key, now, 600, &json!({ "cnf": cnf }));
    let by_certificate = token(json!({ "x5t#S256": print }));
    let by_key = token(json!({ "jkt": print }));
    let by_both = token(json!({ "x5t#S256": print, "jkt": print }));
    for (row, token, shown, status) in [
        ("bound", &by_certificate, Some(&bound), 200),
        (
            "the same again, remembered",
            &by_certificate,
            Some(&bound),
            200,
        ),
        ("another certificate", &by_certificate, Some(&other), 401),
        ("none", &by_certificate, None, 401),
        ("bound, after others", &by_certificate, Some(&bound), 200),
        ("a key", &by_key, Some(&bound), 401),
        ("a key besides", &by_both, Some(&bound), 401),
    ] {
        let mut stream = fixture.connect("one.test", shown).await.unwrap();
        let fields = format!(
            "Authorization: Bearer {token}\r\nX-Client-Cert: {print}\r\nClient-Cert: :AAAA:\r\n"
        );
        let got = ask(&mut stream, "one.test", "/api", &fields).await.unwrap();
        assert_eq!(got.status, status, "{row}: {got:?}");
        let is_challenged = got.head.contains("error=\"invalid_token\"");
        assert_eq!(is_challenged, status == 401, "{row}: {got:?}");
    }
}
