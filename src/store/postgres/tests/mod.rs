//! The driver against a real server.

#[path = "../../../../tests/it/support/postgres.rs"]
mod server;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use self::server::{PostgresServer, ServerTls};
use crate::model::GrantId;
use crate::server::database_encryption;
use crate::store::contract::{code, digest, later};
use crate::store::db::Statement;
use crate::store::testing::{SOCKET, on_postgres};
use crate::store::{Changed, Database, Redemption, Settings, Store, StoreError};

/// Longer than anything takes that is not stuck.
const DEADLINE: Duration = Duration::from_secs(60);

/// The programs; `None`, said aloud, where PostgreSQL is not installed and need not be.
fn programs() -> Option<std::path::PathBuf> {
    let found = server::programs();
    if found.is_none() {
        let required = std::env::var_os("CELLGATE_TEST_REQUIRE").is_some_and(|it| it == "all");
        assert!(!required, "PostgreSQL is not installed, and has to be");
        drop(writeln!(
            std::io::stderr(),
            "SKIPPED: PostgreSQL is not installed"
        ));
    }
    found
}

/// A server that tests running at the same time share.
fn shared() -> Option<Arc<PostgresServer>> {
    static SHARED: Mutex<Weak<PostgresServer>> = Mutex::new(Weak::new());
    let programs = programs()?;
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    Some(shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(PostgresServer::start(&programs, None));
        *shared = Arc::downgrade(&server);
        server
    }))
}

