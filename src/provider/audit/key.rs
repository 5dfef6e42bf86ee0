//! Signing keys.

use crate::jose::RingKey;

/// A signing key has a successor, which is published and will sign.
pub(crate) fn key_replaced(new: &RingKey, old: &str) {
    tracing::info!(
        target: "audit",
        event = "key_rotation",
        outcome = "success",
        key.algorithm = new.key.algorithm().as_str(),
        key.id = new.key.id(),
        key.active_from = new.active_from.as_secs(),
        key.predecessor = old,
        "a signing key will be replaced"
    );
}

/// A signing key ends that nothing needs.
pub(crate) fn key_retired(old: &RingKey) {
    tracing::info!(
        target: "audit",
        event = "key_rotation",
        outcome = "retired",
        key.algorithm = old.key.algorithm().as_str(),
        key.id = old.key.id(),
        "a signing key is used no more"
    );
}
