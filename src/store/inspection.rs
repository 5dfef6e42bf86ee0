//! What only tests ask of the store.

use super::{Revocations, Store};
use crate::model::{ClientId, GrantId, Revocable, Timestamp};
use crate::store::db::Statement;

impl Store {
    /// How many refresh tokens of a grant are live.
    pub(crate) async fn n_live_refresh_tokens(&self, grant: &GrantId, now: Timestamp) -> i64 {
        let select = Statement::new(
            "SELECT count(*) FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id
             WHERE g.id = $1 AND g.revoked_at IS NULL AND t.spent_at IS NULL
               AND t.expires_at > $2",
        );
        let rows = self.run(select.bind(grant.as_str()).bind(now)).await;
        rows.unwrap().first().unwrap().integer().unwrap()
    }
}

impl Revocations {
    /// Whether a token with this `jti`, and nothing else that is revoked, is.
    pub(crate) fn covers_token(&self, id: &str) -> bool {
        self.covers(&Revocable {
            token_id: Some(id),
            ..NOTHING
        })
    }

    /// Whether the tokens of a grant are revoked.
    pub(crate) fn covers_grant(&self, id: &str) -> bool {
        self.covers(&Revocable {
            grant_id: Some(&GrantId::new(id)),
            ..NOTHING
        })
    }

    /// Whether the tokens that a client got at `issued_at` are revoked.
    pub(crate) fn covers_client(&self, id: &str, issued_at: Timestamp) -> bool {
        self.covers(&Revocable {
            client_id: Some(&ClientId::parse(id).unwrap()),
            issued_at,
            ..NOTHING
        })
    }
}

const NOTHING: Revocable<'static> = Revocable {
    token_id: None,
    grant_id: None,
    client_id: None,
    issued_at: Timestamp::from_secs(0),
    expires_at: Timestamp::from_secs(u64::MAX),
};
