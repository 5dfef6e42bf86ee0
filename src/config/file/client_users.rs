//! Which users may use a client, and what it is told of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which users may use a client; left out: all. Names are compared character by character.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AccessTable {
    /// A user must have one of these groups, or one of `allowed_roles`.
    #[schemars(inner(length(min = 1)))]
    pub(crate) allowed_groups: Vec<String>,
    /// A user must have one of these roles, or one of `allowed_groups`.
    #[schemars(inner(length(min = 1)))]
    pub(crate) allowed_roles: Vec<String>,
    /// A user with one of these groups is kept out in any case.
    #[schemars(inner(length(min = 1)))]
    pub(crate) denied_groups: Vec<String>,
    /// A user with one of these roles is kept out in any case.
    #[schemars(inner(length(min = 1)))]
    pub(crate) denied_roles: Vec<String>,
}

/// A claim of a client's own: its name, and one of the other keys for its value.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClaimTable {
    /// What it is called; takes the place of a standard claim of this name.
    #[schemars(extend("x-required" = true), length(min = 1, max = 128))]
    pub(crate) name: Option<String>,
    /// The claim that it has the value of, where the scope grants that one.
    #[schemars(length(min = 1))]
    pub(crate) from: Option<String>,
    /// The attribute of the users' backend that it has the value of, where the scope has
    /// `profile`.
    #[schemars(length(min = 1))]
    pub(crate) attribute: Option<String>,
    /// Always this text.
    #[schemars(length(min = 1))]
    pub(crate) text: Option<String>,
    /// Always these texts.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    pub(crate) texts: Option<Vec<String>>,
    /// Always this number.
    pub(crate) number: Option<u32>,
    /// Always this.
    pub(crate) flag: Option<bool>,
    /// Whether ID tokens have it too.
    pub(crate) id_token: bool,
}

/// Whether a client can tell that its users are those of another client (OpenID Connect Core §8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubjectTypeName {
    /// It can: `sub` is the same for all.
    #[default]
    Public,
    /// It cannot: `sub` is the same only for clients of one sector.
    Pairwise,
}
