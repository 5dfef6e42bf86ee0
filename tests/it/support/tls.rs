//! A running Cellgate behind TLS, as in production: `https` issuer, `__Host-` cookies.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use reqwest::Certificate;

use super::Edge;

impl Edge {
    /// As [`Self::start`], with the listener `127.0.0.1:9480` of `yaml` under a certificate of an
    /// authority that its client trusts, and every `http://127.0.0.1:9480` made `https`.
    pub(crate) fn start_with_tls(yaml: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (yaml, authority) = behind_tls(folder.path(), yaml);
        let edge = Self::start_in(folder, &yaml, "info");
        edge.with_site(|site| site.with_tls(authority))
    }
}

/// The file with the authority that has to be trusted, also by the program where it calls out.
pub(super) const AUTHORITY: &str = "authority.pem";

/// `yaml` with its listener behind TLS, with the files of that in `folder`; and the authority that
/// has to be trusted.
pub(super) fn behind_tls(folder: &Path, yaml: &str) -> (String, Certificate) {
    cellgate::server::install_crypto_provider();
    let mut params = CertificateParams::new(vec![]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Another one than the certificate has, which would pass for its own issuer.
    let name = "an authority of the tests";
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("a certificate");
    for (name, pem) in [
        ("edge.cert.pem", certificate.pem()),
        ("edge.key.pem", key.serialize_pem()),
        (AUTHORITY, authority.pem()),
    ] {
        std::fs::write(folder.join(name), pem).expect("it can be written");
    }
    let listener = "address: 127.0.0.1:9480\n    tls:\n      certificates:\n        \
         - certificate_file: edge.cert.pem\n          private_key_file: edge.key.pem";
    let yaml = yaml
        .replacen("address: 127.0.0.1:9480", listener, 1)
        .replace("http://127.0.0.1:9480", "https://127.0.0.1:9480");
    let authority = Certificate::from_pem(authority.pem().as_bytes()).expect("PEM");
    (yaml, authority)
}
