//! What it takes to reach a PostgreSQL database.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::{ChannelBinding, SslMode, TargetSessionAttrs};
// By another name, because only `server/tls` may name the TLS library itself.
use tokio_postgres_rustls as private_connections;

use super::connect::CONNECT_TIMEOUT;
use crate::secret::{Digest, Secret};

/// How long a connection may be silent before the other end is asked whether it is there.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The parameters of a PostgreSQL database.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Where it may be; of several the one that takes writes is used.
    pub servers: Vec<PostgresServer>,
    /// Its name.
    pub database: String,
    /// The role.
    pub user: String,
    /// The role's password; `None`: the server knows us otherwise.
    pub password: Option<Secret>,
    /// The schema with the tables; `None`: the first of the role's search path.
    pub schema: Option<String>,
    /// Makes connections private and checks who answers; `None`: neither.
    pub encryption: Option<Encryption>,
    /// Connections at once, besides one that listens.
    pub connections: usize,
    /// Whether a start changes the schema; `false`: only `cellgate migrate` does.
    pub migrates_at_start: bool,
}

/// One place where the database may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresServer {
    /// A host name or address, and the port.
    Tcp(String, u16),
    /// The folder of a Unix socket, and the port that is part of the socket's name.
    Unix(PathBuf, u16),
}

/// What makes a connection to the database private.
#[derive(Clone)]
pub struct Encryption {
    pub(super) connector: private_connections::MakeRustlsConnect,
    /// Of what the connector was made from.
    identity: Digest,
}

impl Encryption {
    /// Wraps the connector that trusts the authorities in `pem`.
    pub fn new(pem: &[u8], connector: private_connections::MakeRustlsConnect) -> Self {
        Self {
            connector,
            identity: Digest::of(pem),
        }
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryption(..)")
    }
}

impl PartialEq for PostgresSettings {
    fn eq(&self, other: &Self) -> bool {
        let told = |it: &Self| {
            (
                it.servers.clone(),
                [it.database.clone(), it.user.clone()],
                it.password.as_ref().map(Secret::digest),
                it.schema.clone(),
                it.encryption.as_ref().map(|it| it.identity),
                it.connections,
                it.migrates_at_start,
            )
        };
        told(self) == told(other)
    }
}

impl Eq for PostgresSettings {}

impl PostgresSettings {
    /// The same in the words of the client library.
    pub(super) fn to_config(&self) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        for server in &self.servers {
            match server {
                PostgresServer::Tcp(host, port) => config.host(host).port(*port),
                PostgresServer::Unix(folder, port) => config.host_path(folder).port(*port),
            };
        }
        config
            .dbname(&self.database)
            .user(&self.user)
            .application_name("cellgate")
            .connect_timeout(CONNECT_TIMEOUT)
            // A connection that only listens would never notice that nobody is there any more.
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(3)
            // A standby would refuse the first write.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .ssl_mode(match self.encryption {
                Some(_) => SslMode::Require,
                None => SslMode::Disable,
            })
            .channel_binding(ChannelBinding::Prefer);
        if let Some(password) = &self.password {
            config.password(password.expose());
        }
        config
    }
}
