//! `cellgate keys`.

mod list;
mod public;
mod rekey;
mod rotate;

use std::io::Write;

use super::arguments::KeysCommand;
use super::error::CliError;
use super::output::block_on;
use super::state::State;
use crate::clock::{Clock as _, SystemClock};
use crate::jose::{RingKey, SigningAlgorithm};
use crate::store::Store;

/// Does something with keys.
pub(super) fn keys(command: &KeysCommand, out: &mut impl Write) -> Result<(), CliError> {
    let now = SystemClock.now();
    match command {
        KeysCommand::List { config } => {
            let state = State::of(config)?;
            let keys = block_on(state.load())??;
            list::list(out, keys, now)
        }
        KeysCommand::Rotate {
            config,
            algorithm,
            compromised,
        } => {
            let state = State::of(config)?;
            let keys = block_on(state.load())??;
            let algorithms = state.algorithms(&keys, algorithm.as_deref())?;
            let way = if *compromised {
                rotate::Way::AtOnce
            } else {
                rotate::Way::Quiet
            };
            for algorithm in algorithms {
                let rotated = rotate::rotate(&state.store, algorithm, way, now);
                let (key, handover) = block_on(rotated)??;
                rotate::announce(out, &key, &handover)?;
            }
            Ok(())
        }
        KeysCommand::Public {
            file,
            algorithm,
            id,
        } => public::public(file, (algorithm.as_deref(), id.as_deref()), out),
        KeysCommand::Rekey {
            config,
            new_key_file,
        } => rekey::rekey(config, new_key_file, out),
    }
}

impl State {
    /// The algorithms that something is signed with, or the one that was asked for: those of the
    /// configuration, and those of `keys` that sign for clients of the store.
    fn algorithms(
        &self,
        keys: &[RingKey],
        only: Option<&str>,
    ) -> Result<Vec<SigningAlgorithm>, CliError> {
        let youngest = keys.iter().filter(|key| key.published_until.is_none());
        let mut algorithms = self.provider.signing_algorithms();
        algorithms.extend(youngest.map(|key| key.key.algorithm()));
        algorithms.sort();
        algorithms.dedup();
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::desk::Desk;
    use std::path::Path;
    use std::time::Duration;

    /// A state with the first key of each algorithm.
    fn started() -> Desk {
        let desk = Desk::without_state("id_tokens: {algorithm: EdDSA}");
        let first = [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa];
        let created_at = SystemClock.now().before(Duration::from_secs(86_400));
        desk.with_store(async |store| store.ensure_keys(&first, created_at).await.unwrap());
        desk
    }

    fn listed(config: &Path) -> Result<Vec<String>, CliError> {
        let mut out = Vec::new();
        keys(
            &KeysCommand::List {
                config: config.to_owned(),
            },
            &mut out,
        )?;
        let text = String::from_utf8(out).unwrap();
        Ok(text.lines().skip(1).map(str::to_owned).collect())
    }

    fn rotate(
        config: &Path,
        algorithm: Option<&str>,
        compromised: bool,
    ) -> Result<String, CliError> {
        let mut out = Vec::new();
        let command = KeysCommand::Rotate {
            config: config.to_owned(),
            algorithm: algorithm.map(str::to_owned),
            compromised,
        };
        keys(&command, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_rotated_key_is_published_first_and_its_predecessor_signs_on() {
        let desk = started();

        let said = rotate(&desk.config, Some("es256"), false).unwrap();

        assert!(
            said.starts_with("ES256 ") && said.contains("signs in 30 s"),
            "{said}"
        );
        let keys = listed(&desk.config).unwrap();
        let [new, old, other] = &keys[..] else {
            panic!("{keys:#?}")
        };
        assert!(new.contains("published, signs in "), "{new}");
        assert!(old.starts_with("ES256") && old.ends_with("signs"), "{old}");
        assert!(
            other.starts_with("EdDSA") && other.ends_with("signs"),
            "{other}"
        );
    }

    #[test]
    fn a_compromised_key_is_withdrawn_at_once() {
        let desk = started();
        let before = listed(&desk.config).unwrap();

        rotate(&desk.config, None, true).unwrap();

        let after = listed(&desk.config).unwrap();
        let signing = |keys: &[String]| {
            keys.iter()
                .filter(|key| key.ends_with("signs"))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(signing(&after).len(), 2, "{after:#?}");
        assert!(
            signing(&after).iter().all(|key| !before.contains(key)),
            "{after:#?}"
        );
        let old = after.iter().filter(|key| !key.ends_with("signs"));
        assert!(
            old.into_iter().all(|key| key.ends_with("withdrawn")),
            "{after:#?}"
        );
    }

    /// Listing must not make what only a start should make.
    #[test]
    fn state_that_does_not_exist_is_not_created() {
        let desk = Desk::without_state("");

        assert!(matches!(listed(&desk.config), Err(CliError::NoState(_))));
        assert!(!desk.folder.path().join("c.db").exists());
    }

    #[test]
    fn an_algorithm_that_signs_nothing_is_refused() {
        let desk = started();

        assert!(matches!(
            rotate(&desk.config, Some("RS256"), false),
            Err(CliError::UnusedAlgorithm(_))
        ));
    }
}
