//! `trusted_issuers[].sign_in_clients`.

use super::Checker;
use super::name::Names;
use super::secret;
use crate::config::file::{DiscoveryName, SecretPlaceName, SignInClientTable, TrustedIssuerTable};
use crate::config::key_path::KeyPath;
use crate::issuers::{SignInAuthentication, SignInClient};
use crate::model::{ClientId, Scope};
use crate::secret::Secret;

/// What we are at an issuer; `None` when one of them cannot be used.
pub(super) fn clients(
    checker: &mut Checker,
    table: &TrustedIssuerTable,
    names: &mut Names,
    at: &KeyPath,
) -> Option<Vec<SignInClient>> {
    let at = at.key("sign_in_clients");
    if !table.sign_in_clients.is_empty() && table.discovery != Some(DiscoveryName::Openid) {
        checker.refuse(
            &at,
            "cannot be used: nothing says where users sign in",
            "Write `discovery: openid` in the place of `jwks_url`, `jwks_file` or `jwks`.",
        );
    }
    let clients: Vec<_> = table
        .sign_in_clients
        .iter()
        .enumerate()
        .map(|(n, table)| client(checker, table, names, &at.item(n)))
        .collect();
    clients.into_iter().collect()
}

fn client(
    checker: &mut Checker,
    table: &SignInClientTable,
    names: &mut Names,
    at: &KeyPath,
) -> Option<SignInClient> {
    let name = checker.required(table.name.clone(), &at.key("name"), "name: intranet");
    if let Some(name) = &name {
        names.take_label(checker, name, &at.key("name"));
    }
    let at_id = at.key("client_id");
    let client_id = checker.required(table.client_id.clone(), &at_id, "client_id: cellgate");
    if let Some(Err(error)) = client_id.as_deref().map(ClientId::parse) {
        checker.refuse(&at_id, error.to_string(), "");
    }
    let secret = secret(checker, table, at);
    let scope = scope(checker, table, &at.key("scopes"));
    let secret = secret?;
    Some(SignInClient {
        name: name?,
        client_id: client_id?,
        authentication: match table.authentication {
            SecretPlaceName::ClientSecretBasic => SignInAuthentication::SecretBasic(secret),
            SecretPlaceName::ClientSecretPost => SignInAuthentication::SecretPost(secret),
        },
        scope: scope?,
        userinfo: table.userinfo,
        returns_after_sign_out: table.returns_after_sign_out,
    })
}

fn secret(checker: &mut Checker, table: &SignInClientTable, at: &KeyPath) -> Option<Secret> {
    secret::of_client(
        checker,
        (&table.client_secret_file, &table.client_secret_env),
        at,
        "has no secret, by which the issuer knows us from others",
    )
}

fn scope(checker: &mut Checker, table: &SignInClientTable, at: &KeyPath) -> Option<Scope> {
    let Ok(scope) = Scope::parse(&table.scopes.join(" ")) else {
        checker.refuse(
            at,
            "has a value that is no scope",
            "Write one value for each entry: `[openid, profile]`.",
        );
        return None;
    };
    if !table.scopes.iter().any(|value| value == "openid") {
        checker.refuse(
            at,
            "has no `openid`, without which no issuer says who signed in",
            "Add it: `[openid, profile, email]`.",
        );
        return None;
    }
    Some(scope)
}
