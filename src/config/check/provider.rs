//! `provider`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Checker;
use super::application_passwords::of_provider;
use super::cells;
use super::cells_clients::{cells_clients, with_cells};
use super::clients::clients;
use super::name::Names;
use super::registration::registration;
use crate::config::file::{
    AuthenticationName, BackChannelLogoutTable, CellsSiteTable, ClientAuthenticationTable,
    ClientTable, KeysTable, ProviderTable, RefreshTokensTable, SigningAlgorithmName,
};
use crate::config::key_path::KeyPath;
use crate::gateway::Route;
use crate::jose::SigningAlgorithm;
use crate::model::{Issuer, Language, Reach, Scope};
use crate::provider::{
    BackChannelLogout, ClientAuthenticationPolicy, Interactions, KeyRotation, RefreshTokenPolicy,
    Settings, built_in_languages,
};

/// The provider's settings, and the audience of its access tokens.
pub(super) struct Checked {
    pub(super) settings: Settings,
    /// `provider.access_tokens.audience`, or the issuer.
    pub(super) audience: Vec<String>,
}

impl Checked {
    /// The settings, with what routes need the provider for and where the Cells of the site has a
    /// sign-in page of its own.
    pub(super) fn around(mut self, routes: &[Route], site: Option<&CellsSiteTable>) -> Settings {
        let places = routes
            .iter()
            .map(|route| route.application_passwords.clone());
        self.settings.application_passwords.places = places.flatten().collect();
        let page = site.and_then(|site| cells::sign_in_page(site, &self.settings.issuer));
        self.settings.backend_page = page;
        self.settings
    }
}

/// Checks the provider and its clients.
pub(super) fn provider(checker: &mut Checker, table: ProviderTable) -> Option<Checked> {
    let at = KeyPath::root().key("provider");
    let issuer = issuer(checker, table.issuer.as_deref(), &at.key("issuer"));
    let audience = audience(checker, table.access_tokens.audience, issuer.as_ref(), &at);
    let at_clients = at.key("clients");
    let authentication = client_authentication(&table.client_authentication);
    check_methods(checker, &table.clients, &authentication, &at_clients);
    let clients = clients(checker, table.clients, &audience, &at_clients);
    let cells_clients = cells_clients(checker, &table.cells_clients, issuer.as_ref(), &at);
    let clients =
        clients.map(|clients| with_cells(checker, (clients, cells_clients), &audience, &at));
    check_descriptions(checker, &table.scope_descriptions, &at);
    let sessions = &table.sessions;
    if sessions.idle_lifetime_s > sessions.lifetime_s {
        checker.refuse(
            &at.key("sessions").key("idle_lifetime_s"),
            "is more than `sessions.lifetime_s`, so it would never end a session",
            "Write a smaller number.",
        );
    }
    let refresh_tokens = refresh_tokens(checker, &table.refresh_tokens, &at);
    let templates = table.templates_dir.map(|folder| {
        if !checker.files.is_folder(&folder) {
            checker.refuse(
                &at.key("templates_dir"),
                "is not a folder",
                "A relative path starts at the folder of the configuration file.",
            );
        }
        checker.files.resolve(&folder)
    });
    let language = language(checker, &table.language, templates.is_some(), &at);
    let registration = registration(checker, &table.registration, &audience, &at);
    let settings = Settings {
        issuer: issuer?,
        clients: clients?,
        access_token_algorithm: algorithm(table.access_tokens.algorithm),
        access_token_lifetime: Duration::from_secs(table.access_tokens.lifetime_s),
        id_token_algorithm: algorithm(table.id_tokens.algorithm),
        id_token_lifetime: Duration::from_secs(table.id_tokens.lifetime_s),
        refresh_tokens,
        code_lifetime: Duration::from_secs(table.codes.lifetime_s),
        session_lifetime: Duration::from_secs(sessions.lifetime_s),
        session_idle_lifetime: Duration::from_secs(sessions.idle_lifetime_s),
        key_rotation: key_rotation(checker, &table.keys, &at),
        client_authentication: authentication,
        back_channel_logout: back_channel_logout(checker, &table.back_channel_logout, &at),
        interaction_lifetime: Duration::from_secs(table.sign_in.page_lifetime_s),
        known_device_lifetime: Duration::from_secs(table.sign_in.known_device_lifetime_s),
        backend_page: None,
        interactions: Interactions {
            scope_descriptions: table.scope_descriptions,
        },
        display_name: table.display_name,
        application_passwords: of_provider(&table.application_passwords),
        registration: registration?,
        language: language?,
        templates,
    };
    Some(Checked { settings, audience })
}

/// Refuses clients with a method that is turned off.
fn check_methods(
    checker: &mut Checker,
    clients: &[ClientTable],
    policy: &ClientAuthenticationPolicy,
    at: &KeyPath,
) {
    for (n, client) in clients.iter().enumerate() {
        let is_shared = client.authentication == AuthenticationName::ClientSecretJwt;
        if is_shared && !policy.secret_jwt {
            checker.refuse(
                &at.item(n).key("authentication"),
                "is `client_secret_jwt`, which is turned off",
                "Prefer `private_key_jwt`; or write \
                 `provider.client_authentication.client_secret_jwt: true`.",
            );
        }
    }
}

