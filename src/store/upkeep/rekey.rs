//! Everything that is encrypted, under another key.

use super::UpkeepError;
use super::alone::Alone;
use super::tables::TABLES;
use crate::store::db::Rows;
use crate::store::{KeySource, Settings, StoreError, secrets};

/// Rows that are read at a time.
const STEP: u32 = 500;

/// What came of a change of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rekeyed {
    /// So many values are encrypted under the new key now, and none under the old one.
    Now {
        /// How many.
        n_values: usize,
    },
    /// They were already: an earlier call got to its end, and was not told so.
    Before,
}

/// Encrypts everything that is encrypted under the key of `settings` under `new` instead, in one
/// transaction. Nobody uses the database meanwhile. A key file that is missing is made.
///
/// # Errors
///
/// [`UpkeepError`]; everything is under the key before then.
pub async fn rekey(settings: &Settings, new: &KeySource) -> Result<Rekeyed, UpkeepError> {
    let state = Alone::existing(&settings.database).await?;
    let old = match secrets::known_key(&*state.db, settings.key.clone()).await {
        Ok(old) => old.ok_or(UpkeepError::NothingToCopy)?,
        Err(StoreError::KeyFileWrong) if is_under(&state, new).await => return Ok(Rekeyed::Before),
        Err(error) => return Err(error.into()),
    };
    if is_under(&state, new).await {
        return Err(UpkeepError::SameKey);
    }
    // On the disk before anything is encrypted under it.
    let new = secrets::key(Some(new.clone())).await?;
    let mut updates = Vec::new();
    for table in TABLES.iter().filter(|table| table.sealed.is_some()) {
        let mut after = None;
        loop {
            let page = state
                .run(vec![table.select(after.as_deref(), STEP)])
                .await?;
            let mut n_read = 0;
            for row in page.into_iter().flat_map(Rows::into_rows) {
                n_read += 1;
                let mut record = table.record(row);
                after = Some(record.key.clone());
                if table.reseal(&mut record.values, &old, &new)? {
                    updates.extend(table.update_sealed(record)?);
                }
            }
            if n_read < STEP {
                break;
            }
        }
    }
    let n_values = updates.len();
    state.run(updates).await?;
    Ok(Rekeyed::Now { n_values })
}

/// Whether what is there opens with this key, and is encrypted under it already.
async fn is_under(state: &Alone, key: &KeySource) -> bool {
    let known = secrets::known_key(&*state.db, Some(key.clone())).await;
    matches!(known, Ok(Some(_)))
}
