//! `trusted_issuers[].introspection`.

use std::time::Duration;

use super::secret;
use super::{Checker, issuer_keys};
use crate::config::file::{SecretPlaceName, TokenIntrospectionTable};
use crate::config::key_path::KeyPath;
use crate::issuers::{ClientAuthentication, IntrospectionEndpoint};
use crate::secret::Secret;

/// Checks an introspection endpoint.
pub(super) fn endpoint(
    checker: &mut Checker,
    table: &TokenIntrospectionTable,
    at: &KeyPath,
) -> Option<IntrospectionEndpoint> {
    let at_url = at.key("url");
    let example = "url: https://login.example/introspect";
    let url = checker
        .required(table.url.as_deref(), &at_url, example)
        .and_then(|text| issuer_keys::url(checker, text, &at_url));
    let client_id = checker.required(
        table.client_id.clone(),
        &at.key("client_id"),
        "client_id: cellgate",
    );
    let client_secret = secret(checker, table, at);
    Some(IntrospectionEndpoint {
        url: url?,
        client_id: client_id?,
        client_secret: client_secret?,
        authentication: match table.authentication {
            SecretPlaceName::ClientSecretBasic => ClientAuthentication::SecretBasic,
            SecretPlaceName::ClientSecretPost => ClientAuthentication::SecretPost,
        },
        audience: table.assumed_audience.clone().unwrap_or_default(),
        remember: Duration::from_secs(table.remember_s),
        remember_inactive: Duration::from_secs(table.remember_inactive_s),
    })
}

fn secret(checker: &mut Checker, table: &TokenIntrospectionTable, at: &KeyPath) -> Option<Secret> {
    secret::of_client(
        checker,
        (&table.client_secret_file, &table.client_secret_env),
        at,
        "has no secret, and no endpoint may answer strangers (RFC 7662 §2.1)",
    )
}
