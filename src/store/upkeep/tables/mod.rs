//! Every table, for whoever has to go through all of them.
//!
//! Only who does which work at the moment (`leases`) is of no use anywhere else. Tests hold this to the
//! schema: a column that is not named here would be lost by a copy, one that
//! is sealed and not said to be would be lost with the key.

mod list;

pub(super) use self::list::TABLES;
use crate::store::StoreError;
use crate::store::db::{Row, Statement, Value};
use crate::store::sealing::SealingKey;

/// A table that holds state.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Its primary key, in the order of which it is read.
    pub(super) key: &'static [&'static str],
    /// Every column, but those that the database fills in.
    pub(super) columns: &'static [&'static str],
    /// The column that is encrypted under the key, if there is one.
    pub(super) sealed: Option<Sealed>,
}

/// An encrypted column.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) column: &'static str,
    /// What the value is bound to begins with this,
    prefix: &'static str,
    /// and goes on with these columns of its row.
    names: &'static [&'static str],
}

/// A row as it was read: where it stands, and what is in it.
pub(super) struct Record {
    pub(super) key: Vec<Value>,
    pub(super) values: Vec<Value>,
}

impl Table {
    /// Reads up to `limit` rows behind the one with the key `after`, or the first ones.
    pub(super) fn select(&self, after: Option<&[Value]>, limit: u32) -> Statement {
        let key = self.key.join(", ");
        let columns = self.columns.join(", ");
        let condition = match after {
            None => String::new(),
            Some(after) => format!(" WHERE ({key}) > ({})", numbered(1, after.len())),
        };
        let sql = format!(
            "SELECT {key}, {columns} FROM {}{condition} ORDER BY {key} LIMIT {limit}",
            self.name
        );
        let values = after.unwrap_or_default().iter().cloned();
        values.fold(Statement::owned(sql), Statement::bind)
    }

    /// A row that [`Self::select`] brought.
    pub(super) fn record(&self, row: Row) -> Record {
        let mut values = row.into_values();
        Record {
            key: values.by_ref().take(self.key.len()).collect(),
            values: values.collect(),
        }
    }

    /// Inserts a row.
    pub(super) fn insert(&self, values: Vec<Value>) -> Statement {
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            self.name,
            self.columns.join(", "),
            numbered(1, self.columns.len())
        );
        let insert = Statement::owned(sql).need(1);
        values.into_iter().fold(insert, Statement::bind)
    }

    /// Deletes up to `limit` rows.
    pub(super) fn delete(&self, limit: u32) -> Statement {
        let key = self.key.join(", ");
        Statement::owned(format!(
            "DELETE FROM {name} WHERE ({key}) IN (SELECT {key} FROM {name} LIMIT {limit})",
            name = self.name
        ))
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> Statement {
        Statement::owned(format!("SELECT count(*) FROM {}", self.name))
    }

    /// A row, if there is any.
    pub(super) fn any(&self) -> Statement {
        Statement::owned(format!("SELECT 1 FROM {} LIMIT 1", self.name))
    }

    /// Puts what is sealed in a row under another key; whether there was something.
    pub(super) fn reseal(
        &self,
        values: &mut [Value],
        old: &SealingKey,
        new: &SealingKey,
    ) -> Result<bool, StoreError> {
        let Some(sealed) = &self.sealed else {
            return Ok(false);
        };
        let context = self.context(sealed, values)?;
        let value = self.value_of(sealed.column, values)?;
        let Value::Blob(bytes) = value else {
            return Ok(false);
        };
        let plain = old
            .unseal(&context, bytes)
            .ok_or(StoreError::KeyFileWrong)?;
        let resealed = new.seal(&context, &plain)?;
        let at = self.columns.iter().position(|it| *it == sealed.column);
        if let Some(value) = at.and_then(|at| values.get_mut(at)) {
            *value = Value::Blob(resealed);
        }
        Ok(true)
    }

    /// Writes what is sealed in a row back to where it was read.
    pub(super) fn update_sealed(&self, record: Record) -> Result<Option<Statement>, StoreError> {
        let Some(sealed) = &self.sealed else {
            return Ok(None);
        };
        let conditions = (2..).zip(self.key);
        let conditions: Vec<_> = conditions
            .map(|(n, name)| format!("{name} = ${n}"))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} = $1 WHERE {}",
            self.name,
            sealed.column,
            conditions.join(" AND ")
        );
        let value = self.value_of(sealed.column, &record.values)?.clone();
        let update = Statement::owned(sql).need(1).bind(value);
        Ok(Some(record.key.into_iter().fold(update, Statement::bind)))
    }

    /// What the sealed value of a row is bound to.
    pub(super) fn context(&self, sealed: &Sealed, values: &[Value]) -> Result<String, StoreError> {
        let mut context = sealed.prefix.to_owned();
        for name in sealed.names {
            let Value::Text(text) = self.value_of(name, values)? else {
                return Err(StoreError::Corrupt("a name is no text"));
            };
            context.push(':');
            context.push_str(text);
        }
        Ok(context)
    }

    fn value_of<'v>(&self, column: &str, values: &'v [Value]) -> Result<&'v Value, StoreError> {
        let mut pairs = self.columns.iter().zip(values);
        pairs
            .find(|(name, _)| **name == column)
            .map(|(_, value)| value)
            .ok_or(StoreError::Corrupt("a column is missing"))
    }
}

/// `$1, $2, …`, as many as `count` from `first` on.
fn numbered(first: usize, count: usize) -> String {
    let numbers: Vec<_> = (first..).take(count).map(|n| format!("${n}")).collect();
    numbers.join(", ")
}
