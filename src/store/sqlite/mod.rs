//! The SQLite driver: one file, one connection, one thread of its own.
//!
//! Nothing else names `rusqlite`. The thread takes batches from a bounded queue, so no runtime
//! thread ever waits for the disk, and a database that cannot keep up refuses early instead of
//! collecting work. Other processes may use the same file (the command line does).

mod copy;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{Connection, ErrorCode, ToSql, Transaction, TransactionBehavior, params_from_iter};
use tokio::sync::oneshot;

use super::db::{Db, Rows, Statement, Value};
use super::files::{self, Hold};
use super::{StoreError, Synchronous};

/// Batches that may wait. At some 6,000 durable commits a second this is a sixth of a second.
const QUEUE_LENGTH: usize = 1024;

/// How long another process may hold the write lock before a batch fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub use self::copy::Progress;
pub(crate) use self::copy::{copy, make_single, problems};

/// SQLite's code for a file that it cannot open, of those beside the database too.
const CANNOT_OPEN: &str = "14";

/// A SQLite database behind its thread, which ends with the last handle.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    queue: SyncSender<Job>,
    thread: Arc<JoinHandle<()>>,
}

/// A batch and who waits for it.
struct Job {
    statements: Vec<Statement>,
    reply: oneshot::Sender<Result<Option<Vec<Rows>>, StoreError>>,
}

impl Sqlite {
    /// Opens the file at `path`, created with mode 0600 in a folder of mode 0700 when missing.
    /// Blocks on the disk.
    pub(crate) fn open(path: &Path, synchronous: Synchronous) -> Result<Self, StoreError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::WouldBlock => StoreError::Taken,
            _ => StoreError::Open {
                path: path.to_owned(),
                source,
            },
        };
        files::create_folder_of(path).map_err(refused)?;
        let hold = Hold::shared(path).map_err(refused)?;
        create_file(path).map_err(refused)?;
        let opened = open_to_write(path)
            .and_then(|connection| Self::start(connection, synchronous, Some(hold)));
        opened.map_err(|error| match error {
            StoreError::ReadOnly => refused(io::Error::other("it may only be read")),
            StoreError::Engine { code, message } if code == CANNOT_OPEN => {
                refused(io::Error::other(message))
            }
            other => other,
        })
    }

    /// Opens the file at `path`, which its caller has for itself, and durably. Blocks on the disk.
    pub(crate) fn open_own(path: &Path) -> Result<Self, StoreError> {
        Self::start(Connection::open(path)?, Synchronous::Full, None)
    }

    /// A database that is gone with its last handle.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        Self::start(Connection::open_in_memory()?, Synchronous::Normal, None)
    }

    fn start(
        connection: Connection,
        synchronous: Synchronous,
        hold: Option<Hold>,
    ) -> Result<Self, StoreError> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        use_wal(&connection)?;
        let level = match synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", level)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // A file that somebody prepared cannot make our statements call functions of theirs.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.set_prepared_statement_cache_capacity(64);

        let (queue, jobs) = sync_channel(QUEUE_LENGTH);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                Worker::new(connection).run(&jobs);
                // Given back when the connection is closed, not before.
                drop(hold);
            })
            .map_err(|_| StoreError::Stopped)?;
        let thread = Arc::new(thread);
        Ok(Self { queue, thread })
    }

    /// Waits until everything has been done that was handed over, and the file is closed. Only the
    /// last handle can do that.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        let Self { queue, thread } = self;
        drop(queue);
        let thread = Arc::into_inner(thread).ok_or(StoreError::Busy)?;
        thread.join().map_err(|_| StoreError::Stopped)
    }
}

