//! Which certificate is shown, and which cannot be.

use super::testing::certificate;
use super::*;
use crate::secret::Secret;

fn parse(certificates: &[CertificatePem]) -> Result<CertificateSet, TlsError> {
    CertificateSet::parse(&ListenerTls {
        certificates: certificates.to_vec(),
        acme_names: Vec::new(),
        client_certificates: None,
    })
}

#[test]
fn the_certificate_is_chosen_by_name() {
    let set = parse(&[
        certificate(&["default.test"]),
        certificate(&["*.apps.test"]),
        certificate(&["one.apps.test", "other.test"]),
    ])
    .unwrap();
    let serial = |name| names(set.find(name).unwrap()).join(" ");

    for (name, sni, expected) in [
        ("no name", None, "default.test"),
        ("unknown", Some("elsewhere.test"), "default.test"),
        ("exact", Some("other.test"), "one.apps.test other.test"),
        (
            "exact before wildcard",
            Some("one.apps.test"),
            "one.apps.test other.test",
        ),
        ("wildcard", Some("two.apps.test"), "*.apps.test"),
        ("one label only", Some("a.b.apps.test"), "default.test"),
        ("the bare domain", Some("apps.test"), "default.test"),
        (
            "letter case",
            Some("OTHER.Test"),
            "one.apps.test other.test",
        ),
        (
            "trailing dot",
            Some("other.test."),
            "one.apps.test other.test",
        ),
    ] {
        assert_eq!(serial(sni), expected, "{name}");
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_its_number() {
    let good = certificate(&["a.test"]);
    let other = certificate(&["b.test"]);
    let mixed = CertificatePem {
        chain: good.chain.clone(),
        key: other.key,
    };
    let no_key = CertificatePem {
        chain: good.chain.clone(),
        key: Secret::new(String::from_utf8(good.chain.clone()).unwrap()),
    };
    let no_chain = CertificatePem {
        chain: b"not a certificate".to_vec(),
        key: good.key.clone(),
    };
    let broken = CertificatePem {
        chain: good.chain.get(..good.chain.len() / 2).unwrap().to_vec(),
        key: good.key.clone(),
    };
    let error = |second: CertificatePem| parse(&[good.clone(), second]).unwrap_err().to_string();

    assert!(error(mixed).starts_with("certificate 2: the key is not the certificate's"));
    assert!(error(no_key).starts_with("certificate 2: the key file holds no"));
    assert!(error(no_chain).starts_with("certificate 2: the chain is not"));
    assert!(error(broken).starts_with("certificate 2: the chain is not"));
    assert!(matches!(parse(&[]), Err(TlsError::NoCertificate)));
}

#[test]
fn where_certificates_are_ordered_there_may_be_none_yet() {
    let set = CertificateSet::parse(&ListenerTls {
        certificates: Vec::new(),
        acme_names: vec!["a.test".to_owned()],
        client_certificates: None,
    });

    let set = set.unwrap();
    assert!(set.find(None).is_none());
    assert!(set.find(Some("a.test")).is_none());
}
