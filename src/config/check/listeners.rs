//! `listeners`.

use std::net::SocketAddr;

use super::name::Names;
use super::{Checker, acme, pem};
use crate::config::file::{
    CertificateTable, ClientCertificatesMode, ListenerTable, ListenerTlsTable,
};
use crate::config::key_path::KeyPath;
use crate::server::{CertificatePem, ClientCertificates, Listener, ListenerTls};

/// Checks the listeners, each and against each other and the `admin` address.
pub(super) fn listeners(
    checker: &mut Checker,
    tables: Option<Vec<ListenerTable>>,
    admin: Option<(KeyPath, SocketAddr)>,
) -> Vec<Listener> {
    let at = KeyPath::root().key("listeners");
    let tables = checker.required(
        tables,
        &at,
        "listeners: [{name: edge, address: 127.0.0.1:9480}]",
    );
    let mut names = Names::default();
    let mut taken: Vec<(KeyPath, SocketAddr)> = admin.into_iter().collect();
    tables
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(n, table)| {
            let at = at.item(n);
            let name = checker.required(table.name.clone(), &at.key("name"), "name: edge");
            if let Some(name) = &name {
                names.take_label(checker, name, &at.key("name"));
            }
            let address = listener_address(checker, &table, &at, &mut taken);
            let tls = table
                .tls
                .map(|tls| listener_tls(checker, tls, &at.key("tls")));
            let redirects = table.redirect_to_https.as_ref().map(|it| it.port);
            if redirects.is_some() && (table.h2c || tls.is_some()) {
                checker.refuse(
                    &at.key("redirect_to_https"),
                    "is for plain listeners of HTTP/1 that do nothing else",
                    "Give it a listener of its own, `address: 0.0.0.0:80`.",
                );
            }
            if table.h2c && tls.is_some() {
                checker.refuse(
                    &at.key("h2c"),
                    "is for plain listeners",
                    "Remove it: with TLS, HTTP/2 is negotiated.",
                );
            }
            Some(Listener {
                name: name?,
                address: address?,
                tls,
                h2c: table.h2c,
                redirects_to_https_port: redirects,
            })
        })
        .collect()
}

fn listener_address(
    checker: &mut Checker,
    table: &ListenerTable,
    at: &KeyPath,
    taken: &mut Vec<(KeyPath, SocketAddr)>,
) -> Option<SocketAddr> {
    let at_address = at.key("address");
    let text = checker.required(
        table.address.as_deref(),
        &at_address,
        "address: 0.0.0.0:443",
    )?;
    let address = address(checker, text, &at_address)?;
    if let Some((other, _)) = taken.iter().find(|(_, other)| overlap(address, *other)) {
        let line = checker.problems.line(other);
        let reason = format!("is the address of {other} in line {line} too");
        checker.refuse(
            &at_address,
            reason,
            "Choose another port, or another address.",
        );
    }
    let is_served = table.redirect_to_https.is_none();
    if is_served && table.tls.is_none() && !address.ip().is_loopback() {
        checker.warn(
            at,
            "plain HTTP on an address that others can reach: passwords and tokens can be read \
             on the way unless TLS ends in front of Cellgate; add `tls`",
        );
    }
    taken.push((at_address, address));
    Some(address)
}

/// An IP address with a port.
pub(super) fn address(checker: &mut Checker, text: &str, at: &KeyPath) -> Option<SocketAddr> {
    text.parse()
        .map_err(|_| {
            checker.refuse(
                at,
                "is not an IP address with a port",
                "Write `127.0.0.1:9480`, `0.0.0.0:443` for every IPv4 interface, or `[::]:443`.",
            );
        })
        .ok()
}

/// Whether two sockets would be refused the same address. Port 0 stands for any free port.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    // `[::]` takes IPv4 as well.
    let covers = |any: SocketAddr, other: SocketAddr| {
        any.ip().is_unspecified() && (any.is_ipv6() || other.is_ipv4())
    };
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || covers(a, b) || covers(b, a))
}

fn listener_tls(checker: &mut Checker, table: ListenerTlsTable, at: &KeyPath) -> ListenerTls {
    let client_certificates = table.client_certificates.and_then(|table| {
        let at = at.key("client_certificates").key("ca_file");
        let file = checker.required(table.ca_file, &at, "ca_file: clients-ca.pem")?;
        Some(ClientCertificates {
            ca_pem: pem::certificates(checker, &file, &at)?,
            is_required: table.mode == ClientCertificatesMode::Required,
        })
    });
    let acme_names = acme::names(checker, table.acme_names, &at.key("acme_names"));
    let at = at.key("certificates");
    let example = "certificates: [{certificate_file: cert.pem, private_key_file: key.pem}]";
    let tables = match table.certificates {
        None if !acme_names.is_empty() => None,
        tables => checker.required(tables, &at, example),
    };
    let certificates = tables
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(n, table)| certificate(checker, &table, &at.item(n)))
        .collect();
    ListenerTls {
        certificates,
        acme_names,
        client_certificates,
    }
}

fn certificate(
    checker: &mut Checker,
    table: &CertificateTable,
    at: &KeyPath,
) -> Option<CertificatePem> {
    let at_chain = at.key("certificate_file");
    let chain = checker
        .required(
            table.certificate_file.as_deref(),
            &at_chain,
            "certificate_file: cert.pem",
        )
        .and_then(|file| pem::certificates(checker, file, &at_chain));
    let at_key = at.key("private_key_file");
    let key = checker
        .required(
            table.private_key_file.as_deref(),
            &at_key,
            "private_key_file: key.pem",
        )
        .and_then(|file| pem::private_key(checker, file, &at_key));
    Some(CertificatePem {
        chain: chain?,
        key: key?,
    })
}
