//! Where the commands are typed in tests: a configuration, and a state on disk.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::store::{self, Store, Synchronous};

/// A folder with a configuration and its state.
pub(super) struct Desk {
    pub(super) folder: TempDir,
    pub(super) config: PathBuf,
}

impl Desk {
    /// With the client `app`, and a state.
    pub(super) fn new() -> Self {
        let clients = "[{id: app, authentication: none, redirect_uris: [https://app.example/cb]}]";
        let desk = Self::without_state(&format!("clients: {clients}"));
        desk.with_store(async |_| ());
        desk
    }

    /// With `more` in the section of the provider, which was never started.
    pub(super) fn without_state(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("cellgate.yaml");
        let state = folder.path().display();
        let text = format!(
            "listeners: [{{name: edge, address: '127.0.0.1:0'}}]
state: {{path: '{state}/c.db', key_file: '{state}/c.key'}}
users: {{cells: {{url: 'https://cells.internal/'}}}}
provider:
  issuer: https://files.example/oidc/
  {more}
routes: [{{name: r, path: /, whoami: true}}]"
        );
        std::fs::write(&config, text).unwrap();
        Self { folder, config }
    }

    /// Writes a file; its path.
    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Works on the state itself.
    pub(super) fn with_store<T>(&self, work: impl AsyncFnOnce(Store) -> T) -> T {
        let settings = store::Settings::sqlite(
            self.folder.path().join("c.db"),
            self.folder.path().join("c.key"),
            Synchronous::Normal,
        );
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async { work(Store::open(&settings).await.unwrap()).await })
    }
}
