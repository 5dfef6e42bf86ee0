//! `acme`, and the names of listeners that certificates are obtained for.

use std::collections::HashSet;
use std::path::PathBuf;

use url::Url;

use super::{Checker, host, pem};
use crate::config::file::{AcmeChallengeName, AcmeTable, StateTable};
use crate::config::key_path::KeyPath;
use crate::server::{Acme, AcmeChallenge, Listener};

/// Checks how certificates are obtained.
pub(super) fn acme(
    checker: &mut Checker,
    table: Option<AcmeTable>,
    listeners: &[Listener],
    state: Option<&StateTable>,
) -> Option<Acme> {
    let at = KeyPath::root().key("acme");
    let has_names = |listener: &Listener| {
        let tls = listener.tls.as_ref();
        tls.is_some_and(|tls| !tls.acme_names.is_empty())
    };
    let Some(table) = table else {
        if let Some(n) = listeners.iter().position(has_names) {
            let at = KeyPath::root().key("listeners").item(n);
            checker.refuse(
                &at.key("tls").key("acme_names"),
                "needs the section `acme`, which says where certificates are obtained",
                "Add it: `acme: {directory: 'https://…', terms_of_service_agreed: true}`.",
            );
        }
        return None;
    };
    if !listeners.iter().any(has_names) {
        checker.refuse(
            &at,
            "obtains nothing: no listener has `acme_names`",
            "Write `tls: {acme_names: [gateway.example.com]}` at a listener, or remove it.",
        );
    }
    if state.is_some_and(|state| state.postgres.is_some()) {
        checker.warn(
            &at,
            "is for one node: account, challenges and certificates are not shared with the other \
             nodes of the same `state.postgres`, and whoever validates a name may meet any of them",
        );
    }
    let directory = directory(checker, table.directory.as_deref(), &at.key("directory"));
    agreement(checker, &table, &at);
    for (n, contact) in table.contacts.iter().enumerate() {
        check_contact(checker, contact, &at.key("contacts").item(n));
    }
    let challenge = match table.challenge {
        AcmeChallengeName::TlsAlpn01 => AcmeChallenge::TlsAlpn01,
        AcmeChallengeName::Http01 => AcmeChallenge::Http01,
    };
    if challenge == AcmeChallenge::Http01 && listeners.iter().all(|it| it.tls.is_some()) {
        checker.refuse(
            &at.key("challenge"),
            "is answered on listeners without TLS, and there is none",
            "Add `{name: plain, address: '0.0.0.0:80', redirect_to_https: {}}` to `listeners`, or \
             choose `tls_alpn_01`.",
        );
    }
    let ca_pem = match &table.ca_file {
        Some(file) => Some(pem::certificates(checker, file, &at.key("ca_file"))?),
        None => None,
    };
    Some(Acme {
        directory: directory?,
        ca_pem,
        contacts: table.contacts,
        challenge,
        folder: PathBuf::from(table.folder),
    })
}

/// RFC 8555 §6.1: over TLS only.
fn directory(checker: &mut Checker, text: Option<&str>, at: &KeyPath) -> Option<String> {
    let example = "directory: 'https://acme-v02.api.letsencrypt.org/directory'";
    let text = checker.required(text, at, example)?;
    let is_usable = |url: &Url| {
        url.scheme() == "https"
            && url.host_str().is_some()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    if !Url::parse(text).is_ok_and(|url| is_usable(&url)) {
        checker.refuse(
            at,
            "is not an `https` address without user name and fragment",
            format!("Write, for example, `{example}`."),
        );
        return None;
    }
    Some(text.to_owned())
}

fn agreement(checker: &mut Checker, table: &AcmeTable, at: &KeyPath) {
    if table.terms_of_service_agreed {
        return;
    }
    let at = at.key("terms_of_service_agreed");
    checker.refuse(
        &at,
        "is not true: a directory makes accounts only for those who agree to its terms of service",
        "Read them (`meta.termsOfService` of the directory has their address), and write \
         `terms_of_service_agreed: true`.",
    );
}

fn check_contact(checker: &mut Checker, text: &str, at: &KeyPath) {
    let parts = text.split_once('@');
    // RFC 8555 §7.3: one address, and no fields of a mail.
    let is_one = parts.is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.contains('@') && host::is_domain(domain)
    }) && !text.contains([',', '?', '%', ':', ' ']);
    if !is_one || !text.is_ascii() {
        checker.refuse(
            at,
            "is not a mail address",
            "Write one alone, `ops@example.com`.",
        );
    }
}

/// Checks the names of one listener.
pub(super) fn names(checker: &mut Checker, names: Vec<String>, at: &KeyPath) -> Vec<String> {
    let mut seen = HashSet::new();
    for (n, name) in names.iter().enumerate() {
        let at = at.item(n);
        if !host::is_domain(name) {
            checker.refuse(
                &at,
                "is not a host name that a certificate can be obtained for",
                "Write a name in lower case, without wildcard, address and port: `files.example`.",
            );
        } else if !seen.insert(name) {
            checker.refuse(&at, "is there already", "Remove it.");
        }
    }
    names
}
