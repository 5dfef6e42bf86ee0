//! `cellgate clients list` and `cellgate clients show`.

use std::io::Write;

use super::view::ClientView;
use super::{Book, ClientsError};
use crate::cli::error::CliError;
use crate::cli::output::{length, write_json};
use crate::model::{ClientId, Timestamp};

/// Shows each client in a line, those of the configuration first.
pub(super) async fn list(
    book: &Book,
    json: bool,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let configured = book.state.provider.clients.iter();
    let mut views: Vec<_> = configured.map(ClientView::of_configuration).collect();
    for record in book.store.list_clients().await? {
        // The configuration hides it, so that it is not there for anybody.
        if book.configured(&record.id).is_none() {
            views.push(view(book, record)?);
        }
    }
    if json {
        return write_json(out, &views);
    }
    writeln!(
        out,
        "{:<28} {:<14} {:<20} {:<10} NAME",
        "CLIENT_ID", "REGISTERED", "AUTHENTICATION", "AGE"
    )?;
    for view in &views {
        let age = view
            .created_at
            .map(|at| length(now.since(Timestamp::from_secs(at))));
        writeln!(
            out,
            "{:<28} {:<14} {:<20} {:<10} {}",
            view.client_id,
            view.registered,
            view.token_endpoint_auth_method,
            age.as_deref().unwrap_or("-"),
            view.client_name,
        )?;
    }
    Ok(())
}

/// Shows one client.
pub(super) async fn show(
    book: &Book,
    id: &str,
    json: bool,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let parsed = ClientId::parse(id).map_err(ClientsError::from)?;
    let view = match book.configured(&parsed) {
        Some(client) => ClientView::of_configuration(client),
        None => view(book, book.find(id).await?)?,
    };
    if json {
        return write_json(out, &view);
    }
    view.write(out)?;
    if let Some(created_at) = view.created_at {
        let age = length(now.since(Timestamp::from_secs(created_at)));
        writeln!(out, "{:<33}{age} ago", "created")?;
    }
    Ok(())
}

fn view(book: &Book, record: crate::store::ClientRecord) -> Result<ClientView, CliError> {
    let audience = &book.state.provider.registration.audience;
    Ok(ClientView::of_record(record, audience)?)
}
