//! What a CA does to find out whether a name is somebody's.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::support::Wire;

/// Takes any certificate, to look at it.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        check_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        check_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = default_provider().signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

/// The library's own check takes no certificate with an extension that it does not know.
fn check_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let refused = || Error::General("not signed by the key of the certificate".to_owned());
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| refused())?;
    let point = &certificate.public_key().subject_public_key.data;
    if signed.scheme != SignatureScheme::ECDSA_NISTP256_SHA256 {
        return Err(refused());
    }
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(message, signed.signature())
        .map(|()| HandshakeSignatureValid::assertion())
        .map_err(|_| refused())
}

/// Shakes hands with whoever is at `address`, whatever certificate is shown for `name`.
pub(super) async fn shake_hands(
    address: SocketAddr,
    name: &str,
    alpn: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    cellgate::server::install_crypto_provider();
    let mut config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// The certificate that was shown.
pub(super) fn shown(stream: &TlsStream<TcpStream>) -> Vec<u8> {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// RFC 8555 §8.3: why `name`, which leads to `address`, is not proven.
pub(super) async fn by_http(
    address: SocketAddr,
    name: &str,
    token: &str,
    authorization: &str,
) -> Result<(), String> {
    let mut wire = Wire::connect(address).await;
    wire.write(format!(
        "GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: {name}\r\n\r\n"
    ))
    .await;
    let answer = wire.read().await;
    if answer.status != 200 {
        return Err(format!("the answer was {}", answer.status));
    }
    match answer.body == authorization.as_bytes() {
        true => Ok(()),
        false => Err(format!("not the key authorization: {answer:?}")),
    }
}

/// RFC 8737 §3: why `name`, which leads to `address`, is not proven.
pub(super) async fn by_tls(address: SocketAddr, name: &str, digest: &[u8]) -> Result<(), String> {
    let stream = shake_hands(address, name, &[b"acme-tls/1"]).await;
    let mut stream = stream.map_err(|error| error.to_string())?;
    if stream.get_ref().1.alpn_protocol() != Some(b"acme-tls/1") {
        return Err("another protocol".to_owned());
    }
    let der = shown(&stream);
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| error.to_string())?;
    if certificate.issuer() != certificate.subject() {
        return Err("not self-signed".to_owned());
    }
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    if names.value.general_names != [GeneralName::DNSName(name)] {
        return Err(format!("for {:?}", names.value.general_names));
    }
    let mut extensions = certificate.extensions().iter();
    let identifier = extensions.find(|it| it.oid.to_id_string() == "1.3.6.1.5.5.7.1.31");
    let identifier = identifier.ok_or("no acmeIdentifier")?;
    // An OCTET STRING of 32 bytes, in DER.
    if !identifier.critical || identifier.value != [&[4, 32], digest].concat() {
        return Err("another acmeIdentifier".to_owned());
    }
    // RFC 8737 §3: nothing is served after the handshake.
    match stream.read(&mut [0]).await {
        Ok(0) => Ok(()),
        other => Err(format!("the connection goes on: {other:?}")),
    }
}
