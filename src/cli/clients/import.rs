//! `cellgate clients import`.

use std::io::Write;

use super::arguments::Import;
use super::{Book, ClientsError};
use crate::cli::arguments::HashKind;
use crate::cli::error::CliError;
use crate::cli::hash_secret::hash;
use crate::config::read_text;
use crate::model::{RegisteredBy, SecretHash, Timestamp};
use crate::provider::clients::{CellsClient, Sites, parse_cells};
use crate::secret::Secret;
use crate::store::ClientRecord;

/// What is to be done with a client.
enum Step {
    Add(ClientRecord),
    Update(ClientRecord),
    Keep,
    /// It is left alone, because of this.
    Skip(String),
}

impl Step {
    const fn word(&self) -> &'static str {
        match self {
            Self::Add(_) => "added",
            Self::Update(_) => "updated",
            Self::Keep => "unchanged",
            Self::Skip(_) => "skipped",
        }
    }
}

/// Takes over the static clients of Cells and says what became of each.
pub(super) async fn import(
    import: &Import,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let book = Book::open(&import.config).await?;
    let text = read_text(&import.file).map_err(ClientsError::from)?;
    let own_site = book.state.provider.issuer.origin();
    let sites = match import.sites.as_slice() {
        [] => Sites::new(&own_site, &[]),
        [default, others @ ..] => Sites::new(default, others),
    };
    let clients = parse_cells(&text, &sites).map_err(ClientsError::from)?;
    for client in clients {
        let (id, notes) = (client.id.clone(), client.notes.clone());
        let mut step = plan(&book, client, now).await?;
        if !import.dry_run {
            step = take(&book, step).await?;
        }
        match &step {
            Step::Skip(reason) => writeln!(out, "{:<10} {id}: {reason}", step.word())?,
            _ => writeln!(out, "{:<10} {id}", step.word())?,
        }
        for note in notes {
            writeln!(out, "           {note}")?;
        }
    }
    if import.dry_run {
        writeln!(out, "Nothing was written: this was a dry run.")?;
    }
    Ok(())
}

/// What is to be done with `client`.
async fn plan(book: &Book, client: CellsClient, now: Timestamp) -> Result<Step, CliError> {
    if book.configured(&client.id).is_some() {
        return Ok(Step::Skip("it is in the configuration".to_owned()));
    }
    let metadata = client.metadata.complete(&book.rules(RegisteredBy::Import));
    let metadata = match metadata.and_then(|it| it.check_id(&client.id).map(|()| it)) {
        Ok(metadata) => metadata.to_json(),
        Err(error) => return Ok(Step::Skip(error.to_string())),
    };
    let Some(before) = book.store.find_client(&client.id).await? else {
        return Ok(Step::Add(ClientRecord {
            id: client.id,
            registered_by: RegisteredBy::Import,
            metadata,
            secret_hash: client.secret.as_ref().map(slow_hash).transpose()?,
            shared_secret: None,
            registration_token: None,
            created_at: now,
        }));
    };
    if before.registered_by != RegisteredBy::Import {
        let by = before.registered_by.as_str();
        let reason = format!("it is registered already, by another way ({by})");
        return Ok(Step::Skip(reason));
    }
    let has_same_secret = match (&before.secret_hash, &client.secret) {
        (None, None) => true,
        (Some(hash), Some(secret)) => hash.matches(secret),
        _ => false,
    };
    if has_same_secret && before.metadata == metadata {
        return Ok(Step::Keep);
    }
    let secret_hash = if has_same_secret {
        before.secret_hash.clone()
    } else {
        client.secret.as_ref().map(slow_hash).transpose()?
    };
    Ok(Step::Update(ClientRecord {
        metadata,
        secret_hash,
        ..before
    }))
}

/// Does it; what came of it.
async fn take(book: &Book, step: Step) -> Result<Step, CliError> {
    let is_done = match &step {
        Step::Add(record) => book.store.add_client(record).await?,
        Step::Update(record) => book.store.replace_client(record).await?,
        Step::Keep | Step::Skip(_) => true,
    };
    Ok(if is_done {
        step
    } else {
        Step::Skip("another process has just added or removed it".to_owned())
    })
}

/// What is kept of a secret that a person may have chosen.
fn slow_hash(secret: &Secret) -> Result<SecretHash, CliError> {
    hash(secret, HashKind::Argon2id).map(SecretHash::Argon2id)
}
