//! `users.http`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::defaults;

/// An endpoint that says whether login and password are right, and whose they are.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UsersApiTable {
    /// Where it is asked, once for each attempt: `https://app.internal/api/login`.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) url: Option<String>,
    /// `Host` to send when it differs from the URL's.
    #[schemars(length(min = 1))]
    pub(crate) host: Option<String>,
    /// PEM file with the CA that signed its certificate; left out: the system's CAs.
    #[schemars(length(min = 1))]
    pub(crate) ca_file: Option<String>,
    /// How login and password are sent.
    pub(crate) credentials: CredentialsName,
    /// The member or field with the login.
    #[schemars(length(min = 1))]
    pub(crate) login_field: String,
    /// The member or field with the password.
    #[schemars(length(min = 1))]
    pub(crate) password_field: String,
    /// Further members or fields, a text under each name.
    pub(crate) constants: BTreeMap<String, String>,
    /// Statuses, 300 to 499, that mean a wrong password or an unknown user. Of those that are in
    /// neither list none does: the application cannot answer then.
    pub(crate) denied_statuses: Vec<u16>,
    /// Statuses, 300 to 499, that mean a locked user.
    pub(crate) locked_statuses: Vec<u16>,
    /// Where in the JSON of a 2xx answer the user is.
    pub(crate) user: UserPointersTable,
    /// How the application is asked at each refresh whether the user may still go on; left out: it is not,
    /// and who is removed there goes on until the refresh token ends.
    pub(crate) standing: Option<UserStandingTable>,
    /// Seconds until a connection stands.
    #[schemars(range(min = 1, max = 60))]
    pub(crate) connect_timeout_s: u64,
    /// Seconds for a whole answer.
    #[schemars(range(min = 1, max = 120))]
    pub(crate) timeout_s: u64,
    /// Sends passwords over plain `http` to another machine: whoever is on the way reads them.
    pub(crate) danger_plain_http: bool,
}

/// An endpoint that says whether a user who signed in before may still go on.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserStandingTable {
    /// Where it is asked by GET, with `{login}` or `{subject}` for the user's, at the host of `url`:
    /// `https://app.internal/api/users/{subject}`.
    #[schemars(extend("x-required" = true), length(min = 1))]
    pub(crate) url: Option<String>,
    /// File with a token to send in `Authorization: Bearer`.
    #[schemars(length(min = 1))]
    pub(crate) token_file: Option<String>,
    /// Environment variable with that token.
    #[schemars(length(min = 1))]
    pub(crate) token_env: Option<String>,
    /// Statuses, 300 to 499, that mean a user who is gone or may not go on; `locked_statuses` do so
    /// besides. All but these and 2xx are an application that cannot answer.
    pub(crate) ended_statuses: Vec<u16>,
    /// JSON pointer (RFC 6901) to `true` for a user who may go on, and `false` for another; left out: 2xx
    /// says so.
    #[schemars(length(min = 1))]
    pub(crate) active: Option<String>,
    /// Where in the JSON of a 2xx answer the user is; left out: the user stays as at the sign-in.
    pub(crate) user: UserPointersTable,
}

/// How login and password are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialsName {
    /// POST of a JSON object.
    Json,
    /// POST of a form.
    Form,
    /// GET with HTTP Basic (RFC 7617).
    Basic,
}

/// JSON pointers (RFC 6901) into an answer: `/user/id`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UserPointersTable {
    /// `sub`: a text or number that is never changed and never given to another user; left out: the
    /// login as it was typed.
    #[schemars(length(min = 1))]
    pub(crate) subject: Option<String>,
    /// The login as the application spells it; left out: as it was typed.
    #[schemars(length(min = 1))]
    pub(crate) login: Option<String>,
    /// Display name.
    #[schemars(length(min = 1))]
    pub(crate) name: Option<String>,
    /// E-mail address.
    #[schemars(length(min = 1))]
    pub(crate) email: Option<String>,
    /// `true` if the address is known to be the user's.
    #[schemars(length(min = 1))]
    pub(crate) email_verified: Option<String>,
    /// Groups: a list of texts, or one.
    #[schemars(length(min = 1))]
    pub(crate) groups: Option<String>,
    /// Roles: a list of texts, or one.
    #[schemars(length(min = 1))]
    pub(crate) roles: Option<String>,
}

impl Default for UsersApiTable {
    fn default() -> Self {
        Self {
            url: None,
            host: None,
            ca_file: None,
            credentials: CredentialsName::Json,
            login_field: defaults::USERS_API_LOGIN_FIELD.to_owned(),
            password_field: defaults::USERS_API_PASSWORD_FIELD.to_owned(),
            constants: BTreeMap::new(),
            denied_statuses: defaults::USERS_API_DENIED_STATUSES.to_vec(),
            locked_statuses: defaults::USERS_API_LOCKED_STATUSES.to_vec(),
            user: UserPointersTable::default(),
            standing: None,
            connect_timeout_s: defaults::CELLS_CONNECT_TIMEOUT_S,
            timeout_s: defaults::CELLS_TIMEOUT_S,
            danger_plain_http: false,
        }
    }
}
