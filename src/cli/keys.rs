//! `cellgate keys`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::arguments::KeysCommand;
use super::error::CliError;
use super::report::load;
use crate::clock::{Clock as _, SystemClock};
use crate::jose::{RingKey, SigningAlgorithm, SigningKey};
use crate::model::Timestamp;
use crate::store::{self, Store};
use crate::{config, provider};

/// How long a new key is published before it signs: a running server reads the store every few
/// seconds, and the key set must show the key before its first token.
const PUBLISHED_BEFORE_USE: Duration = Duration::from_secs(30);

/// How long an old key is published beyond the last token it signed, for clocks that go wrong.
const PUBLISHED_AFTER_USE: Duration = Duration::from_secs(300);

/// Lists or rotates the signing keys.
pub(super) fn keys(command: &KeysCommand, out: &mut impl Write) -> Result<(), CliError> {
    let now = SystemClock.now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match command {
        KeysCommand::List { config } => {
            let state = State::of(config)?;
            let keys = runtime.block_on(state.load())?;
            list(out, keys, now)
        }
        KeysCommand::Rotate {
            config,
            algorithm,
            compromised,
        } => {
            let state = State::of(config)?;
            let algorithms = state.algorithms(algorithm.as_deref())?;
            let plan = Plan::new(&state.provider, *compromised, now);
            for algorithm in algorithms {
                let key = runtime.block_on(state.rotate(algorithm, &plan))?;
                announce(out, &key, &plan)?;
            }
            Ok(())
        }
    }
}

/// Where the keys are, and what they are for.
struct State {
    store: store::Settings,
    provider: provider::Settings,
}

impl State {
    fn of(path: &Path) -> Result<Self, CliError> {
        let config: config::Config = load(path)?;
        let (Some(store), Some(provider)) = (config.store, config.provider) else {
            return Err(CliError::NoProvider);
        };
        // Opening the store would create it, which only the first start should do.
        if let Some(file) = store.path.as_ref().filter(|file| !file.exists()) {
            return Err(CliError::NoState(file.clone()));
        }
        Ok(Self { store, provider })
    }

    /// The algorithms tokens are signed with, or the one that was asked for.
    fn algorithms(&self, only: Option<&str>) -> Result<Vec<SigningAlgorithm>, CliError> {
        let access = self.provider.access_token_algorithm;
        let id = self.provider.id_token_algorithm;
        let mut algorithms = vec![access];
        if id != access {
            algorithms.push(id);
        }
        if let Some(name) = only {
            algorithms.retain(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name));
            if algorithms.is_empty() {
                return Err(CliError::UnusedAlgorithm(name.to_owned()));
            }
        }
        Ok(algorithms)
    }

    async fn load(&self) -> Result<Vec<RingKey>, CliError> {
        Ok(Store::open(&self.store).await?.load_keys().await?)
    }

    async fn rotate(&self, algorithm: SigningAlgorithm, plan: &Plan) -> Result<RingKey, CliError> {
        let key = RingKey {
            key: Arc::new(SigningKey::generate(algorithm)?),
            created_at: plan.now,
            active_from: plan.active_from,
            published_until: None,
        };
        let store = Store::open(&self.store).await?;
        store.save_key(&key, plan.predecessors_until).await?;
        Ok(key)
    }
}

/// When a new key begins and its predecessors end.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    now: Timestamp,
    active_from: Timestamp,
    predecessors_until: Timestamp,
}

impl Plan {
    fn new(provider: &provider::Settings, compromised: bool, now: Timestamp) -> Self {
        if compromised {
            return Self {
                now,
                active_from: now,
                predecessors_until: now,
            };
        }
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
}

fn announce(out: &mut impl Write, key: &RingKey, plan: &Plan) -> Result<(), CliError> {
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

fn list(out: &mut impl Write, mut keys: Vec<RingKey>, now: Timestamp) -> Result<(), CliError> {
    keys.sort_by_key(|key| (key.key.algorithm(), std::cmp::Reverse(key.active_from)));
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

/// A length of time, roughly.
fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
