//! Revocations: a table until the tokens would have expired anyway, and in memory what of it is
//! needed to tell.

mod set;

pub use set::Revocations;

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::db::{Row, Statement};
use super::{Store, StoreError, to_the_end};
use crate::model::{ClientId, GrantId, Timestamp};

/// How long the revocation of a grant is remembered: longer than any access token lives, which
/// the configuration bounds to 24 hours.
const GRANT_REVOCATION_LIFETIME: Duration = Duration::from_secs(25 * 60 * 60);

/// Rows of the table that are read in one go, so that many of them are never in memory twice.
const READ_AT_ONCE: u32 = 10_000;

/// Until when the revocation of a grant must be remembered.
pub(super) const fn grant_revoked_until(now: Timestamp) -> Timestamp {
    now.after(GRANT_REVOCATION_LIFETIME)
}

impl Store {
    /// Revokes one access token by `jti` until `expires_at`. Durable before it returns, and seen
    /// by [`Self::revocations`] at once. Done even if the caller stops waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the token may not be revoked then.
    pub async fn revoke_token(
        &self,
        token_id: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (store, token_id) = (self.clone(), token_id.to_owned());
        to_the_end(async move {
            let remember = Statement::new(
                "INSERT INTO revocations (kind, id, expires_at) VALUES ('jti', $1, $2)
                 ON CONFLICT (kind, id) DO NOTHING",
            );
            store
                .run(remember.bind(token_id.as_str()).bind(expires_at))
                .await?;
            store
                .revocations
                .insert(Revoked::Token(token_id), expires_at);
            Ok(())
        })
        .await
    }

    /// Takes over what other processes (the command line) revoked since the last look, and returns
    /// it. Costs one index lookup when there is nothing new.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; what was known stays known.
    pub async fn refresh_revocations(&self) -> Result<Vec<RevokedElsewhere>, StoreError> {
        let mut unknown = Vec::new();
        while self.read_next_revocations(&mut unknown).await? {}
        Ok(unknown)
    }

    /// The same for a process that starts, to which all of them are unknown.
    pub(super) async fn read_revocations(&self) -> Result<(), StoreError> {
        let mut unknown = Vec::new();
        while self.read_next_revocations(&mut unknown).await? {
            unknown.clear();
        }
        Ok(())
    }

    /// Adds what of the next [`READ_AT_ONCE`] was not known to `unknown`; whether there may be more.
    async fn read_next_revocations(
        &self,
        unknown: &mut Vec<RevokedElsewhere>,
    ) -> Result<bool, StoreError> {
        let select = Statement::new(concat!(
            "SELECT ",
            revocation_columns!(),
            " FROM revocations WHERE sequence > $1 ORDER BY sequence LIMIT $2"
        ));
        let seen = self.revocations.seen.load(Ordering::SeqCst);
        let rows = self.run(select.bind(seen).bind(READ_AT_ONCE)).await?;
        let n_rows = rows.count();
        let taken = self.revocations.take(rows)?;
        let seen = &self.revocations.seen;
        seen.fetch_max(taken.newest, Ordering::SeqCst);
        unknown.extend(taken.unknown);
        Ok(u32::try_from(n_rows) == Ok(READ_AT_ONCE))
    }

    /// Notes that all revocations were read at `now`.
    pub fn is_up_to_date(&self, now: Timestamp) {
        let revocations = &self.revocations;
        revocations.read_at.store(now.as_secs(), Ordering::Relaxed);
        revocations.is_stale.store(false, Ordering::Relaxed);
    }

    /// Notes that they could not be read at `now`; whether what is known is too old from now on.
    pub fn is_out_of_date(&self, now: Timestamp) -> bool {
        let is_stale = self.revocations.age(now) > self.stale_after;
        let was_stale = self.revocations.is_stale.swap(is_stale, Ordering::Relaxed);
        is_stale && !was_stale
    }
}

/// Something that another process revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedElsewhere {
    /// `token`, `grant` or `client`.
    pub kind: &'static str,
    /// Its name, which is no secret.
    pub id: String,
}

/// What rows of the table brought.
#[derive(Debug)]
pub(super) struct Taken {
    /// The sequence of the last; 0 when there was none.
    newest: i64,
    /// What was not known here.
    unknown: Vec<RevokedElsewhere>,
}

/// The columns that [`Revocations::take`] reads.
macro_rules! revocation_columns {
    () => {
        "sequence, kind, id, expires_at, issued_until"
    };
}
pub(super) use revocation_columns;

/// What was revoked.
pub(super) enum Revoked {
    /// A single access token, by `jti`.
    Token(String),
    /// A grant and all its tokens.
    Grant(GrantId),
    /// All tokens of a client, or those issued until a moment.
    Client(ClientId, ClientTokens),
}

/// Which tokens of a client are revoked.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientTokens {
    /// Those up to here; `None`: all, since the client is not registered.
    issued_until: Option<Timestamp>,
    /// Of two entries the later one holds.
    sequence: i64,
}

impl Revoked {
    /// What ends here; `None` when it is a client that comes back.
    fn name(&self) -> Option<RevokedElsewhere> {
        let (kind, id) = match self {
            Self::Token(id) => ("token", id.clone()),
            Self::Grant(id) => ("grant", id.as_str().to_owned()),
            Self::Client(_, tokens) if tokens.issued_until.is_some() => return None,
            Self::Client(id, _) => ("client", id.as_str().to_owned()),
        };
        Some(RevokedElsewhere { kind, id })
    }
}

fn read_entry(mut row: Row) -> Result<(i64, Revoked, Timestamp), StoreError> {
    let sequence = row.integer()?;
    let kind = row.text()?;
    let id = row.text()?;
    let expires_at = row.timestamp()?;
    let issued_until = row.optional_timestamp()?;
    let client = |issued_until| {
        let tokens = ClientTokens {
            issued_until,
            sequence,
        };
        ClientId::parse(&id)
            .map(|id| Revoked::Client(id, tokens))
            .map_err(|_| StoreError::Corrupt("a client id"))
    };
    let revoked = match (kind.as_str(), issued_until) {
        ("jti", None) => Revoked::Token(id),
        ("grant", None) => Revoked::Grant(GrantId::new(id)),
        ("client", None) => client(None)?,
        ("client_until", Some(until)) => client(Some(until))?,
        _ => return Err(StoreError::Corrupt("a kind of revocation")),
    };
    Ok((sequence, revoked, expires_at))
}
