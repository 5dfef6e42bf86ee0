//! Certificates that Cellgate obtains itself.

use super::{Row, assert_refused, whole};
use crate::config::Config;
use std::path::Path;

/// A listener with a name, on one line.
macro_rules! with_listener {
    ($rest:literal) => {
        concat!(
            "listeners: [{name: edge, address: '127.0.0.1:0', tls: {acme_names: [a.test]}}]\n",
            $rest
        )
    };
}

const ROWS: &[Row] = &[
    (
        "names, and nobody to ask",
        with_listener!(""),
        &[("listeners[0].tls.acme_names", 1, "needs the section `acme`")],
    ),
    (
        "nothing said",
        with_listener!("acme: {}"),
        &[
            ("acme.directory", 2, "is missing"),
            ("acme.terms_of_service_agreed", 2, "is not true"),
        ],
    ),
    (
        "terms that nobody agreed to",
        with_listener!("acme: {directory: 'https://ca.test/dir', terms_of_service_agreed: false}"),
        &[(
            "acme.terms_of_service_agreed",
            2,
            "write `terms_of_service_agreed: true`",
        )],
    ),
    (
        "a directory without TLS",
        with_listener!("acme: {directory: 'http://ca.test/dir', terms_of_service_agreed: true}"),
        &[("acme.directory", 2, "is not an `https` address")],
    ),
    (
        "a directory with a password",
        with_listener!("acme: {directory: 'https://a:b@ca.test/', terms_of_service_agreed: true}"),
        &[("acme.directory", 2, "is not an `https` address")],
    ),
    (
        "contacts that are none",
        with_listener!(
            "acme: {directory: 'https://ca.test/', terms_of_service_agreed: true, contacts: \
             ['mailto:a@b.test', ops, 'a@b.test,c@b.test', a@b.test]}"
        ),
        &[
            ("acme.contacts[0]", 2, "is not a mail address"),
            ("acme.contacts[1]", 2, "is not a mail address"),
            ("acme.contacts[2]", 2, "is not a mail address"),
        ],
    ),
    (
        "a challenge that there is not",
        with_listener!(
            "acme: {directory: 'https://ca.test/', terms_of_service_agreed: true, challenge: dns_01}"
        ),
        &[("acme.challenge", 2, "tls_alpn_01")],
    ),
    (
        "a challenge that nobody could answer",
        with_listener!(
            "acme: {directory: 'https://ca.test/', terms_of_service_agreed: true, challenge: http_01}"
        ),
        &[("acme.challenge", 2, "there is none")],
    ),
    (
        "a CA that is not there",
        with_listener!(
            "acme: {directory: 'https://ca.test/', terms_of_service_agreed: true, ca_file: no.pem}"
        ),
        &[("acme.ca_file", 2, "no.pem cannot be read")],
    ),
    (
        "nothing to obtain",
        "acme: {directory: 'https://ca.test/', terms_of_service_agreed: true}",
        &[("acme", 2, "no listener has `acme_names`")],
    ),
    (
        "names that no certificate can be obtained for",
        "listeners: [{name: edge, address: '127.0.0.1:0', tls: {acme_names: ['*.a.test', A.test, \
         192.0.2.1, 'a.test:443', b.test, b.test]}}]\nacme: {directory: 'https://ca.test/', \
         terms_of_service_agreed: true}",
        &[
            ("listeners[0].tls.acme_names[0]", 1, "is not a host name"),
            ("listeners[0].tls.acme_names[1]", 1, "is not a host name"),
            ("listeners[0].tls.acme_names[2]", 1, "is not a host name"),
            ("listeners[0].tls.acme_names[3]", 1, "is not a host name"),
            ("listeners[0].tls.acme_names[5]", 1, "is there already"),
        ],
    ),
];

#[test]
fn certificates_that_could_not_be_obtained_are_refused() {
    assert_refused(ROWS);
}

#[test]
fn one_node_of_several_is_warned() {
    let text = with_listener!(
        "acme: {directory: 'https://ca.test/', terms_of_service_agreed: true}\nprovider: {issuer: \
         'https://a.test/'}\nusers: {static: [{login: a, password_hash: \
         '$argon2id$v=19$m=19456,t=2,p=1$Y2VsbGdhdGUtbm9ib2R5$ANmNo4dUQ5FtnTd5b1xkkW1y7l9F7lS3mYd0sB3o2pY'}]}\nstate: {postgres: {servers: [/run/postgresql]}}"
    );
    let config = Config::parse(&whole(text), Path::new("")).unwrap();

    let warning = config.warnings.iter().find(|it| it.contains("acme"));
    assert!(warning.unwrap().contains("is for one node"), "{warning:?}");
    assert_eq!(config.acme.unwrap().folder, Path::new("./data/acme"));
}
