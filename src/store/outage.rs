//! A database that fails, for the tests of those who use the store.

use std::sync::atomic::Ordering;

use super::Store;
use super::db::Statement;

impl super::Process {
    pub(super) fn count_key_reading(&self) {
        self.n_key_readings.fetch_add(1, Ordering::Relaxed);
    }
}

impl Store {
    /// How often signing keys were read.
    pub(crate) fn n_key_readings(&self) -> usize {
        self.process.n_key_readings.load(Ordering::Relaxed)
    }

    /// Makes every later statement about failures of addresses fail.
    pub(crate) async fn lose_failure_counts(&self) {
        let lose = Statement::new("ALTER TABLE failure_counts RENAME TO failure_counts_gone");
        self.run(lose).await.unwrap();
    }

    /// Makes every later statement about signing keys fail.
    pub(crate) async fn lose_keys(&self) {
        let lose = Statement::new("ALTER TABLE signing_keys RENAME TO signing_keys_gone");
        self.run(lose).await.unwrap();
    }

    /// Makes every later statement about grants, codes, tokens, sessions and revocations fail.
    pub(crate) async fn break_down(&self) {
        self.run_all([
            Statement::new("ALTER TABLE codes RENAME TO codes_gone"),
            Statement::new("ALTER TABLE refresh_tokens RENAME TO refresh_tokens_gone"),
            Statement::new("ALTER TABLE grants RENAME TO grants_gone"),
            Statement::new("ALTER TABLE sessions RENAME TO sessions_gone"),
            Statement::new("ALTER TABLE revocations RENAME TO revocations_gone"),
        ])
        .await
        .unwrap();
    }
}
