//! A running Cellgate behind TLS, as in production: `https` issuer, `__Host-` cookies.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::Certificate;

use super::Edge;
use super::edge::client;

impl Edge {
    /// As [`Self::start`], with the listener `127.0.0.1:9480` of `yaml` under a certificate of an
    /// authority that [`Self::http`] trusts, and every `http://127.0.0.1:9480` made `https`.
    pub(crate) fn start_with_tls(yaml: &str) -> Self {
        cellgate::server::install_crypto_provider();
        let mut params = CertificateParams::new(vec![]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let names = vec!["127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .and_then(|params| params.signed_by(&key, &authority))
            .expect("a certificate");

        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, pem) in [
            ("edge.cert.pem", certificate.pem()),
            ("edge.key.pem", key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(name), pem).expect("it can be written");
        }
        let listener = "address: 127.0.0.1:9480\n    tls:\n      certificates:\n        \
             - certificate_file: edge.cert.pem\n          private_key_file: edge.key.pem";
        let yaml = yaml
            .replacen("address: 127.0.0.1:9480", listener, 1)
            .replace("http://127.0.0.1:9480", "https://127.0.0.1:9480");
        let mut edge = Self::start_in(folder, &yaml, "info");
        let trusted = Certificate::from_pem(authority.pem().as_bytes()).expect("PEM");
        edge.scheme = "https";
        edge.http = client(|builder| builder.tls_certs_only([trusted]));
        edge
    }
}
