//! `passwords: page`: the interface of Cells as an application of the provider.

use super::{Checker, provider};
use crate::config::key_path::KeyPath;
use crate::gateway::{Passwords, Route};
use crate::model::{CellsClient, Client};

/// Makes the interface that `routes` lead browsers into a client of the provider.
pub(super) fn interface(
    checker: &mut Checker,
    routes: &[Route],
    provider: &mut Option<Option<provider::Checked>>,
) {
    let leads = |route: &&Route| route.passwords == Passwords::Page;
    let mut hosts = routes
        .iter()
        .filter(leads)
        .map(|route| route.host.as_deref());
    let Some(first) = hosts.next() else {
        return;
    };
    let at = KeyPath::root().key("routes");
    let host = first.filter(|host| !host.starts_with('*'));
    let Some(host) = host.filter(|_| hosts.all(|other| other == first)) else {
        checker.refuse(
            &at,
            "must have one and the same `host` where `passwords` is `page`: browsers are sent back there",
            "Write the host of Cells.",
        );
        return;
    };
    if let Some(Some(provider)) = provider {
        register(checker, host, provider);
    }
}

fn register(checker: &mut Checker, host: &str, provider: &mut provider::Checked) {
    let settings = &mut provider.settings;
    let at = KeyPath::root().key("provider").key("clients");
    let id = CellsClient::Frontend.id();
    if let Some(n) = settings.clients.iter().position(|it| it.id.as_str() == id) {
        checker.refuse(
            &at.item(n).key("id"),
            "is that of Cells' web interface, which browsers sign in to here",
            "Remove the client, or write `cells: {interface_sign_in: false}`.",
        );
        return;
    }
    match CellsClient::interface(&settings.issuer, host) {
        Ok(client) => settings.clients.push(Client {
            audience: provider.audience.clone(),
            ..client
        }),
        Err(error) => checker.refuse(
            &KeyPath::root().key("cells"),
            format!("cannot be signed in to: {error}"),
            "With an `http://` issuer, use a loopback address; or write `interface_sign_in: false`.",
        ),
    }
}
