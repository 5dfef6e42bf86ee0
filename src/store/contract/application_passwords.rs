//! Application passwords: found by their secret alone, counted for each user, gone with their end.

use super::{digest, later, new_store, user};
use crate::model::{ApplicationPassword, GrantId, Scope, Subject, Timestamp, UserProfile};
use crate::store::{Minted, Store};

pub(super) fn password(id: &str, at: Timestamp) -> ApplicationPassword {
    ApplicationPassword {
        id: GrantId::new(id),
        user: user(),
        name: "phone".to_owned(),
        routes: vec!["dav".to_owned(), "files".to_owned()],
        scope: Scope::parse("files.read files.write").unwrap(),
        created_at: at,
        expires_at: Some(at.after(std::time::Duration::from_secs(3600))),
        last_used_at: None,
        user_confirmed_at: at,
    }
}

async fn save(store: &Store, secret: &str, password: &ApplicationPassword, most: u32) -> Minted {
    let digest = digest(secret);
    let saved = store.save_application_password(&digest, password, most);
    saved.await.unwrap()
}

async fn find(store: &Store, secret: &str, secs: u64) -> Option<ApplicationPassword> {
    let digest = digest(secret);
    let found = store.find_application_password(&digest, later(secs));
    found.await.unwrap()
}

#[tokio::test]
async fn a_password_comes_back_as_it_was_made_and_by_nothing_but_its_secret() {
    let store = new_store().await;
    let made = password("one", later(0));
    assert_eq!(save(&store, "secret", &made, 1).await, Minted::Saved);

    let found = find(&store, "secret", 1).await.unwrap();

    assert_eq!(format!("{found:?}"), format!("{made:?}"));
    assert!(find(&store, "one", 1).await.is_none());
    assert!(find(&store, "another", 1).await.is_none());
}

#[tokio::test]
async fn a_password_is_over_in_the_second_it_expires_and_then_collected() {
    let store = new_store().await;
    save(&store, "s", &password("one", later(0)), 5).await;

    assert!(find(&store, "s", 3599).await.is_some());
    assert!(find(&store, "s", 3600).await.is_none());
    let subject = &user().subject;
    let listed = store.application_passwords_of(subject, later(3600)).await;
    assert!(listed.unwrap().is_empty());

    assert_eq!(store.collect_garbage(later(3599), 10).await.unwrap(), 0);
    assert_eq!(store.collect_garbage(later(3600), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn a_user_has_no_more_than_the_limit_and_expired_ones_do_not_count() {
    let store = new_store().await;
    assert_eq!(
        save(&store, "a", &password("a", later(0)), 2).await,
        Minted::Saved
    );
    assert_eq!(
        save(&store, "b", &password("b", later(0)), 2).await,
        Minted::Saved
    );
    assert_eq!(
        save(&store, "c", &password("c", later(0)), 2).await,
        Minted::Full
    );
    assert!(find(&store, "c", 1).await.is_none());
    let other = ApplicationPassword {
        user: UserProfile {
            subject: Subject::parse("somebody-else").unwrap(),
            ..user()
        },
        ..password("d", later(0))
    };
    assert_eq!(save(&store, "d", &other, 2).await, Minted::Saved);

    let late = password("e", later(3600));
    assert_eq!(save(&store, "e", &late, 2).await, Minted::Saved);
}

/// A form that is sent twice brings one password, and the second secret opens nothing.
#[tokio::test]
async fn one_name_is_one_password() {
    let store = new_store().await;
    save(&store, "first", &password("one", later(0)), 5).await;

    let again = save(&store, "second", &password("one", later(0)), 5).await;

    assert_eq!(again, Minted::Repeated);
    assert!(find(&store, "first", 1).await.is_some());
    assert!(find(&store, "second", 1).await.is_none());
}

#[tokio::test]
async fn of_many_that_are_made_at_once_no_more_are_stored_than_the_limit() {
    let store = new_store().await;
    let mut attempts = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = store.clone();
        attempts.spawn(async move {
            let name = format!("p{n}");
            save(&store, &name, &password(&name, later(0)), 3).await
        });
    }

    let made = attempts.join_all().await;

    let n_saved = made.iter().filter(|made| **made == Minted::Saved).count();
    assert_eq!(n_saved, 3, "{made:?}");
}

#[tokio::test]
async fn use_and_confirmation_are_noted() {
    let store = new_store().await;
    save(&store, "s", &password("one", later(0)), 5).await;
    let id = GrantId::new("one");
    let renamed = UserProfile {
        name: Some("Another name".to_owned()),
        ..user()
    };

    store
        .touch_application_password(&id, later(70))
        .await
        .unwrap();
    store
        .touch_application_password(&id, later(60))
        .await
        .unwrap();
    let confirmed = store.confirm_application_password(&id, &renamed, later(80));
    confirmed.await.unwrap();

    let found = find(&store, "s", 90).await.unwrap();
    assert_eq!(found.last_used_at, Some(later(70)), "never back in time");
    assert_eq!(found.user_confirmed_at, later(80));
    assert_eq!(found.user.name, renamed.name);
}

#[tokio::test]
async fn one_that_is_ended_is_gone_and_revoked_at_once() {
    let store = new_store().await;
    save(&store, "a", &password("a", later(0)), 5).await;
    save(&store, "b", &password("b", later(0)), 5).await;
    let (subject, a) = (user().subject, GrantId::new("a"));
    let stranger = Subject::parse("somebody-else").unwrap();

    let of_another = store.end_application_password(&stranger, &a, later(10));
    assert!(!of_another.await.unwrap());
    assert!(find(&store, "a", 10).await.is_some());
    assert!(!store.revocations().covers_grant("a"));

    let ended = store.end_application_password(&subject, &a, later(10));
    assert!(ended.await.unwrap());
    assert!(find(&store, "a", 10).await.is_none());
    assert!(find(&store, "b", 10).await.is_some());
    assert!(store.revocations().covers_grant("a"));
    assert!(!store.revocations().covers_grant("b"));
    let again = store.end_application_password(&subject, &a, later(11));
    assert!(!again.await.unwrap());
}

#[tokio::test]
async fn all_of_a_user_end_together() {
    let store = new_store().await;
    for name in ["a", "b"] {
        save(&store, name, &password(name, later(0)), 5).await;
    }

    let subject = user().subject;
    let ended = store.end_application_passwords_of(&subject, later(10));

    assert_eq!(ended.await.unwrap(), 2);
    assert!(store.revocations().covers_grant("a"));
    assert!(store.revocations().covers_grant("b"));
    let listed = store.application_passwords_of(&subject, later(10));
    assert!(listed.await.unwrap().is_empty());
}
