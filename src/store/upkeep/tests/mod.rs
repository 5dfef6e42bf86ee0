//! Whole databases: copied, restored, moved, under another key.

mod moving;
mod restoring;
mod schema;

use super::*;
use crate::model::Timestamp;
use crate::store::files;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// Waits until the last handle on a file is closed by its thread.
fn settle(settings: &Settings) {
    let Ok(path) = file_of(settings) else { return };
    while files::Hold::alone(path).is_err() {
        std::thread::yield_now();
    }
}
