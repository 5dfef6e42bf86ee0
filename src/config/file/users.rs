//! `users`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UsersApiTable;
use crate::config::defaults;

/// Who checks passwords: exactly one of the three.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UsersTable {
    /// Users listed here, for a demo or a small site.
    #[serde(rename = "static")]
    #[schemars(length(min = 1))]
    pub(crate) listed: Option<Vec<StaticUserTable>>,
    /// The user API of Pydio Cells.
    pub(crate) cells: Option<CellsTable>,
    /// An endpoint of any other application that says whether a password is right.
    pub(crate) http: Option<UsersApiTable>,
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
    /// What else applications may be told of the user.
    pub(crate) details: Option<UserDetailsTable>,
    /// Anything else, for `claims` of a client: a text under each name.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// What OpenID Connect Core §5.1 has beside name and e-mail address.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserDetailsTable {
    /// First name or names.
    #[schemars(length(min = 1))]
    pub(crate) given_name: Option<String>,
    /// Last name or names.
    #[schemars(length(min = 1))]
    pub(crate) family_name: Option<String>,
    /// Names in between.
    #[schemars(length(min = 1))]
    pub(crate) middle_name: Option<String>,
    /// What others call the user.
    #[schemars(length(min = 1))]
    pub(crate) nickname: Option<String>,
    /// Address of the user's page.
    #[schemars(length(min = 1))]
    pub(crate) profile: Option<String>,
    /// Address of a picture of the user.
    #[schemars(length(min = 1))]
    pub(crate) picture: Option<String>,
    /// Address of the user's own site.
    #[schemars(length(min = 1))]
    pub(crate) website: Option<String>,
    /// `female`, `male`, or what else applies.
    #[schemars(length(min = 1))]
    pub(crate) gender: Option<String>,
    /// `YYYY-MM-DD`, the year `0000` when it is not said; or only the year.
    #[schemars(length(min = 1))]
    pub(crate) birthdate: Option<String>,
    /// Time zone, `Europe/Paris`.
    #[schemars(length(min = 1))]
    pub(crate) zoneinfo: Option<String>,
    /// Language, `fr-CA`.
    #[schemars(length(min = 1))]
    pub(crate) locale: Option<String>,
    /// Telephone number, `+33 1 23 45 67 89`.
    #[schemars(length(min = 1))]
    pub(crate) phone_number: Option<String>,
    /// Whether the number is known to be the user's; left out: not said.
    pub(crate) phone_number_verified: Option<bool>,
    /// Postal address.
    pub(crate) address: Option<AddressTable>,
    /// When anything of this was changed last, in seconds since 1970.
    pub(crate) updated_at: Option<u64>,
}

/// A postal address (OpenID Connect Core §5.1.1).
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AddressTable {
    /// All of it, as on a label.
    #[schemars(length(min = 1))]
    pub(crate) formatted: Option<String>,
    /// Street, house, post box.
    #[schemars(length(min = 1))]
    pub(crate) street_address: Option<String>,
    /// City.
    #[schemars(length(min = 1))]
    pub(crate) locality: Option<String>,
    /// State or province.
    #[schemars(length(min = 1))]
    pub(crate) region: Option<String>,
    /// Postal code.
    #[schemars(length(min = 1))]
    pub(crate) postal_code: Option<String>,
    /// Country.
    #[schemars(length(min = 1))]
    pub(crate) country: Option<String>,
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
    /// How sessions are had of Cells at a sign-in.
    pub(crate) sessions: CellsSessionsMode,
    /// The client that Cellgate is at Cells. Only with `sessions: challenge`.
    pub(crate) client: Option<CellsClientTable>,
    /// Seconds until a connection stands.
    #[schemars(range(min = 1, max = 60))]
    pub(crate) connect_timeout_s: u64,
    /// Seconds for a whole answer.
    #[schemars(range(min = 1, max = 120))]
    pub(crate) timeout_s: u64,
    /// Sends passwords over plain `http` to another machine: whoever is on the way reads them.
    pub(crate) danger_plain_http: bool,
}

/// How sessions are had of Cells at a sign-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CellsSessionsMode {
    /// As its web interface has them, by a cookie.
    #[default]
    Session,
    /// As an application has them, by the code flow: a refresh token of their own.
    Challenge,
}

/// A client that is registered at Cells. Left out, it is one that every Cells has.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CellsClientTable {
    /// Its name there.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) id: Option<String>,
    /// One of its redirection URIs, as it is registered there. Nobody is ever sent to it.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) redirect_uri: Option<String>,
    /// File with its secret; left out, with `secret_env`: it is a public client.
    #[schemars(length(min = 1))]
    pub(crate) secret_file: Option<String>,
    /// Environment variable with its secret.
    #[schemars(length(min = 1))]
    pub(crate) secret_env: Option<String>,
}

impl Default for CellsTable {
    fn default() -> Self {
        Self {
            url: None,
            host: None,
            ca_file: None,
            service_token_file: None,
            service_token_env: None,
            sessions: CellsSessionsMode::default(),
            client: None,
            connect_timeout_s: defaults::CELLS_CONNECT_TIMEOUT_S,
            timeout_s: defaults::CELLS_TIMEOUT_S,
            danger_plain_http: false,
        }
    }
}
