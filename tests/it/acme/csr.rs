//! Requests for certificates (RFC 2986), as an order is finalized with.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;

/// The key that a certificate is asked for.
pub(super) struct AskedKey(Vec<u8>);

impl PublicKeyData for AskedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Reads a request that is signed by its own key and asks for `name` alone.
pub(super) fn read(der: &[u8], name: &str) -> Option<AskedKey> {
    let (_, request) = X509CertificationRequest::from_der(der).ok()?;
    let info = &request.certification_request_info;
    let point = info.subject_pki.subject_public_key.data.to_vec();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point)
        .verify(info.raw, &request.signature_value.data)
        .ok()?;
    let names = request.requested_extensions()?.find_map(|it| match it {
        ParsedExtension::SubjectAlternativeName(names) => Some(names),
        _ => None,
    })?;
    (names.general_names == [GeneralName::DNSName(name)]).then_some(AskedKey(point))
}
