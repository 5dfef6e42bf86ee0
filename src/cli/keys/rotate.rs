//! `cellgate keys rotate`.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::length;
use crate::cli::error::CliError;
use crate::jose::{RingKey, SigningAlgorithm, SigningKey};
use crate::model::Timestamp;
use crate::provider;
use crate::store::{self, Store};

/// How long a new key is published before it signs: a running server reads the store every few
/// seconds, and the key set must show the key before its first token.
const PUBLISHED_BEFORE_USE: Duration = Duration::from_secs(30);

/// How long an old key is published beyond the last token it signed, for clocks that go wrong.
const PUBLISHED_AFTER_USE: Duration = Duration::from_secs(300);

/// When a new key begins and its predecessors end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    now: Timestamp,
    pub(super) active_from: Timestamp,
    pub(super) predecessors_until: Timestamp,
}

impl Plan {
    /// A rotation at `now` that nobody notices.
    pub(super) fn quiet(provider: &provider::Settings, now: Timestamp) -> Self {
        let active_from = now.after(PUBLISHED_BEFORE_USE);
        let longest = provider
            .access_token_lifetime
            .max(provider.id_token_lifetime);
        Self {
            now,
            active_from,
            predecessors_until: active_from.after(longest).after(PUBLISHED_AFTER_USE),
        }
    }

    /// A rotation at `now` that ends every token signed so far.
    pub(super) const fn at_once(now: Timestamp) -> Self {
        Self {
            now,
            active_from: now,
            predecessors_until: now,
        }
    }
}

/// Makes a key and stores it, and lets its predecessors end as planned.
pub(super) async fn rotate(
    store: &store::Settings,
    algorithm: SigningAlgorithm,
    plan: &Plan,
) -> Result<RingKey, CliError> {
    let key = RingKey {
        key: Arc::new(SigningKey::generate(algorithm)?),
        created_at: plan.now,
        active_from: plan.active_from,
        published_until: None,
    };
    let store = Store::open(store).await?;
    store.save_key(&key, plan.predecessors_until).await?;
    Ok(key)
}

/// Says what a rotation did.
pub(super) fn announce(out: &mut impl Write, key: &RingKey, plan: &Plan) -> Result<(), CliError> {
    let signs = plan.active_from.since(plan.now);
    let leaves = plan.predecessors_until.since(plan.now);
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
