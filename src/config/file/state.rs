//! `state`: where the provider keeps what must outlive the process.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Where the provider keeps what must outlive the process: in a file of this machine, or in a
/// PostgreSQL database that several machines share.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StateTable {
    /// The SQLite file; its folder is created. A relative path starts at the working directory. Left
    /// out: `./data/cellgate.db`, or none with `postgres`.
    #[schemars(length(min = 1))]
    pub(crate) path: Option<String>,
    /// The file with the key that signing keys are encrypted under; created, readable for its
    /// owner only, when missing. A relative path starts at the working directory. Left out:
    /// `./data/cellgate.key`, or none with `key_env`.
    #[schemars(length(min = 1))]
    pub(crate) key_file: Option<String>,
    /// Environment variable with that key, 32 bytes in base64, instead of a file.
    #[schemars(length(min = 1))]
    pub(crate) key_env: Option<String>,
    /// What an acknowledged change to the SQLite file survives; left out: `full`.
    pub(crate) synchronous: Option<Durability>,
    /// Seconds that tokens are let in while the database is away: nobody learns of revocations then.
    #[schemars(range(min = 10, max = 86400))]
    pub(crate) stale_after_s: u64,
    /// A PostgreSQL database instead of a file.
    pub(crate) postgres: Option<PostgresTable>,
}

impl Default for StateTable {
    fn default() -> Self {
        Self {
            path: None,
            key_file: None,
            key_env: None,
            synchronous: None,
            stale_after_s: defaults::STATE_STALE_AFTER_S,
            postgres: None,
        }
    }
}

/// What an acknowledged change survives.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Durability {
    /// A power failure: each change waits for the disk.
    Full,
    /// A crash of the process, not of the machine.
    Normal,
}

/// A PostgreSQL database.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PostgresTable {
    /// Where it may be: `host:port` (the port may be left out), or the folder of a Unix socket. Of
    /// several the one that takes writes is used.
    #[schemars(extend("x-required" = true), length(min = 1), inner(length(min = 1)))]
    pub(crate) servers: Option<Vec<String>>,
    /// Its name.
    #[schemars(length(min = 1, max = 63))]
    pub(crate) database: String,
    /// The role that owns the tables.
    #[schemars(length(min = 1, max = 63))]
    pub(crate) user: String,
    /// File with the role's password; a newline at the end does not count.
    #[schemars(length(min = 1))]
    pub(crate) password_file: Option<String>,
    /// Environment variable with the role's password.
    #[schemars(length(min = 1))]
    pub(crate) password_env: Option<String>,
    /// An existing schema for the tables; left out: the first one of the role's search path.
    #[schemars(length(min = 1, max = 48))]
    pub(crate) schema: Option<String>,
    /// PEM file with the certificates of those who may vouch for the server. With it every
    /// connection is TLS and the server's name is checked.
    #[schemars(length(min = 1))]
    pub(crate) ca_file: Option<String>,
    /// Allows another machine to be asked without TLS.
    pub(crate) danger_unencrypted: bool,
    /// Connections of one process at once; one more listens.
    #[schemars(range(min = 2, max = 500))]
    pub(crate) connections: usize,
    /// Whether a start brings the tables to what the program needs; else `cellgate migrate` does.
    pub(crate) migrate_at_start: bool,
}

impl Default for PostgresTable {
    fn default() -> Self {
        Self {
            servers: None,
            database: defaults::POSTGRES_NAME.to_owned(),
            user: defaults::POSTGRES_NAME.to_owned(),
            password_file: None,
            password_env: None,
            schema: None,
            ca_file: None,
            danger_unencrypted: false,
            connections: defaults::POSTGRES_CONNECTIONS,
            migrate_at_start: true,
        }
    }
}
