//! Work that one of several processes does at a time, and another one when that one dies.
//!
//! Whoever has the lease raises its turn every few seconds. One whose turn stays as it was for
//! [`LAPSE`], by the clock of who waits for it, has died. No moment is ever compared with that of
//! another machine, so clocks that differ neither make two holders nor none.
//!
//! A lease is there to save work, not to keep state whole: a process that hangs, loses its lease and
//! goes on later may meet its successor. So what is done under one is atomic by itself, and harmless
//! when done twice.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::db::{Row, Statement};
use super::{Store, StoreError};

/// How often a lease is to be asked for, by who has it and by who would like to.
pub const LEASE_PERIOD: Duration = Duration::from_secs(5);

/// How long the holder may be silent: three periods.
const LAPSE: Duration = Duration::from_secs(15);

/// What one process at a time does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Replacing signing keys.
    Keys,
    /// Deleting what can matter no more.
    Garbage,
}

impl Duty {
    /// Its name, for the table, the log and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Garbage => "garbage",
        }
    }
}

/// A duty, as one process sees it.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    duty: Duty,
    /// `None` before it was asked for.
    is_held: Option<bool>,
    /// The holder that is waited for.
    seen: Option<Seen>,
    done_at: Option<Duration>,
}

#[derive(Debug)]
struct Seen {
    holder: String,
    turn: i64,
    since: Duration,
}

impl Store {
    /// The lease for `duty`; nobody is asked yet.
    pub fn lease(&self, duty: Duty) -> Lease {
        Lease {
            store: self.clone(),
            duty,
            is_held: None,
            seen: None,
            done_at: None,
        }
    }

    /// Gives up all leases of this process, and takes none any more: others go on at once.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; they lapse then.
    pub async fn leave_duties(&self) -> Result<(), StoreError> {
        self.process.is_leaving.store(true, Ordering::SeqCst);
        let leave =
            Statement::new("UPDATE leases SET holder = '', turn = turn + 1 WHERE holder = $1");
        self.run(leave.bind(self.process.id.as_str()))
            .await
            .map(drop)
    }
}

impl Lease {
    /// Whether this process does the work, `uptime` being the clock's: asked for every
    /// [`LEASE_PERIOD`]. Where nobody shares the database it does.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer: then nobody knows, and nothing is to be done.
    pub async fn take(&mut self, uptime: Duration) -> Result<bool, StoreError> {
        if !self.store.is_shared() {
            self.is_held = Some(true);
            return Ok(true);
        }
        let is_held = self.contend(uptime).await?;
        if self.is_held != Some(is_held) {
            let duty = self.duty.as_str();
            tracing::info!(duty, is_held, "who does the work of all nodes has changed");
        }
        self.is_held = Some(is_held);
        Ok(is_held)
    }

    /// Whether the work is to be done now: by this process, which has not done it for `period`.
    /// Whoever takes it over begins at once.
    ///
    /// # Errors
    ///
    /// As [`Self::take`].
    pub async fn is_due(&mut self, period: Duration, uptime: Duration) -> Result<bool, StoreError> {
        if !self.take(uptime).await? {
            self.done_at = None;
            return Ok(false);
        }
        let is_due = self.done_at.is_none_or(|at| uptime >= at + period);
        if is_due {
            self.done_at = Some(uptime);
        }
        Ok(is_due)
    }

    /// Whether this process does the work, as far as was known when it asked last.
    pub fn is_held(&self) -> bool {
        self.is_held.unwrap_or_default()
    }

    pub(super) async fn contend(&mut self, uptime: Duration) -> Result<bool, StoreError> {
        let process = std::sync::Arc::clone(&self.store.process);
        if process.is_leaving.load(Ordering::SeqCst) {
            return Ok(false);
        }
        let take = match self.read().await? {
            None => Statement::new(
                "INSERT INTO leases (duty, holder, turn) VALUES ($1, $2, 1)
                 ON CONFLICT (duty) DO NOTHING",
            )
            .bind(self.duty.as_str())
            .bind(process.id.as_str()),
            Some((holder, turn))
                if holder.is_empty()
                    || holder == process.id
                    || self.has_lapsed(&holder, turn, uptime) =>
            {
                Statement::new(
                    "UPDATE leases SET holder = $2, turn = turn + 1
                     WHERE duty = $1 AND holder = $3 AND turn = $4",
                )
                .bind(self.duty.as_str())
                .bind(process.id.as_str())
                .bind(holder)
                .bind(turn)
            }
            Some(_) => return Ok(false),
        };
        let is_held = self.store.run(take).await?.count() == 1;
        self.seen = None;
        Ok(is_held)
    }

    async fn read(&self) -> Result<Option<(String, i64)>, StoreError> {
        let select = Statement::new("SELECT holder, turn FROM leases WHERE duty = $1");
        let rows = self.store.run(select.bind(self.duty.as_str())).await?;
        let read = |mut row: Row| Ok((row.text()?, row.integer()?));
        rows.first().map(read).transpose()
    }

    fn has_lapsed(&mut self, holder: &str, turn: i64, uptime: Duration) -> bool {
        match &self.seen {
            Some(seen) if seen.holder == holder && seen.turn == turn => {
                uptime.saturating_sub(seen.since) >= LAPSE
            }
            _ => {
                self.seen = Some(Seen {
                    holder: holder.to_owned(),
                    turn,
                    since: uptime,
                });
                false
            }
        }
    }
}
