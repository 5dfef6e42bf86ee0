//! `cellgate keys list`.

use std::cmp::Reverse;
use std::io::Write;

use crate::cli::error::CliError;
use crate::cli::output::length;
use crate::jose::RingKey;
use crate::model::Timestamp;

/// Shows each key, by algorithm, the youngest first.
pub(super) fn list(
    out: &mut impl Write,
    mut keys: Vec<RingKey>,
    now: Timestamp,
) -> Result<(), CliError> {
    keys.sort_by_key(|key| (key.key.algorithm(), Reverse(key.active_from)));
    writeln!(out, "{:<8} {:<44} {:<12} STATUS", "ALG", "KID", "AGE")?;
    let mut signing = None;
    for key in &keys {
        let algorithm = key.key.algorithm();
        let is_first_active = signing != Some(algorithm) && key.active_from <= now;
        if is_first_active {
            signing = Some(algorithm);
        }
        writeln!(
            out,
            "{:<8} {:<44} {:<12} {}",
            algorithm.as_str(),
            key.key.id(),
            length(now.since(key.created_at)),
            status(key, is_first_active, now),
        )?;
    }
    Ok(())
}

/// What a key is used for.
fn status(key: &RingKey, is_first_active: bool, now: Timestamp) -> String {
    match key.published_until {
        Some(until) if until <= now => "withdrawn".to_owned(),
        _ if key.active_from > now => {
            format!("published, signs in {}", length(key.active_from.since(now)))
        }
        _ if is_first_active => "signs".to_owned(),
        Some(until) => format!("published for another {}", length(until.since(now))),
        None => "published".to_owned(),
    }
}
