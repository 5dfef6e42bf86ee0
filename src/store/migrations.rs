//! The schema, in numbered steps that only go forward.

use super::StoreError;
use super::db::{Db, Statement, answers};

/// A step from one version of the schema to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// 1, 2, 3, …
    version: i64,
    /// Statements, each ending with a semicolon at the end of a line.
    sql: &'static str,
}

/// The steps for SQLite.
pub(crate) const SQLITE: &[Migration] = &[
    Migration {
        version: 1,
        sql: include_str!("migrations/sqlite/0001_state.sql"),
    },
    Migration {
        version: 2,
        sql: include_str!("migrations/sqlite/0002_consents.sql"),
    },
    Migration {
        version: 3,
        sql: include_str!("migrations/sqlite/0003_logout.sql"),
    },
    Migration {
        version: 4,
        sql: include_str!("migrations/sqlite/0004_refresh_policy.sql"),
    },
    Migration {
        version: 5,
        sql: include_str!("migrations/sqlite/0005_resources.sql"),
    },
    Migration {
        version: 6,
        sql: include_str!("migrations/sqlite/0006_clients.sql"),
    },
    Migration {
        version: 7,
        sql: include_str!("migrations/sqlite/0007_attempt_lanes.sql"),
    },
    Migration {
        version: 8,
        sql: include_str!("migrations/sqlite/0008_client_assertions.sql"),
    },
    Migration {
        version: 9,
        sql: include_str!("migrations/sqlite/0009_requested_claims.sql"),
    },
    Migration {
        version: 10,
        sql: include_str!("migrations/sqlite/0010_initial_tokens.sql"),
    },
    Migration {
        version: 11,
        sql: include_str!("migrations/sqlite/0011_configured_clients.sql"),
    },
    Migration {
        version: 12,
        sql: include_str!("migrations/sqlite/0012_shared_secrets.sql"),
    },
    Migration {
        version: 13,
        sql: include_str!("migrations/sqlite/0013_application_sessions.sql"),
    },
    Migration {
        version: 14,
        sql: include_str!("migrations/sqlite/0014_upstream_sessions.sql"),
    },
    Migration {
        version: 15,
        sql: include_str!("migrations/sqlite/0015_issuer_sessions.sql"),
    },
    Migration {
        version: 16,
        sql: include_str!("migrations/sqlite/0016_leases.sql"),
    },
    Migration {
        version: 17,
        sql: include_str!("migrations/sqlite/0017_failure_counts.sql"),
    },
    Migration {
        version: 18,
        sql: include_str!("migrations/sqlite/0018_application_passwords.sql"),
    },
    Migration {
        version: 19,
        sql: include_str!("migrations/sqlite/0019_ends.sql"),
    },
];

/// The steps for PostgreSQL. The first one is what SQLite came to in as many steps, and from then on
/// both have the same numbers.
pub(crate) const POSTGRES: &[Migration] = &[
    Migration {
        version: 14,
        sql: include_str!("migrations/postgres/0014_state.sql"),
    },
    Migration {
        version: 15,
        sql: include_str!("migrations/postgres/0015_issuer_sessions.sql"),
    },
    Migration {
        version: 16,
        sql: include_str!("migrations/postgres/0016_leases.sql"),
    },
    Migration {
        version: 17,
        sql: include_str!("migrations/postgres/0017_failure_counts.sql"),
    },
    Migration {
        version: 18,
        sql: include_str!("migrations/postgres/0018_application_passwords.sql"),
    },
    Migration {
        version: 19,
        sql: include_str!("migrations/postgres/0019_ends.sql"),
    },
];

/// Stands for a version in a database that is not whole, so that nothing starts on it: not this program,
/// and none of another version.
pub(crate) const UNFINISHED: i64 = 1_000_000_000;

/// The version that `migrations` lead to.
pub(crate) fn newest(migrations: &[Migration]) -> i64 {
    migrations.last().map_or(0, |last| last.version)
}

/// Brings the schema of `db` to the last of `migrations`; returns the version found and that one.
///
/// Several processes may do this at once: a step first claims its version, in its own
/// transaction, and a process that finds it claimed has nothing left to do.
pub(crate) async fn migrate(
    db: &dyn Db,
    migrations: &[Migration],
) -> Result<(i64, i64), StoreError> {
    let known = newest(migrations);
    let found = version(db).await?;
    if found == UNFINISHED {
        return Err(StoreError::Unfinished);
    }
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    for migration in migrations.iter().filter(|step| step.version > found) {
        let claim = Statement::new(
            "INSERT INTO schema_versions (version) VALUES ($1) ON CONFLICT DO NOTHING",
        );
        let mut statements = vec![claim.bind(migration.version).need(1)];
        statements.extend(split(migration.sql).map(Statement::new));
        db.batch(statements).await?;
    }
    Ok((found, known))
}

/// The version of the schema of `db`; 0 where there is none.
pub(crate) async fn version(db: &dyn Db) -> Result<i64, StoreError> {
    let rows = db
        .batch(vec![
            Statement::new(
                "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT NOT NULL PRIMARY KEY)",
            ),
            Statement::new("SELECT coalesce(max(version), 0) FROM schema_versions"),
        ])
        .await?;
    let [_, newest] = answers(rows.unwrap_or_default())?;
    newest
        .first()
        .ok_or(StoreError::Corrupt("no schema version"))?
        .integer()
}

fn split(sql: &'static str) -> impl Iterator<Item = &'static str> {
    sql.split(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Synchronous;
    use crate::store::sqlite::Sqlite;

    #[test]
    fn versions_count_up_from_one() {
        let versions: Vec<_> = SQLITE.iter().map(|step| step.version).collect();

        assert_eq!(versions, (1..).take(SQLITE.len()).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_second_start_finds_nothing_to_do() {
        let db = Sqlite::in_memory().unwrap();

        migrate(&db, SQLITE).await.unwrap();
        migrate(&db, SQLITE).await.unwrap();

        let newest = SQLITE.last().unwrap().version;
        assert_eq!(version(&db).await.unwrap(), newest);
    }

    #[tokio::test]
    async fn processes_that_start_at_once_migrate_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cellgate.db");
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move {
                    let open = move || Sqlite::open(&path, Synchronous::Normal);
                    let db = tokio::task::spawn_blocking(open).await.unwrap()?;
                    migrate(&db, SQLITE).await.map(drop)
                })
            })
            .collect();

        for start in starts {
            start.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_newer_file_is_refused() {
        let db = Sqlite::in_memory().unwrap();
        migrate(&db, SQLITE).await.unwrap();
        let newer = Statement::new("INSERT INTO schema_versions (version) VALUES (99)");
        db.batch(vec![newer]).await.unwrap();

        let refused = migrate(&db, SQLITE).await;

        assert!(matches!(refused, Err(StoreError::TooNew { found: 99, .. })));
    }
}
