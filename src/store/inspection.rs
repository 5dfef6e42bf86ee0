//! What only tests ask of the store.

use super::Store;
use super::db::Statement;
use crate::model::{GrantId, Timestamp};

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
