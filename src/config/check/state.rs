//! `state`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::secret::{self, Place};
use super::{Checker, pem};
use crate::config::defaults;
use crate::config::file::{Durability, PostgresTable, StateTable};
use crate::config::key_path::KeyPath;
use crate::secret::Secret;
use crate::server::database_encryption;
use crate::store::{
    Database, Encryption, GivenKey, KeySource, PostgresServer, PostgresSettings, Settings,
    Synchronous,
};

/// Where state lives. Relative paths stay relative: to the working directory, because what is
/// written does not belong beside the configuration.
pub(super) fn state(checker: &mut Checker, table: StateTable) -> Option<Settings> {
    let at = KeyPath::root().key("state");
    let key = key(checker, table.key_file, table.key_env.as_deref(), &at);
    let database = match table.postgres {
        None => Database::Sqlite {
            path: PathBuf::from(table.path.as_deref().unwrap_or(defaults::STATE_PATH)),
            synchronous: match table.synchronous {
                None | Some(Durability::Full) => Synchronous::Full,
                Some(Durability::Normal) => Synchronous::Normal,
            },
        },
        Some(postgres) => {
            let unused = [
                ("path", table.path.is_some()),
                ("synchronous", table.synchronous.is_some()),
            ];
            for (key, _) in unused.into_iter().filter(|(_, is_there)| *is_there) {
                checker.refuse(
                    &at.key(key),
                    "is about a SQLite file, but state is in PostgreSQL",
                    "Remove this key, or `postgres`.",
                );
            }
            Database::Postgres(Box::new(self::postgres(
                checker,
                postgres,
                &at.key("postgres"),
            )?))
        }
    };
    Some(Settings {
        database,
        key: Some(key?),
        stale_after: Duration::from_secs(table.stale_after_s),
    })
}

/// The key that everything sealed depends on: in a file, which is made, or kept elsewhere by the
/// operator.
fn key(
    checker: &mut Checker,
    file: Option<String>,
    variable: Option<&str>,
    at: &KeyPath,
) -> Option<KeySource> {
    let at_env = at.key("key_env");
    let Some(variable) = variable else {
        let file = file.unwrap_or_else(|| defaults::STATE_KEY_FILE.to_owned());
        return Some(KeySource::File(PathBuf::from(file)));
    };
    if file.is_some() {
        checker.refuse(
            &at_env,
            "is a second key",
            "Keep one of `key_file` and `key_env`.",
        );
        return None;
    }
    let text = secret::read(checker, Place::Variable(variable), &at_env)?;
    let key = GivenKey::parse(&text).map(KeySource::Given);
    if key.is_none() {
        checker.refuse(
            &at_env,
            "names a variable that does not hold 32 bytes in base64",
            "Make a key with `openssl rand -base64 32`.",
        );
    }
    key
}

fn postgres(checker: &mut Checker, table: PostgresTable, at: &KeyPath) -> Option<PostgresSettings> {
    let servers = servers(checker, table.servers.as_deref(), at);
    let password = password(checker, &table, at);
    let encryption = encryption(checker, &table, servers.as_deref(), at);
    Some(PostgresSettings {
        servers: servers?,
        database: table.database,
        user: table.user,
        password: password?,
        schema: table.schema,
        encryption: encryption?,
        connections: table.connections,
        migrates_at_start: table.migrate_at_start,
    })
}

fn servers(
    checker: &mut Checker,
    written: Option<&[String]>,
    at: &KeyPath,
) -> Option<Vec<PostgresServer>> {
    let at = at.key("servers");
    let written = checker.required(written, &at, "servers: ['db.example:5432']")?;
    let mut servers = Vec::with_capacity(written.len());
    for (number, text) in written.iter().enumerate() {
        match server(text) {
            Some(server) => servers.push(server),
            None => checker.refuse(
                &at.item(number),
                "is neither `host:port` nor the folder of a Unix socket",
                "Write `db.example:5432`, `\"[2001:db8::5]:5432\"` or `/run/postgresql`.",
            ),
        }
    }
    (servers.len() == written.len()).then_some(servers)
}

