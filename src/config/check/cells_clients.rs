//! `provider.cells_clients`.

use super::Checker;
use super::name::Names;
use super::provider::Checked;
use crate::config::file::CellsClientName;
use crate::config::key_path::KeyPath;
use crate::model::{CellsClient, Client, Issuer};
use crate::users;

/// The path that the applications of Cells put after the host, without a look at any document.
const BUILT_IN_PATH: &str = "/oidc";

/// The applications of Cells that are turned on.
pub(super) fn cells_clients(
    checker: &mut Checker,
    names: &[CellsClientName],
    issuer: Option<&Issuer>,
    at: &KeyPath,
) -> Vec<Client> {
    let at = at.key("cells_clients");
    let mut seen = Names::default();
    let Some(issuer) = issuer.filter(|_| !names.is_empty()) else {
        return Vec::new();
    };
    if issuer.path() != BUILT_IN_PATH {
        checker.refuse(
            &at,
            "is of no use: these applications look for the provider below `/oidc`, which they have built in",
            "Write the address of Cells with `/oidc/` after it in `provider.issuer`.",
        );
    }
    let clients = names.iter().enumerate().filter_map(|(n, name)| {
        let kind = kind(*name);
        seen.take(checker, kind.id(), &at.item(n));
        let client = kind.register(issuer);
        client
            .map_err(|error| {
                checker.refuse(
                    &at.item(n),
                    error.to_string(),
                    "Remove it, or write another issuer.",
                );
            })
            .ok()
    });
    clients.collect()
}

/// All clients, with those of Cells; each id is one client.
pub(super) fn with_cells(
    checker: &mut Checker,
    (mut clients, cells): (Vec<Client>, Vec<Client>),
    audience: &[String],
    at: &KeyPath,
) -> Vec<Client> {
    for (n, client) in clients.iter().enumerate() {
        if cells.iter().any(|cells| cells.id == client.id) {
            checker.refuse(
                &at.key("clients").item(n).key("id"),
                "is that of an application in `provider.cells_clients`",
                "Keep one of the two.",
            );
        }
    }
    clients.extend(cells.into_iter().map(|client| Client {
        audience: audience.to_vec(),
        ..client
    }));
    clients
}

/// These applications work with Cells and nothing else, and Cells knows only its own users.
pub(super) fn check_users(
    checker: &mut Checker,
    provider: Option<&Checked>,
    users: Option<&users::Settings>,
) {
    let clients = provider.map_or(&[][..], |provider| &provider.settings.clients);
    let has_cells = clients.iter().any(|client| client.of_cells.is_some());
    if has_cells
        && matches!(
            users,
            Some(users::Settings::Static(_) | users::Settings::Api(_))
        )
    {
        checker.refuse(
            &KeyPath::root().key("provider").key("cells_clients"),
            "needs `users.cells`: other users have no account in Cells",
            "Write `users: { cells: { url: https://cells.internal:8080/ } }`, or remove the key.",
        );
    }
}

const fn kind(name: CellsClientName) -> CellsClient {
    match name {
        CellsClientName::Sync => CellsClient::Sync,
        CellsClientName::Client => CellsClient::CommandLine,
        CellsClientName::Mobile => CellsClient::Mobile,
    }
}
