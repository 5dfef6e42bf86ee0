//! What is said of the files that a configuration names.

use std::time::Duration;

use tempfile::TempDir;

use super::demo_config;
use crate::config::Config;
use crate::issuers::{KeySource, Transport, TrustedIssuer};
use crate::jose::{Terms, VerificationAlgorithm};
use crate::model::Timestamp;
use crate::secret::Secret;
use crate::server::settings::{CertificatePem, ClientCertificates, ListenerTls};
use crate::server::tls::testing;
use crate::server::{Finding, Severity, inspect, install_crypto_provider};
use crate::users::{self, CellsSettings};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// What is found in the demo with `change`, as lines `severity key: reason`.
fn found(change: impl FnOnce(&mut Config)) -> Vec<String> {
    install_crypto_provider();
    let folder = TempDir::new().unwrap();
    let mut config = demo_config(folder.path());
    change(&mut config);
    let line = |found: Finding| format!("{:?} {}: {}", found.severity, found.at, found.reason);
    inspect(&config, NOW).into_iter().map(line).collect()
}

fn with_certificates(certificates: Vec<CertificatePem>) -> impl FnOnce(&mut Config) {
    |config| {
        config.listeners[0].tls = Some(ListenerTls {
            certificates,
            client_certificates: None,
            acme_names: Vec::new(),
        });
    }
}

/// A certificate for `a.test` from one year to another.
fn valid(from: (i32, u8, u8), until: (i32, u8, u8)) -> CertificatePem {
    let mut params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
    params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
    let key = rcgen::KeyPair::generate().unwrap();
    CertificatePem {
        chain: params.self_signed(&key).unwrap().pem().into_bytes(),
        key: Secret::new(key.serialize_pem()),
    }
}

#[test]
fn a_good_configuration_has_nothing_to_be_said_of() {
    assert_eq!(found(|_| ()), Vec::<String>::new());
    let good = with_certificates(vec![testing::certificate(&["a.test"])]);
    assert_eq!(found(good), Vec::<String>::new());
}

/// The present of these tests is the 15th of January 2027.
#[test]
fn certificates_are_held_against_the_clock() {
    let at = "listeners[0].tls.certificates[0].certificate_file: names a certificate that";
    for (certificate, expected) in [
        (
            valid((2026, 1, 1), (2027, 1, 10)),
            "Untimely {at} expired on 2027-01-10",
        ),
        (
            valid((2027, 2, 1), (2028, 1, 1)),
            "Untimely {at} is not valid before 2027-02-01",
        ),
        (
            valid((2026, 1, 1), (2027, 1, 20)),
            "Doubtful {at} expires on 2027-01-20",
        ),
    ] {
        let found = found(with_certificates(vec![certificate]));

        let expected = expected.replace("{at}", at);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&expected), "{found:?}");
    }
}

#[test]
fn each_file_that_cannot_be_used_is_named_by_its_key() {
    let good = testing::certificate(&["a.test"]);
    let other = testing::certificate(&["a.test"]);
    let pem = |chain: &[u8], key: &str| CertificatePem {
        chain: chain.to_vec(),
        key: Secret::new(key.to_owned()),
    };
    let chain = good.chain.as_slice();
    let half = &chain[..chain.len() / 2];
    let found = found(with_certificates(vec![
        pem(chain, other.key.expose()),
        pem(chain, "no key"),
        pem(b"no certificate", good.key.expose()),
        pem(half, good.key.expose()),
    ]));

    let keys: Vec<&str> = found
        .iter()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    let at = |n: usize, key: &str| format!("Unusable listeners[0].tls.certificates[{n}].{key}");
    assert_eq!(
        keys,
        [
            at(0, "private_key_file"),
            at(1, "private_key_file"),
            at(2, "certificate_file"),
            at(3, "certificate_file"),
        ]
    );
}

#[test]
fn hosts_that_no_certificate_is_for_are_named_once() {
    let found = found(|config| {
        with_certificates(vec![testing::certificate(&["a.test", "*.b.test"])])(config);
        let hosts = ["a.test", "x.b.test", "c.test", "c.test", "*.b.test"];
        let route = config.gateway.routes[0].clone();
        config.gateway.routes = hosts
            .map(|host| crate::gateway::Route {
                host: Some(host.to_owned()),
                ..route.clone()
            })
            .to_vec();
    });

    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("Doubtful routes[2].host: is at c.test"),
        "{found:?}"
    );
}

