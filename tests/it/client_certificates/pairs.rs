//! Authorities, and certificates of theirs with their keys.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(super) type Authority = CertifiedIssuer<'static, KeyPair>;

pub(super) fn authority() -> Authority {
    cellgate::server::install_crypto_provider();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate for self-signed whose issuer has the name of its holder.
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "an authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate with its key.
pub(super) struct Pair {
    pub(super) certificate: rcgen::Certificate,
    pub(super) key: KeyPair,
}

impl Pair {
    pub(super) fn new(
        authority: &Authority,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, authority).unwrap();
        Self { certificate, key }
    }

    /// One that a client has, of this unit of an organization.
    pub(super) fn of_client(authority: &Authority, unit: &str) -> Self {
        Self::new(authority, &["laptop.clients.test"], |params| {
            let subject = &mut params.distinguished_name;
            subject.push(DnType::OrganizationName, "Example, Inc.");
            subject.push(DnType::OrganizationalUnitName, unit);
            subject.push(DnType::CommonName, "Zoë");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    }

    pub(super) fn der(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let chain = vec![CertificateDer::from(self.certificate.der().to_vec())];
        (
            chain,
            PrivateKeyDer::try_from(self.key.serialize_der()).unwrap(),
        )
    }

    pub(super) fn thumbprint(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.certificate.der());
        URL_SAFE_NO_PAD.encode(digest)
    }

    pub(super) fn write(&self, folder: &Path, name: &str) {
        let (certificate, key) = (self.certificate.pem(), self.key.serialize_pem());
        fs::write(folder.join(format!("{name}.cert.pem")), certificate).unwrap();
        fs::write(folder.join(format!("{name}.key.pem")), key).unwrap();
    }
}
