//! `cellgate clients remove`.

use std::io::Write;

use super::{Book, ClientsError};
use crate::cli::error::CliError;
use crate::model::Timestamp;

/// Removes a client with everything that was granted to it.
pub(super) async fn remove(
    book: &Book,
    id: &str,
    out: &mut impl Write,
    now: Timestamp,
) -> Result<(), CliError> {
    let record = book.find(id).await?;
    if !book.store.remove_client(&record.id, now).await? {
        return Err(ClientsError::Unknown(id.to_owned()).into());
    }
    writeln!(
        out,
        "{id} is removed and its grants are revoked; a running Cellgate follows within seconds."
    )?;
    Ok(())
}
