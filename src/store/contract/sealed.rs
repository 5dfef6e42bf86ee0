//! One of each of what is encrypted in the database, stored as it is ever stored.

use super::{NOW, digest, later};
use crate::jose::SigningAlgorithm;
use crate::model::{ClientId, RegisteredBy, SessionId, UpstreamSession};
use crate::secret::Secret;
use crate::store::{Begun, ClientRecord, IssuerSession, IssuerTokens, Store};

/// Stores one of each.
pub(in crate::store) async fn seal_one_of_each(store: &Store) {
    store
        .ensure_keys(&[SigningAlgorithm::Es256], NOW)
        .await
        .unwrap();
    store.secret("one").await.unwrap();
    let client = ClientRecord {
        id: ClientId::parse("app").unwrap(),
        registered_by: RegisteredBy::Itself,
        metadata: "{}".to_owned(),
        secret_hash: None,
        shared_secret: Some(Secret::new("shared")),
        registration_token: None,
        created_at: NOW,
    };
    assert!(store.add_client(&client).await.unwrap());
    let upstream = UpstreamSession {
        access_token: Secret::new("token"),
        token_expires_at: later(600),
        renewal: Secret::new("renewal"),
        renewal_expires_at: later(3600),
    };
    store
        .save_upstream_session(&SessionId::new("session"), &upstream, later(60), NOW)
        .await
        .unwrap();
    let session = IssuerSession {
        id: "i".to_owned(),
        host: "app.example".to_owned(),
        issuer: "https://issuer.example/".to_owned(),
        client_id: "us".to_owned(),
        subject: "s".to_owned(),
        sid: None,
        tokens: IssuerTokens {
            refresh_token: None,
            id_token: Secret::new("id"),
            nonce: "n".to_owned(),
            scope: "openid".to_owned(),
            claims: serde_json::Map::new(),
            good_until: later(60),
        },
        version: 0,
        refresh_at: None,
        begun_at: NOW,
        last_seen_at: NOW,
        idle_until: later(600),
        expires_at: later(3600),
    };
    let (cookie, state) = (digest("cookie"), digest("state"));
    let begun = Begun {
        state: &state,
        state_expires_at: later(60),
        previous: None,
    };
    let begun = store.begin_issuer_session(&cookie, &session, &begun).await;
    assert!(begun.unwrap());
}
