//! What a user allowed a client is remembered until it is withdrawn, with all that came of it.

use super::{code, digest, grant, later, new_store};
use crate::model::{Allowance, ClientId, Consent, Grant, IdentityClaim, Scope, Subject, Timestamp};
use crate::store::{Redemption, Store};

fn subject(text: &str) -> Subject {
    Subject::parse(text).unwrap()
}

fn client(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

async fn allow(store: &Store, user: &str, client_id: &str, scope: &str, at: Timestamp) {
    let consent = Consent {
        subject: subject(user),
        client_id: client(client_id),
        allowed: Allowance {
            scope: Scope::parse(scope).unwrap(),
            ..Allowance::default()
        },
        given_at: at,
    };
    store.save_consent(&consent).await.unwrap();
}

async fn allowed(store: &Store, user: &str, client_id: &str) -> Option<String> {
    let (subject, client) = (subject(user), client(client_id));
    let found = store.find_consent(&subject, &client).await.unwrap();
    found.map(|consent| consent.allowed.to_string())
}

#[tokio::test]
async fn allowing_more_adds_to_what_was_allowed() {
    let store = new_store().await;
    assert_eq!(allowed(&store, "u1", "app").await, None);

    allow(&store, "u1", "app", "openid email", later(1)).await;
    allow(&store, "u1", "app", "openid groups", later(9)).await;

    let found = store.find_consent(&subject("u1"), &client("app")).await;
    let consent = found.unwrap().unwrap();
    assert_eq!(consent.allowed.to_string(), "email groups openid");
    assert_eq!(consent.given_at, later(9));
}

#[tokio::test]
async fn a_claim_is_allowed_apart_from_the_scope_value_of_its_name() {
    let store = new_store().await;
    allow(&store, "u1", "app", "openid email", later(1)).await;
    let consent = Consent {
        subject: subject("u1"),
        client_id: client("app"),
        allowed: Allowance {
            scope: Scope::default(),
            claims: [IdentityClaim::Email, IdentityClaim::Name].into(),
        },
        given_at: later(2),
    };

    store.save_consent(&consent).await.unwrap();

    let found = store.find_consent(&subject("u1"), &client("app")).await;
    let allowed = found.unwrap().unwrap().allowed;
    assert_eq!(allowed.scope.to_string(), "email openid");
    assert_eq!(allowed.claims, consent.allowed.claims);
    let (user, app) = (subject("u1"), client("app"));
    store.withdraw_consent(&user, &app, later(3)).await.unwrap();
    assert_eq!(store.find_consent(&user, &app).await.unwrap(), None);
}

#[tokio::test]
async fn a_consent_is_one_users_to_one_client() {
    let store = new_store().await;

    allow(&store, "u1", "app", "openid", later(1)).await;

    assert_eq!(allowed(&store, "u2", "app").await, None);
    assert_eq!(allowed(&store, "u1", "other").await, None);
}

#[tokio::test]
async fn the_consents_of_a_user_are_listed_client_by_client() {
    let store = new_store().await;
    allow(&store, "u1", "b", "openid", later(1)).await;
    allow(&store, "u1", "a", "openid email", later(2)).await;
    allow(&store, "u2", "c", "openid", later(3)).await;

    let consents = store.consents_of(&subject("u1")).await.unwrap();

    let listed: Vec<_> = consents
        .iter()
        .map(|consent| (consent.client_id.as_str(), consent.allowed.to_string()))
        .collect();
    assert_eq!(
        listed,
        [("a", "email openid".to_owned()), ("b", "openid".to_owned())]
    );
}

#[tokio::test]
async fn withdrawing_a_consent_revokes_what_came_of_it_and_nothing_else() {
    let store = new_store().await;
    let user = grant("g1").user.subject;
    let other_client = Grant {
        client_id: client("other"),
        ..grant("g2")
    };
    for (name, given) in [("g1", grant("g1")), ("g2", other_client)] {
        let record = crate::model::AuthorizationCode {
            grant: given,
            ..code(name)
        };
        store.save_code(&digest(name), &record).await.unwrap();
        allow(
            &store,
            user.as_str(),
            record.grant.client_id.as_str(),
            "openid",
            later(1),
        )
        .await;
    }

    let app = client("demo-app");
    store.withdraw_consent(&user, &app, later(2)).await.unwrap();

    assert_eq!(allowed(&store, user.as_str(), "demo-app").await, None);
    assert!(store.revocations().covers_grant("g1"));
    assert!(!store.revocations().covers_grant("g2"));
    let code = store.redeem_code(&digest("g1"), later(3)).await.unwrap();
    assert!(matches!(code, Redemption::Unknown), "{code:?}");
    let code = store.redeem_code(&digest("g2"), later(3)).await.unwrap();
    assert!(matches!(code, Redemption::Fresh(_)), "{code:?}");
    assert!(allowed(&store, user.as_str(), "other").await.is_some());
}
