//! Listeners, their certificates, and the proxies in front of them.

use super::{Row, assert_refused, assert_refused_at, folder, set_mode, whole};
use crate::config::Config;

#[test]
fn proxies_that_could_be_anybody_are_refused() {
    assert_refused(&[
        (
            "nobody",
            "trusted_proxies: [{networks: [], told_by: x_forwarded}]",
            &[("trusted_proxies[0].networks", 2, "is an empty list")],
        ),
        (
            "nothing said",
            "trusted_proxies: [{}]",
            &[
                ("trusted_proxies[0].networks", 2, "is missing"),
                ("trusted_proxies[0].told_by", 2, "is missing"),
            ],
        ),
        (
            "everybody",
            "trusted_proxies: [{networks: [0.0.0.0/0], told_by: x_forwarded}]",
            &[("trusted_proxies[0].networks[0]", 2, "is everybody")],
        ),
        (
            "a name",
            "trusted_proxies: [{networks: [proxy.test], told_by: x_forwarded}]",
            &[("trusted_proxies[0].networks[0]", 2, "neither an IP address")],
        ),
        (
            "a network of IPv4 in the clothes of IPv6",
            "trusted_proxies: [{networks: ['::ffff:10.0.0.0/104'], told_by: x_forwarded}]",
            &[(
                "trusted_proxies[0].networks[0]",
                2,
                "known by their IPv4 address",
            )],
        ),
        (
            "bits behind the prefix",
            "trusted_proxies: [{networks: [10.0.0.7/24], told_by: x_forwarded}]",
            &[("trusted_proxies[0].networks[0]", 2, "`10.0.0.0/24`")],
        ),
        (
            "an address twice",
            "trusted_proxies: [{networks: [10.0.0.0/24, 10.0.0.7], told_by: x_forwarded}]",
            &[(
                "trusted_proxies[0].networks[1]",
                2,
                "overlaps trusted_proxies[0].networks[0]",
            )],
        ),
        (
            "two languages",
            "trusted_proxies: [{networks: [10.0.0.7], told_by: both}]",
            &[("trusted_proxies[0].told_by", 2, "proxy_protocol")],
        ),
    ]);
}

#[test]
fn listeners_that_cannot_be_opened_are_refused() {
    assert_refused(LISTENERS);
}

const LISTENERS: &[Row] = &[
    (
        "no listener at all",
        "listeners: []",
        &[("listeners", 1, "is an empty list")],
    ),
    (
        "a listener without name and address",
        "listeners: [{}]",
        &[
            (
                "listeners[0].name",
                1,
                "is missing. Write, for example, `name: edge`",
            ),
            ("listeners[0].address", 1, "is missing"),
        ],
    ),
    (
        "one that redirects and serves",
        "listeners: [{name: a, address: '127.0.0.1:1', h2c: true, redirect_to_https: {}}]",
        &[(
            "listeners[0].redirect_to_https",
            1,
            "Give it a listener of its own",
        )],
    ),
    (
        "two of one name",
        "listeners:\n  - {name: a, address: '127.0.0.1:1'}\n  - {name: a, address: '127.0.0.1:2'}",
        &[(
            "listeners[1].name",
            3,
            "is the same as listeners[0].name in line 2",
        )],
    ),
    (
        "two of one address",
        "listeners:\n  - {name: a, address: '127.0.0.1:1'}\n  - {name: b, address: '0.0.0.0:1'}",
        &[(
            "listeners[1].address",
            3,
            "is the address of listeners[0].address in line 2 too",
        )],
    ),
    (
        "every address, IPv4 included",
        "listeners:\n  - {name: a, address: '[::]:1'}\n  - {name: b, address: '127.0.0.1:1'}",
        &[(
            "listeners[1].address",
            3,
            "is the address of listeners[0].address",
        )],
    ),
    (
        "the address of admin",
        "listeners: [{name: a, address: '127.0.0.1:1'}]\nadmin: {address: '127.0.0.1:1'}",
        &[(
            "listeners[0].address",
            1,
            "is the address of admin.address in line 2 too",
        )],
    ),
    (
        "a host name for an address",
        "admin: {address: 'localhost:9481'}",
        &[("admin.address", 2, "is not an IP address with a port")],
    ),
    (
        "a log filter that is no level",
        "log: {filter: inof}",
        &[("log.filter", 2, "is not a log filter")],
    ),
];

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
const LOCKED_KEY: &str =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";

