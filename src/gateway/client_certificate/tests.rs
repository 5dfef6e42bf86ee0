//! What certificates say, and which are meant. The handshakes are in `tests/it/client_certificates.rs`.

use rcgen::string::Ia5String;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};

use super::hosts::AskingHosts;
use super::*;
use crate::gateway::route::Routes;
use crate::gateway::settings::Route;
use crate::gateway::tests::support::{route, verified};
use crate::secret::Digest;

/// The last second of the certificates of these tests.
const END: u64 = 1_798_761_600;

fn shown(change: impl FnOnce(&mut CertificateParams)) -> ClientCertificate {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    ClientCertificate::parse(params.self_signed(&key).unwrap().der()).unwrap()
}

fn named(names: &[SanType]) -> ClientCertificate {
    shown(|params| params.subject_alt_names = names.to_vec())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(Ia5String::try_from(name).unwrap())
}

fn hosts(names: &[&str]) -> CertificateConditions {
    CertificateConditions {
        dns_names: names.iter().map(ToString::to_string).collect(),
        ..CertificateConditions::default()
    }
}

/// M05: names are compared whole, and none stands for another.
#[test]
fn a_host_name_is_the_one_that_stands_there() {
    let by_address = SanType::IpAddress([192, 0, 2, 1].into());
    let common_name = shown(|params| {
        let subject = &mut params.distinguished_name;
        subject.push(DnType::CommonName, "a.test");
    });
    for (row, certificate, wanted, is_met) in [
        ("the name", named(&[dns("a.test")]), "a.test", true),
        ("letter case", named(&[dns("A.Test")]), "a.test", true),
        (
            "one of two",
            named(&[dns("b.test"), dns("a.test")]),
            "a.test",
            true,
        ),
        ("NUL", named(&[dns("a.test\0.evil.test")]), "a.test", false),
        ("a space", named(&[dns("a.test ")]), "a.test", false),
        ("below", named(&[dns("x.a.test")]), "a.test", false),
        ("a wildcard shown", named(&[dns("*.test")]), "a.test", false),
        ("a wildcard wanted", named(&[dns("a.test")]), "*.test", true),
        ("two labels", named(&[dns("a.b.test")]), "*.test", false),
        ("none", named(&[dns("test")]), "*.test", false),
        (
            "a wildcard for a wildcard",
            named(&[dns("*.test")]),
            "*.test",
            true,
        ),
        (
            "a wildcard below",
            named(&[dns("*.a.test")]),
            "*.a.test",
            true,
        ),
        ("common name only", common_name, "a.test", false),
        ("an address", named(&[by_address]), "192.0.2.1", false),
    ] {
        assert_eq!(hosts(&[wanted]).are_met_by(&certificate), is_met, "{row}");
    }
}

#[test]
fn of_every_list_one_entry_must_fit() {
    let mail = SanType::Rfc822Name(Ia5String::try_from("ops@a.test").unwrap());
    let uri = SanType::URI(Ia5String::try_from("spiffe://a.test/backup").unwrap());
    let certificate = shown(|params| {
        let subject = &mut params.distinguished_name;
        subject.push(DnType::OrganizationName, "Example");
        subject.push(DnType::OrganizationalUnitName, "backup");
        subject.push(DnType::CommonName, "one");
        params.subject_alt_names = vec![mail, uri];
    });
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let all = CertificateConditions {
        common_names: texts(&["two", "one"]),
        organizations: texts(&["Example"]),
        organizational_units: texts(&["backup"]),
        dns_names: vec![],
        emails: texts(&["ops@a.test"]),
        uris: texts(&["spiffe://a.test/backup"]),
        thumbprints: vec![*certificate.thumbprint()],
    };
    assert!(all.are_met_by(&certificate));
    let changes: [fn(&mut CertificateConditions); 7] = [
        |all| all.common_names = vec!["One".to_owned()],
        |all| all.organizations = vec!["Example ".to_owned()],
        |all| all.organizational_units = vec!["back".to_owned()],
        |all| all.dns_names = vec!["a.test".to_owned()],
        |all| all.emails = vec!["a.test".to_owned()],
        |all| all.uris = vec!["spiffe://a.test/".to_owned()],
        |all| all.thumbprints = vec![Digest::of(b"another")],
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut other = all.clone();
        change(&mut other);
        assert!(!other.are_met_by(&certificate), "{n}");
    }
}