#[async_trait]
impl Db for Sqlite {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Option<Vec<Rows>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .try_send(Job { statements, reply })
            .map_err(|refused| match refused {
                TrySendError::Full(_) => StoreError::Overloaded,
                TrySendError::Disconnected(_) => StoreError::Stopped,
            })?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

/// What runs on the thread.
struct Worker {
    connection: Connection,
    /// SQLite's `$1` is a name, numbered as it first appears; its `?1` is PostgreSQL's `$1`.
    texts: HashMap<Cow<'static, str>, String>,
}

impl Worker {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            texts: HashMap::new(),
        }
    }

    fn run(mut self, jobs: &Receiver<Job>) {
        for Job { statements, reply } in jobs {
            // Whoever asked may be gone; what was asked has been done all the same.
            drop(reply.send(self.batch(&statements)));
        }
    }

    fn batch(&mut self, statements: &[Statement]) -> Result<Option<Vec<Rows>>, StoreError> {
        for statement in statements {
            self.texts
                .entry(statement.sql.clone())
                .or_insert_with(|| statement.sql.replace('$', "?"));
        }
        // Taking the write lock first means never to fail half-way because another process
        // wrote between our read and our write.
        let behavior = if statements.iter().all(Statement::is_read) {
            TransactionBehavior::Deferred
        } else {
            TransactionBehavior::Immediate
        };
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        let mut answers = Vec::with_capacity(statements.len());
        for statement in statements {
            let text = self
                .texts
                .get(&statement.sql)
                .map_or(&*statement.sql, String::as_str);
            let rows = run_statement(&transaction, text, &statement.args)?;
            if statement.need.is_some_and(|need| need != rows.count()) {
                transaction.rollback()?;
                return Ok(None);
            }
            answers.push(rows);
        }
        transaction.commit()?;
        Ok(Some(answers))
    }
}

fn run_statement(
    transaction: &Transaction<'_>,
    text: &str,
    args: &[Value],
) -> Result<Rows, StoreError> {
    let mut statement = transaction.prepare_cached(text)?;
    let n_columns = statement.column_count();
    if n_columns == 0 {
        return Ok(Rows::changed(statement.execute(params_from_iter(args))?));
    }
    let mut rows = statement.query(params_from_iter(args))?;
    let mut returned = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..n_columns)
            .map(|n| row.get_ref(n).map_err(StoreError::from).and_then(read))
            .collect::<Result<Vec<_>, _>>()?;
        returned.push(values);
    }
    Ok(Rows::returned(returned))
}

fn read(value: ValueRef<'_>) -> Result<Value, StoreError> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(bytes) => String::from_utf8(bytes.to_vec())
            .map(Value::Text)
            .map_err(|_| StoreError::Corrupt("a text is not UTF-8")),
        ValueRef::Blob(bytes) => Ok(Value::Blob(bytes.to_vec())),
        ValueRef::Real(_) => Err(StoreError::Corrupt("a number has a fraction")),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(SqliteValue::Null),
            Self::Integer(number) => ToSqlOutput::Owned(SqliteValue::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// Opens a file that may be written: SQLite would be content to read it.
fn open_to_write(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    if connection.is_readonly("main")? {
        return Err(StoreError::ReadOnly);
    }
    Ok(connection)
}

/// Creates the file before SQLite does, which would leave its mode to the umask. The files
/// that SQLite puts beside it get the same mode.
fn create_file(path: &Path) -> io::Result<()> {
    // An existing file is not even opened: closing it would drop the locks that another
    // connection of this process has on it (POSIX locks belong to the process).
    match files::create_new(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

/// Switches the file to a write-ahead log, which it stays in.
///
/// SQLite does not wait when another process does the same at this moment, it fails. It does
/// wait for the write lock, so that is taken and given back between two tries.
fn use_wal(connection: &Connection) -> Result<(), StoreError> {
    const TRIES: usize = 20;
    for _ in 1..TRIES {
        let switched = connection.pragma_update(None, "journal_mode", "WAL");
        match switched.map_err(StoreError::from) {
            Err(StoreError::Busy) => connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?,
            other => return other,
        }
    }
    Ok(connection.pragma_update(None, "journal_mode", "WAL")?)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return Self::Engine {
                code: "-1".to_owned(),
                message: error.to_string(),
            };
        };
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::DiskFull => Self::DiskFull,
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged,
            ErrorCode::ConstraintViolation => Self::Conflict,
            _ => Self::Engine {
                code: failure.extended_code.to_string(),
                message: message.clone().unwrap_or_default(),
            },
        }
    }
}
