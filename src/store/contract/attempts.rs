//! Attempts are counted before the password is checked, and never exceed the limits.

use std::time::Duration;

use super::{digest, later, new_store};
use crate::store::{Attempt, AttemptKey, AttemptLimits, Lane, Store};

const LIMITS: AttemptLimits = AttemptLimits {
    failures_before_pause: 3,
    pause: Duration::from_secs(60),
    ceiling: Some(5),
    reserved_for_known_devices: 0,
};

fn stranger(login: &str) -> AttemptKey {
    AttemptKey {
        login: digest(login),
        lane: Lane::Strangers,
    }
}

fn device(login: &str, name: &str) -> AttemptKey {
    AttemptKey {
        lane: Lane::KnownDevice(digest(name)),
        ..stranger(login)
    }
}

async fn reserve(store: &Store, secs: u64) -> Attempt {
    let key = stranger("alice");
    let attempt = store.reserve_attempt(&key, &LIMITS, later(secs)).await;
    attempt.unwrap()
}

#[tokio::test]
async fn failures_bring_pauses_and_then_an_end() {
    let store = new_store().await;
    for (at, expected, why) in [
        (0, Attempt::Reserved, "first"),
        (0, Attempt::Reserved, "second"),
        (10, Attempt::Reserved, "third"),
        (10, Attempt::PausedUntil(later(70)), "the pause begins"),
        (69, Attempt::PausedUntil(later(70)), "and lasts"),
        (70, Attempt::Reserved, "one try after the pause"),
        (71, Attempt::PausedUntil(later(130)), "brings another pause"),
        (130, Attempt::Reserved, "the fifth"),
        (131, Attempt::Exhausted, "is the last"),
        (9_000_000, Attempt::Exhausted, "for all time"),
    ] {
        assert_eq!(reserve(&store, at).await, expected, "{why}");
    }
}

#[tokio::test]
async fn logins_are_counted_apart() {
    let store = new_store().await;
    for _ in 0..4 {
        reserve(&store, 0).await;
    }

    let bob = stranger("bob");
    let attempt = store.reserve_attempt(&bob, &LIMITS, later(0)).await;

    assert_eq!(attempt.unwrap(), Attempt::Reserved);
}

#[tokio::test]
async fn a_success_starts_the_count_anew() {
    let store = new_store().await;
    for _ in 0..3 {
        reserve(&store, 0).await;
    }

    store.clear_attempts(&digest("alice")).await.unwrap();

    for _ in 0..3 {
        assert_eq!(reserve(&store, 1).await, Attempt::Reserved);
    }
    assert_eq!(reserve(&store, 1).await, Attempt::PausedUntil(later(61)));
}

#[tokio::test]
async fn a_returned_attempt_was_never_made() {
    let store = new_store().await;
    for _ in 0..20 {
        assert_eq!(reserve(&store, 0).await, Attempt::Reserved);
        store.return_attempt(&stranger("alice")).await.unwrap();
    }

    store.return_attempt(&stranger("alice")).await.unwrap();

    for _ in 0..3 {
        assert_eq!(reserve(&store, 0).await, Attempt::Reserved);
    }
    assert_eq!(reserve(&store, 0).await, Attempt::PausedUntil(later(60)));
}

#[tokio::test]
async fn without_a_ceiling_there_are_only_pauses() {
    let store = new_store().await;
    let limits = AttemptLimits {
        ceiling: None,
        ..LIMITS
    };

    for n in 0..50 {
        let (alice, at) = (stranger("alice"), later(n * 60));
        let attempt = store.reserve_attempt(&alice, &limits, at).await;
        assert_eq!(attempt.unwrap(), Attempt::Reserved, "try {n}");
    }
}

#[tokio::test]
async fn a_ceiling_of_nothing_allows_nothing() {
    let store = new_store().await;
    let limits = AttemptLimits {
        ceiling: Some(0),
        ..LIMITS
    };

    let alice = stranger("alice");
    let attempt = store.reserve_attempt(&alice, &limits, later(0)).await;

    assert_eq!(attempt.unwrap(), Attempt::Exhausted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_attempts_stay_within_the_limits() {
    let store = new_store().await;

    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { reserve(&store, 0).await })
        })
        .collect();

    let mut n_reserved = 0;
    for task in tasks {
        n_reserved += u32::from(task.await.unwrap() == Attempt::Reserved);
    }
    assert_eq!(n_reserved, LIMITS.failures_before_pause);
}

/// Whoever exhausts the login from elsewhere does not lock out the browsers that it is known by,
/// and all together stay below the ceiling.
#[tokio::test]
async fn strangers_leave_attempts_to_known_devices() {
    let store = new_store().await;
    let limits = AttemptLimits {
        failures_before_pause: 10,
        reserved_for_known_devices: 2,
        ..LIMITS
    };
    let (laptop, phone) = (device("alice", "laptop"), device("alice", "phone"));
    let try_as = async |key: &AttemptKey| {
        let foreseen = store.foresee_attempt(key, &limits, later(0)).await.unwrap();
        let attempt = store.reserve_attempt(key, &limits, later(0)).await.unwrap();
        assert_eq!(
            foreseen,
            Some(attempt).filter(|it| *it != Attempt::Reserved)
        );
        attempt
    };
    for (key, expected, why) in [
        (stranger("alice"), Attempt::Reserved, "first"),
        (stranger("alice"), Attempt::Reserved, "second"),
        (stranger("alice"), Attempt::Reserved, "third"),
        (
            stranger("alice"),
            Attempt::Exhausted,
            "the rest is reserved",
        ),
        (laptop, Attempt::Reserved, "for a known device"),
        (
            device("bob", "laptop"),
            Attempt::Reserved,
            "of its own login",
        ),
        (phone, Attempt::Reserved, "and another"),
        (
            phone,
            Attempt::Exhausted,
            "up to the ceiling of all together",
        ),
        (laptop, Attempt::Exhausted, "which holds for every lane"),
    ] {
        assert_eq!(try_as(&key).await, expected, "{why}");
    }

    store.clear_attempts(&digest("alice")).await.unwrap();

    assert_eq!(try_as(&stranger("alice")).await, Attempt::Reserved);
}

#[tokio::test]
async fn a_pause_of_strangers_is_not_one_of_a_known_device() {
    let store = new_store().await;
    for _ in 0..3 {
        reserve(&store, 0).await;
    }
    assert_eq!(reserve(&store, 0).await, Attempt::PausedUntil(later(60)));

    let laptop = device("alice", "laptop");
    let attempt = store.reserve_attempt(&laptop, &LIMITS, later(0)).await;

    assert_eq!(attempt.unwrap(), Attempt::Reserved);
}
