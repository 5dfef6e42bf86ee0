//! A database that fails, for the tests of those who use the store.

use super::Store;
use super::db::Statement;

impl Store {
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
