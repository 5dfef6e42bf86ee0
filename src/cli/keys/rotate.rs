//! `cellgate keys rotate`.

use std::io::Write;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::output::length;
use crate::jose::{RingKey, SigningAlgorithm};
use crate::model::Timestamp;
use crate::provider::Handover;
use crate::store::{self, Predecessors, Store, generate_key};

/// How a key is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// So that nobody notices.
    Quiet,
    /// So that every token signed so far ends.
    AtOnce,
}

/// Makes a key and stores it, and lets its predecessors end.
pub(super) async fn rotate(
    store: &store::Settings,
    algorithm: SigningAlgorithm,
    way: Way,
    now: Timestamp,
) -> Result<(RingKey, Handover), CliError> {
    let handover = match way {
        Way::Quiet => Handover::by_hand(now),
        Way::AtOnce => Handover::at_once(now),
    };
    let predecessors = match way {
        Way::Quiet => Predecessors::Youngest {
            until: handover.predecessors_until,
        },
        Way::AtOnce => Predecessors::Withdrawn { at: now },
    };
    let key = RingKey {
        key: Arc::new(generate_key(algorithm).await?),
        created_at: handover.made_at,
        active_from: handover.active_from,
        published_until: None,
    };
    let store = Store::open(store).await?;
    store.save_key(&key, predecessors).await?;
    Ok((key, handover))
}

/// Says what a rotation did.
pub(super) fn announce(
    out: &mut impl Write,
    key: &RingKey,
    handover: &Handover,
) -> Result<(), CliError> {
    let signs = handover.active_from.since(handover.made_at);
    let leaves = handover.predecessors_until.since(handover.made_at);
    writeln!(
        out,
        "{} {}: new key; signs in {}, its predecessors are published for another {}.\n\
         A running Cellgate picks it up within seconds.",
        key.key.algorithm().as_str(),
        key.key.id(),
        length(signs),
        length(leaves),
    )?;
    Ok(())
}
