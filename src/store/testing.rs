//! The database that tests of the store, and of those who use it, run on.
//!
//! SQLite, unless the environment names a PostgreSQL server: `store/postgres/tests.rs` starts one and
//! runs these tests once more.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::postgres::{PostgresServer, PostgresSettings};
use super::{Database, KeySource, Settings, Store, Synchronous};

/// The environment variable that names the folder of a PostgreSQL server's socket.
pub(crate) const SOCKET: &str = "CELLGATE_TEST_POSTGRES_SOCKET";

/// A store of its own, which leaves nothing behind.
pub(crate) async fn new_store() -> Store {
    static N: AtomicUsize = AtomicUsize::new(0);
    let Some(socket) = socket() else {
        return Store::open(&Settings::in_memory()).await.unwrap();
    };
    let name = format!(
        "t{}-{}",
        std::process::id(),
        N.fetch_add(1, Ordering::Relaxed)
    );
    let key_file = std::env::temp_dir().join(format!("{name}.key"));
    Store::open(&on_postgres(&socket, &name, key_file))
        .await
        .unwrap()
}

/// A store that another one in the same folder finds again.
pub(crate) fn settings_in(folder: &Path, synchronous: Synchronous) -> Settings {
    let key_file = folder.join("cellgate.key");
    match socket() {
        None => Settings::sqlite(folder.join("cellgate.db"), key_file, synchronous),
        Some(socket) => {
            let name = folder.file_name().unwrap().to_str().unwrap();
            on_postgres(&socket, name, key_file)
        }
    }
}

/// A schema of the database `cellgate` at this socket.
pub(crate) fn on_postgres(socket: &Path, schema: &str, key_file: PathBuf) -> Settings {
    let postgres = PostgresSettings {
        servers: vec![PostgresServer::Unix(socket.to_owned(), 5432)],
        database: "cellgate".to_owned(),
        user: "cellgate".to_owned(),
        password: None,
        schema: Some(schema.to_owned()),
        encryption: None,
        connections: 8,
        migrates_at_start: true,
    };
    Settings {
        database: Database::Postgres(Box::new(postgres)),
        key: Some(KeySource::File(key_file)),
        stale_after: Duration::from_secs(600),
    }
}

/// Whether the tests run on a server.
pub(crate) fn is_shared() -> bool {
    socket().is_some()
}

fn socket() -> Option<PathBuf> {
    std::env::var_os(SOCKET).map(PathBuf::from)
}