fn server(text: &str) -> Option<PostgresServer> {
    if text.starts_with('/') {
        return Some(PostgresServer::Unix(
            PathBuf::from(text),
            defaults::POSTGRES_PORT,
        ));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok().filter(|port| *port > 0)?)
        }
        _ => (text, defaults::POSTGRES_PORT),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match bare.unwrap_or(host).parse::<IpAddr>() {
        Ok(address) => address.is_ipv4() == bare.is_none(),
        Err(_) => bare.is_none() && is_name(host),
    };
    is_host.then(|| PostgresServer::Tcp(bare.unwrap_or(host).to_owned(), port))
}

fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    host.split('.').all(is_label)
}

/// The password, if there is one: the server may know us by the socket or the address.
fn password(checker: &mut Checker, table: &PostgresTable, at: &KeyPath) -> Option<Option<Secret>> {
    let (key, place) = match (&table.password_file, &table.password_env) {
        (None, None) => return Some(None),
        (Some(file), None) => ("password_file", Place::File(file)),
        (None, Some(name)) => ("password_env", Place::Variable(name)),
        (Some(_), Some(_)) => {
            checker.refuse(
                &at.key("password_env"),
                "is a second password",
                "Keep one of `password_file` and `password_env`.",
            );
            return None;
        }
    };
    secret::read(checker, place, &at.key(key)).map(Some)
}

/// How connections are kept private. What goes over them is worth as much as all sessions.
fn encryption(
    checker: &mut Checker,
    table: &PostgresTable,
    servers: Option<&[PostgresServer]>,
    at: &KeyPath,
) -> Option<Option<Encryption>> {
    let servers = servers.unwrap_or_default();
    let is_socket = |server: &PostgresServer| matches!(server, PostgresServer::Unix(..));
    let at_ca = at.key("ca_file");
    if let Some(file) = &table.ca_file {
        if servers.iter().any(is_socket) {
            checker.refuse(
                &at_ca,
                "asks for TLS, which is not spoken over a Unix socket",
                "Remove this key, or name the server by host and port.",
            );
        }
        let pem = pem::certificates(checker, file, &at_ca)?;
        let encryption = database_encryption(&pem).map_err(|error| {
            let advice = "Name the PEM file of the authority that signed the server's certificate.";
            checker.refuse(&at_ca, error.to_string(), advice);
        });
        return encryption.ok().map(Some);
    }
    let elsewhere = servers.iter().any(is_elsewhere);
    if elsewhere && !table.danger_unencrypted {
        checker.refuse(
            &at_ca,
            "is missing: the database is on another machine, and whoever is on the way could read \
             sessions and change them",
            "Name the PEM file of the authority that signed the server's certificate, or add \
             `danger_unencrypted: true` if nobody can be on the way.",
        );
        return None;
    }
    if elsewhere {
        checker.dangers.push(format!(
            "{}: sessions and tokens travel to the database as they are",
            at.key("danger_unencrypted"),
        ));
    }
    Some(None)
}

fn is_elsewhere(server: &PostgresServer) -> bool {
    match server {
        PostgresServer::Unix(..) => false,
        PostgresServer::Tcp(host, _) if host == "localhost" => false,
        PostgresServer::Tcp(host, _) => !host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_with_or_without_port_or_a_folder() {
        let tcp = |host: &str, port| Some(PostgresServer::Tcp(host.to_owned(), port));
        for (text, expected) in [
            ("db.example", tcp("db.example", 5432)),
            ("db.example:6432", tcp("db.example", 6432)),
            ("192.0.2.5:5433", tcp("192.0.2.5", 5433)),
            ("[2001:db8::5]:5433", tcp("2001:db8::5", 5433)),
            ("[2001:db8::5]", tcp("2001:db8::5", 5432)),
            (
                "/run/postgresql",
                Some(PostgresServer::Unix(PathBuf::from("/run/postgresql"), 5432)),
            ),
            ("2001:db8::5", None),
            ("db.example:", None),
            ("db.example:0", None),
            ("db.example:65536", None),
            ("postgres://db.example/cellgate", None),
            ("db example", None),
            ("[db.example]:5432", None),
            (":5432", None),
        ] {
            assert_eq!(server(text), expected, "{text}");
        }
    }
}
