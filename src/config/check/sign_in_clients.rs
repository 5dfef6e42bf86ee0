//! `trusted_issuers[].sign_in_clients`.

use std::sync::Arc;

use super::name::Names;
use super::provider::algorithm;
use super::{Checker, pem, secret};
use crate::config::file::{
    AssertionAudienceName, DiscoveryName, SignInAuthenticationName, SignInClientTable,
    TrustedIssuerTable,
};
use crate::config::key_path::KeyPath;
use crate::issuers::{AssertionAudience, AssertionKey, SignInAuthentication, SignInClient};
use crate::jose::SigningKey;
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
    let authentication = authentication(checker, table, at);
    let scope = scope(checker, table, &at.key("scopes"));
    Some(SignInClient {
        name: name?,
        client_id: client_id?,
        authentication: authentication?,
        scope: scope?,
        userinfo: table.userinfo,
        returns_after_sign_out: table.returns_after_sign_out,
    })
}

fn authentication(
    checker: &mut Checker,
    table: &SignInClientTable,
    at: &KeyPath,
) -> Option<SignInAuthentication> {
    check_belonging(checker, table, at);
    Some(match table.authentication {
        SignInAuthenticationName::ClientSecretBasic => {
            SignInAuthentication::SecretBasic(secret(checker, table, at)?)
        }
        SignInAuthenticationName::ClientSecretPost => {
            SignInAuthentication::SecretPost(secret(checker, table, at)?)
        }
        SignInAuthenticationName::PrivateKeyJwt => {
            SignInAuthentication::PrivateKeyJwt(key(checker, table, at)?)
        }
    })
}

/// Refuses what is for another way than the one that is written.
fn check_belonging(checker: &mut Checker, table: &SignInClientTable, at: &KeyPath) {
    let signs = table.authentication == SignInAuthenticationName::PrivateKeyJwt;
    let of_keys = "is of no use without `authentication: private_key_jwt`";
    let of_secrets =
        "is of no use with `authentication: private_key_jwt`: nothing is secret between the two";
    let audience = table.assertion_audience != AssertionAudienceName::Issuer;
    for (key, is_written, is_for_keys) in [
        (
            "client_secret_file",
            table.client_secret_file.is_some(),
            false,
        ),
        (
            "client_secret_env",
            table.client_secret_env.is_some(),
            false,
        ),
        ("private_key_file", table.private_key_file.is_some(), true),
        ("private_key_id", table.private_key_id.is_some(), true),
        (
            "token_endpoint_auth_signing_alg",
            table.token_endpoint_auth_signing_alg.is_some(),
            true,
        ),
        ("assertion_audience", audience, true),
    ] {
        if is_written && is_for_keys != signs {
            let reason = if is_for_keys { of_keys } else { of_secrets };
            checker.refuse(
                &at.key(key),
                reason,
                "Remove it, or change `authentication`.",
            );
        }
    }
}

fn key(checker: &mut Checker, table: &SignInClientTable, at: &KeyPath) -> Option<AssertionKey> {
    let at_file = at.key("private_key_file");
    let file = checker.required(
        table.private_key_file.as_deref(),
        &at_file,
        "private_key_file: sign-in.key.pem",
    )?;
    let text = pem::private_key(checker, file, &at_file)?;
    let wanted = table.token_endpoint_auth_signing_alg.map(algorithm);
    let key = SigningKey::from_pem(text.expose(), wanted, table.private_key_id.as_deref());
    let Ok(key) = key else {
        let (reason, advice) = match wanted {
            Some(wanted) => (
                format!("names a file without a key for {}", wanted.as_str()),
                "Remove `token_endpoint_auth_signing_alg`, which follows from the key then, or name \
                 another file. PKCS#8 is needed: `openssl pkey -in KEY -out KEY.pem` writes it.",
            ),
            None => (
                "names a file without a key that can sign".to_owned(),
                "`openssl genpkey -algorithm ED25519` makes one, as do P-256 and RSA with 2048 bits \
                 or more. PKCS#8 is needed: `openssl pkey -in KEY -out KEY.pem` writes it.",
            ),
        };
        checker.refuse(&at_file, reason, advice);
        return None;
    };
    Some(AssertionKey {
        key: Arc::new(key),
        audience: match table.assertion_audience {
            AssertionAudienceName::Issuer => AssertionAudience::Issuer,
            AssertionAudienceName::TokenEndpoint => AssertionAudience::TokenEndpoint,
        },
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
