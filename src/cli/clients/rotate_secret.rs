//! `cellgate clients rotate-secret`.

use std::io::Write;

use super::{Book, ClientsError, add};
use crate::cli::error::CliError;
use crate::provider::clients::{ClientMetadata, keep_secret};

/// Gives a client another secret and prints it.
pub(super) async fn rotate_secret(
    book: &Book,
    id: &str,
    out: &mut impl Write,
) -> Result<(), CliError> {
    let mut record = book.find(id).await?;
    let metadata = ClientMetadata::parse(&record.metadata).map_err(ClientsError::from)?;
    let method = metadata.authentication_method();
    let Some(secret) = add::secret(method)? else {
        return Err(ClientsError::NoSecret(record.id).into());
    };
    keep_secret(&mut record, method, Some(&secret));
    if !book.store.replace_client(&record).await? {
        return Err(ClientsError::Unknown(id.to_owned()).into());
    }
    writeln!(out, "client_secret: {}", secret.expose())?;
    writeln!(
        out,
        "The secret is shown this once; the old one is refused within seconds."
    )?;
    Ok(())
}
