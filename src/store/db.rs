//! What a database must be able to do: run a few statements, all or none.
//!
//! Repositories are written once, in the SQL that SQLite and PostgreSQL share (`$1` parameters,
//! `RETURNING`, `ON CONFLICT`, `BIGINT` seconds, `TEXT` JSON, bytes). Every claim of the store
//! that something happens at most once rests on one statement with a condition, or on
//! [`Statement::need`] in a batch; there is no read-then-write over two batches.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;

use super::StoreError;
use crate::model::Timestamp;
use crate::secret::Digest;

/// A database.
#[async_trait]
pub(crate) trait Db: fmt::Debug + Send + Sync {
    /// Runs `statements` in one transaction, in their order, and returns what each brought.
    ///
    /// `None` when a statement did not get the rows it [needs](Statement::need): nothing has
    /// changed then. A batch that was handed over is run even if the caller stops waiting.
    async fn batch(&self, statements: Vec<Statement>) -> Result<Option<Vec<Rows>>, StoreError>;
}

/// One statement with its arguments.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) args: Vec<Value>,
    /// How many rows it must return or change, else the whole batch is rolled back.
    pub(crate) need: Option<usize>,
}

impl Statement {
    /// `sql` without arguments yet.
    pub(crate) const fn new(sql: &'static str) -> Self {
        Self {
            sql: Cow::Borrowed(sql),
            args: Vec::new(),
            need: None,
        }
    }

    /// The same for `sql` that was put together: by commands, and of our own names alone.
    pub(crate) const fn owned(sql: String) -> Self {
        Self {
            sql: Cow::Owned(sql),
            args: Vec::new(),
            need: None,
        }
    }

    /// Adds the next argument: the first one is `$1`.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Makes the batch depend on exactly `rows` rows.
    pub(crate) const fn need(mut self, rows: usize) -> Self {
        self.need = Some(rows);
        self
    }

    /// Whether it only reads; such batches do not wait for the write lock.
    pub(crate) fn is_read(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT")
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The arguments hold profiles and sealed keys.
        write!(f, "Statement({:?})", self.sql)
    }
}

/// A value in a column; no other types are used.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(..)")
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<Timestamp> for Value {
    fn from(moment: Timestamp) -> Self {
        Self::Integer(i64::try_from(moment.as_secs()).unwrap_or(i64::MAX))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&Digest> for Value {
    fn from(digest: &Digest) -> Self {
        Self::Blob(digest.as_bytes().to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What one statement brought.
pub(crate) struct Rows {
    rows: Vec<Row>,
    n_affected: usize,
}

impl Rows {
    /// Rows that were returned.
    pub(crate) fn returned(rows: Vec<Vec<Value>>) -> Self {
        Self {
            n_affected: rows.len(),
            rows: rows.into_iter().map(|row| Row(row.into_iter())).collect(),
        }
    }

    /// `n_affected` rows that were changed, and none returned.
    pub(crate) const fn changed(n_affected: usize) -> Self {
        Self {
            rows: Vec::new(),
            n_affected,
        }
    }

    /// How many rows were returned or changed.
    pub(crate) const fn count(&self) -> usize {
        self.n_affected
    }

    /// The first row, if any.
    pub(crate) fn first(self) -> Option<Row> {
        self.rows.into_iter().next()
    }

    /// The rows.
    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    /// Reads every row with `read`.
    pub(crate) fn read_all<T>(
        self,
        read: impl FnMut(Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.rows.into_iter().map(read).collect()
    }
}

/// A row, read column by column from the left.
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    /// What is left of it, as it is.
    pub(crate) fn into_values(self) -> std::vec::IntoIter<Value> {
        self.0
    }

    /// The next column, a text.
    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.optional_text()?.ok_or(StoreError::Corrupt("no text"))
    }

    /// The next column, a text or null.
    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(StoreError::Corrupt("a text is something else")),
        }
    }

    /// The next column, a digest or null.
    pub(crate) fn optional_digest(&mut self) -> Result<Option<Digest>, StoreError> {
        match self.0.next() {
            Some(Value::Blob(bytes)) => Digest::from_slice(&bytes)
                .map(Some)
                .ok_or(StoreError::Corrupt("a digest has another length")),
            Some(Value::Null) => Ok(None),
            _ => Err(StoreError::Corrupt("a digest is something else")),
        }
    }

    /// The next column, a number.
    pub(crate) fn integer(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Value::Integer(number)) => Ok(number),
            _ => Err(StoreError::Corrupt("a number is something else")),
        }
    }

    /// The next column, a moment.
    pub(crate) fn timestamp(&mut self) -> Result<Timestamp, StoreError> {
        self.optional_timestamp()?
            .ok_or(StoreError::Corrupt("no moment"))
    }

    /// The next column, a moment or null.
    pub(crate) fn optional_timestamp(&mut self) -> Result<Option<Timestamp>, StoreError> {
        match self.0.next() {
            Some(Value::Integer(secs)) => u64::try_from(secs)
                .map(|secs| Some(Timestamp::from_secs(secs)))
                .map_err(|_| StoreError::Corrupt("a moment is negative")),
            Some(Value::Null) => Ok(None),
            _ => Err(StoreError::Corrupt("a moment is something else")),
        }
    }

    /// The next column, bytes.
    pub(crate) fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        self.optional_blob()?.ok_or(StoreError::Corrupt("no bytes"))
    }

    /// The next column, bytes or null.
    pub(crate) fn optional_blob(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.next() {
            Some(Value::Blob(bytes)) => Ok(Some(bytes)),
            Some(Value::Null) => Ok(None),
            _ => Err(StoreError::Corrupt("bytes are something else")),
        }
    }
}

/// The answers of a batch of `N` statements.
pub(crate) fn answers<const N: usize>(rows: Vec<Rows>) -> Result<[Rows; N], StoreError> {
    rows.try_into()
        .map_err(|_| StoreError::Corrupt("a batch brought another number of answers"))
}
