//! Password attempts, counted before the password is checked.
//!
//! Counting first and taking back later keeps parallel attempts within the limits: an attempt
//! that is cut off in the middle stays counted, as the users' backend may have counted it.

use std::time::Duration;

use super::db::Statement;
use super::{Store, StoreError};
use crate::model::Timestamp;
use crate::secret::Digest;

/// How many wrong passwords in a row a login has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptLimits {
    /// Failures in a row before a pause (default 5).
    pub failures_before_pause: u32,
    /// How long the pause lasts; after it each further failure brings another pause.
    pub pause: Duration,
    /// Failures in a row that are never exceeded until a success or an administrator clears the
    /// count (default 8: below Cells' permanent lock at ten). `None`: pauses only.
    pub ceiling: Option<u32>,
}

/// Whether a password may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Yes; the attempt is counted.
    Reserved,
    /// Not before this moment.
    PausedUntil(Timestamp),
    /// Not until an administrator clears the count.
    Exhausted,
}

impl Store {
    /// Counts an attempt for `key` (a digest of the login's counting key) *before* the password is
    /// checked. Atomic: parallel attempts cannot exceed the limits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the attempt may be counted then.
    pub async fn reserve_attempt(
        &self,
        key: &Digest,
        limits: &AttemptLimits,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let ceiling = limits.ceiling.map_or(i64::MAX, i64::from);
        if ceiling == 0 {
            return Ok(Attempt::Exhausted);
        }
        let reserve = Statement::new(
            "INSERT INTO attempts (login, failures, last_at) VALUES ($1, 1, $2)
             ON CONFLICT (login) DO UPDATE SET failures = attempts.failures + 1, last_at = $2
             WHERE attempts.failures < $5 AND (attempts.failures < $3 OR attempts.last_at <= $4)",
        );
        let select = Statement::new("SELECT failures, last_at FROM attempts WHERE login = $1");
        let [reserved, count] = self
            .run_all([
                reserve
                    .bind(key)
                    .bind(now)
                    .bind(limits.failures_before_pause)
                    .bind(now.before(limits.pause))
                    .bind(ceiling),
                select.bind(key),
            ])
            .await?;
        if reserved.count() == 1 {
            return Ok(Attempt::Reserved);
        }
        let mut row = count.first().ok_or(StoreError::Corrupt("attempts"))?;
        if row.integer()? >= ceiling {
            return Ok(Attempt::Exhausted);
        }
        Ok(Attempt::PausedUntil(row.timestamp()?.after(limits.pause)))
    }

    /// The password was right, or an administrator decided: the count starts anew.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn clear_attempts(&self, key: &Digest) -> Result<(), StoreError> {
        let delete = Statement::new("DELETE FROM attempts WHERE login = $1");
        self.run(delete.bind(key)).await.map(drop)
    }

    /// The backend could not answer: takes the reserved attempt back.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn return_attempt(&self, key: &Digest) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE attempts SET failures = failures - 1 WHERE login = $1 AND failures > 0",
        );
        let delete = Statement::new("DELETE FROM attempts WHERE login = $1 AND failures = 0");
        self.run_all([update.bind(key), delete.bind(key)])
            .await
            .map(drop)
    }
}
