//! `cellgate import-cells`: the sections `provider` and `users` of a configuration, made of a file of
//! Cells, and a report of what is not in them.
//!
//! The configuration goes to standard output and the report to standard error. It is checked as a start
//! would check it, and what would be refused is part of the report.

mod document;
mod yaml;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value};
use url::Url;

use self::document::Document;
use super::arguments::{HashKind, ImportCells};
use super::clients::ClientsError;
use super::error::CliError;
use super::hash_secret::hash;
use crate::config::{Config, read_text};
use crate::model::CellsClient;
use crate::provider::clients::{CellsClient as Found, Sites, parse_cells};

/// Stands where the address of Cells cannot be told.
const UNKNOWN_UPSTREAM: &str = "https://cells.internal:8080/";

/// What is printed.
#[derive(Debug)]
struct Plan {
    issuer: String,
    lifetimes: Vec<(&'static str, &'static str, u64)>,
    cells_clients: Vec<&'static str>,
    clients: Vec<PlannedClient>,
    upstream: String,
    host: Option<String>,
}

/// A client as it is printed.
#[derive(Debug)]
struct PlannedClient {
    id: String,
    metadata: Map<String, Value>,
    secret_hash: Option<String>,
    keys_file: Option<String>,
}

/// Prints the configuration to `out` and the report to `report`.
pub(super) fn import_cells(
    arguments: &ImportCells,
    out: &mut impl Write,
    report: &mut impl Write,
) -> Result<(), CliError> {
    let text = read_text(&arguments.file).map_err(ClientsError::from)?;
    let mut document = Document::read(&text);
    let sites = match arguments.sites.is_empty() {
        true => document.sites.clone(),
        false => arguments.sites.clone(),
    };
    let [default, others @ ..] = sites.as_slice() else {
        return Err(CliError::NoSite);
    };
    let found = parse_cells(&text, &Sites::new(default, others)).map_err(ClientsError::from)?;
    let internal = document.internal.take();
    let upstream = arguments.upstream.clone().or(internal);
    if upstream.is_none() {
        let note = "the address at which Cellgate reaches Cells is not in the file: write it in `users.cells.url`";
        document.notes.push(note.to_owned());
    }
    let mut plan = Plan {
        issuer: format!("{}/oidc/", default.trim_end_matches('/')),
        lifetimes: std::mem::take(&mut document.lifetimes),
        cells_clients: Vec::new(),
        clients: Vec::new(),
        host: host_of(default),
        upstream: upstream.unwrap_or_else(|| UNKNOWN_UPSTREAM.to_owned()),
    };
    let mut notes = document.notes;
    for client in found {
        take(&mut plan, &client, &mut notes)?;
    }
    let yaml = yaml::write(&plan);
    notes.extend(problems(&yaml));
    out.write_all(yaml.as_bytes())?;
    for note in &notes {
        writeln!(report, "{note}")?;
    }
    writeln!(
        report,
        "{} clients and {} of Cells' own; put these two sections in the place of those of config/minimal.yaml",
        plan.clients.len(),
        plan.cells_clients.len()
    )?;
    Ok(())
}

/// Puts a client where it belongs.
fn take(plan: &mut Plan, client: &Found, notes: &mut Vec<String>) -> Result<(), CliError> {
    let id = client.id.as_str().to_owned();
    let own = CellsClient::ALL.into_iter().find(|own| own.id() == id);
    if let Some(own) = own {
        plan.cells_clients.extend(name_of(own));
        return Ok(());
    }
    if id == CellsClient::Frontend.id() {
        notes.push(format!(
            "left out {id}: `cells` makes the web interface a client by itself"
        ));
        return Ok(());
    }
    notes.extend(client.notes.iter().map(|note| format!("{id}: {note}")));
    let Ok(Value::Object(mut metadata)) = serde_json::to_value(&client.metadata) else {
        notes.push(format!("left out {id}: it cannot be written"));
        return Ok(());
    };
    let keys_file = metadata.remove("jwks").map(|keys| {
        let file = format!("{}.jwks.json", plan.clients.len() + 1);
        notes.push(format!("{id}: write its public keys to {file}: {keys}"));
        file
    });
    if metadata.remove("contacts").is_some() {
        notes.push(format!("{id}: left out contacts: nobody is shown them"));
    }
    let secret_hash = client.secret.as_ref();
    let secret_hash = secret_hash.map(|secret| hash(secret, HashKind::Argon2id));
    plan.clients.push(PlannedClient {
        id,
        metadata,
        secret_hash: secret_hash.transpose()?,
        keys_file,
    });
    Ok(())
}

/// As `provider.cells_clients` names it; `None` for what is registered by itself.
const fn name_of(own: CellsClient) -> Option<&'static str> {
    match own {
        CellsClient::Sync => Some("sync"),
        CellsClient::CommandLine => Some("client"),
        CellsClient::Mobile => Some("mobile"),
        CellsClient::Frontend => None,
    }
}

/// `Host` of the site, by which Cells chooses its own.
fn host_of(site: &str) -> Option<String> {
    let url = Url::parse(site).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// What a start would refuse of it, with the other sections as they have to be.
fn problems(yaml: &str) -> Vec<String> {
    let others = "listeners: [{ name: edge, address: 127.0.0.1:9480 }]\nstate: {}\n\
                  routes: [{ name: all, path: /, whoami: true, authentication: anonymous }]\n";
    let whole = format!("{yaml}{others}");
    match Config::parse(&whole, Path::new("")) {
        Ok(_) => Vec::new(),
        Err(error) => {
            let text = error.to_string();
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            lines.map(|line| format!("to be mended: {line}")).collect()
        }
    }
}