fn check_descriptions(
    checker: &mut Checker,
    descriptions: &BTreeMap<String, String>,
    at: &KeyPath,
) {
    let at = at.key("scope_descriptions");
    for (value, description) in descriptions {
        // A key with a space would be two scope values.
        if value.contains(' ') || Scope::parse(value).is_err() {
            checker.refuse(
                &at.key(value),
                "is not the name of a scope value",
                "Write the name as applications ask for it, for example `files.read`.",
            );
        }
        if description.trim().is_empty() {
            checker.refuse(
                &at.key(value),
                "says nothing",
                "Write what an application may do with it, as in `Read your files`.",
            );
        }
    }
}

/// Which languages the operator's folder adds is found out when it is read.
fn language(
    checker: &mut Checker,
    text: &str,
    may_be_added: bool,
    at: &KeyPath,
) -> Option<Language> {
    let language = Language::parse(text)
        .ok()
        .filter(|language| may_be_added || built_in_languages().contains(&language.as_str()));
    if language.is_none() {
        checker.refuse(
            &at.key("language"),
            "is no language that the pages can be in",
            "Write `en`, `fr`, `de`, `es` or `it`, or add `texts/TAG.ftl` to `templates_dir`.",
        );
    }
    language
}

fn issuer(checker: &mut Checker, text: Option<&str>, at: &KeyPath) -> Option<Issuer> {
    let text = checker.required(text, at, "issuer: https://files.example/oidc/")?;
    Issuer::parse(text)
        .map_err(|error| {
            checker.refuse(
                at,
                error.to_string(),
                "Applications compare it letter by letter: write, for example, \
                 `https://files.example/oidc/`.",
            );
        })
        .ok()
}

fn audience(
    checker: &mut Checker,
    written: Option<Vec<String>>,
    issuer: Option<&Issuer>,
    at: &KeyPath,
) -> Vec<String> {
    let at = at.key("access_tokens").key("audience");
    let mut seen = Names::default();
    for (n, audience) in written.iter().flatten().enumerate() {
        seen.take(checker, audience, &at.item(n));
    }
    written.unwrap_or_else(|| issuer.map(Issuer::to_string).into_iter().collect())
}

fn key_rotation(checker: &mut Checker, table: &KeysTable, at: &KeyPath) -> KeyRotation {
    let rotation = KeyRotation {
        period: Duration::from_secs(table.rotation_days * 86_400),
        publish_before: Duration::from_secs(table.publish_before_s),
    };
    if rotation.publish_before >= rotation.period {
        checker.refuse(
            &at.key("keys").key("publish_before_s"),
            "is not less than `rotation_days`: a key would be followed before it signs",
            "Write a smaller number: 86400 is a day.",
        );
    }
    rotation
}

const fn client_authentication(table: &ClientAuthenticationTable) -> ClientAuthenticationPolicy {
    ClientAuthenticationPolicy {
        failures_per_address: table.failures_per_address,
        address_window: Duration::from_secs(table.address_window_s),
        longest_assertion: Duration::from_secs(table.max_assertion_lifetime_s),
        endpoint_audiences: table.endpoint_audiences,
        secret_jwt: table.client_secret_jwt,
    }
}

fn back_channel_logout(
    checker: &mut Checker,
    table: &BackChannelLogoutTable,
    at: &KeyPath,
) -> BackChannelLogout {
    if table.danger_internal_addresses {
        checker.dangers.push(format!(
            "{}: an application that registers itself can make this process call addresses \
             inside its network",
            at.key("back_channel_logout")
                .key("danger_internal_addresses"),
        ));
    }
    BackChannelLogout {
        timeout: Duration::from_secs(table.timeout_s),
        give_up_after: Duration::from_secs(table.give_up_after_s),
        reach_of_registered: if table.danger_internal_addresses {
            Reach::Anywhere
        } else {
            Reach::Public
        },
    }
}

fn refresh_tokens(
    checker: &mut Checker,
    table: &RefreshTokensTable,
    at: &KeyPath,
) -> RefreshTokenPolicy {
    if table.idle_lifetime_s > table.absolute_lifetime_s {
        checker.refuse(
            &at.key("refresh_tokens").key("idle_lifetime_s"),
            "is more than `refresh_tokens.absolute_lifetime_s`, so it would never end one",
            "Write a smaller number.",
        );
    }
    RefreshTokenPolicy {
        idle_lifetime: Duration::from_secs(table.idle_lifetime_s),
        absolute_lifetime: Duration::from_secs(table.absolute_lifetime_s),
        reuse_window: Duration::from_secs(table.reuse_window_s),
        outage_grace: Duration::from_secs(table.outage_grace_s),
    }
}

pub(super) const fn algorithm(name: SigningAlgorithmName) -> SigningAlgorithm {
    match name {
        SigningAlgorithmName::Es256 => SigningAlgorithm::Es256,
        SigningAlgorithmName::Rs256 => SigningAlgorithm::Rs256,
        SigningAlgorithmName::Ps256 => SigningAlgorithm::Ps256,
        SigningAlgorithmName::EdDsa => SigningAlgorithm::EdDsa,
    }
}
