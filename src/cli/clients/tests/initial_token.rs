//! `cellgate clients initial-token`.

use super::{Desk, value};
use crate::cli::clients::ClientsError;
use crate::cli::error::CliError;
use crate::clock::{Clock as _, SystemClock};
use crate::secret::Secret;

/// Whether an application could register itself with `token`.
fn is_good(desk: &Desk, token: &str) -> bool {
    let digest = Secret::new(token).digest();
    let now = SystemClock.now();
    desk.with_store(async |store| store.find_initial_token(&digest, now).await.unwrap())
        .is_some()
}

#[test]
fn an_initial_token_is_kept_as_a_digest_and_its_uselessness_is_said() {
    let desk = Desk::new();

    let printed = desk
        .type_in(&["initial-token", "create", "--uses", "2"])
        .unwrap();

    let token = value(&printed, "initial_access_token:");
    assert!(is_good(&desk, &token));
    assert!(printed.contains("2 registrations within 24 h"), "{printed}");
    assert!(printed.contains("no effect yet"), "{printed}");
}

#[test]
fn initial_tokens_are_listed_without_the_tokens_and_revoked_by_their_ids() {
    let desk = Desk::new();
    let first = desk
        .type_in(&["initial-token", "create", "--note", "for the wiki"])
        .unwrap();
    let second = desk
        .type_in(&["initial-token", "create", "--uses", "5", "--hours", "1"])
        .unwrap();

    let list = desk.json(&["initial-token", "list", "--json"]);
    let table = desk.type_in(&["initial-token", "list"]).unwrap();
    desk.type_in(&["initial-token", "revoke", &value(&first, "id:")])
        .unwrap();

    // Both were made within a second, which leaves their order to their ids.
    let listed = |printed: &str| {
        let id = value(printed, "id:");
        let mut tokens = list.as_array().unwrap().iter();
        tokens.find(|token| token["id"] == id).unwrap()
    };
    assert_eq!(listed(&first)["note"], "for the wiki");
    assert_eq!(
        (&listed(&second)["uses"], &listed(&second)["uses_left"]),
        (&5.into(), &5.into())
    );
    assert!(
        table.contains("5 of 5") && table.contains("for the wiki"),
        "{table}"
    );
    let [first, second] = [first, second].map(|it| value(&it, "initial_access_token:"));
    assert!(!table.contains(&first) && !list.to_string().contains(&first));
    assert!(!is_good(&desk, &first));
    assert!(is_good(&desk, &second));
    assert!(matches!(
        desk.type_in(&["initial-token", "revoke", "-B"]),
        Err(CliError::Clients(ClientsError::UnknownToken(_)))
    ));
}