fn listener(certificate: &str, key: &str) -> String {
    whole(&format!(
        "listeners:
  - name: edge
    address: 127.0.0.1:0
    tls:
      certificates:
        - certificate_file: {certificate}
          private_key_file: {key}"
    ))
}

#[test]
fn a_listener_gets_its_certificate_and_key() {
    let folder = folder(&[("c.pem", CERTIFICATE), ("k.pem", KEY)]);

    let config = Config::parse(&listener("c.pem", "k.pem"), folder.path()).unwrap();

    let tls = config.listeners[0].tls.as_ref().unwrap();
    assert_eq!(tls.certificates[0].chain, CERTIFICATE.as_bytes());
    assert_eq!(tls.certificates[0].key.expose(), KEY.trim_end());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn certificates_and_keys_that_are_none_are_refused() {
    let folder = folder(&[
        ("c.pem", CERTIFICATE),
        ("k.pem", KEY),
        ("locked.pem", LOCKED_KEY),
    ]);
    let at_certificate = "listeners[0].tls.certificates[0].certificate_file";
    let at_key = "listeners[0].tls.certificates[0].private_key_file";
    for (certificate, key, expected) in [
        (
            "none.pem",
            "k.pem",
            &[(at_certificate, 6, "none.pem cannot be read")][..],
        ),
        (
            "k.pem",
            "c.pem",
            &[
                (at_certificate, 6, "were two files mistaken for each other?"),
                (at_key, 7, "names a file without a private key"),
            ],
        ),
        (
            "c.pem",
            "locked.pem",
            &[(at_key, 7, "is encrypted under a passphrase")],
        ),
        (".", "k.pem", &[(at_certificate, 6, "cannot be read")]),
    ] {
        assert_refused_at(
            certificate,
            &listener(certificate, key),
            folder.path(),
            expected,
        );
    }
}

#[test]
fn client_certificates_that_nobody_could_vouch_for_are_refused() {
    let folder = folder(&[("c.pem", CERTIFICATE), ("k.pem", KEY), ("ca.pem", KEY)]);
    let with = |clients: &str| {
        let text = listener("c.pem", "k.pem");
        let after = "private_key_file: k.pem\n";
        assert!(text.contains(after), "{text}");
        text.replace(
            after,
            &format!("{after}      client_certificates: {clients}\n"),
        )
    };
    let at_ca = "listeners[0].tls.client_certificates.ca_file";
    for (row, clients, expected) in [
        ("nobody", "{}", &[(at_ca, 8, "is missing")][..]),
        (
            "no file",
            "{ca_file: no.pem}",
            &[(at_ca, 8, "no.pem cannot be read")],
        ),
        (
            "a key",
            "{ca_file: ca.pem}",
            &[(at_ca, 8, "two files mistaken for each other")],
        ),
        (
            "a mode that there is not",
            "{ca_file: c.pem, mode: maybe}",
            &[("listeners[0].tls.client_certificates.mode", 8, "optional")],
        ),
    ] {
        assert_refused_at(row, &with(clients), folder.path(), expected);
    }
    let config = Config::parse(&with("{ca_file: c.pem}"), folder.path()).unwrap();
    let tls = config.listeners[0].tls.as_ref().unwrap();
    assert!(tls.client_certificates.as_ref().unwrap().is_required);
}

#[test]
fn a_key_that_everybody_may_read_is_warned_of() {
    let folder = folder(&[("c.pem", CERTIFICATE), ("k.pem", KEY)]);
    set_mode(&folder.path().join("k.pem"), 0o644);

    let config = Config::parse(&listener("c.pem", "k.pem"), folder.path()).unwrap();

    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].contains("every user of this machine may read the file"));
}
