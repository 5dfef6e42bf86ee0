//! Cells behind TLS, with a certificate of an authority of its own.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::{Login, NOW, PASSWORD, PATIENT, Secret, SignInError, StandIn, Switches, settings};
use crate::users::UserDirectory as _;
use crate::users::cells::CellsDirectory;

/// Puts TLS in front of `upstream`, for `localhost`. Returns the URL and the certificate.
async fn terminate_tls(upstream: String) -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}/",
        listener.local_addr().unwrap().port()
    );
    tokio::spawn(async move {
        while let Ok((stream, _peer)) = listener.accept().await {
            if let Ok(mut outside) = acceptor.accept(stream).await {
                let mut inside = TcpStream::connect(&upstream).await.unwrap();
                drop(copy_bidirectional(&mut outside, &mut inside).await);
            }
        }
    });
    (url, cert.pem())
}

#[tokio::test]
async fn an_authority_is_trusted_only_if_it_was_named() {
    let cells = StandIn::start(Switches::default()).await.unwrap();
    let address = cells.url().replace("http://", "").replace('/', "");
    let mut settings = settings("https://replaced.example/", PATIENT);
    let (url, certificate) = terminate_tls(address).await;
    settings.url = url.parse().unwrap();
    let (alice, password) = (Login::parse("alice").unwrap(), Secret::new(PASSWORD));

    let untrusting = CellsDirectory::new(&settings).unwrap();
    let refused = untrusting.check_password(&alice, &password, NOW).await;
    settings.ca_pem = Some(certificate.into_bytes());
    let trusting = CellsDirectory::new(&settings).unwrap();
    let signed_in = trusting.check_password(&alice, &password, NOW).await;

    assert!(matches!(
        refused,
        Err(SignInError::Unavailable("no connection"))
    ));
    assert_eq!(signed_in.unwrap().user.login, "alice");
    assert_eq!(
        cells.n_sign_ins(),
        1,
        "no password before the certificate is good"
    );
}
