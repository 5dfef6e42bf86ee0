//! Password attempts, counted before the password is checked.
//!
//! Counting first and taking back later keeps parallel attempts within the limits: an attempt
//! that is cut off in the middle stays counted, as the users' backend may have counted it.

use std::time::Duration;

use super::db::{Row, Statement};
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
    /// Failures in a row, of all lanes together, that are never exceeded until a success or an
    /// administrator clears the count (default 8: below Cells' permanent lock at ten). `None`:
    /// pauses only.
    pub ceiling: Option<u32>,
    /// How many of `ceiling` strangers cannot use up (default 2).
    pub reserved_for_known_devices: u32,
}

/// Whose attempts at a login are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Of all browsers that never signed in as this login.
    Strangers,
    /// Of one browser that has.
    KnownDevice(Digest),
}

impl Lane {
    fn name(&self) -> String {
        match self {
            Self::Strangers => String::new(),
            Self::KnownDevice(device) => device.to_base64url(),
        }
    }
}

/// What an attempt is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptKey {
    /// A digest of the login's counting key.
    pub login: Digest,
    /// Who tries.
    pub lane: Lane,
}

impl AttemptLimits {
    /// The most failures of all lanes together.
    fn total(&self) -> i64 {
        self.ceiling.map_or(i64::MAX, i64::from)
    }

    /// The most failures of one lane.
    fn of_lane(&self, lane: &Lane) -> i64 {
        match lane {
            Lane::KnownDevice(_) => self.total(),
            Lane::Strangers => self.ceiling.map_or(i64::MAX, |ceiling| {
                i64::from(ceiling.saturating_sub(self.reserved_for_known_devices))
            }),
        }
    }
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
    /// Counts an attempt *before* the password is checked. Atomic: parallel attempts, of however
    /// many lanes, cannot exceed the limits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer; the attempt may be counted then.
    pub async fn reserve_attempt(
        &self,
        key: &AttemptKey,
        limits: &AttemptLimits,
        now: Timestamp,
    ) -> Result<Attempt, StoreError> {
        let ceiling = limits.of_lane(&key.lane);
        if ceiling == 0 {
            return Ok(Attempt::Exhausted);
        }
        let reserve = Statement::new(
            "INSERT INTO attempts (login, lane, failures, last_at)
             SELECT $1, $2, 1, $3
             WHERE (SELECT coalesce(sum(failures), 0) FROM attempts WHERE login = $1) < $6
             ON CONFLICT (login, lane) DO UPDATE
             SET failures = attempts.failures + 1, last_at = $3
             WHERE attempts.failures < $7
               AND (attempts.failures < $4 OR attempts.last_at <= $5)",
        );
        let reserve = reserve
            .bind(&key.login)
            .bind(key.lane.name())
            .bind(now)
            .bind(limits.failures_before_pause)
            .bind(now.before(limits.pause))
            .bind(limits.total())
            .bind(ceiling);
        let [reserved, counts] = self.run_all([reserve, counts_of(key)]).await?;
        if reserved.count() == 1 {
            return Ok(Attempt::Reserved);
        }
        let mut row = counts.first().ok_or(StoreError::Corrupt("attempts"))?;
        let refusal = Counts::read(&mut row)?.refusal(key, limits, now);
        // Not reserved, and yet nothing against it: only a pause that ends this second.
        Ok(refusal.unwrap_or(Attempt::PausedUntil(now)))
    }

    /// Why an attempt would be refused at `now`; `None`: it might be made. For whoever would
    /// otherwise wait in vain; only [`Self::reserve_attempt`] decides.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn foresee_attempt(
        &self,
        key: &AttemptKey,
        limits: &AttemptLimits,
        now: Timestamp,
    ) -> Result<Option<Attempt>, StoreError> {
        let counts = self.run(counts_of(key)).await?;
        let mut row = counts.first().ok_or(StoreError::Corrupt("attempts"))?;
        Ok(Counts::read(&mut row)?.refusal(key, limits, now))
    }

    /// The password was right, or an administrator decided: the counts of all lanes start anew.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn clear_attempts(&self, login: &Digest) -> Result<(), StoreError> {
        let delete = Statement::new("DELETE FROM attempts WHERE login = $1");
        self.run(delete.bind(login)).await.map(drop)
    }

    /// The backend could not answer: takes the reserved attempt back.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn return_attempt(&self, key: &AttemptKey) -> Result<(), StoreError> {
        let update = Statement::new(
            "UPDATE attempts SET failures = failures - 1
             WHERE login = $1 AND lane = $2 AND failures > 0",
        );
        let delete =
            Statement::new("DELETE FROM attempts WHERE login = $1 AND lane = $2 AND failures = 0");
        let both = [update, delete].map(|statement| {
            let statement = statement.bind(&key.login);
            statement.bind(key.lane.name())
        });
        self.run_all(both).await.map(drop)
    }
}

/// The failures of a login, and those of one lane with the moment of the last.
struct Counts {
    total: i64,
    in_lane: i64,
    last_at: Timestamp,
}

fn counts_of(key: &AttemptKey) -> Statement {
    let select = Statement::new(
        "SELECT CAST(coalesce(sum(failures), 0) AS BIGINT),
                coalesce(max(CASE WHEN lane = $2 THEN failures END), 0),
                coalesce(max(CASE WHEN lane = $2 THEN last_at END), 0)
         FROM attempts WHERE login = $1",
    );
    select.bind(&key.login).bind(key.lane.name())
}

impl Counts {
    fn read(row: &mut Row) -> Result<Self, StoreError> {
        Ok(Self {
            total: row.integer()?,
            in_lane: row.integer()?,
            last_at: row.timestamp()?,
        })
    }

    fn refusal(&self, key: &AttemptKey, limits: &AttemptLimits, now: Timestamp) -> Option<Attempt> {
        if self.total >= limits.total() || self.in_lane >= limits.of_lane(&key.lane) {
            return Some(Attempt::Exhausted);
        }
        let ends_at = self.last_at.after(limits.pause);
        let has_pause = self.in_lane >= i64::from(limits.failures_before_pause);
        (has_pause && now < ends_at).then_some(Attempt::PausedUntil(ends_at))
    }
}
