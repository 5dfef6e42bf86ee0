//! `sessions` and `client` of `users.cells`: what we are at Cells.

use url::Url;

use super::Checker;
use super::secret::{self, Place};
use crate::config::defaults;
use crate::config::file::{CellsClientTable, CellsSessionsMode, CellsTable};
use crate::config::key_path::KeyPath;
use crate::users::CellsClient;

/// The client that users sign in by at Cells; `None`: they do without. `Some(None)`: it has a problem.
pub(super) fn client(
    checker: &mut Checker,
    table: &CellsTable,
    at: &KeyPath,
) -> Option<Option<CellsClient>> {
    let at_client = at.key("client");
    match (table.sessions, &table.client) {
        (CellsSessionsMode::Session, None) => None,
        (CellsSessionsMode::Session, Some(_)) => {
            checker.refuse(
                &at_client,
                "is of no use without `sessions: challenge`",
                "Write `sessions: challenge`, or remove it.",
            );
            Some(None)
        }
        (CellsSessionsMode::Challenge, None) => Some(Some(CellsClient {
            id: defaults::CELLS_CLIENT_ID.to_owned(),
            secret: None,
            redirect_uri: defaults::CELLS_CLIENT_REDIRECT_URI.to_owned(),
        })),
        (CellsSessionsMode::Challenge, Some(table)) => Some(checked(checker, table, &at_client)),
    }
}

fn checked(checker: &mut Checker, table: &CellsClientTable, at: &KeyPath) -> Option<CellsClient> {
    let id = checker.required(table.id.as_deref(), &at.key("id"), "id: cellgate");
    let at_uri = at.key("redirect_uri");
    let example = "redirect_uri: https://files.example/cellgate";
    let redirect_uri = checker.required(table.redirect_uri.as_deref(), &at_uri, example);
    let is_uri = |text: &&str| {
        Url::parse(text).is_ok_and(|uri| uri.query().is_none() && uri.fragment().is_none())
    };
    if redirect_uri.is_some_and(|text| !is_uri(&text)) {
        checker.refuse(
            &at_uri,
            "is not an absolute URI without a query, which Cells would join another one to",
            "Write it as it is registered at Cells, for example `https://files.example/cellgate`.",
        );
    }
    let at_env = at.key("secret_env");
    let secret = match (&table.secret_file, &table.secret_env) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            checker.refuse(&at_env, "is a second secret", "Keep one of them.");
            return None;
        }
        (Some(file), None) => {
            let at_file = at.key("secret_file");
            Some(secret::read(checker, Place::File(file), &at_file)?)
        }
        (None, Some(name)) => Some(secret::read(checker, Place::Variable(name), &at_env)?),
    };
    Some(CellsClient {
        id: id?.to_owned(),
        secret,
        redirect_uri: redirect_uri.filter(is_uri)?.to_owned(),
    })
}
