//! Refresh tokens against an oracle: thousands of random histories.
//!
//! A history is what clients, thieves, users, operators and machines do in an order that nobody
//! chose: parallel refreshes, answers that get lost, replays early and late, revocations, users
//! who are locked, a backend that is silent, days that pass, and crashes, after which the store
//! is opened again from its file. Three processes share the state, and each request goes to another
//! one than the request before. The oracle knows the rules and nothing of the code.
//!
//! `CELLGATE_TEST_HISTORIES=10000` runs so many, on PostgreSQL with `cargo test every_contract_holds`;
//! `CELLGATE_TEST_SEED` says which, so that several commands can share them.
//!
//! What holds in every history:
//! - each answer is the one that the rules name;
//! - a client that keeps to the rules is never signed out;
//! - a grant has at most one live token, and none from the moment a theft shows;
//! - nothing comes back after a revocation, a sign-out or the end of the user.

mod history;
mod oracle;
mod random;
mod world;

use crate::provider::tests::support::Tokens;
use crate::store::testing;
use history::Kind;
use oracle::{IDLE, MEMORY};
use random::Random;
use world::World;

/// Histories share a database file, as grants do.
const N_HISTORIES_PER_FILE: u64 = 100;

/// Another number makes other histories; a failure names the one it was found in.
const SEED: u64 = 20_260_101;

/// A number from the environment.
fn asked(variable: &str) -> Option<u64> {
    let text = std::env::var_os(variable)?;
    Some(text.to_str()?.parse().expect("a number"))
}

#[tokio::test]
async fn every_answer_of_two_thousand_histories_is_the_oracles() {
    // Over a network each step takes its time: the first twenty of them.
    let usually = if testing::is_shared() { 20 } else { 2000 };
    let first = asked("CELLGATE_TEST_SEED").unwrap_or(SEED);
    let n_histories = asked("CELLGATE_TEST_HISTORIES").unwrap_or(usually);
    let mut world = World::new().await;
    for n in 0..n_histories {
        if n > 0 && n % N_HISTORIES_PER_FILE == 0 {
            world = World::new().await;
        }
        let kind = if n % 2 == 0 {
            Kind::Peaceful
        } else {
            Kind::Hostile
        };
        history::run(&mut world, kind, &mut Random::new(first + n)).await;
    }
}

/// Histories in which this comes to pass by chance are too few.
#[tokio::test]
async fn a_theft_shows_for_a_while_after_the_end_of_the_spent_token() {
    const BEFORE_ITS_END: u64 = 3600;
    for (after_its_end, status) in [(MEMORY - 1, 400), (MEMORY, 200)] {
        let world = World::new().await;
        let session = world.session().await;
        let (_, first) = world.grant("app", &session).await;
        world.op.advance_s(IDLE - BEFORE_ITS_END);
        let next = Tokens::of(&world.refresh("app", first.refresh_token()).await);
        world.op.advance_s(BEFORE_ITS_END + after_its_end);
        let (store, now) = (&world.op.store, world.now());
        store.collect_garbage(now, 1000).await.unwrap();

        let replay = world.refresh("app", first.refresh_token()).await;
        let later = world.refresh("app", next.refresh_token()).await;

        assert_eq!(replay.status, 400);
        assert_eq!(later.status, status, "{after_its_end}");
    }
}
