//! `provider.clients`.

use std::time::Duration;

use super::Checker;
use super::client_logout;
use super::client_secret::authentication;
use super::client_users;
use super::name::Names;
use super::provider::algorithm;
use crate::config::file::{AuthenticationName, ClientTable, ConsentPolicyName, GrantTypeName};
use crate::config::key_path::KeyPath;
use crate::model::{
    Client, ClientId, ClientLinks, ClientSigning, ConsentPolicy, GrantType, Introspection,
    RedirectUri, Resource, Scope, WebLink, WebOrigin,
};

/// Checks the clients; `audience` is that of a client without its own.
pub(super) fn clients(
    checker: &mut Checker,
    tables: Vec<ClientTable>,
    audience: &[String],
    at: &KeyPath,
) -> Option<Vec<Client>> {
    let mut ids = Names::default();
    let clients = tables.into_iter().enumerate().map(|(n, table)| {
        let at = at.item(n);
        let id = client_id(checker, table.id.as_deref(), &at);
        if let Some(id) = &id {
            ids.take(checker, id.as_str(), &at.key("id"));
        }
        client(checker, table, id, &at).map(|client| Client {
            audience: if client.audience.is_empty() {
                audience.to_vec()
            } else {
                client.audience
            },
            ..client
        })
    });
    // Every client is checked before one that cannot be used ends it.
    clients.collect::<Vec<_>>().into_iter().collect()
}

fn client(
    checker: &mut Checker,
    table: ClientTable,
    id: Option<ClientId>,
    at: &KeyPath,
) -> Option<Client> {
    let authentication = authentication(checker, &table, at);
    let grant_types = grant_types(checker, &table, at);
    let scope = scope(checker, &table, at);
    let allowed_origins = origins(checker, &table.allowed_origins, &at.key("allowed_origins"));
    let introspection = introspection(checker, &table, &at.key("introspection"));
    let links = links(checker, &table, at);
    let has_redirect_uris = table.redirect_uris.is_some();
    let redirect_uris = uris(
        checker,
        table.redirect_uris.as_deref(),
        &at.key("redirect_uris"),
    );
    let post_logout_redirect_uris = uris(
        checker,
        table.post_logout_redirect_uris.as_deref(),
        &at.key("post_logout_redirect_uris"),
    );
    if !has_redirect_uris && grant_types.contains(&GrantType::AuthorizationCode) {
        checker.refuse(
            &at.key("redirect_uris"),
            "is missing: with `authorization_code`, answers must go somewhere",
            "Write, for example, `redirect_uris: [https://app.example/callback]`.",
        );
    }
    let logout = client_logout::logout(checker, &table, &redirect_uris, at);
    let initiate_login_uri = client_logout::initiate_login_uri(checker, &table, at);
    let access = client_users::access(checker, &table.access, &at.key("access"));
    let claims = client_users::claims(checker, &table.claims, &at.key("claims"));
    let subject_type = client_users::subject_type(checker, &table, &redirect_uris, at);
    let resources = resources(checker, &table.resources, &at.key("resources"));
    let client = Client::new(id?, authentication?);
    Some(Client {
        name: table.name.unwrap_or_else(|| client.name.clone()),
        redirect_uris,
        post_logout_redirect_uris,
        scope: scope?,
        grant_types,
        audience: table.audience.unwrap_or_default(),
        resources,
        allowed_origins,
        signing: ClientSigning {
            id_token: table.id_token_signed_response_alg.map(algorithm),
            userinfo: table.userinfo_signed_response_alg.map(algorithm),
        },
        introspection,
        access,
        claims,
        subject_type,
        logout,
        initiate_login_uri,
        consent: consent_policy(table.consent),
        links,
        default_max_age: table.default_max_age_s.map(Duration::from_secs),
        ..client
    })
}

fn client_id(checker: &mut Checker, text: Option<&str>, at: &KeyPath) -> Option<ClientId> {
    let at = at.key("id");
    let text = checker.required(text, &at, "id: my-app")?;
    ClientId::parse(text)
        .map_err(|error| checker.refuse(&at, error.to_string(), "Write, for example, `my-app`."))
        .ok()
}

fn grant_types(checker: &mut Checker, table: &ClientTable, at: &KeyPath) -> Vec<GrantType> {
    let at = at.key("grant_types");
    let mut seen = Names::default();
    let grant_types: Vec<_> = table
        .grant_types
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let grant_type = match name {
                GrantTypeName::AuthorizationCode => GrantType::AuthorizationCode,
                GrantTypeName::RefreshToken => GrantType::RefreshToken,
                GrantTypeName::ClientCredentials => GrantType::ClientCredentials,
            };
            seen.take(checker, grant_type.as_str(), &at.item(n));
            grant_type
        })
        .collect();
    let gets_tokens = |t: &GrantType| *t != GrantType::RefreshToken;
    if !grant_types.iter().any(gets_tokens) {
        checker.refuse(
            &at,
            "is without `authorization_code`, so that the client could never get a token",
            "Add it, or `client_credentials`; `refresh_token` only renews.",
        );
    }
    let for_itself = grant_types.contains(&GrantType::ClientCredentials);
    if for_itself && table.authentication == AuthenticationName::None {
        checker.refuse(
            &at,
            "has `client_credentials`, but the client has no secret to prove who it is",
            "Write `authentication: client_secret_basic`, or remove the grant type.",
        );
    }
    let id = table.id.as_deref().and_then(|id| ClientId::parse(id).ok());
    if for_itself && id.is_some_and(|id| !id.may_be_subject()) {
        checker.refuse(
            &at,
            "has `client_credentials`, but an id with spaces around it cannot be a subject",
            "Remove the spaces from `id`.",
        );
    }
    grant_types
}

