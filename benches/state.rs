//! What a refresh costs when much is stored: on SQLite at both levels of durability and on PostgreSQL,
//! with ten thousand grants and with a million. Beside it what a run of garbage collection costs
//! then, and the memory and the time that as many revocations as are remembered take.
//!
//! Refreshes follow one another. `per core` is by the processor time of this process, all threads
//! together; that of PostgreSQL's is not in it. PostgreSQL's server is one that the bench starts;
//! it does not wait for the disk (`fsync=off`).

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot be set up is to stop"
)]
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

#[path = "../tests/it/support/postgres.rs"]
#[expect(dead_code, reason = "other tests crash and pause it")]
mod postgres;
#[path = "test_bed.rs"]
#[expect(dead_code, reason = "another bench uses the rest")]
mod test_bed;
#[path = "token_requests.rs"]
#[expect(dead_code, reason = "another bench uses the rest")]
mod token_requests;

use std::time::{Duration, Instant};

use cellgate::store::{
    Database, KeySource, PostgresServer, PostgresSettings, Settings, Store, Synchronous,
};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use test_bed::{NOW, TestBed, keys};
use token_requests::refresh_request;

/// Refreshes that are measured each time; 1 % of them is above p99.
const N_MEASURED: usize = 2000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // As other benches do: whoever runs all tests only wants to know that it works.
    let has = |name: &str| args.iter().any(|arg| arg == name);
    let is_measuring = has("--bench") && !has("--test");
    let (few, many, n) = if is_measuring {
        (10_000, 1_000_000, N_MEASURED)
    } else {
        (20, 100, 10)
    };
    let is_wanted = |row: &str| {
        let mut names = args.iter().filter(|arg| !arg.starts_with('-')).peekable();
        names.peek().is_none() || names.any(|name| row.contains(name.as_str()))
    };
    println!("| state | grants | refreshes/s per core | p50 | p99 | longest garbage batch |");
    println!("|---|---|---|---|---|---|");
    let keys = keys();
    for (row, synchronous) in [
        ("SQLite FULL", Synchronous::Full),
        ("SQLite NORMAL", Synchronous::Normal),
    ] {
        if is_wanted(row) {
            let bed = TestBed::on_sqlite(&keys, synchronous);
            let file = bed.folder.path().join("state.db");
            compare(row, &bed, (few, many, n), |n| fill_sqlite(&file, n));
        }
    }
    if let (true, Some(programs)) = (is_wanted("PostgreSQL"), postgres::programs()) {
        let server = postgres::PostgresServer::start(&programs, None);
        let folder = TempDir::new().expect("a folder can be made");
        let settings = on_postgres(&server, &folder);
        let bed = TestBed::over(&keys, &settings, folder);
        compare("PostgreSQL", &bed, (few, many, n), |n| {
            fill_postgres(&server, n);
        });
    }
    if is_wanted("revocations") {
        let n = many * 9 / 10;
        revocations(&TestBed::on_sqlite(&keys, Synchronous::Normal), n);
    }
}

/// Measures with `few` and with `many` grants.
fn compare(row: &str, bed: &TestBed, (few, many, n): (usize, usize, usize), fill: impl Fn(usize)) {
    // One that the others are copied from.
    drop(bed.new_refresh_token());
    fill(few);
    let first = measure(row, bed, few, n);
    fill(many - few);
    let second = measure(row, bed, many, n);
    let ratio = |of: fn(&Figures) -> Duration| of(&second).as_secs_f64() / of(&first).as_secs_f64();
    println!(
        "| {row} | ratio | {:.2} | {:.2} | {:.2} | {:.2} |",
        ratio(|it| it.processor),
        ratio(|it| it.p50),
        ratio(|it| it.p99),
        ratio(|it| it.garbage),
    );
}

struct Figures {
    processor: Duration,
    p50: Duration,
    p99: Duration,
    garbage: Duration,
}

fn measure(row: &str, bed: &TestBed, n_grants: usize, n: usize) -> Figures {
    let tokens: Vec<_> = (0..n).map(|_| bed.new_refresh_token()).collect();
    let mut took = Vec::with_capacity(n);
    let before = processor_time();
    for token in tokens {
        let request = refresh_request(token.expose());
        let start = Instant::now();
        drop(bed.answer(request));
        took.push(start.elapsed());
    }
    let processor = (processor_time() - before) / u32::try_from(n).expect("a few");
    took.sort();
    let at = |hundredth: usize| *took.get(n * hundredth / 100).expect("it was measured");
    // All grants are two days old then, and none has ended.
    let (p50, p99) = (at(50), at(99));
    let later = NOW.after(Duration::from_secs(2 * 86_400));
    let mut garbage = Duration::ZERO;
    for _ in 0..20 {
        let start = Instant::now();
        let collected = bed.runtime.block_on(bed.store.collect_garbage(later, 500));
        collected.expect("it is collected");
        garbage = garbage.max(start.elapsed());
    }
    println!(
        "| {row} | {n_grants} | {:.0} | {p50:.1?} | {p99:.1?} | {garbage:.1?} |",
        1.0 / processor.as_secs_f64()
    );
    Figures {
        processor,
        p50,
        p99,
        garbage,
    }
}

fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(now).expect("it counts up")
}

/// What each database says for a random name and a random digest, and the columns that are copied.
const COPY: [&str; 3] = [
    "INSERT INTO grants (id, session_id, client_id, profile, scope, authenticated_at, nonce, granted_at,
         subject, claims)
     SELECT NAME, NAME, client_id, profile, scope, authenticated_at, nonce, granted_at, subject, claims
     FROM (SELECT * FROM grants LIMIT 1) AS one, NUMBERS",
    "INSERT INTO refresh_tokens (digest, grant_id, expires_at)
     SELECT BYTES, id, 1900000000 FROM grants
     WHERE NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.grant_id = grants.id)",
    "INSERT INTO session_clients (session_id, client_id, subject, first_at)
     SELECT session_id, client_id, subject, granted_at FROM grants WHERE true ON CONFLICT DO NOTHING",
];

fn fill_sqlite(file: &std::path::Path, n: usize) {
    let db = rusqlite::Connection::open(file).expect("it opens");
    db.busy_timeout(Duration::from_secs(60)).expect("a timeout");
    for sql in COPY {
        let numbers = format!(
            "(WITH RECURSIVE numbers (n) AS
                (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {n}) SELECT n FROM numbers) AS numbers"
        );
        let sql = sql
            .replace("NAME", "lower(hex(randomblob(11)))")
            .replace("BYTES", "randomblob(32)")
            .replace("NUMBERS", &numbers);
        db.execute_batch(&sql).expect("rows are copied");
    }
    db.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)")
        .expect("a checkpoint");
}

fn fill_postgres(server: &postgres::PostgresServer, n: usize) {
    for sql in COPY {
        let sql = sql
            .replace("NAME", "replace(gen_random_uuid()::text, '-', '')")
            .replace("BYTES", "sha256(gen_random_uuid()::text::bytea)")
            .replace("NUMBERS", &format!("generate_series(1, {n}) AS numbers"));
        server.sql("cellgate", &sql);
    }
    server.sql("cellgate", "ANALYZE");
}

fn on_postgres(server: &postgres::PostgresServer, folder: &TempDir) -> Settings {
    let postgres = PostgresSettings {
        servers: vec![PostgresServer::Unix(server.socket().to_owned(), 5432)],
        database: "cellgate".to_owned(),
        user: "cellgate".to_owned(),
        password: None,
        schema: None,
        encryption: None,
        connections: 8,
        migrates_at_start: true,
    };
    Settings {
        database: Database::Postgres(Box::new(postgres)),
        key: Some(KeySource::File(folder.path().join("store.key"))),
        stale_after: Duration::from_secs(600),
    }
}

/// What a process that starts reads: bytes for each entry, and how long requests wait while expired
/// ones are looked for.
fn revocations(bed: &TestBed, n: usize) {
    let file = bed.folder.path().join("state.db");
    let db = rusqlite::Connection::open(file).expect("it opens");
    let sql = format!(
        "INSERT INTO revocations (kind, id, expires_at)
         WITH RECURSIVE numbers (n) AS
            (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {n})
         SELECT 'grant', lower(hex(randomblob(11))), 1900000000 FROM numbers"
    );
    db.execute_batch(&sql).expect("rows are made");
    let settings = Settings::sqlite(
        bed.folder.path().join("state.db"),
        bed.folder.path().join("store.key"),
        Synchronous::Normal,
    );
    let before = resident_kib();
    let start = Instant::now();
    let store = bed.runtime.block_on(Store::open(&settings));
    let store = store.expect("it opens again");
    let read = store.revocations().len();
    let reading = start.elapsed();
    let start = Instant::now();
    store.revocations().purge(NOW);
    let purging = start.elapsed();
    println!(
        "{read} revocations: read in {reading:.1?}, {} bytes each at most, looked through in {purging:.1?}",
        (resident_kib() - before) * 1024 / read.max(1)
    );
}

/// Memory of this process.
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse().ok()).expect("a number")
}