#[test]
fn severities_are_told_apart() {
    use crate::server::inspection::settle;
    let expired = vec![valid((2020, 1, 1), (2021, 1, 1))];
    let folder = TempDir::new().unwrap();
    let mut config = demo_config(folder.path());
    with_certificates(expired)(&mut config);
    let found = inspect(&config, NOW);

    assert!(settle(&found, |severity| severity != Severity::Doubtful).is_err());
    assert!(settle(&found, |severity| severity == Severity::Unusable).is_ok());
}

/// The key to change is the one that has the keys or names their file.
#[test]
fn keys_of_an_issuer_that_cannot_be_used_are_named_by_the_key_that_has_them() {
    const USELESS: &str = r#"{"keys": [{"kty": "oct"}]}"#;
    for (keys, expected) in [
        (
            KeySource::File(USELESS.to_owned()),
            "Unusable trusted_issuers[0].jwks_file: names a key set that cannot be used: ",
        ),
        (
            KeySource::Written(USELESS.to_owned()),
            "Unusable trusted_issuers[0].jwks: is a key set that cannot be used: ",
        ),
    ] {
        let found = found(|config| {
            config.trusted_issuers = vec![TrustedIssuer {
                issuer: "https://foreign.example/".to_owned(),
                algorithms: vec![VerificationAlgorithm::Rs256],
                terms: Terms {
                    claims: Vec::new(),
                    types: Vec::new(),
                    leeway: Duration::ZERO,
                    audience: Vec::new(),
                },
                keys,
                sign_in_clients: Vec::new(),
                introspection: None,
                transport: Transport {
                    timeout: Duration::from_secs(1),
                    ca_pem: None,
                },
            }];
        });

        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(expected), "{found:?}");
    }
}

/// An operator should choose it, not find it out.
#[test]
fn cells_without_a_service_token_is_doubtful() {
    let cells = |service_token: Option<&'static str>| {
        move |config: &mut Config| {
            config.users = Some(users::Settings::Cells(CellsSettings {
                url: "https://cells.internal/".parse().unwrap(),
                host: None,
                ca_pem: None,
                service_token: service_token.map(Secret::new),
                client: None,
                connect_timeout: Duration::from_secs(1),
                timeout: Duration::from_secs(1),
            }));
        }
    };

    let without = found(cells(None));

    assert_eq!(without.len(), 1, "{without:?}");
    assert!(
        without[0].starts_with("Doubtful users.cells: has no service token"),
        "{without:?}"
    );
    assert_eq!(found(cells(Some("token"))), Vec::<String>::new());
}

/// M03: a CA that is over vouches for nobody; of two, one that goes on is enough.
#[test]
fn a_ca_of_clients_that_is_over_is_told() {
    let old = valid((2020, 1, 1), (2026, 1, 1)).chain;
    let new = valid((2026, 1, 1), (2030, 1, 1)).chain;
    let with = |ca_pem: Vec<u8>| {
        |config: &mut Config| {
            config.listeners[0].tls = Some(ListenerTls {
                certificates: vec![testing::certificate(&["a.test"])],
                acme_names: Vec::new(),
                client_certificates: Some(ClientCertificates {
                    ca_pem,
                    is_required: true,
                }),
            });
        }
    };
    let at = "listeners[0].tls.client_certificates.ca_file";
    for (ca, expected) in [
        (new.clone(), None),
        ([old.clone(), new].concat(), None),
        (
            old,
            Some(format!(
                "Untimely {at}: names a certificate that expired on 2026-01-01"
            )),
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(),
            Some(format!(
                "Unusable {at}: the CA of client certificates cannot be used"
            )),
        ),
        (
            Vec::new(),
            Some(format!(
                "Unusable {at}: the CA of client certificates cannot be used"
            )),
        ),
    ] {
        let found = found(with(ca));
        assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
        let matches = |expected: &String| found[0].starts_with(expected);
        assert!(expected.as_ref().is_none_or(matches), "{found:?}");
    }
}
