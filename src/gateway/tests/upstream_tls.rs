//! TLS towards upstreams: only the server that was named, vouched for by whom was named.

use std::sync::Arc;

use pingora::tls::{CertificateDer, PrivateKeyDer, ServerConfig, TlsAcceptor};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::AsyncWriteExt as _;

use super::harness::TestGateway;
use super::recorder::Recorder;
use super::tunnel::{SWITCHED, asking};
use crate::gateway::settings::{Upstream, UpstreamTls};

/// An authority of the test's own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Does handshakes with a certificate for `u.test`.
fn acceptor(authority: &CertifiedIssuer<'static, KeyPair>) -> TlsAcceptor {
    pingora::tls::install_default_crypto_provider();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["u.test".to_owned()])
        .unwrap()
        .signed_by(&key, authority)
        .unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// An upstream with a certificate for `u.test`.
async fn upstream(authority: &CertifiedIssuer<'static, KeyPair>) -> Recorder {
    let acceptor = acceptor(authority);
    Recorder::behind(move |stream| {
        let acceptor = acceptor.clone();
        async move { acceptor.accept(stream).await }
    })
    .await
}

fn speak_tls(upstream: &mut Upstream, server: &Recorder, name: &str, ca: Option<String>) {
    upstream.servers = vec![server.address.to_string()];
    upstream.retries = 0;
    upstream.tls = Some(UpstreamTls {
        server_name: name.to_owned(),
        ca_pem: ca.map(String::into_bytes),
        client_certificate: None,
    });
}

#[tokio::test]
async fn only_a_server_with_the_name_and_the_authority_gets_requests() {
    let (ours, theirs) = (authority(), authority());
    let server = upstream(&ours).await;
    for (row, name, ca, status) in [
        ("all right", "u.test", Some(ours.pem()), 200),
        ("other name", "v.test", Some(ours.pem()), 502),
        ("other authority", "u.test", Some(theirs.pem()), 502),
        ("the system's authorities", "u.test", None, 502),
        (
            "one of two authorities",
            "u.test",
            Some(theirs.pem() + &ours.pem()),
            200,
        ),
    ] {
        let before = server.requests().len();
        let gateway = TestGateway::with(|settings| {
            speak_tls(&mut settings.upstreams[0], &server, name, ca);
        })
        .await;
        assert_eq!(gateway.get("/public/x", &[]).await.status, status, "{row}");
        let after = server.requests().len();
        assert_eq!(after - before, usize::from(status == 200), "{row}");
    }
}

/// Pingora's pool knows address and name of a connection, but not by whom it was vouched for.
#[tokio::test]
async fn a_connection_verified_for_one_upstream_is_not_used_for_another() {
    let ours = authority();
    let server = upstream(&ours).await;
    let gateway = TestGateway::with(|settings| {
        let mut strict = settings.upstreams[0].clone();
        strict.name = "strict".to_owned();
        speak_tls(
            &mut settings.upstreams[0],
            &server,
            "u.test",
            Some(ours.pem()),
        );
        speak_tls(&mut strict, &server, "u.test", None);
        settings.upstreams.push(strict);
        for route in &mut settings.routes {
            if route.name == "opt" {
                route.action = crate::gateway::Action::Upstream("strict".to_owned());
            }
        }
    })
    .await;

    assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
    assert_eq!(gateway.get("/opt/x", &[]).await.status, 502);
    assert_eq!(gateway.get("/public/x", &[]).await.status, 200);
}

#[tokio::test]
async fn a_tunnel_is_opened_only_to_a_server_with_the_name_and_the_authority() {
    let (ours, theirs) = (authority(), authority());
    let server = upstream(&ours).await;
    server.answers(SWITCHED.as_bytes());
    for (row, name, ca, status) in [
        ("all right", "u.test", ours.pem(), 101),
        ("other name", "v.test", ours.pem(), 502),
        ("other authority", "u.test", theirs.pem(), 502),
    ] {
        let gateway = TestGateway::with(|settings| {
            speak_tls(&mut settings.upstreams[0], &server, name, Some(ca));
            // Only for requests that are no tunnels.
            settings.upstreams[0].http2 = true;
        })
        .await;
        let answer = gateway.send(asking("/live/x", "")).await;
        assert_eq!(answer.status, status, "{row}");
    }
}

/// E24: what comes before the handshake was vouched for by nobody.
#[tokio::test]
async fn what_an_upstream_says_before_the_handshake_is_no_answer() {
    let ours = authority();
    let acceptor = acceptor(&ours);
    let server = Recorder::behind(move |mut stream| {
        let acceptor = acceptor.clone();
        async move {
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
            stream.write_all(answer).await?;
            acceptor.accept(stream).await
        }
    })
    .await;
    let gateway = TestGateway::with(|settings| {
        let upstream = &mut settings.upstreams[0];
        speak_tls(upstream, &server, "u.test", Some(ours.pem()));
    })
    .await;

    let answer = gateway.get("/public/x", &[]).await;

    assert_eq!(answer.status, 502);
    assert!(!answer.body.contains("evil"), "{answer:?}");
    assert!(server.requests().is_empty());
}