fn scope(checker: &mut Checker, table: &ClientTable, at: &KeyPath) -> Option<Scope> {
    let scope = Scope::parse(&table.scope)
        .map_err(|error| {
            checker.refuse(
                &at.key("scope"),
                format!("cannot be read: {error}"),
                "Write, for example, `scope: openid profile email`.",
            );
        })
        .ok()?;
    let may_refresh = table.grant_types.contains(&GrantTypeName::RefreshToken);
    if scope.contains("offline_access") && !may_refresh {
        checker.refuse(
            &at.key("scope"),
            "has `offline_access`, but `grant_types` has no `refresh_token`",
            "Add the grant type, or remove the scope value.",
        );
    }
    Some(scope)
}

fn resources(checker: &mut Checker, texts: &[String], at: &KeyPath) -> Vec<Resource> {
    let mut seen = Names::default();
    let resources = texts.iter().enumerate().filter_map(|(n, text)| {
        let at = at.item(n);
        seen.take(checker, text, &at);
        Resource::parse(text)
            .map_err(|error| {
                checker.refuse(
                    &at,
                    error.to_string(),
                    "Write, for example, `https://api.example/`.",
                );
            })
            .ok()
    });
    resources.collect()
}

const fn consent_policy(name: ConsentPolicyName) -> ConsentPolicy {
    match name {
        ConsentPolicyName::Required => ConsentPolicy::Required,
        ConsentPolicyName::Remembered => ConsentPolicy::Remembered,
        ConsentPolicyName::Implicit => ConsentPolicy::Implicit,
    }
}

fn links(checker: &mut Checker, table: &ClientTable, at: &KeyPath) -> ClientLinks {
    let mut link = |key: &str, text: &Option<String>| {
        let text = text.as_deref()?;
        WebLink::parse(text)
            .map_err(|error| {
                checker.refuse(
                    &at.key(key),
                    error.to_string(),
                    "Write the whole address, for example `https://app.example/about`.",
                );
            })
            .ok()
    };
    ClientLinks {
        logo_uri: link("logo_uri", &table.logo_uri),
        client_uri: link("client_uri", &table.client_uri),
        policy_uri: link("policy_uri", &table.policy_uri),
        tos_uri: link("tos_uri", &table.tos_uri),
    }
}

fn uris(checker: &mut Checker, texts: Option<&[String]>, at: &KeyPath) -> Vec<RedirectUri> {
    let mut seen = Names::default();
    texts
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(n, text)| {
            let at = at.item(n);
            seen.take(checker, text, &at);
            RedirectUri::register_ports(text)
                .map_err(|error| {
                    checker.refuse(
                        &at,
                        error.to_string(),
                        "Copy it from the application, where it is compared character by character.",
                    );
                })
                .ok()
        })
        .collect()
}

fn origins(checker: &mut Checker, texts: &[String], at: &KeyPath) -> Vec<WebOrigin> {
    let mut seen = Names::default();
    texts
        .iter()
        .enumerate()
        .filter_map(|(n, text)| {
            let at = at.item(n);
            seen.take(checker, text, &at);
            WebOrigin::parse(text)
                .map_err(|error| {
                    checker.refuse(
                        &at,
                        error.to_string(),
                        "Write, for example, `https://app.example`, without a slash at the end.",
                    );
                })
                .ok()
        })
        .collect()
}

fn introspection(checker: &mut Checker, table: &ClientTable, at: &KeyPath) -> Introspection {
    let written = &table.introspection;
    let is_public = table.authentication == AuthenticationName::None;
    if is_public && (written.any || !written.audiences.is_empty()) {
        checker.refuse(
            at,
            "is of no use with `authentication: none`: anybody could ask in the client's name",
            "Give the client a secret, or remove the key.",
        );
    }
    if written.any && !written.audiences.is_empty() {
        checker.refuse(
            &at.key("audiences"),
            "is of no use beside `any: true`",
            "Keep one of the two.",
        );
    }
    let mut seen = Names::default();
    for (n, audience) in written.audiences.iter().enumerate() {
        seen.take(checker, audience, &at.key("audiences").item(n));
    }
    Introspection {
        any: written.any,
        audiences: written.audiences.clone(),
    }
}