/// RFC 4514 §2.4: nobody writes a second part into the first.
#[test]
fn a_name_cannot_claim_parts_that_it_does_not_have() {
    for (common_name, expected) in [
        ("plain", "CN=plain,O=Example"),
        ("x,O=Admins", "CN=x\\,O\\=Admins,O=Example"),
        ("x+UID=0", "CN=x\\+UID\\=0,O=Example"),
        (" \"#\\ ", "CN=\\ \\\"#\\\\\\ ,O=Example"),
        ("#x", "CN=\\#x,O=Example"),
        ("a\0b", "CN=a\\00b,O=Example"),
    ] {
        let certificate = shown(|params| {
            let subject = &mut params.distinguished_name;
            subject.push(DnType::OrganizationName, "Example");
            subject.push(DnType::CommonName, common_name);
        });
        assert_eq!(certificate.subject(), Some(expected));
    }
}

#[test]
fn what_is_no_certificate_is_none() {
    assert!(ClientCertificate::parse(b"").is_none());
    assert!(ClientCertificate::parse(b"\x30\x03\x02\x01\x01").is_none());
}

/// A connection may outlive what it was opened with.
#[test]
fn a_certificate_that_ends_while_the_connection_goes_on_counts_no_longer() {
    let certificate = shown(|_| {});
    let required = CertificateUse::Required(Arc::default());
    let at = |now| required.check(Some(&certificate), Timestamp::from_secs(now));
    assert_eq!(at(END), Ok(()));
    assert_eq!(at(END + 1), Err(CertificateError::Ended));

    let bound = Verified {
        bound_to: Some(*certificate.thumbprint()),
        ..verified()
    };
    let binding = |now| check_binding(&bound, Some(&certificate), Timestamp::from_secs(now));
    assert!(binding(END).is_ok());
    assert!(binding(END + 1).is_err());
}

#[test]
fn a_route_that_does_not_look_takes_anybody() {
    let now = Timestamp::from_secs(END);
    for lax in [CertificateUse::Ignore, CertificateUse::Optional] {
        assert_eq!(lax.check(None, now), Ok(()));
    }
    let required = CertificateUse::Required(Arc::default());
    assert_eq!(required.check(None, now), Err(CertificateError::Missing));
}

#[test]
fn a_connection_is_for_one_host_where_certificates_matter() {
    let asking = |host: &str| Route {
        client_certificate: CertificateUse::Required(Arc::default()),
        ..route(host).host(host).build()
    };
    let routes = [
        asking("a.test"),
        asking("*.w.test"),
        route("open").host("open.test").build(),
    ];
    let hosts = AskingHosts::of(&Routes::new(&routes));
    for (name, host, is_right) in [
        (Some("a.test"), "a.test", true),
        (Some("A.test."), "a.test", true),
        (Some("open.test"), "other.test", true),
        (Some("open.test"), "a.test", false),
        (Some("a.test"), "open.test", false),
        (Some("x.w.test"), "open.test", false),
        (Some("open.test"), "x.y.w.test", false),
        (Some("w.test"), "open.test", true),
        (None, "a.test", true),
    ] {
        let checked = hosts.check(&ClientHandshake::new(name, None), host);
        assert_eq!(checked.is_ok(), is_right, "{name:?} {host}");
    }
    let anywhere = Route {
        client_certificate: CertificateUse::Optional,
        ..route("r").build()
    };
    let hosts = AskingHosts::of(&Routes::new(&[anywhere]));
    let handshake = ClientHandshake::new(Some("open.test"), None);
    assert!(hosts.check(&handshake, "other.test").is_err());
}
