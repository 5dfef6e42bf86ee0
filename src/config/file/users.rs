//! `users`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// Who checks passwords: exactly one of the two.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UsersTable {
    /// Users listed here, for a demo or a small site.
    #[serde(rename = "static")]
    #[schemars(length(min = 1))]
    pub(crate) listed: Option<Vec<StaticUserTable>>,
    /// The user API of Pydio Cells.
    pub(crate) cells: Option<CellsTable>,
}

/// A user of the static list.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StaticUserTable {
    /// What the user types; unique whatever the letter case.
    #[schemars(extend("x-required" = true), length(min = 1, max = 256))]
    pub(crate) login: Option<String>,
    /// argon2id hash of the password, as `cellgate hash-secret` prints it.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) password_hash: Option<String>,
    /// `sub`: never changed, never given to another user; left out: the login.
    #[schemars(length(min = 1, max = 255))]
    pub(crate) subject: Option<String>,
    /// Display name.
    #[schemars(length(min = 1))]
    pub(crate) name: Option<String>,
    /// E-mail address.
    #[schemars(length(min = 1))]
    pub(crate) email: Option<String>,
    /// Whether the address is known to be the user's; left out: not said.
    pub(crate) email_verified: Option<bool>,
    /// Groups.
    #[schemars(inner(length(min = 1)))]
    pub(crate) groups: Vec<String>,
    /// Roles.
    #[schemars(inner(length(min = 1)))]
    pub(crate) roles: Vec<String>,
}

/// How Pydio Cells is reached.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CellsTable {
    /// Root of the site as this machine reaches it, `https://cells.internal:8080/`.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) url: Option<String>,
    /// `Host` to send when it differs from the URL's: Cells chooses its site by it.
    #[schemars(length(min = 1))]
    pub(crate) host: Option<String>,
    /// PEM file with the CA that signed Cells' certificate; left out: the system's CAs.
    #[schemars(length(min = 1))]
    pub(crate) ca_file: Option<String>,
    /// File with the token of an administrator, which tells at each refresh whether a user is
    /// still there and not locked; left out: nobody is asked.
    #[schemars(length(min = 1))]
    pub(crate) service_token_file: Option<String>,
    /// Environment variable with that token.
    #[schemars(length(min = 1))]
    pub(crate) service_token_env: Option<String>,
    /// Seconds until a connection stands.
    #[schemars(range(min = 1, max = 60))]
    pub(crate) connect_timeout_s: u64,
    /// Seconds for a whole answer.
    #[schemars(range(min = 1, max = 120))]
    pub(crate) timeout_s: u64,
    /// Sends passwords over plain `http` to another machine: whoever is on the way reads them.
    pub(crate) danger_plain_http: bool,
}

impl Default for CellsTable {
    fn default() -> Self {
        Self {
            url: None,
            host: None,
            ca_file: None,
            service_token_file: None,
            service_token_env: None,
            connect_timeout_s: defaults::CELLS_CONNECT_TIMEOUT_S,
            timeout_s: defaults::CELLS_TIMEOUT_S,
            danger_plain_http: false,
        }
    }
}
