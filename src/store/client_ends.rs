//! What ends with a client, wherever it was registered, and what stays ended when it comes back.

use std::time::Duration;

use super::db::Statement;
use super::grants::revoke_grants;
use super::revocations::{grant_revoked_until, revocation_columns};
use crate::model::{ClientId, Timestamp};

/// The statements that end the clients of a query with the one parameter `$1`: their grants,
/// consents and tokens. Those that change revocations return them.
macro_rules! end {
    ($clients:literal, $argument:expr, $now:expr) => {{
        let (argument, now) = ($argument, $now);
        let until = grant_revoked_until(now);
        let [remember_grants, revoke_grants] =
            revoke_grants!(concat!("client_id IN (", $clients, ")"));
        // Whoever registers the same id again must ask its users again.
        let forget_consents = Statement::new(concat!(
            "DELETE FROM consents WHERE client_id IN (",
            $clients,
            ")",
        ));
        let replace = Statement::new(concat!(
            "DELETE FROM revocations WHERE kind IN ('client', 'client_until') AND id IN (",
            $clients,
            ")",
        ));
        let remember_clients = Statement::new(concat!(
            "INSERT INTO revocations (kind, id, expires_at) SELECT 'client', id, $2 FROM (",
            $clients,
            ") ended RETURNING ",
            revocation_columns!(),
        ));
        [
            remember_grants.bind(argument).bind(until),
            revoke_grants.bind(argument).bind(now),
            forget_consents.bind(argument),
            replace.bind(argument),
            remember_clients.bind(argument).bind(until),
        ]
    }};
}

/// Ends the client of the store under `id`.
pub(super) fn of_stored(id: &ClientId, now: Timestamp) -> [Statement; 5] {
    end!("SELECT id FROM clients WHERE id = $1", id.as_str(), now)
}

/// Ends every client that the configuration lists no more.
pub(super) fn of_unlisted(now: Timestamp) -> [Statement; 5] {
    const NO: i64 = 0;
    end!(
        "SELECT id FROM configured_clients WHERE is_listed = $1",
        NO,
        now
    )
}

/// The ids that somebody has.
macro_rules! registered {
    () => {
        "(id IN (SELECT id FROM clients WHERE removed_at IS NULL)
          OR id IN (SELECT id FROM configured_clients WHERE is_listed = 1))"
    };
}

/// Lets clients that are registered at `now`, perhaps again, have tokens; what was issued before
/// stays refused. To be run after every change of the clients.
///
/// The second of the return belongs to the new registration, unless the old one ended in it.
pub(super) fn returns(now: Timestamp) -> [Statement; 2] {
    let bound = Statement::new(concat!(
        "INSERT INTO revocations (kind, id, expires_at, issued_until)
         SELECT 'client_until', id, expires_at, CASE WHEN expires_at >= $1 THEN $2 ELSE $3 END
         FROM revocations WHERE kind = 'client' AND ",
        registered!(),
        " RETURNING ",
        revocation_columns!(),
    ));
    let replace = Statement::new(concat!(
        "DELETE FROM revocations WHERE kind = 'client' AND ",
        registered!(),
    ));
    let ended_now = grant_revoked_until(now);
    let before = now.before(Duration::from_secs(1));
    [bound.bind(ended_now).bind(now).bind(before), replace]
}