/// A database of a test's own, which several processes use.
struct Place {
    server: Arc<PostgresServer>,
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Option<Self> {
        Some(Self {
            server: shared()?,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    fn schema(&self) -> &str {
        self.folder.path().file_name().unwrap().to_str().unwrap()
    }

    fn settings(&self) -> Settings {
        settings_at(&self.server, self.folder.path())
    }

    async fn open(&self) -> Store {
        Store::open(&self.settings()).await.unwrap()
    }

    fn sql(&self, sql: &str) -> String {
        let sql = format!("SET search_path = \"{}\"; {sql}", self.schema());
        self.server.sql("cellgate", &sql)
    }
}

fn settings_at(server: &PostgresServer, folder: &Path) -> Settings {
    let schema = folder.file_name().unwrap().to_str().unwrap();
    on_postgres(server.socket(), schema, folder.join("cellgate.key"))
}

/// What every store must do, and the model of refresh tokens, once more over PostgreSQL.
#[tokio::test]
async fn every_contract_holds() {
    let Some(server) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = |extra: &[&str]| {
        let ran = Command::new(std::env::current_exe().unwrap())
            .args(["store::contract::", "provider::tests::refresh_model::"])
            .arg("store::upkeep::tests::moving::")
            // A test of what lies in a file of SQLite's.
            .args(["--skip", "nothing_of_it_lies_in_the_file_in_the_clear"])
            .args(extra)
            .env(SOCKET, server.socket())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert!(ran.status.success(), "{said}");
        said
    };

    let n_tests = run(&["--list"]).matches(": test\n").count();
    let said = run(&["--test-threads=4"]);

    assert!(n_tests > 80, "{n_tests}");
    assert!(
        said.contains(&format!("{n_tests} passed; 0 failed")),
        "{said}"
    );
    let schemas = server.sql("cellgate", "SELECT count(*) FROM pg_namespace");
    assert!(
        schemas.parse::<usize>().unwrap() > n_tests / 2,
        "they ran elsewhere: {schemas}"
    );
}

#[tokio::test]
async fn a_code_is_redeemed_once_in_the_whole_cluster() {
    let Some(place) = Place::new() else { return };
    let nodes = [place.open().await, place.open().await, place.open().await];
    nodes[0].save_code(&digest("c"), &code("g")).await.unwrap();

    let attempts: Vec<_> = (0..100)
        .map(|n| {
            let node = nodes[n % 3].clone();
            tokio::spawn(async move { node.redeem_code(&digest("c"), later(1)).await })
        })
        .collect();

    let (mut n_fresh, mut n_replayed) = (0, 0);
    for attempt in attempts {
        match attempt.await.unwrap().unwrap() {
            Redemption::Fresh(_) => n_fresh += 1,
            Redemption::Replayed(_) => n_replayed += 1,
            Redemption::Unknown => panic!("it is known"),
        }
    }
    assert_eq!((n_fresh, n_replayed), (1, 99));
}

/// Numbers are given out in another order than transactions end in: see the migration.
#[tokio::test]
async fn no_revocation_is_overlooked_by_who_looks_while_others_revoke() {
    let Some(place) = Place::new() else { return };
    let watcher = place.open().await;
    let nodes = [place.open().await, place.open().await];
    let writers: Vec<_> = (0..120)
        .map(|n| {
            let node = nodes[n % 2].clone();
            tokio::spawn(async move { node.revoke_token(&format!("t{n}"), later(9)).await })
        })
        .collect();

    for writer in writers {
        watcher.refresh_revocations().await.unwrap();
        writer.await.unwrap().unwrap();
    }
    watcher.refresh_revocations().await.unwrap();

    for n in 0..120 {
        assert!(watcher.revocations().covers_token(&format!("t{n}")), "t{n}");
    }
}

#[tokio::test]
async fn a_change_is_announced_to_every_process_and_after_a_lost_connection_too() {
    let Some(place) = Place::new() else { return };
    let (ours, theirs) = (place.open().await, place.open().await);
    let changes = ours.changes();
    let next = async || timeout(DEADLINE, changes.next()).await.unwrap();
    let all = Changed {
        keys: true,
        revocations: true,
    };
    assert_eq!(next().await, all, "whoever begins to listen looks first");

    theirs.revoke_token("t1", later(9)).await.unwrap();
    assert!(next().await.revocations);

    let n_ended = place.sql(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%{}%' \
         AND pid <> pg_backend_pid()",
        place.schema()
    ));
    assert!(n_ended.ends_with('1'), "{n_ended}");
    assert_eq!(next().await, all, "what was announced meanwhile is lost");
    theirs.revoke_token("t2", later(9)).await.unwrap();
    assert!(next().await.revocations);
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_once() {
    let Some(place) = Place::new() else { return };
    let settings = place.settings();
    let key_file = settings.key_file().unwrap();
    std::fs::write(key_file, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();

    let starts: Vec<_> = (0..6)
        .map(|_| {
            let settings = place.settings();
            tokio::spawn(async move { Store::open(&settings).await.map(drop) })
        })
        .collect();

    for start in starts {
        start.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_start_that_may_not_migrate_says_what_to_do() {
    let Some(place) = Place::new() else { return };
    let refused = Store::open(&place.settings().as_it_is()).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("cellgate migrate"), "{text}");

    let (found, now) = Store::migrate(&place.settings()).await.unwrap();
    assert!(found == 0 && now >= 14, "{found} {now}");
    Store::open(&place.settings().as_it_is()).await.unwrap();

    place.sql("INSERT INTO schema_versions VALUES (99)");
    let refused = Store::open(&place.settings()).await;
    assert!(matches!(refused, Err(StoreError::TooNew { found: 99, .. })));
}

/// A column that one migration has and the other has not would be found by whoever needs it.
#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let Some(place) = Place::new() else { return };
    let (ours, theirs) = (
        Store::open(&Settings::in_memory()).await.unwrap(),
        place.open().await,
    );
    let sqlite = Statement::new(
        "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'",
    );
    let postgres = Statement::new(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = current_schema()",
    );
    let columns = async |store: &Store, select| -> BTreeSet<String> {
        let rows = store.run(select).await.unwrap();
        let columns = rows.read_all(|mut row| row.text()).unwrap();
        columns.into_iter().collect()
    };

    assert_eq!(
        columns(&ours, sqlite).await,
        columns(&theirs, postgres).await
    );
}

/// A batch whose first statement does not get its row is undone, whatever the others come to.
#[tokio::test]
async fn what_a_batch_needs_is_asked_in_its_order() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    let insert = || {
        Statement::new("INSERT INTO client_assertions (digest, expires_at) VALUES ($1, $2)")
            .bind(&digest("d"))
            .bind(7_i64)
    };
    let missing = || Statement::new("UPDATE grants SET revoked_at = 1 WHERE id = 'none'").need(1);
    let count = async || {
        store
            .run(Statement::new("SELECT 1 FROM client_assertions"))
            .await
    };

    let undone = store.db.batch(vec![insert(), missing()]).await.unwrap();
    assert!(undone.is_none());
    let first = store
        .db
        .batch(vec![missing(), insert(), insert()])
        .await
        .unwrap();
    assert!(first.is_none(), "and not the conflict that comes later");
    let conflict = store.db.batch(vec![insert(), insert()]).await;
    assert!(
        matches!(conflict, Err(StoreError::Conflict)),
        "{:?}",
        conflict.err()
    );

    assert_eq!(count().await.unwrap().count(), 0);
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_at_once_and_back_without_a_restart() {
    let Some(programs) = programs() else { return };
    let mut server = PostgresServer::start(&programs, None);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings_at(&server, folder.path()))
        .await
        .unwrap();
    store.save_code(&digest("c"), &code("g")).await.unwrap();
    store.redeem_code(&digest("c"), later(1)).await.unwrap();

    server.crash();
    let start = Instant::now();
    for _ in 0..50 {
        let failed = store.ping().await;
        assert!(
            matches!(failed, Err(StoreError::Unreachable(_))),
            "{failed:?}"
        );
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );

    server.start_again();
    let back = async {
        while store.ping().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, back).await.unwrap();
    let again = store.redeem_code(&digest("c"), later(2)).await.unwrap();
    assert!(matches!(again, Redemption::Replayed(grant) if grant == GrantId::new("g")));
}

#[tokio::test]
async fn a_server_that_hangs_holds_nobody_for_long() {
    let Some(programs) = programs() else { return };
    let server = PostgresServer::start(&programs, None);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&settings_at(&server, folder.path()))
        .await
        .unwrap();
    store.save_code(&digest("c"), &code("g")).await.unwrap();

    server.signal_all("STOP");
    let start = Instant::now();
    let failed = store.redeem_code(&digest("c"), later(1)).await;
    assert!(
        matches!(failed, Err(StoreError::Unreachable(_))),
        "{failed:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    let next = Instant::now();
    assert!(store.ping().await.is_err());
    assert!(
        next.elapsed() < Duration::from_secs(4),
        "nobody queues: {:?}",
        next.elapsed()
    );

    server.signal_all("CONT");
    let outcome = async {
        loop {
            match store.redeem_code(&digest("c"), later(2)).await {
                Err(_) => tokio::task::yield_now().await,
                Ok(outcome) => return outcome,
            }
        }
    };
    // Whether the first one came through nobody was told; twice it never does.
    let first = timeout(DEADLINE, outcome).await.unwrap();
    assert!(!matches!(first, Redemption::Unknown), "{first:?}");
    let second = store.redeem_code(&digest("c"), later(3)).await.unwrap();
    assert!(matches!(second, Redemption::Replayed(_)));
}

#[tokio::test]
async fn a_server_is_asked_only_under_a_certificate_that_is_its_own() {
    let Some(programs) = programs() else { return };
    crate::server::install_crypto_provider();
    let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let (ours, elsewhere, another) = (made("127.0.0.1"), made("db.test"), made("127.0.0.1"));
    // Free again once this is dropped, at the end of the statement.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let open = async |presented: &rcgen::CertifiedKey<rcgen::KeyPair>, trusted: &str| {
        let server = PostgresServer::start(
            &programs,
            Some(&ServerTls {
                port,
                certificate: presented.cert.pem(),
                key: presented.signing_key.serialize_pem(),
            }),
        );
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings_at(&server, folder.path());
        if let Database::Postgres(postgres) = &mut settings.database {
            postgres.servers = vec![super::PostgresServer::Tcp("127.0.0.1".to_owned(), port)];
            postgres.database = "postgres".to_owned();
            postgres.encryption = Some(database_encryption(trusted.as_bytes()).unwrap());
        }
        let store = Store::open(&settings).await?;
        let rows = store
            .run(Statement::new(
                "SELECT CAST(count(*) AS BIGINT) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl",
            ))
            .await?;
        rows.first().unwrap().integer()
    };

    assert_eq!(open(&ours, &ours.cert.pem()).await.unwrap(), 1);
    for (what, presented, trusted) in [
        ("an authority that is not trusted", &ours, &another),
        ("a certificate for another name", &elsewhere, &elsewhere),
    ] {
        let refused = open(presented, &trusted.cert.pem()).await.unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("certificate"), "{what}: {text}");
    }
}

#[test]
fn what_is_no_authority_is_refused() {
    for (text, expected) in [
        ("", "no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "no authority",
        ),
    ] {
        let refused = database_encryption(text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}
